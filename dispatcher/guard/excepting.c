/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "files/exceptions-file.h"
#include "guard/guard-private.h"
#include "kernel/clock.h"

/* Nobody means a longer while than this by one that ends. */
#define SECONDS_MAX (30u * 24 * 60 * 60)

/* As long as the kernel's clocks for timers and for sleep differ by themselves. */
#define SLEPT_US G_TIME_SPAN_SECOND

static uint32_t now(void)
{
    return (uint32_t) (ks_clock_now() / G_USEC_PER_SEC);
}

static gboolean on_ended(gpointer data)
{
    KsGuard *guard = data;

    guard->exceptions_source = 0;
    ks_guard_end_exceptions(guard);
    (void) ks_guard_follow(guard);
    return G_SOURCE_REMOVE;
}

/* The kernel ends them; what people see is to follow. */
static void watch(KsGuard *guard)
{
    uint32_t next = ks_exceptions_next_end(guard->exceptions);
    int64_t left = ((int64_t) next * G_USEC_PER_SEC - ks_clock_now()) / 1000;

    g_clear_handle_id(&guard->exceptions_source, g_source_remove);
    if (next > 0)
        guard->exceptions_source = g_timeout_add((guint) MAX(left + 1, 1), on_ended, guard);
}

static int64_t slept(void)
{
    return ks_clock_now() - g_get_monotonic_time();
}

static uint64_t booted(void)
{
    return (uint64_t) ((g_get_real_time() - ks_clock_now()) / G_USEC_PER_SEC);
}

void ks_guard_load_exceptions(KsGuard *guard)
{
    guard->exceptions = ks_exceptions_load(now(), &guard->exceptions_problem);
    if (guard->exceptions_problem)
        g_warning("%s", guard->exceptions_problem);
    if (ks_exceptions_are_unsaved())
        ks_guard_save_closed_exceptions(guard);
    guard->slept = slept();
    guard->booted = booted();
    watch(guard);
}

void ks_guard_end_exceptions(KsGuard *guard)
{
    bool has_slept = slept() - guard->slept > SLEPT_US;

    guard->slept = slept();
    guard->booted = booted();
    if (ks_exceptions_end(guard->exceptions, has_slept ? UINT32_MAX : now())) {
        g_message(has_slept ? "exceptions that were made for a while are ended: the machine slept"
                            : "an exception has ended by itself");
        (void) ks_exceptions_save(guard->exceptions, true, NULL); /* its end is in it */
        ks_guard_notify(guard);
    }
    watch(guard);
}

/* Takes over `changed`. */
static void replace(KsGuard *guard, KsExceptions *changed)
{
    ks_exceptions_free(guard->exceptions);
    guard->exceptions = changed;
    ks_guard_put_exceptions(guard);
    watch(guard);
}

/* What opens: the disk first, so that what cannot be saved is not in force. What the kernel does
 * not take is not wanted either, or it would open later, without a word. */
static bool hold_added(KsGuard *guard, KsExceptions *changed, bool ending, GError **error)
{
    g_autoptr(KsExceptions) now = changed;
    g_autoptr(KsExceptions) before = ks_exceptions_copy(guard->exceptions);

    if (!ks_exceptions_save(now, ending, error)) {
        g_prefix_error(error, "Nothing was changed, because it could not be saved: ");
        return false;
    }
    replace(guard, g_steal_pointer(&now));
    if (ks_guard_report(guard, ks_guard_follow(guard), error)) {
        g_clear_pointer(&guard->exceptions_problem, g_free);
        ks_guard_save_again(guard);
        return true;
    }
    g_message("the kernel did not take the exception, and it is taken back");
    replace(guard, g_steal_pointer(&before));
    ks_guard_save_closed_exceptions(guard);
    (void) ks_guard_follow(guard);
    return false;
}

/* What the whole of the wish is, on a network that is connected now, in bounds. */
static bool try_to_add(const KsGuard *guard, const KsExceptionWish *wish, uint32_t until,
                       KsExceptions *ret_changed, GError **error)
{
    g_autoptr(KsExceptions) all = ks_exceptions_copy(guard->exceptions_in_force);
    const KsWorld *world = ks_look_world(guard->look);
    g_auto(KsExceptionNetwork) on = { 0 };
    KsExceptionWish whole = *wish;

    if (wish->on.uuid && !ks_exception_network_find(world, wish->on.uuid, &on, error))
        return false;
    whole.on = on;
    return ks_exceptions_add(all, &whole, world, until, error) &&
           ks_exceptions_add(ret_changed, &whole, NULL, until, error);
}

bool ks_guard_add_exception(KsGuard *guard, KsGuardDoing doing, const KsExceptionWish *wish,
                            uint32_t seconds, GError **error)
{
    g_autoptr(KsExceptions) changed = ks_exceptions_copy(guard->exceptions);
    uint32_t until = 0;

    if (seconds > SECONDS_MAX) {
        g_set_error_literal(error, KS_ERROR, KS_ERROR_INVALID_ARGUMENTS,
                            "An exception that ends by itself lasts 30 days at most.");
        return false;
    }
    if (seconds > 0) /* rounded up */
        until = now() + 1 + seconds + KS_EXCEPTION_EARLIER;
    if (!try_to_add(guard, wish, until, changed, error))
        return false;
    if (doing == KS_GUARD_TRY)
        return true;
    g_message("an exception was made on request%s: %s %s", wish->on.uuid ? " for one network" : "",
              wish->from ? "from" : "to", wish->from ? wish->from : wish->to);
    return hold_added(guard, g_steal_pointer(&changed), seconds > 0, error);
}

/* False. `error` says that people made none of this name. */
static bool explain_remaining(const KsGuard *guard, const char *name, GError **error)
{
    const KsExceptionEntry *entry = ks_exceptions_find(guard->exceptions_in_force, name);

    if (!entry || !entry->source)
        return false;
    g_clear_error(error);
    g_set_error(error, KS_ERROR, KS_ERROR_FORBIDDEN,
                "The administrator of this machine has laid down this exception (%s).",
                entry->source);
    return false;
}

/* What closes: the kernel first. While one that is closed could not be saved, to close it once more
 * is to save it. */
bool ks_guard_remove_exception(KsGuard *guard, KsGuardDoing doing, const char *name, GError **error)
{
    g_autoptr(KsExceptions) changed = ks_exceptions_copy(guard->exceptions);
    bool is_unsaved = guard->exceptions_unsaved && ks_exceptions_are_saved_with(name);
    bool is_there = ks_exceptions_remove(changed, name, is_unsaved ? NULL : error);
    bool followed = true;

    if (!is_there && !is_unsaved)
        return explain_remaining(guard, name, error);
    if (doing == KS_GUARD_TRY)
        return true;
    if (is_there) {
        g_message("an exception was removed on request");
        replace(guard, g_steal_pointer(&changed));
        followed = ks_guard_follow(guard);
    }
    ks_guard_save_closed_exceptions(guard);
    ks_guard_notify(guard);
    if (guard->exceptions_unsaved) {
        g_set_error_literal(error, KS_ERROR, KS_ERROR_STATE, guard->exceptions_unsaved);
        return false;
    }
    return ks_guard_report(guard, followed, error);
}
