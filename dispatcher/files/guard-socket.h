/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The guard's socket, for root's other programs (the hook has its own way: it links the C library
 * alone). */

/* The guard answers within milliseconds; one that needs longer than this hangs. */
#define KS_GUARD_ANSWER_SECONDS 5

/* A connection, whose calls wait for as long. Returns a descriptor or a negative errno. */
int ks_guard_socket_open(void);
