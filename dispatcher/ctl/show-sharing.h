/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

/* What the guard's status says of the cards by which this machine's connection is shared, a line
 * for each, NULL-terminated; owned by the caller. `even_none`: one that says so if there are
 * none. */
char **ks_show_sharing(GVariant *status, bool even_none);
