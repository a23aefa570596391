/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

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

void ks_guard_save(KsGuard *guard)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *before = g_steal_pointer(&guard->save_problem);
    KsSettings settings = *ks_engine_settings(guard->engine); /* borrows what it points to */

    settings.locked |= guard->boot_skipped;
    g_clear_handle_id(&guard->save_source, g_source_remove);
    if (ks_store_save(guard->store, &settings, &error)) {
        if (before)
            g_message("the state is saved now");
        return;
    }
    guard->save_problem = g_strdup_printf("The state could not be saved, so what you see now will "
                                          "not outlast a reboot: %s.",
                                          error->message);
    if (g_strcmp0(before, guard->save_problem) != 0)
        g_warning("%s", guard->save_problem);
    guard->save_source = g_timeout_add_seconds(AGAIN_SECONDS, on_again, guard);
}

void ks_guard_save_again(KsGuard *guard)
{
    if (guard->save_problem)
        ks_guard_save(guard);
}

void ks_guard_heed_word(KsGuard *guard)
{
    guard->boot_skipped = false;
    g_clear_pointer(&guard->state_problem, g_free);
}
