/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* A status (a{sv}, as GetStatus returns it) for programs: UTF-8, with a line end; owned by the
 * caller. */

/* The object of the contract. */
char *ks_json_status(GVariant *status);

/* The same in one line, with when it was so (`time`, RFC 3339 in UTC). */
char *ks_json_line(GVariant *status);

/* A line that says that nothing is known: `reason` is a word. */
char *ks_json_away(const char *reason);

/* {"vpns": [{uuid, name, type, interface (null: not connected), servers: [...]}]} */
char *ks_json_vpns(GVariant *status);

/* {"exceptions": [...], "exceptions_elsewhere": [...]} */
char *ks_json_exceptions(GVariant *status);

/* What was refused, the object of the contract; and one entry of it in a line, with `time`. */
char *ks_json_refused(GVariant *told);
char *ks_json_refused_entry(GVariant *entry);

/* What the leak test has found (data/io.github.nmkillswitch.LeakTest1.xml), as it is. `line`: in
 * one, with `time`. */
char *ks_json_leaks(GVariant *result, bool line);
