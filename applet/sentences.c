/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/sentences.h"

#include "applet/window-text.h"
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

typedef struct {
    const char *headline;
    const char *why;         /* where the VPN's name is not known */
    const char *why_by_name; /* with a %s for it; NULL: the same */
} ReasonText;

/* TRANSLATORS: throughout, %s is the name of a VPN as its owner gave it. What stands before the
 * colon is also shown alone, in large letters; keep the colon and the blank behind it. */
static const ReasonText reasons[KS_REASON_MAX] = {
    [KS_REASON_NONE] = { N_("Blocked: no VPN is connected"), NULL, NULL },
    [KS_REASON_NO_VPN] = { N_("Blocked: no VPN is connected"),
                           N_("Only VPN servers can be reached, so that a VPN can connect."),
                           NULL },
    [KS_REASON_CONNECTING] = { N_("Blocked: the VPN is connecting"),
                               N_("Nothing leaves this computer until it is connected."),
                               N_("Nothing leaves this computer until “%s” is connected.") },
    [KS_REASON_LOGIN_FAILED] = { N_("Blocked: the VPN refused the login"),
                                 N_("Connect again, and type the password once more."),
                                 N_("Connect “%s” again, and type the password once more.") },
    [KS_REASON_NO_SECRETS] = { N_("Blocked: the VPN’s password is missing"),
                               N_("Connect again and type what it asks for."),
                               N_("Connect “%s” again and type what it asks for.") },
    [KS_REASON_SERVER_UNREACHABLE] = { N_("Blocked: the VPN’s server does not answer"),
                                       N_("Check the network, then connect again."),
                                       N_("Check the network, then connect “%s” again.") },
    [KS_REASON_NAME_UNRESOLVED] = { N_("Blocked: the VPN’s server was not found"),
                                    N_("Check the network, then connect again."),
                                    N_("Check the network, then connect “%s” again.") },
    [KS_REASON_SERVICE_FAILED] = { N_("Blocked: the VPN’s program failed"),
                                   N_("Connect again, or connect another VPN."),
                                   N_("Connect “%s” again, or another VPN.") },
    [KS_REASON_SERVER_REFUSED] = { N_("Blocked: the VPN’s server refused the connection"),
                                   N_("Check the VPN’s server and port, or connect another VPN."),
                                   N_("Check server and port of “%s”, or connect another VPN.") },
    [KS_REASON_CERTIFICATE] = { N_("Blocked: the VPN’s certificate is not trusted"),
                                N_("Ask the VPN’s provider for a new profile."),
                                N_("Ask the provider of “%s” for a new profile.") },
    [KS_REASON_CERTIFICATE_DATE] = { N_("Blocked: the VPN’s certificate is not valid now"),
                                     N_("Look at this computer’s clock, then connect again."),
                                     N_("Look at this computer’s clock, then connect “%s” again.") },
    [KS_REASON_LOGIN_NEEDED] = { N_("Blocked: the VPN wants a new login"),
                                 N_("Connect again and type what it asks for."),
                                 N_("Connect “%s” again and type what it asks for.") },
    [KS_REASON_PROGRAM_MISSING] = { N_("Blocked: a program of the VPN is not installed"),
                                    N_("Connect another VPN, or unlock to install it."),
                                    N_("Connect another VPN than “%s”, or unlock to install what "
                                       "it needs.") },
    [KS_REASON_TUNNEL_GONE] = { N_("Blocked: the VPN has no tunnel"),
                                N_("Disconnect the VPN, then connect it again."),
                                N_("Disconnect “%s”, then connect it again.") },
    [KS_REASON_MANAGER_AWAY] = { N_("Blocked: NetworkManager is not running"),
                                 N_("No VPN can connect until it runs again."), NULL },
    [KS_REASON_NO_SERVERS] = { N_("Blocked: no VPN is set up"),
                               N_("Add a VPN in the network settings."), NULL },
    [KS_REASON_KERNEL] = { N_("Blocked: no VPN is connected"), NULL, NULL },
    [KS_REASON_TUNNEL_DEAD] = { N_("Blocked: the VPN carries nothing"),
                                N_("Its program has ended, or its server is gone. Connect again."),
                                N_("The program of “%s” has ended, or its server is gone. Connect "
                                   "again.") },
    [KS_REASON_SERVER_SILENT] = { N_("Blocked: nothing comes back from the VPN’s server"),
                                  N_("Check the network, then connect again."),
                                  N_("Check the network, then connect “%s” again.") },
    [KS_REASON_NO_INTERFACE] = { N_("Blocked: the VPN has no interface"),
                                 N_("It protects nothing. Connect another VPN."),
                                 N_("“%s” protects nothing. Connect another VPN.") },
    [KS_REASON_OVERLAY_ONLY] = { N_("Blocked: only an overlay network is up"),
                                 N_("It protects nothing. Connect a VPN."),
                                 N_("“%s” protects nothing. Connect a VPN.") },
    [KS_REASON_SOME_NETWORKS] = { N_("Protected: only some networks can be reached"),
                                  N_("Connect a VPN that carries all traffic."),
                                  N_("“%s” does not carry all traffic. Connect a VPN that does.") },
};

