/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/engine.h"

#include "model/server.h"
#include "policy/announcements.h"
#include "policy/draw.h"

#include <string.h>

struct KsEngine {
    KsSettings settings;
    GHashTable *announcements; /* char *uuid -> KsAnnouncement */
    GHashTable *known_up;      /* set of tunnel_key(): full tunnels whose coming up is no news */
    GArray *tunnels;           /* KsTunnel */
    KsLock *lock;
    KsLock *told;       /* only servers, of VPNs and DHCP: what NetworkManager told last */
    KsLock *lasting;    /* that, and the servers of VPNs set up by hand */
    GPtrArray *kept;    /* KsVpn: up when NetworkManager told all last, with servers that nobody
                         * remembers */
    bool telling;       /* somebody looks at what is refused */
    bool spare_running; /* what is up at the next look is no news */
    char *spared;       /* UUID: that it is up at the next look is no news; NULL: no VPN's */
    char *locked_by;
    char *closed_by;     /* UUID of that VPN, while no other that locks came up since */
    GHashTable *lockers; /* set of UUIDs: VPNs that lock, whose end by a person would count */
    const char *overflow;
};

static bool is_key_of(const char *key, const char *uuid)
{
    size_t length = strlen(uuid);

    return strncmp(key, uuid, length) == 0 && key[length] == ' ';
}

/* On which link this VPN was up when we, or the guard before us, last looked; 0: it was not. */
static uint32_t known_index(const KsEngine *engine, const char *uuid)
{
    GHashTableIter iterator;
    void *key;

    g_hash_table_iter_init(&iterator, engine->known_up);
    while (g_hash_table_iter_next(&iterator, &key, NULL))
        if (is_key_of(key, uuid))
            return (uint32_t) g_ascii_strtoull((char *) key + strlen(uuid), NULL, 10);
    return 0;
}

/* The tunnels that NetworkManager says are up, and those set up by hand, each on a link that
 * exists, is up and can carry a VPN. */
static void add_reported_tunnels(const KsEngine *engine, const KsWorld *world, GArray *tunnels)
{
    for (unsigned i = 0; i < world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(world->vpns, i);
        KsAnnouncement *announced =
            vpn->manual ? NULL : g_hash_table_lookup(engine->announcements, vpn->uuid);
        const KsLink *link;
        KsTunnel *tunnel;

        if (vpn->activity == KS_VPN_DOWN || (announced && announced->down) ||
            (!vpn->manual && !world->manager_present))
            continue;
        link = ks_world_tunnel(world, vpn,
                               announced ? announced->index : known_index(engine, vpn->uuid));
        if (!link || ks_tunnels_find(tunnels, vpn) ||
            (vpn->manual && ks_tunnels_on(tunnels, link->index)))
            continue;
        if (announced)
            announced->had_link = true;
        tunnel = ks_tunnels_add(tunnels, vpn->uuid, vpn->name, vpn->type, vpn->users, link);
        tunnel->manual = vpn->manual;
        tunnel->overlay = vpn->overlay;
        tunnel->locks = vpn->locks;
        tunnel->default_route |= world->ipsec_default && ks_vpn_uses_ipsec(vpn);
    }
}

/* While NetworkManager is away or still starting, what it does not report stays as it is, as long
 * as the very same link is there and up. */
static void keep_unreported_tunnels(const KsEngine *engine, const KsWorld *world, GArray *tunnels)
{
    for (unsigned i = 0; i < engine->tunnels->len; i++) {
        const KsTunnel *tunnel = &g_array_index(engine->tunnels, KsTunnel, i);
        const KsAnnouncement *announced = g_hash_table_lookup(engine->announcements, tunnel->uuid);
        const KsLink *link = ks_world_link_by_index(world, tunnel->index);

        if (link && link->up && link->tunnel_kind && !(announced && announced->down) &&
            !tunnel->manual && !ks_tunnels_on(tunnels, tunnel->index))
            ks_tunnels_add(tunnels, tunnel->uuid, tunnel->name, tunnel->type, tunnel->users, link)
                ->locks = tunnel->locks;
    }
}

