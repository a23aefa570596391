/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/lock.h"

/* Kinds of frames that are told of at once. */
#define KS_FRAME_TYPES_MAX 16u

/* What the kernel holds of the lock, without how: what people are told of it. */
typedef struct {
    bool present;
    bool intact;              /* present, and every rule, chain and set is what it should be */
    bool owned;               /* by somebody, and able to outlive them */
    uint64_t pause;           /* milliseconds that are left of a pause; 0: not paused */
    uint64_t blocked_packets; /* that this machine or its guests sent, since the lock closed */
    uint64_t blocked_bytes;
    const KsLock *lock;        /* the variable keys; anyone who read them owns them */
    const GPtrArray *problems; /* element-type char*: what is not as it should be, as sentences */
} KsHeld;
