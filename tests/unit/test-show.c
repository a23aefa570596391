/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/explain.h"
#include "ctl/field.h"
#include "ctl/json.h"
#include "ctl/rescue.h"
#include "ctl/show.h"
#include "ctl/terminal-text.h"
#include "shown-fixture.h"

#include <json-glib/json-glib.h>
#include <locale.h>
#include <string.h>

/* ---- text ---- */

static void test_wrapped(void)
{
    static const char *const texts[] = {
        "",
        "one",
        "one two  three",
        ("a sentence that is longer than a line of eighty columns, so that it must be broken once "
         "or even twice, where there are blanks"),
        "事務所事務所事務所事務所事務所事務所事務所事務所事務所事務所事務所事務所事務所事務所事務所",
        "x xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx y",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        for (unsigned indent = 0; indent <= 12; indent += 6) {
            g_autoptr(GString) out = g_string_new(NULL);
            g_autofree char *first = g_strnfill(indent, '.');

            ks_terminal_append_wrapped(out, first, indent, texts[i]);
            assert_fits(out->str);
            g_assert_true(g_str_has_prefix(out->str, first));
            g_assert_true(g_str_has_suffix(out->str, "\n"));
        }
    }
}

static void test_wrapped_exactly(void)
{
    g_autoptr(GString) out = g_string_new(NULL);

    ks_terminal_append_wrapped(out, "VPN   ", 6,
                               "12345678901234567890 12345678901234567890 "
                               "12345678901234567890 12345678901 x");
    g_assert_cmpstr(out->str, ==,
                    "VPN   12345678901234567890 12345678901234567890 12345678901234567890 "
                    "12345678901\n      x\n");
}

static const struct {
    uint64_t seconds;
    const char *text;
} durations[] = {
    { 0, "0 s" },           { 59, "59 s" },    { 60, "1 min" },
    { 90, "1 min 30 s" },   { 3600, "1 h" },   { 3601, "1 h" },
    { 5400, "1 h 30 min" }, { 86400, "24 h" }, { 100 * 3600, "100 h" },
};

static void test_durations(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(durations); i++) {
        g_autofree char *text = ks_terminal_duration(durations[i].seconds);

        g_assert_cmpstr(text, ==, durations[i].text);
    }
}

/* ---- a status ---- */

#define HOSTILE "\033[2J\xe2\x80\xae\nUnlocked: all is well"

#define SERVER(name)                                                                        \
    "{'uuid': <'u1'>, 'name': <'" name "'>, 'type': <'openvpn'>, 'host': <'vpn.example'>, " \
    "'address': <''>, 'protocol': <'udp'>, 'port': <uint16 1194>, 'source': <'profile'>}"

static GVariant *locked(const char *state, const char *reason, const char *vpn)
{
    return parse("{'state': <'%s'>, 'reason': <'%s'>, 'reason_vpn': <%s>, 'locked': <true>, "
                 "'verified': <true>, 'auto_lock': <true>, 'lan': <false>, "
                 "'lan_networks': <@as []>, 'networks': <@aa{sv} []>, 'tunnels': <@aa{sv} []>, "
                 "'paused_until': <uint64 0>, 'warnings': <@as []>, 'servers': <[" SERVER(
                     "Work") "]>, 'blocked': <{'packets': <uint64 1>, 'bytes': <uint64 60>}>}",
                 state, reason, vpn);
}

/* What a guard of another version might say: nothing of it is fatal. */
static const char *const strange[] = {
    "@a{sv} {}",
    "{'state': <'sleeping'>}",
    "{'state': <'blocked'>}",
    "{'state': <'paused'>, 'paused_until': <uint64 18446744073709551615>}",
    "{'state': <'protected'>, 'tunnels': <[@a{sv} {}]>, 'servers': <[@a{sv} {}]>}",
    ("{'state': <uint32 5>, 'tunnels': <'none'>, 'servers': <@as []>, 'warnings': <'x'>, "
     "'blocked': <5>, 'layers': <false>, 'lan': <'yes'>, 'paused_until': <-5>, 'networks': <3>}"),
    "{'state': <'unlocked'>, 'lan': <true>, 'lan_networks': <['a', 'b']>}",
};

