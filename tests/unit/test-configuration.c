/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/configuration.h"
#include "policy/exceptions.h"

#include <string.h>

#define PATH "/etc/x.conf"

#define UUID_1 "3fd089f3-0a2d-5c12-9f7a-e3ade60d8ee6"
#define UUID_2 "4fd089f3-0a2d-5c12-9f7a-e3ade60d8ee6"

/* What a configuration comes to, on one line: ALL allowed, or the letters of what is ruled out. */
static char *summary(const KsConfiguration *configuration)
{
    static const struct {
        KsConfigurationKey key;
        char letter;
    } bans[] = {
        { KS_CONFIGURATION_ALLOW_UNLOCK, 'u' },
        { KS_CONFIGURATION_ALLOW_PAUSE, 'p' },
        { KS_CONFIGURATION_ALLOW_LAN_ACCESS, 'l' },
        { KS_CONFIGURATION_ALLOW_AUTO_LOCK_OFF, 'a' },
    };
    GString *text = g_string_new(NULL);
    g_autofree char *no_exceptions =
        ks_configuration_refusal(configuration, KS_CONFIGURATION_ALLOW_EXCEPTIONS);
    const KsExceptions *laid_down = ks_configuration_exceptions(configuration);
    KsMode mode = KS_MODE_OFF;
    bool is_laid_down = ks_configuration_mode(configuration, &mode);

    g_string_printf(text, "%s%s%s %u ",
                    ks_configuration_auto_lock(configuration) ? "auto" : "manual",
                    is_laid_down ? " " : "", is_laid_down ? ks_mode_name(mode) : "",
                    ks_configuration_pause_max(configuration));
    for (unsigned i = 0; i < G_N_ELEMENTS(bans); i++) {
        g_autofree char *refusal = ks_configuration_refusal(configuration, bans[i].key);

        g_string_append_c(text, refusal ? bans[i].letter : '-');
    }
    if (ks_configuration_any_disconnect_unlocks(configuration))
        g_string_append(text, " any");
    if (no_exceptions)
        g_string_append(text, " no exceptions");
    for (unsigned i = 0; i < ks_exceptions_count(laid_down); i++)
        g_string_append_printf(text, " %s:%s", ks_exceptions_get(laid_down, i)->name,
                               ks_exceptions_get(laid_down, i)->source);
    return g_string_free(text, FALSE);
}

#define DEFAULT    "auto 3600 ----"
#define ALL_STRICT "auto 0 upla"

