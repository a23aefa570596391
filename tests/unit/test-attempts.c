/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose words the reason of a VPN's failure is. The journal and the clock are the test's:
 * somebody's program has always written there that the login was refused. */
#include "network/attempts.h"
#include "network/vpn-log.h"

#include <locale.h>

#define BY_NETWORKMANAGER KS_FAILURE_TIMEOUT
#define BY_JOURNAL        KS_FAILURE_LOGIN
#define BY_PPPD           KS_FAILURE_REFUSED
#define BY_OLD_JOURNAL    KS_FAILURE_CERTIFICATE

/* What was written earlier than this before the failure is another's. */
#define OLD_S 60

/* As long as a program may write that is not to be there any more. */
#define LINGER_S 10

/* Longer than it waits for the last words: a second, and GLib lets ten wait at once. */
#define PATIENCE_MS 3500

static gint64 now = 1000 * G_USEC_PER_SEC;

static gint64 read_clock(void)
{
    return now;
}

static void pass(int seconds)
{
    now += seconds * G_USEC_PER_SEC;
}

KsFailure ks_vpn_log_read(uint64_t from, uint64_t to, bool with_pppd)
{
    g_assert_cmpuint(from, <, to);
    if (to - from > (OLD_S + 1) * G_USEC_PER_SEC) /* it reads on for a second */
        return BY_OLD_JOURNAL;
    return with_pppd ? BY_PPPD : BY_JOURNAL;
}

/* `user`: NULL: everybody's. `type`: NULL: of no VPN. */
static NMConnection *make_profile(const char *user, const char *type)
{
    NMConnection *profile = nm_simple_connection_new();
    NMSetting *setting = nm_setting_connection_new();
    g_autofree char *service = g_strconcat("org.freedesktop.NetworkManager.", type, NULL);

    if (user)
        nm_setting_connection_add_permission(NM_SETTING_CONNECTION(setting), "user", user, NULL);
    nm_connection_add_setting(profile, setting);
    if (!type)
        return profile;
    g_object_set(setting, NM_SETTING_CONNECTION_TYPE, NM_SETTING_VPN_SETTING_NAME, NULL);
    nm_connection_add_setting(
        profile, g_object_new(NM_TYPE_SETTING_VPN, NM_SETTING_VPN_SERVICE_TYPE, service, NULL));
    return profile;
}

static void hear(KsAttempts *attempts, NMConnection *profile, NMActiveConnectionState state,
                 NMActiveConnectionStateReason reason)
{
    ks_attempts_hear(attempts, profile, true, state, reason);
}

static void end(KsAttempts *attempts, NMConnection *profile)
{
    hear(attempts, profile, NM_ACTIVE_CONNECTION_STATE_DEACTIVATED,
         NM_ACTIVE_CONNECTION_STATE_REASON_USER_DISCONNECTED);
}

static void fail(KsAttempts *attempts, NMConnection *profile)
{
    ks_attempts_begin(attempts, profile);
    hear(attempts, profile, NM_ACTIVE_CONNECTION_STATE_DEACTIVATED,
         NM_ACTIVE_CONNECTION_STATE_REASON_CONNECT_TIMEOUT);
}

/* `own` fails at the end of each, `other` does something before or beside. */
static void happen_alone(KsAttempts *attempts, NMConnection *own, NMConnection *other)
{
    ks_attempts_ask_end(attempts, other); /* it never was active */
    fail(attempts, own);
}

static void happen_beside_one_that_is_up(KsAttempts *attempts, NMConnection *own,
                                         NMConnection *other)
{
    ks_attempts_succeed(attempts, other);
    fail(attempts, own);
}

static void happen_beside_one_that_leaves(KsAttempts *attempts, NMConnection *own,
                                          NMConnection *other)
{
    ks_attempts_succeed(attempts, other);
    hear(attempts, other, NM_ACTIVE_CONNECTION_STATE_DEACTIVATING,
         NM_ACTIVE_CONNECTION_STATE_REASON_USER_DISCONNECTED);
    fail(attempts, own);
}

