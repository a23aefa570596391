/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/test.h"
#include "config.h"
#include "ctl/agent.h"
#include "ctl/bus.h"
#include "ctl/commands.h"
#include "ctl/json.h"
#include "ctl/leaks.h"
#include "ctl/output.h"
#include "model/names.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A test takes some three seconds, and others' may come first. With a person who looks for the
 * password it takes as long as that. */
#define TEST_TIMEOUT_MS   60000
#define PERSON_TIMEOUT_MS (5 * 60 * 1000)

/* What the guard's errors say is not so of the test. */
static KsExitStatus explain(const GError *error, char **ret_message)
{
    static const char *const away[] = {
        "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner",
        "org.freedesktop.DBus.Error.Spawn.",         "org.freedesktop.DBus.Error.NoReply",
        "org.freedesktop.DBus.Error.TimedOut",       "org.freedesktop.systemd1.",
    };
    g_autofree char *name = g_dbus_error_get_remote_error(error);

    for (unsigned i = 0; name && i < G_N_ELEMENTS(away); i++)
        if (g_str_has_prefix(name, away[i])) {
            *ret_message = g_strdup_printf(_("The leak test could not be started. Its log: %s"),
                                           "journalctl -u nm-killswitch-leak-test.service");
            return KS_EXIT_FAILED;
        }
    if (name && strcmp(name, "org.freedesktop.DBus.Error.LimitsExceeded") == 0) {
        *ret_message = g_strdup(_("Too many leak tests wait already. Try it again in a moment."));
        return KS_EXIT_FAILED;
    }
    if (!name && g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)) {
        *ret_message = g_strdup(_("The leak test does not answer."));
        return KS_EXIT_FAILED;
    }
    return ks_bus_explain(error, ret_message);
}

static GVariant *call(GDBusConnection *connection, bool may_ask, GError **error)
{
    KsAgent *agent = may_ask && !ks_client_is_root() ? ks_agent_start() : NULL;
    GVariant *answer = g_dbus_connection_call_sync(
        connection, KS_TEST_BUS_NAME, KS_TEST_BUS_PATH, KS_TEST_BUS_INTERFACE, "Run", NULL,
        G_VARIANT_TYPE("(a{sv})"),
        may_ask ? G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION : G_DBUS_CALL_FLAGS_NONE,
        may_ask ? PERSON_TIMEOUT_MS : TEST_TIMEOUT_MS, NULL, error);

    ks_agent_end(agent);
    return answer;
}

KsExitStatus ks_test_ask(GDBusConnection *connection, bool may_ask, GVariant **ret_told,
                         char **ret_message)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) answer = call(connection, may_ask, &error);

    if (!answer)
        return explain(error, ret_message);
    *ret_told = g_variant_get_child_value(answer, 0);
    return KS_EXIT_DONE;
}

static KsExitStatus status_of(KsLeakVerdict verdict)
{
    if (verdict == KS_LEAK_LEAKED)
        return KS_EXIT_LEAKED;
    return verdict == KS_LEAK_CLOSED ? KS_EXIT_DONE : KS_EXIT_UNJUDGED;
}

/* What was found of one test; else the complaint is made. */
static KsExitStatus test(GDBusConnection *connection, const KsCommandLine *line)
{
    bool may_ask = isatty(STDIN_FILENO) && !ks_command_line_has(line, KS_OPTION_NO_ASK_PASSWORD);
    bool watch = ks_command_line_has(line, KS_OPTION_WATCH);
    g_autoptr(GVariant) told = NULL;
    g_autofree char *text = NULL;
    KsExitStatus status = ks_test_ask(connection, may_ask, &told, &text);
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
    return status_of(result->verdict);
}

/* ---- --watch ---- */

static void on_owner(GDBusConnection *connection, const char *sender, const char *path,
                     const char *interface, const char *signal, GVariant *arguments, gpointer data)
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

/* A test now, and one after each change, until somebody ends this or a test cannot be made. */
static KsExitStatus watch(GDBusConnection *connection, const KsCommandLine *line)
{
    bool has_changed = true;
    KsExitStatus status;

    (void) g_dbus_connection_signal_subscribe(
        connection, KS_BUS_NAME, "org.freedesktop.DBus.Properties", "PropertiesChanged",
        KS_BUS_PATH, KS_BUS_INTERFACE, G_DBUS_SIGNAL_FLAGS_NONE, on_properties, &has_changed, NULL);
    (void) g_dbus_connection_signal_subscribe(
        connection, "org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged",
        "/org/freedesktop/DBus", KS_BUS_NAME, G_DBUS_SIGNAL_FLAGS_NONE, on_owner, &has_changed,
        NULL);
    for (;;) {
        if (g_dbus_connection_is_closed(connection)) {
            ks_output_complain(_("The system bus is gone, so the guard cannot be reached. What was "
                                 "locked stays locked."));
            return KS_EXIT_FAILED;
        }
        if (has_changed) {
            has_changed = false;
            status = test(connection, line);
            if (status != KS_EXIT_DONE && status != KS_EXIT_LEAKED && status != KS_EXIT_UNJUDGED)
                return status;
            if (fflush(stdout) != 0) /* nobody reads any more, or the disk is full */
                return KS_EXIT_FAILED;
        }
        /* what came during the test is there already */
        g_main_context_iteration(NULL, TRUE);
    }
}

KsExitStatus ks_run_test(const KsCommandLine *line)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDBusConnection) connection = ks_bus_open(&error);

    if (!connection) {
        g_autofree char *message = NULL;
        KsExitStatus status = explain(error, &message);

        ks_output_complain(message);
        return status;
    }
    return ks_command_line_has(line, KS_OPTION_WATCH) ? watch(connection, line)
                                                      : test(connection, line);
}
