/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-applet"

#include "applet/guard-client.h"

#include "applet/window-text.h"
#include "model/names.h"

#include <string.h>

#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"
#define POLKIT_NAME          "org.freedesktop.PolicyKit1"
#define POLKIT_PATH          "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE     "org.freedesktop.PolicyKit1.Authority"

/* Somebody may be typing a password meanwhile. */
#define NO_TIMEOUT G_MAXINT
/* What needs no person. */
#define TIMEOUT    25000

/* polkit counts in seconds how long it keeps what it was told; a burst of its signals is one. */
#define PERMISSIONS_DELAY 200

static const struct {
    const char *method;
    const char *action;
} requests[KS_REQUEST_MAX] = {
    [KS_REQUEST_LOCK] = { "Lock", KS_ACTION_ID_LOCK },
    [KS_REQUEST_UNLOCK] = { "Unlock", KS_ACTION_ID_UNLOCK },
    [KS_REQUEST_LAN_ON] = { "SetLanAccess", KS_ACTION_ID_LAN_ACCESS },
    [KS_REQUEST_LAN_OFF] = { "SetLanAccess", KS_ACTION_ID_LOCK },
    [KS_REQUEST_AUTO_ON] = { "SetAutoLock", KS_ACTION_ID_LOCK },
    [KS_REQUEST_SET_MODE] = { "SetMode", KS_ACTION_ID_CONFIGURE },
    [KS_REQUEST_PAUSE] = { "Pause", KS_ACTION_ID_PAUSE },
    [KS_REQUEST_RESUME] = { "Resume", KS_ACTION_ID_LOCK },
    [KS_REQUEST_SET_SERVERS] = { "SetServers", KS_ACTION_ID_CONFIGURE },
    [KS_REQUEST_SET_LOCKS] = { "SetVpnLocks", KS_ACTION_ID_CONFIGURE },
    [KS_REQUEST_ADD_VPN] = { "AddVpn", KS_ACTION_ID_CONFIGURE },
    [KS_REQUEST_ADD_OVERLAY] = { "AddOverlay", KS_ACTION_ID_CONFIGURE },
    [KS_REQUEST_SET_ALWAYS_ON] = { "SetAlwaysOn", KS_ACTION_ID_CONFIGURE },
    [KS_REQUEST_SET_ALWAYS_ON_HERE] = { "SetAlwaysOnHere", KS_ACTION_ID_CONFIGURE },
    [KS_REQUEST_REMOVE_VPN] = { "RemoveVpn", KS_ACTION_ID_CONFIGURE },
    [KS_REQUEST_ADD_EXCEPTION] = { "AddException", KS_ACTION_ID_CONFIGURE },
    [KS_REQUEST_ADD_SERVICE] = { "AddService", KS_ACTION_ID_CONFIGURE },
    [KS_REQUEST_ADD_EXCEPTION_ON] = { "AddExceptionOn", KS_ACTION_ID_CONFIGURE },
    [KS_REQUEST_ADD_SERVICE_ON] = { "AddServiceOn", KS_ACTION_ID_CONFIGURE },
    [KS_REQUEST_REMOVE_EXCEPTION] = { "RemoveException", KS_ACTION_ID_CONFIGURE },
    [KS_REQUEST_DISCONNECT] = { "Disconnect", KS_ACTION_ID_UNLOCK },
};

static const char *const actions[] = {
    KS_ACTION_ID_LOCK,       KS_ACTION_ID_UNLOCK,    KS_ACTION_ID_PAUSE,
    KS_ACTION_ID_LAN_ACCESS, KS_ACTION_ID_CONFIGURE,
};

struct KsGuardClient {
    GDBusConnection *bus;
    KsGuardClientObserver observer;
    GCancellable *cancellable; /* of this client */
    GCancellable *asking;      /* of the guard of now; NULL: there is no guard */
    GHashTable *properties;    /* char* -> GVariant*: as told so far, by the properties' names */
    bool is_asked;             /* GetStatus is on its way */
    bool ask_again;            /* ... and its answer may be older than what was signalled since */
    KsGuardState *state;
    KsPermission permissions[G_N_ELEMENTS(actions)];
    bool busy[KS_REQUEST_MAX];
    bool is_starting; /* the guard, on request */
    guint name;
    guint signals;
    guint polkit_signals;
    guint changed_source;
    guint permissions_source;
    gulong closed;
};

