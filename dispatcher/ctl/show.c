/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/show.h"

#include "config.h"
#include "ctl/explain.h"
#include "ctl/field.h"
#include "ctl/rescue.h"
#include "ctl/show-always-on.h"
#include "ctl/show-exceptions.h"
#include "ctl/show-sharing.h"
#include "ctl/terminal-text.h"
#include "model/names.h"
#include "model/vpn-type.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

/* Where the second column begins. */
#define INDENT 12

#define STEP_INDENT    2
#define COMMAND_INDENT 6

/* More servers than fit a screen are counted, not listed. */
#define SERVERS_LISTED_MAX 12

/* A warning may be longer than a name, not longer than a page. */
/* A path may be longer than a name. */
#define SOURCE_COLUMNS  200
#define WARNING_COLUMNS 600

/* `label` may be "": the row goes on with what the one before says. */
static void append_row(GString *out, const char *label, const char *text)
{
    unsigned columns = ks_printable_columns(label);
    g_autofree char *first =
        g_strdup_printf("%s%*s", label, columns < INDENT ? (int) (INDENT - columns) : 1, "");

    ks_terminal_append_wrapped(out, first, INDENT, text);
}

static void append_headline(GString *out, const KsExplanation *explanation, bool colour)
{
    static const char *const colours[] = {
        [KS_MOOD_PLAIN] = "\033[1m",
        [KS_MOOD_GOOD] = "\033[1;32m",
        [KS_MOOD_CAREFUL] = "\033[1;33m",
        [KS_MOOD_BAD] = "\033[1;31m",
    };

    if (colour)
        g_string_append(out, colours[explanation->mood]);
    ks_terminal_append_wrapped(out, "", 0, explanation->headline);
    if (colour)
        g_string_insert(out, (gssize) out->len - 1, "\033[0m");
}

static void append_explanation(GString *out, const KsExplanation *explanation, bool colour)
{
    append_headline(out, explanation, colour);
    if (explanation->why)
        ks_terminal_append_wrapped(out, "", 0, explanation->why);
    if (explanation->also)
        ks_terminal_append_wrapped(out, "", 0, explanation->also);
    if (explanation->steps->len > 0)
        g_string_append_c(out, '\n');
    for (unsigned i = 0; i < explanation->steps->len; i++) {
        const KsAdvice *step = g_ptr_array_index(explanation->steps, i);
        g_autofree char *indent = g_strnfill(STEP_INDENT, ' ');

        ks_terminal_append_wrapped(out, indent, STEP_INDENT, step->what);
        g_string_append_printf(out, "%*s%s%s%s\n", COMMAND_INDENT, "", colour ? "\033[1m" : "",
                               step->command, colour ? "\033[0m" : "");
    }
}

/* Only what the kernel holds is known. */
static bool is_guard_away(GVariant *status)
{
    return strcmp(ks_field_text(status, "reason"), KS_REASON_GUARD_AWAY) == 0;
}

/* Owned by the caller. A guard of another version may tell none. */
static char *type_of(GVariant *vpn)
{
    const char *type = ks_field_text(vpn, "type");

    return ks_printable_name(type[0] ? type : _("VPN"));
}

/* What the kernel was found to send through the VPN, or "". */
static char *carries_text(GVariant *status)
{
    static const struct {
        const char *word;
        const char *text; /* with a %s for the family */
    } words[] = {
        /* TRANSLATORS: %s is IPv4 or IPv6; a VPN carries them */
        { "all", N_("all of %s goes through it") },
        { "some", N_("some of %s goes through it") },
        { "none", N_("only networks of its own in %s go through it") },
        { "nowhere", N_("%s goes nowhere") },
    };
    static const struct {
        const char *key;
        const char *name;
    } families[] = { { "ipv4", "IPv4" }, { "ipv6", "IPv6" } };
    g_autoptr(GVariant) carries = g_variant_lookup_value(status, "carries", G_VARIANT_TYPE_VARDICT);
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; carries && i < G_N_ELEMENTS(families); i++)
        for (unsigned j = 0; j < G_N_ELEMENTS(words); j++) {
            if (strcmp(ks_field_text(carries, families[i].key), words[j].word) != 0)
                continue;
            g_string_append(text, text->len > 0 ? "; " : "");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* checked as such in the table, by gettext */
            g_string_append_printf(text, _(words[j].text), families[i].name);
#pragma GCC diagnostic pop
        }
    return g_string_free(text, FALSE);
}

