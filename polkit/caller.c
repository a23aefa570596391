/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "polkit/caller.h"

#define BUS_NAME      "org.freedesktop.DBus"
#define BUS_PATH      "/org/freedesktop/DBus"
#define BUS_INTERFACE "org.freedesktop.DBus"

typedef struct {
    void (*gone)(void *data);
    void *data;
} Watch;

static void on_owner_changed(GDBusConnection *connection, const char *sender, const char *path,
                             const char *interface, const char *signal, GVariant *arguments,
                             gpointer data)
{
    const char *new_owner;
    Watch *watch = data;

    (void) connection;
    (void) sender;
    (void) path;
    (void) interface;
    (void) signal;
    g_variant_get_child(arguments, 2, "&s", &new_owner);
    if (new_owner[0] == '\0')
        watch->gone(watch->data);
}

guint ks_caller_watch(GDBusConnection *connection, const char *caller, void (*gone)(void *data),
                      void *data)
{
    Watch *watch = g_new(Watch, 1);

    *watch = (Watch){ gone, data };
    return g_dbus_connection_signal_subscribe(
        connection, BUS_NAME, BUS_INTERFACE, "NameOwnerChanged", BUS_PATH, caller,
        G_DBUS_SIGNAL_FLAGS_NONE, on_owner_changed, watch, g_free);
}

void ks_caller_ask_uid(GDBusConnection *connection, const char *caller, GCancellable *cancellable,
                       GAsyncReadyCallback callback, void *data)
{
    g_dbus_connection_call(connection, BUS_NAME, BUS_PATH, BUS_INTERFACE, "GetConnectionUnixUser",
                           g_variant_new("(s)", caller), G_VARIANT_TYPE("(u)"),
                           G_DBUS_CALL_FLAGS_NONE, -1, cancellable, callback, data);
}

bool ks_caller_ask_uid_finish(GDBusConnection *connection, GAsyncResult *result, guint32 *ret_uid,
                              GError **error)
{
    g_autoptr(GVariant) reply = g_dbus_connection_call_finish(connection, result, error);

    if (reply)
        g_variant_get(reply, "(u)", ret_uid);
    return reply != NULL;
}
