/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/export/export-script.h"

#include "config.h"
#include "ctl/export-resources.h"
#include "ctl/terminal-text.h"
#include "model/server.h"

#include <gio/gio.h>
#include <netinet/in.h>
#include <string.h>

#define TEXTS "/io/github/nmkillswitch/export/"

#define VALUE_CHARACTERS G_CSET_A_2_Z G_CSET_DIGITS "_"

/* What stands at @NAME@ in a text. A line with a value that is not there (NULL) is left out. */
typedef struct {
    const char *name;
    const char *value;
} Value;

/* Whose packets may leave to a server. */
typedef enum {
    OPEN_TO_ALL, /* they have no ports: no program makes them without privileges */
    OPEN_TO_DAEMONS,
    OPEN_TO_WIREGUARD,
    OPEN_TO_MAX,
} OpenTo;

typedef struct {
    const char *name;
    const char *tool;
    const char *backend;          /* its part of the script */
    const char *out[OPEN_TO_MAX]; /* rules about a server */
    const char *in[OPEN_TO_MAX];
    const char *comments; /* for the script's head */
} Format;

#define NFT_OUT "        @IP@ daddr @ADDRESS@ "
#define NFT_IN  "        @IP@ saddr @ADDRESS@ "

static const Format formats[] = {
    [KS_EXPORT_NFT] = {
        .name = "nft",
        .tool = "nftables",
        .backend = "nft.sh.in",
        .out = {
            [OPEN_TO_ALL] = NFT_OUT "meta l4proto @PROTOCOL@ accept",
            [OPEN_TO_DAEMONS] = NFT_OUT "@PROTOCOL@ dport @PORT@ jump daemons",
            [OPEN_TO_WIREGUARD] = NFT_OUT "@PROTOCOL@ dport @PORT@ jump wireguard",
        },
        .in = {
            [OPEN_TO_ALL] = NFT_IN "meta l4proto @PROTOCOL@ accept",
            [OPEN_TO_DAEMONS] = NFT_IN "@PROTOCOL@ sport @PORT@ accept",
            [OPEN_TO_WIREGUARD] = NFT_IN "@PROTOCOL@ sport @PORT@ accept",
        },
        .comments = "# - It is one table, inet vpn_killswitch. Other tables are not touched, and what they refuse\n"
                    "#   stays refused. \"nft flush ruleset\" by somebody opens it; after \"persist\", what\n"
                    "#   nftables.service flushes is put back at once.",
    },
    [KS_EXPORT_IPTABLES] = {
        .name = "iptables",
        .tool = "iptables and ip6tables",
        .backend = "iptables.sh.in",
        .out = {
            [OPEN_TO_ALL] = "-A KS-OUT -d @ADDRESS@ -p @PROTOCOL@ -j RETURN",
            [OPEN_TO_DAEMONS] = "-A KS-OUT -d @ADDRESS@ -p @PROTOCOL@ --dport @PORT@ -g KS-DAEMONS",
            [OPEN_TO_WIREGUARD] = "-A KS-OUT -d @ADDRESS@ -p @PROTOCOL@ --dport @PORT@ -g KS-WIREGUARD",
        },
        .in = {
            [OPEN_TO_ALL] = "-A KS-IN -s @ADDRESS@ -p @PROTOCOL@ -j RETURN",
            [OPEN_TO_DAEMONS] = "-A KS-IN -s @ADDRESS@ -p @PROTOCOL@ --sport @PORT@ -j RETURN",
            [OPEN_TO_WIREGUARD] = "-A KS-IN -s @ADDRESS@ -p @PROTOCOL@ --sport @PORT@ -j RETURN",
        },
        .comments = "# - It has chains of its own (KS-...) in the tables mangle and filter. The rules of others are\n"
                    "#   not touched, and what they refuse stays refused. Who flushes those tables opens it\n"
                    "#   (iptables -F, nft flush ruleset); after \"persist\", what nftables.service flushes is put\n"
                    "#   back at once.",
    },
};

