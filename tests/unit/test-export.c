/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"
#include "ctl/export/export-script.h"
#include "model/server.h"

#include <netinet/in.h>
#include <string.h>

/* Which VPN is exported, and the scripts. Those in tests/unit/export/ are what is expected, to the
 * letter; the lint suite has shellcheck read them, and tests/world/test_export.py loads them. After
 * a change that is wanted: KS_WRITE_EXPECTED=1 meson test -C build export */

#define SERVER(uuid, host, address, protocol, port)                      \
    "{'uuid': <'" uuid "'>, 'host': <'" host "'>, 'address': <'" address \
    "'>, 'protocol': <'" protocol "'>, 'port': <uint16 " port ">}"
#define SERVERS(list) "'servers': <@aa{sv} [" list "]>"
#define VPN(uuid, name, type, interface)                         \
    "{'uuid': <'" uuid "'>, 'name': <" name ">, 'type': <'" type \
    "'>, 'interface': <'" interface "'>}"
#define VPNS(list)                     "'vpns': <@aa{sv} [" list "]>"
#define TUNNEL(uuid, interface)        "{'uuid': <'" uuid "'>, 'interface': <'" interface "'>}"
#define TUNNELS(list)                  "'tunnels': <@aa{sv} [" list "]>"
#define STATUS(vpns, tunnels, servers) "{" vpns ", " tunnels ", " servers "}"

#define ONE_SERVER          SERVERS(SERVER("u1", "203.0.113.1", "203.0.113.1", "udp", "1194"))
#define OPENVPN(uuid, name) VPN(uuid, "'" name "'", "openvpn", "")
#define TWO                 VPNS(OPENVPN("u1", "Home") ", " OPENVPN("u2", "Work"))

/* With line ends, what a shell and a reader would stumble over, and a place for a value. */
#define HOSTILE "'a\\nreboot\\r@BACKEND@$(reboot)`reboot`\\'\\\\'"

static KsExport *choose(const char *text, const char *vpn, const char *interface,
                        char **ret_problem)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) status = g_variant_parse(G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);

    g_assert_no_error(error);
    return ks_export_new(status, vpn, interface, ret_problem);
}

/* ---- which VPN ---- */

