/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "guard/look.h"

#include "files/leases.h"
#include "files/people.h"
#include "guard/floats.h"
#include "guard/server-names.h"
#include "kernel/access-points.h"
#include "kernel/links.h"
#include "kernel/openvpn.h"
#include "kernel/policies.h"
#include "kernel/pppoe-sessions.h"
#include "kernel/wireguard.h"
#include "model/printable.h"
#include "network/logins.h"

#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

/* Of a network with both, IPv6 is often there first: nothing of NAT64 is asked for meanwhile.
 * Milliseconds; a DHCP server is asked for the third time then. */
#define IPV6_ALONE_FOR 10000

/* Of one WireGuard link. */
typedef struct {
    uint32_t index;
    KsWireguardLife life;
    bool told; /* what of it is in the journal */
} Life;

struct KsLook {
    void (*changed)(void *data);
    void *data;
    KsWorld *world;
    KsNames *names;
    KsFloats *floats;
    KsManager *manager;
    KsLogins *logins;
    KsLinks *links;
    KsWireguard *wireguard; /* NULL until there is a link of that kind */
    KsOpenvpn *openvpn;     /* likewise */
    GArray *lives;          /* element-type Life: of its links */
    guint lives_source;     /* while a VPN is up on one */
    KsAccessPoints *access_points;
    guint links_source;
    guint access_points_source;
    guint policies_source;   /* while an IPsec VPN may be up */
    int policies_fd;         /* ... of it */
    guint ipv6_alone_source; /* until it has been for long enough */
    bool has_looked;
};

static gboolean on_kernel_changed(gint fd, GIOCondition condition, gpointer data)
{
    KsLook *look = data;

    (void) fd;
    (void) condition;
    look->changed(look->data);
    return G_SOURCE_CONTINUE;
}

static gboolean on_policies_changed(gint fd, GIOCondition condition, gpointer data)
{
    ks_policies_drain(fd);
    return on_kernel_changed(fd, condition, data);
}

KsLook *ks_look_new(void (*changed)(void *data), void *data)
{
    KsLook *look = g_new0(KsLook, 1);

    look->changed = changed;
    look->data = data;
    look->world = ks_world_new();
    look->floats = ks_floats_new();
    look->lives = g_array_new(FALSE, FALSE, sizeof(Life));
    ks_people_read(look->world->people);
    return look;
}

void ks_look_open_kernel(KsLook *look)
{
    if (ks_links_open(&look->links) == 0)
        look->links_source =
            g_unix_fd_add(ks_links_fd(look->links), G_IO_IN, on_kernel_changed, look);
    if (ks_access_points_open(&look->access_points) == 0)
        look->access_points_source = g_unix_fd_add(ks_access_points_fd(look->access_points),
                                                   G_IO_IN, on_kernel_changed, look);
}

void ks_look_open_manager(KsLook *look, KsSystemBus *bus)
{
    look->names = ks_names_new(bus, look->changed, look->data);
    look->manager = ks_manager_new(bus, look->changed, look->data);
    look->logins = ks_logins_new(look->changed, look->data);
}

static gboolean on_ipv6_alone(gpointer data)
{
    KsLook *look = data;

    look->ipv6_alone_source = 0;
    look->world->ipv6_only = true;
    look->changed(look->data);
    return G_SOURCE_REMOVE;
}

/* `first`: it was so before we came, and a VPN may be up by it. At boot there is no network yet. */
static void note_ipv6_alone(KsLook *look, bool first)
{
    if (!ks_world_has_ipv6_alone(look->world)) {
        g_clear_handle_id(&look->ipv6_alone_source, g_source_remove);
        look->world->ipv6_only = false;
    } else if (first) {
        look->world->ipv6_only = true;
    } else if (!look->world->ipv6_only && !look->ipv6_alone_source) {
        look->ipv6_alone_source = g_timeout_add(IPV6_ALONE_FOR, on_ipv6_alone, look);
    }
}