bool ks_export_format_parse(const char *name, KsExportFormat *ret_format)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (strcmp(formats[i].name, name) != 0)
            continue;
        *ret_format = (KsExportFormat) i;
        return true;
    }
    return false;
}

/* ---- texts with places for values ---- */

/* The value whose place begins here; `ret_end` is behind it. NULL: none does. */
static const Value *value_at(const char *text, const Value *values, const char **ret_end)
{
    size_t length = text[0] == '@' ? strspn(text + 1, VALUE_CHARACTERS) : 0;

    if (length == 0 || text[length + 1] != '@')
        return NULL;
    for (unsigned i = 0; values[i].name; i++) {
        if (strlen(values[i].name) != length || memcmp(values[i].name, text + 1, length) != 0)
            continue;
        *ret_end = text + length + 2;
        return &values[i];
    }
    return NULL;
}

static void append_line(GString *out, const char *line, const char *end, const Value *values)
{
    gsize before = out->len;

    while (line < end) {
        const Value *value = value_at(line, values, &line);

        if (value && !value->value) {
            g_string_truncate(out, before);
            return;
        }
        if (value)
            g_string_append(out, value->value);
        else
            g_string_append_c(out, *line++);
    }
}

/* `values` ends with one that has no name. Values are not looked into: what a VPN's name holds is
 * not taken for a place. */
static char *fill(const char *text, const Value *values)
{
    GString *out = g_string_new(NULL);

    while (*text) {
        const char *end = strchr(text, '\n');

        end = end ? end + 1 : text + strlen(text);
        append_line(out, text, end, values);
        text = end;
    }
    return g_string_free(out, FALSE);
}

