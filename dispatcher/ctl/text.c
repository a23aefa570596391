/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/text.h"

#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#define REPLACEMENT 0xfffd
#define ELLIPSIS    0x2026

/* More marks on one letter than any script needs. */
#define MARKS_MAX 3

static unsigned columns_of(gunichar c)
{
    if (g_unichar_iszerowidth(c))
        return 0;
    return g_unichar_iswide(c) ? 2 : 1;
}

unsigned ks_text_columns(const char *text)
{
    unsigned columns = 0;

    for (const char *at = text; *at; at = g_utf8_next_char(at))
        columns += columns_of(g_utf8_get_char(at));
    return columns;
}

static bool is_harmless(gunichar c)
{
    GUnicodeType type = g_unichar_type(c);

    return g_unichar_isprint(c) && type != G_UNICODE_LINE_SEPARATOR &&
           type != G_UNICODE_PARAGRAPH_SEPARATOR && type != G_UNICODE_PRIVATE_USE;
}

char *ks_text_printable(const char *text, unsigned columns_max)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *safe = g_string_new(NULL);
    gsize room_for_ellipsis = 0; /* how long `safe` may be if something follows it */
    unsigned columns = 0;
    unsigned marks = 0;

    for (const char *at = valid; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);

        if (!is_harmless(c))
            c = REPLACEMENT;
        marks = columns_of(c) == 0 ? marks + 1 : 0;
        if (marks > MARKS_MAX || (marks > 0 && columns == 0))
            continue;
        if (columns + columns_of(c) > columns_max) {
            g_string_truncate(safe, room_for_ellipsis);
            g_string_append_unichar(safe, ELLIPSIS);
            break;
        }
        columns += columns_of(c);
        g_string_append_unichar(safe, c);
        if (columns < columns_max)
            room_for_ellipsis = safe->len;
    }
    return g_string_free(safe, FALSE);
}

char *ks_text_name(const char *name)
{
    return ks_text_printable(name, KS_TEXT_NAME_COLUMNS);
}

/* How many bytes of the word fit into so many columns; at least one character. */
static gsize fitting(const char *word, gsize length, unsigned room)
{
    const char *at = word;
    unsigned columns = 0;

    while (at < word + length) {
        columns += columns_of(g_utf8_get_char(at));
        if (columns > room && at > word)
            break;
        at = g_utf8_next_char(at);
    }
    return (gsize) (at - word);
}

void ks_text_append_wrapped(GString *out, const char *first, unsigned indent, const char *text)
{
    unsigned column = ks_text_columns(first);
    bool at_begin = true;

    g_string_append(out, first);
    while (*text) {
        gsize length = strcspn(text, " ");
        gsize taken = fitting(text, length, KS_TEXT_COLUMNS - indent);
        g_autofree char *word = g_strndup(text, taken);
        unsigned columns = ks_text_columns(word);

        if (column + !at_begin + columns > KS_TEXT_COLUMNS && column > indent) {
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

char *ks_text_duration(uint64_t seconds)
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

char *ks_text_moment(int64_t moment)
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
