/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "rules/skeleton.h"

#include <glib.h>

/* What was seen of a table of ours in the kernel. Nothing here is ever what we wished: the state
 * that people see is made from this alone. readback.c fills it. */

struct nlmsghdr;

/* Not in the kernel headers of Debian 12 (linux/netfilter/nf_tables.h, since Linux 6.9). */
#define KS_TABLE_F_PERSIST 0x4u

/* Flags of a table that outlives its owner and that nobody else may change. */
#define KS_TABLE_F_OWNED (NFT_TABLE_F_OWNER | KS_TABLE_F_PERSIST)

typedef struct {
    bool present;
    bool wrong; /* there, but at another hook or priority */
    unsigned rules_seen;
    unsigned last; /* of the numbered ones, by its place among all of them; 0: none yet */
} KsChainSeen;

/* Numbers that a byte can hold. */
#define KS_NUMBERS_MAX 256

typedef struct {
    bool present;
    bool wrong; /* there, but of another type, with other flags, or with what is not ours in it */
    unsigned constants_seen;
} KsSetSeen;

typedef struct {
    bool present;
    uint64_t packets;
    uint64_t bytes;
} KsCounterSeen;

typedef struct {
    const KsSkeleton *skeleton; /* the table that should be */

    bool present;
    uint32_t flags; /* NFT_TABLE_F_* */
    uint32_t owner; /* netlink port of the owner, 0 if it has none */

    /* by their places in the skeleton */
    KsChainSeen *chains;
    KsSetSeen *sets;
    KsCounterSeen *counters;

    GPtrArray *foreign_chains; /* element-type char*: in our table and not ours */
    GPtrArray *foreign_sets;   /* without anonymous ones, which go with their rules */

    GArray *boundaries[KS_SET_MAX]; /* of range sets, as they come; for ks_readback_finish() */
    KsLock *lock;                   /* the variable sets' keys, sealed by ks_readback_finish() */
    bool unreadable;   /* something of ours could not be understood, so that it cannot be mended */
    bool torn;         /* an element was told twice, so another one was not: to be read again */
    uint64_t pause_ms; /* what was left of a pause at read_at, 0: not paused */
    int64_t read_at;   /* microseconds since the boot, sleep included, by the one who reads */

    GPtrArray *problems; /* element-type char*: what is not as it should be, as whole sentences */

    /* of frames that were dropped lately, in the order of the kernel's telling */
    uint16_t frame_types[KS_FRAME_TYPES_MAX];
    unsigned frame_types_count;

    uint8_t numbered[KS_NUMBERS_MAX]; /* which forms of each number were seen, a bit each */

    /* a list for each chain (readback-rules.c): what the kernel said of a rule when it was found to
     * be ours. To say the same again is enough. */
    GPtrArray **seen_right;
} KsReadback;

/* Present and without a problem: every rule, chain and set is exactly the skeleton's. */
bool ks_readback_is_intact(const KsReadback *readback);

/* Owned by somebody and able to outlive them (NFT_TABLE_F_OWNER | NFT_TABLE_F_PERSIST). */
bool ks_readback_is_owned(const KsReadback *readback);

/* Adds a whole sentence to what is not as it should be. */
void ks_readback_problem(KsReadback *readback, const char *format, ...) G_GNUC_PRINTF(2, 3);
