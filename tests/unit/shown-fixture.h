/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gio/gio.h>

/* It is UTF-8, and no line of it is longer than a terminal's. */
void assert_fits(const char *text);

/* A status from GVariant's text; the caller's. */
GVariant *parse(const char *format, ...) G_GNUC_PRINTF(1, 2);
