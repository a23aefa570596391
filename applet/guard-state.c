/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-applet"

#include "applet/guard-state.h"

#include "applet/window-text.h"

#include <string.h>
#include <sys/socket.h>

/* More than these nobody reads, and no guard of ours sends. */
#define LIST_MAX 4096u

static const char *const state_names[KS_STATE_MAX] = {
    [KS_STATE_STARTING] = "starting", [KS_STATE_AWAY] = "away",
    [KS_STATE_UNLOCKED] = "unlocked", [KS_STATE_PROTECTED] = "protected",
    [KS_STATE_BLOCKED] = "blocked",   [KS_STATE_PAUSED] = "paused",
    [KS_STATE_BROKEN] = "broken",     [KS_STATE_UNKNOWN] = "unknown",
};

static const char *const reason_names[KS_REASON_MAX] = {
    [KS_REASON_NONE] = "",
    [KS_REASON_NO_VPN] = "no-vpn",
    [KS_REASON_CONNECTING] = "connecting",
    [KS_REASON_LOGIN_FAILED] = "login-failed",
    [KS_REASON_NO_SECRETS] = "no-secrets",
    [KS_REASON_SERVER_UNREACHABLE] = "server-unreachable",
    [KS_REASON_NAME_UNRESOLVED] = "name-unresolved",
    [KS_REASON_SERVICE_FAILED] = "service-failed",
    [KS_REASON_SERVER_REFUSED] = "server-refused",
    [KS_REASON_CERTIFICATE] = "certificate",
    [KS_REASON_CERTIFICATE_DATE] = "certificate-date",
    [KS_REASON_LOGIN_NEEDED] = "login-needed",
    [KS_REASON_PROGRAM_MISSING] = "program-missing",
    [KS_REASON_TUNNEL_GONE] = "tunnel-gone",
    [KS_REASON_MANAGER_AWAY] = "manager-away",
    [KS_REASON_NO_SERVERS] = "no-servers",
    [KS_REASON_KERNEL] = "kernel",
    [KS_REASON_TUNNEL_DEAD] = "tunnel-dead",
    [KS_REASON_SERVER_SILENT] = "server-silent",
    [KS_REASON_NO_INTERFACE] = "no-interface",
    [KS_REASON_OVERLAY_ONLY] = "overlay-only",
    [KS_REASON_SOME_NETWORKS] = "some-networks",
};

const char *ks_state_name(KsState state)
{
    return state_names[state];
}

bool ks_state_is_heard(KsState state)
{
    return state != KS_STATE_STARTING && state != KS_STATE_AWAY;
}

static KsState parse_state(const char *name)
{
    for (int state = KS_STATE_UNLOCKED; state < KS_STATE_UNKNOWN; state++)
        if (strcmp(state_names[state], name) == 0)
            return state;
    return KS_STATE_UNKNOWN;
}

static KsReason parse_reason(const char *name)
{
    for (int reason = 0; reason < KS_REASON_MAX; reason++)
        if (strcmp(reason_names[reason], name) == 0)
            return reason;
    return KS_REASON_NONE;
}

static void free_tunnel(gpointer data)
{
    KsGuardTunnel *tunnel = data;

    g_free(tunnel->interface);
    g_free(tunnel->uuid);
    g_free(tunnel->name);
    g_free(tunnel->type);
    g_free(tunnel);
}

void ks_guard_server_free(KsGuardServer *server)
{
    g_free(server->uuid);
    g_free(server->name);
    g_free(server->type);
    g_free(server->host);
    g_free(server->address);
    g_free(server->protocol);
    g_free(server->source);
    g_free(server->not_let_out);
    g_free(server);
}

static void free_server(gpointer data)
{
    ks_guard_server_free(data);
}

static void free_vpn(gpointer data)
{
    KsGuardVpn *vpn = data;

    g_free(vpn->uuid);
    g_free(vpn->name);
    g_free(vpn->type);
    g_free(vpn->interface);
    g_free(vpn);
}

static void free_exception(gpointer data)
{
    KsGuardException *exception = data;

    g_free(exception->name);
    g_free(exception->source);
    g_free(exception->network);
    g_free(exception);
}