static void append_tunnels(GString *out, GVariant *status)
{
    g_autoptr(GVariant) tunnels = ks_field_list(status, "tunnels");
    gsize count = g_variant_n_children(tunnels);

    if (count == 0)
        append_row(out, _("VPN"),
                   is_guard_away(status) && !ks_field_flag(status, "locked")
                       ? _("not known without the guard")
                       : _("none is connected"));
    for (gsize i = 0; i < count; i++) {
        g_autoptr(GVariant) tunnel = g_variant_get_child_value(tunnels, i);
        g_autofree char *name = ks_printable_name(ks_field_text(tunnel, "name"));
        g_autofree char *type = type_of(tunnel);
        g_autofree char *interface = ks_printable_name(ks_field_text(tunnel, "interface"));
        /* TRANSLATORS: a VPN's name, its type and its network interface */
        g_autofree char *text = g_strdup_printf(_("“%s” (%s) on %s"), name, type, interface);

        /* another user's VPN has no name here */
        append_row(out, i == 0 ? _("VPN") : "",
                   name[0]        ? text
                   : interface[0] ? interface
                                  : _("VPN"));
    }
    if (count > 0) {
        g_autofree char *carries = carries_text(status);

        if (carries[0])
            append_row(out, "", carries);
    }
}

/* What is let out beside the VPNs. */
static void append_overlays(GString *out, GVariant *status)
{
    g_autoptr(GVariant) overlays = ks_field_list(status, "overlays");

    for (gsize i = 0; i < g_variant_n_children(overlays); i++) {
        g_autoptr(GVariant) overlay = g_variant_get_child_value(overlays, i);
        g_autofree char *name = ks_printable_name(ks_field_text(overlay, "name"));
        g_autofree char *interface = ks_printable_name(ks_field_text(overlay, "interface"));
        /* TRANSLATORS: the name of an overlay network (Tailscale, ZeroTier) and its interface */
        g_autofree char *text = g_strdup_printf(
            _("“%s” on %s is let out beside the VPN; it protects nothing"), name, interface);

        /* TRANSLATORS: a column's label, above which stand VPN, Servers; 11 characters at most */
        append_row(out, i == 0 ? _("Overlay") : "", text);
    }
}

/* "vpn.example (192.0.2.1) 1194/udp" */
static char *server_text(GVariant *server)
{
    g_autofree char *host = ks_printable(ks_field_text(server, "host"), 64);
    g_autofree char *address = ks_printable_name(ks_field_text(server, "address"));
    g_autofree char *protocol = ks_printable_name(ks_field_text(server, "protocol"));
    unsigned port = (unsigned) ks_field_number(server, "port");
    g_autofree char *service =
        port > 0 ? g_strdup_printf("%u/%s", port, protocol) : g_strdup(protocol);

    if (!address[0])
        /* TRANSLATORS: a server's name, and its port and protocol */
        return g_strdup_printf(_("%s (its address is not known yet) %s"), host, service);
    if (!host[0] || strcmp(host, address) == 0)
        return g_strdup_printf("%s %s", address, service);
    return g_strdup_printf("%s (%s) %s", host, address, service);
}

/* Why the lock keeps a server in (contract.md), as the end of a line. */
static const struct {
    const char *word;
    const char *text;
} refusals[] = {
    { "inactive", N_("let out only while this VPN connects or is up") },
    { "name-server-port", N_("not let out: the port of a name server, which no profile opens; an "
                             "administrator can name it: nm-killswitch vpn set") },
    { "refused-address",
      N_("not let out: its name leads to an address that is not on the internet") },
    { "broadcast-address",
      N_("not let out: its address stands for all machines of the local network") },
    { "name-too-long", N_("not let out: its name is too long to be asked for") },
    { "not-in-kernel", N_("not let out: the lock in the kernel does not hold it") },
};

