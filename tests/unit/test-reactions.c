/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet-fixture.h"
#include "applet/notice.h"

#include <locale.h>
#include <string.h>

/* What the applet does by itself: notifications, and connecting again. */

/* ---- notifications ---- */

typedef struct {
    const char *properties; /* NULL: the guard is away */
    KsNoticeVerdict verdict;
    const char *button; /* the first one's action; NULL: there is none */
    bool dropped;       /* the first VPN, as NetworkManager tells */
    const char *label;  /* of the first button; NULL: it does not matter */
} Moment;

static void tell(KsTold *told, const Moment *moment)
{
    g_autoptr(KsNotice) notice = NULL;
    KsNoticeVerdict verdict;
    Fixture fixture;

    model_init(&fixture, moment->properties ? guard_from(moment->properties)
                                            : ks_guard_state_new(KS_STATE_AWAY));
    if (moment->dropped)
        fixture.model.dropped = first_vpn(&fixture)->uuid;
    verdict = ks_notice_for(&fixture.model, true, told, &notice);
    g_assert_cmpint(verdict, ==, moment->verdict);
    g_assert_cmpint(notice != NULL, ==, verdict == KS_NOTICE_SHOW);
    g_assert_cmpstr(notice && notice->buttons_length ? notice->buttons[0].action : NULL, ==,
                    moment->button);
    if (moment->label)
        g_assert_cmpstr(notice->buttons[0].label, ==, moment->label);
    model_clear(&fixture);
}

static void test_notices(void)
{
    static const Moment story[] = {
        { "{'State': <'unlocked'>}", KS_NOTICE_WITHDRAW, NULL }, /* started, all is well */
        { "{'State': <'unlocked'>, 'Lan': <true>}", KS_NOTICE_KEEP, NULL },
        { "{'State': <'protected'>}", KS_NOTICE_SHOW, "app.show" }, /* the first lock */
        { "{'State': <'blocked'>, 'Reason': <'connecting'>}", KS_NOTICE_WITHDRAW, NULL },
        { "{'State': <'protected'>}", KS_NOTICE_WITHDRAW, NULL },
        { "{'State': <'blocked'>, 'Reason': <'connecting'>}", KS_NOTICE_WITHDRAW, NULL },
        { "{'State': <'blocked'>, 'Reason': <'login-failed'>}", KS_NOTICE_SHOW, "app.connect" },
        { "{'State': <'blocked'>, 'Reason': <'no-vpn'>}", KS_NOTICE_SHOW, "app.connect" },
        { "{'State': <'blocked'>, 'Reason': <'no-vpn'>}", KS_NOTICE_KEEP, NULL },
        /* NetworkManager says after the guard that the VPN has dropped */
        { "{'State': <'blocked'>, 'Reason': <'no-vpn'>}", KS_NOTICE_SHOW, "app.connect", true,
          "Reconnect" },
        { "{'State': <'blocked'>, 'Reason': <'no-vpn'>}", KS_NOTICE_KEEP, NULL, true },
        { "{'State': <'blocked'>, 'Reason': <'no-vpn'>}", KS_NOTICE_KEEP, NULL },
        { "{'State': <'paused'>}", KS_NOTICE_SHOW, "app.resume" },
        { "{'State': <'broken'>}", KS_NOTICE_SHOW, "app.lock" },
        { NULL, KS_NOTICE_SHOW, "app.start-guard" },
        { "{'State': <'protected'>}", KS_NOTICE_WITHDRAW, NULL },
        { "{'State': <'unlocked'>}", KS_NOTICE_SHOW, "app.lock" },
        { "{'State': <'unlocked'>, 'AutoLock': <true>}", KS_NOTICE_WITHDRAW, NULL }, /* its words */
        { "{'State': <'unlocked'>}", KS_NOTICE_KEEP, NULL },
        { "{'State': <'protected'>}", KS_NOTICE_SHOW, "app.show" },
        { "{'State': <'protected'>, 'Lan': <true>}", KS_NOTICE_KEEP, NULL },
        { "{'State': <'protected'>, 'Reason': <'some-networks'>, 'ReasonVpn': <'a'>}",
          KS_NOTICE_SHOW, NULL },
        { "{'State': <'protected'>, 'Reason': <'some-networks'>, 'ReasonVpn': <'b'>}",
          KS_NOTICE_SHOW, NULL },
    };
    KsTold told = { 0 };

    for (unsigned i = 0; i < G_N_ELEMENTS(story); i++)
        tell(&told, &story[i]);
    ks_told_clear(&told);
}

