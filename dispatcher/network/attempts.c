/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-network"

#include "network/attempts.h"

#include "network/vpn-log.h"
#include "network/vpn-profile.h"

#include <gio/gio.h>

#define SECOND ((gint64) G_USEC_PER_SEC)

/* NetworkManager tells of it a moment after the first words, and before the last are in the
 * journal. */
#define BEFORE (1 * SECOND)
#define AFTER  (1 * SECOND)

/* So long a VPN's program may still write when NetworkManager says that it is down, or knows it no
 * more: plugins give theirs some seconds until they kill it, and charon-nm lives on. */
#define LINGER (10 * SECOND)

/* Of a VPN that was up for days only the end says something. */
#define LENGTH_MAX (600 * SECOND)

typedef enum { END_UNKNOWN, END_BY_PERSON, END_BY_OTHERS } End;

/* Times are the clock's that it was given. */
typedef struct {
    KsFailure failure;
    gint64 began; /* 0: not known */
    bool running;
    bool alone;
    char **users; /* whose profile it was when it was last active; NULL: everybody's */
    bool runs_pppd;
    bool active;     /* tried or up: its program may write */
    gint64 inactive; /* since then, if it ever was active */
    bool asked_here; /* this program has asked NetworkManager to end it */
    End end;         /* what was told of it first */
    unsigned number;
} Attempt;

struct KsAttempts {
    gint64 (*clock)(void);
    void (*changed)(void *data);
    void *data;
    GHashTable *attempts; /* profile -> Attempt* */
    const void *asked;    /* the profile whose end was asked for last; NULL: none's */
    gint64 forgotten;     /* until then programs may have run of which nothing is known here */
    GCancellable *cancellable;
    unsigned count;
};

typedef struct {
    KsAttempts *attempts;
    const void *profile;
    unsigned number;
    gint64 since; /* from and to are the same moments as the journal has them */
    gint64 from;
    gint64 to;
    bool with_pppd;
} Reading;

static void free_attempt(gpointer data)
{
    Attempt *attempt = data;

    g_strfreev(attempt->users);
    g_free(attempt);
}

KsAttempts *ks_attempts_new(gint64 (*clock)(void), void (*changed)(void *data), void *data)
{
    KsAttempts *attempts = g_new0(KsAttempts, 1);

    attempts->clock = clock;
    attempts->changed = changed;
    attempts->data = data;
    attempts->attempts = g_hash_table_new_full(NULL, NULL, NULL, free_attempt);
    attempts->cancellable = g_cancellable_new();
    ks_attempts_clear(attempts);
    return attempts;
}

void ks_attempts_free(KsAttempts *attempts)
{
    g_cancellable_cancel(attempts->cancellable);
    g_object_unref(attempts->cancellable);
    g_hash_table_unref(attempts->attempts);
    g_free(attempts);
}

static Attempt *find(KsAttempts *attempts, const void *profile)
{
    Attempt *attempt = g_hash_table_lookup(attempts->attempts, profile);

    if (!attempt) {
        attempt = g_new0(Attempt, 1);
        g_hash_table_insert(attempts->attempts, (void *) profile, attempt);
    }
    return attempt;
}

static void note_active(Attempt *attempt, NMConnection *profile)
{
    g_strfreev(attempt->users);
    attempt->users = ks_vpn_profile_users(profile);
    attempt->runs_pppd = ks_vpn_profile_runs_pppd(profile);
    attempt->active = true;
}

static void note_inactive(KsAttempts *attempts, const void *profile)
{
    Attempt *attempt = find(attempts, profile);

    attempt->active = false;
    attempt->inactive = attempts->clock();
}

void ks_attempts_begin(KsAttempts *attempts, NMConnection *profile)
{
    Attempt *attempt = find(attempts, profile);
    GHashTableIter iter;
    gpointer other;

    if (attempt->running)
        return;
    g_strfreev(attempt->users);
    *attempt = (Attempt){
        .began = attempts->clock(), .running = true, .alone = true, .number = ++attempts->count
    };
    note_active(attempt, profile);
    g_hash_table_iter_init(&iter, attempts->attempts);
    while (g_hash_table_iter_next(&iter, NULL, &other))
        if (other != attempt && ((Attempt *) other)->running)
            attempt->alone = ((Attempt *) other)->alone = false;
}

void ks_attempts_succeed(KsAttempts *attempts, NMConnection *profile)
{
    Attempt *attempt = find(attempts, profile);

    note_active(attempt, profile);
    attempt->failure = KS_FAILURE_NONE;
    attempt->running = false;
    attempt->asked_here = false;
    attempt->end = END_UNKNOWN;
}

static void read_now(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    const Reading *reading = data;

    (void) source;
    (void) cancellable;
    g_usleep((gulong) AFTER); /* the words that end at this moment are still on their way */
    g_task_return_int(task, (gssize) ks_vpn_log_read((uint64_t) reading->from,
                                                     (uint64_t) reading->to, reading->with_pppd));
}

static bool are_same_users(char **a, char **b)
{
    return a && b && g_strv_equal((const char *const *) a, (const char *const *) b);
}

/* What was written before may be the words of a server that somebody else chose; G_MAXINT64: what
 * is written now, too. */
static gint64 strangers_until(const KsAttempts *attempts, const Attempt *attempt)
{
    gint64 until = attempts->forgotten + LINGER;
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, attempts->attempts);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Attempt *other = value;

        if (other == attempt || !other->users || are_same_users(other->users, attempt->users))
            continue;
        if (other->active)
            return G_MAXINT64;
        until = MAX(until, other->inactive + LINGER);
    }
    return until;
}

