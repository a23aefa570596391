/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/printable.h"

#include <string.h>

#define REPLACEMENT 0xfffd
#define ELLIPSIS    0x2026

/* More than any name that the guard keeps. */
#define QUOTED_COLUMNS 256

unsigned ks_printable_columns_of(gunichar c)
{
    if (g_unichar_iszerowidth(c))
        return 0;
    return g_unichar_iswide(c) ? 2 : 1;
}

unsigned ks_printable_columns(const char *text)
{
    unsigned columns = 0;

    for (const char *at = text; *at; at = g_utf8_next_char(at))
        columns += ks_printable_columns_of(g_utf8_get_char(at));
    return columns;
}

static bool is_harmless(gunichar c)
{
    GUnicodeType type = g_unichar_type(c);

    return g_unichar_isprint(c) && type != G_UNICODE_LINE_SEPARATOR &&
           type != G_UNICODE_PARAGRAPH_SEPARATOR && type != G_UNICODE_PRIVATE_USE;
}

char *ks_printable(const char *text, unsigned columns_max)
{
    size_t length_max = KS_PRINTABLE_BYTES_MAX(columns_max + 1);
    g_autofree char *valid = g_utf8_make_valid(text, (gssize) strnlen(text, length_max));
    GString *safe = g_string_new(NULL);
    gsize room_for_ellipsis = 0; /* how long `safe` may be if something follows it */
    unsigned columns = 0;
    unsigned marks = 0;

    for (const char *at = valid; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        unsigned own;

        if (!is_harmless(c))
            c = REPLACEMENT;
        own = ks_printable_columns_of(c);
        marks = own == 0 ? marks + 1 : 0;
        if (marks > KS_PRINTABLE_MARKS_MAX || (marks > 0 && columns == 0))
            continue;
        if (columns + own > columns_max) {
            g_string_truncate(safe, room_for_ellipsis);
            g_string_append_unichar(safe, ELLIPSIS);
            break;
        }
        columns += own;
        g_string_append_unichar(safe, c);
        if (columns < columns_max)
            room_for_ellipsis = safe->len;
    }
    return g_string_free(safe, FALSE);
}

char *ks_printable_name(const char *name)
{
    return ks_printable(name, KS_PRINTABLE_NAME_COLUMNS);
}

char *ks_printable_quoted(const char *text)
{
    g_autofree char *printable = ks_printable(text, QUOTED_COLUMNS);
    GString *quoted = g_string_new("\"");

    for (const char *at = printable; *at; at++) {
        if (*at == '"' || *at == '\\')
            g_string_append_c(quoted, '\\');
        g_string_append_c(quoted, *at);
    }
    g_string_append_c(quoted, '"');
    return g_string_free(quoted, FALSE);
}

bool ks_printable_is(const char *text)
{
    if (!g_utf8_validate(text, -1, NULL))
        return false;
    for (const char *at = text; *at; at = g_utf8_next_char(at))
        if (!is_harmless(g_utf8_get_char(at)))
            return false;
    return true;
}
