/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/exceptions-in-force.h"

#include "guard/guard-private.h"

void ks_guard_put_exceptions(KsGuard *guard)
{
    KsExceptions *before = guard->exceptions_in_force;

    g_clear_pointer(&guard->exceptions_left_out, g_free);
    guard->exceptions_in_force = ks_exceptions_in_force(guard->configuration, guard->exceptions,
                                                        &guard->exceptions_left_out);
    ks_look_world(guard->look)->exceptions = guard->exceptions_in_force;
    ks_exceptions_free(before);
}
