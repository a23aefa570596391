/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet-fixture.h"
#include "applet/window-text.h"

#include <locale.h>
#include <string.h>

/* The menu as text, one item a line, so that a whole description is one comparison. */

#define ROUNDS 20000

static const char *const state_words[] = { "unlocked", "protected", "blocked", "paused", "broken" };
static const char *const reason_words[] = {
    "",
    "no-vpn",
    "connecting",
    "login-failed",
    "no-secrets",
    "server-unreachable",
    "name-unresolved",
    "service-failed",
    "server-refused",
    "certificate",
    "certificate-date",
    "login-needed",
    "program-missing",
    "tunnel-gone",
    "tunnel-dead",
    "server-silent",
    "no-interface",
    "overlay-only",
    "manager-away",
    "no-servers",
    "kernel",
};

static void write_items(GString *out, const GPtrArray *items, const char *indent)
{
    for (unsigned i = 0; i < items->len; i++) {
        const KsItem *item = g_ptr_array_index(items, i);
        g_autofree char *target = item->target ? g_variant_print(item->target, FALSE) : NULL;

        if (item->kind == KS_ITEM_SEPARATOR) {
            g_string_append_printf(out, "%s---\n", indent);
            continue;
        }
        g_string_append(out, indent);
        if (item->kind == KS_ITEM_CHECK)
            g_string_append(out, item->checked ? "[x] " : "[ ] ");
        g_string_append_printf(out, "%s%s%s", item->indented ? "> " : "", item->label,
                               item->sensitive ? "" : " (off)");
        if (item->action)
            g_string_append_printf(out, " -> %s%s%s", item->action, target ? " " : "",
                                   target ? target : "");
        g_string_append_c(out, '\n');
        if (item->children)
            write_items(out, item->children, "  ");
    }
}

static char *text_of(const KsModel *model)
{
    g_autoptr(KsView) view = ks_view_new(model);
    GString *out = g_string_new(NULL);

    g_string_append_printf(out, "%s%s\n", view->icon, view->alarm ? " !" : "");
    write_items(out, view->items, "");
    return g_string_free(out, FALSE);
}

static void check_text(const KsModel *model, const char *expected)
{
    g_autofree char *text = text_of(model);

    g_assert_cmpstr(text, ==, expected);
}

#define ICON(name) "io.github.nmkillswitch-" name "-symbolic"
#define PAUSES                         \
    "Pause\n"                          \
    "  For 5 minutes -> pause 300\n"   \
    "  For 10 minutes -> pause 600\n"  \
    "  For 15 minutes -> pause 900\n"  \
    "  For 30 minutes -> pause 1800\n" \
    "  For 60 minutes -> pause 3600\n"
#define PAUSES_OFF                           \
    "Pause (off)\n"                          \
    "  For 5 minutes (off) -> pause 300\n"   \
    "  For 10 minutes (off) -> pause 600\n"  \
    "  For 15 minutes (off) -> pause 900\n"  \
    "  For 30 minutes (off) -> pause 1800\n" \
    "  For 60 minutes (off) -> pause 3600\n"
#define LAST                                                          \
    "---\nTest for leaks… -> test\nWhat is refused… -> refused\n" \
    "Preferences… -> preferences\nFirst steps… -> first-steps\nHelp -> help\nQuit -> quit\n"
#define TUNNEL                                                                  \
    "'Tunnels': <[{'interface': <'tun0'>, 'uuid': <'u1'>, 'name': <'office'>, " \
    "'type': <'openvpn'>}]>"
#define SERVER                                                                    \
    "'Servers': <[{'uuid': <'u1'>, 'name': <'office'>, 'host': <'vpn.example'>, " \
    "'address': <'203.0.113.5'>, 'protocol': <'udp'>, 'port': <uint16 1194>}]>"

static void test_unlocked(void)
{
    Fixture fixture;

    model_init(&fixture, guard_from("{'State': <'unlocked'>, 'AutoLock': <true>, "
                                    "'PauseMax': <uint32 3600>}"));
    check_text(&fixture.model,
               ICON("unlocked") "\n"
                                "Unlocked: traffic leaves freely -> show\n"
                                "The lock closes when a VPN connects that carries everything. "
                                "(off)\n"
                                "Connect “office” -> connect 'u1'\n"
                                "---\n"
                                "[ ] Lock -> lock\n"
                                "[ ] Allow LAN access -> lan true\n" PAUSES_OFF "---\n"
                                "[ ] office -> connect 'u1'\n" LAST);
    model_clear(&fixture);
}

