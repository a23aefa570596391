/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/guard-state.h"
#include "model/exception.h"
#include "model/refused-report.h"

/* The exception that would have let a refused packet out: what it is, and in words. Pure. */

/* As many seconds last those that a person makes for a while. */
#define KS_ALLOW_SECONDS 3600u

/* Why there can be no exception for it, a sentence, not owned; NULL: there can, and this is it. */
const char *ks_allow_refusal(const KsRefusedEntry *entry, KsException *ret_what);

/* "203.0.113.9, port 443, TCP". Owned by the caller. */
char *ks_allow_where(const KsException *what);

/* The name of the exception of now that lets it out; NULL: none does. */
const char *ks_allow_by(const GPtrArray *exceptions, const KsException *what);

/* What to call it: like its sender or its destination, and like no other one. `sender`: "": not
 * known. Owned by the caller. */
char *ks_allow_name(const GPtrArray *exceptions, const KsException *what, const char *sender);

/* The guard would take neither none nor more. */
bool ks_allow_name_fits(const char *name);

/* Of AddException, floating. `seconds`: 0: until somebody removes it. */
GVariant *ks_allow_arguments(const KsException *what, const char *name, uint32_t seconds);
