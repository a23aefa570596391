/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/right-time.h"

#include "files/store.h"

#include <gio/gio.h>
#include <sys/stat.h>

#define DAY (24 * 60 * 60)

/* Where it is kept in local time, that is less than a day off. */
#define HARDWARE_CLOCK "/sys/class/rtc/rtc0/since_epoch"

/* systemd-timesyncd touches it whenever it has heard the time. */
#define HEARD "/var/lib/systemd/timesync/clock"

/* Later than any clock gets. */
#define YEAR_MAX 9999

static char *moment(int64_t seconds)
{
    g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(seconds);

    return when && g_date_time_get_year(when) < YEAR_MAX
               ? g_date_time_format(when, "%Y-%m-%d %H:%M UTC")
               : NULL;
}

char *ks_right_time_doubt(const KsTimes *times)
{
    bool behind = times->written > 0 && times->now + DAY < times->written;
    bool differs = times->hardware > 0 &&
                   (times->now + DAY < times->hardware || times->hardware + DAY < times->now);
    g_autofree char *now = moment(times->now);
    g_autofree char *other = moment(behind ? times->written : times->hardware);

    if (!(behind || differs) || !now || !other)
        return NULL;
    return g_strdup_printf(
        "This machine's clock says %s, but %s %s: one of them is wrong by more than a day. With a "
        "wrong clock, VPN servers' certificates seem invalid, and time servers cannot be reached "
        "while locked. Set the clock by hand (date --set \"YYYY-MM-DD HH:MM\"), or pause, so that "
        "a time server can set it: nm-killswitch pause 2m.",
        now, behind ? "files here were written at" : "its hardware clock says", other);
}

static void take_file(const char *path, int64_t *latest)
{
    struct stat about;

    if (stat(path, &about) == 0)
        *latest = MAX(*latest, (int64_t) about.st_mtim.tv_sec);
}

char *ks_right_time_look(void)
{
    static const char *const files[] = { "state", "vpns", "names", "servers" };
    KsTimes times = { .now = g_get_real_time() / G_USEC_PER_SEC };
    g_autofree char *hardware = NULL;

    take_file(HEARD, &times.written);
    for (unsigned i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = ks_store_path(files[i]);

        take_file(path, &times.written);
    }
    if (g_file_get_contents(HARDWARE_CLOCK, &hardware, NULL, NULL))
        times.hardware = g_ascii_strtoll(hardware, NULL, 10);
    return ks_right_time_doubt(&times);
}
