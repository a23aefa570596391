/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/model.h"

#include <gtk/gtk.h>

/* The parts of the preferences that show lists. What did not change is left alone, so that neither
 * the focus nor a selection gets lost. */

/* A check mark for each network that LAN access can be limited to. `window` activates the
 * application's actions. */
void ks_preferences_show_networks(GtkContainer *box, const KsModel *model, GtkWindow *window);

/* A row for the VPN that connects on the network of now. */
GtkWidget *ks_preferences_here_new(GtkApplication *application);
void ks_preferences_show_here(GtkWidget *row, const KsModel *model);

/* The exceptions, and a button that makes one. */
GtkWidget *ks_preferences_exceptions_new(void);
void ks_preferences_show_exceptions(GtkWidget *boxed, const KsModel *model);

/* The VPNs (element-type KsVpnCard) in whose names or servers `sought` is found, their servers,
 * what is doubtful about them, and what can be done about it. Of very many only the first are
 * shown, and how many others there are; `none` is said where there are none at all. */
void ks_preferences_show_vpns(GtkContainer *list, const GPtrArray *cards, const char *sought,
                              const char *none, GtkWindow *window);
