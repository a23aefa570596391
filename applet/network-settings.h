/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* Where VPN profiles are made: the desktop's network settings, or NetworkManager's own editor.
 * FALSE: there is neither, and `error` says so. */
gboolean ks_network_settings_show(GError **error);