static void test_protected(void)
{
    Fixture fixture;

    model_init(&fixture, guard_from("{'State': <'protected'>, 'Locked': <true>, " TUNNEL ", " SERVER
                                    ", 'PauseMax': <uint32 3600>}"));
    first_vpn(&fixture)->activity = KS_VPN_UP;
    check_text(&fixture.model,
               ICON("protected") "\n"
                                 "Protected: everything goes through “office” -> show\n"
                                 "If the VPN drops, everything stays blocked until it is back. "
                                 "(off)\n"
                                 "Server: vpn.example (203.0.113.5), UDP port 1194 (off)\n"
                                 "---\n"
                                 "[x] Lock -> unlock\n"
                                 "[ ] Allow LAN access -> lan true\n" PAUSES "---\n"
                                 "[x] office -> disconnect 'u1'\n"
                                 "> Disconnect -> disconnect 'u1'\n" LAST);
    model_clear(&fixture);
}

static void test_blocked(void)
{
    Fixture fixture;

    model_init(&fixture, guard_from("{'State': <'blocked'>, 'Locked': <true>, 'Reason': "
                                    "<'server-unreachable'>, 'ReasonVpn': <'office'>, "
                                    "'PauseMax': <uint32 900>}"));
    fixture.model.dropped = "u1";
    check_text(&fixture.model,
               ICON("blocked") " !\n"
                               "Blocked: the VPN’s server does not answer -> show\n"
                               "Check the network, then connect “office” again. (off)\n"
                               "Reconnect “office” -> connect 'u1'\n"
                               "Correct the servers of “office”… -> edit-vpn 'u1'\n"
                               "---\n"
                               "[x] Lock -> unlock\n"
                               "[ ] Allow LAN access -> lan true\n"
                               "Pause\n"
                               "  For 5 minutes -> pause 300\n"
                               "  For 10 minutes -> pause 600\n"
                               "  For 15 minutes -> pause 900\n"
                               "  For 30 minutes (off) -> pause 1800\n"
                               "  For 60 minutes (off) -> pause 3600\n"
                               "---\n"
                               "[ ] office -> connect 'u1'\n" LAST);
    model_clear(&fixture);
}

static void test_paused(void)
{
    Fixture fixture;

    model_init(&fixture, guard_from("{'State': <'paused'>, 'Locked': <true>, 'PausedUntil': "
                                    "<uint64 1000000230>, 'PauseMax': <uint32 3600>}"));
    check_text(&fixture.model, ICON("paused") "\n"
                                              "Paused until 01:50: traffic leaves freely -> show\n"
                                              "Then the lock closes by itself, whatever happens. "
                                              "(off)\n"
                                              "End the pause now (4 min left) -> resume\n"
                                              "---\n"
                                              "[x] Lock -> unlock\n"
                                              "[ ] Allow LAN access -> lan true\n"
                                              "---\n"
                                              "[ ] office -> connect 'u1'\n" LAST);
    /* 230 s are 4 minutes rounded up, until there are 180 left */
    g_assert_cmpuint(ks_view_ages_in(&fixture.model), ==, 50);
    fixture.model.now = NOW + 50;
    g_assert_cmpuint(ks_view_ages_in(&fixture.model), ==, 1);
    fixture.model.now = NOW + 200;
    g_assert_cmpuint(ks_view_ages_in(&fixture.model), ==, 0);
    model_clear(&fixture);
}

static void test_broken(void)
{
    Fixture fixture;

    model_init(&fixture, guard_from("{'State': <'broken'>, 'Locked': <true>}"));
    check_text(&fixture.model,
               ICON("broken") " !\n"
                              "Broken: the lock is not as it should be -> show\n"
                              "Do not rely on the lock until this is put right. "
                              "(off)\n"
                              "Close the lock again -> lock\n"
                              "---\n"
                              "[x] Lock -> unlock\n"
                              "[ ] Allow LAN access -> lan true\n" PAUSES_OFF "---\n"
                              "[ ] office -> connect 'u1'\n" LAST);
    model_clear(&fixture);
}

