/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/bus-error.h"

#include <glib.h>

bool ks_bus_error_is_away(const char *name)
{
    static const char *const away[] = {
        "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner",
        "org.freedesktop.DBus.Error.Spawn.",         "org.freedesktop.DBus.Error.NoReply",
        "org.freedesktop.DBus.Error.TimedOut",       "org.freedesktop.systemd1.",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(away); i++)
        if (g_str_has_prefix(name, away[i]))
            return true;
    return false;
}