KsGuardServer *ks_guard_server_new(const char *host, const char *protocol, uint16_t port)
{
    KsGuardServer *server = g_new0(KsGuardServer, 1);

    server->uuid = g_strdup("");
    server->name = g_strdup("");
    server->type = g_strdup("");
    server->host = ks_printable(host, KS_TEXT_SENTENCE_COLUMNS);
    server->address = g_strdup("");
    server->protocol = g_strdup(protocol);
    server->source = g_strdup("profile");
    server->not_let_out = g_strdup("");
    server->port = port;
    return server;
}

KsGuardServer *ks_guard_server_copy(const KsGuardServer *server)
{
    KsGuardServer *copy = g_new0(KsGuardServer, 1);

    copy->uuid = g_strdup(server->uuid);
    copy->name = g_strdup(server->name);
    copy->type = g_strdup(server->type);
    copy->host = g_strdup(server->host);
    copy->address = g_strdup(server->address);
    copy->protocol = g_strdup(server->protocol);
    copy->source = g_strdup(server->source);
    copy->not_let_out = g_strdup(server->not_let_out);
    copy->port = server->port;
    return copy;
}

KsGuardNetwork *ks_guard_network_new(const char *uuid, const char *name)
{
    KsGuardNetwork *network = g_new0(KsGuardNetwork, 1);

    network->uuid = g_strdup(uuid);
    network->name = ks_printable_name(name);
    return network;
}

void ks_guard_network_free(KsGuardNetwork *network)
{
    g_free(network->uuid);
    g_free(network->name);
    g_free(network);
}

static void free_network(gpointer data)
{
    ks_guard_network_free(data);
}

KsGuardState *ks_guard_state_new(KsState state)
{
    KsGuardState *made = g_new0(KsGuardState, 1);

    made->state = state;
    made->reason_vpn = g_strdup("");
    made->mode_source = g_strdup("");
    made->always_on_here = g_strdup("");
    made->version = g_strdup("");
    made->lan_networks = g_new0(char *, 1);
    made->warnings = g_new0(char *, 1);
    made->exceptions = g_ptr_array_new_with_free_func(free_exception);
    made->elsewhere = g_ptr_array_new_with_free_func(free_exception);
    made->networks = g_ptr_array_new_with_free_func(free_network);
    made->tunnels = g_ptr_array_new_with_free_func(free_tunnel);
    made->overlays = g_ptr_array_new_with_free_func(free_tunnel);
    made->servers = g_ptr_array_new_with_free_func(free_server);
    made->vpns = g_ptr_array_new_with_free_func(free_vpn);
    return made;
}

void ks_guard_state_free(KsGuardState *state)
{
    if (!state)
        return;
    g_free(state->reason_vpn);
    g_free(state->mode_source);
    g_free(state->version);
    g_strfreev(state->lan_networks);
    g_strfreev(state->always_on);
    g_free(state->always_on_here);
    g_strfreev(state->warnings);
    g_ptr_array_unref(state->exceptions);
    g_ptr_array_unref(state->elsewhere);
    g_ptr_array_unref(state->networks);
    g_ptr_array_unref(state->tunnels);
    g_ptr_array_unref(state->overlays);
    g_ptr_array_unref(state->servers);
    g_ptr_array_unref(state->vpns);
    g_free(state);
}

/* ---- reading ---- */

static char *read_text(GVariant *from, const char *name)
{
    const char *text = "";

    (void) g_variant_lookup(from, name, "&s", &text);
    return ks_printable_name(text);
}

/* What is written back must not be cut. */
static char *read_long(GVariant *from, const char *name)
{
    const char *text = "";

    (void) g_variant_lookup(from, name, "&s", &text);
    return ks_printable(text, KS_TEXT_SENTENCE_COLUMNS);
}

static bool read_flag(GVariant *from, const char *name)
{
    gboolean flag = FALSE;

    (void) g_variant_lookup(from, name, "b", &flag);
    return flag;
}

static char **read_texts(GVariant *from, const char *name)
{
    g_autoptr(GVariant) list = g_variant_lookup_value(from, name, G_VARIANT_TYPE_STRING_ARRAY);
    GPtrArray *texts = g_ptr_array_new();

    for (gsize i = 0; list && i < MIN(g_variant_n_children(list), LIST_MAX); i++) {
        const char *text;

        g_variant_get_child(list, i, "&s", &text);
        g_ptr_array_add(texts, ks_printable(text, KS_TEXT_SENTENCE_COLUMNS));
    }
    g_ptr_array_add(texts, NULL);
    return (char **) g_ptr_array_free(texts, FALSE);
}

