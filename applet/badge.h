/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* A state as a large picture: its icon's shape in a disc of its colour (style.css). */

typedef struct KsBadge KsBadge;

KsBadge *ks_badge_new(void);

/* Its widget, which belongs to the container that it is put into, must be used no more. */
void ks_badge_free(KsBadge *badge);

GtkWidget *ks_badge_widget(KsBadge *badge);

/* `icon` is one of ks_view_icons; `spoken` is what a screen reader says for it. */
void ks_badge_show(KsBadge *badge, const char *icon, const char *spoken);
