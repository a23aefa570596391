/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/report/redact.h"

#include <glib.h>
#include <stdbool.h>

/* A report while it is written: sections of pieces, of which each says what it is. Nothing is
 * replaced before all is written: a name is found in what was written before it was known, too. */

typedef struct KsPaper KsPaper;

/* A section is cut beyond this. */
#define KS_PAPER_SECTION_BYTES (128u * 1024)

KsPaper *ks_paper_new(void);
void ks_paper_free(KsPaper *paper);

/* What follows stands under this title. */
void ks_paper_section(KsPaper *paper, const char *title);

/* Words of ours, and what is the same on many machines. */
void ks_paper_put(KsPaper *paper, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Text in which anything may stand. */
void ks_paper_put_text(KsPaper *paper, const char *text);

/* What others said, such as a DHCP server: of its words, only numbers stay. */
void ks_paper_put_answer(KsPaper *paper, const char *text);

/* It is one thing, which is learned, too. */
void ks_paper_put_value(KsPaper *paper, KsIdentity kind, const char *value);

/* A line that says why there is nothing. */
void ks_paper_lacks(KsPaper *paper, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* It is replaced wherever it stands. `value`: NULL or "" is nothing. */
void ks_paper_learn(KsPaper *paper, KsIdentity kind, const char *value);

/* What a key of a dictionary holds: an identity of this kind, or else text. */
typedef struct {
    const char *key;
    KsIdentity kind;
} KsPaperKey;

/* A value of any type as indented lines. `keys` ends with NULL. What these hold is learned. */
void ks_paper_put_variant(KsPaper *paper, GVariant *value, const KsPaperKey *keys, unsigned indent);

/* All of it as text, with pseudonyms or `full`. Owned by the caller. */
char *ks_paper_finish(const KsPaper *paper, bool full);