static void test_strange(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(strange); i++) {
        g_autoptr(GVariant) status = parse("%s", strange[i]);
        g_autofree char *all = ks_show_status(status, KS_SHOW_ALL, false);
        g_autofree char *vpns = ks_show_vpns(status);
        g_autofree char *json = ks_json_status(status);
        g_autofree char *line = ks_json_line(status);
        g_autofree char *json_vpns = ks_json_vpns(status);
        g_auto(GStrv) facts = ks_show_facts(status);

        assert_fits(all);
        assert_fits(vpns);
        g_assert_nonnull(facts[0]);
        g_assert_true(g_str_has_prefix(json, "{"));
        g_assert_cmpstr(strchr(line, '\n'), ==, "\n");
        g_assert_nonnull(strstr(json_vpns, "\"vpns\""));
    }
}

static const struct {
    const char *state;
    const char *begin;
} states[] = {
    { "unlocked", "Unlocked: " },  { "protected", "Protected: " }, { "blocked", "Blocked: " },
    { "paused", "Paused until " }, { "broken", "Broken: " },
};

/* Colours add nothing and take nothing away. */
static void test_states(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(states); i++) {
        g_autoptr(GVariant) status = locked(states[i].state, "", "''");
        g_autofree char *plain = ks_show_status(status, KS_SHOW_ALL, false);
        g_autofree char *coloured = ks_show_status(status, KS_SHOW_ALL, true);
        g_autoptr(GRegex) escapes = g_regex_new("\033\\[[0-9;]*m", 0, 0, NULL);
        g_autofree char *bleached = g_regex_replace_literal(escapes, coloured, -1, 0, "", 0, NULL);

        g_assert_true(g_str_has_prefix(plain, states[i].begin));
        g_assert_null(strchr(plain, '\033'));
        g_assert_cmpstr(bleached, ==, plain);
        g_assert_cmpstr(coloured, !=, plain);
        assert_fits(plain);
    }
}

static const struct {
    const char *reason;
    const char *command;
} reasons[] = {
    { "no-vpn", "nmcli connection up Work" },
    { "connecting", "nm-killswitch status --watch" },
    { "tunnel-gone", "nmcli connection down Work" },
    { "tunnel-dead", "nmcli connection up Work" },
    { "server-silent", "nmcli device" },
    { "no-interface", "nmcli connection up NAME" },
    { "overlay-only", "nmcli connection up Work" },
    { "login-failed", "nmcli --ask connection up Work" },
    { "no-secrets", "nmcli --ask connection up Work" },
    { "server-unreachable", "nmcli device" },
    { "name-unresolved", "nmcli device" },
    { "service-failed", "journalctl -b -e -u NetworkManager" },
    { "server-refused", "nm-killswitch vpn list" },
    { "certificate", "journalctl -b -e -u NetworkManager" },
    { "certificate-date", "date" },
    { "login-needed", "nmcli --ask connection up Work" },
    { "program-missing", "journalctl -b -e -u NetworkManager" },
    { "manager-away", "systemctl start NetworkManager" },
    { "no-servers", "nm-killswitch unlock" },
    { KS_REASON_GUARD_AWAY, "systemctl restart nm-killswitch.service" },
    { "something-new", "nmcli connection up Work" },
};

/* Each says why, what to do first, and how to get out. */
static void test_reasons(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(reasons); i++) {
        g_autoptr(GVariant) status = locked("blocked", reasons[i].reason, "'Work'");
        g_autoptr(KsExplanation) explanation = ks_explain(status);
        const KsAdvice *first = g_ptr_array_index(explanation->steps, 0);
        bool way_out = false;

        g_assert_cmpstr(first->command, ==, reasons[i].command);
        for (unsigned j = 0; j < explanation->steps->len; j++) {
            const KsAdvice *step = g_ptr_array_index(explanation->steps, j);

            way_out |= strcmp(step->command, "nm-killswitch unlock") == 0;
        }
        g_assert_true(way_out);
        if (strcmp(reasons[i].reason, "something-new") != 0)
            g_assert_nonnull(explanation->why);
    }
}

