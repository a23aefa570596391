/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/presenter.h"

#include "applet/sentences.h"
#include "applet/text.h"
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#define ICON(name) "io.github.nmkillswitch-" name "-symbolic"
#define MINUTE     60u

/* With more VPNs than these, those that are down go into a menu of their own. */
#define VPNS_BESIDE_MAX 6u

static const unsigned pauses[] = { 5, 15, 30, 60 }; /* minutes */

static const char *const icons[KS_STATE_MAX] = {
    [KS_STATE_STARTING] = ICON("away"),     [KS_STATE_AWAY] = ICON("away"),
    [KS_STATE_UNLOCKED] = ICON("unlocked"), [KS_STATE_PROTECTED] = ICON("protected"),
    [KS_STATE_BLOCKED] = ICON("blocked"),   [KS_STATE_PAUSED] = ICON("paused"),
    [KS_STATE_BROKEN] = ICON("broken"),     [KS_STATE_UNKNOWN] = ICON("broken"),
};

const char *const ks_view_icons[] = { ICON("unlocked"),
                                      ICON("protected"),
                                      ICON("blocked"),
                                      ICON("paused"),
                                      ICON("broken"),
                                      ICON("away"),
                                      NULL };

static void free_item(gpointer data)
{
    KsItem *item = data;

    g_free(item->id);
    g_free(item->label);
    g_free(item->brief);
    g_clear_pointer(&item->target, g_variant_unref);
    g_clear_pointer(&item->children, g_ptr_array_unref);
    g_free(item);
}

/* Takes `label`. */
static KsItem *add(GPtrArray *items, const char *id, KsItemKind kind, char *label)
{
    KsItem *item = g_new0(KsItem, 1);

    item->id = g_strdup(id);
    item->kind = kind;
    item->label = label;
    item->sensitive = kind != KS_ITEM_TEXT;
    g_ptr_array_add(items, item);
    return item;
}

static KsItem *add_action(GPtrArray *items, const char *id, char *label, const char *action,
                          GVariant *target)
{
    KsItem *item = add(items, id, KS_ITEM_ACTION, label);

    item->action = action;
    item->target = target ? g_variant_ref_sink(target) : NULL;
    return item;
}

static KsItem *add_check(GPtrArray *items, const char *id, char *label, bool checked,
                         const char *action, GVariant *target)
{
    KsItem *item = add_action(items, id, label, action, target);

    item->kind = KS_ITEM_CHECK;
    item->checked = checked;
    return item;
}

/* ---- what can work ---- */

static bool can_ask(const KsModel *model, KsRequest request)
{
    return ks_state_is_heard(model->guard->state) && !model->busy[request] &&
           model->permissions[request] != KS_PERMISSION_NO;
}

/* Somebody is being asked for a password; without a password the answer is too quick to be
 * shown. */
static bool is_asking(const KsModel *model, KsRequest request)
{
    return model->busy[request] && model->permissions[request] == KS_PERMISSION_ASK;
}

/* ---- the parts of the menu ---- */

static void add_header(const KsModel *model, const KsView *view, GPtrArray *items)
{
    char *tunnel = ks_sentence_tunnel(model);

    add_action(items, "state", g_strdup(view->headline), "show", NULL)->kind = KS_ITEM_HEADER;
    if (view->why[0])
        add(items, "why", KS_ITEM_TEXT, g_strdup(view->why));
    if (tunnel)
        add(items, "tunnel", KS_ITEM_TEXT, tunnel);
}

static void add_lock(const KsModel *model, GPtrArray *items)
{
    const KsGuardState *guard = model->guard;
    KsRequest request = guard->locked ? KS_REQUEST_UNLOCK : KS_REQUEST_LOCK;
    bool asking = is_asking(model, KS_REQUEST_LOCK) || is_asking(model, KS_REQUEST_UNLOCK);

    add_check(items, "lock",
              g_strdup(asking ? _("Lock (waiting for the password)") : C_("menu", "Lock")),
              guard->locked, guard->locked ? "unlock" : "lock", NULL)
        ->sensitive =
        can_ask(model, request) && !model->busy[KS_REQUEST_LOCK] && !model->busy[KS_REQUEST_UNLOCK];
    if (guard->state == KS_STATE_BROKEN)
        add_action(items, "lock-again", g_strdup(_("Close the lock again")), "lock", NULL)
            ->sensitive = can_ask(model, KS_REQUEST_LOCK);
}

static char *label_lan_here(const KsGuardState *guard, bool also)
{
    const KsGuardNetwork *network;

    if (guard->networks->len != 1)
        /* TRANSLATORS: these stand below "Allow LAN access"; %s is a network's name */
        return g_strdup(also ? _("Also on this network") : _("Only on this network"));
    network = g_ptr_array_index(guard->networks, 0);
    if (also)
        return g_strdup_printf(_("Also on “%s”"), network->name);
    return g_strdup_printf(_("Only on “%s”"), network->name);
}