static char *server_line(GVariant *server)
{
    const char *word = ks_field_text(server, "not_let_out");
    g_autofree char *where = server_text(server);

    for (unsigned i = 0; i < G_N_ELEMENTS(refusals); i++)
        if (strcmp(refusals[i].word, word) == 0)
            /* TRANSLATORS: a VPN's server, and why the lock does not let it out */
            return g_strdup_printf(_("%s (%s)"), where, _(refusals[i].text));
    return g_steal_pointer(&where);
}

static void append_servers(GString *out, GVariant *status)
{
    g_autoptr(GVariant) servers = ks_field_list(status, "servers");
    gsize count = g_variant_n_children(servers);

    if (is_guard_away(status))
        append_row(out, _("Servers"),
                   ks_field_flag(status, "locked")
                       ? _("as the kernel holds them: nm-killswitch rules")
                       : _("not known without the guard"));
    else if (count == 0)
        append_row(out, _("Servers"), _("none is known: no VPN could connect while locked"));
    for (gsize i = 0; i < MIN(count, SERVERS_LISTED_MAX); i++) {
        g_autoptr(GVariant) server = g_variant_get_child_value(servers, i);
        g_autofree char *name = ks_printable_name(ks_field_text(server, "name"));
        g_autofree char *where = server_line(server);
        /* TRANSLATORS: a VPN's name and its server */
        g_autofree char *text = g_strdup_printf(_("%s: %s"), name, where);

        append_row(out, i == 0 ? _("Servers") : "", text);
    }
    if (count > SERVERS_LISTED_MAX) {
        guint more = (guint) (count - SERVERS_LISTED_MAX);
        g_autofree char *text =
            g_strdup_printf(ngettext("and %u more: nm-killswitch vpn list",
                                     "and %u more: nm-killswitch vpn list", more),
                            more);

        append_row(out, "", text);
    }
}

static const struct {
    const char *word;
    const char *text;
} modes[] = {
    { "always",
      N_("always: closed from each start of this machine on; an unlock holds until the next") },
    { "vpn", N_("when a VPN is on: one that carries all traffic closes the lock as it comes up") },
    { "drops", N_("only against drops: a VPN closes the lock as it comes up, and disconnecting it "
                  "with nm-killswitch opens it") },
    { "off", N_("off: only you close the lock") },
};

static char *mode_text(GVariant *status)
{
    const char *word = ks_field_text(status, "mode");
    g_autofree char *source = ks_printable(ks_field_text(status, "mode_source"), SOURCE_COLUMNS);
    const char *text = word;

    for (unsigned i = 0; i < G_N_ELEMENTS(modes); i++)
        if (strcmp(modes[i].word, word) == 0)
            text = _(modes[i].text);
    /* TRANSLATORS: what is so, and the administrator's file that decides it */
    return source[0] ? g_strdup_printf(_("%s (set in %s)"), text, source) : g_strdup(text);
}

static void append_mode(GString *out, GVariant *status)
{
    g_autofree char *text = mode_text(status);

    /* TRANSLATORS: how strict the lock is; a column's label, 11 characters at most */
    append_row(out, _("Mode"), text);
}

/* Names of the connected networks that LAN access is limited to, and how many others it is. */
static char *name_lan_networks(GVariant *status, char **uuids, unsigned *ret_others)
{
    g_autoptr(GVariant) networks = ks_field_list(status, "networks");
    GString *names = g_string_new(NULL);
    unsigned here = 0;

    for (gsize i = 0; i < g_variant_n_children(networks); i++) {
        g_autoptr(GVariant) network = g_variant_get_child_value(networks, i);
        g_autofree char *name = ks_printable_name(ks_field_text(network, "name"));

        if (!g_strv_contains((const char *const *) uuids, ks_field_text(network, "uuid")))
            continue;
        /* TRANSLATORS: one of a list of names: “Home”, “Office” */
        if (here++ > 0)
            g_string_append(names, _(", "));
        g_string_append_printf(names, _("“%s”"), name);
    }
    *ret_others = g_strv_length(uuids) - MIN(here, g_strv_length(uuids));
    return g_string_free(names, FALSE);
}

