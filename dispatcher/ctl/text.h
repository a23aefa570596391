/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Text for people on a terminal. All of it is UTF-8; columns are those of a terminal, where some
 * characters take two and some take none. Strings are owned by the caller. */

/* What every terminal has; longer lines are broken. */
#define KS_TEXT_COLUMNS 80

/* A name from a profile takes at most this many columns. */
#define KS_TEXT_NAME_COLUMNS 40

unsigned ks_text_columns(const char *text);

/* What somebody else wrote, so that it cannot steer the terminal, reorder or hide what stands
 * beside it: control, format (bidirectional overrides, zero width) and unassigned characters and
 * line ends become U+FFFD, heaps of combining marks are cut, and so is what is longer than
 * `columns_max` (with an ellipsis). Bytes that are no UTF-8 become U+FFFD too. */
char *ks_text_printable(const char *text, unsigned columns_max);

/* ks_text_printable() of a name, with its usual length. */
char *ks_text_name(const char *name);

/* Appends `text` in lines of at most KS_TEXT_COLUMNS, broken at blanks, and inside of a
 * word only if it fits no line. The first begins with `first`, the others are indented by `indent`
 * blanks. */
void ks_text_append_wrapped(GString *out, const char *first, unsigned indent, const char *text);

/* "2 h 5 min", "4 min 12 s", "30 s": what is most interesting of it. */
char *ks_text_duration(uint64_t seconds);

/* A moment (Unix time, seconds) in local time: "14:32:05", with its day if it is not today. */
char *ks_text_moment(int64_t moment);