static const struct {
    const char *status;
    const char *vpn;
    const char *interface;
    const char *chosen; /* its interface; NULL: it is refused */
    const char *said;   /* in the refusal */
} choices[] = {
    /* the only one */
    { STATUS(VPNS(VPN("u1", "'Home'", "", "wg0")), TUNNELS(""), ONE_SERVER), NULL, NULL, "wg0" },
    { STATUS(VPNS(OPENVPN("u1", "Home")), TUNNELS(TUNNEL("u1", "tun3")), ONE_SERVER), NULL, NULL,
      "tun3" },
    { STATUS(VPNS(OPENVPN("u1", "Home")), TUNNELS(""), ONE_SERVER), NULL, "tun7", "tun7" },
    { STATUS(VPNS(OPENVPN("u1", "Home")), TUNNELS(""), ONE_SERVER), NULL, NULL, NULL,
      "interface is not known" },
    /* one of two */
    { STATUS(TWO, TUNNELS(TUNNEL("u1", "tun0")), ONE_SERVER), NULL, NULL, "tun0" },
    { STATUS(TWO, TUNNELS(TUNNEL("u1", "tun0")), ONE_SERVER), "Home", NULL, "tun0" },
    { STATUS(TWO, TUNNELS(TUNNEL("u1", "tun0")), ONE_SERVER), "u1", NULL, "tun0" },
    { STATUS(TWO, TUNNELS(""), ONE_SERVER), NULL, NULL, NULL, "“Home”, “Work”" },
    { STATUS(TWO, TUNNELS(TUNNEL("u1", "tun0") ", " TUNNEL("u2", "tun1")), ONE_SERVER), NULL, NULL,
      NULL, "“Home”, “Work”" },
    { STATUS(TWO, TUNNELS(""), ONE_SERVER), "Away", NULL, NULL, "“Home”, “Work”" },
    { STATUS(TWO, TUNNELS(TUNNEL("u2", "tun1")), ONE_SERVER), NULL, NULL, NULL,
      "servers are not known" },
    { STATUS(VPNS(OPENVPN("u1", "Home") ", " OPENVPN("u2", "Home")), TUNNELS(""), ONE_SERVER),
      "Home", "tun0", NULL, "Several" },
    { STATUS(VPNS(OPENVPN("u1", "Home") ", " OPENVPN("u2", "Home")), TUNNELS(""), ONE_SERVER), "u1",
      "tun0", "tun0" },
    /* none */
    { STATUS(VPNS(""), TUNNELS(""), SERVERS("")), NULL, NULL, NULL, "No VPN is known" },
    { "{}", NULL, NULL, NULL, "No VPN is known" },
    /* no way to tell its packets */
    { STATUS(VPNS(VPN("u1", "'Home'", "strongswan", "")), TUNNELS(TUNNEL("u1", "")), ONE_SERVER),
      NULL, NULL, NULL, "IPsec" },
    /* interfaces that would mean more than one, or something else */
    { STATUS(TWO, TUNNELS(""), ONE_SERVER), "Home", "wg+", NULL, "cannot stand" },
    { STATUS(TWO, TUNNELS(""), ONE_SERVER), "Home", "wg*", NULL, "cannot stand" },
    { STATUS(TWO, TUNNELS(""), ONE_SERVER), "Home", "a\"b", NULL, "cannot stand" },
    { STATUS(TWO, TUNNELS(""), ONE_SERVER), "Home", "a\nb", NULL, "cannot stand" },
    { STATUS(TWO, TUNNELS(""), ONE_SERVER), "Home", "a/b", NULL, "cannot stand" },
    { STATUS(TWO, TUNNELS(""), ONE_SERVER), "Home", "-o", NULL, "cannot stand" },
    { STATUS(TWO, TUNNELS(""), ONE_SERVER), "Home", "..", NULL, "cannot stand" },
    { STATUS(TWO, TUNNELS(""), ONE_SERVER), "Home", "lo", NULL, "cannot stand" },
    { STATUS(TWO, TUNNELS(""), ONE_SERVER), "Home", "a123456789012345", NULL, "cannot stand" },
    { STATUS(TWO, TUNNELS(TUNNEL("u1", "$(x)")), ONE_SERVER), "Home", NULL, NULL, "cannot stand" },
    { STATUS(VPNS(VPN("u1", "'Home'", "", "wg+")), TUNNELS(""), ONE_SERVER), NULL, NULL, NULL,
      "cannot stand" },
    /* servers of no use */
    { STATUS(TWO, TUNNELS(""), SERVERS(SERVER("u1", "vpn.example", "", "udp", "1194"))), "Home",
      "tun0", NULL, "vpn.example" },
    { STATUS(TWO, TUNNELS(""), SERVERS(SERVER("u1", "a b", "203.0.113.1", "udp", "1194"))), "Home",
      "tun0", NULL, "servers are not known" },
    { STATUS(TWO, TUNNELS(""), SERVERS(SERVER("u1", "vpn.example", "127.0.0.1", "udp", "1"))),
      "Home", "tun0", NULL, "servers are not known" },
    { STATUS(TWO, TUNNELS(""), SERVERS(SERVER("u1", "203.0.113.1", "203.0.113.1", "udp", "0"))),
      "Home", "tun0", NULL, "servers are not known" },
    { STATUS(TWO, TUNNELS(""), SERVERS(SERVER("u1", "203.0.113.1", "203.0.113.1", "x", "1"))),
      "Home", "tun0", NULL, "servers are not known" },
};

