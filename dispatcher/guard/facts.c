/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/guard-private.h"
#include "rules/readback-held.h"

void ks_guard_notify(KsGuard *guard)
{
    guard->observer.changed(false, guard->observer.data);
}

const char *const *ks_guard_always_on(const KsGuard *guard)
{
    const char *const *laid_down = ks_configuration_always_on(guard->configuration);

    return laid_down ? laid_down : (const char *const *) guard->always_on_now;
}

int64_t ks_guard_next_connect(const KsGuard *guard)
{
    int64_t next = ks_always_on_view(guard->always_on).next;

    return next > 0
               ? (g_get_real_time() / 1000 + MAX(next - g_get_monotonic_time() / 1000, 0) + 500) /
                     1000
               : 0;
}

KsStatusFacts ks_guard_facts(const KsGuard *guard)
{
    const KsReadback *second = ks_second_layer_held(ks_keeper_second_layer(guard->keeper));
    const char *const *laid_down = ks_configuration_always_on(guard->configuration);
    const KsSettings *settings = ks_engine_settings(guard->engine);
    g_autofree char *unlock_refusal =
        ks_configuration_refusal(guard->configuration, KS_CONFIGURATION_ALLOW_UNLOCK);

    return (KsStatusFacts){
        .engine = guard->engine,
        .world = ks_look_world(guard->look),
        .held = ks_held_of(ks_keeper_held(guard->keeper)),
        .trouble = ks_keeper_trouble(guard->keeper) != NULL ||
                   ks_keeper_is_paused_too_long(guard->keeper) || guard->was_broken,
        .pause_max = ks_configuration_pause_max(guard->configuration),
        .unlock_forbidden = unlock_refusal != NULL,
        .egress = ks_second_layer_stands(ks_keeper_second_layer(guard->keeper)),
        .problems = { ks_keeper_trouble(guard->keeper), guard->state_problem, guard->save_problem,
                      guard->vpns_problem,
                      ks_second_layer_problem(ks_keeper_second_layer(guard->keeper)),
                      guard->exceptions_problem, guard->exceptions_unsaved,
                      guard->exceptions_left_out },
        .booted = guard->booted,
        .frame_types = second->frame_types,
        .frame_types_count = second->frame_types_count,
        .refusals = ks_tracing_refusals(guard->tracing),
        .mode_source = ks_configuration_mode_source(guard->configuration),
        .always_on = ks_always_on_view(guard->always_on),
        .always_on_uuids = laid_down ? laid_down : (const char *const *) settings->always_on,
        .always_on_here = !laid_down && guard->is_always_on_here
                              ? (const char *const *) guard->always_on_now
                              : NULL,
        .always_on_source = ks_configuration_always_on_source(guard->configuration),
        .always_on_next = ks_guard_next_connect(guard),
        .configuration_warnings = ks_configuration_warnings(guard->configuration),
    };
}

bool ks_guard_is_right(const KsGuard *guard)
{
    KsStatusFacts facts = ks_guard_facts(guard);

    return ks_status_verified(&facts);
}

uint64_t ks_guard_pause_left(const KsGuard *guard)
{
    return ks_keeper_held(guard->keeper)->pause_ms;
}

bool ks_guard_is_settled(const KsGuard *guard)
{
    return ks_guard_is_right(guard) && ks_guard_pause_left(guard) == 0;
}
