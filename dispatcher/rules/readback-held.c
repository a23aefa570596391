/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/readback-held.h"

#include "rules/lock-table.h"

KsHeld ks_held_of(const KsReadback *readback)
{
    /* what strangers send here is no news to anybody */
    const KsCounterSeen *out = &readback->counters[KS_COUNTER_BLOCKED_OUT];
    const KsCounterSeen *forward = &readback->counters[KS_COUNTER_BLOCKED_FORWARD];

    return (KsHeld){
        .present = readback->present,
        .intact = ks_readback_is_intact(readback),
        .owned = ks_readback_is_owned(readback),
        .pause = readback->pause_ms,
        .blocked_packets = out->packets + forward->packets,
        .blocked_bytes = out->bytes + forward->bytes,
        .lock = readback->lock,
        .problems = readback->problems,
    };
}