/* IPsec's policies need no interface. What needs none opens none: these are no tunnels of the lock,
 * but their coming up closes it. */
static GArray *find_tunnels_without_link(const KsEngine *engine, const KsWorld *world)
{
    static const KsLink none = { 0 };
    GArray *found = ks_tunnels_new();

    for (unsigned i = 0; i < world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(world->vpns, i);
        KsTunnel *tunnel;

        if (vpn->manual || vpn->activity != KS_VPN_UP || !ks_world_has_policy(world, vpn) ||
            ks_tunnels_find(engine->tunnels, vpn))
            continue;
        tunnel = ks_tunnels_add(found, vpn->uuid, vpn->name, vpn->type, vpn->users, &none);
        tunnel->locks = vpn->locks;
        tunnel->default_route = world->ipsec_default;
    }
    return found;
}

/* A VPN on another link has come up again, even if nobody saw it go: the kernel does not use an
 * interface index twice. */
static char *tunnel_key(const KsTunnel *tunnel)
{
    return g_strdup_printf("%s %u", tunnel->uuid, tunnel->index);
}

static bool is_spared(const KsEngine *engine, const KsTunnel *tunnel)
{
    return g_strcmp0(engine->spared, tunnel->uuid) == 0 ||
           (engine->spare_running && !g_hash_table_contains(engine->announcements, tunnel->uuid));
}

/* A tunnel that locks, by what it carries or because a person said so, and that was not up when we
 * last looked has come up again. */
static bool lock_for_new_tunnels(KsEngine *engine, const GArray *tunnels)
{
    bool changed = false;

    for (unsigned i = 0; i < tunnels->len; i++) {
        const KsTunnel *tunnel = &g_array_index(tunnels, KsTunnel, i);

        if (!tunnel->uuid[0] || !ks_tunnel_protects(tunnel) ||
            (!tunnel->default_route && tunnel->locks != KS_VPN_LOCKS_YES) ||
            !g_hash_table_add(engine->known_up, tunnel_key(tunnel)))
            continue;
        if (g_strcmp0(engine->closed_by, tunnel->uuid) != 0)
            g_clear_pointer(&engine->closed_by, g_free);
        if (tunnel->locks == KS_VPN_LOCKS_NO || is_spared(engine, tunnel))
            continue;
        if (ks_mode_auto_locks(engine->settings.mode) && !engine->settings.locked) {
            engine->settings.locked = true;
            g_free(engine->locked_by);
            engine->locked_by = g_strdup(tunnel->name);
            g_free(engine->closed_by);
            engine->closed_by = g_strdup(tunnel->uuid);
            changed = true;
        }
    }
    return changed;
}

static void add_keys(const GArray *tunnels, GHashTable *keys)
{
    for (unsigned i = 0; i < tunnels->len; i++)
        g_hash_table_add(keys, tunnel_key(&g_array_index(tunnels, KsTunnel, i)));
}

static void forget_tunnels_gone(KsEngine *engine, const GArray *without_link)
{
    g_autoptr(GHashTable) still = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GHashTableIter iterator;
    void *key;

    add_keys(engine->tunnels, still);
    add_keys(without_link, still);
    g_hash_table_iter_init(&iterator, engine->known_up);
    while (g_hash_table_iter_next(&iterator, &key, NULL))
        if (!g_hash_table_contains(still, key)) /* a route that blinks is no new VPN */
            g_hash_table_iter_remove(&iterator);
}

static bool has_floated(const KsVpn *vpn)
{
    for (unsigned i = 0; i < vpn->servers->len; i++)
        if (((const KsServer *) g_ptr_array_index(vpn->servers, i))->floated)
            return true;
    return false;
}

/* What nobody remembers of a VPN that is up, should NetworkManager go: kept until it is back and
 * has told all, or the tunnel has gone. */
