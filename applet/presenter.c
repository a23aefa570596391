/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/presenter.h"

#include "applet/sentences.h"
#include "applet/vpn-card.h"
#include "applet/window-text.h"
#include "config.h"
#include "model/vpn-type.h"

#include <glib/gi18n.h>
#include <string.h>

#define ICON(name) "io.github.nmkillswitch-" name "-symbolic"
#define MINUTE     60u

/* With more VPNs than these, those that are down and were not used lately are in a window. */
#define VPNS_BESIDE_MAX 8u
#define VPNS_RECENT     3u

#define MORNING 5 /* o'clock: when "until tomorrow" ends */

static const unsigned pauses[] = { 5, 10, 15, 30, 60 }; /* minutes */

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
    g_free(item->note);
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

    KsItem *item;

    item = add_check(items, "lock",
                     g_strdup(asking ? _("Lock (waiting for the password)") : C_("menu", "Lock")),
                     guard->locked, guard->locked ? "unlock" : "lock", NULL);
    item->busy = model->busy[KS_REQUEST_LOCK] || model->busy[KS_REQUEST_UNLOCK];
    item->sensitive = can_ask(model, request) && !item->busy;
    item->note = g_strdup(_("Traffic leaves through a VPN only"));
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

    item = add_check(
        items, "lan",
        g_strdup(asking ? _("Allow LAN access (waiting for the password)") : _("Allow LAN access")),
        guard->lan, "lan", g_variant_new_boolean(!guard->lan));
    item->sensitive = can_ask(model, request) && !busy;
    item->busy = busy;
    item->note = g_strdup(_("Printers, file servers and the like"));
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
    int64_t tomorrow = ks_text_morning(model->now, MORNING) - model->now;
    KsItem *menu;

    if (guard->state == KS_STATE_PAUSED)
        return;
    menu = add(items, "pause", KS_ITEM_SUBMENU,
               g_strdup(is_asking(model, KS_REQUEST_PAUSE) ? _("Pause (waiting for the password)")
                                                           : C_("menu", "Pause")));
    menu->sensitive = works;
    menu->busy = model->busy[KS_REQUEST_PAUSE];
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
    if (tomorrow > 0 && tomorrow <= guard->pause_max)
        add_action(menu->children, "pause-tomorrow", g_strdup(_("Until tomorrow")), "pause",
                   g_variant_new_uint32((uint32_t) tomorrow))
            ->sensitive = works;
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

static bool is_lost(const KsModel *model, const KsVpn *vpn)
{
    bool locked = model->guard->locked && model->guard->state != KS_STATE_PAUSED;

    return locked && vpn->activity == KS_VPN_DOWN && !server_is_known(model, vpn);
}

static bool can_disconnect(const KsModel *model)
{
    if (!model->manager_ready)
        return false;
    return !ks_guard_state_opens_by_disconnect(model->guard) ||
           (model->permissions[KS_REQUEST_DISCONNECT] != KS_PERMISSION_NO &&
            !model->busy[KS_REQUEST_DISCONNECT]);
}

/* It cannot connect before its servers are corrected: that is what choosing it leads to. */
static void add_lost_vpn(const KsModel *model, const KsVpn *vpn, GPtrArray *items)
{
    g_autofree char *id = g_strconcat("vpn:", vpn->uuid, NULL);
    KsItem *item;

    item = add_action(items, id,
                      /* TRANSLATORS: %s is the name of a VPN; while locked it cannot connect */
                      g_strdup_printf(_("%s (server not known)…"), vpn->name), "edit-vpn",
                      g_variant_new_string(vpn->uuid));
    item->sensitive = ks_vpn_cards_can_edit(model);
    item->note = g_strdup(ks_vpn_type_label(vpn->type));
}

static void add_vpn(const KsModel *model, const KsVpn *vpn, GPtrArray *items)
{
    g_autofree char *id = g_strconcat("vpn:", vpn->uuid, NULL);
    g_autofree char *id_down = g_strconcat("down:", vpn->uuid, NULL);
    bool is_down = vpn->activity == KS_VPN_DOWN;
    KsItem *item;

    if (is_lost(model, vpn)) {
        add_lost_vpn(model, vpn, items);
        return;
    }
    item = add_check(items, id,
                     vpn->activity == KS_VPN_CONNECTING
                         /* TRANSLATORS: %s is the name of a VPN */
                         ? g_strdup_printf(_("%s (connecting…)"), vpn->name)
                         : g_strdup(vpn->name),
                     vpn->activity == KS_VPN_UP, is_down ? "connect" : "disconnect",
                     g_variant_new_string(vpn->uuid));
    item->sensitive = is_down ? model->manager_ready : can_disconnect(model);
    item->busy = vpn->activity == KS_VPN_CONNECTING;
    item->note = g_strdup(ks_vpn_type_label(vpn->type));
    if (is_down)
        return;
    item = add_action(items, id_down, g_strdup(C_("menu", "Disconnect")), "disconnect",
                      g_variant_new_string(vpn->uuid));
    item->sensitive = can_disconnect(model);
    item->indented = true;
    item->menu_only = true;
}