/* What an answer is for. The client may be gone: then the answer is "cancelled". */
typedef struct {
    KsGuardClient *client;
    unsigned index;
} Question;

static Question *question_new(KsGuardClient *client, unsigned index)
{
    Question *question = g_new(Question, 1);

    question->client = client;
    question->index = index;
    return question;
}

static gboolean on_changed(gpointer data)
{
    KsGuardClient *client = data;

    client->changed_source = 0;
    client->observer.changed(client->observer.data);
    return G_SOURCE_REMOVE;
}

static void change(KsGuardClient *client)
{
    if (client->changed_source == 0)
        client->changed_source = g_idle_add(on_changed, client);
}

static void set_state(KsGuardClient *client, KsGuardState *state)
{
    ks_guard_state_free(client->state);
    client->state = state;
    change(client);
}

/* ---- permissions ---- */

static void on_permission(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autofree Question *question = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) answer =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    KsPermission permission = KS_PERMISSION_UNKNOWN;
    gboolean yes;
    gboolean challenge;

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    if (answer) {
        g_variant_get(answer, "((bb@a{ss}))", &yes, &challenge, NULL);
        permission = yes ? KS_PERMISSION_YES : challenge ? KS_PERMISSION_ASK : KS_PERMISSION_NO;
    }
    if (question->client->permissions[question->index] == permission)
        return;
    question->client->permissions[question->index] = permission;
    change(question->client);
}

static gboolean on_ask_permissions(gpointer data)
{
    KsGuardClient *client = data;

    client->permissions_source = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(actions); i++) {
        GVariantBuilder subject;

        g_variant_builder_init(&subject, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(&subject, "{sv}", "name",
                              g_variant_new_string(g_dbus_connection_get_unique_name(client->bus)));
        g_dbus_connection_call(client->bus, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
                               "CheckAuthorization",
                               g_variant_new("((sa{sv})sa{ss}us)", "system-bus-name", &subject,
                                             actions[i], NULL, 0, ""),
                               G_VARIANT_TYPE("((bba{ss}))"), G_DBUS_CALL_FLAGS_NONE, TIMEOUT,
                               client->cancellable, on_permission, question_new(client, i));
    }
    return G_SOURCE_REMOVE;
}

/* polkit's rules, or the session's standing, are others. */
static void on_polkit_signal(GDBusConnection *bus, const char *sender, const char *path,
                             const char *interface, const char *signal, GVariant *arguments,
                             gpointer data)
{
    KsGuardClient *client = data;

    (void) bus;
    (void) sender;
    (void) path;
    (void) interface;
    (void) signal;
    (void) arguments;
    if (client->permissions_source == 0)
        client->permissions_source = g_timeout_add(PERMISSIONS_DELAY, on_ask_permissions, client);
}

/* ---- properties ---- */

/* What these say of this person's own profiles is told by GetStatus alone, not to everybody. */
static bool is_of_profiles(const char *property)
{
    static const char *const of_profiles[] = {
        "Reason",     "ReasonVpn",           "Networks", "Tunnels", "Vpns", "Servers", "Warnings",
        "Exceptions", "ExceptionsElsewhere", NULL,
    };

    return g_strv_contains(of_profiles, property);
}

static void take_signalled(KsGuardClient *client, GVariant *changes)
{
    GVariantIter iter;
    const char *name;
    GVariant *value;

    g_variant_iter_init(&iter, changes);
    while (g_variant_iter_next(&iter, "{&sv}", &name, &value)) {
        if (is_of_profiles(name))
            g_variant_unref(value);
        else
            g_hash_table_replace(client->properties, g_strdup(name), value);
    }
}

/* The property that a key of GetStatus has: "lan_networks" is LanNetworks. */
static char *property_of(const char *key)
{
    g_auto(GStrv) words = g_strsplit(key, "_", -1);

    for (unsigned i = 0; words[i]; i++)
        words[i][0] = g_ascii_toupper(words[i][0]);
    return g_strjoinv("", words);
}

static void take_status(KsGuardClient *client, GVariant *status)
{
    GVariantIter iter;
    const char *key;
    GVariant *value;

    g_hash_table_remove_all(client->properties);
    g_variant_iter_init(&iter, status);
    while (g_variant_iter_next(&iter, "{&sv}", &key, &value))
        g_hash_table_replace(client->properties, property_of(key), value);
}