static void stop_policies(KsLook *look)
{
    if (!look->policies_source)
        return;
    g_clear_handle_id(&look->policies_source, g_source_remove);
    (void) close(look->policies_fd);
}

void ks_look_free(KsLook *look)
{
    if (!look)
        return;
    g_clear_handle_id(&look->links_source, g_source_remove);
    g_clear_handle_id(&look->access_points_source, g_source_remove);
    g_clear_handle_id(&look->ipv6_alone_source, g_source_remove);
    g_clear_handle_id(&look->lives_source, g_source_remove);
    stop_policies(look);
    ks_manager_free(look->manager);
    ks_logins_free(look->logins);
    ks_names_free(look->names);
    ks_floats_free(look->floats);
    ks_links_close(look->links);
    ks_wireguard_close(look->wireguard);
    ks_openvpn_close(look->openvpn);
    ks_access_points_close(look->access_points);
    ks_world_free(look->world);
    g_array_unref(look->lives);
    g_free(look);
}

static void describe_links(KsLook *look)
{
    int result = look->links ? 0 : ks_links_open(&look->links);

    if (result == 0)
        result = ks_links_describe(look->links, look->world);
    if (result < 0) {
        /* an interface that we cannot see is no tunnel */
        g_array_set_size(look->world->links, 0);
        g_array_set_size(look->world->link_addresses, 0);
        g_array_set_size(look->world->link_routes, 0);
        g_array_set_size(look->world->gateways, 0);
        g_array_set_size(look->world->steerings, 0);
        g_array_set_size(look->world->host_routes, 0);
        g_warning("the kernel's interfaces cannot be read: %s", g_strerror(-result));
    }
}

/* The kernel loads WireGuard with the first link of that kind. */
static void describe_wireguard(KsLook *look)
{
    bool any = false;
    int result = 0;

    for (unsigned i = 0; i < look->world->links->len; i++)
        any |= g_array_index(look->world->links, KsLink, i).wireguard;
    g_array_set_size(look->world->wireguard_endpoints, 0);
    if (!any)
        return;
    if (!look->wireguard)
        result = ks_wireguard_open(&look->wireguard);
    if (result == 0)
        result = ks_wireguard_describe(look->wireguard, look->world);
    if (result < 0)
        g_warning(
            "the kernel's WireGuard tunnels cannot be read, so that only their handshakes are "
            "let out: %s",
            g_strerror(-result));
}

static void describe_openvpn(KsLook *look)
{
    bool any = false;
    int result = 0;

    for (unsigned i = 0; i < look->world->links->len; i++)
        any |= strcmp(g_array_index(look->world->links, KsLink, i).kind, KS_LINK_KIND_OPENVPN) == 0;
    g_array_set_size(look->world->openvpn_peers, 0);
    if (!any)
        return;
    if (!look->openvpn)
        result = ks_openvpn_open(&look->openvpn);
    if (result == 0)
        result = ks_openvpn_describe(look->openvpn, look->world);
    if (result < 0)
        g_warning("where the kernel's OpenVPN sends its data cannot be read, so that all of such a "
                  "VPN's UDP servers are let out to all programs: %s",
                  g_strerror(-result));
}

static Life *find_or_add_life(const KsLook *look, uint32_t index)
{
    Life fresh = { .index = index };

    for (unsigned i = 0; i < look->lives->len; i++)
        if (g_array_index(look->lives, Life, i).index == index)
            return &g_array_index(look->lives, Life, i);
    g_array_append_val(look->lives, fresh);
    return &g_array_index(look->lives, Life, look->lives->len - 1);
}

static bool is_wireguard(const KsLink *link)
{
    return link && link->wireguard && link->up;
}

