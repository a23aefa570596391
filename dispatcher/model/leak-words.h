/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/leak-result.h"

/* What the leak test has found, in words that the command line and the applet share, translated.
 * Strings are owned by the caller; what is const is not. */

/* One sentence or two: the verdict. */
char *ks_leak_headline(const KsLeakResult *result);

/* What was tried: "ping, by eth0". At most KS_LEAK_ATTEMPT_COLUMNS. */
#define KS_LEAK_ATTEMPT_COLUMNS 43u
char *ks_leak_attempt(const KsLeakRow *row);

/* What became of it: a word or two. */
const char *ks_leak_cell_text(KsLeakCell cell);

/* Sentences. */
const char *ks_leak_server_text(const KsLeakResult *result);
const char *ks_leak_resolver_text(const KsLeakResult *result);
char *ks_leak_footnote(const KsLeakResult *result);
