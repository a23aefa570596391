/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/aside.h"

#include <glib.h>

/* A disk that hangs while `hangs`, and what came of it. */
typedef struct {
    GMutex mutex;
    GCond changed;
    bool hangs;
    unsigned asked;
    const char *answer;
    bool ended;
    unsigned late; /* of the main thread alone */
    KsAside *aside;
} Disk;

static char *ask(void *data)
{
    Disk *disk = data;
    char *answer;

    g_mutex_lock(&disk->mutex);
    disk->asked++;
    g_cond_broadcast(&disk->changed);
    while (disk->hangs)
        g_cond_wait(&disk->changed, &disk->mutex);
    answer = g_strdup(disk->answer);
    g_mutex_unlock(&disk->mutex);
    return answer;
}

static void on_end(void *data)
{
    Disk *disk = data;

    g_mutex_lock(&disk->mutex);
    disk->ended = true;
    g_cond_broadcast(&disk->changed);
    g_mutex_unlock(&disk->mutex);
}

static void on_late(void *data)
{
    ((Disk *) data)->late++;
}

static void set_up(Disk *disk, const void *data)
{
    KsAsideWork work = { ask, on_end, on_late, disk, disk };

    (void) data;
    g_mutex_init(&disk->mutex);
    g_cond_init(&disk->changed);
    disk->aside = ks_aside_new(&work);
}

static void wait_for_asked(Disk *disk, unsigned asked)
{
    g_mutex_lock(&disk->mutex);
    while (disk->asked < asked)
        g_cond_wait(&disk->changed, &disk->mutex);
    g_assert_cmpuint(disk->asked, ==, asked);
    g_mutex_unlock(&disk->mutex);
}

/* Whatever hangs goes on, and ends. */
static void tear_down(Disk *disk, const void *data)
{
    (void) data;
    ks_aside_free(disk->aside);
    g_mutex_lock(&disk->mutex);
    disk->hangs = false;
    g_cond_broadcast(&disk->changed);
    g_mutex_unlock(&disk->mutex);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_mutex_lock(&disk->mutex);
    while (!disk->ended) { /* by the thread, or by what it told the main context */
        g_mutex_unlock(&disk->mutex);
        g_main_context_iteration(NULL, FALSE);
        g_thread_yield();
        g_mutex_lock(&disk->mutex);
    }
    g_mutex_unlock(&disk->mutex);
    g_mutex_clear(&disk->mutex);
    g_cond_clear(&disk->changed);
}

static void set_hangs(Disk *disk, bool hangs, const char *answer)
{
    g_mutex_lock(&disk->mutex);
    disk->hangs = hangs;
    disk->answer = answer;
    g_cond_broadcast(&disk->changed);
    g_mutex_unlock(&disk->mutex);
}

static void assert_answer(Disk *disk, bool wait, const char *expected)
{
    g_autofree char *answer = ks_aside_ask(disk->aside, wait);

    g_assert_cmpstr(answer, ==, expected);
}

static void wait_for_late(Disk *disk, unsigned late)
{
    while (disk->late < late)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(disk->late, ==, late);
}

static void test_waits(Disk *disk, const void *data)
{
    (void) data;
    assert_answer(disk, true, NULL);
    set_hangs(disk, false, "one");
    assert_answer(disk, true, "one");
    set_hangs(disk, false, "two");
    assert_answer(disk, true, "two");
    g_assert_cmpuint(disk->asked, ==, 3);
    g_assert_false(g_main_context_pending(NULL)); /* what was waited for is told nobody */
}

static void test_does_not_wait(Disk *disk, const void *data)
{
    (void) data;
    set_hangs(disk, true, "one");
    assert_answer(disk, false, NULL);
    wait_for_asked(disk, 1);
    assert_answer(disk, false, NULL);
    set_hangs(disk, false, "one");
    wait_for_late(disk, 1);
    set_hangs(disk, false, "two");
    assert_answer(disk, true, "two");
}

/* One that asks for the present does not get what one before it found. */
static void test_waits_for_both(Disk *disk, const void *data)
{
    (void) data;
    set_hangs(disk, true, "one");
    assert_answer(disk, false, NULL);
    wait_for_asked(disk, 1);
    set_hangs(disk, false, "two");
    assert_answer(disk, true, "two");
    g_assert_cmpuint(disk->asked, ==, 2);
}

static void test_hangs(Disk *disk, const void *data)
{
    gint64 begun;

    (void) data;
    set_hangs(disk, false, "before");
    assert_answer(disk, true, "before");
    set_hangs(disk, true, "after");
    begun = g_get_monotonic_time();
    assert_answer(disk, true, "before"); /* waits in vain, for so long */
    g_assert_cmpint(g_get_monotonic_time() - begun, >=, KS_ASIDE_WAIT_MS * 1000);
    for (unsigned i = 0; i < 1000; i++) /* and never again: by waiting, this took a quarter of an
                                         * hour, and no other thread hangs */
        assert_answer(disk, true, "before");
    wait_for_asked(disk, 2);
    set_hangs(disk, false, "after");
    wait_for_late(disk, 1);
    assert_answer(disk, false, "after");
}

static void test_is_freed_while_it_hangs(Disk *disk, const void *data)
{
    (void) data;
    set_hangs(disk, true, "late");
    assert_answer(disk, false, NULL);
    wait_for_asked(disk, 1);
    ks_aside_free(g_steal_pointer(&disk->aside));
    g_assert_false(disk->ended);
    set_hangs(disk, false, "late");
    while (!disk->ended) {
        g_main_context_iteration(NULL, FALSE);
        g_thread_yield();
    }
    g_assert_cmpuint(disk->late, ==, 0);
}

#define CASE(name, test) g_test_add("/aside/" name, Disk, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    CASE("waits", test_waits);
    CASE("does-not-wait", test_does_not_wait);
    CASE("waits-for-both", test_waits_for_both);
    CASE("hangs", test_hangs);
    CASE("freed", test_is_freed_while_it_hangs);
    return g_test_run();
}