/* No event tells that a server stops answering, or answers again. */
static gboolean on_look_at_lives(gpointer data)
{
    KsLook *look = data;
    bool news = false;

    for (unsigned i = 0; look->wireguard && i < look->lives->len; i++) {
        Life *one = &g_array_index(look->lives, Life, i);
        int64_t before = one->life.silent;
        KsWireguardTraffic traffic;

        if (ks_wireguard_read_traffic(look->wireguard, one->index, &traffic) == 0)
            news |=
                ks_wireguard_life_observe(&one->life, g_get_monotonic_time(), &traffic) != before;
    }
    if (news)
        look->changed(look->data);
    return G_SOURCE_CONTINUE;
}

static void judge_life(KsLook *look, KsLink *link)
{
    Life *one = find_or_add_life(look, link->index);
    g_autofree char *name = NULL;

    link->silent = ks_wireguard_life_observe(&one->life, g_get_monotonic_time(), &link->traffic);
    if ((link->silent != 0) == one->told)
        return;
    one->told = link->silent != 0;
    name = ks_printable_quoted(link->name);
    if (link->silent)
        g_message("the server of the WireGuard tunnel %s does not answer: the tunnel does not "
                  "count as a VPN until it does",
                  name);
    else
        g_message("the server of the WireGuard tunnel %s answers again", name);
}

static void judge_lives(KsLook *look)
{
    for (unsigned i = look->lives->len; i > 0; i--)
        if (!is_wireguard(
                ks_world_link_by_index(look->world, g_array_index(look->lives, Life, i - 1).index)))
            g_array_remove_index_fast(look->lives, i - 1);
    for (unsigned i = 0; i < look->world->links->len; i++) {
        KsLink *link = &g_array_index(look->world->links, KsLink, i);

        if (is_wireguard(link))
            judge_life(look, link);
    }
}

/* Nobody wakes up for a link that is no VPN's. */
static void watch_lives(KsLook *look)
{
    bool any = false;

    for (unsigned i = 0; i < look->world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(look->world->vpns, i);

        any |= vpn->activity != KS_VPN_DOWN && !vpn->overlay &&
               is_wireguard(ks_world_tunnel(look->world, vpn, 0));
    }
    if (any && !look->lives_source)
        look->lives_source = g_timeout_add_seconds(KS_WIREGUARD_LOOK, on_look_at_lives, look);
    else if (!any)
        g_clear_handle_id(&look->lives_source, g_source_remove);
}

/* Without notifications nothing tells when a hotspot ends, and so no card counts as one. */
static void describe_access_points(KsLook *look)
{
    int result = look->access_points_source
                     ? ks_access_points_describe(look->access_points, look->world)
                     : 0;

    if (result < 0)
        g_warning("which Wi-Fi cards are hotspots cannot be read, so that their users have no "
                  "connection while locked: %s",
                  g_strerror(-result));
}

static void describe_pppoe(KsLook *look)
{
    int result = ks_pppoe_sessions_describe(look->world);

    if (result < 0)
        g_warning("the kernel's PPPoE sessions cannot be read, so that none is let out: %s",
                  g_strerror(-result));
}

static void watch_policies(KsLook *look, bool watch)
{
    int fd;

    if (watch == (look->policies_source != 0))
        return;
    if (!watch) {
        stop_policies(look);
        return;
    }
    fd = ks_policies_watch();
    if (fd < 0)
        return; /* the dump that follows says why */
    look->policies_fd = fd;
    look->policies_source = g_unix_fd_add(fd, G_IO_IN, on_policies_changed, look);
}

/* Only while a VPN may need it: its policies stand before NetworkManager tells that it is up. */
static void describe_policies(KsLook *look)
{
    bool any = false;
    int result;

    ks_policies_forget(look->world);
    for (unsigned i = 0; i < look->world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(look->world->vpns, i);

        any |= vpn->activity != KS_VPN_DOWN && ks_vpn_uses_ipsec(vpn);
    }
    watch_policies(look, any); /* first, so that no change is missed */
    result = any ? ks_policies_describe(look->world) : 0;
    if (result < 0)
        g_warning(
            "the kernel's IPsec policies cannot be read, so that an IPsec VPN closes the lock "
            "only if it was told to: %s",
            g_strerror(-result));
}

