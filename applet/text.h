/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/printable.h"

#include <stdint.h>

/* Text for people in a window. Strings are owned by the caller. */

/* At most so much of a sentence that others wrote; see model/printable.h. */
#define KS_TEXT_SENTENCE_COLUMNS 400

/* "4 min", "1 h 5 min": what is left, rounded up to whole minutes; under one: "less than a minute".
 */
char *ks_text_left(int64_t seconds);

/* A time of day as the locale writes it: "14:32". */
char *ks_text_moment(int64_t moment);