static void *read_tunnel(GVariant *from)
{
    KsGuardTunnel *tunnel = g_new0(KsGuardTunnel, 1);

    tunnel->interface = read_text(from, "interface");
    tunnel->uuid = read_text(from, "uuid");
    tunnel->name = read_text(from, "name");
    tunnel->type = read_text(from, "type");
    return tunnel;
}

static void *read_server(GVariant *from)
{
    KsGuardServer *server = g_new0(KsGuardServer, 1);

    server->uuid = read_text(from, "uuid");
    server->name = read_text(from, "name");
    server->type = read_text(from, "type");
    server->host = read_long(from, "host");
    server->address = read_long(from, "address");
    server->protocol = read_text(from, "protocol");
    server->source = read_text(from, "source");
    server->not_let_out = read_text(from, "not_let_out");
    (void) g_variant_lookup(from, "port", "q", &server->port);
    return server;
}

static void *read_vpn(GVariant *from)
{
    KsGuardVpn *vpn = g_new0(KsGuardVpn, 1);
    const char *word = "";

    vpn->uuid = read_text(from, "uuid");
    vpn->name = read_text(from, "name");
    vpn->type = read_text(from, "type");
    vpn->interface = read_text(from, "interface");
    vpn->manual = read_flag(from, "manual");
    vpn->overlay = read_flag(from, "overlay");
    vpn->overridden = read_flag(from, "override");
    vpn->locks = KS_VPN_LOCKS_AUTO; /* also for a word of a newer guard */
    if (g_variant_lookup(from, "locks", "&s", &word))
        (void) ks_vpn_locks_parse(word, &vpn->locks);
    if (g_variant_lookup(from, "failure", "&s", &word))
        vpn->failure = ks_failure_of_name(word);
    return vpn;
}

static void *read_network(GVariant *from)
{
    KsGuardNetwork *network = g_new0(KsGuardNetwork, 1);

    network->uuid = read_text(from, "uuid");
    network->name = read_text(from, "name");
    return network;
}

static void *read_exception(GVariant *from)
{
    KsGuardException *exception = g_new0(KsGuardException, 1);
    const char *to = "";
    const char *protocol = "";
    guint64 until = 0;

    exception->name = read_long(from, "name");
    exception->source = read_long(from, "source");
    exception->on_one = g_variant_lookup(from, "network", "&s", NULL);
    exception->network = read_text(from, "network_name");
    (void) g_variant_lookup(from, "until", "t", &until);
    exception->until = (int64_t) MIN(until, (guint64) G_MAXINT64);
    exception->what.incoming = g_variant_lookup(from, "from", "&s", &to);
    (void) g_variant_lookup(from, "to", "&s", &to);
    (void) g_variant_lookup(from, "protocol", "&s", &protocol);
    (void) g_variant_lookup(from, "first_port", "q", &exception->what.first_port);
    (void) g_variant_lookup(from, "last_port", "q", &exception->what.last_port);
    if (!ks_exception_read_protocol(protocol, &exception->what) ||
        !ks_exception_read_to(to, &exception->what))
        exception->what.address.family = AF_UNSPEC;
    return exception;
}

static void read_list(GVariant *from, const char *name, void *(*read)(GVariant *), GPtrArray *into)
{
    g_autoptr(GVariant) list = g_variant_lookup_value(from, name, G_VARIANT_TYPE("aa{sv}"));

    for (gsize i = 0; list && i < MIN(g_variant_n_children(list), LIST_MAX); i++) {
        g_autoptr(GVariant) entry = g_variant_get_child_value(list, i);

        g_ptr_array_add(into, read(entry));
    }
}

/* The VPN that a network of now has of its own comes first of those that count there. */
static void read_here(GVariant *always, KsGuardState *state)
{
    g_autoptr(GVariant) here = g_variant_lookup_value(always, "here", G_VARIANT_TYPE("aa{sv}"));
    g_autoptr(GVariant) first = NULL;

    if (!here || g_variant_n_children(here) == 0)
        return;
    first = g_variant_get_child_value(here, 0);
    g_free(state->always_on_here);
    state->always_on_here = read_text(first, "uuid");
}

