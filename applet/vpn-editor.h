/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/vpn-card.h"

#include <gtk/gtk.h>

/* The dialog that corrects a VPN's servers, or sets up a VPN that NetworkManager does not run. It
 * asks the guard by the application's actions, and stays open until the guard has agreed: what it
 * refuses is said in it. */

/* `card` is the VPN, with `servers` to begin with (element-type KsGuardServer); NULL: a new one.
 * Shown, modal to the parent, which destroys it with itself. */
GtkWindow *ks_vpn_editor_show(GtkWindow *parent, const KsVpnCard *card, const GPtrArray *servers);

/* The guard's answer to what the dialog asked for; it closes if that is done. False: it did not
 * ask for this. */
bool ks_vpn_editor_answer(GtkWindow *editor, KsRequest request, KsAnswer answer,
                          const char *message);