static void happen_after_one_that_failed(KsAttempts *attempts, NMConnection *own,
                                         NMConnection *other)
{
    fail(attempts, other);
    fail(attempts, own);
}

static void happen_after_one_that_is_gone(KsAttempts *attempts, NMConnection *own,
                                          NMConnection *other)
{
    ks_attempts_succeed(attempts, other);
    end(attempts, other);
    ks_attempts_forget(attempts, other);
    fail(attempts, own);
}

static void fail_after_one_that_was_up(KsAttempts *attempts, NMConnection *own, NMConnection *other,
                                       int seconds)
{
    ks_attempts_succeed(attempts, other);
    end(attempts, other);
    pass(seconds);
    fail(attempts, own);
}

static void happen_long_after_one_that_was_up(KsAttempts *attempts, NMConnection *own,
                                              NMConnection *other)
{
    fail_after_one_that_was_up(attempts, own, other, LINGER_S + 2);
}

static void happen_soon_after_one_that_was_up(KsAttempts *attempts, NMConnection *own,
                                              NMConnection *other)
{
    fail_after_one_that_was_up(attempts, own, other, LINGER_S - 1);
}

static void happen_soon_after_one_that_is_gone(KsAttempts *attempts, NMConnection *own,
                                               NMConnection *other)
{
    ks_attempts_succeed(attempts, other);
    ks_attempts_forget(attempts, other);
    pass(LINGER_S - 1);
    fail(attempts, own);
}

static void happen_after_networkmanager_came_again(KsAttempts *attempts, NMConnection *own,
                                                   NMConnection *other)
{
    ks_attempts_succeed(attempts, other);
    ks_attempts_clear(attempts);
    pass(LINGER_S - 1);
    fail(attempts, own);
}

static void fail_slowly(KsAttempts *attempts, NMConnection *own, int seconds)
{
    ks_attempts_begin(attempts, own);
    pass(seconds);
    fail(attempts, own);
}

/* All that is read is from the time after them. */
static void happen_beyond_them(KsAttempts *attempts, NMConnection *own, NMConnection *other)
{
    ks_attempts_succeed(attempts, other);
    end(attempts, other);
    fail_slowly(attempts, own, OLD_S + LINGER_S);
}

static void happen_for_a_long_time(KsAttempts *attempts, NMConnection *own, NMConnection *other)
{
    (void) other;
    fail_slowly(attempts, own, OLD_S + LINGER_S);
}

static void happen_before_one_that_comes(KsAttempts *attempts, NMConnection *own,
                                         NMConnection *other)
{
    fail(attempts, own);
    ks_attempts_succeed(attempts, other);
}

static void happen_at_one_time(KsAttempts *attempts, NMConnection *own, NMConnection *other)
{
    ks_attempts_begin(attempts, own);
    ks_attempts_begin(attempts, other);
    fail(attempts, own);
}