static void on_read(GObject *source, GAsyncResult *result, gpointer data)
{
    const Reading *reading = g_task_get_task_data(G_TASK(result));
    g_autoptr(GError) error = NULL;
    gssize failure = g_task_propagate_int(G_TASK(result), &error);
    Attempt *attempt;

    (void) source;
    (void) data;
    if (error || failure == KS_FAILURE_NONE)
        return; /* cancelled, and the attempts are freed; or the journal says nothing */
    attempt = g_hash_table_lookup(reading->attempts->attempts, reading->profile);
    if (!attempt || attempt->number != reading->number || attempt->running ||
        strangers_until(reading->attempts, attempt) > reading->since)
        return;
    attempt->failure = (KsFailure) failure;
    reading->attempts->changed(reading->attempts->data);
}

static void fail(KsAttempts *attempts, const void *profile, KsFailure failure)
{
    Attempt *attempt = find(attempts, profile);
    gint64 now = attempts->clock();
    gint64 real = g_get_real_time() - now;
    g_autoptr(GTask) task = NULL;
    Reading *reading;
    gint64 since;

    attempt->failure = failure;
    attempt->running = false;
    if (attempt->end == END_UNKNOWN)
        attempt->end = END_BY_OTHERS;
    since = MAX(attempt->began - BEFORE, now - LENGTH_MAX);
    since = MAX(since, strangers_until(attempts, attempt));
    if (attempt->began == 0 || !attempt->alone || since >= now + AFTER)
        return;
    reading = g_new0(Reading, 1);
    *reading = (Reading){ .attempts = attempts,
                          .profile = profile,
                          .number = attempt->number,
                          .since = since,
                          .from = MAX(real + since, 0),
                          .to = real + now + AFTER,
                          .with_pppd = attempt->runs_pppd };
    task = g_task_new(NULL, attempts->cancellable, on_read, NULL);
    g_task_set_task_data(task, reading, g_free);
    g_task_run_in_thread(task, read_now);
}

/* The first word decides: after it NetworkManager says "user-disconnected" of a VPN whose profile
 * was deleted, too (nm-vpn-connection.c, dispatcher_pre_down_done()). */
static void note_end(KsAttempts *attempts, const void *profile, unsigned reason)
{
    Attempt *attempt = find(attempts, profile);

    attempt->running = false;
    if (attempt->end == END_UNKNOWN && reason > NM_ACTIVE_CONNECTION_STATE_REASON_NONE)
        attempt->end = reason == NM_ACTIVE_CONNECTION_STATE_REASON_USER_DISCONNECTED
                           ? END_BY_PERSON
                           : END_BY_OTHERS;
}

/* A VPN's program that stops being connected without a word is a failure, too: NetworkManager gives
 * no reason (nm-vpn-connection.c), where it gives one for whatever a person or the network does. */
static KsFailure failure_of(bool by_plugin, unsigned reason)
{
    if (reason == NM_ACTIVE_CONNECTION_STATE_REASON_UNKNOWN && by_plugin)
        return KS_FAILURE_SERVICE;
    return ks_failure_of(reason);
}

void ks_attempts_hear(KsAttempts *attempts, NMConnection *profile, bool by_plugin, unsigned state,
                      unsigned reason)
{
    KsFailure failure = failure_of(by_plugin, reason);

    if (state == NM_ACTIVE_CONNECTION_STATE_DEACTIVATED)
        note_inactive(attempts, profile);
    if (state == NM_ACTIVE_CONNECTION_STATE_ACTIVATED)
        ks_attempts_succeed(attempts, profile);
    else if (state == NM_ACTIVE_CONNECTION_STATE_ACTIVATING)
        ks_attempts_begin(attempts, profile);
    else if (failure != KS_FAILURE_NONE)
        fail(attempts, profile, failure);
    else
        note_end(attempts, profile, reason);
}

bool ks_attempts_ended_by_person(const KsAttempts *attempts, const void *profile)
{
    const Attempt *attempt = g_hash_table_lookup(attempts->attempts, profile);

    return attempt && attempt->end == END_BY_PERSON;
}

void ks_attempts_ask_end(KsAttempts *attempts, const void *profile)
{
    attempts->asked = profile;
    if (profile)
        find(attempts, profile)->asked_here = true;
}

void ks_attempts_refuse_end(KsAttempts *attempts)
{
    Attempt *attempt = g_hash_table_lookup(attempts->attempts, attempts->asked);

    if (attempt)
        attempt->asked_here = false;
    attempts->asked = NULL;
}

bool ks_attempts_asked_end(const KsAttempts *attempts, const void *profile)
{
    const Attempt *attempt = g_hash_table_lookup(attempts->attempts, profile);

    return attempt && attempt->asked_here;
}

void ks_attempts_forget(KsAttempts *attempts, const void *profile)
{
    const Attempt *attempt = g_hash_table_lookup(attempts->attempts, profile);

    if (attempt && attempt->users)
        attempts->forgotten = attempts->clock();
    g_hash_table_remove(attempts->attempts, profile);
}

void ks_attempts_clear(KsAttempts *attempts)
{
    attempts->forgotten = attempts->clock();
    g_hash_table_remove_all(attempts->attempts);
}

KsFailure ks_attempts_failure(const KsAttempts *attempts, const void *profile)
{
    const Attempt *attempt = g_hash_table_lookup(attempts->attempts, profile);

    return attempt ? attempt->failure : KS_FAILURE_NONE;
}

unsigned ks_attempts_number(const KsAttempts *attempts, const void *profile)
{
    const Attempt *attempt = g_hash_table_lookup(attempts->attempts, profile);

    return attempt ? attempt->number : 0;
}
