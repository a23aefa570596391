/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

/* The clock that goes on while the machine sleeps. The kernel's timers stand still meanwhile, a
 * pause's end in nf_tables among them. */

/* Microseconds since the machine was started, asleep or awake. */
int64_t ks_clock_now(void);

/* A descriptor that can be read once the machine has woken up, or somebody has set its clock.
 * Returns it, to be closed by the caller, or -errno. */
int ks_clock_open(void);

/* Makes it wait for the next time. */
void ks_clock_drain(int fd);
