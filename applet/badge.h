/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* A state as a picture: its icon's shape in a disc of its colour (style.css). */

typedef struct KsBadge KsBadge;

typedef enum {
    KS_BADGE_LARGE,
    KS_BADGE_SMALL, /* beside a text */
} KsBadgeSize;

KsBadge *ks_badge_new(KsBadgeSize size);

/* Its widget, which belongs to the container that it is put into, must be used no more. */
void ks_badge_free(KsBadge *badge);

GtkWidget *ks_badge_widget(KsBadge *badge);

/* What is around it takes a light tone of its colour. Not owned: it must live as long as the badge
 * is shown. */
void ks_badge_tint(KsBadge *badge, GtkWidget *around);

/* `icon` is one of ks_view_icons; `spoken` is what a screen reader says for it. */
void ks_badge_show(KsBadge *badge, const char *icon, const char *spoken);