static void test_choice(gconstpointer data)
{
    unsigned i = GPOINTER_TO_UINT(data);
    g_autofree char *problem = NULL;
    g_autoptr(KsExport) export =
        choose(choices[i].status, choices[i].vpn, choices[i].interface, &problem);

    if (choices[i].chosen) {
        g_assert_null(problem);
        g_assert_nonnull(export);
        g_assert_cmpstr(export->interface, ==, choices[i].chosen);
    } else {
        g_assert_null(export);
        g_assert_nonnull(problem);
        g_assert_nonnull(strstr(problem, choices[i].said));
    }
}

static void test_lan(void)
{
    static const struct {
        const char *text;
        bool lan;
        bool here_only;
    } cases[] = {
        { "'lan': <false>", false, false },
        { "'lan': <true>", true, false },
        { "'lan': <true>, 'lan_networks': <['u9']>", false, true },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text =
            g_strdup_printf("{%s, " VPNS(OPENVPN("u1", "Home")) ", " ONE_SERVER "}", cases[i].text);
        g_autofree char *problem = NULL;
        g_autoptr(KsExport) export = choose(text, NULL, "tun0", &problem);

        g_assert_nonnull(export);
        g_assert_cmpint(export->lan, ==, cases[i].lan);
        g_assert_cmpint(export->lan_here_only, ==, cases[i].here_only);
    }
}

static void test_servers(void)
{
    g_autofree char *problem = NULL;
    g_autoptr(KsExport) export = choose(
        STATUS(
            VPNS(VPN("u1", "'Home'", "", "wg0")), TUNNELS(""),
            SERVERS(SERVER("u1", "vpn.example", "203.0.113.1", "udp", "1") ", " SERVER(
                "u1", "VPN.example", "203.0.113.1", "udp",
                "1") ", " SERVER("u1", "vpn.example", "203.0.113.1", "tcp",
                                 "1") ", " SERVER("u1", "new.example", "", "tcp",
                                                  "1") ", " SERVER("u1", "new.example", "", "udp",
                                                                   "1") ", " SERVER("u2",
                                                                                    "203.0.113.9",
                                                                                    "203.0.113.9",
                                                                                    "udp",
                                                                                    "1") ", " SERVER("u1",
                                                                                                     "203.0.113.2",
                                                                                                     "203.0.113.2",
                                                                                                     "esp",
                                                                                                     "0"))),
        NULL, NULL, &problem);

    g_assert_nonnull(export);
    g_assert_cmpuint(export->servers->len, ==, 3); /* not twice, and not those of another */
    g_assert_cmpint(((KsServer *) export->servers->pdata[0])->sender, ==, KS_SENDER_UNKNOWN);
    g_assert_cmpint(((KsServer *) export->servers->pdata[1])->sender, ==, KS_SENDER_DAEMON);
    g_assert_cmpint(((KsServer *) export->servers->pdata[2])->protocol, ==, IPPROTO_ESP);
    g_assert_cmpuint(export->nameless->len, ==, 1);
}

/* ---- the scripts ---- */

static const struct {
    const char *name;
    const char *status;
    const char *interface;
} scripts[] = {
    { "openvpn",
      STATUS(VPNS(VPN("u1", HOSTILE, "openvpn", "")), TUNNELS(""),
             SERVERS(SERVER("u1", "198.51.100.1", "198.51.100.1", "udp", "1194") ", " SERVER(
                 "u1", "198.51.100.1", "198.51.100.1", "tcp", "443"))),
      "tun0" },
    { "wireguard",
      "{'lan': <true>, " VPNS(VPN("u1", "'Büro'", "wireguard", "wg0")) ", " SERVERS(
          SERVER("u1", "vpn.example", "203.0.113.50", "udp", "51820") ", " SERVER(
              "u1", "vpn.example", "2001:db8:100::1", "udp",
              "51820") ", " SERVER("u1", "other.example", "", "udp", "51820")) "}",
      NULL },
    { "gre",
      STATUS(VPNS(VPN("u1", "'GRE'", "", "gre1")), TUNNELS(""),
             SERVERS(SERVER("u1", "2001:db8:100::1", "2001:db8:100::1", "gre",
                            "0") ", " SERVER("u1", "203.0.113.50", "203.0.113.50", "esp", "0"))),
      NULL },
};

