/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/switch.h"

struct _KsSwitch {
    GtkSwitch parent;
    bool on;     /* how things are */
    bool is_set; /* by the program, now */
    guint wish;  /* source: until then the slider may stand where a person put it */
};

G_DEFINE_TYPE(KsSwitch, ks_switch, GTK_TYPE_SWITCH)

static void show_truth(KsSwitch *self)
{
    g_clear_handle_id(&self->wish, g_source_remove);
    self->is_set = true;
    gtk_switch_set_state(GTK_SWITCH(self), self->on);
    gtk_switch_set_active(GTK_SWITCH(self), self->on);
    self->is_set = false;
}

static gboolean on_patience(gpointer data)
{
    KsSwitch *self = data;

    self->wish = 0;
    show_truth(self);
    return G_SOURCE_REMOVE;
}

static gboolean ks_switch_state_set(GtkSwitch *widget, gboolean wanted)
{
    KsSwitch *self = KS_SWITCH(widget);

    if (self->is_set)
        return FALSE;
    if (wanted != self->on && self->wish == 0) {
        self->wish = g_timeout_add(KS_SWITCH_PATIENCE, on_patience, self);
        g_signal_emit_by_name(self, "chosen");
    }
    return TRUE;
}

static void ks_switch_dispose(GObject *object)
{
    g_clear_handle_id(&KS_SWITCH(object)->wish, g_source_remove);
    G_OBJECT_CLASS(ks_switch_parent_class)->dispose(object);
}

static void ks_switch_class_init(KsSwitchClass *class)
{
    GTK_SWITCH_CLASS(class)->state_set = ks_switch_state_set;
    G_OBJECT_CLASS(class)->dispose = ks_switch_dispose;
    (void) g_signal_new("chosen", KS_TYPE_SWITCH, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                        G_TYPE_NONE, 0);
}

static void ks_switch_init(KsSwitch *self)
{
    g_object_set(self, "valign", GTK_ALIGN_CENTER, NULL);
}

GtkWidget *ks_switch_new(void)
{
    return g_object_new(KS_TYPE_SWITCH, NULL);
}

void ks_switch_set(KsSwitch *self, bool on)
{
    bool came_true = self->on != on;

    self->on = on;
    if (self->wish == 0 || came_true)
        show_truth(self);
}

bool ks_switch_get(const KsSwitch *self)
{
    return self->on;
}
