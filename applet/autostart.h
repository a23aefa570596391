/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Whether this program starts at login, by the rules of the Desktop Application Autostart
 * Specification: a file of a person's own overrides the system's of the same name, and Hidden=true
 * in it means "do not". */

bool ks_autostart_is_on(void);

/* False and an error if the person's own file could not be written or removed. */
bool ks_autostart_set(bool on, GError **error);