static const struct {
    const char *text;
    const char *summary;
    const char *warnings[4]; /* after PATH:, without the final full stop */
} rows[] = {
    { "", DEFAULT, { NULL } },
    { "\n\n# nothing\n  # here\n\t\n", DEFAULT, { NULL } },
    { "[lock]\n[pause]\n[allow]", DEFAULT, { NULL } },

    /* every key */
    { "[lock]\nauto-lock=false\n", "manual 3600 ----", { NULL } },
    { "[pause]\nmax=5m\n", "auto 300 ----", { NULL } },
    { "[lock]\nmode=always\n", "auto always 3600 ---a", { NULL } },
    { "[lock]\nmode=drops\nmode=off\n", "auto off 3600 ---a", { NULL } },
    { "[lock]\nmode=drops\nmode=\n", DEFAULT, { NULL } },
    { "[lock]\nmode=off\n[allow]\nauto-lock-off=no\n", "auto vpn 3600 ---a", { NULL } },
    { "[lock]\nany-disconnect-unlocks=true\n", DEFAULT " any", { NULL } },
    { "[lock]\nany-disconnect-unlocks=yes\n[allow]\nunlock=no\n", "auto 3600 u---", { NULL } },
    { "[allow]\nunlock=false\n", "auto 3600 u---", { NULL } },
    { "[allow]\npause=false\n", "auto 0 -p--", { NULL } },
    { "[allow]\nlan-access=false\n", "auto 3600 --l-", { NULL } },
    { "[allow]\nauto-lock-off=false\n", "auto 3600 ---a", { NULL } },
    { "[allow]\nexceptions=false\n", DEFAULT " no exceptions", { NULL } },
    { "[exceptions]\nSSH=from 192.0.2.0/24 tcp 22\nNAS=to 192.168.7.1\n",
      DEFAULT " SSH:/etc/x.conf:2 NAS:/etc/x.conf:3",
      { NULL } },
    { "[exceptions]\nSSH=from 192.0.2.0/24 tcp 22\nNAS=to 192.168.7.1\nSSH=\n"
      "NAS=  to\t192.168.7.2 udp 7-9",
      DEFAULT " NAS:/etc/x.conf:5",
      { NULL } },
    { "[exceptions]\nweb=from 0.0.0.0/0 tcp 443 yes-it-leaks\nSSH=from ::/0 tcp 22\n"
      "NAS=192.168.7.1\nn\xc3\xa4s=to 192.168.7.1 sctp 1\n",
      DEFAULT " web:/etc/x.conf:2",
      { "3: \"SSH\" in [exceptions] is not in force: it opens more than people think: see "
        "nm-killswitch allow add, and write yes-it-leaks behind it",
        "4: \"NAS\" in [exceptions] is not in force: it must be: to|from ADDRESS[/LENGTH] "
        "[tcp|udp|icmp [PORT[-PORT]]]",
        "5: \"n\\303\\244s\" in [exceptions] is not in force: The protocol is tcp, udp or icmp" } },
    { "[exceptions]\na=to 192.168.7.1\nb=to 192.168.7.0/24 tcp\nc=to 192.168.8.1 tcp 1 2 3\n",
      DEFAULT " a:/etc/x.conf:2",
      { "3: \"b\" in [exceptions] is not in force: another one opens some of this already",
        "4: \"c\" in [exceptions] is not in force: it must be: to|from ADDRESS[/LENGTH] "
        "[tcp|udp|icmp [PORT[-PORT]]]" } },
    { "[exceptions]\nUnlock=no\n",
      "auto 3600 u---",
      { "2: \"Unlock\" is not known here; \"unlock\" in [allow] seems to be meant; unlocking is not "
        "allowed" } },
    { "[allow]\nunlock=true\npause=true\nlan-access=true\nauto-lock-off=true", DEFAULT, { NULL } },

    /* every way to write it */
    { "[allow]\nunlock=no\npause=OFF\nlan-access=0\nauto-lock-off=False", ALL_STRICT, { NULL } },
    { "[allow]\nunlock=yes\npause=On\nlan-access=1\nauto-lock-off=TRUE", DEFAULT, { NULL } },
    { " [allow] \r\n\tunlock \t=  false \r\n", "auto 3600 u---", { NULL } },
    { "[pause]\nmax\t\r\f =\r5m", "auto 300 ----", { NULL } },
    { "[pause]\nmax=24h", "auto 86400 ----", { NULL } },
    { "[pause]\nmax=86400", "auto 86400 ----", { NULL } },
    { "[pause]\nmax=0", "auto 0 -p--", { NULL } },

    /* the last one wins, in a group that may be opened twice */
    { "[allow]\nunlock=false\n[lock]\n[allow]\nunlock=true\n", DEFAULT, { NULL } },
    { "[allow]\nunlock=true\nunlock=false\n", "auto 3600 u---", { NULL } },

    /* values that cannot be understood: the stricter meaning */
    { "[pause]\n\nmax=soon\n",
      DEFAULT,
      { "3: \"max\" in [pause] must be a duration such as 5m, at most 24h, or 0; 1h is used" } },
    { "[pause]\nmax=86401",
      DEFAULT,
      { "2: \"max\" in [pause] must be a duration such as 5m, at most 24h, or 0; 1h is used" } },
    { "[pause]\nmax=5m\nmax=5 m",
      "auto 300 ----",
      { "3: \"max\" in [pause] must be a duration such as 5m, at most 24h, or 0; 5m is used" } },
    { "[pause]\nmax=24h\nmax=25h",
      DEFAULT,
      { "3: \"max\" in [pause] must be a duration such as 5m, at most 24h, or 0; 1h is used" } },
    { "[pause]\nmax=0\nmax=-1",
      "auto 0 -p--",
      { "3: \"max\" in [pause] must be a duration such as 5m, at most 24h, or 0; 0s is used" } },
    { "[lock]\nauto-lock=false\nauto-lock=never",
      DEFAULT,
      { "3: \"auto-lock\" in [lock] must be true or false; true is used" } },
    { "[allow]\nunlock=flase\npause=\nlan-access=false # not at home\nauto-lock-off=2",
      ALL_STRICT,
      { "2: \"unlock\" in [allow] must be true or false; unlocking is not allowed",
        "3: \"pause\" in [allow] must be true or false; pausing is not allowed",
        "4: \"lan-access\" in [allow] must be true or false; LAN access is not allowed",
        "5: \"auto-lock-off\" in [allow] must be true or false; turning auto-lock off is not "
        "allowed" } },
    { "[allow]\nunlock==true",
      "auto 3600 u---",
      { "2: \"unlock\" in [allow] must be true or false; unlocking is not allowed" } },

    { "[lock]\nany-disconnect-unlocks=true\nany-disconnect-unlocks=maybe",
      DEFAULT,
      { "3: \"any-disconnect-unlocks\" in [lock] must be true or false; false is used" } },
    { "[lock]\nmode=drops\nmode=Always",
      "auto drops 3600 ---a",
      { "3: \"mode\" in [lock] must be always, vpn, drops or off; the mode stays as it "
        "is, and nobody can choose another" } },
    { "[allow]\nmode=off",
      "auto 3600 ---a",
      { "2: \"mode\" is not known here; \"mode\" in [lock] seems to be meant; the mode stays as it "
        "is, and nobody can choose another" } },
    { "[lock]\nmode=allways\nmode=",
      DEFAULT,
      { "2: \"mode\" in [lock] must be always, vpn, drops or off; the mode stays as it is, and "
        "nobody can choose another" } },

    /* what is not known here */
    { "[allow]\nvpn=false\n",
      DEFAULT,
      { "2: \"vpn\" is not known in [allow]; the line is not used" } },
    { "[applet]\nicon=red\nsize=\n[lock]\nauto-lock=no",
      "manual 3600 ----",
      { "1: there is no group [applet]; the lines below it are not used" } },
    { "icon=red", DEFAULT, { "1: \"icon\" stands in no [group]; the line is not used" } },

    /* a wrong group or spelling of what forbids still forbids */
    { "[alow]\nunlock=true\n",
      "auto 3600 u---",
      { "1: there is no group [alow]; the lines below it are not used",
        "2: \"unlock\" is not known here; \"unlock\" in [allow] seems to be meant; unlocking is "
        "not allowed" } },
    { "pause=no",
      "auto 0 -p--",
      { "1: \"pause\" is not known here; \"pause\" in [allow] seems to be meant; pausing is not "
        "allowed" } },
    { "[allow]\nLAN-Access=no",
      "auto 3600 --l-",
      { "2: \"LAN-Access\" is not known here; \"lan-access\" in [allow] seems to be meant; LAN "
        "access is not allowed" } },
    { "[lock]\nmax=24h",
      DEFAULT,
      { "2: \"max\" is not known here; \"max\" in [pause] seems to be meant; 1h is used" } },
    { "[allow\nunlock=no",
      "auto 3600 u---",
      { "1: \"[allow\" lacks its closing ]; the lines below it are not used",
        "2: \"unlock\" is not known here; \"unlock\" in [allow] seems to be meant; unlocking is "
        "not allowed" } },
    { "[allow] # managed\nvpn=no",
      DEFAULT,
      { "1: \"[allow] # managed\" lacks its closing ]; the lines below it are not used",
        "2: \"vpn\" stands in no [group]; the line is not used" } },

    /* neither group nor key */
    { "[allow]\nunlock false",
      "auto 3600 u---",
      { "2: neither a [group] nor a line of the form key=value; unlocking is not allowed" } },
    { "[allow]\nunlock: false",
      "auto 3600 u---",
      { "2: neither a [group] nor a line of the form key=value; unlocking is not allowed" } },
    { "[allow]\n\npause",
      "auto 0 -p--",
      { "3: neither a [group] nor a line of the form key=value; pausing is not allowed" } },
    { "; what?\n=\n[",
      DEFAULT,
      { "1: neither a [group] nor a line of the form key=value; the line is not used",
        "2: neither a [group] nor a line of the form key=value; the line is not used",
        "3: \"[\" lacks its closing ]; the lines below it are not used" } },
    { "[]", DEFAULT, { "1: there is no group []; the lines below it are not used" } },

    /* hostile text is shown harmless */
    { "[allow]\n\x1b[31m\xc3\xa4\"=1",
      DEFAULT,
      { "2: \"\\033[31m\\303\\244\\\"\" is not known in [allow]; the line is not used" } },
};

