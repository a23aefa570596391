/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/refused-report.h"

/* What was refused, for people; as ks_show_status(). */
char *ks_show_refused(const KsRefusedReport *report, bool colour);

/* One entry in a line, with when it was. */
char *ks_show_refused_line(const KsRefusedEntry *entry);
