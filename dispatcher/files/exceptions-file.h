/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/exceptions.h"

/* Exceptions on disk: those that last, and, until the machine is started again, those that end by
 * themselves. */

/* A file that cannot be read opens nothing: it is kept as "exceptions.corrupt", or, if a newer
 * version wrote it, as "exceptions.newer", which that version takes back. `ret_problem`, a whole
 * sentence for people, says so; else NULL. `now`: in seconds since the boot, sleep included. */
KsExceptions *ks_exceptions_load(uint32_t now, char **ret_problem);

/* The same as they are there, for who only looks. */
KsExceptions *ks_exceptions_peek(uint32_t now);

/* What opens. Writes the file of those that last, or that of those that end, and no other: what
 * fails has changed nothing. */
bool ks_exceptions_save(const KsExceptions *exceptions, bool ending, GError **error);

/* What closes. Writes what differs of both files. What the disk does not take of those that last is
 * kept in /run, so that at least a restart of the guard does not open it again. */
bool ks_exceptions_save_closed(const KsExceptions *exceptions, GError **error);

/* Something is kept so. */
bool ks_exceptions_are_unsaved(void);

/* One of this name is on disk, so that it would be back. */
bool ks_exceptions_are_saved_with(const char *name);
