/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/vpn-card.h"

#include "applet/sentences.h"
#include "config.h"
#include "model/server.h"
#include "model/vpn-type.h"

#include <glib/gi18n.h>
#include <string.h>

static const char *const failures[KS_FAILURE_MAX] = {
    [KS_FAILURE_NONE] = "",
    [KS_FAILURE_LOGIN] = N_("The last attempt failed: the server refused the login."),
    [KS_FAILURE_NO_SECRETS] = N_("The last attempt failed: the password is missing."),
    [KS_FAILURE_TIMEOUT] = N_("The last attempt failed: the server did not answer."),
    [KS_FAILURE_SERVICE] = N_("The last attempt failed: the VPN’s program ended."),
    [KS_FAILURE_REFUSED] = N_("The last attempt failed: the server refused the connection."),
    [KS_FAILURE_NAME] = N_("The last attempt failed: the server’s name was not found."),
    [KS_FAILURE_CERTIFICATE] = N_("The last attempt failed: a certificate is not trusted."),
    [KS_FAILURE_CERTIFICATE_DATE] = N_("The last attempt failed: a certificate is not valid now."),
    [KS_FAILURE_LOGIN_NEEDED] = N_("The last attempt failed: the server wants a new login."),
    [KS_FAILURE_PROGRAM] = N_("The last attempt failed: a program is not installed."),
};

static void free_card(gpointer data)
{
    KsVpnCard *card = data;

    g_free(card->uuid);
    g_free(card->name);
    g_free(card->type);
    g_free(card->title);
    g_ptr_array_unref(card->servers);
    g_free(card->note);
    g_ptr_array_unref(card->doubts);
    g_free(card->attempt);
    g_free(card);
}

static bool holds(const KsModel *model)
{
    return model->guard->locked && model->guard->state != KS_STATE_PAUSED;
}

bool ks_vpn_cards_can_edit(const KsModel *model)
{
    if (!ks_state_is_heard(model->guard->state) ||
        model->permissions[KS_REQUEST_SET_SERVERS] == KS_PERMISSION_NO)
        return false;
    for (int request = KS_REQUEST_SET_SERVERS; request <= KS_REQUEST_REMOVE_VPN; request++)
        if (model->busy[request])
            return false;
    return true;
}

/* ---- servers ---- */

static void free_server(gpointer data)
{
    ks_guard_server_free(data);
}

static KsGuardServer *server_of_profile(const KsServer *server)
{
    char number[4];

    return ks_guard_server_new(server->host, ks_protocol_name(server->protocol, number),
                               server->port);
}

/* The guard knows addresses and corrections; without it, what the profile says. */
GPtrArray *ks_vpn_card_servers(const KsModel *model, const char *uuid)
{
    GPtrArray *found = g_ptr_array_new_with_free_func(free_server);

    for (unsigned i = 0; i < model->guard->servers->len; i++) {
        const KsGuardServer *server = g_ptr_array_index(model->guard->servers, i);

        if (strcmp(server->uuid, uuid) == 0)
            g_ptr_array_add(found, ks_guard_server_copy(server));
    }
    for (unsigned i = 0; found->len == 0 && i < model->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(model->vpns, i);

        for (unsigned s = 0; strcmp(vpn->uuid, uuid) == 0 && s < vpn->servers->len; s++)
            g_ptr_array_add(found, server_of_profile(g_ptr_array_index(vpn->servers, s)));
    }
    return found;
}

static void add_doubt(KsVpnCard *card, const char *text)
{
    g_ptr_array_add(card->doubts, g_strdup(text));
}

/* A person's own profile that is not in use needs no word: it is let out when it connects. */
static void doubt_refusal(KsVpnCard *card, const char *why)
{
    static const struct {
        const char *why;
        const char *text;
    } refusals[] = {
        { "name-server-port",
          N_("The lock does not let its server out: it uses a name server's port, which no profile "
             "can open.") },
        { "refused-address",
          N_("The lock does not let its server out: its name leads to an address that is not on "
             "the internet.") },
        { "broadcast-address",
          N_("The lock does not let its server out: its address stands for all machines of the "
             "local network.") },
        { "name-too-long",
          N_("The lock does not let its server out: its name is too long to be asked for.") },
        { "not-in-kernel", N_("The lock in the kernel does not list its server.") },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(refusals); i++)
        if (strcmp(refusals[i].why, why) == 0)
            add_doubt(card, _(refusals[i].text));
}

static void describe_servers(KsVpnCard *card, const KsModel *model)
{
    const char *refusal = "";
    g_autoptr(GPtrArray) servers = ks_vpn_card_servers(model, card->uuid);
    bool is_found = false;

    for (unsigned i = 0; i < servers->len; i++) {
        const KsGuardServer *server = g_ptr_array_index(servers, i);

        is_found = is_found || server->address[0];
        if (server->not_let_out[0])
            refusal = server->not_let_out;
        g_ptr_array_add(card->servers, ks_sentence_server(server->host, server->address,
                                                          server->protocol, server->port));
    }
    if (servers->len == 0 && !card->overlay)
        add_doubt(card, _("Its server is not known: it cannot connect while the lock is closed."));
    else if (servers->len > 0 && !is_found && ks_state_is_heard(model->guard->state))
        add_doubt(card, _("The address of its server is not known yet. It is looked up when the "
                          "VPN connects."));
    doubt_refusal(card, refusal);
}

/* ---- cards ---- */

