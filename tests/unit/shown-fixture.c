/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shown-fixture.h"

#include "ctl/terminal-text.h"
#include "model/printable.h"

void assert_fits(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    g_assert_true(g_utf8_validate(text, -1, NULL));
    for (unsigned i = 0; lines[i]; i++)
        g_assert_cmpuint(ks_printable_columns(lines[i]), <=, KS_TERMINAL_COLUMNS);
}

GVariant *parse(const char *format, ...)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    GVariant *status;
    va_list arguments;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    status = g_variant_parse(G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);
    g_assert_no_error(error);
    return status;
}