/* What is up first, then what was used last. */
static int compare_use(const void *a, const void *b)
{
    const KsVpn *one = *(const KsVpn *const *) a;
    const KsVpn *other = *(const KsVpn *const *) b;
    bool is_up = one->activity != KS_VPN_DOWN;
    int order;

    if (is_up != (other->activity != KS_VPN_DOWN))
        return is_up ? -1 : 1;
    if (one->used != other->used && !is_up)
        return one->used > other->used ? -1 : 1;
    order = g_utf8_collate(one->name, other->name);
    return order ? order : strcmp(one->uuid, other->uuid);
}

static GPtrArray *sort_by_use(const KsModel *model)
{
    GPtrArray *sorted = g_ptr_array_sized_new(model->vpns->len);

    for (unsigned i = 0; i < model->vpns->len; i++)
        g_ptr_array_add(sorted, g_ptr_array_index(model->vpns, i));
    g_ptr_array_sort(sorted, compare_use);
    return sorted;
}

GPtrArray *ks_view_vpns(const KsModel *model)
{
    GPtrArray *items = g_ptr_array_new_with_free_func(free_item);
    g_autoptr(GPtrArray) sorted = sort_by_use(model);

    for (unsigned i = 0; i < sorted->len; i++)
        add_vpn(model, g_ptr_array_index(sorted, i), items);
    return items;
}

static void add_vpns(const KsModel *model, GPtrArray *items)
{
    g_autoptr(GPtrArray) sorted = sort_by_use(model);
    bool are_many = sorted->len > VPNS_BESIDE_MAX;
    unsigned down = 0;

    if (sorted->len == 0) {
        add(items, "no-vpns", KS_ITEM_TEXT, g_strdup(ks_sentence_no_vpns(model)));
        return;
    }
    for (unsigned i = 0; i < sorted->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(sorted, i);

        if (are_many && vpn->activity == KS_VPN_DOWN && (vpn->used == 0 || down++ >= VPNS_RECENT))
            continue;
        add_vpn(model, vpn, items);
    }
    if (are_many)
        add_action(items, "vpns",
                   g_strdup_printf(
                       g_dngettext(GETTEXT_PACKAGE, "All %u VPN…", "All %u VPNs…", sorted->len),
                       sorted->len),
                   "vpns", NULL);
}

/* ---- the next step ---- */

static bool is_connecting(const KsModel *model)
{
    for (unsigned i = 0; i < model->vpns->len; i++)
        if (((const KsVpn *) g_ptr_array_index(model->vpns, i))->activity == KS_VPN_CONNECTING)
            return true;
    return false;
}

/* The one that a person most likely wants; NULL: nobody can say. */
static const KsVpn *likely_vpn(const KsModel *model)
{
    const KsVpn *wanted = ks_model_wanted_vpn(model);
    g_autoptr(GPtrArray) sorted = sort_by_use(model);
    const KsVpn *first = sorted->len > 0 ? g_ptr_array_index(sorted, 0) : NULL;

    return wanted ? wanted : first && first->used > 0 ? first : NULL;
}

static void add_correct(const KsModel *model, const KsVpn *vpn, const char *id, GPtrArray *items)
{
    add_action(items, id, g_strdup_printf(_("Correct the servers of “%s”…"), vpn->name), "edit-vpn",
               g_variant_new_string(vpn->uuid))
        ->sensitive = ks_vpn_cards_can_edit(model);
}

static void add_connect(const KsModel *model, GPtrArray *items)
{
    const KsVpn *vpn = likely_vpn(model);

    if (!model->manager_ready || is_connecting(model))
        return;
    if (model->vpns->len == 0)
        add_action(items, "next", g_strdup(_("Add a VPN…")), "add-profile", NULL);
    else if (!vpn || vpn->activity != KS_VPN_DOWN)
        add_action(items, "next", g_strdup(_("Choose a VPN…")), "vpns", NULL);
    else if (is_lost(model, vpn))
        add_correct(model, vpn, "next", items);
    else
        add_action(
            items, "next",
            g_strdup_printf(model->dropped[0] ? _("Reconnect “%s”") : _("Connect “%s”"), vpn->name),
            "connect", g_variant_new_string(vpn->uuid));
}