static void check_warnings(const KsConfiguration *configuration, const char *const *expected)
{
    const GPtrArray *warnings = ks_configuration_warnings(configuration);
    unsigned count = 0;

    for (; count < G_N_ELEMENTS(rows[0].warnings) && expected[count]; count++) {
        g_autofree char *whole = g_strdup_printf(PATH ":%s.", expected[count]);

        g_assert_cmpuint(count, <, warnings->len);
        g_assert_cmpstr(g_ptr_array_index(warnings, count), ==, whole);
    }
    g_assert_cmpuint(warnings->len, ==, count);
}

static void test_rows(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(KsConfiguration) configuration = ks_configuration_new();
        g_autofree char *shown = g_strescape(rows[i].text, NULL);
        g_autofree char *result = NULL;

        g_test_message("row %zu: \"%s\"", i, shown);
        ks_configuration_read(configuration, PATH, rows[i].text, strlen(rows[i].text));
        result = summary(configuration);
        g_assert_cmpstr(result, ==, rows[i].summary);
        check_warnings(configuration, rows[i].warnings);
    }
}

static void read_text(KsConfiguration *configuration, const char *path, const char *text)
{
    ks_configuration_read(configuration, path, text, strlen(text));
}

/* What is read later wins, key by key, and the refusal says where it is from. */
static void test_layers(void)
{
    g_autoptr(KsConfiguration) configuration = ks_configuration_new();
    g_autofree char *unlock = NULL;
    g_autofree char *pause = NULL;
    g_autofree char *lan = NULL;

    g_assert_null(ks_configuration_source(configuration, KS_CONFIGURATION_PAUSE_MAX));
    read_text(configuration, "/a", "[allow]\nunlock=false\nlan-access=false\n[pause]\nmax=0");
    read_text(configuration, "/b", "[allow]\nlan-access=true\n");
    read_text(configuration, "/c", "[lock]\n[allow]\nunlock=no");

    unlock = ks_configuration_refusal(configuration, KS_CONFIGURATION_ALLOW_UNLOCK);
    pause = ks_configuration_refusal(configuration, KS_CONFIGURATION_ALLOW_PAUSE);
    lan = ks_configuration_refusal(configuration, KS_CONFIGURATION_ALLOW_LAN_ACCESS);
    g_assert_cmpstr(unlock, ==,
                    "The administrator of this machine has ruled out unlocking (/c:3).");
    g_assert_cmpstr(pause, ==, "The administrator of this machine has ruled out pausing (/a:5).");
    g_assert_null(lan);
    g_assert_cmpstr(ks_configuration_source(configuration, KS_CONFIGURATION_PAUSE_MAX), ==, "/a:5");
    g_assert_cmpuint(ks_configuration_warnings(configuration)->len, ==, 0);
}

