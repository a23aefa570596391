/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

/* The command line: what it asks for is done by the program that runs already, if there is one. */

void ks_options_add(GApplication *application);

/* As of GApplication's handle_local_options: the exit status, or -1 to go on. `ret_starts_hidden`
 * becomes true if the next activation shows no window. */
int ks_options_handle(GApplication *application, GVariantDict *options, bool *ret_starts_hidden);