static const char *only_tunnel(const KsGuardState *guard)
{
    const KsGuardTunnel *tunnel;

    if (guard->tunnels->len != 1)
        return "";
    tunnel = g_ptr_array_index(guard->tunnels, 0);
    return tunnel->name;
}

static char *headline_of(const KsGuardState *guard)
{
    switch (guard->state) {
    case KS_STATE_STARTING:
        return g_strdup(_("Looking for the lock…"));
    case KS_STATE_AWAY:
        return g_strdup(_("The guard is not running"));
    case KS_STATE_UNLOCKED:
        if (guard->tunnels->len > 0)
            return g_strdup(_("Unlocked: traffic can leave without the VPN, too"));
        return g_strdup(_("Unlocked: traffic leaves freely"));
    case KS_STATE_PROTECTED:
        if (guard->reason == KS_REASON_SOME_NETWORKS)
            return g_strdup(_(reasons[guard->reason].headline));
        if (guard->overlays->len > 0)
            return g_strdup_printf(
                g_dngettext(
                    GETTEXT_PACKAGE,
                    "Protected: everything goes through the VPN, but for %u overlay network",
                    "Protected: everything goes through the VPN, but for %u overlay networks",
                    guard->overlays->len),
                guard->overlays->len);
        if (only_tunnel(guard)[0])
            return g_strdup_printf(_("Protected: everything goes through “%s”"),
                                   only_tunnel(guard));
        return g_strdup(_("Protected: everything goes through the VPN"));
    case KS_STATE_BLOCKED:
        return g_strdup(_(reasons[guard->reason].headline));
    case KS_STATE_PAUSED: {
        g_autofree char *end = ks_text_moment(guard->paused_until);

        /* TRANSLATORS: a time of day */
        return g_strdup_printf(_("Paused until %s: traffic leaves freely"), end);
    }
    case KS_STATE_BROKEN:
        if (guard->locked)
            return g_strdup(_("Broken: the lock is not as it should be"));
        return g_strdup(_("Broken: traffic may be leaving freely"));
    case KS_STATE_UNKNOWN:
    case KS_STATE_MAX:
        break;
    }
    return g_strdup(_("The lock is in a state that this program does not know"));
}

/* What is let past the lock stays in sight. */
char *ks_sentence_headline(const KsModel *model)
{
    const KsGuardState *guard = model->guard;
    g_autofree char *headline = headline_of(guard);

    if (guard->exceptions->len == 0 ||
        (guard->state != KS_STATE_PROTECTED && guard->state != KS_STATE_BLOCKED))
        return g_steal_pointer(&headline);
    /* TRANSLATORS: how things are, and how many exceptions people made */
    return g_strdup_printf(g_dngettext(GETTEXT_PACKAGE, "%s (%u exception)", "%s (%u exceptions)",
                                       guard->exceptions->len),
                           headline, guard->exceptions->len);
}