/* In the mode drops more than one thing opens the lock. */
static void test_first_lock(void)
{
    static const struct {
        const char *mode;
        bool says_so;
    } rows[] = { { "vpn", false }, { "drops", true } };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *locked =
            g_strdup_printf("{'State': <'protected'>, 'Mode': <'%s'>}", rows[i].mode);
        KsTold told = { .state = KS_STATE_UNLOCKED, .settled = true, .told = true };
        g_autoptr(KsNotice) notice = NULL;
        Fixture fixture;

        model_init(&fixture, guard_from(locked));
        g_assert_cmpint(ks_notice_for(&fixture.model, true, &told, &notice), ==, KS_NOTICE_SHOW);
        g_assert_cmpstr(notice->title, ==, "Your VPN is now a lock");
        g_assert_cmpint(strstr(notice->body, "Disconnecting") != NULL, ==, rows[i].says_so);
        ks_told_clear(&told);
        model_clear(&fixture);
    }
}

/* A notification does not go on offering a VPN that was deleted. */
static void test_a_deleted_vpn(void)
{
    KsTold told = { 0 };
    Fixture fixture;
    g_autoptr(KsNotice) before = NULL;
    g_autoptr(KsNotice) after = NULL;
    KsNotice *none = NULL;

    model_init(&fixture, guard_from("{'State': <'blocked'>, 'Reason': <'no-vpn'>}"));
    g_assert_cmpint(ks_notice_for(&fixture.model, true, &told, &before), ==, KS_NOTICE_SHOW);
    g_assert_cmpstr(before->title, ==, "Blocked");
    g_assert_cmpstr(before->body, ==,
                    "No VPN is connected. Only VPN servers can be reached, so that a VPN can "
                    "connect.");
    g_assert_cmpstr(before->buttons[0].action, ==, "app.connect");
    g_assert_cmpint(ks_notice_for(&fixture.model, true, &told, &none), ==, KS_NOTICE_KEEP);
    g_ptr_array_set_size(fixture.vpns, 0);
    g_assert_cmpint(ks_notice_for(&fixture.model, true, &told, &after), ==, KS_NOTICE_SHOW);
    for (unsigned i = 0; i < after->buttons_length; i++)
        g_assert_cmpstr(after->buttons[i].action, !=, "app.connect");
    g_assert_cmpint(ks_notice_for(&fixture.model, true, &told, &none), ==, KS_NOTICE_KEEP);
    ks_told_clear(&told);
    model_clear(&fixture);
}

/* ... nor that one where another is the one to connect now. */
static void test_another_vpn(void)
{
    KsTold told = { 0 };
    Fixture fixture;
    g_autoptr(KsNotice) before = NULL;
    g_autoptr(KsNotice) after = NULL;
    g_autofree char *office = NULL;

    model_init(&fixture, guard_from("{'State': <'blocked'>, 'Reason': <'no-vpn'>}"));
    g_assert_cmpint(ks_notice_for(&fixture.model, true, &told, &before), ==, KS_NOTICE_SHOW);
    office = g_strdup(before->vpn);
    g_free(first_vpn(&fixture)->uuid);
    first_vpn(&fixture)->uuid = g_strdup("other");
    g_assert_cmpint(ks_notice_for(&fixture.model, true, &told, &after), ==, KS_NOTICE_SHOW);
    g_assert_cmpstr(g_variant_get_string(before->buttons[0].target, NULL), ==, office);
    g_assert_cmpstr(g_variant_get_string(after->buttons[0].target, NULL), ==, "other");
    ks_told_clear(&told);
    model_clear(&fixture);
}

/* What did not work is not said for longer than it is so. */
static void test_over(void)
{
    Fixture fixture;
    g_autoptr(KsNotice) failed = NULL;
    g_autoptr(KsNotice) stayed = NULL;

    model_init(&fixture, guard_from("{'State': <'blocked'>, 'Reason': <'no-vpn'>}"));
    g_assert_false(ks_notice_is_over(KS_STATE_BLOCKED, NULL, false, &fixture.model));
    g_assert_true(ks_notice_is_over(KS_STATE_AWAY, NULL, false, &fixture.model));

    failed = ks_notice_for_vpn(&fixture.model, first_vpn(&fixture)->uuid, "No.");
    g_assert_cmpstr(failed->title, ==, "The VPN could not be connected");
    g_assert_cmpstr(failed->body, ==, "No.");
    g_assert_false(ks_notice_is_over(KS_STATE_UNLOCKED, failed->vpn, false, &fixture.model));
    first_vpn(&fixture)->activity = KS_VPN_CONNECTING;
    g_assert_false(ks_notice_is_over(KS_STATE_BLOCKED, failed->vpn, false, &fixture.model));
    first_vpn(&fixture)->activity = KS_VPN_UP;
    g_assert_true(ks_notice_is_over(KS_STATE_BLOCKED, failed->vpn, false, &fixture.model));
    stayed = ks_notice_for_vpn(&fixture.model, failed->vpn, "No.");
    g_assert_cmpstr(stayed->title, ==, "The VPN could not be disconnected");
    g_assert_true(stayed->is_of_disconnecting);
    g_assert_false(ks_notice_is_over(KS_STATE_UNLOCKED, stayed->vpn, true, &fixture.model));
    first_vpn(&fixture)->activity = KS_VPN_DOWN;
    g_assert_true(ks_notice_is_over(KS_STATE_BLOCKED, stayed->vpn, true, &fixture.model));

    g_ptr_array_set_size(fixture.vpns, 0);
    g_assert_true(ks_notice_is_over(KS_STATE_BLOCKED, failed->vpn, false, &fixture.model));
    g_assert_true(ks_notice_is_over_always_on(failed->vpn, &fixture.model));
    fixture.model.manager_ready = false; /* it is not known which there are */
    g_assert_false(ks_notice_is_over(KS_STATE_BLOCKED, failed->vpn, false, &fixture.model));
    g_assert_false(ks_notice_is_over_always_on(failed->vpn, &fixture.model));
    model_clear(&fixture);
}