static void read_properties(KsGuardClient *client)
{
    g_autoptr(GVariant) all = NULL;
    GVariantBuilder builder;
    GHashTableIter iter;
    void *name;
    void *value;

    g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
    g_hash_table_iter_init(&iter, client->properties);
    while (g_hash_table_iter_next(&iter, &name, &value))
        g_variant_builder_add(&builder, "{sv}", (char *) name, (GVariant *) value);
    all = g_variant_ref_sink(g_variant_builder_end(&builder));
    set_state(client, ks_guard_state_read(all));
}

static void ask_status(KsGuardClient *client);

static void on_status(GObject *source, GAsyncResult *result, gpointer data)
{
    KsGuardClient *client = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) answer =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    g_autoptr(GVariant) status = NULL;

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    client->is_asked = false;
    if (client->ask_again)
        ask_status(client);
    if (error) {
        g_message("the guard does not say how things are: %s", error->message);
        set_state(client, ks_guard_state_new(KS_STATE_AWAY));
        return;
    }
    status = g_variant_get_child_value(answer, 0);
    take_status(client, status);
    read_properties(client);
}

static void ask_status(KsGuardClient *client)
{
    client->ask_again = client->is_asked;
    if (client->is_asked || !client->asking)
        return;
    client->is_asked = true;
    g_dbus_connection_call(client->bus, KS_BUS_NAME, KS_BUS_PATH, KS_BUS_INTERFACE, "GetStatus",
                           NULL, G_VARIANT_TYPE("(a{sv})"), G_DBUS_CALL_FLAGS_NO_AUTO_START,
                           TIMEOUT, client->asking, on_status, client);
}

/* What it says to everybody counts at once, for a state may be short; the rest is asked for. */
static void on_signal(GDBusConnection *bus, const char *sender, const char *path,
                      const char *interface, const char *signal, GVariant *arguments, gpointer data)
{
    KsGuardClient *client = data;
    g_autoptr(GVariant) changes = NULL;

    (void) bus;
    (void) sender;
    (void) path;
    (void) interface;
    (void) signal;
    if (!g_variant_is_of_type(arguments, G_VARIANT_TYPE("(sa{sv}as)")) ||
        g_hash_table_size(client->properties) == 0)
        return;
    changes = g_variant_get_child_value(arguments, 1);
    take_signalled(client, changes);
    if (g_variant_n_children(changes) > 0)
        read_properties(client);
    ask_status(client);
}

static void forget_guard(KsGuardClient *client)
{
    if (client->asking)
        g_cancellable_cancel(client->asking);
    g_clear_object(&client->asking);
    client->is_asked = client->ask_again = false;
    g_hash_table_remove_all(client->properties);
}

static void on_appeared(GDBusConnection *bus, const char *name, const char *owner, gpointer data)
{
    KsGuardClient *client = data;

    (void) bus;
    (void) name;
    (void) owner;
    forget_guard(client);
    client->asking = g_cancellable_new();
    ask_status(client);
    (void) on_ask_permissions(client);
}

static void on_vanished(GDBusConnection *bus, const char *name, gpointer data)
{
    KsGuardClient *client = data;

    (void) bus;
    (void) name;
    forget_guard(client);
    set_state(client, ks_guard_state_new(KS_STATE_AWAY));
}

static void on_closed(GDBusConnection *bus, gboolean vanished, GError *error, gpointer data)
{
    (void) vanished;
    (void) error;
    on_vanished(bus, NULL, data);
}

/* ---- requests ---- */

static KsAnswer classify(const GError *error)
{
    g_autofree char *name = g_dbus_error_get_remote_error(error);

    if (g_strcmp0(name, KS_BUS_ERROR("NotAuthorised")) == 0)
        return KS_ANSWER_REFUSED;
    if (g_strcmp0(name, KS_BUS_ERROR("Forbidden")) == 0)
        return KS_ANSWER_FORBIDDEN;
    if (g_strcmp0(name, KS_BUS_ERROR("InvalidArguments")) == 0)
        return KS_ANSWER_INVALID;
    if (g_strcmp0(name, KS_BUS_ERROR("NotConfirmed")) == 0)
        return KS_ANSWER_UNCONFIRMED;
    if (g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY) ||
        g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
        g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
        g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CLOSED))
        return KS_ANSWER_AWAY;
    return KS_ANSWER_FAILED;
}

