/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/text.h"

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

char *ks_text_moment(int64_t moment)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(moment);
    /* TRANSLATORS: a time of day in strftime's words, as your language writes it, without
     * seconds */
    char *text = time ? g_date_time_format(time, _("%H:%M")) : NULL;

    return text ? text : g_strdup("?");
}
