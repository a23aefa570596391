/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/exceptions.h"

/* Exceptions on disk: those that last, and, until the machine is started again, those that end by
 * themselves. */

/* A file that cannot be read opens nothing: it is kept as "exceptions.corrupt", and `ret_problem`,
 * a whole sentence for people, says so; else NULL. `now`: in seconds since the boot, sleep
 * included. */
KsExceptions *ks_exceptions_load(uint32_t now, char **ret_problem);

/* The same as they are there, for who only looks. */
KsExceptions *ks_exceptions_peek(uint32_t now);

/* Writes what differs from what is there. One exception more or less is in one file, so that what
 * fails has changed nothing. */
bool ks_exceptions_save(const KsExceptions *exceptions, GError **error);
