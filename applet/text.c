/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/text.h"

#include "config.h"

#include <glib/gi18n.h>
#include <stdbool.h>
#include <string.h>

#define NAME_MAX_LENGTH 40
#define LONG_MAX_LENGTH 400
#define REPLACEMENT     0xfffd
#define ELLIPSIS        0x2026
#define MARKS_MAX       4 /* on one letter: no language needs more */

#define MINUTE 60
#define HOUR   3600

static bool is_visible(gunichar c)
{
    GUnicodeType type = g_unichar_type(c);

    return g_unichar_isdefined(c) && type != G_UNICODE_CONTROL && type != G_UNICODE_FORMAT &&
           type != G_UNICODE_LINE_SEPARATOR && type != G_UNICODE_PARAGRAPH_SEPARATOR &&
           type != G_UNICODE_PRIVATE_USE && type != G_UNICODE_SURROGATE;
}

static char *printable(const char *text, unsigned longest)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *out = g_string_new(NULL);
    unsigned length = 0;
    unsigned marks = 0;

    for (const char *at = valid; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);

        marks = g_unichar_ismark(c) ? marks + 1 : 0;
        if (marks > MARKS_MAX)
            continue;
        if (length + 1 == longest && *g_utf8_next_char(at)) {
            g_string_append_unichar(out, ELLIPSIS);
            break;
        }
        g_string_append_unichar(out, is_visible(c) ? c : REPLACEMENT);
        length++;
    }
    return g_string_free(out, FALSE);
}

char *ks_text_printable(const char *text)
{
    return printable(text, NAME_MAX_LENGTH);
}

char *ks_text_printable_long(const char *text)
{
    return printable(text, LONG_MAX_LENGTH);
}

char *ks_text_left(int64_t seconds)
{
    int64_t minutes = (seconds + MINUTE - 1) / MINUTE;

    if (seconds < MINUTE)
        return g_strdup(_("less than a minute"));
    if (minutes * MINUTE < HOUR)
        /* TRANSLATORS: a duration in minutes */
        return g_strdup_printf(_("%u min"), (unsigned) minutes);
    if (minutes % MINUTE == 0)
        /* TRANSLATORS: a duration in whole hours */
        return g_strdup_printf(_("%u h"), (unsigned) (minutes / MINUTE));
    /* TRANSLATORS: a duration in hours and minutes */
    return g_strdup_printf(_("%u h %u min"), (unsigned) (minutes / MINUTE),
                           (unsigned) (minutes % MINUTE));
}

char *ks_text_moment(int64_t moment)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(moment);
    /* TRANSLATORS: a time of day in strftime's words, as your language writes it, without
     * seconds */
    char *text = time ? g_date_time_format(time, _("%H:%M")) : NULL;

    return text ? text : g_strdup("?");
}
