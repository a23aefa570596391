/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-applet"

#include "applet/system-bus.h"

static const unsigned delays[] = { 1, 2, 5, 10, 30 }; /* seconds */

struct KsSystemBus {
    KsSystemBusObserver observer;
    GCancellable *cancellable;
    GDBusConnection *bus; /* NULL: not connected */
    unsigned attempts;    /* since it was lost */
    guint source;
    gulong closed;
};

/* Declared ahead: a connection that is lost is made again. */
static void lose(KsSystemBus *system_bus);

static gboolean on_lost(gpointer data)
{
    KsSystemBus *system_bus = data;

    system_bus->source = 0;
    lose(system_bus);
    return G_SOURCE_REMOVE;
}

/* Whoever else listens to the connection hears it first, and may then let go of it. */
static void on_closed(GDBusConnection *bus, gboolean vanished, GError *error,
                      KsSystemBus *system_bus)
{
    (void) bus;
    (void) vanished;
    (void) error;
    if (system_bus->source == 0)
        system_bus->source = g_idle_add(on_lost, system_bus);
}

static void on_connected(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    GDBusConnection *bus = g_dbus_connection_new_for_address_finish(result, &error);
    KsSystemBus *system_bus = data;

    (void) source;
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    if (error) {
        if (system_bus->attempts == 0)
            g_message("no system bus: %s", error->message);
        lose(system_bus);
        return;
    }
    system_bus->bus = bus;
    system_bus->attempts = 0;
    g_dbus_connection_set_exit_on_close(bus, FALSE);
    system_bus->closed = g_signal_connect(bus, "closed", G_CALLBACK(on_closed), system_bus);
    system_bus->observer.connected(bus, system_bus->observer.data);
}

/* Not g_bus_get(): it hands out a closed connection as long as anybody holds it. */
static gboolean on_connect(gpointer data)
{
    KsSystemBus *system_bus = data;
    g_autoptr(GError) error = NULL;
    g_autofree char *address = g_dbus_address_get_for_bus_sync(G_BUS_TYPE_SYSTEM, NULL, &error);

    system_bus->source = 0;
    if (!address) {
        g_message("no system bus: %s", error->message);
        lose(system_bus);
        return G_SOURCE_REMOVE;
    }
    g_dbus_connection_new_for_address(address,
                                      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                          G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                      NULL, system_bus->cancellable, on_connected, system_bus);
    return G_SOURCE_REMOVE;
}

static void let_go(KsSystemBus *system_bus)
{
    if (!system_bus->bus)
        return;
    g_signal_handler_disconnect(system_bus->bus, system_bus->closed);
    g_clear_object(&system_bus->bus);
}

static void lose(KsSystemBus *system_bus)
{
    unsigned delay = delays[MIN(system_bus->attempts, G_N_ELEMENTS(delays) - 1)];

    let_go(system_bus);
    system_bus->attempts++;
    system_bus->source = g_timeout_add_seconds(delay, on_connect, system_bus);
    system_bus->observer.lost(system_bus->observer.data);
}

KsSystemBus *ks_system_bus_new(const KsSystemBusObserver *observer)
{
    KsSystemBus *system_bus = g_new0(KsSystemBus, 1);

    system_bus->observer = *observer;
    system_bus->cancellable = g_cancellable_new();
    system_bus->source = g_idle_add(on_connect, system_bus);
    return system_bus;
}

void ks_system_bus_free(KsSystemBus *system_bus)
{
    if (!system_bus)
        return;
    g_cancellable_cancel(system_bus->cancellable);
    g_clear_handle_id(&system_bus->source, g_source_remove);
    let_go(system_bus);
    g_object_unref(system_bus->cancellable);
    g_free(system_bus);
}
