/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/uplink.h"

#include "model/box.h"
#include "model/guest.h"

#include <linux/if_arp.h>
#include <string.h>

/* Interfaces stacked higher than this are nobody's (include/linux/netdevice.h: 8). */
#define DEPTH_MAX 8

/* Ethernet, Wi-Fi, mobile broadband and USB's as the kernel calls them and as systemd does; the
 * ports of a DSA switch; InfiniBand; Bluetooth's; those of Qualcomm's modems. */
const char *const ks_uplink_beginnings[] = {
    "bnep", "e", "ib", "lan", "rmnet", "usb", "wan", "wl", "ww", NULL,
};

bool ks_uplink_has_cards_name(const char *name)
{
    for (unsigned i = 0; ks_uplink_beginnings[i]; i++)
        if (g_str_has_prefix(name, ks_uplink_beginnings[i]))
            return true;
    return false;
}

static bool is_one_of(const char *kind, const char *const *kinds)
{
    return g_strv_contains(kinds, kind);
}

static bool stands_on_vlan(const KsWorld *world, const KsLink *link, unsigned depth);

static bool is_or_stands_on_vlan(const KsWorld *world, const KsLink *link, unsigned depth)
{
    return strcmp(link->kind, "vlan") == 0 || stands_on_vlan(world, link, depth);
}

static bool stands_on_vlan(const KsWorld *world, const KsLink *link, unsigned depth)
{
    static const char *const masters[] = { "bridge", "bond", "team", NULL };
    const KsLink *lower = NULL;

    if (depth == DEPTH_MAX)
        return false;
    if (link->lower && !link->lower_elsewhere)
        lower = ks_world_link_by_index(world, link->lower);
    if (lower && is_or_stands_on_vlan(world, lower, depth + 1))
        return true;
    for (unsigned i = 0; i < world->links->len && is_one_of(link->kind, masters); i++) {
        const KsLink *port = &g_array_index(world->links, KsLink, i);

        if (port->master == link->index && is_or_stands_on_vlan(world, port, depth + 1))
            return true;
    }
    return false;
}

/* Its frames cannot be read where they leave its card. */
static bool wraps(const KsWorld *world, const KsLink *link)
{
    if (link->lower_elsewhere)
        return false;
    if (strcmp(link->kind, "vlan") == 0)
        return link->service_tag || stands_on_vlan(world, link, 0);
    return strcmp(link->kind, "macsec") == 0 || strcmp(link->kind, "batadv") == 0;
}

static bool is_uplink(const KsWorld *world, const KsLink *link, const KsLock *lock)
{
    /* stand on nothing, or on sockets and routes, which are judged themselves */
    static const char *const inner[] = {
        "bridge", "bond",   "team",    "dummy", "ifb",   "vrf",    "nlmon",
        "vxlan",  "geneve", "bareudp", "vcan",  "vxcan", "netkit", NULL,
    };
    static const char *const stacked[] = {
        "vlan", "macvlan", "macvtap", "ipvlan", "ipvtap", "macsec", NULL,
    };

    if (link->loopback)
        return lock->sets[KS_SET_PPPOE_PEERS]->len > 0;
    if (strcmp(link->kind, "ppp") == 0) /* a modem's or a VPN's: only the lock knows */
        return !ks_lock_has_interface(lock, link->index);
    /* a container's or a virtual machine's, unless this machine goes out by it */
    if (link->master && (strcmp(link->kind, "veth") == 0 || strcmp(link->kind, "tun") == 0))
        return !ks_lock_has_interface(lock, link->index) && ks_guests_is_way_out(world, lock, link);
    if (link->tunnel_kind || is_one_of(link->kind, inner))
        return false;
    if (is_one_of(link->kind, stacked))
        return link->lower_elsewhere || wraps(world, link);
    return true;
}

static KsUplinkForm form_of(const KsWorld *world, const KsLink *link, const KsLock *lock)
{
    if (link->loopback)
        return KS_UPLINK_LOOPBACK;
    if (link->hardware == ARPHRD_ETHER && wraps(world, link))
        return KS_UPLINK_WRAPPED;
    switch (link->hardware) {
    case ARPHRD_ETHER:
        return ks_lock_has_hotspot(lock, link->index) ? KS_UPLINK_HOTSPOT : KS_UPLINK_ETHERNET;
    case ARPHRD_PPP:
    case ARPHRD_NONE:
    case ARPHRD_RAWIP:
        return KS_UPLINK_BARE;
    default:
        return KS_UPLINK_OTHER;
    }
}