static void keep_passing(KsEngine *engine, const KsWorld *world)
{
    if (world->manager_present && world->manager_settled) {
        g_ptr_array_set_size(engine->kept, 0);
        for (unsigned i = 0; i < world->vpns->len; i++) {
            const KsVpn *vpn = g_ptr_array_index(world->vpns, i);

            if ((vpn->users || has_floated(vpn)) && !vpn->manual &&
                ks_tunnels_find(engine->tunnels, vpn))
                g_ptr_array_add(engine->kept, ks_vpn_copy(vpn));
        }
        return;
    }
    for (unsigned i = engine->kept->len; i > 0; i--)
        if (!ks_tunnels_find(engine->tunnels, g_ptr_array_index(engine->kept, i - 1)))
            g_ptr_array_remove_index(engine->kept, i - 1);
}

static KsDrawing drawing_of(const KsEngine *engine, const KsWorld *world)
{
    return (KsDrawing){
        .settings = &engine->settings,
        .world = world,
        .tunnels = engine->tunnels,
        .told = engine->told,
        .lasting = engine->lasting,
        .kept = engine->kept,
    };
}

KsLock *ks_engine_shown(const KsEngine *engine, const KsWorld *world, const KsViewer *viewer,
                        const KsLock *held)
{
    KsDrawing drawing = drawing_of(engine, world);

    return ks_draw_shown(held, &drawing, viewer);
}

static void draw_lock(KsEngine *engine, const KsWorld *world)
{
    KsDrawing drawing = drawing_of(engine, world);

    engine->overflow =
        ks_draw_lock(engine->lock, &drawing)
            ? NULL
            : "There are more VPN servers or interfaces than the lock can hold. Those "
              "beyond its bounds stay blocked.";
    ks_lock_set_versions(engine->lock, KS_SET_TELLING, engine->telling);
}

KsEngine *ks_engine_new(const KsSettings *settings, const char *const *known_up)
{
    KsEngine *engine = g_new0(KsEngine, 1);

    ks_settings_copy(settings, &engine->settings);
    engine->announcements = ks_announcements_new();
    engine->known_up = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    engine->lockers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    engine->tunnels = ks_tunnels_new();
    engine->lock = ks_lock_new();
    engine->told = ks_lock_new();
    engine->lasting = ks_lock_new();
    engine->kept = g_ptr_array_new_with_free_func((GDestroyNotify) ks_vpn_free);
    ks_lock_seal(engine->lock);
    for (unsigned i = 0; known_up && known_up[i]; i++)
        g_hash_table_add(engine->known_up, g_strdup(known_up[i]));
    return engine;
}

void ks_engine_free(KsEngine *engine)
{
    if (!engine)
        return;
    ks_settings_clear(&engine->settings);
    g_hash_table_unref(engine->announcements);
    g_hash_table_unref(engine->known_up);
    g_hash_table_unref(engine->lockers);
    g_array_unref(engine->tunnels);
    ks_lock_free(engine->lock);
    ks_lock_free(engine->told);
    ks_lock_free(engine->lasting);
    g_ptr_array_unref(engine->kept);
    g_free(engine->spared);
    g_free(engine->locked_by);
    g_free(engine->closed_by);
    g_free(engine);
}

void ks_engine_spare_running(KsEngine *engine)
{
    engine->spare_running = true;
}

void ks_engine_spare(KsEngine *engine, const char *uuid)
{
    g_free(engine->spared);
    engine->spared = g_strdup(uuid);
}

void ks_engine_adopt(KsEngine *engine, const KsLock *held)
{
    const GArray *interfaces = held->sets[KS_SET_OPEN_INTERFACES];

    for (KsSetId set = 0; set < KS_SET_MAX; set++)
        (void) ks_draw_copy(held, engine->lock, set);
    ks_lock_seal(engine->lock);
    for (KsSetId set = 0; set < KS_SET_MAX; set++)
        (void) ks_draw_copy(held, engine->told, set);
    ks_lock_seal(engine->told);
    for (unsigned i = 0; i < interfaces->len; i++) {
        KsLink link = { .index = ks_key_number(&g_array_index(interfaces, KsKey, i)) };

        ks_tunnels_add(engine->tunnels, "", "", "", NULL, &link);
    }
}

