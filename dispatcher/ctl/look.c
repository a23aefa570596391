/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"
#include "ctl/field.h"
#include "ctl/json.h"
#include "ctl/output.h"
#include "ctl/rescue.h"
#include "ctl/run-command.h"
#include "ctl/show.h"
#include "ctl/ssh.h"
#include "ctl/status-watch.h"

#include <glib/gi18n.h>

static const char *what_holds(void)
{
    return _("What was locked stays locked.");
}

/* Locked, by the kernel's own word, and not paused. */
static bool is_closed(GVariant *state)
{
    const char *name = ks_field_text(state, "state");

    return ks_field_flag(state, "verified") &&
           (g_str_equal(name, "protected") || g_str_equal(name, "blocked"));
}

KsExitStatus ks_run_status(const KsCommandLine *line)
{
    g_autoptr(GVariant) told = NULL;
    g_autoptr(GVariant) state = NULL;
    g_autofree char *text = NULL;
    bool json = ks_command_line_has(line, KS_OPTION_JSON);
    bool check = ks_command_line_has(line, KS_OPTION_CHECK);
    KsExitStatus status;

    if (ks_command_line_has(line, KS_OPTION_WATCH))
        return check ? ks_usage(NULL, _("“--check” and “--watch” do not go together."))
                     : ks_watch(json);
    status = ks_command_line_get_status(line, ks_rescue_status, what_holds(), &told);
    if (status != KS_EXIT_DONE)
        return status;
    state = ks_ssh_warn(told);
    if (json) {
        text = ks_json_status(state);
        ks_output_data(text);
    } else {
        text = ks_show_status(state, KS_SHOW_ALL, ks_output_has_colour());
        ks_output_print(text);
    }
    if (check && !is_closed(state))
        return KS_EXIT_NOT_LOCKED;
    return KS_EXIT_DONE;
}

KsExitStatus ks_run_rules(const KsCommandLine *line)
{
    g_autoptr(GVariant) result = NULL;
    g_autofree char *message = NULL;
    g_autofree char *rules = NULL;
    KsExitStatus status = ks_client_call(line->client, "GetRules", NULL, &result, &message);

    if (status == KS_EXIT_NO_GUARD && ks_client_is_root())
        status = ks_rescue_rules(&rules);
    else if (status != KS_EXIT_DONE)
        return ks_command_line_fail(line, status, message, what_holds());
    else if (g_variant_is_of_type(result, G_VARIANT_TYPE("(s)")))
        g_variant_get(result, "(s)", &rules);
    if (rules)
        ks_output_data(rules);
    return status;
}

KsExitStatus ks_run_vpn_list(const KsCommandLine *line)
{
    g_autoptr(GVariant) state = NULL;
    g_autofree char *text = NULL;
    KsExitStatus status = ks_command_line_get_status(line, NULL, what_holds(), &state);

    if (status != KS_EXIT_DONE)
        return status;
    if (ks_command_line_has(line, KS_OPTION_JSON)) {
        text = ks_json_vpns(state);
        ks_output_data(text);
    } else {
        text = ks_show_vpns(state);
        ks_output_print(text);
    }
    return KS_EXIT_DONE;
}
