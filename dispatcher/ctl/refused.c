/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"
#include "ctl/agent.h"
#include "ctl/bus.h"
#include "ctl/commands.h"
#include "ctl/json.h"
#include "ctl/output.h"
#include "ctl/show-refused.h"
#include "model/names.h"
#include "model/refused-words.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What was refused before nobody knows, so it looks for so long. */
#define LOOK_SECONDS 10

#define CALL_TIMEOUT_MS   15000
#define PERSON_TIMEOUT_MS (5 * 60 * 1000)

/* What the guard's errors say is not so of this program. */
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
            *ret_message = g_strdup_printf(
                _("The program that shows refused packets could not be started. Its log: %s"),
                "journalctl -u nm-killswitch-refused.service");
            return KS_EXIT_FAILED;
        }
    if (name && strcmp(name, "org.freedesktop.DBus.Error.LimitsExceeded") == 0) {
        *ret_message = g_strdup(_("Too many programs are watching already."));
        return KS_EXIT_FAILED;
    }
    return ks_bus_explain(error, ret_message);
}

static KsExitStatus complain(const GError *error)
{
    g_autofree char *message = NULL;
    KsExitStatus status = explain(error, &message);

    ks_output_complain(message);
    return status;
}

static GVariant *look(GDBusConnection *connection, bool may_ask, GError **error)
{
    KsAgent *agent = may_ask && !ks_client_is_root() ? ks_agent_start() : NULL;
    g_autoptr(GVariant) answer = g_dbus_connection_call_sync(
        connection, KS_REFUSED_BUS_NAME, KS_REFUSED_BUS_PATH, KS_REFUSED_BUS_INTERFACE, "Look",
        NULL, G_VARIANT_TYPE("(a{sv})"),
        may_ask ? G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION : G_DBUS_CALL_FLAGS_NONE,
        may_ask ? PERSON_TIMEOUT_MS : CALL_TIMEOUT_MS, NULL, error);

    ks_agent_end(agent);
    return answer ? g_variant_get_child_value(answer, 0) : NULL;
}

static KsExitStatus trouble_of(const KsRefusedReport *report)
{
    const char *trouble = ks_refused_trouble(report);

    if (!trouble)
        return KS_EXIT_DONE;
    ks_output_complain(trouble);
    return report->state == KS_REFUSED_NO_GUARD ? KS_EXIT_NO_GUARD : KS_EXIT_FAILED;
}

/* ---- once ---- */

static gboolean on_looked(gpointer data)
{
    *(bool *) data = true;
    return G_SOURCE_REMOVE;
}

static void wait_a_while(void)
{
    bool done = false;

    g_timeout_add_seconds(LOOK_SECONDS, on_looked, &done);
    while (!done)
        g_main_context_iteration(NULL, TRUE);
}

static KsExitStatus look_once(GDBusConnection *connection, bool json)
{
    g_autofree char *said = g_strdup_printf(
        ngettext("Looking for %d second…", "Looking for %d seconds…", LOOK_SECONDS), LOOK_SECONDS);
    g_autoptr(GVariant) told = NULL;
    g_autoptr(KsRefusedReport) report = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    if (isatty(STDERR_FILENO))
        ks_output_add(said);
    wait_a_while();
    told = look(connection, false, &error);
    if (!told)
        return complain(error);
    report = ks_refused_report_read(told);
    if (json) {
        text = ks_json_refused(told);
        ks_output_data(text);
        return trouble_of(report);
    }
    if (ks_refused_trouble(report))
        return trouble_of(report);
    text = ks_show_refused(report, ks_output_has_colour());
    ks_output_print(text);
    return KS_EXIT_DONE;
}

/* ---- --watch ---- */

