/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/drop.h"

#include "config.h"
#include "ctl/field.h"
#include "ctl/leak-call.h"
#include "ctl/leaks.h"
#include "ctl/output.h"
#include "ctl/report/run-program.h"
#include "kernel/tunnel-removal.h"
#include "model/leak-words.h"
#include "model/printable.h"

#include <net/if.h>

#include <glib/gi18n.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAME_COLUMNS 60u

/* The guard sees that a tunnel is gone at once; a VPN takes its time to come up. */
#define GONE_SECONDS  5
#define BACK_SECONDS  60
#define LOOK_AGAIN_US (G_USEC_PER_SEC / 4)

typedef struct {
    const KsCommandLine *line;
    GDBusConnection *connection;
    char *interface;
    int index; /* of the interface */
    char *uuid;
    char *name;
    KsExitStatus worst;
    bool held; /* the last test saw nothing leave but what exceptions let out */
} Drop;

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void) number;
    interrupted = 1;
}

/* Programs that are started inherit only that a signal is ignored. What would end or stop this one
 * where it writes (its reader has gone, its terminal is another's) is ignored at once. */
static void set_signals(void (*handler)(int))
{
    static const int that_end[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
    static const int ignored[] = { SIGPIPE, SIGTSTP, SIGTTOU };
    struct sigaction action = { .sa_handler = handler };

    for (unsigned i = 0; i < G_N_ELEMENTS(that_end); i++)
        (void) sigaction(that_end[i], &action, NULL);
    action.sa_handler = SIG_IGN;
    for (unsigned i = 0; i < G_N_ELEMENTS(ignored); i++)
        (void) sigaction(ignored[i], &action, NULL);
}

/* ---- what the guard and NetworkManager say ---- */

static GVariant *status_of_guard(const Drop *drop, KsExitStatus *ret_exit)
{
    g_autofree char *message = NULL;
    GVariant *status = NULL;

    *ret_exit = ks_client_get_status(drop->line->client, &status, &message);
    if (*ret_exit != KS_EXIT_DONE)
        ks_output_complain(message);
    return status;
}

static bool nmcli(const char *const *arguments, char **ret_said)
{
    g_autofree char *why = NULL;
    char *said = ks_program_run(arguments, &why);

    if (said)
        g_strstrip(said);
    if (ret_said)
        *ret_said = said;
    else
        g_free(said);
    return said != NULL;
}

static bool is_of_network_manager(const char *uuid)
{
    const char *const arguments[] = {
        "nmcli", "--get-values", "GENERAL.STATE", "connection", "show", "uuid", uuid, NULL
    };
    g_autofree char *said = NULL;

    return nmcli(arguments, &said) && strcmp(said, "activated") == 0;
}

static bool find_tunnel(Drop *drop, GVariant *status)
{
    g_autoptr(GVariant) tunnels = ks_field_list(status, "tunnels");

    for (gsize i = 0; i < g_variant_n_children(tunnels); i++) {
        g_autoptr(GVariant) tunnel = g_variant_get_child_value(tunnels, i);
        const char *interface = ks_field_text(tunnel, "interface");
        const char *uuid = ks_field_text(tunnel, "uuid");
        const char *name = ks_field_text(tunnel, "name");

        if (!interface[0] || !uuid[0] || !is_of_network_manager(uuid))
            continue;
        drop->interface = g_strdup(interface);
        drop->index = (int) if_nametoindex(interface);
        drop->uuid = g_strdup(uuid);
        drop->name = ks_printable(name[0] ? name : uuid, NAME_COLUMNS);
        return true;
    }
    return false;
}

/* `interface` NULL: whichever it is. */
static bool is_up(const Drop *drop, GVariant *status, const char *interface)
{
    g_autoptr(GVariant) tunnels = ks_field_list(status, "tunnels");

    for (gsize i = 0; i < g_variant_n_children(tunnels); i++) {
        g_autoptr(GVariant) tunnel = g_variant_get_child_value(tunnels, i);

        if (strcmp(ks_field_text(tunnel, "uuid"), drop->uuid) == 0 &&
            (!interface || strcmp(ks_field_text(tunnel, "interface"), interface) == 0))
            return true;
    }
    return false;
}

static bool is_now(const Drop *drop, bool up)
{
    g_autofree char *message = NULL;
    g_autoptr(GVariant) status = NULL;

    return ks_client_get_status(drop->line->client, &status, &message) == KS_EXIT_DONE &&
           is_up(drop, status, NULL) == up;
}

/* The question and the first test took their time. */
static bool may_be_removed(const Drop *drop)
{
    KsExitStatus exit_status;
    g_autoptr(GVariant) status = status_of_guard(drop, &exit_status);

    return status && strcmp(ks_field_text(status, "state"), "protected") == 0 &&
           is_up(drop, status, drop->interface) && drop->held;
}

static bool wait_until(const Drop *drop, bool up, int seconds)
{
    gint64 end = g_get_monotonic_time() + seconds * G_USEC_PER_SEC;

    do {
        if (is_now(drop, up))
            return true;
        g_usleep(LOOK_AGAIN_US);
    } while (g_get_monotonic_time() < end);
    return false;
}

/* ---- the steps ---- */

static void note(Drop *drop, KsExitStatus status)
{
    bool is_worse = status == KS_EXIT_LEAKED || drop->worst == KS_EXIT_DONE;

    if (status != KS_EXIT_DONE && is_worse)
        drop->worst = status;
}

/* Takes `when`: which of the three it is. */
static void check(Drop *drop, char *when)
{
    g_autoptr(GVariant) told = NULL;
    g_autofree char *text = NULL;
    KsExitStatus status = ks_leak_call(drop->connection, false, &told, &text);
    g_autoptr(KsLeakResult) result = told ? ks_leak_result_read(told) : NULL;

    drop->held = result && (result->verdict == KS_LEAK_CLOSED ||
                            (result->verdict == KS_LEAK_UNJUDGED &&
                             strcmp(result->doubt, KS_LEAK_DOUBT_EXCEPTION) == 0));
    ks_output_print(when);
    g_free(when);
    ks_output_print("\n");
    if (!result) {
        ks_output_complain(text);
        note(drop, status);
        return;
    }
    text = ks_show_leaks_line(result);
    ks_output_print(text);
    (void) fflush(stdout);
    note(drop, ks_leak_call_status(result->verdict));
}

/* NetworkManager may not have seen that it is gone: then only going down first brings it back. */
static bool connect_again(const Drop *drop)
{
    const char *const down[] = { "nmcli", "--wait", "0",        "connection",
                                 "down",  "uuid",   drop->uuid, NULL };
    const char *const up[] = {
        "nmcli", "--wait", "0", "connection", "up", "uuid", drop->uuid, NULL
    };

    set_signals(SIG_IGN); /* whatever can be caught: what was taken away comes back */
    (void) nmcli(down, NULL);
    (void) wait_until(drop, false, GONE_SECONDS);
    return nmcli(up, NULL) && wait_until(drop, true, BACK_SECONDS);
}

static void check_without(Drop *drop)
{
    bool gone = wait_until(drop, false, GONE_SECONDS);

    if (interrupted)
        return;
    check(drop, g_strdup_printf(_("Without %s:"), drop->interface));
    if (gone && is_now(drop, false))
        return;
    note(drop, KS_EXIT_UNJUDGED);
    ks_output_complain_f(_("“%s” was not gone all the time, so this does not say what a drop "
                           "does."),
                         drop->name);
}

static KsExitStatus failed(const Drop *drop)
{
    return drop->worst == KS_EXIT_LEAKED ? KS_EXIT_LEAKED : KS_EXIT_FAILED;
}

static KsExitStatus play(Drop *drop)
{
    int result;

    check(drop, g_strdup_printf(_("With “%s” connected:"), drop->name));
    set_signals(on_signal);
    if (!may_be_removed(drop)) {
        note(drop, KS_EXIT_UNJUDGED);
        ks_output_complain_f(_("The interface %s stays. It is taken away only while the lock is "
                               "closed, “%s” is connected by it, and nothing leaks."),
                             drop->interface, drop->name);
        return drop->worst;
    }
    if (interrupted)
        return KS_EXIT_INTERRUPTED;
    result = ks_tunnel_remove(drop->index, drop->interface);
    if (result < 0) {
        ks_output_complain_f(_("The interface %s could not be taken away: %s"), drop->interface,
                             g_strerror(-result));
        return failed(drop);
    }
    check_without(drop);
    if (!connect_again(drop)) {
        ks_output_complain_f(_("“%s” is not connected again. What was locked stays locked."),
                             drop->name);
        return failed(drop);
    }
    if (interrupted)
        return KS_EXIT_INTERRUPTED;
    check(drop, g_strdup_printf(_("With “%s” connected again:"), drop->name));
    return drop->worst;
}

static bool may_go_on(const Drop *drop)
{
    char answer[16] = "";

    if (ks_command_line_has(drop->line, KS_OPTION_YES))
        return true;
    ks_output_complain_f(_("“%s” is connected by %s. That interface is taken away as if the VPN "
                           "had crashed; then NetworkManager connects the VPN again."),
                         drop->name, drop->interface);
    (void) fputs(_("Go on? [y/N] "), stderr);
    return fgets(answer, sizeof(answer), stdin) && rpmatch(answer) == 1;
}

static KsExitStatus refuse(KsExitStatus status, const char *why)
{
    ks_output_complain(why);
    return status;
}

static KsExitStatus begin(Drop *drop)
{
    KsExitStatus exit_status;
    g_autoptr(GVariant) status = status_of_guard(drop, &exit_status);
    const char *state;

    if (!status)
        return exit_status;
    state = ks_field_text(status, "state");
    if (strcmp(state, "unlocked") == 0 || strcmp(state, "paused") == 0)
        return refuse(KS_EXIT_UNJUDGED,
                      _("The lock is open, so without its VPN this machine sends everything in "
                        "clear. Close it first: nm-killswitch lock"));
    if (!find_tunnel(drop, status))
        return refuse(KS_EXIT_UNJUDGED,
                      _("NetworkManager has no VPN connected. Connect the one to be tested."));
    if (!may_go_on(drop))
        return KS_EXIT_FAILED;
    return play(drop);
}

KsExitStatus ks_test_drop(GDBusConnection *connection, const KsCommandLine *line)
{
    Drop drop = { .line = line, .connection = connection };
    KsExitStatus status;

    if (ks_command_line_has(line, KS_OPTION_JSON) || ks_command_line_has(line, KS_OPTION_WATCH))
        return ks_usage("test", _("--drop goes with --yes, and with no other option."));
    if (!ks_command_line_has(line, KS_OPTION_YES) && !isatty(STDIN_FILENO))
        return ks_usage("test", _("Nobody can be asked here: --drop needs --yes."));
    if (!ks_client_is_root())
        return refuse(KS_EXIT_NOT_AUTHORISED,
                      _("Only root may take an interface away: sudo nm-killswitch test --drop"));
    status = begin(&drop);
    g_free(drop.interface);
    g_free(drop.uuid);
    g_free(drop.name);
    return status;
}
