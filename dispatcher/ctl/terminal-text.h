/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/printable.h"

#include <stdbool.h>
#include <stdint.h>

/* Text for people on a terminal, in UTF-8. Strings are owned by the caller; what others wrote goes
 * through model/printable.h first. */

/* What every terminal has; longer lines are broken. */
#define KS_TERMINAL_COLUMNS 80

/* Appends `text` in lines of at most KS_TERMINAL_COLUMNS, broken at blanks, and inside of a
 * word only if it fits no line. The first begins with `first`, the others are indented by `indent`
 * blanks. */
void ks_terminal_append_wrapped(GString *out, const char *first, unsigned indent, const char *text);

/* "2 h 5 min", "4 min 12 s", "30 s": what is most interesting of it. */
char *ks_terminal_duration(uint64_t seconds);

/* A moment (Unix time, seconds) in local time: "14:32:05", with its day if it is not today. */
char *ks_terminal_moment(int64_t moment);