static void test_distrust(void)
{
    static const char nul[] = "[lock]\nauto-lock=no\n\0";
    static const struct {
        const char *text;
        size_t length;
    } texts[] = {
        { nul, sizeof(nul) },
        { "[allow]\nunlock=yes\n\xff", 20 },
        { "\xef\xbb", 2 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(KsConfiguration) configuration = ks_configuration_new();
        g_autofree char *before = NULL;
        g_autofree char *after = NULL;
        g_autofree char *refusal = NULL;

        read_text(configuration, "/a",
                  "[lock]\nauto-lock=no\nany-disconnect-unlocks=yes\n[pause]\nmax=24h");
        ks_configuration_read(configuration, "/b\x01", texts[i].text, texts[i].length);
        before = summary(configuration);
        g_assert_cmpstr(before, ==, ALL_STRICT " no exceptions");
        refusal = ks_configuration_refusal(configuration, KS_CONFIGURATION_ALLOW_UNLOCK);
        g_assert_cmpstr(refusal, ==,
                        "The administrator of this machine has ruled out unlocking (/b\\001).");
        g_assert_cmpstr(
            g_ptr_array_index(ks_configuration_warnings(configuration), 0), ==,
            "/b\\001 is not UTF-8 text. It is not used, and what it might rule out is "
            "ruled out until that is mended: choosing the mode, unlocking, pausing, LAN access, turning "
            "auto-lock off, connecting a VPN by itself, sharing by cable, exceptions from the lock.");

        /* the administrator's own word about a key, read later, still counts */
        read_text(configuration, "/c", "[allow]\npause=yes");
        after = summary(configuration);
        g_assert_cmpstr(after, ==, "auto 3600 u-la no exceptions");
    }
}

/* Whatever it is, what cannot be understood changes it not, and what is ruled out does. */
static void test_decide_mode(void)
{
    static const struct {
        const char *text;
        KsMode before;
        KsMode after;
        bool locks;
        const char *source; /* "": people choose */
    } decisions[] = {
        { "", KS_MODE_OFF, KS_MODE_OFF, false, "" },
        { "[lock]\nmode=always", KS_MODE_DROPS, KS_MODE_ALWAYS, true, "/a:2" },
        { "[lock]\nmode=always", KS_MODE_ALWAYS, KS_MODE_ALWAYS, false, "/a:2" },
        { "[lock]\nmode=drops", KS_MODE_ALWAYS, KS_MODE_DROPS, false, "/a:2" },
        { "[lock]\nmode=alway", KS_MODE_OFF, KS_MODE_OFF, false, "/a:2" },
        { "[lock]\nmode=alway", KS_MODE_ALWAYS, KS_MODE_ALWAYS, false, "/a:2" },
        { "[lock]\nmode=drops\nmode=alway", KS_MODE_OFF, KS_MODE_DROPS, false, "/a:2" },
        { "[lock]\nmode=alway\nmode=vpn", KS_MODE_OFF, KS_MODE_VPN, false, "/a:3" },
        { "[allow]\nauto-lock-off=no", KS_MODE_OFF, KS_MODE_VPN, false, "" },
        { "[lock]\nmode=x\n[allow]\nauto-lock-off=no", KS_MODE_OFF, KS_MODE_VPN, false, "/a:2" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(decisions); i++) {
        g_autoptr(KsConfiguration) configuration = ks_configuration_new();
        KsSettings settings = { .mode = decisions[i].before };
        g_autofree char *refusal = NULL;
        const char *source;

        g_test_message("row %zu", i);
        read_text(configuration, "/a", decisions[i].text);
        ks_configuration_decide_mode(configuration, &settings);
        g_assert_cmpint(settings.mode, ==, decisions[i].after);
        g_assert_cmpint(settings.locked, ==, decisions[i].locks);
        source = ks_configuration_mode_source(configuration);
        g_assert_cmpstr(source ? source : "", ==, decisions[i].source);
        refusal = ks_configuration_refusal(configuration, KS_CONFIGURATION_MODE);
        g_assert_cmpint(refusal != NULL, ==, source != NULL);
    }
}

static void test_bounds(void)
{
    g_autoptr(KsConfiguration) configuration = ks_configuration_new();
    g_autoptr(GString) text = g_string_new("[allow]\nunlock=false\n");
    g_autofree char *name = g_strnfill(100000, 'x');
    g_autofree char *result = NULL;
    const GPtrArray *warnings = ks_configuration_warnings(configuration);

    for (unsigned i = 0; i < 1000; i++)
        g_string_append_printf(text, "%s=1\n", name);
    g_string_append(text, "pause=false");
    read_text(configuration, PATH, text->str);
    result = summary(configuration);
    g_assert_cmpstr(result, ==, "auto 0 up--");
    g_assert_cmpuint(warnings->len, ==, KS_CONFIGURATION_WARNINGS_MAX);
    for (unsigned i = 0; i < warnings->len; i++)
        g_assert_cmpuint(strlen(g_ptr_array_index(warnings, i)), <, 256);
    g_assert_cmpstr(g_ptr_array_index(warnings, warnings->len - 1), ==,
                    "The configuration has more faults than are listed here.");
}

/* ---- the file that we ship, and its page ---- */

static char *read_data(const char *name)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "..", "data", name, NULL);
    g_autoptr(GError) error = NULL;
    char *text = NULL;

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}

