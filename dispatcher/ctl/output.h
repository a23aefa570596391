/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Where all that this program says comes out. Text is UTF-8 in here; a terminal of another
 * character set gets the nearest that it has, so that a rescue shell without a locale is still
 * readable. */

/* On standard output, as it is but for the character set. */
void ks_output_print(const char *text);

/* On standard output, byte for byte: for programs. */
void ks_output_data(const char *data);

/* A sentence on standard error, made harmless and broken into lines; the first begins with the
 * program's name. */
void ks_output_complain(const char *sentence);
void ks_output_complain_f(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* The same without the name: what else there is to say. */
void ks_output_add(const char *sentence);

/* Standard output is a terminal, and nobody has asked for plain text (NO_COLOR, TERM=dumb). */
bool ks_output_has_colour(void);

/* All of it got out: false, with a complaint, if for example the disk is full. */
bool ks_output_finish(void);