static void test_away(void)
{
    Fixture fixture;

    model_init(&fixture, ks_guard_state_new(KS_STATE_AWAY));
    fixture.model.manager_ready = false;
    check_text(&fixture.model, ICON("away") "\n"
                                            "The guard is not running -> show\n"
                                            "A lock that was closed stays closed. (off)\n"
                                            "Start the guard -> start-guard\n"
                                            "---\n"
                                            "---\n"
                                            "[ ] office (off) -> connect 'u1'\n" LAST);
    model_clear(&fixture);
}

static void test_lan(void)
{
    static const char home[] = "'Networks': <[{'uuid': <'n1'>, 'name': <'Home'>}]>";
    static const struct {
        const char *properties;
        const char *lan;
        const char *here;
    } rows[] = {
        { "'Lan': <false>", "[ ] Allow LAN access -> lan true", NULL },
        { "'Lan': <true>, 'LanNetworks': <@as []>", "[x] Allow LAN access -> lan false",
          "[ ] > Only on “Home” -> lan-here true" },
        { "'Lan': <true>, 'LanNetworks': <['n1']>", "[x] Allow LAN access -> lan false",
          "[x] > Only on “Home” -> lan-here false" },
        { "'Lan': <true>, 'LanNetworks': <['n2']>", "[x] Allow LAN access -> lan false",
          "[ ] > Also on “Home” -> lan-here true" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *properties =
            g_strdup_printf("{'State': <'unlocked'>, %s, %s}", rows[i].properties, home);
        g_autofree char *text = NULL;
        Fixture fixture;

        model_init(&fixture, guard_from(properties));
        text = text_of(&fixture.model);
        g_assert_nonnull(strstr(text, rows[i].lan));
        if (rows[i].here)
            g_assert_nonnull(strstr(text, rows[i].here));
        else
            g_assert_null(strstr(text, "lan-here"));
        model_clear(&fixture);
    }
}

/* An item can be chosen if polkit says yes or may ask, and not while it is under way. */
static void test_permissions(void)
{
    Fixture fixture;

    model_init(&fixture, guard_from("{'State': <'protected'>, 'Locked': <true>, "
                                    "'PauseMax': <uint32 3600>}"));
    for (int permission = KS_PERMISSION_UNKNOWN; permission <= KS_PERMISSION_NO; permission++)
        for (int busy = 0; busy <= 1; busy++) {
            g_autoptr(KsView) view = NULL;
            bool can = permission != KS_PERMISSION_NO && !busy;
            bool asking = permission == KS_PERMISSION_ASK && busy;

            for (unsigned request = 0; request < KS_REQUEST_MAX; request++) {
                fixture.model.permissions[request] = permission;
                fixture.model.busy[request] = busy;
            }
            view = ks_view_new(&fixture.model);
            g_assert_cmpint(ks_view_find(view, "lock")->sensitive, ==, can);
            g_assert_cmpint(ks_view_find(view, "lan")->sensitive, ==, can);
            g_assert_cmpint(ks_view_find(view, "pause")->sensitive, ==, can);
            g_assert_cmpint(ks_view_find(view, "pause-5")->sensitive, ==, can);
            g_assert_true(ks_view_find(view, "lock")->checked);
            g_assert_cmpstr(ks_view_find(view, "lock")->label, ==,
                            asking ? "Lock (waiting for the password)" : "Lock");
        }
    model_clear(&fixture);
}

/* Every state and reason has words, an icon and a description of its own. */
static void test_words(void)
{
    g_autoptr(GHashTable) headlines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (unsigned s = 0; s < G_N_ELEMENTS(state_words); s++)
        for (unsigned r = 0; r < G_N_ELEMENTS(reason_words); r++) {
            g_autofree char *properties =
                g_strdup_printf("{'State': <'%s'>, 'Reason': <'%s'>, 'ReasonVpn': <'office'>}",
                                state_words[s], reason_words[r]);
            g_autoptr(KsView) view = NULL;
            Fixture fixture;

            model_init(&fixture, guard_from(properties));
            view = ks_view_new(&fixture.model);
            g_assert_true(g_strv_contains(ks_view_icons, view->icon));
            g_assert_nonnull(strstr(view->icon, state_words[s]));
            g_assert_true(g_str_has_suffix(view->description, view->headline));
            (void) g_hash_table_add(headlines, g_strdup(view->headline));
            model_clear(&fixture);
        }
    /* four states with one headline, and one for each reason, three of which say the same */
    g_assert_cmpuint(g_hash_table_size(headlines), ==, 4 + G_N_ELEMENTS(reason_words) - 2);
}

static void test_newer_guard(void)
{
    Fixture fixture;
    g_autofree char *text = NULL;

    model_init(&fixture, guard_from("{'State': <'dreaming'>, 'Reason': <'tired'>}"));
    text = text_of(&fixture.model);
    g_assert_true(g_str_has_prefix(text, ICON("broken") " !\nThe lock is in a state that"));
    model_clear(&fixture);
}

/* Behind what is said anyway, while it is locked. */
static void test_exceptions(void)
{
    static const struct {
        const char *properties;
        const char *headline;
    } rows[] = {
        { "'State': <'protected'>, 'Exceptions': <[@a{sv} {}, {}]>",
          "Protected: everything goes through the VPN (2 exceptions)" },
        { "'State': <'protected'>, 'Exceptions': <[@a{sv} {}]>, 'Overlays': <[{'name': <'Net'>}]>",
          "Protected: everything goes through the VPN, but for 1 overlay network (1 exception)" },
        { "'State': <'blocked'>, 'Reason': <'overlay-only'>, 'Exceptions': <[@a{sv} {}]>",
          "Blocked: only an overlay network is up (1 exception)" },
        { "'State': <'protected'>, 'Exceptions': <@aa{sv} []>",
          "Protected: everything goes through the VPN" },
        { "'State': <'protected'>, 'ExceptionsElsewhere': <[@a{sv} {}]>",
          "Protected: everything goes through the VPN" },
        { "'State': <'protected'>, 'Exceptions': <5>",
          "Protected: everything goes through the VPN" },
        { "'State': <'unlocked'>, 'Exceptions': <[@a{sv} {}]>", "Unlocked: traffic leaves freely" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *properties = g_strdup_printf("{%s}", rows[i].properties);
        g_autoptr(KsView) view = NULL;
        Fixture fixture;

        model_init(&fixture, guard_from(properties));
        view = ks_view_new(&fixture.model);
        g_assert_cmpstr(view->headline, ==, rows[i].headline);
        g_assert_true(!strstr(view->headline, "Protected") ||
                      !strstr(view->headline, "exception)") ||
                      strstr(view->why, "exceptions let out leaves without it"));
        model_clear(&fixture);
    }
}

/* Until the morning, where so long a pause is allowed. */
static void test_until_tomorrow(void)
{
    static const uint32_t most[] = { 3600, 24 * 3600 };

    for (unsigned i = 0; i < G_N_ELEMENTS(most); i++) {
        g_autofree char *properties = g_strdup_printf(
            "{'State': <'blocked'>, 'Locked': <true>, 'PauseMax': <uint32 %u>}", most[i]);
        g_autoptr(KsView) view = NULL;
        const KsItem *item;
        Fixture fixture;

        model_init(&fixture, guard_from(properties));
        view = ks_view_new(&fixture.model);
        item = ks_view_find(view, "pause-tomorrow");
        if (i == 0) { /* 01:46:40: 3 hours, 13 minutes and 20 seconds to go */
            g_assert_null(item);
        } else {
            g_assert_nonnull(item);
            g_assert_cmpuint(g_variant_get_uint32(item->target), ==, 3 * 3600 + 13 * 60 + 20);
        }
        model_clear(&fixture);
    }
}

/* It is not asked for twice. */
static void test_start(void)
{
    static const struct {
        const char *properties; /* NULL: the guard is away */
        bool starts;
        const char *start; /* NULL: it is not offered */
    } rows[] = {
        { "{'State': <'protected'>}", false, NULL },
        { NULL, false, "Start the guard" },
        { NULL, true, "Starting the guard…" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        Fixture fixture;
        g_autoptr(KsView) view = NULL;
        const KsItem *start;

        model_init(&fixture, rows[i].properties ? guard_from(rows[i].properties)
                                                : ks_guard_state_new(KS_STATE_AWAY));
        fixture.model.starts_guard = rows[i].starts;
        view = ks_view_new(&fixture.model);
        start = ks_view_find(view, "next");
        g_assert_cmpstr(start ? start->label : NULL, ==, rows[i].start);
        if (start)
            g_assert_cmpint(start->sensitive, ==, !rows[i].starts);
        model_clear(&fixture);
    }
}

/* ---- properties ---- */

static const char *random_of(const char *const *words, unsigned length)
{
    return words[g_test_rand_int_range(0, (gint32) length)];
}

static void randomise(Fixture *fixture)
{
    g_autofree char *properties = g_strdup_printf(
        "{'State': <'%s'>, 'Reason': <'%s'>, 'Locked': <%s>, 'Lan': <%s>, 'LanNetworks': <%s>, "
        "'Networks': <[{'uuid': <'n1'>, 'name': <'Home'>}]>, 'PauseMax': <uint32 %d>}",
        random_of(state_words, G_N_ELEMENTS(state_words)),
        random_of(reason_words, G_N_ELEMENTS(reason_words)), g_test_rand_bit() ? "true" : "false",
        g_test_rand_bit() ? "true" : "false", g_test_rand_bit() ? "['n1']" : "@as []",
        g_test_rand_int_range(0, 4000));

    ks_guard_state_free((KsGuardState *) fixture->model.guard);
    fixture->model.guard = g_test_rand_int_range(0, 8) == 0 ? ks_guard_state_new(KS_STATE_AWAY)
                                                            : guard_from(properties);
    for (unsigned i = 0; i < KS_REQUEST_MAX; i++) {
        fixture->model.permissions[i] = g_test_rand_int_range(0, KS_PERMISSION_NO + 1);
        fixture->model.busy[i] = g_test_rand_bit();
    }
    first_vpn(fixture)->activity = g_test_rand_int_range(0, KS_VPN_UP + 1);
}

static void check_target(const KsItem *item, bool wanted)
{
    g_assert_cmpint(g_variant_get_boolean(item->target), ==, wanted);
}

/* Whatever comes in whatever order: a check mark is what the guard said last, and choosing it asks
 * for the opposite of that. */
static void test_no_toggle_lies(void)
{
    Fixture fixture;

    model_init(&fixture, ks_guard_state_new(KS_STATE_STARTING));
    for (unsigned round = 0; round < ROUNDS; round++) {
        g_autoptr(KsView) view = NULL;
        const KsGuardState *guard;
        const KsItem *lock;
        const KsItem *lan;
        const KsItem *here;
        const KsItem *vpn;

        randomise(&fixture);
        guard = fixture.model.guard;
        view = ks_view_new(&fixture.model);
        lock = ks_view_find(view, "lock");
        lan = ks_view_find(view, "lan");
        here = ks_view_find(view, "lan-here");
        vpn = ks_view_find(view, "vpn:u1");
        g_assert_cmpint(lock != NULL, ==, guard->state != KS_STATE_AWAY);
        g_assert_cmpint(vpn->checked, ==, first_vpn(&fixture)->activity == KS_VPN_UP);
        if (!lock)
            continue;
        g_assert_cmpint(lock->checked, ==, guard->locked);
        g_assert_cmpstr(lock->action, ==, guard->locked ? "unlock" : "lock");
        g_assert_cmpint(lan->checked, ==, guard->lan);
        check_target(lan, !guard->lan);
        g_assert_cmpint(here != NULL, ==, guard->lan);
        if (here) {
            g_assert_cmpint(here->checked, ==, guard->lan_networks[0] != NULL);
            check_target(here, !here->checked);
        }
    }
    model_clear(&fixture);
}

int main(int argc, char **argv)
{
    (void) setlocale(LC_ALL, "C.UTF-8");
    (void) g_setenv("TZ", "UTC", TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/presenter/unlocked", test_unlocked);
    g_test_add_func("/presenter/protected", test_protected);
    g_test_add_func("/presenter/blocked", test_blocked);
    g_test_add_func("/presenter/paused", test_paused);
    g_test_add_func("/presenter/broken", test_broken);
    g_test_add_func("/presenter/away", test_away);
    g_test_add_func("/presenter/lan", test_lan);
    g_test_add_func("/presenter/permissions", test_permissions);
    g_test_add_func("/presenter/words", test_words);
    g_test_add_func("/presenter/exceptions", test_exceptions);
    g_test_add_func("/presenter/newer-guard", test_newer_guard);
    g_test_add_func("/presenter/until-tomorrow", test_until_tomorrow);
    g_test_add_func("/presenter/start", test_start);
    g_test_add_func("/presenter/no-toggle-lies", test_no_toggle_lies);
    return g_test_run();
}
