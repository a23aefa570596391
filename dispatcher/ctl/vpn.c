/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"
#include "ctl/json.h"
#include "ctl/output.h"
#include "ctl/run-command.h"
#include "ctl/server-text.h"
#include "ctl/show.h"

#include <glib/gi18n.h>
#include <string.h>

/* What is said of VPNs: vpn add, vpn remove, vpn set. */

/* The servers of the command line as a(ssq), floating; NULL with a complaint. */
static GVariant *read_servers(const KsCommandLine *line)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("a(ssq)"));
    for (unsigned i = 0; i < line->servers->len; i++) {
        const char *text = g_ptr_array_index(line->servers, i);
        g_autofree char *host = NULL;
        const char *protocol;
        uint16_t port;

        if (!ks_server_text_parse(text, &host, &protocol, &port)) {
            g_variant_builder_clear(&builder);
            (void) ks_usage(NULL,
                            _("“%s” is no server. Write HOST:PORT/udp, HOST:PORT/tcp, "
                              "[IPV6]:PORT/udp, or HOST/esp, HOST/ah or HOST/gre."),
                            text);
            return NULL;
        }
        g_variant_builder_add(&builder, "(ssq)", host, protocol, port);
    }
    return g_variant_builder_end(&builder);
}

/* The interface's kind, by the kernel's word, if it is there and tells the type; else "". */
static const char *guess_type(const char *interface)
{
    g_autofree char *path = g_strdup_printf("/sys/class/net/%s/uevent", interface);
    g_autofree char *text = NULL;

    if (strchr(interface, '/') || !g_file_get_contents(path, &text, NULL, NULL))
        return "";
    return strstr(text, "DEVTYPE=wireguard\n") ? "wireguard" : "";
}

KsExitStatus ks_run_vpn_add(const KsCommandLine *line)
{
    bool overlay = ks_command_line_has(line, KS_OPTION_OVERLAY);
    const char *type = line->type;
    GVariant *servers;
    KsExitStatus status;

    if (!line->interface)
        return ks_usage(NULL, _("“vpn add” needs the VPN's interface: --interface wg0"));
    if (line->servers->len == 0 && !overlay)
        return ks_usage(NULL, _("“vpn add” needs the VPN's server: --server HOST:PORT/udp"));
    servers = read_servers(line);
    if (!servers)
        return KS_EXIT_USAGE;
    if (!type)
        type = overlay ? "" : guess_type(line->interface);
    status = ks_command_line_call(line, overlay ? "AddOverlay" : "AddVpn",
                                  g_variant_new("(sss@a(ssq))", ks_command_line_word(line, 0),
                                                line->interface, type, servers),
                                  _("Nothing was changed."));
    return status == KS_EXIT_DONE ? ks_run_vpn_list(line) : status;
}

KsExitStatus ks_run_vpn_remove(const KsCommandLine *line)
{
    KsExitStatus status =
        ks_command_line_call(line, "RemoveVpn", g_variant_new("(s)", ks_command_line_word(line, 0)),
                             _("Nothing was changed."));

    return status == KS_EXIT_DONE ? ks_run_vpn_list(line) : status;
}

KsExitStatus ks_run_vpn_set(const KsCommandLine *line)
{
    const char *vpn = ks_command_line_word(line, 0);
    bool clear = ks_command_line_has(line, KS_OPTION_CLEAR);
    const char *what_holds = _("Nothing was changed.");
    KsExitStatus status = KS_EXIT_DONE;
    GVariant *servers;

    if (clear && line->servers->len > 0)
        return ks_usage(NULL, _("“--clear” and “--server” do not go together."));
    if (!clear && line->servers->len == 0 && !line->locks)
        return ks_usage(NULL, _("“vpn set” needs something to set: --server, --clear or --locks"));
    if (line->locks && strcmp(line->locks, "yes") != 0 && strcmp(line->locks, "no") != 0 &&
        strcmp(line->locks, "auto") != 0)
        return ks_usage(NULL,
                        _("“--locks” must be followed by “yes”, “no” or “auto”, not by “%s”."),
                        line->locks);
    if (clear || line->servers->len > 0) {
        servers = read_servers(line);
        if (!servers)
            return KS_EXIT_USAGE;
        status = ks_command_line_call(line, "SetServers", g_variant_new("(s@a(ssq))", vpn, servers),
                                      _("Nothing was changed."));
        what_holds = _("The servers were set; whether the VPN locks was not changed.");
    }
    if (status == KS_EXIT_DONE && line->locks)
        status = ks_command_line_call(line, "SetVpnLocks", g_variant_new("(ss)", vpn, line->locks),
                                      what_holds);
    return status == KS_EXIT_DONE ? ks_run_vpn_list(line) : status;
}
