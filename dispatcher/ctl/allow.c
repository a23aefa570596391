/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"
#include "ctl/field.h"
#include "ctl/json.h"
#include "ctl/network-choice.h"
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
    if (status == KS_EXIT_DONE && line->on) /* else all networks are meant */
        status = ks_choose_network(line, KS_CHOICE_CONNECTED, _("Nothing was changed."), &network);
    return status == KS_EXIT_DONE ? add(line, &what, seconds, network) : status;
}

KsExitStatus ks_run_allow_remove(const KsCommandLine *line)
{
    return change(line, "RemoveException", g_variant_new("(s)", ks_command_line_word(line, 0)));
}