void ks_engine_hear(KsEngine *engine, const KsEvent *event)
{
    if (event->uuid[0])
        ks_announcements_hear(engine->announcements, event, known_index(engine, event->uuid));
}

bool ks_engine_observe(KsEngine *engine, const KsWorld *world)
{
    GArray *tunnels = ks_tunnels_new();
    g_autoptr(GArray) without_link = NULL;
    bool changed;

    ks_announcements_find_links(engine->announcements, world);
    add_reported_tunnels(engine, world, tunnels);
    if (!world->manager_present || !world->manager_settled)
        keep_unreported_tunnels(engine, world, tunnels);
    g_array_unref(engine->tunnels);
    engine->tunnels = tunnels;

    without_link = find_tunnels_without_link(engine, world);
    changed = lock_for_new_tunnels(engine, engine->tunnels);
    changed |= lock_for_new_tunnels(engine, without_link);
    g_clear_pointer(&engine->spared, g_free);
    if (world->manager_present)
        engine->spare_running = false;
    if (world->manager_present && world->manager_settled) {
        ks_announcements_forget(engine->announcements, world);
        forget_tunnels_gone(engine, without_link);
    }
    keep_passing(engine, world);
    draw_lock(engine, world);
    return changed;
}

bool ks_engine_set_locked(KsEngine *engine, bool locked)
{
    bool changed = engine->settings.locked != locked;

    engine->settings.locked = locked;
    g_clear_pointer(&engine->locked_by, g_free);
    g_clear_pointer(&engine->closed_by, g_free);
    return changed;
}

void ks_engine_set_telling(KsEngine *engine, bool telling)
{
    engine->telling = telling;
    ks_lock_set_versions(engine->lock, KS_SET_TELLING, telling);
}

bool ks_engine_is_telling(const KsEngine *engine)
{
    return engine->telling;
}

bool ks_engine_set_mode(KsEngine *engine, KsMode mode)
{
    bool changed = engine->settings.mode != mode;

    engine->settings.mode = mode;
    if (changed && mode == KS_MODE_ALWAYS)
        (void) ks_engine_set_locked(engine, true);
    return changed;
}

/* How many VPNs that lock are up, or were when NetworkManager told of all last: this one, or the
 * others. */
static unsigned count_known_up(const KsEngine *engine, const char *uuid, bool others)
{
    GHashTableIter iterator;
    void *key;
    unsigned count = 0;

    g_hash_table_iter_init(&iterator, engine->known_up);
    while (g_hash_table_iter_next(&iterator, &key, NULL))
        count += is_key_of(key, uuid) != others;
    return count;
}

bool ks_engine_is_known_up(const KsEngine *engine, const char *uuid)
{
    return count_known_up(engine, uuid, false) > 0;
}

bool ks_engine_is_last(const KsEngine *engine, const char *uuid)
{
    return (!uuid[0] || ks_engine_is_known_up(engine, uuid)) &&
           count_known_up(engine, uuid, true) == 0;
}

bool ks_engine_disconnect(KsEngine *engine, const char *uuid)
{
    return engine->settings.mode == KS_MODE_DROPS && engine->settings.locked &&
           ks_engine_is_last(engine, uuid) && ks_engine_set_locked(engine, false);
}

/* A VPN is forgotten with its profile: anybody may get its UUID next. */
static gboolean is_gone(void *uuid, void *value, void *world)
{
    (void) value;
    return !ks_world_vpn(world, uuid);
}

/* Anybody may have private VPNs, and so none opens what it has not closed. */
static bool may_open(const KsEngine *engine, const KsVpn *vpn)
{
    return !vpn->ended_here && (!vpn->users || g_strcmp0(engine->closed_by, vpn->uuid) == 0);
}