/* In whole minutes, once it is one. */
static void test_silent_for(void)
{
    static const struct {
        int64_t seconds;
        const char *said;
    } rows[] = { { 40, NULL }, { 70, "for 1 minute." }, { 190, "for 3 minutes." } };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GVariant) blocked = locked("blocked", "server-silent", "'Work'");
        guint64 since = (guint64) (g_get_real_time() / G_USEC_PER_SEC - rows[i].seconds);
        g_autoptr(GVariant) status = NULL;
        g_autoptr(KsExplanation) explanation = NULL;
        g_auto(GVariantDict) dictionary = { 0 };

        g_variant_dict_init(&dictionary, blocked);
        g_variant_dict_insert(&dictionary, "silent_since", "t", since);
        status = g_variant_ref_sink(g_variant_dict_end(&dictionary));
        explanation = ks_explain(status);
        if (rows[i].said)
            g_assert_true(g_str_has_suffix(explanation->why, rows[i].said));
        else
            g_assert_null(strstr(explanation->why, "minute"));
    }
}

/* NetworkManager cannot bring up what was set up by hand; another VPN it can. */
static void test_set_up_by_hand(void)
{
    g_autoptr(GVariant) status =
        parse("{'state': <'blocked'>, 'reason': <'tunnel-dead'>, 'reason_vpn': <'Mine'>, "
              "'vpns': <[{'uuid': <'u'>, 'name': <'Mine'>, 'manual': <true>}]>}");
    g_autoptr(KsExplanation) explanation = ks_explain(status);
    const KsAdvice *first = g_ptr_array_index(explanation->steps, 0);

    g_assert_cmpstr(first->command, ==, "nmcli connection up NAME");
}

/* It is not the one that could not connect. */
static void test_another_vpn(void)
{
    static const char *const reasons_for_another[] = { "certificate", "program-missing" };

    for (unsigned i = 0; i < G_N_ELEMENTS(reasons_for_another); i++) {
        g_autoptr(GVariant) status = locked("blocked", reasons_for_another[i], "'Work'");
        g_autoptr(KsExplanation) explanation = ks_explain(status);
        const KsAdvice *second = g_ptr_array_index(explanation->steps, 1);

        g_assert_cmpstr(second->command, ==, "nmcli connection up NAME");
    }
}

/* What NetworkManager calls a timeout is not the network's fault alone. */
static void test_connected_machine(void)
{
    g_autoptr(GVariant) status =
        parse("{'state': <'blocked'>, 'reason': <'server-unreachable'>, 'reason_vpn': <'Work'>, "
              "'networks': <[{'uuid': <'n'>, 'name': <'Home'>}]>}");
    g_autoptr(KsExplanation) explanation = ks_explain(status);
    const KsAdvice *first = g_ptr_array_index(explanation->steps, 0);

    g_assert_cmpstr(first->command, ==, "journalctl -b -e -u NetworkManager");
}

static const struct {
    const char *name; /* as GVariant text */
    const char *argument;
} arguments[] = {
    { "'Work'", "Work" },
    { "'my vpn'", "'my vpn'" },
    { "'$(reboot)'", "'$(reboot)'" },
    { "\"it's\"", "'it'\\''s'" },
    { "'-x'", "id '-x'" },
    { "'uuid'", "id 'uuid'" },
    { "'a\\nb'", "NAME" },
    { "'0123456789012345678901234567890123456789012'", "NAME" },
};

static void test_commands_can_be_copied(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(arguments); i++) {
        g_autoptr(GVariant) status = locked("blocked", "login-failed", arguments[i].name);
        g_autoptr(KsExplanation) explanation = ks_explain(status);
        const KsAdvice *first = g_ptr_array_index(explanation->steps, 0);
        g_autofree char *command =
            g_strconcat("nmcli --ask connection up ", arguments[i].argument, NULL);

        g_assert_cmpstr(first->command, ==, command);
    }
}