static void on_answer(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autofree Question *question = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) answer =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    KsAnswer said = KS_ANSWER_DONE;
    g_autofree char *message = NULL;
    KsGuardClient *client;

    (void) answer; /* only that there is one matters */
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    client = question->client;
    client->busy[question->index] = false;
    change(client);
    if (!answer) {
        said = classify(error);
        (void) g_dbus_error_strip_remote_error(error);
    }
    message = ks_printable(answer ? "" : error->message, KS_TEXT_SENTENCE_COLUMNS);
    client->observer.answered(question->index, said, message, client->observer.data);
}

bool ks_guard_client_ask(KsGuardClient *client, KsRequest request, GVariant *arguments)
{
    g_autoptr(GVariant) sunk = arguments ? g_variant_ref_sink(arguments) : NULL;

    if (client->busy[request])
        return false;
    client->busy[request] = true;
    change(client);
    g_dbus_connection_call(client->bus, KS_BUS_NAME, KS_BUS_PATH, KS_BUS_INTERFACE,
                           requests[request].method, sunk, NULL,
                           G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, NO_TIMEOUT,
                           client->cancellable, on_answer, question_new(client, request));
    return true;
}

static void on_started(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) answer =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    g_autofree char *message = NULL;
    KsGuardClient *client = data;

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    client->is_starting = false;
    change(client);
    if (answer)
        return;
    (void) g_dbus_error_strip_remote_error(error);
    message = ks_printable(error->message, KS_TEXT_SENTENCE_COLUMNS);
    client->observer.not_started(message, client->observer.data);
}

void ks_guard_client_start_guard(KsGuardClient *client)
{
    if (client->is_starting)
        return;
    client->is_starting = true;
    change(client);
    g_dbus_connection_call(client->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                           "org.freedesktop.DBus", "StartServiceByName",
                           g_variant_new("(su)", KS_BUS_NAME, 0), NULL, G_DBUS_CALL_FLAGS_NONE,
                           TIMEOUT, client->cancellable, on_started, client);
}

bool ks_guard_client_is_starting(const KsGuardClient *client)
{
    return client->is_starting;
}

/* ---- looking ---- */

const KsGuardState *ks_guard_client_state(const KsGuardClient *client)
{
    return client->state;
}

KsPermission ks_guard_client_permission(const KsGuardClient *client, KsRequest request)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(actions); i++)
        if (strcmp(actions[i], requests[request].action) == 0)
            return client->permissions[i];
    return KS_PERMISSION_UNKNOWN;
}

bool ks_guard_client_is_busy(const KsGuardClient *client, KsRequest request)
{
    return client->busy[request];
}

KsGuardClient *ks_guard_client_new(GDBusConnection *bus, const KsGuardClientObserver *observer)
{
    KsGuardClient *client = g_new0(KsGuardClient, 1);

    client->bus = g_object_ref(bus);
    client->observer = *observer;
    client->cancellable = g_cancellable_new();
    client->state = ks_guard_state_new(KS_STATE_STARTING);
    client->properties =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_variant_unref);
    client->closed = g_signal_connect(bus, "closed", G_CALLBACK(on_closed), client);
    client->signals = g_dbus_connection_signal_subscribe(
        bus, KS_BUS_NAME, PROPERTIES_INTERFACE, "PropertiesChanged", KS_BUS_PATH, KS_BUS_INTERFACE,
        G_DBUS_SIGNAL_FLAGS_NONE, on_signal, client, NULL);
    client->polkit_signals = g_dbus_connection_signal_subscribe(
        bus, POLKIT_NAME, POLKIT_INTERFACE, "Changed", POLKIT_PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
        on_polkit_signal, client, NULL);
    client->name =
        g_bus_watch_name_on_connection(bus, KS_BUS_NAME, G_BUS_NAME_WATCHER_FLAGS_AUTO_START,
                                       on_appeared, on_vanished, client, NULL);
    return client;
}

void ks_guard_client_free(KsGuardClient *client)
{
    if (!client)
        return;
    g_cancellable_cancel(client->cancellable);
    forget_guard(client);
    g_bus_unwatch_name(client->name);
    g_dbus_connection_signal_unsubscribe(client->bus, client->signals);
    g_dbus_connection_signal_unsubscribe(client->bus, client->polkit_signals);
    g_signal_handler_disconnect(client->bus, client->closed);
    g_clear_handle_id(&client->changed_source, g_source_remove);
    g_clear_handle_id(&client->permissions_source, g_source_remove);
    g_hash_table_unref(client->properties);
    ks_guard_state_free(client->state);
    g_object_unref(client->cancellable);
    g_object_unref(client->bus);
    g_free(client);
}
