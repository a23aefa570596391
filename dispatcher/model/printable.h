/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Foreign text on its way to people. Columns are a terminal's, where some characters take two and
 * some none. */

/* A name from a profile takes at most this many. */
#define KS_PRINTABLE_NAME_COLUMNS 40

/* More combining marks on one letter than any script needs are cut. */
#define KS_PRINTABLE_MARKS_MAX 3

/* What is printable within so many columns has at most so many bytes: a letter and its marks a
 * column, of four bytes of UTF-8 each (RFC 3629). */
#define KS_PRINTABLE_BYTES_MAX(columns) ((size_t) (columns) * (1 + KS_PRINTABLE_MARKS_MAX) * 4)

unsigned ks_printable_columns_of(gunichar c);
unsigned ks_printable_columns(const char *text); /* UTF-8 */

/* A copy of what others wrote, which cannot steer a terminal, nor reorder, hide or fill what stands
 * beside it. Control, format (bidirectional overrides, zero width), private and unassigned
 * characters, line ends and bytes that are no UTF-8 become U+FFFD. Heaps of combining marks are
 * cut, and what is longer than `columns_max` ends in an ellipsis. Owned by the caller. */
char *ks_printable(const char *text, unsigned columns_max);
char *ks_printable_name(const char *name);

/* The same for a log: in double quotes, with a backslash before each of its own and each backslash.
 * `nm-killswitch report` replaces what stands so. Owned by the caller. */
char *ks_printable_quoted(const char *text);

/* It is UTF-8, and nothing of it would be replaced. */
bool ks_printable_is(const char *text);
