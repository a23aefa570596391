/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"
#include "ctl/export/export-script.h"
#include "ctl/output.h"
#include "ctl/rescue.h"
#include "ctl/run-command.h"

#include <glib/gi18n.h>

/* export: the kill switch of one VPN for another machine. */

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
    status = ks_command_line_get_status(line, ks_rescue_vpns, _("Nothing was exported."), &state);
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