static void assert_harmless(const char *text)
{
    g_assert_null(strchr(text, '\033'));
    g_assert_null(strstr(text, "\xe2\x80\xae"));
    g_assert_null(strstr(text, "\nUnlocked"));
    assert_fits(text);
}

static void test_hostile_names(void)
{
    g_autofree char *quoted = g_variant_print(g_variant_new_string(HOSTILE), FALSE);
    g_autoptr(GVariant) status =
        parse("{'state': <'blocked'>, 'locked': <true>, 'reason': <'login-failed'>, "
              "'reason_vpn': <%s>, 'lan': <true>, 'lan_networks': <['n']>, 'networks': "
              "<[{'uuid': <'n'>, 'name': <%s>, 'interface': <%s>}]>, 'tunnels': "
              "<[{'interface': <%s>, 'uuid': <'u'>, 'name': <%s>, 'type': <%s>}]>, 'servers': "
              "<[{'uuid': <'u'>, 'name': <%s>, 'type': <%s>, 'host': <%s>, 'address': <%s>, "
              "'protocol': <%s>, 'port': <uint16 1>, 'source': <%s>}]>, 'warnings': <[%s]>}",
              quoted, quoted, quoted, quoted, quoted, quoted, quoted, quoted, quoted, quoted,
              quoted, quoted, quoted);
    g_autofree char *all = ks_show_status(status, KS_SHOW_ALL, false);
    g_autofree char *vpns = ks_show_vpns(status);
    g_auto(GStrv) facts = ks_show_facts(status);
    g_autofree char *together = g_strjoinv(" ", facts);

    assert_harmless(all);
    assert_harmless(vpns);
    g_assert_null(strchr(together, '\033'));
    g_assert_null(strchr(together, '\n'));
}

/* As another version's guard might tell it. */
static void test_no_type(void)
{
    g_autoptr(GVariant) status =
        parse("{'state': <'protected'>, 'locked': <true>, "
              "'tunnels': <[{'interface': <'tun0'>, 'uuid': <'u'>, 'name': <'Home'>}]>, "
              "'servers': <[{'uuid': <'u'>, 'name': <'Home'>, 'address': <'198.51.100.1'>}]>}");
    g_autofree char *all = ks_show_status(status, KS_SHOW_ALL, false);
    g_autofree char *vpns = ks_show_vpns(status);

    g_assert_nonnull(strstr(all, "“Home” (VPN) on tun0"));
    g_assert_nonnull(strstr(vpns, "Home (VPN), connected on tun0"));
}

/* One fact changes, and one is news. */
static void test_facts(void)
{
    g_autoptr(GVariant) before = parse("{'state': <'protected'>, 'lan': <false>}");
    g_autoptr(GVariant) after = parse("{'state': <'protected'>, 'lan': <true>}");
    g_auto(GStrv) old = ks_show_facts(before);
    g_auto(GStrv) new = ks_show_facts(after);
    unsigned news = 0;

    for (unsigned i = 0; new[i]; i++)
        news += !g_strv_contains((const char *const *) old, new[i]);
    g_assert_cmpuint(news, ==, 1);
}

static void test_lan_networks(void)
{
    static const struct {
        const char *limited_to;
        const char *says;
    } cases[] = {
        { "@as []", "on: the local network" },
        { "['h']", "on, only on “Home”" },
        { "['h', 'o']", "on, only on “Home” and 1 network that is not" },
        { "['o', 'p']", "on, but not here: only on 2 networks that are not" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GVariant) status =
            parse("{'state': <'blocked'>, 'lan': <true>, 'lan_networks': <%s>, 'networks': "
                  "<[{'uuid': <'h'>, 'name': <'Home'>, 'interface': <'wlan0'>}]>}",
                  cases[i].limited_to);
        g_autofree char *shown = ks_show_status(status, KS_SHOW_LAN, false);
        g_autoptr(KsExplanation) explanation = ks_explain(status);

        g_assert_nonnull(strstr(shown, cases[i].says));
        g_assert_cmpint(explanation->also != NULL, ==, i < 3);
    }
}