static const char *const names[] = { "auto-lock",     "any-disconnect-unlocks",
                                     "max",           "unlock",
                                     "pause",         "lan-access",
                                     "auto-lock-off", "exceptions" };

/* It changes nothing, and with its comments taken away it says the defaults, every one of them. */
static void test_shipped_file(void)
{
    g_autofree char *shipped = read_data("nm-killswitch.conf");
    g_auto(GStrv) lines = g_strsplit(shipped, "\n", -1);
    g_autoptr(KsConfiguration) commented = ks_configuration_new();
    g_autoptr(KsConfiguration) bare = ks_configuration_new();
    g_autoptr(GString) bared = g_string_new(NULL);
    g_autofree char *result = NULL;

    read_text(commented, PATH, shipped);
    for (unsigned key = 0; key < KS_CONFIGURATION_KEYS; key++)
        g_assert_null(ks_configuration_source(commented, key));
    g_assert_cmpuint(ks_configuration_warnings(commented)->len, ==, 0);

    for (char **line = lines; *line; line++)
        if (!g_str_has_prefix(*line, "# "))
            g_string_append_printf(bared, "%s\n", **line == '#' ? *line + 1 : *line);
    read_text(bare, PATH, bared->str);
    for (unsigned key = 0; key < KS_CONFIGURATION_KEYS; key++)
        g_assert_nonnull(ks_configuration_source(bare, key));
    g_assert_cmpuint(ks_configuration_warnings(bare)->len, ==, 0);
    result = summary(bare);
    g_assert_cmpstr(result, ==, DEFAULT);
}

