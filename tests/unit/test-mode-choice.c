/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet-fixture.h"
#include "applet/mode-choice.h"

#include <locale.h>
#include <string.h>

/* The choice of the mode as text, one a line: chosen or not, and whether it can be chosen. */

#define KNOWN(more) "{'State': <'unlocked'>" more "}"
#define MODE(word)  KNOWN(", 'Mode': <'" word "'>")

static char *text_of(const KsModel *model)
{
    g_autoptr(KsModeChoice) choice = ks_mode_choice_new(model);
    GString *out = g_string_new(choice->busy ? "busy " : NULL);

    g_string_append_printf(out, "%s|", choice->note ? choice->note : "");
    for (unsigned i = 0; i < G_N_ELEMENTS(choice->options); i++) {
        const KsModeOption *option = &choice->options[i];

        g_assert_true(strlen(option->note) > 20);
        g_string_append_printf(out, "%s%s%s", i ? ", " : "", option->chosen ? "*" : "",
                               option->title);
        g_string_append(out, option->sensitive ? "" : " (off)");
    }
    return g_string_free(out, FALSE);
}

static void test_follows_the_guard(void)
{
    static const struct {
        const char *guard;
        const char *text;
    } rows[] = {
        { MODE("always"), "|*Always, When a VPN is on, Only against drops, Off" },
        { MODE("vpn"), "|Always, *When a VPN is on, Only against drops, Off" },
        { MODE("drops"), "|Always, When a VPN is on, *Only against drops, Off" },
        { MODE("off"), "|Always, When a VPN is on, Only against drops, *Off" },
        /* an older guard, and one that says what is no mode */
        { KNOWN(", 'AutoLock': <true>"), "|Always, *When a VPN is on, Only against drops, Off" },
        { MODE("alway"), "|Always, When a VPN is on, Only against drops, *Off" },
        { KNOWN(", 'Mode': <'always'>, 'ModeSource': <'/etc/x.conf:3'>"),
          "The administrator has laid it down in /etc/x.conf:3|"
          "*Always (off), When a VPN is on (off), Only against drops (off), Off (off)" },
        { KNOWN(", 'Mode': <'off'>, 'ModeSource': <'/etc/x\\n\\u202e'>"),
          "The administrator has laid it down in /etc/x\\n\\u202e|"
          "Always (off), When a VPN is on (off), Only against drops (off), *Off (off)" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = NULL;
        Fixture fixture;

        model_init(&fixture, guard_from(rows[i].guard));
        text = text_of(&fixture.model);
        if (i + 1 == G_N_ELEMENTS(rows)) /* of hostile text only that it is printable */
            g_assert_null(strpbrk(text, "\n\xe2"));
        else
            g_assert_cmpstr(text, ==, rows[i].text);
        model_clear(&fixture);
    }
}

/* What is not known is not shown as off. */
static void test_guard_away(void)
{
    static const KsState states[] = { KS_STATE_AWAY, KS_STATE_STARTING };

    for (unsigned i = 0; i < G_N_ELEMENTS(states); i++) {
        g_autofree char *text = NULL;
        Fixture fixture;

        model_init(&fixture, ks_guard_state_new(states[i]));
        text = text_of(&fixture.model);
        g_assert_cmpstr(text, ==,
                        "Not known while the guard is not running|"
                        "Always (off), When a VPN is on (off), Only against drops (off), "
                        "Off (off)");
        model_clear(&fixture);
    }
}

static void test_asked_and_forbidden(void)
{
    static const KsRequest requests[] = { KS_REQUEST_SET_MODE, KS_REQUEST_AUTO_ON };
    g_autofree char *raises = NULL;
    g_autofree char *lowers = NULL;
    Fixture fixture;

    model_init(&fixture, guard_from(MODE("off")));
    for (unsigned i = 0; i < G_N_ELEMENTS(requests); i++) {
        g_autofree char *text = NULL;

        fixture.model.busy[requests[i]] = true;
        text = text_of(&fixture.model);
        g_assert_cmpstr(text, ==,
                        "busy |Always (off), When a VPN is on (off), Only against drops (off), "
                        "*Off (off)");
        fixture.model.busy[requests[i]] = false;
    }
    /* to have VPNs lock is free from "off" */
    fixture.model.permissions[KS_REQUEST_SET_MODE] = KS_PERMISSION_NO;
    raises = text_of(&fixture.model);
    g_assert_cmpstr(raises, ==,
                    "|Always (off), When a VPN is on, Only against drops (off), *Off (off)");
    model_clear(&fixture);
    model_init(&fixture, guard_from(MODE("drops")));
    fixture.model.permissions[KS_REQUEST_SET_MODE] = KS_PERMISSION_NO;
    lowers = text_of(&fixture.model);
    g_assert_cmpstr(lowers, ==,
                    "|Always (off), When a VPN is on (off), *Only against drops (off), Off (off)");
    model_clear(&fixture);
}

static void test_requests(void)
{
    static const struct {
        const char *guard; /* NULL: away */
        const char *mode;
        KsRequest request;
        const char *arguments;
    } rows[] = {
        { MODE("vpn"), "always", KS_REQUEST_SET_MODE, "('always',)" },
        { MODE("vpn"), "drops", KS_REQUEST_SET_MODE, "('drops',)" },
        { MODE("vpn"), "off", KS_REQUEST_SET_MODE, "('off',)" },
        { MODE("always"), "vpn", KS_REQUEST_SET_MODE, "('vpn',)" },
        { MODE("drops"), "vpn", KS_REQUEST_SET_MODE, "('vpn',)" },
        { MODE("off"), "vpn", KS_REQUEST_AUTO_ON, "(true,)" },
        { MODE("off"), "drops", KS_REQUEST_SET_MODE, "('drops',)" },
        { MODE("vpn"), "vpn", KS_REQUEST_MAX, NULL },
        { MODE("vpn"), "", KS_REQUEST_MAX, NULL },
        { MODE("vpn"), "VPN", KS_REQUEST_MAX, NULL },
        { NULL, "off", KS_REQUEST_SET_MODE, "('off',)" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(KsGuardState) guard =
            rows[i].guard ? guard_from(rows[i].guard) : ks_guard_state_new(KS_STATE_AWAY);
        g_autofree char *text = NULL;
        GVariant *arguments = NULL;

        g_assert_cmpint(ks_mode_choice_request(guard, rows[i].mode, &arguments), ==,
                        rows[i].request);
        text = arguments ? g_variant_print(arguments, FALSE) : NULL;
        g_assert_cmpstr(text, ==, rows[i].arguments);
        if (arguments)
            g_variant_unref(g_variant_ref_sink(arguments));
    }
}

/* In the mode "drops" it is the guard that disconnects, for that opens the lock. */
static void test_disconnect(void)
{
    static const struct {
        const char *guard;
        bool opens;
    } rows[] = {
        { "{'State': <'protected'>, 'Locked': <true>, 'Mode': <'drops'>}", true },
        { "{'State': <'blocked'>, 'Locked': <true>, 'Mode': <'drops'>}", true },
        { "{'State': <'unlocked'>, 'Mode': <'drops'>}", false },
        { "{'State': <'protected'>, 'Locked': <true>, 'Mode': <'vpn'>}", false },
        { "{'State': <'protected'>, 'Locked': <true>, 'Mode': <'always'>}", false },
        { "{'State': <'protected'>, 'Locked': <true>, 'Mode': <'off'>}", false },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        Fixture fixture;

        model_init(&fixture, guard_from(rows[i].guard));
        first_vpn(&fixture)->activity = KS_VPN_UP;
        g_assert_cmpint(ks_guard_state_opens_by_disconnect(fixture.model.guard), ==, rows[i].opens);
        /* as the guard, once it is asked, and not where it would refuse */
        for (unsigned denied = 0; denied < 3; denied++) {
            g_autoptr(KsView) view = NULL;
            const KsItem *item;

            fixture.model.permissions[KS_REQUEST_DISCONNECT] =
                denied == 1 ? KS_PERMISSION_NO : KS_PERMISSION_ASK;
            fixture.model.busy[KS_REQUEST_DISCONNECT] = denied == 2;
            view = ks_view_new(&fixture.model);
            item = ks_view_find(view, "down:u1");
            g_assert_nonnull(item);
            g_assert_cmpstr(item->action, ==, "disconnect");
            g_assert_cmpint(item->sensitive, ==, !rows[i].opens || denied == 0);
            g_assert_cmpint(ks_view_find(view, "vpn:u1")->sensitive, ==, item->sensitive);
        }
        model_clear(&fixture);
    }
}

int main(int argc, char **argv)
{
    (void) setlocale(LC_ALL, "C.UTF-8");
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mode-choice/follows-the-guard", test_follows_the_guard);
    g_test_add_func("/mode-choice/guard-away", test_guard_away);
    g_test_add_func("/mode-choice/asked-and-forbidden", test_asked_and_forbidden);
    g_test_add_func("/mode-choice/requests", test_requests);
    g_test_add_func("/mode-choice/disconnect", test_disconnect);
    return g_test_run();
}
