/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"
#include "ctl/bus-client.h"
#include "ctl/drop.h"
#include "ctl/helper.h"
#include "ctl/json.h"
#include "ctl/leak-call.h"
#include "ctl/leaks.h"
#include "ctl/output.h"
#include "ctl/run-command.h"
#include "ctl/test-online.h"
#include "model/names.h"

#include <glib/gi18n.h>
#include <unistd.h>

/* What was found of one test; else the complaint is made. */
static KsExitStatus test(GDBusConnection *connection, const KsCommandLine *line)
{
    bool may_ask = isatty(STDIN_FILENO) && !ks_command_line_has(line, KS_OPTION_NO_ASK_PASSWORD);
    bool watch = ks_command_line_has(line, KS_OPTION_WATCH);
    g_autoptr(GVariant) told = NULL;
    g_autofree char *text = NULL;
    KsExitStatus status = ks_leak_call(connection, may_ask, &told, &text);
    g_autoptr(KsLeakResult) result = told ? ks_leak_result_read(told) : NULL;

    if (!result) {
        ks_output_complain(text);
        return status;
    }
    if (ks_command_line_has(line, KS_OPTION_JSON)) {
        text = ks_json_leaks(told, watch);
        ks_output_data(text);
    } else if (watch) {
        text = ks_show_leaks_line(result);
        ks_output_print(text);
    } else {
        text = ks_show_leaks(result, ks_output_has_colour());
        ks_output_print(text);
    }
    return ks_leak_call_status(result->verdict);
}

/* ---- --watch ---- */

static void on_properties(GDBusConnection *connection, const char *sender, const char *path,
                          const char *interface, const char *signal, GVariant *arguments,
                          gpointer data)
{
    g_autoptr(GVariant) changed = NULL;
    bool *has_changed = data;

    (void) connection;
    (void) sender;
    (void) path;
    (void) interface;
    (void) signal;
    if (!g_variant_is_of_type(arguments, G_VARIANT_TYPE("(sa{sv}as)")))
        return;
    changed = g_variant_get_child_value(arguments, 1);
    *has_changed |= g_variant_lookup(changed, "State", "&s", NULL) ||
                    g_variant_lookup(changed, "Lan", "b", NULL);
}

typedef struct {
    GDBusConnection *connection;
    const KsCommandLine *line;
} Watch;

/* False: a test cannot be made. */
static bool test_again(void *data, KsExitStatus *ret_status)
{
    const Watch *watch = data;

    *ret_status = test(watch->connection, watch->line);
    return *ret_status == KS_EXIT_DONE || *ret_status == KS_EXIT_LEAKED ||
           *ret_status == KS_EXIT_UNJUDGED;
}

static KsExitStatus watch(GDBusConnection *connection, const KsCommandLine *line)
{
    Watch watch = { connection, line };
    bool has_changed;

    (void) g_dbus_connection_signal_subscribe(
        connection, KS_BUS_NAME, "org.freedesktop.DBus.Properties", "PropertiesChanged",
        KS_BUS_PATH, KS_BUS_INTERFACE, G_DBUS_SIGNAL_FLAGS_NONE, on_properties, &has_changed, NULL);
    (void) g_dbus_connection_signal_subscribe(
        connection, "org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged",
        "/org/freedesktop/DBus", KS_BUS_NAME, G_DBUS_SIGNAL_FLAGS_NONE, ks_helper_on_signal,
        &has_changed, NULL);
    return ks_helper_watch(connection, &has_changed, test_again, &watch);
}

KsExitStatus ks_run_test(const KsCommandLine *line)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDBusConnection) connection = NULL;

    if (ks_command_line_has(line, KS_OPTION_ONLINE))
        return ks_test_online(line);
    connection = ks_bus_open(&error);
    if (!connection) {
        g_autofree char *message = NULL;
        KsExitStatus status = ks_leak_call_explain(error, &message);

        ks_output_complain(message);
        return status;
    }
    if (ks_command_line_has(line, KS_OPTION_DROP))
        return ks_test_drop(connection, line);
    return ks_command_line_has(line, KS_OPTION_WATCH) ? watch(connection, line)
                                                      : test(connection, line);
}