static void test_sharing(void)
{
    static const struct {
        const char *cards;
        const char *says;
    } cases[] = {
        { "@aa{sv} []", "Sharing     off: " },
        { "[{'interface': <'eth1'>, 'state': <'served'>}]", "Sharing     eth1: those behind it" },
        { "[{'interface': <'e1'>, 'state': <'away'>}, {'interface': <'\033'>, 'state': <'x\033'>}]",
          "not up\n            \357\277\275: x\357\277\275" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GVariant) status =
            parse("{'state': <'blocked'>, 'sharing': <%s>}", cases[i].cards);
        g_autofree char *shown = ks_show_status(status, KS_SHOW_SHARING, false);
        g_autofree char *all = ks_show_status(status, KS_SHOW_ALL, false);

        g_assert_nonnull(strstr(shown, cases[i].says));
        g_assert_cmpint(strstr(all, "Sharing") != NULL, ==, i > 0);
    }
}

/* ---- JSON ---- */

static JsonObject *read_json(const char *text, JsonNode **ret_node)
{
    *ret_node = json_from_string(text, NULL);
    g_assert_nonnull(*ret_node);
    return json_node_get_object(*ret_node);
}

/* Whatever stands in a name, the document is one that every reader takes. */
static void test_json_escapes(void)
{
    for (int control = 1; control < ' '; control++) {
        char name[] = { 'a', (char) control, 'b', '\0' };
        g_autofree char *json = ks_json_away(name);
        g_autoptr(JsonNode) node = NULL;
        JsonObject *object = read_json(json, &node);

        for (const char *at = json; at[1] != '\0'; at++)
            g_assert_cmpint((unsigned char) *at, >=, ' ');
        g_assert_cmpstr(json_object_get_string_member(object, "reason"), ==, name);
    }
}

static void test_json(void)
{
    g_autoptr(GVariant) status = locked("paused", "", "''");
    g_autoptr(GVariant) paused = NULL;
    g_autoptr(JsonNode) node = NULL;
    g_autofree char *json = ks_json_status(status);
    g_autofree char *json_paused = NULL;
    JsonObject *object = read_json(json, &node);
    JsonArray *servers = json_object_get_array_member(object, "servers");

    g_assert_true(json_object_get_null_member(object, "paused_until"));
    g_assert_true(
        json_object_get_null_member(json_array_get_object_element(servers, 0), "address"));
    g_assert_cmpint(json_object_get_int_member(json_array_get_object_element(servers, 0), "port"),
                    ==, 1194);

    paused = parse("{'paused_until': <uint64 1700000000>}");
    json_paused = ks_json_status(paused);
    g_assert_nonnull(strstr(json_paused, "\"2023-11-14T22:13:20Z\""));
}

static void test_json_vpns(void)
{
    g_autoptr(GVariant) status = parse("{'servers': <[" SERVER("Work") ", " SERVER(
        "Work") "]>, 'tunnels': <[{'interface': "
                "<'tun0'>, 'uuid': <'u1'>, 'name': <'Work'>, 'type': <'openvpn'>}, {'interface': <'wg0'>, "
                "'uuid': <'u2'>, 'name': <'Other'>, 'type': <'wireguard'>}]>}");
    g_autoptr(JsonNode) node = NULL;
    g_autofree char *json = ks_json_vpns(status);
    JsonArray *vpns = json_object_get_array_member(read_json(json, &node), "vpns");
    JsonObject *first = json_array_get_object_element(vpns, 0);
    JsonObject *second = json_array_get_object_element(vpns, 1);

    g_assert_cmpuint(json_array_get_length(vpns), ==, 2);
    g_assert_cmpstr(json_object_get_string_member(first, "interface"), ==, "tun0");
    g_assert_cmpuint(json_array_get_length(json_object_get_array_member(first, "servers")), ==, 2);
    g_assert_cmpstr(json_object_get_string_member(second, "name"), ==, "Other");
    g_assert_cmpuint(json_array_get_length(json_object_get_array_member(second, "servers")), ==, 0);
}

