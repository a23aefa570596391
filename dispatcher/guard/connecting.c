/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "guard/guard-private.h"
#include "policy/always-on-here.h"
#include "policy/status-always-on.h"

/* Asks NetworkManager for the VPN that is always on. After the kernel has the lock, and never on an
 * event's way to it: what the lock lets out follows from the world alone. */

static int64_t now_ms(void)
{
    return g_get_monotonic_time() / 1000;
}

/* One line for each change. */
static void log_view(KsGuard *guard)
{
    KsAlwaysOnView view = ks_always_on_view(guard->always_on);
    bool was_off = guard->always_on_told.state == KS_ALWAYS_ON_OFF;

    if (view.state == guard->always_on_told.state && view.wait == guard->always_on_told.wait &&
        g_strcmp0(view.uuid, guard->always_on_told.uuid) == 0)
        return;
    g_free(guard->always_on_told.uuid);
    guard->always_on_told.state = view.state;
    guard->always_on_told.wait = view.wait;
    guard->always_on_told.uuid = g_strdup(view.uuid);
    if (was_off && view.state == KS_ALWAYS_ON_OFF)
        return;
    g_message("always on: %s%s%s%s%s", ks_always_on_state_name(view.state),
              view.wait ? ", because " : "", ks_wait_name(view.wait), view.uuid ? ": " : "",
              view.uuid ? view.uuid : "");
    ks_guard_notify(guard);
}

static void remember_held(KsGuard *guard)
{
    bool held = ks_always_on_is_held(guard->always_on);

    if (held == guard->held_saved)
        return;
    ks_store_note_held(guard->store, held);
    guard->held_saved = held;
}

/* `wake`: as now_ms() counts; 0: nothing is waited for. */
static void wake_by(KsGuard *guard, int64_t wake)
{
    g_source_set_ready_time(guard->connect_source, wake > 0 ? wake * 1000 : -1);
}

/* NetworkManager's objects tell what became of it: they are looked at again. */
static void on_answered(bool taken, void *data)
{
    KsGuard *guard = data;

    ks_always_on_answer(guard->always_on, taken);
    wake_by(guard, now_ms());
}

void ks_guard_connect(KsGuard *guard)
{
    KsManager *manager = ks_look_manager(guard->look);
    const KsSettings *settings = ks_engine_settings(guard->engine);
    const KsWorld *world = ks_look_world(guard->look);
    const char *here = ks_always_on_here(settings, world);
    const char *const *chosen;
    KsAlwaysOnStep step;

    g_strfreev(guard->always_on_now);
    guard->always_on_now = ks_always_on_list(settings, here);
    guard->is_always_on_here = here != NULL;
    chosen = ks_guard_always_on(guard);
    if (chosen && chosen[0])
        ks_look_at_logins(guard->look);
    ks_always_on_choose(guard->always_on, chosen);
    step =
        ks_always_on_observe(guard->always_on, world, ks_engine_tunnels(guard->engine), now_ms());
    remember_held(guard);
    log_view(guard);
    wake_by(guard, step.wake);
    if (step.what == KS_STEP_NOTHING)
        return;
    if (!manager ||
        !ks_manager_ask(manager, step.uuid, step.what == KS_STEP_CONNECT, on_answered, guard)) {
        ks_always_on_answer(guard->always_on, false);
        wake_by(guard, now_ms()); /* it counts as refused */
    }
}
