/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-applet"

#include "applet/style.h"

#define SCHEMA     "org.freedesktop.appearance"
#define KEY        "color-scheme"
#define DARK       1u /* of the key's values: 0 says nothing, 2 is light */
#define PORTAL     "org.freedesktop.portal.Desktop"
#define OBJECT     "/org/freedesktop/portal/desktop"
#define INTERFACE  "org.freedesktop.portal.Settings"
#define PREFERENCE "gtk-application-prefer-dark-theme"

/* ---- dark or light ---- */

/* The portal wraps values, some of its versions twice. */
static void follow(GVariant *wrapped)
{
    g_autoptr(GVariant) value = g_variant_ref(wrapped);

    while (g_variant_is_of_type(value, G_VARIANT_TYPE_VARIANT)) {
        GVariant *inner = g_variant_get_variant(value);

        g_variant_unref(value);
        value = inner;
    }
    if (!g_variant_is_of_type(value, G_VARIANT_TYPE_UINT32))
        return;
    if (g_variant_get_uint32(value) == DARK)
        g_object_set(gtk_settings_get_default(), PREFERENCE, TRUE, NULL);
    else
        gtk_settings_reset_property(gtk_settings_get_default(), PREFERENCE);
}

static void on_read(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GVariant) answer =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, NULL);
    g_autoptr(GVariant) value = answer ? g_variant_get_child_value(answer, 0) : NULL;

    (void) data;
    if (value)
        follow(value);
}

static void on_changed(GDBusConnection *bus, const char *sender, const char *path,
                       const char *interface, const char *signal, GVariant *arguments,
                       gpointer data)
{
    const char *schema;
    const char *key;
    g_autoptr(GVariant) value = NULL;

    (void) bus;
    (void) sender;
    (void) path;
    (void) interface;
    (void) signal;
    (void) data;
    if (!g_variant_is_of_type(arguments, G_VARIANT_TYPE("(ssv)")))
        return;
    g_variant_get(arguments, "(&s&sv)", &schema, &key, &value);
    if (g_str_equal(schema, SCHEMA) && g_str_equal(key, KEY))
        follow(value);
}

static void follow_desktop(void)
{
    GApplication *application = g_application_get_default();
    GDBusConnection *bus = application ? g_application_get_dbus_connection(application) : NULL;

    if (!bus)
        return;
    (void) g_dbus_connection_signal_subscribe(bus, PORTAL, INTERFACE, "SettingChanged", OBJECT,
                                              SCHEMA, G_DBUS_SIGNAL_FLAGS_NONE, on_changed, NULL,
                                              NULL);
    g_dbus_connection_call(bus, PORTAL, OBJECT, INTERFACE, "Read",
                           g_variant_new("(ss)", SCHEMA, KEY), G_VARIANT_TYPE("(v)"),
                           G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_read, NULL);
}

/* ---- rules ---- */

void ks_style_use(void)
{
    static gboolean is_used;
    g_autoptr(GtkCssProvider) provider = NULL;

    if (is_used)
        return;
    is_used = TRUE;
    provider = gtk_css_provider_new();
    gtk_css_provider_load_from_resource(provider, "/io/github/nmkillswitch/style.css");
    gtk_style_context_add_provider_for_screen(gdk_screen_get_default(),
                                              GTK_STYLE_PROVIDER(provider),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
    follow_desktop();
}

/* ---- title bars ---- */

gboolean ks_style_title(GtkWindow *window, const char *title, GtkWidget *button)
{
    gboolean has_header;
    GtkWidget *bar;

    ks_style_use();
    gtk_window_set_title(window, title);
    g_object_get(gtk_settings_get_default(), "gtk-dialogs-use-header", &has_header, NULL);
    if (!has_header)
        return FALSE;
    bar = gtk_header_bar_new();
    gtk_header_bar_set_title(GTK_HEADER_BAR(bar), title);
    gtk_header_bar_set_show_close_button(GTK_HEADER_BAR(bar), TRUE);
    if (button)
        gtk_header_bar_pack_end(GTK_HEADER_BAR(bar), button);
    gtk_widget_show_all(bar);
    gtk_window_set_titlebar(window, bar);
    return TRUE;
}