/* One of whose server nothing is known is listed, and what to do is said; an overlay needs none. */
static void test_vpn_without_server(void)
{
    g_autoptr(GVariant) status = parse("{'state': <'blocked'>, 'servers': <[" SERVER(
        "Work") "]>, 'vpns': <["
                "{'uuid': <'u2'>, 'name': <'New'>, 'type': <'newcomer'>, 'overlay': <false>}, "
                "{'uuid': <'u3'>, 'name': <'Net'>, 'interface': <'net0'>, 'overlay': <true>}"
                "]>}");
    g_autofree char *text = ks_show_vpns(status);
    g_autofree char *json = ks_json_vpns(status);
    g_autoptr(JsonNode) node = NULL;
    JsonArray *vpns = json_object_get_array_member(read_json(json, &node), "vpns");

    assert_fits(text);
    g_assert_nonnull(
        strstr(text, "New (newcomer), not connected\n"
                     "  no server is known, so it cannot connect while locked. To name one:\n"
                     "      nm-killswitch vpn set NAME --server HOST:PORT/udp\n"
                     "Net (overlay network)"));
    g_assert_true(g_str_has_suffix(text, "beside the VPN\n"));
    g_assert_cmpuint(json_array_get_length(vpns), ==, 3);
}

/* What a type sends may be known from its source alone: then that is said, and of no other; nor of
 * a VPN that is up, which has been tried. */
static void test_only_read(void)
{
    g_autoptr(GVariant) status =
        parse("{'state': <'blocked'>, 'servers': <@aa{sv} []>, 'vpns': <["
              "{'uuid': <'u2'>, 'name': <'Work'>, 'type': <'libreswan'>, 'overlay': <false>}, "
              "{'uuid': <'u3'>, 'name': <'Home'>, 'type': <'vpnc'>, 'overlay': <false>}, "
              "{'uuid': <'u4'>, 'name': <'Lab'>, 'type': <'libreswan'>, 'overlay': <false>}]>, "
              "'tunnels': <[{'uuid': <'u4'>, 'interface': <'ipsec0'>}]>}");
    g_autofree char *text = ks_show_vpns(status);

    g_assert_nonnull(strstr(text,
                            "Work (libreswan), not connected\n"
                            "  this type of VPN has not been tried with nm-killswitch yet\n"));
    g_assert_nonnull(strstr(text, "Home (vpnc), not connected\n  no server"));
    g_assert_nonnull(strstr(text, "Lab (libreswan), connected on ipsec0\n  no server"));
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "C.UTF-8");
    g_setenv("LANGUAGE", "C", TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/show/text/wrapped", test_wrapped);
    g_test_add_func("/show/text/wrapped-exactly", test_wrapped_exactly);
    g_test_add_func("/show/text/durations", test_durations);
    g_test_add_func("/show/strange", test_strange);
    g_test_add_func("/show/vpn-without-server", test_vpn_without_server);
    g_test_add_func("/show/only-read", test_only_read);
    g_test_add_func("/show/states", test_states);
    g_test_add_func("/show/reasons", test_reasons);
    g_test_add_func("/show/commands-can-be-copied", test_commands_can_be_copied);
    g_test_add_func("/show/hostile-names", test_hostile_names);
    g_test_add_func("/show/no-type", test_no_type);
    g_test_add_func("/show/facts", test_facts);
    g_test_add_func("/show/set-up-by-hand", test_set_up_by_hand);
    g_test_add_func("/show/silent-for", test_silent_for);
    g_test_add_func("/show/another-vpn", test_another_vpn);
    g_test_add_func("/show/connected-machine", test_connected_machine);
    g_test_add_func("/show/lan-networks", test_lan_networks);
    g_test_add_func("/show/sharing", test_sharing);
    g_test_add_func("/show/json", test_json);
    g_test_add_func("/show/json/escapes", test_json_escapes);
    g_test_add_func("/show/json-vpns", test_json_vpns);
    return g_test_run();
}
