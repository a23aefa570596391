/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "service/guard-bus.h"

#include "model/names.h"
#include "service/bus-errors.h"
#include "service/bus-limits.h"
#include "service/properties.h"
#include "service/requests.h"

#include <string.h>

#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

/* However often people change what is theirs, everybody else is woken no more often than this. */
#define HINT_DELAY_MS 250

struct KsBus {
    KsSystemBus *system_bus;
    KsGuard *guard;
    KsRequests *requests;
    GVariant *shown; /* the status that everybody was told of last */
    GQueue calls;    /* GDBusMethodInvocation*, waiting for their turn */
    guint calls_source;
    guint tell_source;
    uint64_t private_mark; /* of what only some may see, as they were told of last */
    guint hint_source;

    GDBusConnection *connection; /* NULL while there is none; the rest is of this connection */
    guint limits;
    guint object;
    guint name;
};

static void emit(KsBus *bus, GVariant *changes, const char *const *to_look_at)
{
    static const char *const none[] = { NULL };

    if (bus->connection)
        (void) g_dbus_connection_emit_signal(bus->connection, NULL, KS_BUS_PATH,
                                             PROPERTIES_INTERFACE, "PropertiesChanged",
                                             g_variant_new("(s@a{sv}^as)", KS_BUS_INTERFACE,
                                                           changes, to_look_at ? to_look_at : none),
                                             NULL);
}

/* That there is something new, and not what: anyone who may see it asks GetStatus. */
static gboolean on_hint(gpointer data)
{
    static const char *const of_profiles[] = {
        "Reason",  "ReasonVpn", "Networks", "KnownNetworks", "Tunnels", "Vpns",
        "Servers", "Warnings",  NULL,
    };
    KsBus *bus = data;

    bus->hint_source = 0;
    emit(bus, g_variant_new("a{sv}", NULL), of_profiles);
    return G_SOURCE_REMOVE;
}

static void hint_at_private(KsBus *bus)
{
    uint64_t mark = ks_guard_private_mark(bus->guard);

    if (mark == bus->private_mark)
        return;
    bus->private_mark = mark;
    if (bus->hint_source == 0)
        bus->hint_source = g_timeout_add(HINT_DELAY_MS, on_hint, bus);
}

/* Tells everybody what changed since they were told last; nothing of private profiles. */
static void tell(KsBus *bus, bool fresh)
{
    GVariant *status = ks_guard_status(bus->guard, NULL, fresh);
    g_autoptr(GVariant) changes = ks_property_changes(bus->shown, status);

    g_variant_unref(bus->shown);
    bus->shown = status;
    if (changes)
        emit(bus, changes, NULL);
    hint_at_private(bus);
}

static gboolean on_tell(gpointer data)
{
    KsBus *bus = data;

    bus->tell_source = 0;
    tell(bus, false);
    return G_SOURCE_REMOVE;
}

/* Someone who asked is shown what the kernel then holds. */
static void on_request_done(void *data)
{
    tell(data, true);
}

/* ---- properties ---- */

static void get_property(KsBus *bus, GDBusMethodInvocation *invocation)
{
    g_autoptr(GVariant) value = NULL;
    const char *name;

    g_variant_get(g_dbus_method_invocation_get_parameters(invocation), "(&s&s)", NULL, &name);
    tell(bus, true);
    value = ks_property_get(bus->shown, name);
    if (value)
        g_dbus_method_invocation_return_value(invocation, g_variant_new("(v)", value));
    else
        g_dbus_method_invocation_return_error(invocation, G_DBUS_ERROR,
                                              G_DBUS_ERROR_UNKNOWN_PROPERTY,
                                              "The guard does not know this property.");
}

static void get_all_properties(KsBus *bus, GDBusMethodInvocation *invocation)
{
    tell(bus, true);
    g_dbus_method_invocation_return_value(
        invocation, g_variant_new("(@a{sv})", ks_property_get_all(bus->shown)));
}

/* ---- calls ---- */

static void answer_call(KsBus *bus, GDBusMethodInvocation *invocation)
{
    const char *interface = g_dbus_method_invocation_get_interface_name(invocation);
    const char *method = g_dbus_method_invocation_get_method_name(invocation);

    if (strcmp(interface, PROPERTIES_INTERFACE) != 0)
        ks_requests_take(bus->requests, invocation);
    else if (strcmp(method, "Get") == 0)
        get_property(bus, invocation);
    else if (strcmp(method, "GetAll") == 0)
        get_all_properties(bus, invocation);
    else
        g_dbus_method_invocation_return_error(invocation, G_DBUS_ERROR,
                                              G_DBUS_ERROR_PROPERTY_READ_ONLY,
                                              "All properties are read-only.");
}

