/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/viewer.h"

#include <glib.h>

bool ks_viewer_sees(const KsViewer *viewer, char *const *users)
{
    if (!users || (viewer && viewer->everything))
        return true;
    return viewer && viewer->user && g_strv_contains((const char *const *) users, viewer->user);
}
