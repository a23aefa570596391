/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "rules/trace.h"

/* Follows some packets through the kernel, as long as it is open: a table of its own marks them
 * (rules/trace-table.h), and the kernel tells what becomes of them. Closing it, or the end of the
 * process, takes the table away. */

typedef struct KsTracer KsTracer;

/* `traced`: element-type KsTraced. Returns 0, or a negative errno, also where the kernel knows no
 * table that goes with its owner (before Linux 5.12): then nothing is left behind. */
int ks_tracer_open(const GArray *traced, KsTracer **ret_tracer);
void ks_tracer_close(KsTracer *tracer);

/* Becomes readable when there is something to tell. */
int ks_tracer_fd(const KsTracer *tracer);

/* Takes what waits, or a good part of it: call it again while the socket is readable. */
void ks_tracer_drain(KsTracer *tracer, KsTrace *trace);
