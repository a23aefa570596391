/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/report/redact-look.h"

/* Replaces what tells people, machines and networks apart by pseudonyms such as [ip4-1 private]:
 * the same thing has the same one, however often and wherever it stands. What is the same on many
 * machines and of use stays: loopback, the fixed ranges of the rules, multicast groups of every
 * network, an address's class and the length of its prefix. */

typedef struct KsRedactor KsRedactor;

KsRedactor *ks_redactor_new(void);
void ks_redactor_free(KsRedactor *redactor);

/* From now on `value` (UTF-8 or not, of any length) is found in texts, too, as a word of its own,
 * whatever its letters' case. What is harmless of this kind is not remembered. */
void ks_redactor_learn(KsRedactor *redactor, KsIdentity kind, const char *value);

/* The pseudonym of the whole of it, or a copy if it is harmless. Owned by the caller. */
char *ks_redactor_value(KsRedactor *redactor, KsIdentity kind, const char *value);

/* A text with all in it replaced that was learned, that looks like an address, a UUID, a name of
 * the DNS, a key, a home folder, or that stands in quotation marks. Owned by the caller. */
char *ks_redactor_text(KsRedactor *redactor, const char *text);
