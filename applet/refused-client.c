/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-applet"

#include "applet/refused-client.h"

#include "model/names.h"

/* The first time polkit may ask for a password. */
#define PERSON_MS  (5 * 60 * 1000)
#define TIMEOUT_MS 15000

struct KsRefusedClient {
    void (*changed)(void *data);
    void *data;
    GCancellable *cancellable; /* of one look: a new one has another */
    GDBusConnection *bus;      /* NULL: not there yet */
    gulong closed_handler;
    guint changed_watch; /* subscriptions of the bus */
    guint owner_watch;
    KsRefusedReport *report;
    GError *error;
    bool is_asking;
    bool has_changed; /* while it was asking */
};

static void end_look(KsRefusedClient *client)
{
    g_cancellable_cancel(client->cancellable);
    g_clear_object(&client->cancellable);
    if (client->bus) {
        g_signal_handler_disconnect(client->bus, client->closed_handler);
        /* a closed bus still gives out what it has queued */
        g_dbus_connection_signal_unsubscribe(client->bus, client->changed_watch);
        g_dbus_connection_signal_unsubscribe(client->bus, client->owner_watch);
        g_dbus_connection_close(client->bus, NULL, NULL, NULL);
    }
    g_clear_object(&client->bus);
    client->is_asking = false;
    client->has_changed = false;
}

/* Takes both; what was told before is forgotten. */
static void keep(KsRefusedClient *client, KsRefusedReport *report, GError *error)
{
    g_clear_pointer(&client->report, ks_refused_report_free);
    g_clear_error(&client->error);
    client->report = report;
    client->error = error;
}

static void tell(KsRefusedClient *client, KsRefusedReport *report, GError *error)
{
    keep(client, report, error);
    client->changed(client->data);
}

static void fail(KsRefusedClient *client, GError *error)
{
    end_look(client);
    tell(client, NULL, error);
}

static void look(KsRefusedClient *client, bool may_ask);

static void on_told(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) answer =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    KsRefusedClient *client = data;
    g_autoptr(GVariant) told = NULL;

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* this look has ended */
    if (!answer) {
        fail(client, g_steal_pointer(&error));
        return;
    }
    told = g_variant_get_child_value(answer, 0);
    client->is_asking = false;
    tell(client, ks_refused_report_read(told), NULL);
    if (client->has_changed)
        look(client, false);
}

static void look(KsRefusedClient *client, bool may_ask)
{
    client->has_changed = client->is_asking;
    if (!client->bus || client->is_asking)
        return;
    client->is_asking = true;
    g_dbus_connection_call(client->bus, KS_REFUSED_BUS_NAME, KS_REFUSED_BUS_PATH,
                           KS_REFUSED_BUS_INTERFACE, "Look", NULL, G_VARIANT_TYPE("(a{sv})"),
                           may_ask ? G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION
                                   : G_DBUS_CALL_FLAGS_NONE,
                           may_ask ? PERSON_MS : TIMEOUT_MS, client->cancellable, on_told, client);
}

static void on_changed(GDBusConnection *bus, const char *sender, const char *path,
                       const char *interface, const char *signal, GVariant *arguments,
                       gpointer data)
{
    (void) bus;
    (void) sender;
    (void) path;
    (void) interface;
    (void) signal;
    (void) arguments;
    look(data, false);
}

/* Its program has ended: the bus starts it again for the next look. */
static void on_owner_changed(GDBusConnection *bus, const char *sender, const char *path,
                             const char *interface, const char *signal, GVariant *arguments,
                             gpointer data)
{
    KsRefusedClient *client = data;
    const char *owner;

    (void) bus;
    (void) sender;
    (void) path;
    (void) interface;
    (void) signal;
    g_variant_get(arguments, "(&s&s&s)", NULL, NULL, &owner);
    if (!owner[0] && !client->is_asking)
        look(client, false);
}

static void on_closed(GDBusConnection *bus, gboolean by_peer, GError *error, gpointer data)
{
    (void) bus;
    (void) by_peer;
    (void) error;
    fail(data, g_error_new_literal(G_IO_ERROR, G_IO_ERROR_CLOSED, "The bus is gone"));
}

static void on_bus(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    GDBusConnection *bus = g_dbus_connection_new_for_address_finish(result, &error);
    KsRefusedClient *client = data;

    (void) source;
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    if (!bus) {
        fail(client, g_steal_pointer(&error));
        return;
    }
    client->bus = bus;
    g_dbus_connection_set_exit_on_close(bus, FALSE);
    client->closed_handler = g_signal_connect(bus, "closed", G_CALLBACK(on_closed), client);
    client->changed_watch = g_dbus_connection_signal_subscribe(
        bus, KS_REFUSED_BUS_NAME, KS_REFUSED_BUS_INTERFACE, "Changed", KS_REFUSED_BUS_PATH, NULL,
        G_DBUS_SIGNAL_FLAGS_NONE, on_changed, client, NULL);
    client->owner_watch = g_dbus_connection_signal_subscribe(
        bus, "org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged",
        "/org/freedesktop/DBus", KS_REFUSED_BUS_NAME, G_DBUS_SIGNAL_FLAGS_NONE, on_owner_changed,
        client, NULL);
    look(client, true);
}

static void begin(KsRefusedClient *client)
{
    /* the environment's, or the usual one: of this bus it never fails */
    g_autofree char *address = g_dbus_address_get_for_bus_sync(G_BUS_TYPE_SYSTEM, NULL, NULL);

    client->cancellable = g_cancellable_new();
    g_dbus_connection_new_for_address(address,
                                      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                          G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                      NULL, client->cancellable, on_bus, client);
}

KsRefusedClient *ks_refused_client_new(void (*changed)(void *data), void *data)
{
    KsRefusedClient *client = g_new0(KsRefusedClient, 1);

    client->changed = changed;
    client->data = data;
    begin(client);
    return client;
}

void ks_refused_client_free(KsRefusedClient *client)
{
    if (!client)
        return;
    end_look(client);
    keep(client, NULL, NULL);
    g_free(client);
}

void ks_refused_client_retry(KsRefusedClient *client)
{
    end_look(client);
    keep(client, NULL, NULL);
    begin(client);
}

const KsRefusedReport *ks_refused_client_report(const KsRefusedClient *client)
{
    return client->report;
}

const GError *ks_refused_client_error(const KsRefusedClient *client)
{
    return client->error;
}
