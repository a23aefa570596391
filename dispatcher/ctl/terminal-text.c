/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/terminal-text.h"

#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

/* How many bytes of the word fit into so many columns; at least one character. */
static gsize fitting(const char *word, gsize length, unsigned room)
{
    const char *at = word;
    unsigned columns = 0;

    while (at < word + length) {
        columns += ks_printable_columns_of(g_utf8_get_char(at));
        if (columns > room && at > word)
            break;
        at = g_utf8_next_char(at);
    }
    return (gsize) (at - word);
}

void ks_terminal_append_wrapped(GString *out, const char *first, unsigned indent, const char *text)
{
    unsigned column = ks_printable_columns(first);
    bool at_begin = true;

    g_string_append(out, first);
    while (*text) {
        gsize length = strcspn(text, " ");
        gsize taken = fitting(text, length, KS_TERMINAL_COLUMNS - indent);
        g_autofree char *word = g_strndup(text, taken);
        unsigned columns = ks_printable_columns(word);

        if (column + !at_begin + columns > KS_TERMINAL_COLUMNS && column > indent) {
            g_string_append_printf(out, "\n%*s", (int) indent, "");
            column = indent;
        } else if (!at_begin) {
            g_string_append_c(out, ' ');
            column++;
        }
        g_string_append(out, word);
        column += columns;
        at_begin = false;
        text += taken + (taken == length ? strspn(text + taken, " ") : 0);
    }
    g_string_append_c(out, '\n');
}

char *ks_terminal_duration(uint64_t seconds)
{
    unsigned hours = (unsigned) (seconds / 3600);
    unsigned minutes = (unsigned) (seconds / 60 % 60);
    unsigned rest = (unsigned) (seconds % 60);

    /* TRANSLATORS: durations, in the units' symbols */
    if (hours > 0)
        return minutes > 0 ? g_strdup_printf(_("%u h %u min"), hours, minutes)
                           : g_strdup_printf(_("%u h"), hours);
    if (minutes > 0)
        return rest > 0 ? g_strdup_printf(_("%u min %u s"), minutes, rest)
                        : g_strdup_printf(_("%u min"), minutes);
    return g_strdup_printf(_("%u s"), rest);
}

char *ks_terminal_moment(int64_t moment)
{
    g_autoptr(GDateTime) then = g_date_time_new_from_unix_local(moment);
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    bool today;

    if (!then)
        return g_strdup("?");
    today = g_date_time_get_year(then) == g_date_time_get_year(now) &&
            g_date_time_get_day_of_year(then) == g_date_time_get_day_of_year(now);
    /* TRANSLATORS: a time of day, and one with its day: see date(1) */
    return today ? g_date_time_format(then, _("%H:%M:%S"))
                 : g_date_time_format(then, _("%e %B %H:%M:%S"));
}