/* NetworkManager's last word may come later than that it is down. */
bool ks_engine_heed_ends(KsEngine *engine, const KsWorld *world, bool count)
{
    bool opened = false;

    if (!count || !world->manager_present || !world->manager_settled ||
        engine->settings.mode != KS_MODE_DROPS || !engine->settings.locked) {
        g_hash_table_remove_all(engine->lockers);
        return false;
    }
    g_hash_table_foreach_remove(engine->lockers, is_gone, (void *) world);
    for (unsigned i = 0; i < world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(world->vpns, i);

        if (vpn->manual)
            continue;
        if (vpn->activity != KS_VPN_DOWN && vpn->locks != KS_VPN_LOCKS_NO &&
            ks_engine_is_known_up(engine, vpn->uuid))
            g_hash_table_add(engine->lockers, g_strdup(vpn->uuid));
        if (vpn->activity == KS_VPN_DOWN && vpn->ended_by_person &&
            g_hash_table_remove(engine->lockers, vpn->uuid) && may_open(engine, vpn))
            opened |=
                count_known_up(engine, vpn->uuid, true) == 0 && ks_engine_set_locked(engine, false);
    }
    if (opened)
        g_hash_table_remove_all(engine->lockers);
    return opened;
}

bool ks_engine_set_lan(KsEngine *engine, bool lan)
{
    bool changed = engine->settings.lan != lan;

    engine->settings.lan = lan;
    return changed;
}

bool ks_engine_lan_networks_are(const KsEngine *engine, const char *const *uuids,
                                const char *const *places)
{
    const KsSettings *settings = &engine->settings;

    return ks_settings_are(settings->lan_networks, uuids) &&
           ks_settings_are(settings->lan_places, places);
}

bool ks_engine_set_lan_networks(KsEngine *engine, const char *const *uuids,
                                const char *const *places)
{
    bool changed = ks_settings_change(&engine->settings.lan_networks, uuids);

    return ks_settings_change(&engine->settings.lan_places, places) || changed;
}

bool ks_engine_set_always_on(KsEngine *engine, const char *const *uuids)
{
    return ks_settings_change(&engine->settings.always_on, uuids);
}

void ks_engine_set_here(KsEngine *engine, const char *const *networks, const char *const *places,
                        const char *const *vpns)
{
    (void) ks_settings_change(&engine->settings.here_networks, networks);
    (void) ks_settings_change(&engine->settings.here_places, places);
    (void) ks_settings_change(&engine->settings.here_vpns, vpns);
}

bool ks_engine_set_shared_cards(KsEngine *engine, const char *const *cards,
                                const char *const *places)
{
    bool changed = ks_settings_change(&engine->settings.shared_cards, cards);

    return ks_settings_change(&engine->settings.shared_places, places) || changed;
}

const KsSettings *ks_engine_settings(const KsEngine *engine)
{
    return &engine->settings;
}

const KsLock *ks_engine_lock(const KsEngine *engine)
{
    return engine->lock;
}

const KsLock *ks_engine_lasting(const KsEngine *engine)
{
    return engine->lasting;
}

const GArray *ks_engine_tunnels(const KsEngine *engine)
{
    return engine->tunnels;
}

const char *ks_engine_locked_by(const KsEngine *engine)
{
    return engine->locked_by;
}

bool ks_engine_saw_tunnel(const KsEngine *engine, const KsVpn *vpn)
{
    const KsAnnouncement *announced =
        vpn->manual ? NULL : g_hash_table_lookup(engine->announcements, vpn->uuid);

    return announced && announced->had_link;
}

char **ks_engine_known_up(const KsEngine *engine)
{
    g_autofree void **keys = g_hash_table_get_keys_as_array(engine->known_up, NULL);

    return g_strdupv((char **) keys);
}

const char *ks_engine_overflow(const KsEngine *engine)
{
    return engine->overflow;
}
