/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/badge.h"

#define ICON_SIZE 56

struct KsBadge {
    GtkWidget *disc;
    GtkWidget *icon;
    char *class; /* of the disc: the state's colour; NULL: none yet */
};

KsBadge *ks_badge_new(void)
{
    KsBadge *badge = g_new0(KsBadge, 1);

    badge->disc = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
    badge->icon = gtk_image_new();
    gtk_style_context_add_class(gtk_widget_get_style_context(badge->disc), "ks-badge");
    gtk_widget_set_halign(badge->disc, GTK_ALIGN_CENTER);
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

/* "io.github.nmkillswitch-blocked-symbolic" has the class "ks-blocked" */
void ks_badge_show(KsBadge *badge, const char *icon, const char *spoken)
{
    GtkStyleContext *context = gtk_widget_get_style_context(badge->disc);
    g_auto(GStrv) words = g_strsplit(icon, "-", 3);

    gtk_image_set_from_icon_name(GTK_IMAGE(badge->icon), icon, GTK_ICON_SIZE_DIALOG);
    gtk_image_set_pixel_size(GTK_IMAGE(badge->icon), ICON_SIZE);
    atk_object_set_name(gtk_widget_get_accessible(badge->icon), spoken);
    if (badge->class)
        gtk_style_context_remove_class(context, badge->class);
    g_free(badge->class);
    badge->class = g_strconcat("ks-", words[1], NULL);
    gtk_style_context_add_class(context, badge->class);
}