static char *expected_path(unsigned script, const char *format)
{
    g_autofree char *name = g_strdup_printf("%s-%s.sh", scripts[script].name, format);

    return g_test_build_filename(G_TEST_DIST, "export", name, NULL);
}

/* The version moves on, the rest does not. */
static char *without_version(const char *script)
{
    g_auto(GStrv) parts = g_strsplit(script, "version " KS_VERSION ".", -1);

    g_assert_cmpuint(g_strv_length(parts), ==, 2);
    return g_strjoinv("version 0.", parts);
}

static char *make(unsigned script, const char *format)
{
    g_autofree char *problem = NULL;
    g_autoptr(KsExport) export =
        choose(scripts[script].status, NULL, scripts[script].interface, &problem);
    g_autofree char *text = NULL;
    KsExportFormat number;

    g_assert_cmpstr(problem, ==, NULL);
    g_assert_true(ks_export_format_parse(format, &number));
    text = ks_export_script(export, number, "2026-11-28");
    return without_version(text);
}

static void test_scripts(gconstpointer format)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(scripts); i++) {
        g_autofree char *path = expected_path(i, format);
        g_autofree char *script = make(i, format);
        g_autofree char *expected = NULL;
        g_autoptr(GError) error = NULL;

        if (g_getenv("KS_WRITE_EXPECTED"))
            g_file_set_contents(path, script, -1, &error);
        else
            g_file_get_contents(path, &expected, NULL, &error);
        g_assert_no_error(error);
        if (expected)
            g_assert_cmpstr(script, ==, expected);
    }
}

/* Every line of it is the template's, whatever a VPN is called. */
static void test_a_hostile_name_stays_in_its_line(gconstpointer format)
{
    g_autofree char *script = make(0, format);
    g_auto(GStrv) lines = g_strsplit(script, "\n", -1);
    unsigned found = 0;

    for (unsigned i = 0; lines[i]; i++) {
        if (!strstr(lines[i], "reboot"))
            continue;
        g_assert_true(g_str_has_prefix(lines[i], "#   VPN: "));
        g_assert_nonnull(strstr(lines[i], "@BACKEND@"));
        found++;
    }
    g_assert_cmpuint(found, ==, 1);
}

static void test_no_place_is_left(gconstpointer format)
{
    g_autofree char *script = make(1, format);

    g_assert_false(g_regex_match_simple("@[A-Z]", script, 0, 0));
}

static void test_formats(void)
{
    KsExportFormat format = KS_EXPORT_NFT;

    g_assert_true(ks_export_format_parse("iptables", &format));
    g_assert_cmpint(format, ==, KS_EXPORT_IPTABLES);
    g_assert_false(ks_export_format_parse("ufw", &format));
    g_assert_false(ks_export_format_parse("", &format));
}

int main(int argc, char **argv)
{
    static const char *const names[] = { "nft", "iptables" };

    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(choices); i++) {
        g_autofree char *path = g_strdup_printf("/export/choice/%u", i);

        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_choice);
    }
    g_test_add_func("/export/lan", test_lan);
    g_test_add_func("/export/servers", test_servers);
    g_test_add_func("/export/formats", test_formats);
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *scripts_path = g_strdup_printf("/export/%s/expected", names[i]);
        g_autofree char *hostile_path = g_strdup_printf("/export/%s/hostile-name", names[i]);
        g_autofree char *places_path = g_strdup_printf("/export/%s/places", names[i]);

        g_test_add_data_func(scripts_path, names[i], test_scripts);
        g_test_add_data_func(hostile_path, names[i], test_a_hostile_name_stays_in_its_line);
        g_test_add_data_func(places_path, names[i], test_no_place_is_left);
    }
    return g_test_run();
}