static char *why_blocked(const KsGuardState *guard)
{
    const ReasonText *text = &reasons[guard->reason];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* checked as such in the table, by gettext */
    if (text->why_by_name && guard->reason_vpn[0])
        return g_strdup_printf(_(text->why_by_name), guard->reason_vpn);
#pragma GCC diagnostic pop
    return g_strdup(text->why ? _(text->why) : "");
}

char *ks_sentence_why(const KsModel *model)
{
    const KsGuardState *guard = model->guard;

    switch (guard->state) {
    case KS_STATE_STARTING:
        return g_strdup("");
    case KS_STATE_AWAY:
        return g_strdup(_("A lock that was closed stays closed."));
    case KS_STATE_UNLOCKED:
        if (guard->tunnels->len > 0)
            return g_strdup(_("If the VPN drops, everything goes out without it."));
        if (guard->mode == KS_MODE_ALWAYS)
            return g_strdup(_("It is locked again from the next start of this machine on."));
        if (guard->auto_lock)
            return g_strdup(_("The lock closes when a VPN connects that carries everything."));
        return g_strdup(_("Only you close the lock: it does not close by itself."));
    case KS_STATE_PROTECTED:
        if (guard->reason == KS_REASON_SOME_NETWORKS)
            return why_blocked(guard);
        if (guard->exceptions->len > 0)
            return g_strdup(_("If the VPN drops, what the exceptions let out leaves without it; "
                              "everything else stays blocked until it is back."));
        return g_strdup(_("If the VPN drops, everything stays blocked until it is back."));
    case KS_STATE_BLOCKED:
        return why_blocked(guard);
    case KS_STATE_PAUSED:
        return g_strdup(_("Then the lock closes by itself, whatever happens."));
    case KS_STATE_BROKEN:
        return g_strdup(_("Do not rely on the lock until this is put right."));
    case KS_STATE_UNKNOWN:
    case KS_STATE_MAX:
        break;
    }
    return g_strdup(_("The guard and this program are of different versions."));
}

const char *ks_sentence_no_vpns(const KsModel *model)
{
    if (model->manager_ready)
        return _("No VPN is set up");
    return model->asks_manager ? _("Looking for VPNs…") : _("NetworkManager is not running");
}

char *ks_sentence_server(const char *host, const char *address, const char *protocol, uint16_t port)
{
    g_autofree char *upper = g_ascii_strup(protocol, -1);
    g_autofree char *where = address[0] && strcmp(host, address) != 0
                                 ? g_strdup_printf("%s (%s)", host, address)
                                 : g_strdup(host);

    if (port == 0)
        /* TRANSLATORS: a server, then its protocol: "vpn.example, ESP" */
        return g_strdup_printf(_("%s, %s"), where, upper);
    /* TRANSLATORS: a server, its protocol and its port: "vpn.example, UDP port 1194" */
    return g_strdup_printf(_("%s, %s port %u"), where, upper, port);
}

char *ks_sentence_tunnel(const KsModel *model)
{
    const KsGuardState *guard = model->guard;

    for (unsigned t = 0; t < guard->tunnels->len; t++) {
        const KsGuardTunnel *tunnel = g_ptr_array_index(guard->tunnels, t);

        for (unsigned s = 0; s < guard->servers->len; s++) {
            const KsGuardServer *server = g_ptr_array_index(guard->servers, s);
            g_autofree char *text = NULL;

            if (strcmp(server->uuid, tunnel->uuid) != 0)
                continue;
            text =
                ks_sentence_server(server->host, server->address, server->protocol, server->port);
            /* TRANSLATORS: %s is a VPN server: "vpn.example, UDP port 1194" */
            return g_strdup_printf(_("Server: %s"), text);
        }
    }
    return NULL;
}
