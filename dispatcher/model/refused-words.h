/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/refused-report.h"

/* What was refused, in words that the command line and the applet share, translated. Strings
 * are owned by the caller; what is const is not. */

/* Who sent it: a program, a guest, or that it is not known. */
char *ks_refused_who(const KsRefusedEntry *entry);

/* What else is known of the program: path, user, unit; "": nothing. */
char *ks_refused_who_else(const KsRefusedEntry *entry);

/* "203.0.113.9, port 443, TCP" */
char *ks_refused_where(const KsRefusedEntry *entry);

/* Which rule refused it: half a sentence. */
const char *ks_refused_why(const KsRefusedEntry *entry);

/* "3 times" */
char *ks_refused_how_often(const KsRefusedEntry *entry);

/* Who tells of it could not be started, a sentence. */
char *ks_refused_not_started(void);

/* It did not answer in time, whether it was started or not, a sentence. */
char *ks_refused_silent(void);

/* Why nothing is heard, a sentence; NULL: it is. */
const char *ks_refused_trouble(const KsRefusedReport *report);

/* What an empty list means, a sentence or two; of one that is kept, below since when it is. */
const char *ks_refused_nothing(const KsRefusedReport *report);

/* What is not shown, a sentence or two; NULL: nothing. */
char *ks_refused_not_shown(const KsRefusedReport *report);
