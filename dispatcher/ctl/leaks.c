/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/leaks.h"

#include "ctl/terminal-text.h"
#include "model/leak-words.h"

/* What an attempt and a cell take of a line. */
#define WHAT_COLUMNS 44
#define CELL_COLUMNS 16

static void append_cell(GString *out, const char *text, unsigned columns, const char *colour)
{
    unsigned taken = ks_printable_columns(text);

    g_string_append_printf(out, "%s%s%s%*s", colour, text, colour[0] ? "\033[0m" : "",
                           taken < columns ? (int) (columns - taken) : 1, "");
}

/* No blanks at its end. */
static void end_line(GString *out)
{
    while (out->len > 0 && out->str[out->len - 1] == ' ')
        g_string_truncate(out, out->len - 1);
    g_string_append_c(out, '\n');
}

static void append_table(GString *out, const KsLeakResult *result, bool colour)
{
    append_cell(out, "", WHAT_COLUMNS, "");
    append_cell(out, "IPv4", CELL_COLUMNS, "");
    append_cell(out, "IPv6", CELL_COLUMNS, "");
    end_line(out);
    for (unsigned i = 0; i < result->rows->len; i++) {
        const KsLeakRow *row = &g_array_index(result->rows, KsLeakRow, i);
        g_autofree char *what = ks_leak_attempt(row);

        append_cell(out, what, WHAT_COLUMNS, "");
        for (unsigned family = 0; family < KS_FAMILIES; family++)
            append_cell(out, ks_leak_cell_text(row->cells[family]), CELL_COLUMNS,
                        colour && row->cells[family] >= KS_LEAK_CELL_LEFT_ROOT ? "\033[1;31m" : "");
        end_line(out);
    }
}

char *ks_show_leaks(const KsLeakResult *result, bool colour)
{
    static const char *const colours[] = {
        [KS_LEAK_CLOSED] = "\033[1;32m",
        [KS_LEAK_LEAKED] = "\033[1;31m",
        [KS_LEAK_UNJUDGED] = "\033[1;33m",
    };
    GString *out = g_string_new(colour ? colours[result->verdict] : NULL);
    g_autofree char *first = ks_leak_headline(result);
    g_autofree char *tried = NULL;

    ks_terminal_append_wrapped(out, "", 0, first);
    if (colour)
        g_string_insert(out, (gssize) out->len - 1, "\033[0m");
    if (result->rows->len == 0)
        return g_string_free(out, FALSE);
    g_string_append_c(out, '\n');
    append_table(out, result, colour);
    g_string_append_c(out, '\n');
    ks_terminal_append_wrapped(out, "", 0, ks_leak_server_text(result));
    ks_terminal_append_wrapped(out, "", 0, ks_leak_resolver_text(result));
    tried = ks_leak_footnote(result);
    ks_terminal_append_wrapped(out, "", 0, tried);
    return g_string_free(out, FALSE);
}

char *ks_show_leaks_line(const KsLeakResult *result)
{
    g_autofree char *now = ks_terminal_moment(g_get_real_time() / G_USEC_PER_SEC);
    g_autofree char *first = g_strdup_printf("%s  ", now);
    g_autofree char *sentence = ks_leak_headline(result);
    GString *out = g_string_new(NULL);

    ks_terminal_append_wrapped(out, first, ks_printable_columns(first), sentence);
    return g_string_free(out, FALSE);
}
