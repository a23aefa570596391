/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"
#include "ctl/bus-client.h"
#include "ctl/field.h"
#include "ctl/helper.h"
#include "ctl/json.h"
#include "ctl/output.h"
#include "ctl/run-command.h"
#include "ctl/show-refused.h"
#include "ctl/terminal-text.h"
#include "model/duration.h"
#include "model/names.h"
#include "model/refused-words.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

/* What was refused before is not known unless it is kept, so it looks for so long. */
#define LOOK_SECONDS 10

static const KsHelper helper = {
    .bus_name = KS_REFUSED_BUS_NAME,
    .path = KS_REFUSED_BUS_PATH,
    .interface = KS_REFUSED_BUS_INTERFACE,
    .method = "Look",
    .timeout_ms = 15000,
    .too_many = N_("Too many programs are watching already."),
    .silent = ks_refused_silent,
    .not_started = ks_refused_not_started,
};

/* What is told now; else the complaint is made. */
static KsExitStatus look(GDBusConnection *connection, bool may_ask, GVariant **ret_told)
{
    g_autofree char *message = NULL;
    KsExitStatus status = ks_helper_ask(&helper, connection, may_ask, ret_told, &message);

    if (status != KS_EXIT_DONE)
        ks_output_complain(message);
    return status;
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

/* `kept`: what is told already is what was wanted. */
static KsExitStatus look_once(GDBusConnection *connection, bool kept, bool json)
{
    g_autofree char *said = g_strdup_printf(
        ngettext("Looking for %d second…", "Looking for %d seconds…", LOOK_SECONDS), LOOK_SECONDS);
    g_autoptr(GVariant) told = NULL;
    g_autoptr(KsRefusedReport) report = NULL;
    g_autofree char *text = NULL;
    KsExitStatus status;

    if (!kept && isatty(STDERR_FILENO))
        ks_output_add(said);
    if (!kept)
        wait_a_while();
    status = look(connection, false, &told);
    if (status != KS_EXIT_DONE)
        return status;
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

/* Those that were refused again since, the oldest first. `seen`: how often, by their keys. */
static void print_new(GVariant *told, const KsRefusedReport *report, GHashTable *seen, bool json)
{
    g_autoptr(GVariant) entries = ks_field_list(told, "entries");

    if (g_hash_table_size(seen) > 4 * KS_REFUSED_ENTRIES_MAX) /* of rows that are gone, too */
        g_hash_table_remove_all(seen);
    for (unsigned i = report->entries->len; i > 0; i--) {
        const KsRefusedEntry *row = g_ptr_array_index(report->entries, i - 1);
        g_autoptr(GVariant) entry = g_variant_get_child_value(entries, i - 1);
        uint64_t *before = g_hash_table_lookup(seen, row->key);
        g_autofree char *text = NULL;

        if (before && *before == row->count)
            continue;
        text = json ? ks_json_refused_entry(entry) : ks_show_refused_line(row);
        if (json)
            ks_output_data(text);
        else
            ks_output_print(text);
        before = g_new(uint64_t, 1);
        *before = row->count;
        g_hash_table_insert(seen, g_strdup(row->key), before);
    }
}

typedef struct {
    GDBusConnection *connection;
    GHashTable *seen;
    bool json;
    bool had_trouble;
} Watch;

/* False: nothing can be seen any more. A guard that is gone may come back. */
static bool look_again(void *data, KsExitStatus *ret_status)
{
    Watch *watch = data;
    g_autoptr(GVariant) told = NULL;
    g_autoptr(KsRefusedReport) report = NULL;
    bool has_trouble;

    *ret_status = look(watch->connection, false, &told);
    if (*ret_status != KS_EXIT_DONE)
        return false;
    report = ks_refused_report_read(told);
    print_new(told, report, watch->seen, watch->json);
    has_trouble = ks_refused_trouble(report) != NULL;
    if (has_trouble && !watch->had_trouble)
        *ret_status = trouble_of(report);
    watch->had_trouble = has_trouble;
    return *ret_status == KS_EXIT_DONE || *ret_status == KS_EXIT_NO_GUARD;
}

static KsExitStatus watch(GDBusConnection *connection, bool json)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    Watch watch = { .connection = connection, .seen = seen, .json = json };
    bool has_changed;

    (void) g_dbus_connection_signal_subscribe(
        connection, KS_REFUSED_BUS_NAME, KS_REFUSED_BUS_INTERFACE, "Changed", KS_REFUSED_BUS_PATH,
        NULL, G_DBUS_SIGNAL_FLAGS_NONE, ks_helper_on_signal, &has_changed, NULL);
    (void) g_dbus_connection_signal_subscribe(
        connection, "org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged",
        "/org/freedesktop/DBus", KS_REFUSED_BUS_NAME, G_DBUS_SIGNAL_FLAGS_NONE, ks_helper_on_signal,
        &has_changed, NULL);
    return ks_helper_watch(connection, &has_changed, look_again, &watch);
}

/* ---- --keep ---- */

/* False with a complaint: it is no duration. "off" is 0. */
static bool read_keep(const char *text, uint32_t *ret_seconds)
{
    if (strcmp(text, "off") == 0) {
        *ret_seconds = 0;
        return true;
    }
    if (ks_duration_parse(text, ret_seconds) == 0 && *ret_seconds > 0 &&
        *ret_seconds <= KS_REFUSED_KEEP_SECONDS_MAX)
        return true;
    (void) ks_usage(KS_PROGRAM " refused --help",
                    _("“%s” cannot be kept for: write seconds (90 or 90s) or minutes (5m), an hour "
                      "(1h) at most, or off."),
                    text);
    return false;
}

static void say_kept(const KsRefusedReport *report)
{
    g_autofree char *until = ks_terminal_moment(report->kept_until);
    g_autofree char *text =
        report->kept_until > 0
            ? g_strdup_printf(_("What is refused is kept in memory until %s. To see it: "
                                "nm-killswitch refused"),
                              until)
            : g_strdup(_("What is refused is not kept any more."));
    GString *out = g_string_new(NULL);
    g_autofree char *wrapped = NULL;

    ks_terminal_append_wrapped(out, "", 0, text);
    wrapped = g_string_free(out, FALSE);
    ks_output_print(wrapped);
}

static KsExitStatus keep(GDBusConnection *connection, uint32_t seconds, bool may_ask, bool json)
{
    g_autoptr(GVariant) told = NULL;
    g_autoptr(KsRefusedReport) report = NULL;
    g_autofree char *message = NULL;
    g_autofree char *text = NULL;
    KsExitStatus status = ks_helper_call(&helper, connection, "Keep", g_variant_new("(u)", seconds),
                                         may_ask, &told, &message);

    if (status != KS_EXIT_DONE) {
        ks_output_complain(message);
        return status;
    }
    report = ks_refused_report_read(told);
    if (json) {
        text = ks_json_refused(told);
        ks_output_data(text);
    } else if (!ks_refused_trouble(report)) {
        say_kept(report);
    }
    return trouble_of(report);
}

KsExitStatus ks_run_refused(const KsCommandLine *line)
{
    bool may_ask = isatty(STDIN_FILENO) && !ks_command_line_has(line, KS_OPTION_NO_ASK_PASSWORD);
    bool json = ks_command_line_has(line, KS_OPTION_JSON);
    g_autoptr(GError) error = NULL;
    g_autoptr(GDBusConnection) connection = ks_bus_open(&error);
    g_autoptr(GVariant) told = NULL;
    g_autoptr(KsRefusedReport) report = NULL;
    uint32_t seconds = 0;
    KsExitStatus status;

    if (line->keep && ks_command_line_has(line, KS_OPTION_WATCH))
        return ks_usage(NULL, _("“--keep” and “--watch” do not go together."));
    if (line->keep && !read_keep(line->keep, &seconds))
        return KS_EXIT_USAGE;
    if (!connection) {
        g_autofree char *message = NULL;

        status = ks_helper_explain(&helper, error, &message);
        ks_output_complain(message);
        return status;
    }
    if (line->keep)
        return keep(connection, seconds, may_ask, json);
    status = look(connection, may_ask, &told);
    if (status != KS_EXIT_DONE)
        return status;
    report = ks_refused_report_read(told);
    if (ks_refused_trouble(report))
        return trouble_of(report);
    return ks_command_line_has(line, KS_OPTION_WATCH)
               ? watch(connection, json)
               : look_once(connection, report->kept_until > 0, json);
}
