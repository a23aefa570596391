/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/printable.h"

#include <stdbool.h>
#include <stdint.h>

/* Text for people in a window. Strings are owned by the caller. */

/* At most so much of a sentence that others wrote; see model/printable.h. */
#define KS_TEXT_SENTENCE_COLUMNS 400

/* "4 min", "1 h 5 min": what is left, rounded up to whole minutes; under one: "less than a minute".
 */
char *ks_text_left(int64_t seconds);

/* Unix time of the next moment at which it is so many hours past midnight here. */
int64_t ks_text_morning(int64_t now, int hour);

/* The sentences of states have a colon: "Blocked: no VPN is connected". What stands before it, and
 * the rest as a sentence; without a colon all of it, and "". Both are owned by the caller. */
void ks_text_split(const char *sentence, char **ret_state, char **ret_rest);

/* Whether a name has a word in it, whatever the letters' case and accents are; "" is in all. */
bool ks_text_contains(const char *name, const char *word);

/* A time of day as the locale writes it: "14:32". */
char *ks_text_moment(int64_t moment);

/* The same with its day, if that is not today's: "3 December, 14:32". */
char *ks_text_moment_of_day(int64_t moment, int64_t now);
