/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"
#include "ctl/field.h"
#include "ctl/json.h"
#include "ctl/output.h"
#include "ctl/run-command.h"
#include "ctl/show-exceptions.h"
#include "model/duration.h"
#include "model/exception.h"

#include <glib/gi18n.h>
#include <string.h>

/* `what_holds`: as of ks_command_line_fail(). */
static KsExitStatus list(const KsCommandLine *line, const char *what_holds)
{
    g_autoptr(GVariant) state = NULL;
    g_autofree char *text = NULL;
    KsExitStatus status = ks_command_line_get_status(line, NULL, what_holds, &state);

    if (status != KS_EXIT_DONE)
        return status;
    if (ks_command_line_has(line, KS_OPTION_JSON)) {
        text = ks_json_exceptions(state);
        ks_output_data(text);
    } else {
        text = ks_show_exceptions(state);
        ks_output_print(text);
    }
    return KS_EXIT_DONE;
}

KsExitStatus ks_run_allow_list(const KsCommandLine *line)
{
    return list(line, _("What was locked stays locked."));
}

static KsExitStatus change(const KsCommandLine *line, const char *method, GVariant *arguments)
{
    KsExitStatus status = ks_command_line_call(line, method, arguments, _("Nothing was changed."));

    return status == KS_EXIT_DONE ? list(line, _("What was asked for was done before that."))
                                  : status;
}

static KsExitStatus read_what(const KsCommandLine *line, KsException *ret_what)
{
    const char *other_end = line->from ? line->from : line->to;

    if (!line->to == !line->from)
        return ks_usage(NULL, _("“allow add” needs to know either where to or where from: --to "
                                "ADDRESS[/LENGTH] or --from ADDRESS[/LENGTH]"));
    ret_what->incoming = line->from;
    if (!ks_exception_read_to(other_end, ret_what))
        return ks_usage(NULL,
                        _("“%s” is no address and no range. Write 192.0.2.5, 192.0.2.0/24 or "
                          "2001:db8::/64."),
                        other_end);
    if (line->protocol &&
        (!line->protocol[0] || !ks_exception_read_protocol(line->protocol, ret_what)))
        return ks_usage(NULL, _("“--protocol” must be followed by tcp, udp or icmp, not by “%s”."),
                        line->protocol);
    if (line->port && (!line->port[0] || !ks_exception_read_ports(line->port, ret_what)))
        return ks_usage(NULL, _("“%s” is no port. Write 443 or 8000-8010."), line->port);
    return KS_EXIT_DONE;
}

/* Seconds; 0: for good. */
static KsExitStatus read_while(const KsCommandLine *line, uint32_t *ret_seconds)
{
    *ret_seconds = 0;
    if (!line->how_long)
        return KS_EXIT_DONE;
    if (ks_duration_parse(line->how_long, ret_seconds) < 0 || *ret_seconds == 0)
        return ks_usage(NULL,
                        _("“%s” is no duration. Write seconds (90 or 90s), minutes (5m) or hours "
                          "(2h)."),
                        line->how_long);
    return KS_EXIT_DONE;
}

/* Said before anybody is asked for a password. */
static KsExitStatus confirm(const KsCommandLine *line, const KsException *what)
{
    const char *leak = ks_exception_leak(what);

    if (!leak || ks_exception_refusal(what) || ks_command_line_has(line, KS_OPTION_LEAKS))
        return KS_EXIT_DONE;
    ks_output_complain(_(leak));
    ks_output_add(_("Nothing was changed. If that is what you want, say it again with "
                    "--yes-it-leaks."));
    return KS_EXIT_FAILED;
}

/* The only one that is connected, beside those of containers and virtual machines, and those by
 * which this machine shares its own connection. */