static int compare_uplinks(const void *a, const void *b)
{
    const KsUplink *first = a;
    const KsUplink *second = b;

    return first->index < second->index ? -1 : first->index > second->index;
}

bool ks_uplinks_find(const KsWorld *world, const KsLock *lock, GArray *uplinks)
{
    g_array_set_size(uplinks, 0);
    for (unsigned i = 0; i < world->links->len; i++) {
        const KsLink *link = &g_array_index(world->links, KsLink, i);
        KsUplink uplink = { .index = link->index, .form = form_of(world, link, lock) };

        if (!is_uplink(world, link, lock))
            continue;
        if (uplinks->len >= KS_UPLINKS_MAX)
            return false;
        g_strlcpy(uplink.name, link->name, sizeof(uplink.name));
        g_array_append_val(uplinks, uplink);
    }
    g_array_sort(uplinks, compare_uplinks);
    return true;
}

bool ks_uplinks_equal(const GArray *a, const GArray *b)
{
    if (a->len != b->len)
        return false;
    for (unsigned i = 0; i < a->len; i++) {
        const KsUplink *first = &g_array_index(a, KsUplink, i);
        const KsUplink *second = &g_array_index(b, KsUplink, i);

        if (first->index != second->index || first->form != second->form ||
            strcmp(first->name, second->name) != 0)
            return false;
    }
    return true;
}

static bool add_below(const KsWorld *world, const KsLink *link, KsSetId set, KsLock *lock,
                      unsigned depth);

static bool add_from(const KsWorld *world, uint32_t index, KsSetId set, KsLock *lock,
                     unsigned depth)
{
    const KsLink *link = ks_world_link_by_index(world, index);
    bool all;

    if (!link || depth == DEPTH_MAX)
        return true;
    all = ks_lock_add_interface(lock, set, index);
    return add_below(world, link, set, lock, depth) && all;
}

/* What this interface stands on, or is made of. */
static bool add_below(const KsWorld *world, const KsLink *link, KsSetId set, KsLock *lock,
                      unsigned depth)
{
    bool all = true;

    if (link->lower && link->lower != link->index && !link->lower_elsewhere)
        all &= add_from(world, link->lower, set, lock, depth + 1);
    if (link->other_lower && link->other_lower != link->index)
        all &= add_from(world, link->other_lower, set, lock, depth + 1);
    for (unsigned i = 0; i < world->links->len; i++) {
        const KsLink *port = &g_array_index(world->links, KsLink, i);

        if (port->master == link->index && port->index != link->index)
            all &= add_from(world, port->index, set, lock, depth + 1);
    }
    return all;
}

/* What a chain by name passes: another chain judges it, or it is no uplink. */
static bool open_others(const KsWorld *world, const KsLock *lock, KsLock *ret_lock)
{
    bool all = true;

    for (unsigned i = 0; i < world->links->len; i++) {
        const KsLink *link = &g_array_index(world->links, KsLink, i);
        bool is_judged =
            is_uplink(world, link, lock) && form_of(world, link, lock) == KS_UPLINK_ETHERNET;

        if (ks_uplink_has_cards_name(link->name) && !is_judged)
            all &= ks_lock_open_interface(ret_lock, link->index);
    }
    return all;
}

/* A link that wraps is not one of its own cards: what it marks itself would leave by it, as is. */
static bool add_cards_that_wrap(const KsWorld *world, KsLock *ret_lock)
{
    bool all = true;

    for (unsigned i = 0; i < world->links->len; i++) {
        const KsLink *link = &g_array_index(world->links, KsLink, i);
        bool is_ring = strcmp(link->kind, "hsr") == 0 && !link->lets_others_in;

        if (wraps(world, link))
            all &= add_below(world, link, KS_SET_WRAPPING_UPLINKS, ret_lock, 0);
        if (is_ring || strcmp(link->kind, "batadv") == 0)
            all &= add_below(world, link, KS_SET_RELAYING_UPLINKS, ret_lock, 0);
    }
    return all;
}

static void copy_servers(const KsLock *lock, KsLock *ret_lock, KsSetId set)
{
    g_array_set_size(ret_lock->sets[set], 0);
    for (unsigned i = 0; i < lock->sets[set]->len; i++) {
        KsKey key = g_array_index(lock->sets[set], KsKey, i);

        if (key.value == KS_OPEN_INSIDE_IPSEC) /* here it would be in clear */
            continue;
        key.value = 0;
        g_array_append_val(ret_lock->sets[set], key);
    }
}