static char *lan_text(GVariant *status)
{
    g_auto(GStrv) uuids = ks_field_texts(status, "lan_networks");
    g_autofree char *names = NULL;
    unsigned others;

    if (!ks_field_flag(status, "lan"))
        return g_strdup(_("off: nothing in the local network can be reached while locked"));
    if (!uuids[0])
        return g_strdup(_("on: the local network can be reached while locked, any network"));
    names = name_lan_networks(status, uuids, &others);
    if (!names[0])
        return g_strdup_printf(
            ngettext("on, but not here: only on %u network that is not connected now",
                     "on, but not here: only on %u networks that are not connected now", others),
            others);
    if (others == 0)
        return g_strdup_printf(_("on, only on %s"), names);
    return g_strdup_printf(ngettext("on, only on %s and %u network that is not connected now",
                                    "on, only on %s and %u networks that are not connected now",
                                    others),
                           names, others);
}

static void append_lan(GString *out, GVariant *status)
{
    g_autofree char *text = lan_text(status);

    append_row(out, _("LAN access"), text);
}

static void append_always_on(GString *out, GVariant *status)
{
    g_auto(GStrv) lines = ks_show_always_on(status);

    for (unsigned i = 0; lines[i]; i++)
        /* TRANSLATORS: a column's label, below which stand VPN, Servers; 11 characters at most */
        append_row(out, i == 0 ? _("Always on") : "", lines[i]);
}

static void append_exceptions(GString *out, GVariant *status)
{
    g_autoptr(GVariant) exceptions = ks_field_list(status, "exceptions");

    for (gsize i = 0; i < g_variant_n_children(exceptions); i++) {
        g_autoptr(GVariant) exception = g_variant_get_child_value(exceptions, i);
        g_autofree char *text = ks_show_exception(exception);
        g_autofree char *answers = ks_show_exception_answers(status, exception);

        /* TRANSLATORS: from the lock; a column's label, 11 characters at most */
        append_row(out, i == 0 ? _("Exceptions") : "", text);
        if (answers)
            append_row(out, "", answers);
    }
}

static void append_sharing(GString *out, GVariant *status, bool even_none)
{
    g_auto(GStrv) lines = ks_show_sharing(status, even_none);

    for (unsigned i = 0; lines[i]; i++)
        /* TRANSLATORS: the connection, by cable; a column's label, 11 characters at most */
        append_row(out, i == 0 ? _("Sharing") : "", lines[i]);
}

static void append_blocked(GString *out, GVariant *status)
{
    g_autoptr(GVariant) blocked = ks_field_dictionary(status, "blocked");
    uint64_t packets = ks_field_number(blocked, "packets");
    g_autofree char *size = g_format_size(ks_field_number(blocked, "bytes"));
    g_autofree char *text = g_strdup_printf(
        ngettext("%" PRIu64 " packet (%s) since the lock was closed",
                 "%" PRIu64 " packets (%s) since the lock was closed", (gulong) packets),
        packets, size);

    append_row(out, _("Refused"), text);
}

static void append_kernel(GString *out, GVariant *status)
{
    g_autoptr(GVariant) layers = ks_field_dictionary(status, "layers");

    append_row(
        out, _("Kernel"),
        !ks_field_flag(status, "verified") ? _("NOT as it should be")
        : is_guard_away(status)
            ? _("the rules are as they should be; without the guard, nothing repairs them")
        : ks_field_flag(layers, "owned")
            ? _("the rules are as they should be; no other program can change them")
            : _("the rules are as they should be; if another root program changes them, the guard "
                "puts them right"));
}

