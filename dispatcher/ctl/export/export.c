/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"
#include "ctl/commands.h"
#include "ctl/export/export-script.h"
#include "ctl/output.h"
#include "ctl/rescue.h"

#include <glib/gi18n.h>

/* export: the kill switch of one VPN for another machine. */

/* The guard's word or, for root, what was set up by hand; else the complaint is made. */
static KsExitStatus get_status(const KsCommandLine *line, GVariant **ret_state)
{
    g_autofree char *message = NULL;
    KsExitStatus status = ks_client_get_status(line->client, ret_state, &message);

    if (status == KS_EXIT_NO_GUARD && ks_client_is_root())
        return ks_rescue_vpns(ret_state);
    return status == KS_EXIT_DONE
               ? status
               : ks_command_line_fail(line, status, message, _("Nothing was exported."));
}

KsExitStatus ks_run_export(const KsCommandLine *line)
{
    g_autoptr(GVariant) state = NULL;
    g_autoptr(KsExport) export = NULL;
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    g_autofree char *date = g_date_time_format(now, "%Y-%m-%d");
    g_autofree char *problem = NULL;
    g_autofree char *script = NULL;
    KsExportFormat format;
    KsExitStatus status;

    if (!line->format)
        return ks_usage(NULL, _("“export” needs a format: --format nft or --format iptables"));
    if (!ks_export_format_parse(line->format, &format))
        return ks_usage(NULL, _("“--format” must be followed by “nft” or “iptables”, not by “%s”."),
                        line->format);
    status = get_status(line, &state);
    if (status != KS_EXIT_DONE)
        return status;
    export = ks_export_new(state, line->vpn, line->interface, &problem);
    if (!export) {
        ks_output_complain(problem);
        return KS_EXIT_FAILED;
    }
    script = ks_export_script(export, format, date);
    ks_output_data(script);
    return KS_EXIT_DONE;
}
