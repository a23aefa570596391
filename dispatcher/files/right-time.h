/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

/* Whether this machine's clock can be right: VPN servers' certificates are judged by it, and the
 * time servers that would set it are out of reach while it is locked. */

/* What speaks against the clock. All in seconds since 1970; 0: not known. */
typedef struct {
    int64_t now;
    int64_t written;  /* when something was written here last: it is later than that */
    int64_t hardware; /* the hardware's clock */
} KsTimes;

/* Returns a sentence for people, to be freed; NULL unless it is wrong by more than a day. */
char *ks_right_time_doubt(const KsTimes *times);

/* The same for this machine as it is. */
char *ks_right_time_look(void);
