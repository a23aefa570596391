/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/leak-result.h"

/* What the leak test has found, for people: one sentence, then a table; as ks_show_status(). */
char *ks_show_leaks(const KsLeakResult *result, bool colour);

/* When it is, and the sentence. */
char *ks_show_leaks_line(const KsLeakResult *result);
