/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/presenter.h"

/* The seam between this program and whatever tray the desktop has: nothing else knows how trays
 * work. tray-indicator.c is for desktops with a StatusNotifierWatcher. */

typedef struct KsTray KsTray;

/* `changed` says whether the desktop has a tray: once soon, and at every change from then on.
 * `actions` is what the menu's items activate, and must outlive the tray. */
KsTray *ks_tray_new(GActionGroup *actions, void (*changed)(bool hosted, void *data), void *data);
void ks_tray_free(KsTray *tray);

/* Shows this from now on, as soon as there is a tray to show it in. */
void ks_tray_show(KsTray *tray, const KsView *view);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsTray, ks_tray_free)