static void append_warnings(GString *out, GVariant *status)
{
    g_auto(GStrv) warnings = ks_field_texts(status, "warnings");

    if (warnings[0])
        g_string_append_c(out, '\n');
    for (unsigned i = 0; warnings[i]; i++) {
        g_autofree char *safe = ks_printable(warnings[i], WARNING_COLUMNS);

        ks_terminal_append_wrapped(out, "! ", STEP_INDENT, safe);
    }
}

static void append_all(GString *out, GVariant *status)
{
    append_tunnels(out, status);
    append_overlays(out, status);
    append_servers(out, status);
    append_mode(out, status);
    append_always_on(out, status);
    append_lan(out, status);
    append_exceptions(out, status);
    append_sharing(out, status, false);
    if (ks_field_flag(status, "locked")) {
        append_blocked(out, status);
        append_kernel(out, status);
    }
}

char *ks_show_status(GVariant *status, KsShowPart part, bool colour)
{
    g_autoptr(KsExplanation) explanation = ks_explain(status);
    GString *out = g_string_new(NULL);

    switch (part) {
    case KS_SHOW_ALL:
        append_explanation(out, explanation, colour);
        g_string_append_c(out, '\n');
        append_all(out, status);
        break;
    case KS_SHOW_STATE:
        append_explanation(out, explanation, colour);
        break;
    case KS_SHOW_HEADLINE:
        append_headline(out, explanation, colour);
        break;
    case KS_SHOW_LAN:
        append_headline(out, explanation, colour);
        append_lan(out, status);
        break;
    case KS_SHOW_MODE:
        append_headline(out, explanation, colour);
        append_mode(out, status);
        break;
    case KS_SHOW_ALWAYS_ON:
        append_headline(out, explanation, colour);
        append_always_on(out, status);
        break;
    case KS_SHOW_SHARING:
        append_headline(out, explanation, colour);
        append_sharing(out, status, true);
        break;
    }
    if (part == KS_SHOW_ALL || explanation->mood == KS_MOOD_BAD)
        append_warnings(out, status);
    return g_string_free(out, FALSE);
}

static const char *lan_fact(GVariant *status)
{
    g_auto(GStrv) uuids = ks_field_texts(status, "lan_networks");

    if (!ks_field_flag(status, "lan"))
        return _("LAN access is off.");
    return uuids[0] ? _("LAN access is on, on chosen networks only.") : _("LAN access is on.");
}

char **ks_show_facts(GVariant *status)
{
    g_autoptr(KsExplanation) explanation = ks_explain(status);
    g_auto(GStrv) warnings = ks_field_texts(status, "warnings");
    g_autofree char *mode = mode_text(status);
    GPtrArray *facts = g_ptr_array_new();
    bool blocked = strcmp(ks_field_text(status, "state"), "blocked") == 0;

    g_ptr_array_add(facts, blocked && explanation->why
                               ? g_strdup_printf("%s %s", explanation->headline, explanation->why)
                               : g_strdup(explanation->headline));
    g_ptr_array_add(facts, g_strdup(lan_fact(status)));
    g_ptr_array_add(facts, g_strdup_printf("%s: %s", _("Mode"), mode));
    for (unsigned i = 0; warnings[i]; i++) {
        g_autofree char *safe = ks_printable(warnings[i], WARNING_COLUMNS);

        g_ptr_array_add(facts, g_strdup_printf("! %s", safe));
    }
    g_ptr_array_add(facts, NULL);
    return (char **) g_ptr_array_free(facts, FALSE);
}

static const char *interface_of(GVariant *status, const char *uuid)
{
    g_autoptr(GVariant) tunnels = ks_field_list(status, "tunnels");

    for (gsize i = 0; i < g_variant_n_children(tunnels); i++) {
        g_autoptr(GVariant) tunnel = g_variant_get_child_value(tunnels, i);

        if (strcmp(ks_field_text(tunnel, "uuid"), uuid) == 0)
            return ks_field_text(tunnel, "interface"); /* lives in `status` */
    }
    return NULL;
}

