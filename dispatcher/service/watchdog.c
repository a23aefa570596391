/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/watchdog.h"

#include <stdint.h>
#include <systemd/sd-daemon.h>

static gboolean on_time(gpointer data)
{
    (void) data;
    (void) sd_notify(0, "WATCHDOG=1");
    return G_SOURCE_CONTINUE;
}

guint ks_watchdog_start(void)
{
    uint64_t limit_us = 0;

    if (sd_watchdog_enabled(0, &limit_us) <= 0)
        return 0;
    return g_timeout_add((guint) CLAMP(limit_us / 2 / 1000, 1, G_MAXINT), on_time, NULL);
}
