/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose words the reason of a VPN's failure is. The journal is the test's: somebody's program has
 * always written there that the login was refused. */
#include "network/attempts.h"
#include "network/vpn-log.h"

#include <locale.h>

#define BY_NETWORKMANAGER KS_FAILURE_TIMEOUT
#define BY_JOURNAL        KS_FAILURE_LOGIN

/* Longer than it waits for the last words. */
#define PATIENCE_MS 1500

KsFailure ks_vpn_log_read(uint64_t from, uint64_t to)
{
    g_assert_cmpuint(from, <, to);
    return BY_JOURNAL;
}

/* `user`: NULL: everybody's. */
static NMConnection *make_profile(const char *user)
{
    NMConnection *profile = nm_simple_connection_new();
    NMSetting *setting = nm_setting_connection_new();

    if (user)
        nm_setting_connection_add_permission(NM_SETTING_CONNECTION(setting), "user", user, NULL);
    nm_connection_add_setting(profile, setting);
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
} rows[] = {
    { "alone", happen_alone, NULL, "eve", BY_JOURNAL },
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

/* All of them at once: each waits a second for the last words. */
static void test_whose_words(void)
{
    KsAttempts *attempts[G_N_ELEMENTS(rows)];
    NMConnection *own[G_N_ELEMENTS(rows)];
    NMConnection *other[G_N_ELEMENTS(rows)];
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        attempts[i] = ks_attempts_new(on_changed, NULL);
        own[i] = make_profile(rows[i].own);
        other[i] = make_profile(rows[i].other);
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
