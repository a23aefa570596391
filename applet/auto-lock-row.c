/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/auto-lock-row.h"

#include "applet/boxed.h"
#include "applet/switch.h"
#include "config.h"

#include <glib/gi18n.h>

static void on_chosen(KsSwitch *control, gpointer data)
{
    g_action_group_activate_action(G_ACTION_GROUP(data), "auto-lock",
                                   g_variant_new_boolean(!ks_switch_get(control)));
}

GtkWidget *ks_auto_lock_row_new(GtkApplication *application)
{
    GtkWidget *control = ks_switch_new();

    g_signal_connect(control, "chosen", G_CALLBACK(on_chosen), application);
    return ks_row_new(_("Close the lock by itself"), NULL, control);
}

void ks_auto_lock_row_show(GtkWidget *row, const KsModel *model)
{
    KsRequest request = model->guard->auto_lock ? KS_REQUEST_AUTO_OFF : KS_REQUEST_AUTO_ON;
    bool busy = model->busy[KS_REQUEST_AUTO_OFF] || model->busy[KS_REQUEST_AUTO_ON];
    bool is_known = ks_state_is_heard(model->guard->state);
    GtkWidget *control = ks_row_control(row);

    ks_row_set_texts(row, _("Close the lock by itself"),
                     is_known ? _("When a VPN connects that carries everything")
                              : _("Not known while the guard is not running"));
    ks_row_set_busy(row, busy);
    ks_switch_set(KS_SWITCH(control), model->guard->auto_lock);
    /* what is not known is not shown as off */
    gtk_widget_set_visible(control, is_known);
    gtk_widget_set_sensitive(control,
                             is_known && !busy && model->permissions[request] != KS_PERMISSION_NO);
}
