/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/badge.h"

#define LARGE 56 /* pixels of the icon */
#define SMALL 28

struct KsBadge {
    GtkWidget *disc;
    GtkWidget *icon;
    GtkWidget *around; /* NULL: nothing has its colour besides */
    int size;
    char *class; /* the state's colour; NULL: none yet */
};

KsBadge *ks_badge_new(KsBadgeSize size)
{
    KsBadge *badge = g_new0(KsBadge, 1);

    badge->disc = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
    badge->icon = gtk_image_new();
    badge->size = size == KS_BADGE_SMALL ? SMALL : LARGE;
    gtk_style_context_add_class(gtk_widget_get_style_context(badge->disc), "ks-badge");
    if (size == KS_BADGE_SMALL)
        gtk_style_context_add_class(gtk_widget_get_style_context(badge->disc), "ks-small");
    gtk_widget_set_halign(badge->disc, GTK_ALIGN_CENTER);
    gtk_widget_set_valign(badge->disc, GTK_ALIGN_CENTER);
    gtk_container_add(GTK_CONTAINER(badge->disc), badge->icon);
    return badge;
}

void ks_badge_free(KsBadge *badge)
{
    if (!badge)
        return;
    g_free(badge->class);
    g_free(badge);
}

GtkWidget *ks_badge_widget(KsBadge *badge)
{
    return badge->disc;
}

static void exchange_class(GtkWidget *widget, const char *before, const char *now)
{
    GtkStyleContext *context = gtk_widget_get_style_context(widget);

    if (before)
        gtk_style_context_remove_class(context, before);
    gtk_style_context_add_class(context, now);
}

void ks_badge_tint(KsBadge *badge, GtkWidget *around)
{
    badge->around = around;
    gtk_style_context_add_class(gtk_widget_get_style_context(around), "ks-tinted");
    if (badge->class)
        exchange_class(around, NULL, badge->class);
}

/* "io.github.nmkillswitch-blocked-symbolic" has the class "ks-blocked" */
void ks_badge_show(KsBadge *badge, const char *icon, const char *spoken)
{
    g_autofree char *before = g_steal_pointer(&badge->class);
    g_auto(GStrv) words = g_strsplit(icon, "-", 3);

    gtk_image_set_from_icon_name(GTK_IMAGE(badge->icon), icon, GTK_ICON_SIZE_DIALOG);
    gtk_image_set_pixel_size(GTK_IMAGE(badge->icon), badge->size);
    atk_object_set_name(gtk_widget_get_accessible(badge->icon), spoken);
    badge->class = g_strconcat("ks-", words[1], NULL);
    exchange_class(badge->disc, before, badge->class);
    if (badge->around)
        exchange_class(badge->around, before, badge->class);
}