static void on_changed(GDBusConnection *connection, const char *sender, const char *path,
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

/* Those that were refused again since, the oldest first. `seen`: how often, by
 * ks_refused_entry_key(). */
static void print_new(GVariant *told, GHashTable *seen, bool json)
{
    g_autoptr(GVariant) entries = g_variant_lookup_value(told, "entries", G_VARIANT_TYPE("aa{sv}"));
    gsize count = entries ? MIN(g_variant_n_children(entries), KS_REFUSED_ENTRIES_MAX) : 0;

    if (g_hash_table_size(seen) > 4 * KS_REFUSED_ENTRIES_MAX) /* of rows that are gone, too */
        g_hash_table_remove_all(seen);
    for (gsize i = count; i > 0; i--) {
        g_autoptr(GVariant) entry = g_variant_get_child_value(entries, i - 1);
        KsRefusedEntry *row = ks_refused_entry_read(entry);
        g_autofree char *key = ks_refused_entry_key(row);
        uint64_t *before = g_hash_table_lookup(seen, key);
        g_autofree char *text = NULL;

        if (!before || *before != row->count) {
            text = json ? ks_json_refused_entry(entry) : ks_show_refused_line(row);
            if (json)
                ks_output_data(text);
            else
                ks_output_print(text);
            before = g_new(uint64_t, 1);
            *before = row->count;
            g_hash_table_insert(seen, g_steal_pointer(&key), before);
        }
        ks_refused_entry_free(row);
    }
}

/* Until somebody ends this, or nothing can be seen any more. A guard that is gone may come back. */
static KsExitStatus watch(GDBusConnection *connection, bool json)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    bool has_changed = true;
    bool had_trouble = false;

    (void) g_dbus_connection_signal_subscribe(
        connection, KS_REFUSED_BUS_NAME, KS_REFUSED_BUS_INTERFACE, "Changed", KS_REFUSED_BUS_PATH,
        NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_changed, &has_changed, NULL);
    (void) g_dbus_connection_signal_subscribe(
        connection, "org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged",
        "/org/freedesktop/DBus", KS_REFUSED_BUS_NAME, G_DBUS_SIGNAL_FLAGS_NONE, on_changed,
        &has_changed, NULL);
    for (;;) {
        if (g_dbus_connection_is_closed(connection)) {
            ks_output_complain(_("The system bus is gone, so the guard cannot be reached. What was "
                                 "locked stays locked."));
            return KS_EXIT_FAILED;
        }
        if (has_changed) {
            g_autoptr(GError) error = NULL;
            g_autoptr(GVariant) told = look(connection, false, &error);
            g_autoptr(KsRefusedReport) report = told ? ks_refused_report_read(told) : NULL;

            has_changed = false;
            if (!report)
                return complain(error);
            print_new(told, seen, json);
            if (ks_refused_trouble(report) && !had_trouble) {
                KsExitStatus status = trouble_of(report);

                if (status != KS_EXIT_NO_GUARD)
                    return status;
            }
            had_trouble = ks_refused_trouble(report) != NULL;
            if (fflush(stdout) != 0) /* nobody reads any more, or the disk is full */
                return KS_EXIT_FAILED;
        }
        g_main_context_iteration(NULL, TRUE);
    }
}

KsExitStatus ks_run_refused(const KsCommandLine *line)
{
    bool may_ask = isatty(STDIN_FILENO) && !ks_command_line_has(line, KS_OPTION_NO_ASK_PASSWORD);
    bool json = ks_command_line_has(line, KS_OPTION_JSON);
    g_autoptr(GError) error = NULL;
    g_autoptr(GDBusConnection) connection = ks_bus_open(&error);
    g_autoptr(GVariant) told = connection ? look(connection, may_ask, &error) : NULL;
    g_autoptr(KsRefusedReport) report = told ? ks_refused_report_read(told) : NULL;

    if (!report)
        return complain(error);
    if (ks_refused_trouble(report))
        return trouble_of(report);
    return ks_command_line_has(line, KS_OPTION_WATCH) ? watch(connection, json)
                                                      : look_once(connection, json);
}
