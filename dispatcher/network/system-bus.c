/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-network"

#include "network/system-bus.h"

#include <stdbool.h>
#include <string.h>

/* A new bus makes its socket a moment before it listens on it. */
#define RETRY_FIRST_MS 20
#define RETRY_LAST_MS  10000

#define UNIX_PATH "unix:path="

struct KsSystemBus {
    GArray *observers; /* element-type KsSystemBusObserver */
    GCancellable *cancellable;
    GDBusConnection *connection; /* NULL while there is none */
    gint64 connected_at;         /* monotonic time */
    GFileMonitor *monitor;       /* of the bus's socket, while there is no connection */
    guint retry;
    guint delay_ms; /* before the next try */
    bool told;      /* that there is no bus */
};

static void try_later(KsSystemBus *bus);

static void tell_gone(KsSystemBus *bus)
{
    for (guint i = 0; i < bus->observers->len; i++) {
        const KsSystemBusObserver *observer =
            &g_array_index(bus->observers, KsSystemBusObserver, i);

        observer->gone(observer->data);
    }
}

static void on_closed(GDBusConnection *connection, gboolean remote, GError *error, KsSystemBus *bus)
{
    (void) connection;
    (void) remote;
    (void) error;
    g_message("the system bus is gone; waiting until it is back");
    g_signal_handlers_disconnect_by_data(bus->connection, bus);
    g_clear_object(&bus->connection);
    /* a bus that throws us out again and again is not asked again and again */
    if (g_get_monotonic_time() - bus->connected_at > RETRY_LAST_MS * G_TIME_SPAN_MILLISECOND)
        bus->delay_ms = RETRY_FIRST_MS;
    tell_gone(bus);
    try_later(bus);
}

static void on_connection(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDBusConnection) connection =
        g_dbus_connection_new_for_address_finish(result, &error);
    KsSystemBus *bus = data;

    (void) source;
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    if (!connection) {
        if (!bus->told)
            g_message("there is no system bus: %s", error->message);
        bus->told = true;
        tell_gone(bus);
        try_later(bus);
        return;
    }
    g_clear_object(&bus->monitor);
    bus->told = false;
    bus->connection = g_steal_pointer(&connection);
    bus->connected_at = g_get_monotonic_time();
    g_signal_connect(bus->connection, "closed", G_CALLBACK(on_closed), bus);
    for (guint i = 0; i < bus->observers->len; i++) {
        const KsSystemBusObserver *observer =
            &g_array_index(bus->observers, KsSystemBusObserver, i);

        observer->connected(bus->connection, observer->data);
    }
}

static void try_now(KsSystemBus *bus)
{
    g_autofree char *address =
        g_dbus_address_get_for_bus_sync(G_BUS_TYPE_SYSTEM, bus->cancellable, NULL);

    g_dbus_connection_new_for_address(address ? address : "",
                                      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                          G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                      NULL, bus->cancellable, on_connection, bus);
}

static gboolean on_retry(gpointer data)
{
    KsSystemBus *bus = data;

    bus->retry = 0;
    try_now(bus);
    return G_SOURCE_REMOVE;
}

static void on_socket_changed(GFileMonitor *monitor, GFile *file, GFile *other,
                              GFileMonitorEvent event, KsSystemBus *bus)
{
    (void) monitor;
    (void) file;
    (void) other;
    if (event != G_FILE_MONITOR_EVENT_CREATED || bus->retry == 0)
        return;
    g_source_remove(bus->retry);
    bus->delay_ms = RETRY_FIRST_MS;
    bus->retry = g_timeout_add(bus->delay_ms, on_retry, bus);
}

/* The first of the bus's addresses that is a file. */
static GFile *find_socket(void)
{
    g_autofree char *address = g_dbus_address_get_for_bus_sync(G_BUS_TYPE_SYSTEM, NULL, NULL);
    const char *begin = address ? strstr(address, UNIX_PATH) : NULL;
    g_autofree char *path = NULL;

    if (!begin)
        return NULL;
    begin += strlen(UNIX_PATH);
    path = g_uri_unescape_segment(begin, begin + strcspn(begin, ",;"), NULL);
    return path ? g_file_new_for_path(path) : NULL;
}

/* The timer alone would do; the monitor makes it quick. */
static void try_later(KsSystemBus *bus)
{
    g_autoptr(GFile) socket = bus->monitor ? NULL : find_socket();

    if (socket)
        bus->monitor = g_file_monitor_file(socket, G_FILE_MONITOR_NONE, NULL, NULL);
    if (socket && bus->monitor)
        g_signal_connect(bus->monitor, "changed", G_CALLBACK(on_socket_changed), bus);
    if (bus->retry == 0)
        bus->retry = g_timeout_add(bus->delay_ms, on_retry, bus);
    bus->delay_ms = MIN(bus->delay_ms * 2, RETRY_LAST_MS);
}

KsSystemBus *ks_system_bus_new(void)
{
    KsSystemBus *bus = g_new0(KsSystemBus, 1);

    bus->observers = g_array_new(FALSE, FALSE, sizeof(KsSystemBusObserver));
    bus->cancellable = g_cancellable_new();
    bus->delay_ms = RETRY_FIRST_MS;
    try_now(bus);
    return bus;
}

void ks_system_bus_free(KsSystemBus *bus)
{
    if (!bus)
        return;
    g_assert(bus->observers->len == 0);
    g_cancellable_cancel(bus->cancellable);
    g_clear_handle_id(&bus->retry, g_source_remove);
    if (bus->connection)
        g_signal_handlers_disconnect_by_data(bus->connection, bus);
    if (bus->monitor)
        g_signal_handlers_disconnect_by_data(bus->monitor, bus);
    g_clear_object(&bus->connection);
    g_clear_object(&bus->monitor);
    g_object_unref(bus->cancellable);
    g_array_unref(bus->observers);
    g_free(bus);
}

void ks_system_bus_observe(KsSystemBus *bus, const KsSystemBusObserver *observer)
{
    g_array_append_vals(bus->observers, observer, 1);
    if (bus->connection)
        observer->connected(bus->connection, observer->data);
}

void ks_system_bus_forget(KsSystemBus *bus, void *data)
{
    for (guint i = bus->observers->len; i > 0; i--)
        if (g_array_index(bus->observers, KsSystemBusObserver, i - 1).data == data)
            g_array_remove_index(bus->observers, i - 1);
}