static bool has_server(GVariant *servers, const char *uuid)
{
    for (gsize i = 0; i < g_variant_n_children(servers); i++) {
        g_autoptr(GVariant) server = g_variant_get_child_value(servers, i);

        if (strcmp(ks_field_text(server, "uuid"), uuid) == 0)
            return true;
    }
    return false;
}

/* "Home (wireguard), connected on wg0" */
static void append_vpn(GString *out, GVariant *status, GVariant *like)
{
    const char *uuid = ks_field_text(like, "uuid");
    const char *up_on = interface_of(status, uuid);
    g_autoptr(GVariant) vpn = ks_field_vpn(status, uuid);
    bool overlay = vpn && ks_field_flag(vpn, "overlay");
    g_autofree char *name = ks_printable_name(ks_field_text(like, "name"));
    g_autofree char *type = type_of(like);
    g_autofree char *interface = ks_printable_name(overlay ? ks_field_text(vpn, "interface")
                                                   : up_on ? up_on
                                                           : "");
    g_autofree char *head =
        /* TRANSLATORS: the name of an overlay network (Tailscale, ZeroTier) and its interface */
        overlay ? g_strdup_printf(_("%s (overlay network), let out on %s beside the VPN"), name,
                                  interface)
        /* TRANSLATORS: a VPN's name and type, and where it is connected its interface */
        : up_on ? g_strdup_printf(_("%s (%s), connected on %s"), name, type, interface)
                : g_strdup_printf(_("%s (%s), not connected"), name, type);

    ks_terminal_append_wrapped(out, "", STEP_INDENT, head);
    if (!up_on && ks_vpn_type_is_only_read(ks_field_text(like, "type")))
        ks_terminal_append_wrapped(out, "  ", STEP_INDENT + 2,
                                   /* TRANSLATORS: of a VPN, after its name and type */
                                   _("this type of VPN has not been tried with nm-killswitch yet"));
}

static void append_vpn_without_server(GString *out, GVariant *status, GVariant *vpn)
{
    append_vpn(out, status, vpn);
    if (ks_field_flag(vpn, "overlay"))
        return; /* it needs none */
    ks_terminal_append_wrapped(
        out, "  ", STEP_INDENT + 2,
        /* TRANSLATORS: of a VPN; a command follows */
        _("no server is known, so it cannot connect while locked. To name one:"));
    g_string_append_printf(out, "%*s%s\n", COMMAND_INDENT, "",
                           KS_PROGRAM " vpn set NAME --server HOST:PORT/udp");
}

char *ks_show_vpns(GVariant *status)
{
    g_autoptr(GVariant) servers = ks_field_list(status, "servers");
    g_autoptr(GVariant) vpns = ks_field_list(status, "vpns");
    GString *out = g_string_new(NULL);
    const char *last = NULL;

    if (g_variant_n_children(servers) == 0)
        ks_terminal_append_wrapped(
            out, "", 0,
            _("No VPN with a known server is set up in NetworkManager, so no VPN can connect while "
              "the lock is closed."));
    for (gsize i = 0; i < g_variant_n_children(servers); i++) {
        g_autoptr(GVariant) server = g_variant_get_child_value(servers, i);
        const char *uuid = ks_field_text(server, "uuid");
        g_autofree char *where = server_line(server);
        g_autofree char *line = NULL;

        if (!last || strcmp(last, uuid) != 0)
            append_vpn(out, status, server);
        last = uuid;
        if (strcmp(ks_field_text(server, "source"), "profile") == 0)
            line = g_steal_pointer(&where);
        else
            /* TRANSLATORS: a server that comes from no VPN profile */
            line = g_strdup_printf(_("%s, set by hand"), where);
        ks_terminal_append_wrapped(out, "  ", STEP_INDENT + 2, line);
    }
    for (gsize i = 0; i < g_variant_n_children(vpns); i++) {
        g_autoptr(GVariant) vpn = g_variant_get_child_value(vpns, i);

        if (!has_server(servers, ks_field_text(vpn, "uuid")))
            append_vpn_without_server(out, status, vpn);
    }
    return g_string_free(out, FALSE);
}
