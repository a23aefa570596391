/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/aside.h"

#include <glib.h>

#define WAIT (KS_ASIDE_WAIT_MS * G_TIME_SPAN_MILLISECOND)

struct KsAside {
    int holders; /* who asks, its thread, and what is yet to be told; atomic */
    KsAsideWork work;
    GMutex mutex; /* of all that follows */
    GCond done;
    bool busy;
    bool slow;        /* the last answer was, or is */
    unsigned waiting; /* for it */
    bool gone;        /* nobody asks any more */
    char *answer;
    char *returned; /* what was said last */
};

static KsAside *hold(KsAside *aside)
{
    g_atomic_int_inc(&aside->holders);
    return aside;
}

static void release(void *data)
{
    KsAside *aside = data;

    if (!g_atomic_int_dec_and_test(&aside->holders))
        return;
    if (aside->work.end)
        aside->work.end(aside->work.data);
    g_mutex_clear(&aside->mutex);
    g_cond_clear(&aside->done);
    g_free(aside->answer);
    g_free(aside->returned);
    g_free(aside);
}

KsAside *ks_aside_new(const KsAsideWork *work)
{
    KsAside *aside = g_new0(KsAside, 1);

    aside->holders = 1;
    aside->work = *work;
    g_mutex_init(&aside->mutex);
    g_cond_init(&aside->done);
    return aside;
}

void ks_aside_free(KsAside *aside)
{
    if (!aside)
        return;
    g_mutex_lock(&aside->mutex);
    aside->gone = true;
    g_mutex_unlock(&aside->mutex);
    release(aside);
}

static gboolean on_done(void *data)
{
    KsAside *aside = data;
    bool is_news;

    g_mutex_lock(&aside->mutex);
    is_news = !aside->gone && g_strcmp0(aside->answer, aside->returned) != 0;
    g_mutex_unlock(&aside->mutex);
    if (is_news)
        aside->work.late(aside->work.listener);
    return G_SOURCE_REMOVE;
}

static void *ask(void *data)
{
    KsAside *aside = data;
    gint64 begun = g_get_monotonic_time();
    char *answer = aside->work.ask(aside->work.data);
    bool is_awaited;

    g_mutex_lock(&aside->mutex);
    g_free(aside->answer);
    aside->answer = answer;
    aside->slow = g_get_monotonic_time() - begun > WAIT;
    aside->busy = false;
    is_awaited = aside->waiting > 0;
    g_cond_broadcast(&aside->done);
    g_mutex_unlock(&aside->mutex);
    if (!is_awaited)
        g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, on_done, hold(aside), release);
    release(aside);
    return NULL;
}

/* Without memory for a thread the answer stays as it is. */
static void begin(KsAside *aside)
{
    GThread *thread = g_thread_try_new("aside", ask, hold(aside), NULL);

    if (!thread) {
        release(aside);
        return;
    }
    g_thread_unref(thread);
    aside->busy = true;
}

static void wait_for_it(KsAside *aside, gint64 end)
{
    aside->waiting++;
    while (aside->busy && !aside->slow)
        if (!g_cond_wait_until(&aside->done, &aside->mutex, end))
            aside->slow = aside->busy;
    aside->waiting--;
}

char *ks_aside_ask(KsAside *aside, bool wait)
{
    gint64 end = g_get_monotonic_time() + WAIT;
    char *answer;

    g_mutex_lock(&aside->mutex);
    if (wait) /* for one that began before this: it may have seen what was then */
        wait_for_it(aside, end);
    if (!aside->busy) {
        begin(aside);
        if (wait)
            wait_for_it(aside, end);
    }
    g_free(aside->returned);
    aside->returned = g_strdup(aside->answer);
    answer = g_strdup(aside->answer);
    g_mutex_unlock(&aside->mutex);
    return answer;
}
