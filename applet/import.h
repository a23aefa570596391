/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* A provider's file (.ovpn, .conf, .pcf) becomes a profile of NetworkManager's, by the importers of
 * NetworkManager's own plugins, which nmcli runs: no foreign file is read in this process. What the
 * import came to is said in a dialog where it failed; else the VPN is in the lists. */

/* Asks for a file, then imports it. `parent` may be NULL. */
void ks_import_ask(GtkWindow *parent);

/* Files that are dropped on the window are imported. */
void ks_import_accept_drops(GtkWindow *window);
