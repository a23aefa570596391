/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* Text for people in a window. Strings are owned by the caller. */

/* A name that somebody else wrote, so that it cannot reorder, hide or fill what stands beside it:
 * control and format characters become U+FFFD, and what is too long ends in an ellipsis. */
char *ks_text_printable(const char *text);

/* The same for whole sentences and identifiers. */
char *ks_text_printable_long(const char *text);

/* "4 min", "1 h 5 min": what is left, rounded up to whole minutes; under one: "less than a minute".
 */
char *ks_text_left(int64_t seconds);

/* A time of day as the locale writes it: "14:32". */
char *ks_text_moment(int64_t moment);