static void add_lan(const KsModel *model, GPtrArray *items)
{
    const KsGuardState *guard = model->guard;
    KsRequest request = guard->lan ? KS_REQUEST_LAN_OFF : KS_REQUEST_LAN_ON;
    bool limited = guard->lan_networks[0] != NULL;
    bool here = ks_guard_state_lan_is_here(guard);
    bool asking = is_asking(model, KS_REQUEST_LAN_ON);
    bool busy = model->busy[KS_REQUEST_LAN_ON] || model->busy[KS_REQUEST_LAN_OFF];
    KsItem *item;

    add_check(
        items, "lan",
        g_strdup(asking ? _("Allow LAN access (waiting for the password)") : _("Allow LAN access")),
        guard->lan, "lan", g_variant_new_boolean(!guard->lan))
        ->sensitive = can_ask(model, request) && !busy;
    if (!guard->lan || guard->networks->len == 0)
        return;
    item = add_check(items, "lan-here", label_lan_here(guard, limited && !here), limited && here,
                     "lan-here", g_variant_new_boolean(!(limited && here)));
    item->sensitive = can_ask(model, KS_REQUEST_LAN_ON) && !busy;
    item->indented = true;
}

static void add_pause(const KsModel *model, GPtrArray *items)
{
    const KsGuardState *guard = model->guard;
    bool works = guard->locked && guard->pause_max > 0 && can_ask(model, KS_REQUEST_PAUSE);
    KsItem *menu;

    if (guard->state == KS_STATE_PAUSED) {
        g_autofree char *left = ks_text_left(guard->paused_until - model->now);

        /* TRANSLATORS: ends a pause; %s is what is left of it: "4 min" */
        add_action(items, "resume", g_strdup_printf(_("End the pause now (%s left)"), left),
                   "resume", NULL)
            ->sensitive = can_ask(model, KS_REQUEST_RESUME);
        return;
    }
    menu = add(items, "pause", KS_ITEM_SUBMENU,
               g_strdup(is_asking(model, KS_REQUEST_PAUSE) ? _("Pause (waiting for the password)")
                                                           : C_("menu", "Pause")));
    menu->sensitive = works;
    menu->children = g_ptr_array_new_with_free_func(free_item);
    for (unsigned i = 0; i < G_N_ELEMENTS(pauses); i++) {
        g_autofree char *id = g_strdup_printf("pause-%u", pauses[i]);
        KsItem *item;

        item = add_action(menu->children, id,
                          g_strdup_printf(g_dngettext(GETTEXT_PACKAGE, "For %u minute",
                                                      "For %u minutes", pauses[i]),
                                          pauses[i]),
                          "pause", g_variant_new_uint32(pauses[i] * MINUTE));
        /* TRANSLATORS: a duration in minutes */
        item->brief = g_strdup_printf(_("%u min"), pauses[i]);
        item->sensitive = works && pauses[i] * MINUTE <= guard->pause_max;
    }
}

static bool server_is_known(const KsModel *model, const KsVpn *vpn)
{
    for (unsigned i = 0; i < model->guard->servers->len; i++) {
        const KsGuardServer *server = g_ptr_array_index(model->guard->servers, i);

        if (strcmp(server->uuid, vpn->uuid) == 0)
            return true;
    }
    return vpn->servers->len > 0;
}

static void add_vpn(const KsModel *model, const KsVpn *vpn, GPtrArray *items)
{
    bool locked = model->guard->locked && model->guard->state != KS_STATE_PAUSED;
    bool lost = locked && vpn->activity == KS_VPN_DOWN && !server_is_known(model, vpn);
    g_autofree char *id = g_strconcat("vpn:", vpn->uuid, NULL);
    char *label;

    if (vpn->activity == KS_VPN_CONNECTING)
        /* TRANSLATORS: %s is the name of a VPN */
        label = g_strdup_printf(_("%s (connecting…)"), vpn->name);
    else if (lost)
        /* TRANSLATORS: %s is the name of a VPN; while locked it cannot connect */
        label = g_strdup_printf(_("%s (server not known)"), vpn->name);
    else
        label = g_strdup(vpn->name);
    add_check(items, id, label, vpn->activity == KS_VPN_UP,
              vpn->activity == KS_VPN_DOWN ? "connect" : "disconnect",
              g_variant_new_string(vpn->uuid))
        ->sensitive = model->manager_ready && !lost;
}