/* `known`: what the guard knows of it, or NULL. It has read the log of the VPN's program. */
static const char *describe_attempt(const KsModel *model, const KsVpn *vpn, const KsGuardVpn *known)
{
    switch (vpn->activity) {
    case KS_VPN_CONNECTING:
        return _("Connecting…");
    case KS_VPN_UP:
        return holds(model) ? _("Connected through the closed lock: its server is right.")
                            : _("Connected.");
    case KS_VPN_DOWN:
        break;
    }
    return known && known->failure != KS_FAILURE_NONE ? _(failures[known->failure]) : "";
}

static KsVpnCard *card_new(const char *uuid, const char *name, const char *type)
{
    KsVpnCard *card = g_new0(KsVpnCard, 1);

    card->uuid = g_strdup(uuid);
    card->name = g_strdup(name);
    card->type = g_strdup(type);
    card->servers = g_ptr_array_new_with_free_func(g_free);
    card->doubts = g_ptr_array_new_with_free_func(g_free);
    /* TRANSLATORS: a VPN's name and its type: "office (OpenVPN)" */
    card->title =
        type[0] ? g_strdup_printf(_("%s (%s)"), name, ks_vpn_type_label(type)) : g_strdup(name);
    return card;
}

static KsVpnCard *card_of_profile(const KsModel *model, const KsVpn *vpn)
{
    const KsGuardVpn *known = ks_guard_state_vpn(model->guard, vpn->uuid);
    KsVpnCard *card = card_new(vpn->uuid, vpn->name, vpn->type);

    card->overridden = known && known->overridden;
    card->locks = known ? known->locks : KS_VPN_LOCKS_AUTO;
    card->note = g_strdup(
        card->overridden ? _("Corrected by hand: the servers in its profile do not count.") : "");
    card->attempt = g_strdup(describe_attempt(model, vpn, known));
    describe_servers(card, model);
    for (unsigned i = 0; !card->overridden && i < vpn->warnings->len; i++)
        add_doubt(card, g_ptr_array_index(vpn->warnings, i));
    card->can_edit = known && ks_vpn_cards_can_edit(model);
    card->always_on = ks_guard_state_keeps(model->guard, vpn->uuid);
    card->can_always_on =
        card->can_edit && model->guard->always_on && !model->guard->always_on_laid_down &&
        (card->always_on || g_strv_length(model->guard->always_on) < KS_GUARD_ALWAYS_ON_MAX);
    card->can_test = model->manager_ready && vpn->activity == KS_VPN_DOWN &&
                     (card->servers->len > 0 || !holds(model));
    return card;
}

static bool is_among(const GPtrArray *tunnels, const char *uuid)
{
    for (unsigned i = 0; i < tunnels->len; i++)
        if (strcmp(((const KsGuardTunnel *) g_ptr_array_index(tunnels, i))->uuid, uuid) == 0)
            return true;
    return false;
}

static KsVpnCard *card_by_hand(const KsModel *model, const KsGuardVpn *vpn)
{
    KsVpnCard *card = card_new(vpn->uuid, vpn->name, vpn->type);
    const KsGuardState *guard = model->guard;

    card->manual = true;
    card->overlay = vpn->overlay;
    card->locks = vpn->locks;
    /* TRANSLATORS: %s is the name of a network interface: "wg0" */
    card->note = g_strdup_printf(
        vpn->overlay ? _("An overlay network on the interface “%s”: let out beside the VPN, it "
                         "protects nothing.")
                     : _("Set up by hand, on the interface “%s”."),
        vpn->interface);
    card->attempt = g_strdup(is_among(vpn->overlay ? guard->overlays : guard->tunnels, vpn->uuid)
                                 ? _("Connected.")
                                 : "");
    describe_servers(card, model);
    card->can_edit = ks_vpn_cards_can_edit(model);
    return card;
}

GPtrArray *ks_vpn_cards(const KsModel *model)
{
    GPtrArray *cards = g_ptr_array_new_with_free_func(free_card);

    for (unsigned i = 0; i < model->vpns->len; i++)
        g_ptr_array_add(cards, card_of_profile(model, g_ptr_array_index(model->vpns, i)));
    for (unsigned i = 0; i < model->guard->vpns->len; i++) {
        const KsGuardVpn *vpn = g_ptr_array_index(model->guard->vpns, i);

        if (vpn->manual)
            g_ptr_array_add(cards, card_by_hand(model, vpn));
    }
    return cards;
}

GVariant *ks_vpn_card_keep(const KsGuardState *guard, const char *uuid, bool on)
{
    GVariantBuilder uuids;

    g_variant_builder_init(&uuids, G_VARIANT_TYPE_STRING_ARRAY);
    for (unsigned i = 0; guard->always_on && guard->always_on[i]; i++)
        if (strcmp(guard->always_on[i], uuid) != 0)
            g_variant_builder_add(&uuids, "s", guard->always_on[i]);
    if (on)
        g_variant_builder_add(&uuids, "s", uuid);
    return g_variant_new("(as)", &uuids);
}

static void append_all(GString *text, const GPtrArray *lines)
{
    for (unsigned i = 0; i < lines->len; i++)
        g_string_append_printf(text, "%s\n", (const char *) g_ptr_array_index(lines, i));
}

char *ks_vpn_card_text(const KsVpnCard *card)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "%s\n", card->title);
    append_all(text, card->servers);
    g_string_append_printf(text, "note: %s\n", card->note);
    append_all(text, card->doubts);
    g_string_append_printf(text, "attempt: %s\n", card->attempt);
    return g_string_free(text, FALSE);
}
