/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Exit statuses of the contract (data/doc/contract.md). */
typedef enum {
    KS_EXIT_DONE = 0,
    KS_EXIT_FAILED = 1,
    KS_EXIT_USAGE = 2,
    KS_EXIT_NOT_AUTHORISED = 3,
    KS_EXIT_NO_GUARD = 4,
    KS_EXIT_NOT_LOCKED = 5,    /* status --check: not locked, or not verified */
    KS_EXIT_LEAKED = 6,        /* test: something left without a VPN */
    KS_EXIT_UNJUDGED = 7,      /* test: it cannot be said */
    KS_EXIT_INTERRUPTED = 130, /* status --watch: ended by Ctrl-C, as shells have it */
} KsExitStatus;
