/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gio/gio.h>

/* Windows that come to the front. Wayland lets nobody raise a window who has no token of the
 * program in which a person clicked: the notification server and the panel give one before they say
 * what was clicked. (Launchers, and GNOME's notifications, give it to GTK themselves.) On X11 the
 * token is the startup ID, with the time of the click in it. */

typedef struct KsActivationTokens KsActivationTokens;

/* The application is a GtkApplication with its session bus, which outlives it. */
KsActivationTokens *ks_activation_tokens_new(GApplication *application);
void ks_activation_tokens_free(KsActivationTokens *activation);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsActivationTokens, ks_activation_tokens_free)