static gboolean on_turn(gpointer data)
{
    KsBus *bus = data;
    GDBusMethodInvocation *invocation = g_queue_pop_head(&bus->calls);

    if (g_queue_is_empty(&bus->calls))
        bus->calls_source = 0;
    answer_call(bus, invocation);
    return bus->calls_source ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* Calls take turns, one for each round of the main loop: the hook, the kernel and NetworkManager
 * go before, however many calls there are. */
static void on_call(GDBusConnection *connection, const char *sender, const char *path,
                    const char *interface, const char *method, GVariant *arguments,
                    GDBusMethodInvocation *invocation, gpointer data)
{
    KsBus *bus = data;

    (void) connection;
    (void) sender;
    (void) path;
    (void) interface;
    (void) method;
    (void) arguments;
    g_queue_push_tail(&bus->calls, invocation);
    if (bus->calls_source == 0)
        bus->calls_source = g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, on_turn, bus, NULL);
}

/* ---- the connection ---- */

static void on_name_lost(GDBusConnection *connection, const char *name, gpointer data)
{
    (void) data;
    if (connection && !g_dbus_connection_is_closed(connection))
        g_warning("the bus does not give us the name %s: clients cannot reach this guard", name);
}

static void on_connected(GDBusConnection *connection, void *data)
{
    /* no property functions: GDBus then hands their calls to on_call() as well */
    static const GDBusInterfaceVTable table = { .method_call = on_call };
    g_autoptr(GError) error = NULL;
    KsBus *bus = data;

    bus->connection = g_object_ref(connection);
    bus->limits = ks_bus_limits_add(connection);
    bus->object = g_dbus_connection_register_object(connection, KS_BUS_PATH, ks_interface_info(),
                                                    &table, bus, NULL, &error);
    if (bus->object == 0)
        g_warning("cannot export %s: %s", KS_BUS_PATH, error->message);
    /* queued behind a guard that is about to end */
    bus->name = g_bus_own_name_on_connection(connection, KS_BUS_NAME, G_BUS_NAME_OWNER_FLAGS_NONE,
                                             NULL, on_name_lost, NULL, NULL);
}

static void on_gone(void *data)
{
    KsBus *bus = data;

    if (!bus->connection)
        return;
    g_clear_handle_id(&bus->name, g_bus_unown_name);
    if (bus->object)
        g_dbus_connection_unregister_object(bus->connection, bus->object);
    g_dbus_connection_remove_filter(bus->connection, bus->limits);
    bus->object = 0;
    g_clear_object(&bus->connection);
}

KsBus *ks_bus_new(KsSystemBus *system_bus, KsGuard *guard)
{
    KsBus *bus = g_new0(KsBus, 1);

    ks_bus_errors_register();
    bus->system_bus = system_bus;
    bus->guard = guard;
    bus->requests = ks_requests_new(guard, on_request_done, bus);
    bus->shown = ks_guard_status(guard, NULL, false);
    bus->private_mark = ks_guard_private_mark(guard);
    g_queue_init(&bus->calls);
    ks_system_bus_observe(system_bus, &(KsSystemBusObserver){
                                          .connected = on_connected,
                                          .gone = on_gone,
                                          .data = bus,
                                      });
    return bus;
}

void ks_bus_free(KsBus *bus)
{
    g_autoptr(GDBusConnection) connection = NULL;

    if (!bus)
        return;
    connection = bus->connection ? g_object_ref(bus->connection) : NULL;
    ks_system_bus_forget(bus->system_bus, bus);
    on_gone(bus); /* no new calls from here on */
    while (!g_queue_is_empty(&bus->calls))
        answer_call(bus, g_queue_pop_head(&bus->calls));
    ks_requests_free(bus->requests);
    g_clear_handle_id(&bus->calls_source, g_source_remove);
    g_clear_handle_id(&bus->tell_source, g_source_remove);
    g_clear_handle_id(&bus->hint_source, g_source_remove);
    if (connection)
        (void) g_dbus_connection_flush_sync(connection, NULL, NULL);
    g_variant_unref(bus->shown);
    g_free(bus);
}

void ks_bus_changed(KsBus *bus, bool now)
{
    if (now)
        tell(bus, false);
    else if (bus->tell_source == 0)
        bus->tell_source = g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, on_tell, bus, NULL);
}
