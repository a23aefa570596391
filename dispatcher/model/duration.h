/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

/* A duration as people write it: a whole number and at most one unit, `90`, `90s`, `5m`, `2h`, and
 * nothing else: no sign, blank, fraction, capital or second unit. A bare number is seconds. */

/* Room for any ks_duration_text(), with the final NUL. */
#define KS_DURATION_TEXT_SIZE 12

/* 0; -EINVAL if `text` is no duration (or NULL); -ERANGE if it is one that no uint32_t of seconds
 * can hold. ret_seconds may become 0: whether that makes sense is the caller's to say. */
int ks_duration_parse(const char *text, uint32_t *ret_seconds);

/* In the largest unit that leaves no rest: "2h", "90m", "90s", "0s". Parsing it gives the same
 * number. Returns `text`. */
const char *ks_duration_text(uint32_t seconds, char text[KS_DURATION_TEXT_SIZE]);
