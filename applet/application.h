/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* The program: one instance a session, which joins what the guard and NetworkManager say (the
 * clients), what that looks like (the presenter) and where it is shown (tray, window,
 * notifications). Everything a person can do is an action of it, whether it is chosen in the tray,
 * in the window, on a notification, from the launcher's menu or over the session bus. */

#define KS_TYPE_APPLICATION (ks_application_get_type())

G_DECLARE_FINAL_TYPE(KsApplication, ks_application, KS, APPLICATION, GtkApplication)

KsApplication *ks_application_new(void);
