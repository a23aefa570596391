/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/helper.h"

#include "config.h"
#include "ctl/agent.h"
#include "ctl/bus-client.h"
#include "ctl/client.h"
#include "ctl/output.h"
#include "model/bus-error.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

KsExitStatus ks_helper_explain(const KsHelper *helper, const GError *error, char **ret_message)
{
    g_autofree char *name = g_dbus_error_get_remote_error(error);

    if (name && ks_bus_error_is_away(name)) {
        *ret_message = helper->not_started();
        return KS_EXIT_FAILED;
    }
    if (name && strcmp(name, "org.freedesktop.DBus.Error.LimitsExceeded") == 0) {
        *ret_message = g_strdup(_(helper->too_many));
        return KS_EXIT_FAILED;
    }
    /* the bus itself waits for 25 s for a program that does not start */
    if (!name && g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)) {
        *ret_message = helper->silent();
        return KS_EXIT_FAILED;
    }
    return ks_bus_explain(error, ret_message);
}

KsExitStatus ks_helper_call(const KsHelper *helper, GDBusConnection *connection, const char *method,
                            GVariant *arguments, bool may_ask, GVariant **ret_told,
                            char **ret_message)
{
    KsAgent *agent = may_ask && !ks_client_is_root() ? ks_agent_start() : NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) answer = g_dbus_connection_call_sync(
        connection, helper->bus_name, helper->path, helper->interface, method, arguments,
        G_VARIANT_TYPE("(a{sv})"),
        may_ask ? G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION : G_DBUS_CALL_FLAGS_NONE,
        may_ask ? KS_BUS_PERSON_MS : helper->timeout_ms, NULL, &error);

    ks_agent_end(agent);
    if (!answer)
        return ks_helper_explain(helper, error, ret_message);
    *ret_told = g_variant_get_child_value(answer, 0);
    return KS_EXIT_DONE;
}

KsExitStatus ks_helper_ask(const KsHelper *helper, GDBusConnection *connection, bool may_ask,
                           GVariant **ret_told, char **ret_message)
{
    return ks_helper_call(helper, connection, helper->method, NULL, may_ask, ret_told, ret_message);
}

void ks_helper_on_signal(GDBusConnection *connection, const char *sender, const char *path,
                         const char *interface, const char *signal, GVariant *arguments,
                         gpointer data)
{
    bool *has_changed = data;

    (void) connection;
    (void) sender;
    (void) path;
    (void) interface;
    (void) signal;
    (void) arguments;
    *has_changed = true;
}

KsExitStatus ks_helper_watch(GDBusConnection *connection, bool *has_changed,
                             bool (*step)(void *data, KsExitStatus *ret_status), void *data)
{
    for (*has_changed = true;;) {
        KsExitStatus status;

        if (g_dbus_connection_is_closed(connection)) {
            ks_output_complain(_("The system bus is gone, so the guard cannot be reached. What was "
                                 "locked stays locked."));
            return KS_EXIT_FAILED;
        }
        if (*has_changed) {
            *has_changed = false;
            if (!step(data, &status))
                return status;
            if (fflush(stdout) != 0) /* nobody reads any more, or the disk is full */
                return KS_EXIT_FAILED;
        }
        /* what came during the step is there already */
        g_main_context_iteration(NULL, TRUE);
    }
}