/* The same, and on the cards below: theirs are the frames. */
static void add_box_below(const KsWorld *world, KsLock *ret_lock, KsSetId set, const KsKey *key)
{
    g_autoptr(KsLock) cards = ks_lock_new();
    const GArray *found = cards->sets[KS_SET_LAN_INTERFACES];

    (void) add_from(world, ks_box_interface(set, key), KS_SET_LAN_INTERFACES, cards, 0);
    for (unsigned i = 0; i < found->len; i++) {
        KsKey below = *key;

        ks_box_set_interface(set, &below, ks_key_number(&g_array_index(found, KsKey, i)));
        (void) ks_lock_add_box(ret_lock, set, &below);
    }
}

static const KsSetId boxes[] = { KS_SET_EXCEPTIONS4, KS_SET_EXCEPTIONS6, KS_SET_SERVICES4,
                                 KS_SET_SERVICES6 };

/* Those for all networks first: the others may be too many. */
static void draw_boxes(const KsWorld *world, const KsLock *lock, KsLock *ret_lock, KsSetId set)
{
    const GArray *keys = lock->sets[set];

    for (unsigned i = 0; i < keys->len; i++) {
        const KsKey *key = &g_array_index(keys, KsKey, i);

        if (ks_box_interface(set, key) == 0)
            (void) ks_lock_add_key(ret_lock, set, key);
    }
    for (unsigned i = 0; i < keys->len; i++) {
        const KsKey *key = &g_array_index(keys, KsKey, i);

        if (ks_box_interface(set, key) != 0)
            add_box_below(world, ret_lock, set, key);
    }
}

bool ks_uplinks_hold_exceptions(const KsLock *drawn)
{
    bool all = true;

    for (unsigned i = 0; i < G_N_ELEMENTS(boxes); i++)
        all &= !drawn->full[boxes[i]];
    return all;
}

/* What this layer alone needs, from its other sets. */
static const struct {
    KsSetId set;
    KsSetId from;
} derived[] = {
    { KS_SET_FRAGMENTS4, KS_SET_SERVERS4 },
    { KS_SET_FRAGMENTS6, KS_SET_SERVERS6 },
    { KS_SET_TUNNEL_SENDERS4, KS_SET_TUNNEL_ADDRESSES4 },
};

bool ks_uplinks_draw(const KsWorld *world, const KsLock *lock, KsLock *ret_lock)
{
    static const KsSetId same[] = {
        KS_SET_DHCP_SERVERS,      KS_SET_TUNNEL_ROUTES4,    KS_SET_TUNNEL_ROUTES6,
        KS_SET_TUNNEL_ADDRESSES4, KS_SET_TUNNEL_ADDRESSES6, KS_SET_PPPOE_PEERS,
        KS_SET_TELLING,
    };
    static const KsSetId servers[] = { KS_SET_SERVERS4, KS_SET_SERVERS6, KS_SET_PROTOCOLS4,
                                       KS_SET_PROTOCOLS6 };
    const GArray *lan = lock->sets[KS_SET_LAN_INTERFACES];
    bool all = true;

    ks_lock_clear(ret_lock);
    for (unsigned i = 0; i < G_N_ELEMENTS(same); i++) {
        GArray *keys = ret_lock->sets[same[i]];

        g_array_set_size(keys, 0);
        g_array_append_vals(keys, lock->sets[same[i]]->data, lock->sets[same[i]]->len);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(servers); i++)
        copy_servers(lock, ret_lock, servers[i]);
    for (unsigned i = 0; i < G_N_ELEMENTS(derived); i++)
        all &= ks_lock_add_beginnings(ret_lock, derived[i].set, ret_lock->sets[derived[i].from]);
    for (unsigned i = 0; i < G_N_ELEMENTS(boxes); i++)
        draw_boxes(world, lock, ret_lock, boxes[i]);
    all &= open_others(world, lock, ret_lock);
    all &= add_cards_that_wrap(world, ret_lock);
    for (unsigned i = 0; i < lan->len; i++)
        all &= add_from(world, ks_key_number(&g_array_index(lan, KsKey, i)), KS_SET_LAN_INTERFACES,
                        ret_lock, 0);
    ks_lock_seal(ret_lock);
    return all;
}