static void add_vpns(const KsModel *model, GPtrArray *items)
{
    g_autoptr(GPtrArray) down = NULL;
    GPtrArray *into = items;

    if (model->vpns->len == 0) {
        add(items, "no-vpns", KS_ITEM_TEXT,
            g_strdup(model->manager_ready ? _("No VPN is set up")
                                          : _("NetworkManager is not running")));
        return;
    }
    if (model->vpns->len > VPNS_BESIDE_MAX)
        into = down = g_ptr_array_new_with_free_func(free_item);
    for (unsigned i = 0; i < model->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(model->vpns, i);

        add_vpn(model, vpn, vpn->activity == KS_VPN_DOWN ? into : items);
    }
    if (down && down->len > 0) {
        bool others = down->len < model->vpns->len;

        add(items, "vpns", KS_ITEM_SUBMENU,
            g_strdup(others ? C_("menu", "Other VPNs") : C_("menu", "VPNs")))
            ->children = g_steal_pointer(&down);
    }
}

static void add_reconnect(const KsModel *model, GPtrArray *items)
{
    const KsVpn *vpn = ks_model_wanted_vpn(model);

    if (!vpn || vpn->activity != KS_VPN_DOWN || !model->dropped[0])
        return;
    add(items, "separator-reconnect", KS_ITEM_SEPARATOR, NULL);
    add_action(items, "reconnect", g_strdup_printf(_("Reconnect “%s”"), vpn->name), "connect",
               g_variant_new_string(vpn->uuid))
        ->sensitive = model->manager_ready;
}

const KsVpn *ks_model_wanted_vpn(const KsModel *model)
{
    const char *uuid = model->dropped[0] ? model->dropped : model->last;

    for (unsigned i = 0; i < model->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(model->vpns, i);

        if (strcmp(vpn->uuid, uuid) == 0)
            return vpn;
    }
    return model->vpns->len == 1 ? g_ptr_array_index(model->vpns, 0) : NULL;
}

unsigned ks_view_ages_in(const KsModel *model)
{
    int64_t left = model->guard->paused_until - model->now;

    if (model->guard->state != KS_STATE_PAUSED || left <= 0)
        return 0;
    /* whole minutes are rounded up; the last one begins at a minute less one second */
    if (left < MINUTE)
        return 0;
    return left % MINUTE == 0 ? 1 : (unsigned) (left % MINUTE);
}

const char *ks_view_icon(KsState state)
{
    return icons[state];
}

KsView *ks_view_new(const KsModel *model)
{
    KsView *view = g_new0(KsView, 1);
    GPtrArray *items = g_ptr_array_new_with_free_func(free_item);
    KsState state = model->guard->state;

    view->icon = icons[state];
    view->headline = ks_sentence_headline(model);
    view->why = ks_sentence_why(model);
    view->warnings = g_strdupv(model->guard->warnings);
    /* TRANSLATORS: what a screen reader says for the icon; %s is how things are */
    view->description = g_strdup_printf(_("VPN kill switch. %s"), view->headline);
    view->alarm = state == KS_STATE_BROKEN || state == KS_STATE_UNKNOWN ||
                  (state == KS_STATE_BLOCKED && model->guard->reason != KS_REASON_CONNECTING);
    view->items = items;

    add_header(model, view, items);
    add(items, "separator-state", KS_ITEM_SEPARATOR, NULL);
    if (state == KS_STATE_AWAY)
        add_action(items, "start-guard",
                   g_strdup(model->starts_guard ? _("Starting the guard…") : _("Start the guard")),
                   "start-guard", NULL)
            ->sensitive = !model->starts_guard;
    if (ks_state_is_heard(state)) {
        add_lock(model, items);
        add_lan(model, items);
        add_pause(model, items);
    }
    add(items, "separator-vpns", KS_ITEM_SEPARATOR, NULL);
    add_vpns(model, items);
    add_reconnect(model, items);
    add(items, "separator-program", KS_ITEM_SEPARATOR, NULL);
    add_action(items, "test", g_strdup(C_("menu", "Test for leaks…")), "test", NULL);
    add_action(items, "preferences", g_strdup(C_("menu", "Preferences…")), "preferences", NULL);
    add_action(items, "help", g_strdup(C_("menu", "Help")), "help", NULL);
    add_action(items, "quit", g_strdup(C_("menu", "Quit")), "quit", NULL);
    return view;
}

void ks_view_free(KsView *view)
{
    if (!view)
        return;
    g_free(view->description);
    g_free(view->headline);
    g_free(view->why);
    g_strfreev(view->warnings);
    g_ptr_array_unref(view->items);
    g_free(view);
}

static const KsItem *find(GPtrArray *items, const char *id)
{
    for (unsigned i = 0; items && i < items->len; i++) {
        const KsItem *item = g_ptr_array_index(items, i);
        const KsItem *below;

        if (strcmp(item->id, id) == 0)
            return item;
        below = find(item->children, id);
        if (below)
            return below;
    }
    return NULL;
}

const KsItem *ks_view_find(const KsView *view, const char *id)
{
    return find(view->items, id);
}
