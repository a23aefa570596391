/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/window-text.h"

#include "config.h"

#include <glib/gi18n.h>
#include <stdbool.h>
#include <string.h>

#define MINUTE 60
#define HOUR   3600

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

int64_t ks_text_morning(int64_t now, int hour)
{
    g_autoptr(GDateTime) today = g_date_time_new_from_unix_local(now);

    for (int days = 0; today && days <= 1; days++) {
        g_autoptr(GDateTime) day = g_date_time_add_days(today, days);
        g_autoptr(GDateTime) morning =
            day ? g_date_time_new_local(g_date_time_get_year(day), g_date_time_get_month(day),
                                        g_date_time_get_day_of_month(day), hour, 0, 0)
                : NULL;

        if (morning && g_date_time_to_unix(morning) > now)
            return g_date_time_to_unix(morning);
    }
    return now;
}

/* A colon that a blank follows, so that "14:30" has none; or the wide one of Chinese and Japanese. */
static const char *find_colon(const char *text)
{
    for (const char *at = text; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);

        if (c == 0xFF1A || (c == ':' && g_unichar_isspace(g_utf8_get_char(at + 1))))
            return at;
    }
    return NULL;
}

void ks_text_split(const char *sentence, char **ret_state, char **ret_rest)
{
    const char *colon = find_colon(sentence);
    const char *end = colon;
    const char *rest;
    char first[6];

    if (!colon) {
        *ret_state = g_strdup(sentence);
        *ret_rest = g_strdup("");
        return;
    }
    while (end > sentence && g_unichar_isspace(g_utf8_get_char(g_utf8_prev_char(end))))
        end = g_utf8_prev_char(end);
    rest = g_utf8_next_char(colon);
    while (g_unichar_isspace(g_utf8_get_char(rest)))
        rest = g_utf8_next_char(rest);
    *ret_state = g_strndup(sentence, (size_t) (end - sentence));
    if (!*rest) {
        *ret_rest = g_strdup("");
        return;
    }
    *ret_rest = g_strdup_printf("%.*s%s",
                                g_unichar_to_utf8(g_unichar_totitle(g_utf8_get_char(rest)), first),
                                first, g_utf8_next_char(rest));
}

static char *fold(const char *text)
{
    g_autofree char *apart = g_utf8_normalize(text, -1, G_NORMALIZE_ALL);
    g_autofree char *folded = g_utf8_casefold(apart ? apart : "", -1);
    GString *letters = g_string_new(NULL);

    for (const char *at = folded; *at; at = g_utf8_next_char(at))
        if (!g_unichar_ismark(g_utf8_get_char(at)))
            g_string_append_unichar(letters, g_utf8_get_char(at));
    return g_string_free(letters, FALSE);
}

bool ks_text_contains(const char *name, const char *word)
{
    g_autofree char *in = fold(name);
    g_autofree char *sought = fold(word);

    return strstr(in, g_strstrip(sought)) != NULL;
}

char *ks_text_moment(int64_t moment)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(moment);
    /* TRANSLATORS: a time of day in strftime's words, as your language writes it, without
     * seconds */
    char *text = time ? g_date_time_format(time, _("%H:%M")) : NULL;

    return text ? text : g_strdup("?");
}

char *ks_text_moment_of_day(int64_t moment, int64_t now)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(moment);
    g_autoptr(GDateTime) today = g_date_time_new_from_unix_local(now);
    char *text;

    if (!time || !today ||
        (g_date_time_get_year(time) == g_date_time_get_year(today) &&
         g_date_time_get_day_of_year(time) == g_date_time_get_day_of_year(today)))
        return ks_text_moment(moment);
    /* TRANSLATORS: a day and a time of it in strftime's words, as your language writes them,
     * without the year */
    text = g_date_time_format(time, _("%-d %B, %H:%M"));
    return text ? text : ks_text_moment(moment);
}