static const struct {
    const char *name;
    void (*happen)(KsAttempts *attempts, NMConnection *own, NMConnection *other);
    const char *own;
    const char *other;
    KsFailure expected;
    const char *type;
    bool fresh; /* the guard has just come */
} rows[] = {
    { "alone", happen_alone, NULL, "eve", BY_JOURNAL },
    { "alone, and the guard has just come", happen_alone, NULL, "eve", BY_NETWORKMANAGER,
      .fresh = true },
    { "alone for a long time", happen_for_a_long_time, NULL, "eve", BY_OLD_JOURNAL },
    { "the guard came a long time ago", happen_for_a_long_time, NULL, "eve", BY_JOURNAL,
      .fresh = true },
    { "NetworkManager came again", happen_after_networkmanager_came_again, NULL, "eve",
      BY_NETWORKMANAGER },
    { "L2TP's pppd", happen_alone, NULL, NULL, BY_PPPD, .type = "l2tp" },
    { "PPTP's pppd", happen_alone, NULL, NULL, BY_PPPD, .type = "pptp" },
    { "SSTP's pppd", happen_alone, NULL, NULL, BY_PPPD, .type = "sstp" },
    { "Fortinet's pppd", happen_alone, NULL, NULL, BY_PPPD, .type = "fortisslvpn" },
    { "it runs no pppd", happen_alone, NULL, NULL, BY_JOURNAL, .type = "vpnc" },
    { "of an unknown type", happen_alone, NULL, NULL, BY_JOURNAL, .type = "unknown" },
    { "another's was up long ago", happen_long_after_one_that_was_up, NULL, "eve", BY_JOURNAL },
    { "another's was up until now", happen_soon_after_one_that_was_up, NULL, "eve",
      BY_NETWORKMANAGER },
    { "another's was deleted", happen_soon_after_one_that_is_gone, NULL, "eve", BY_NETWORKMANAGER },
    { "it goes on after another's", happen_beyond_them, NULL, "eve", BY_JOURNAL },
    { "it goes on after their own", happen_beyond_them, "ann", "ann", BY_OLD_JOURNAL },
    { "another's is up", happen_beside_one_that_is_up, NULL, "eve", BY_NETWORKMANAGER },
    { "another's leaves", happen_beside_one_that_leaves, NULL, "eve", BY_NETWORKMANAGER },
    { "another's has failed", happen_after_one_that_failed, NULL, "eve", BY_NETWORKMANAGER },
    { "another's is gone", happen_after_one_that_is_gone, NULL, "eve", BY_NETWORKMANAGER },
    { "another's comes", happen_before_one_that_comes, NULL, "eve", BY_NETWORKMANAGER },
    { "a person's beside another's", happen_beside_one_that_is_up, "ann", "eve",
      BY_NETWORKMANAGER },
    { "a person's beside their own", happen_beside_one_that_is_up, "ann", "ann", BY_JOURNAL },
    { "beside one for everybody", happen_beside_one_that_is_up, NULL, NULL, BY_JOURNAL },
    { "a person's beside one for everybody", happen_beside_one_that_is_up, "ann", NULL,
      BY_JOURNAL },
    { "after one for everybody", happen_after_one_that_failed, NULL, NULL, BY_JOURNAL },
    { "two at one time", happen_at_one_time, NULL, NULL, BY_NETWORKMANAGER },
};

static void on_changed(void *data)
{
    (void) data;
}

static gboolean on_timeout(gpointer data)
{
    g_main_loop_quit(data);
    return G_SOURCE_REMOVE;
}

/* All of them at once, for the time that each waits. */
static void test_whose_words(void)
{
    KsAttempts *attempts[G_N_ELEMENTS(rows)];
    NMConnection *own[G_N_ELEMENTS(rows)];
    NMConnection *other[G_N_ELEMENTS(rows)];
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        attempts[i] = ks_attempts_new(read_clock, on_changed, NULL);
        own[i] = make_profile(rows[i].own, rows[i].type);
        other[i] = make_profile(rows[i].other, rows[i].type);
        if (!rows[i].fresh)
            pass(LINGER_S + 2);
        rows[i].happen(attempts[i], own[i], other[i]);
        g_assert_cmpint(ks_attempts_failure(attempts[i], own[i]), ==, BY_NETWORKMANAGER);
    }
    g_timeout_add(PATIENCE_MS, on_timeout, loop);
    g_main_loop_run(loop);
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s", rows[i].name);
        g_assert_cmpint(ks_attempts_failure(attempts[i], own[i]), ==, rows[i].expected);
        ks_attempts_free(attempts[i]);
        g_object_unref(own[i]);
        g_object_unref(other[i]);
    }
}

int main(int argc, char *argv[])
{
    setlocale(LC_ALL, "");
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/attempts/whose-words", test_whose_words);
    return g_test_run();
}
