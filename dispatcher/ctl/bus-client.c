/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/bus-client.h"

#include "config.h"
#include "model/names.h"

#include <glib/gi18n.h>
#include <string.h>

#define CONNECT_TIMEOUT_MS 5000

/* The guard answers within milliseconds; one that is started for it, within two seconds. */
#define ANSWER_TIMEOUT_MS 10000

typedef struct {
    GAsyncResult *result;
} Opening;

static void on_opened(GObject *source, GAsyncResult *result, gpointer data)
{
    Opening *opening = data;

    (void) source;
    opening->result = g_object_ref(result);
}

static gboolean on_timeout(gpointer data)
{
    g_cancellable_cancel(data);
    return G_SOURCE_REMOVE;
}

GDBusConnection *ks_bus_open(GError **error)
{
    g_autofree char *address = g_dbus_address_get_for_bus_sync(G_BUS_TYPE_SYSTEM, NULL, error);
    g_autoptr(GCancellable) patience = NULL;
    g_autoptr(GSource) timeout = NULL;
    Opening opening = { 0 };
    GDBusConnection *connection;

    if (!address)
        return NULL;
    /* g_dbus_connection_new_for_address_sync() would wait for a bus that hangs for ever; and in the
     * main context, because that is where the connection says later that it was closed */
    patience = g_cancellable_new();
    timeout = g_timeout_source_new(CONNECT_TIMEOUT_MS);
    g_source_set_callback(timeout, on_timeout, patience, NULL);
    g_source_attach(timeout, NULL);
    g_dbus_connection_new_for_address(address,
                                      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                          G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                      NULL, patience, on_opened, &opening);
    while (!opening.result)
        g_main_context_iteration(NULL, TRUE);
    g_source_destroy(timeout);
    connection = g_dbus_connection_new_for_address_finish(opening.result, error);
    g_object_unref(opening.result);
    if (connection)
        g_dbus_connection_set_exit_on_close(connection, FALSE);
    return connection;
}

#define NOT_AUTHORISED_HINT N_("Root needs no permission: put sudo before the command.")

/* By the name of the error on the bus; a prefix where it ends in a dot. */
static const struct {
    const char *name;
    KsExitStatus status;
    const char *message; /* NULL: what came with it, which is the guard's own sentence */
    const char *hint;    /* what to do next, if the message does not say so; may be NULL */
} meanings[] = {
    { KS_BUS_ERROR("NotAuthorised"), KS_EXIT_NOT_AUTHORISED, NULL, NOT_AUTHORISED_HINT },
    { KS_BUS_ERROR("Forbidden"), KS_EXIT_NOT_AUTHORISED, NULL },
    { KS_BUS_ERROR("UnknownMethod"), KS_EXIT_FAILED, NULL },
    { KS_BUS_ERROR(""), KS_EXIT_FAILED, NULL },
    { "org.freedesktop.DBus.Error.AccessDenied", KS_EXIT_NOT_AUTHORISED,
      N_("The system bus does not let you talk to the guard.") },
    { "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", KS_EXIT_NOT_AUTHORISED,
      N_("This needs a password, and there was no way to ask for it."), NOT_AUTHORISED_HINT },
    { "org.freedesktop.DBus.Error.ServiceUnknown", KS_EXIT_NO_GUARD,
      N_("The guard is not running.") },
    { "org.freedesktop.DBus.Error.NameHasNoOwner", KS_EXIT_NO_GUARD,
      N_("The guard is not running.") },
    { "org.freedesktop.DBus.Error.NoReply", KS_EXIT_NO_GUARD,
      N_("The guard ended before it answered.") },
    { "org.freedesktop.DBus.Error.TimedOut", KS_EXIT_NO_GUARD,
      N_("The guard could not be started in time.") },
    { "org.freedesktop.DBus.Error.Spawn.", KS_EXIT_NO_GUARD,
      N_("The guard could not be started.") },
    { "org.freedesktop.systemd1.", KS_EXIT_NO_GUARD, N_("The guard could not be started.") },
    { "org.freedesktop.DBus.Error.UnknownMethod", KS_EXIT_FAILED,
      N_("The guard does not know this request: it is of another version than this program.") },
    { "org.freedesktop.DBus.Error.UnknownInterface", KS_EXIT_FAILED,
      N_("The guard does not know this request: it is of another version than this program.") },
    { "org.freedesktop.DBus.Error.UnknownObject", KS_EXIT_FAILED,
      N_("The guard does not know this request: it is of another version than this program.") },
    { "org.freedesktop.DBus.Error.LimitsExceeded", KS_EXIT_FAILED,
      N_("Too much is asked of the guard at once. Try it again in a moment.") },
};

static bool is_meant(const char *pattern, const char *name)
{
    return g_str_has_suffix(pattern, ".") ? g_str_has_prefix(name, pattern)
                                          : strcmp(pattern, name) == 0;
}

/* Without an error's name: the connection itself, or our own patience. */
static KsExitStatus explain_connection(const GError *error, char **ret_message)
{
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ||
        g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_TIMEOUT))
        *ret_message = g_strdup(_("The guard does not answer."));
    else if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        *ret_message = g_strdup(_("The system bus does not answer, so the guard cannot be asked."));
    else
        *ret_message = g_strdup_printf(
            _("The system bus cannot be reached, so the guard cannot be asked: %s."),
            error->message);
    return KS_EXIT_NO_GUARD;
}

KsExitStatus ks_bus_explain(const GError *error, char **ret_message)
{
    g_autoptr(GError) plain = g_error_copy(error);
    g_autofree char *name = NULL;

    if (!g_dbus_error_is_remote_error(error))
        return explain_connection(error, ret_message);
    name = g_dbus_error_get_remote_error(error);
    (void) g_dbus_error_strip_remote_error(plain);
    for (unsigned i = 0; i < G_N_ELEMENTS(meanings); i++)
        if (is_meant(meanings[i].name, name)) {
            const char *said = meanings[i].message ? _(meanings[i].message) : plain->message;

            if (meanings[i].hint && !strstr(said, "sudo"))
                *ret_message = g_strdup_printf("%s %s", said, _(meanings[i].hint));
            else
                *ret_message = g_strdup(said);
            return meanings[i].status;
        }
    *ret_message = g_strdup(plain->message);
    return KS_EXIT_FAILED;
}

KsExitStatus ks_bus_call(GDBusConnection *connection, const char *method, GVariant *arguments,
                         bool interactive, GVariant **ret_result, char **ret_message)
{
    g_autoptr(GError) error = NULL;

    *ret_result = g_dbus_connection_call_sync(
        connection, KS_BUS_NAME, KS_BUS_PATH, KS_BUS_INTERFACE, method, arguments, NULL,
        interactive ? G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION : G_DBUS_CALL_FLAGS_NONE,
        interactive ? KS_BUS_PERSON_MS : ANSWER_TIMEOUT_MS, NULL, &error);
    return *ret_result ? KS_EXIT_DONE : ks_bus_explain(error, ret_message);
}