static void read_always_on(GVariant *from, KsGuardState *state)
{
    g_autoptr(GVariant) always = g_variant_lookup_value(from, "AlwaysOn", G_VARIANT_TYPE_VARDICT);
    g_autoptr(GVariant) vpns =
        always ? g_variant_lookup_value(always, "vpns", G_VARIANT_TYPE("aa{sv}")) : NULL;
    g_autofree char *source = always ? read_text(always, "source") : NULL;
    GPtrArray *uuids;

    if (!vpns)
        return;
    uuids = g_ptr_array_new();
    for (gsize i = 0; i < MIN(g_variant_n_children(vpns), KS_GUARD_ALWAYS_ON_MAX); i++) {
        g_autoptr(GVariant) vpn = g_variant_get_child_value(vpns, i);

        g_ptr_array_add(uuids, read_text(vpn, "uuid"));
    }
    g_ptr_array_add(uuids, NULL);
    state->always_on = (char **) g_ptr_array_free(uuids, FALSE);
    state->always_on_laid_down = source[0];
    read_here(always, state);
}

KsGuardState *ks_guard_state_read(GVariant *properties)
{
    g_autofree char *mode = NULL;
    const char *word = NULL;
    KsGuardState *made;
    guint64 until = 0;

    if (!g_variant_lookup(properties, "State", "&s", &word))
        return ks_guard_state_new(KS_STATE_AWAY);
    made = ks_guard_state_new(parse_state(word));
    if (g_variant_lookup(properties, "Reason", "&s", &word))
        made->reason = parse_reason(word);
    g_free(made->reason_vpn);
    made->reason_vpn = read_text(properties, "ReasonVpn");
    g_free(made->version);
    made->version = read_text(properties, "Version");
    made->locked = read_flag(properties, "Locked");
    made->verified = read_flag(properties, "Verified");
    made->auto_lock = read_flag(properties, "AutoLock");
    mode = read_text(properties, "Mode");
    if (!ks_mode_parse(mode, &made->mode))
        made->mode = made->auto_lock ? KS_MODE_VPN : KS_MODE_OFF;
    g_free(made->mode_source);
    made->mode_source = read_long(properties, "ModeSource");
    made->lan = read_flag(properties, "Lan");
    g_strfreev(made->lan_networks);
    made->lan_networks = read_texts(properties, "LanNetworks");
    g_strfreev(made->warnings);
    made->warnings = read_texts(properties, "Warnings");
    (void) g_variant_lookup(properties, "PausedUntil", "t", &until);
    made->paused_until = (int64_t) MIN(until, (guint64) G_MAXINT64);
    (void) g_variant_lookup(properties, "PauseMax", "u", &made->pause_max);
    read_list(properties, "Networks", read_network, made->networks);
    read_list(properties, "Tunnels", read_tunnel, made->tunnels);
    read_list(properties, "Overlays", read_tunnel, made->overlays);
    read_list(properties, "Servers", read_server, made->servers);
    read_list(properties, "Vpns", read_vpn, made->vpns);
    read_always_on(properties, made);
    read_list(properties, "Exceptions", read_exception, made->exceptions);
    read_list(properties, "ExceptionsElsewhere", read_exception, made->elsewhere);
    return made;
}

bool ks_guard_state_lan_is_here(const KsGuardState *state)
{
    for (unsigned i = 0; i < state->networks->len; i++) {
        const KsGuardNetwork *network = g_ptr_array_index(state->networks, i);

        if (g_strv_contains((const char *const *) state->lan_networks, network->uuid))
            return true;
    }
    return false;
}

bool ks_guard_state_opens_by_disconnect(const KsGuardState *state)
{
    return state->mode == KS_MODE_DROPS && state->locked;
}

bool ks_guard_state_keeps(const KsGuardState *state, const char *uuid)
{
    return state->always_on && g_strv_contains((const char *const *) state->always_on, uuid);
}

const KsGuardVpn *ks_guard_state_vpn(const KsGuardState *state, const char *uuid)
{
    for (unsigned i = 0; i < state->vpns->len; i++) {
        const KsGuardVpn *vpn = g_ptr_array_index(state->vpns, i);

        if (strcmp(vpn->uuid, uuid) == 0)
            return vpn;
    }
    return NULL;
}
