/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-applet"

#include "applet/tray.h"

#include "applet/menu.h"
#include "config.h"
#include "model/names.h"

#include <libayatana-appindicator/app-indicator.h>

#define WATCHER "org.kde.StatusNotifierWatcher"

/* Without AppIndicator's own fallback: while a tray restarts it makes a GtkStatusIcon, which most
 * desktops show nowhere, and which GTK complains of when it goes. The main window is ours. */
typedef struct {
    AppIndicator parent;
} KsIndicator;

typedef struct {
    AppIndicatorClass parent;
} KsIndicatorClass;

GType ks_indicator_get_type(void);

G_DEFINE_TYPE(KsIndicator, ks_indicator, APP_INDICATOR_TYPE)

static void ks_indicator_class_init(KsIndicatorClass *class)
{
    class->parent.fallback = NULL;
}

static void ks_indicator_init(KsIndicator *indicator)
{
    (void) indicator;
}

struct KsTray {
    AppIndicator *indicator; /* made when a tray is there for the first time; it registers again by
                              * itself when the tray comes back */
    GtkWidget *menu;
    void (*changed)(bool hosted, void *data);
    void *data;
    char *icon;
    char *description;
    bool alarm;
    bool is_hosted;
    guint watcher;
};

static void make_indicator(KsTray *tray)
{
    /* not app_indicator_new(): 0.5.94 and later warn at every call of it */
    tray->indicator = g_object_new(ks_indicator_get_type(), "id", KS_PROGRAM, "category",
                                   "SystemServices", "icon-name", tray->icon, NULL);
    app_indicator_set_menu(tray->indicator, GTK_MENU(tray->menu));
}

static void refresh(KsTray *tray)
{
    if (!tray->is_hosted || !tray->icon)
        return;
    if (!tray->indicator)
        make_indicator(tray);
    /* the same as the icon's description, or XFCE's tooltip has both, one below the other */
    app_indicator_set_title(tray->indicator, tray->description);
    app_indicator_set_icon_full(tray->indicator, tray->icon, tray->description);
    app_indicator_set_attention_icon_full(tray->indicator, tray->icon, tray->description);
    app_indicator_set_status(tray->indicator, tray->alarm ? APP_INDICATOR_STATUS_ATTENTION
                                                          : APP_INDICATOR_STATUS_ACTIVE);
}

static void set_hosted(KsTray *tray, bool is_hosted)
{
    tray->is_hosted = is_hosted;
    refresh(tray);
    tray->changed(is_hosted, tray->data);
}

static void on_watcher(GDBusConnection *bus, const char *name, const char *owner, gpointer data)
{
    (void) bus;
    (void) name;
    (void) owner;
    set_hosted(data, true);
}

static void on_no_watcher(GDBusConnection *bus, const char *name, gpointer data)
{
    (void) bus;
    (void) name;
    set_hosted(data, false);
}

KsTray *ks_tray_new(GActionGroup *actions, void (*changed)(bool hosted, void *data), void *data)
{
    KsTray *tray = g_new0(KsTray, 1);

    tray->changed = changed;
    tray->data = data;
    tray->menu = g_object_ref_sink(ks_menu_new(actions));
    tray->watcher = g_bus_watch_name(G_BUS_TYPE_SESSION, WATCHER, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                     on_watcher, on_no_watcher, tray, NULL);
    return tray;
}

void ks_tray_free(KsTray *tray)
{
    if (!tray)
        return;
    g_bus_unwatch_name(tray->watcher);
    g_clear_object(&tray->indicator);
    gtk_widget_destroy(tray->menu);
    g_object_unref(tray->menu);
    g_free(tray->icon);
    g_free(tray->description);
    g_free(tray);
}

void ks_tray_show(KsTray *tray, const KsView *view)
{
    g_free(tray->icon);
    g_free(tray->description);
    tray->icon = g_strdup(view->icon);
    tray->description = g_strdup(view->description);
    tray->alarm = view->alarm;
    ks_menu_update(tray->menu, view->items);
    refresh(tray);
}