static void test_uuids_once(void)
{
    g_autoptr(KsConfiguration) configuration = ks_configuration_new();
    const char *const *uuids;

    read_text(configuration, PATH,
              "[vpn]\nalways-on=" UUID_1 " " UUID_2 " " UUID_1 "," UUID_2 "\n");
    uuids = ks_configuration_always_on(configuration);
    g_assert_cmpuint(ks_configuration_warnings(configuration)->len, ==, 0);
    g_assert_cmpuint(g_strv_length((char **) uuids), ==, 2);
    g_assert_cmpstr(uuids[0], ==, UUID_1);
    g_assert_cmpstr(uuids[1], ==, UUID_2);
}

static void test_page(void)
{
    g_autofree char *text = read_data("man/nm-killswitch.conf.5");

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *entry = g_strdup_printf("\n.It Cm %s Ns =", names[i]);

        g_test_message("%s", names[i]);
        g_assert_nonnull(strstr(text, entry));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/configuration/rows", test_rows);
    g_test_add_func("/configuration/layers", test_layers);
    g_test_add_func("/configuration/distrust", test_distrust);
    g_test_add_func("/configuration/decide-mode", test_decide_mode);
    g_test_add_func("/configuration/bounds", test_bounds);
    g_test_add_func("/configuration/shipped-file", test_shipped_file);
    g_test_add_func("/configuration/uuids-once", test_uuids_once);
    g_test_add_func("/configuration/page", test_page);
    return g_test_run();
}