/* Whether the servers have changed. */
static bool read_leases(KsLook *look)
{
    g_autoptr(GArray) servers = g_array_new(FALSE, FALSE, sizeof(KsAddress));
    GArray *known = look->world->others_dhcp_servers;
    bool changed;

    if (!look->links)
        return false;
    ks_leases_read(ks_links_addresses(look->links), servers);
    changed = servers->len != known->len;
    for (unsigned i = 0; !changed && i < servers->len; i++)
        changed = ks_address_compare(&g_array_index(servers, KsAddress, i),
                                     &g_array_index(known, KsAddress, i)) != 0;
    if (changed) {
        g_array_set_size(known, 0);
        g_array_append_vals(known, servers->data, servers->len);
    }
    return changed;
}

void ks_look_at_leases(KsLook *look)
{
    if (read_leases(look))
        look->changed(look->data);
}

bool ks_look_around(KsLook *look, KsVpns *vpns, bool locked)
{
    bool learned;

    describe_links(look);
    note_ipv6_alone(look, !look->has_looked);
    if (!look->has_looked)
        (void) read_leases(look);
    look->has_looked = true;
    describe_access_points(look);
    describe_pppoe(look);
    describe_wireguard(look);
    describe_openvpn(look);
    judge_lives(look);
    learned = ks_vpns_learn(vpns, look->world);
    if (look->manager)
        ks_manager_describe(look->manager, look->world);
    ks_vpns_apply(vpns, look->world);
    describe_policies(look);
    watch_lives(look);
    if (look->names)
        ks_names_apply(look->names, look->world, locked);
    ks_floats_apply(look->floats, look->world);
    return learned;
}

void ks_look_at_people(KsLook *look)
{
    ks_people_read(look->world->people);
}

KsWorld *ks_look_world(const KsLook *look)
{
    return look->world;
}

void ks_look_at_logins(KsLook *look)
{
    if (look->logins)
        ks_logins_describe(look->logins, look->world);
}

KsManager *ks_look_manager(const KsLook *look)
{
    return look->manager;
}

bool ks_look_has_manager_told(const KsLook *look)
{
    return look->manager && ks_manager_is_ready(look->manager);
}

bool ks_look_has_profile(const KsLook *look, const char *uuid)
{
    return look->manager && ks_manager_has_profile(look->manager, uuid);
}

char *ks_look_card_place(const KsLook *look, const char *interface)
{
    return look->manager ? ks_manager_card_place(look->manager, interface) : NULL;
}

static void look_at_profiles(KsLook *look, const char *const *uuids)
{
    for (unsigned i = 0; uuids && uuids[i]; i++) {
        const char *name = ks_manager_profile_name(look->manager, uuids[i]);

        g_hash_table_insert(look->world->network_users, g_strdup(uuids[i]),
                            ks_manager_profile_users(look->manager, uuids[i]));
        if (name)
            ks_world_name_network(look->world, uuids[i], name);
    }
}

void ks_look_at_networks(KsLook *look, const char *const *const *lists, unsigned count)
{
    if (!look->manager || !look->world->manager_settled)
        return; /* what it told last holds */
    g_hash_table_remove_all(look->world->network_users);
    g_hash_table_remove_all(look->world->network_names);
    for (unsigned i = 0; i < count; i++)
        look_at_profiles(look, lists[i]);
}

const GArray *ks_look_addresses(const KsLook *look)
{
    return look->links ? ks_links_addresses(look->links) : NULL;
}

GPtrArray *ks_look_name_warnings(const KsLook *look, const KsViewer *viewer)
{
    return look->names ? ks_names_warnings(look->names, viewer) : NULL;
}