static KsExitStatus find_here(GVariant *networks, char **ret_uuid)
{
    unsigned count = 0;

    for (gsize i = 0; i < g_variant_n_children(networks); i++) {
        g_autoptr(GVariant) network = g_variant_get_child_value(networks, i);

        if (ks_field_flag(network, "external") || ks_field_flag(network, "shared"))
            continue;
        if (count++ == 0)
            *ret_uuid = g_strdup(ks_field_text(network, "uuid"));
    }
    if (count == 1)
        return KS_EXIT_DONE;
    g_clear_pointer(ret_uuid, g_free);
    ks_output_complain(count == 0 ? _("No network is connected, so there is no “here”.")
                                  : _("Several networks are connected: name one of them."));
    ks_output_add(_("Nothing was changed."));
    return KS_EXIT_FAILED;
}

/* By its UUID, or by a name that only one has. */
static KsExitStatus find_named(GVariant *networks, const char *word, char **ret_uuid)
{
    unsigned count = 0;

    for (gsize i = 0; i < g_variant_n_children(networks); i++) {
        g_autoptr(GVariant) network = g_variant_get_child_value(networks, i);
        const char *uuid = ks_field_text(network, "uuid");

        if (strcmp(uuid, word) != 0 && strcmp(ks_field_text(network, "name"), word) != 0)
            continue;
        if (count++ == 0)
            *ret_uuid = g_strdup(uuid);
    }
    if (count == 1)
        return KS_EXIT_DONE;
    g_clear_pointer(ret_uuid, g_free);
    if (count == 0)
        ks_output_complain_f(_("No network “%s” is connected now."), word);
    else
        ks_output_complain_f(_("Several networks are called “%s”: write the UUID of one."), word);
    ks_output_add(_("Nothing was changed."));
    return KS_EXIT_FAILED;
}

/* NULL: all networks are meant. */
static KsExitStatus find_network(const KsCommandLine *line, char **ret_uuid)
{
    g_autoptr(GVariant) state = NULL;
    g_autoptr(GVariant) networks = NULL;
    KsExitStatus status;

    *ret_uuid = NULL;
    if (!line->on)
        return KS_EXIT_DONE;
    status = ks_command_line_get_status(line, NULL, _("Nothing was changed."), &state);
    if (status != KS_EXIT_DONE)
        return status;
    networks = ks_field_list(state, "networks");
    return strcmp(line->on, "here") == 0 ? find_here(networks, ret_uuid)
                                         : find_named(networks, line->on, ret_uuid);
}

static KsExitStatus add(const KsCommandLine *line, const KsException *what, uint32_t seconds,
                        const char *network)
{
    const char *other_end = what->incoming ? line->from : line->to;
    const char *name = ks_command_line_word(line, 0);
    const char *protocol = ks_exception_protocol_name(what);
    bool confirmed = ks_command_line_has(line, KS_OPTION_LEAKS);

    if (network)
        return change(line, what->incoming ? "AddServiceOn" : "AddExceptionOn",
                      g_variant_new("(sssqqubs)", name, other_end, protocol, what->first_port,
                                    what->last_port, seconds, confirmed, network));
    return change(line, what->incoming ? "AddService" : "AddException",
                  g_variant_new("(sssqqub)", name, other_end, protocol, what->first_port,
                                what->last_port, seconds, confirmed));
}

KsExitStatus ks_run_allow_add(const KsCommandLine *line)
{
    g_autofree char *network = NULL;
    KsException what = { 0 };
    uint32_t seconds;
    KsExitStatus status = read_what(line, &what);

    if (status == KS_EXIT_DONE)
        status = read_while(line, &seconds);
    if (status == KS_EXIT_DONE)
        status = confirm(line, &what);
    if (status == KS_EXIT_DONE)
        status = find_network(line, &network);
    return status == KS_EXIT_DONE ? add(line, &what, seconds, network) : status;
}

KsExitStatus ks_run_allow_remove(const KsCommandLine *line)
{
    return change(line, "RemoveException", g_variant_new("(s)", ks_command_line_word(line, 0)));
}
