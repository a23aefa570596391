/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "files/exceptions-file.h"
#include "guard/guard-private.h"

/* How often a disk that did not take the state is asked again: it may be full only for a while. */
#define AGAIN_SECONDS 30

static gboolean on_again(gpointer data)
{
    KsGuard *guard = data;

    guard->save_source = 0;
    ks_guard_save_again(guard);
    ks_guard_notify(guard);
    return G_SOURCE_REMOVE;
}

/* Of `problem`, which is taken over: why it could not be saved, NULL if it is. */
static void note(KsGuard *guard, char **held, char *problem, const char *saved)
{
    g_autofree char *before = *held;

    *held = problem;
    if (problem && g_strcmp0(before, problem) != 0)
        g_warning("%s", problem);
    else if (before && !problem)
        g_message("%s", saved);
    g_clear_handle_id(&guard->save_source, g_source_remove);
    if (guard->save_problem || guard->exceptions_unsaved)
        guard->save_source = g_timeout_add_seconds(AGAIN_SECONDS, on_again, guard);
}

void ks_guard_save(KsGuard *guard)
{
    g_autoptr(GError) error = NULL;
    KsSettings settings = *ks_engine_settings(guard->engine); /* borrows what it points to */
    char *problem = NULL;

    settings.locked |= guard->boot_skipped;
    if (!ks_store_save(guard->store, &settings, &error))
        problem = g_strdup_printf("The state could not be saved, so what you see now will "
                                  "not outlast a reboot: %s.",
                                  error->message);
    note(guard, &guard->save_problem, problem, "the state is saved now");
}

void ks_guard_save_closed_exceptions(KsGuard *guard)
{
    g_autoptr(GError) error = NULL;
    char *problem = NULL;

    if (!ks_exceptions_save_closed(guard->exceptions, &error))
        problem = g_strdup_printf("An exception is closed, but that could not be saved, and it "
                                  "would be back after a reboot: %s.",
                                  error->message);
    note(guard, &guard->exceptions_unsaved, problem, "the exceptions are saved now");
}

void ks_guard_save_again(KsGuard *guard)
{
    if (guard->save_problem)
        ks_guard_save(guard);
    if (guard->exceptions_unsaved)
        ks_guard_save_closed_exceptions(guard);
}

void ks_guard_heed_word(KsGuard *guard)
{
    guard->boot_skipped = false;
    g_clear_pointer(&guard->state_problem, g_free);
}