static char *fill_file(const char *name, const Value *values)
{
    g_autofree char *path = g_strconcat(TEXTS, name, NULL);
    g_autoptr(GBytes) bytes =
        g_resource_lookup_data(export_get_resource(), path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
    g_autofree char *text = NULL;

    g_assert(bytes); /* it was built in */
    text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    return fill(text, values);
}

/* ---- servers ---- */

static OpenTo open_to(const KsServer *server)
{
    if (!ks_protocol_has_ports(server->protocol))
        return OPEN_TO_ALL;
    return server->sender == KS_SENDER_DAEMON ? OPEN_TO_DAEMONS : OPEN_TO_WIREGUARD;
}

static void append_server(GString *out, const KsServer *server, const char *const *texts)
{
    char address[KS_ADDRESS_TEXT_SIZE];
    char protocol[4];
    char port[6];
    g_autofree char *rule = NULL;
    const Value values[] = {
        { "IP", server->address.family == AF_INET ? "ip" : "ip6" },
        { "ADDRESS", ks_address_text(&server->address, address) },
        { "PROTOCOL", protocol },
        { "PORT", port },
        { NULL, NULL },
    };

    /* iptables and nft know more protocols by number than by name */
    if (ks_protocol_has_ports(server->protocol))
        g_strlcpy(protocol, server->protocol == IPPROTO_UDP ? "udp" : "tcp", sizeof(protocol));
    else
        (void) g_snprintf(protocol, sizeof(protocol), "%u", server->protocol);
    (void) g_snprintf(port, sizeof(port), "%u", server->port);
    rule = fill(texts[open_to(server)], values);
    g_string_append_printf(out, "%s%s", out->len ? "\n" : "", rule);
}

/* The rules about the servers of one family, or AF_UNSPEC: of both. NULL: there are none. */
static char *server_rules(const KsExport *export, uint8_t family, const char *const *texts)
{
    GString *out = g_string_new(NULL);

    for (unsigned i = 0; i < export->servers->len; i++) {
        const KsServer *server = g_ptr_array_index(export->servers, i);

        if (family == AF_UNSPEC || server->address.family == family)
            append_server(out, server, texts);
    }
    return g_string_free(out, out->len == 0);
}

/* The server was given by name. */
static bool is_named(const KsServer *server)
{
    KsAddress literal;

    return !ks_address_parse(server->host, &literal);
}

static char *server_comments(const KsExport *export)
{
    GString *out = g_string_new(NULL);

    for (unsigned i = 0; i < export->servers->len; i++) {
        const KsServer *server = g_ptr_array_index(export->servers, i);
        char address[KS_ADDRESS_TEXT_SIZE];
        char protocol[4];

        g_string_append_printf(out, "%s#     %s, %s", i > 0 ? "\n" : "",
                               ks_address_text(&server->address, address),
                               ks_protocol_name(server->protocol, protocol));
        if (server->port)
            g_string_append_printf(out, " port %u", server->port);
        if (is_named(server))
            g_string_append_printf(out, " (%s)", server->host);
    }
    for (unsigned i = 0; i < export->nameless->len; i++)
        g_string_append_printf(out, "\n#     NOT %s: its address was not known",
                               (char *) g_ptr_array_index(export->nameless, i));
    return g_string_free(out, FALSE);
}

/* "" or NULL, for what begins a line. */
static const char *only_if(bool condition)
{
    return condition ? "" : NULL;
}

static bool has_named_server(const KsExport *export)
{
    for (unsigned i = 0; i < export->servers->len; i++)
        if (is_named(g_ptr_array_index(export->servers, i)))
            return true;
    return false;
}

static bool has_wireguard_server(const KsExport *export)
{
    for (unsigned i = 0; i < export->servers->len; i++)
        if (open_to(g_ptr_array_index(export->servers, i)) == OPEN_TO_WIREGUARD)
            return true;
    return false;
}

/* What puts the tool's rules in place and takes them away. */
static char *backend_of(const KsExport *export, const Format *format)
{
    g_autofree char *out = server_rules(export, AF_UNSPEC, format->out);
    g_autofree char *out4 = server_rules(export, AF_INET, format->out);
    g_autofree char *out6 = server_rules(export, AF_INET6, format->out);
    g_autofree char *in = server_rules(export, AF_UNSPEC, format->in);
    g_autofree char *in4 = server_rules(export, AF_INET, format->in);
    g_autofree char *in6 = server_rules(export, AF_INET6, format->in);
    const Value values[] = {
        { "INTERFACE", export->interface },
        { "LAN", only_if(export->lan) },
        { "MARKED", only_if(has_wireguard_server(export)) },
        { "SERVERS_OUT", out },
        { "SERVERS_OUT4", out4 },
        { "SERVERS_OUT6", out6 },
        { "SERVERS_IN", in },
        { "SERVERS_IN4", in4 },
        { "SERVERS_IN6", in6 },
        { NULL, NULL },
    };

    return g_strchomp(fill_file(format->backend, values));
}

char *ks_export_script(const KsExport *export, KsExportFormat number, const char *date)
{
    const Format *format = &formats[number];
    g_autofree char *name = ks_printable_name(export->name);
    g_autofree char *comments = server_comments(export);
    g_autofree char *backend = backend_of(export, format);
    const Value values[] = {
        { "VERSION", KS_VERSION },
        { "DATE", date },
        { "NAME", name },
        { "INTERFACE", export->interface },
        { "SERVER_COMMENTS", comments },
        { "LAN_COMMENT", export->lan             ? "on"
                         : export->lan_here_only ? "off (it was on for some networks only)"
                                                 : "off" },
        { "LAN_SSH", export->lan ? " or from private addresses" : "" },
        { "NAMED", only_if(has_named_server(export)) },
        { "MARKED", only_if(has_wireguard_server(export)) },
        { "OPENVPN", only_if(export->openvpn) },
        { "TOOL", format->tool },
        { "TOOL_COMMENTS", format->comments },
        { "BACKEND", backend },
        { NULL, NULL },
    };
    g_autofree char *script = fill_file("script.sh.in", values);

    return g_strconcat("#!/bin/sh\n", script, NULL);
}