/* Nobody takes the end of the icon for the end of the lock. */
static void test_quit(void)
{
    static const struct {
        const char *properties;
        bool told;
    } rows[] = {
        { "{'State': <'unlocked'>}", false },
        { "{'State': <'blocked'>, 'Locked': <true>}", true },
        { "{'State': <'protected'>, 'Locked': <true>}", true },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(KsNotice) notice = NULL;
        Fixture fixture;

        model_init(&fixture, guard_from(rows[i].properties));
        notice = ks_notice_for_quit(&fixture.model);
        g_assert_cmpint(notice != NULL, ==, rows[i].told);
        model_clear(&fixture);
    }
}

static void test_answers(void)
{
    for (int request = 0; request < KS_REQUEST_MAX; request++)
        for (int answer = KS_ANSWER_DONE; answer <= KS_ANSWER_FAILED; answer++) {
            g_autoptr(KsNotice) notice =
                ks_notice_for_answer(request, answer, "The kernel said no.", "u1");
            bool known = answer == KS_ANSWER_DONE || answer == KS_ANSWER_REFUSED;

            g_assert_cmpint(notice == NULL, ==, known);
            if (answer == KS_ANSWER_FAILED)
                g_assert_cmpstr(notice->body, ==, "The kernel said no.");
            if (!notice)
                continue;
            g_assert_cmpint(notice->is_of_disconnecting, ==, request == KS_REQUEST_DISCONNECT);
            g_assert_cmpstr(notice->vpn, ==, answer == KS_ANSWER_AWAY ? NULL : "u1");
        }
}

/* ---- the guard connects VPNs now ---- */

/* One who had the applet do it is asked, once there is a VPN to ask about. */
static void test_offer(void)
{
    static const struct {
        const char *guard;
        KsVpnActivity activity;
        bool settled;
        bool offered;
    } rows[] = {
        { "{'State': <'protected'>}", KS_VPN_UP, false, false }, /* an older guard */
        { "{'State': <'protected'>, 'AlwaysOn': <@a{sv} {'vpns': <@aa{sv} []>}>}", KS_VPN_DOWN,
          false, false },
        { "{'State': <'protected'>, 'AlwaysOn': <@a{sv} {'vpns': <@aa{sv} []>}>, 'Vpns': "
          "<[{'uuid': <'u1'>}]>}",
          KS_VPN_UP, true, true },
        { "{'State': <'protected'>, 'AlwaysOn': <@a{sv} {'vpns': <[{'uuid': <'u1'>}]>}>}",
          KS_VPN_UP, true, false },
        { "{'State': <'protected'>, 'AlwaysOn': <@a{sv} {'vpns': <@aa{sv} []>, 'source': "
          "<'/etc/x:2'>}>}",
          KS_VPN_UP, true, false },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(KsNotice) notice = NULL;
        Fixture fixture;

        model_init(&fixture, guard_from(rows[i].guard));
        first_vpn(&fixture)->activity = rows[i].activity;
        g_assert_cmpint(ks_notice_offer_always_on(&fixture.model, &notice), ==, rows[i].settled);
        g_assert_cmpint(notice != NULL, ==, rows[i].offered);
        if (notice) {
            g_autofree char *target = g_variant_print(notice->buttons[0].target, FALSE);

            g_assert_cmpstr(notice->title, ==, "Keep “office” connected?");
            g_assert_cmpstr(notice->buttons[0].action, ==, "app.always-on");
            g_assert_cmpstr(target, ==, "('u1', true)");
        }
        model_clear(&fixture);
    }
}

int main(int argc, char **argv)
{
    (void) setlocale(LC_ALL, "C.UTF-8");
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/notice/story", test_notices);
    g_test_add_func("/notice/first-lock", test_first_lock);
    g_test_add_func("/notice/answers", test_answers);
    g_test_add_func("/notice/a-deleted-vpn", test_a_deleted_vpn);
    g_test_add_func("/notice/another-vpn", test_another_vpn);
    g_test_add_func("/notice/over", test_over);
    g_test_add_func("/notice/quit", test_quit);
    g_test_add_func("/notice/offer", test_offer);
    return g_test_run();
}