/* What somebody would do now: at most one thing, none while all is well. */
static void add_next(const KsModel *model, GPtrArray *items)
{
    const KsGuardState *guard = model->guard;
    KsItem *item;

    switch (guard->state) {
    case KS_STATE_AWAY:
        item = add_action(
            items, "next",
            g_strdup(model->starts_guard ? _("Starting the guard…") : _("Start the guard")),
            "start-guard", NULL);
        item->sensitive = !model->starts_guard;
        item->busy = model->starts_guard;
        break;
    case KS_STATE_BROKEN:
        item = add_action(items, "next", g_strdup(_("Close the lock again")), "lock", NULL);
        item->sensitive = can_ask(model, KS_REQUEST_LOCK);
        break;
    case KS_STATE_PAUSED: {
        g_autofree char *left = ks_text_left(guard->paused_until - model->now);

        /* TRANSLATORS: ends a pause; %s is what is left of it: "4 min" */
        item = add_action(items, "next", g_strdup_printf(_("End the pause now (%s left)"), left),
                          "resume", NULL);
        item->sensitive = can_ask(model, KS_REQUEST_RESUME);
        break;
    }
    case KS_STATE_UNLOCKED:
        if (guard->tunnels->len > 0) {
            item = add_action(items, "next", g_strdup(_("Close the lock")), "lock", NULL);
            item->sensitive = can_ask(model, KS_REQUEST_LOCK);
        } else {
            add_connect(model, items);
        }
        break;
    case KS_STATE_BLOCKED:
        add_connect(model, items);
        break;
    case KS_STATE_PROTECTED:
        if (guard->reason == KS_REASON_SOME_NETWORKS && model->vpns->len > 1)
            add_action(items, "next", g_strdup(_("Choose a VPN…")), "vpns", NULL);
        break;
    case KS_STATE_STARTING:
    case KS_STATE_UNKNOWN:
    case KS_STATE_MAX:
    default:
        break;
    }
}

/* The only one of that name, or NULL. */
static const KsVpn *vpn_called(const KsModel *model, const char *name)
{
    const KsVpn *found = NULL;

    for (unsigned i = 0; i < model->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(model->vpns, i);

        if (strcmp(vpn->name, name) != 0)
            continue;
        if (found)
            return NULL;
        found = vpn;
    }
    return found;
}

static bool is_about_server(KsReason reason)
{
    return reason == KS_REASON_SERVER_UNREACHABLE || reason == KS_REASON_SERVER_SILENT ||
           reason == KS_REASON_SERVER_REFUSED || reason == KS_REASON_NAME_UNRESOLVED;
}

/* Beside connecting again: the server that did not answer may be the wrong one. */
static void add_wrong_server(const KsModel *model, GPtrArray *items)
{
    const KsGuardState *guard = model->guard;
    const KsVpn *vpn = vpn_called(model, guard->reason_vpn);

    if (guard->state == KS_STATE_BLOCKED && is_about_server(guard->reason) && vpn &&
        !is_lost(model, vpn))
        add_correct(model, vpn, "servers", items);
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
    add_next(model, items);
    add_wrong_server(model, items);
    add(items, "separator-state", KS_ITEM_SEPARATOR, NULL);
    if (ks_state_is_heard(state)) {
        add_lock(model, items);
        add_lan(model, items);
        add_pause(model, items);
    }
    if (model->vpns->len > 0 || model->guard->reason != KS_REASON_MANAGER_AWAY) {
        add(items, "separator-vpns", KS_ITEM_SEPARATOR, NULL);
        add_vpns(model, items);
    } /* else the headline says why there are none */
    add(items, "separator-program", KS_ITEM_SEPARATOR, NULL);
    add_action(items, "test", g_strdup(C_("menu", "Test for leaks…")), "test", NULL);
    add_action(items, "refused", g_strdup(C_("menu", "What is refused…")), "refused", NULL);
    add_action(items, "preferences", g_strdup(C_("menu", "Preferences…")), "preferences", NULL);
    add_action(items, "first-steps", g_strdup(C_("menu", "First steps…")), "first-steps", NULL);
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
