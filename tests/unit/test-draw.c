/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a world to the lock: whose packets each kind of VPN's server lets out. */
#include "policy/draw.h"

#include "model/server.h"
#include "policy/engine.h"

#include <netinet/in.h>
#include <string.h>

#define SERVER "198.51.100.1"
#define MOVED  "198.51.100.2"
#define LINK   7u

typedef struct {
    KsWorld *world;
    KsSettings settings;
    GArray *tunnels;
    KsLock *told;
    KsLock *lasting;
    GPtrArray *kept;
    KsLock *lock;
} Fixture;

static void set_up(Fixture *f, const void *data)
{
    KsSettings defaults = KS_SETTINGS_DEFAULT;

    (void) data;
    f->world = ks_world_new();
    f->world->manager_present = f->world->manager_settled = true;
    ks_settings_copy(&defaults, &f->settings);
    f->tunnels = g_array_new(FALSE, FALSE, sizeof(KsTunnel));
    f->told = ks_lock_new();
    f->lasting = ks_lock_new();
    f->kept = g_ptr_array_new();
    f->lock = ks_lock_new();
}

static void tear_down(Fixture *f, const void *data)
{
    (void) data;
    ks_world_free(f->world);
    ks_settings_clear(&f->settings);
    g_array_unref(f->tunnels);
    ks_lock_free(f->told);
    ks_lock_free(f->lasting);
    g_ptr_array_unref(f->kept);
    ks_lock_free(f->lock);
}

static void draw(Fixture *f)
{
    KsDrawing drawing = { &f->settings, f->world, f->tunnels, f->told, f->lasting, f->kept };

    g_assert_true(ks_draw_lock(f->lock, &drawing));
}

static KsVpn *add_vpn(Fixture *f, const char *type, KsVpnActivity activity)
{
    KsVpn *vpn = ks_vpn_new(type, type, type);

    vpn->activity = activity;
    g_ptr_array_add(f->world->vpns, vpn);
    return vpn;
}

static KsServer *add_server(KsVpn *vpn, uint8_t protocol, uint16_t port, KsSender sender)
{
    KsServer *server = ks_server_new(SERVER, protocol, port, KS_SERVER_FROM_PROFILE);

    server->sender = sender;
    g_ptr_array_add(vpn->servers, server);
    return server;
}

/* What the lock says of the server: KS_OPEN_TO_*, 0 if it is not in. */
static uint32_t open_to(const KsLock *lock, const char *address, uint8_t protocol, uint16_t port)
{
    g_autoptr(KsLock) wanted = ks_lock_new();
    KsAddress parsed;

    g_assert_true(ks_address_parse(address, &parsed));
    g_assert_true(ks_lock_add_server(wanted, &parsed, protocol, port, KS_OPEN_TO_ALL));
    for (KsSetId set = 0; set < KS_SET_MAX; set++)
        for (unsigned i = 0; wanted->sets[set]->len > 0 && i < lock->sets[set]->len; i++) {
            const KsKey *key = &g_array_index(lock->sets[set], KsKey, i);

            if (key->value && memcmp(key->bytes, g_array_index(wanted->sets[set], KsKey, 0).bytes,
                                     sizeof(key->bytes)) == 0)
                return key->value;
        }
    return 0;
}

static void test_senders(Fixture *f, const void *data)
{
    static const struct {
        const char *type;
        KsSender sender;
        uint8_t protocol;
        uint16_t port;
        bool ipsec_only;
        uint32_t open_to;
    } rows[] = {
        { "openvpn", KS_SENDER_DAEMON, IPPROTO_UDP, 1194, false, KS_OPEN_TO_DAEMONS },
        { "openconnect", KS_SENDER_LOGIN_AS_USER, IPPROTO_TCP, 443, false, KS_OPEN_TO_ALL },
        { "manual", KS_SENDER_UNKNOWN, IPPROTO_UDP, 9, false, KS_OPEN_TO_ALL },
        { "wireguard", KS_SENDER_KERNEL, IPPROTO_UDP, 51820, false, KS_OPEN_TO_WIREGUARD },
        { "strongswan", KS_SENDER_DAEMON, IPPROTO_UDP, 500, false, KS_OPEN_TO_DAEMONS },
        { "strongswan", KS_SENDER_KERNEL, IPPROTO_UDP, 4500, false, KS_OPEN_TO_IPSEC },
        { "strongswan", KS_SENDER_KERNEL, IPPROTO_ESP, 0, false, KS_OPEN_TO_ALL },
        { "vpnc", KS_SENDER_DAEMON, IPPROTO_ESP, 0, false, KS_OPEN_TO_DAEMONS },
        { "pptp", KS_SENDER_DAEMON, IPPROTO_GRE, 0, false, KS_OPEN_TO_DAEMONS },
        { "l2tp", KS_SENDER_KERNEL, IPPROTO_UDP, 1701, true, KS_OPEN_INSIDE_IPSEC },
        { "l2tp", KS_SENDER_KERNEL, IPPROTO_UDP, 1701, false, KS_OPEN_TO_ALL },
    };

    (void) data;
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        KsVpn *vpn = add_vpn(f, rows[i].type, KS_VPN_DOWN);

        add_server(vpn, rows[i].protocol, rows[i].port, rows[i].sender)->ipsec_only =
            rows[i].ipsec_only;
        draw(f);
        g_test_message("%s %u %u", rows[i].type, rows[i].protocol, rows[i].port);
        g_assert_cmpuint(open_to(f->lock, SERVER, rows[i].protocol, rows[i].port), ==,
                         rows[i].open_to);
        g_assert_cmpuint(f->lock->sets[KS_SET_IPSEC]->len, ==, 0);
        g_ptr_array_set_size(f->world->vpns, 0);
    }
}

/* A name server's port is open only while a VPN is used that has it by more than a profile's
 * word. */
static void test_name_servers_ports(Fixture *f, const void *data)
{
    static const KsVpnActivity activities[] = { KS_VPN_DOWN, KS_VPN_CONNECTING, KS_VPN_UP };
    static const struct {
        const char *type;
        KsServerSource source;
        bool is_private;
        bool open[G_N_ELEMENTS(activities)];
    } rows[] = {
        { "openvpn", KS_SERVER_FROM_PROFILE, false, { false, false, false } },
        { "openvpn", KS_SERVER_FROM_PROFILE, true, { false, false, false } },
        { "openvpn", KS_SERVER_FROM_OVERRIDE, false, { false, true, true } },
        { "iodine", KS_SERVER_FROM_PROFILE, false, { false, true, true } },
        { "iodine", KS_SERVER_FROM_PROFILE, true, { false, false, false } },
        { "manual", KS_SERVER_FROM_MANUAL, false, { true, true, true } },
    };
    static const uint16_t ports[] = { 53, 853 };

    (void) data;
    for (unsigned i = 0; i < G_N_ELEMENTS(rows) * G_N_ELEMENTS(activities) * 2; i++) {
        unsigned row = i / (G_N_ELEMENTS(activities) * 2);
        unsigned when = i / 2 % G_N_ELEMENTS(activities);
        KsVpn *vpn = add_vpn(f, rows[row].type, activities[when]);

        vpn->users = rows[row].is_private ? g_strsplit("alice", " ", -1) : NULL;
        vpn->manual = rows[row].source == KS_SERVER_FROM_MANUAL;
        add_server(vpn, IPPROTO_UDP, ports[i % 2], KS_SENDER_DAEMON)->source = rows[row].source;
        draw(f);
        g_test_message("%s %u %u", rows[row].type, when, ports[i % 2]);
        g_assert_cmpint(open_to(f->lock, SERVER, IPPROTO_UDP, ports[i % 2]) != 0, ==,
                        rows[row].open[when]);
        g_ptr_array_set_size(f->world->vpns, 0);
    }
}

/* WireGuard's peer may move, but not to a name server. */
static void test_wireguard_beside_a_name_server(Fixture *f, const void *data)
{
    KsLink link = { .index = LINK, .name = "wg0", .up = true, .wireguard = true, .mark = 1 };
    KsWireguardEndpoint endpoint = { .index = LINK, .port = 53 };
    KsTunnel tunnel = { .uuid = (char *) "wireguard", .index = LINK };
    KsServer *server =
        add_server(add_vpn(f, "wireguard", KS_VPN_UP), IPPROTO_UDP, 53, KS_SENDER_KERNEL);

    (void) data;
    g_assert_true(ks_address_parse(MOVED, &endpoint.address));
    g_array_append_val(f->world->links, link);
    g_array_append_val(f->world->wireguard_endpoints, endpoint);
    g_array_append_val(f->tunnels, tunnel);
    draw(f);
    g_assert_cmpuint(open_to(f->lock, MOVED, IPPROTO_UDP, 53), ==, 0);
    server->source = KS_SERVER_FROM_OVERRIDE;
    draw(f);
    g_assert_cmpuint(open_to(f->lock, MOVED, IPPROTO_UDP, 53), ==, KS_OPEN_TO_WIREGUARD);
    g_array_append_val(f->world->broadcasts, endpoint.address);
    draw(f);
    g_assert_cmpuint(open_to(f->lock, MOVED, IPPROTO_UDP, 53), ==, 0);
}

/* Two VPNs at one server: both get through, and nobody who needs neither. */
static void test_shared_server(Fixture *f, const void *data)
{
    (void) data;
    add_server(add_vpn(f, "openvpn", KS_VPN_DOWN), IPPROTO_UDP, 443, KS_SENDER_DAEMON);
    add_server(add_vpn(f, "wireguard", KS_VPN_DOWN), IPPROTO_UDP, 443, KS_SENDER_KERNEL);
    draw(f);
    g_assert_cmpuint(open_to(f->lock, SERVER, IPPROTO_UDP, 443), ==, KS_OPEN_TO_SEVERAL);
    add_server(add_vpn(f, "openconnect", KS_VPN_DOWN), IPPROTO_UDP, 443, KS_SENDER_LOGIN_AS_USER);
    draw(f);
    g_assert_cmpuint(open_to(f->lock, SERVER, IPPROTO_UDP, 443), ==, KS_OPEN_TO_ALL);
}

static void test_wireguard(Fixture *f, const void *data)
{
    KsLink link = { .index = LINK, .name = "wg0", .up = true, .wireguard = true, .port = 40000 };
    KsTunnel tunnel = { .index = LINK };
    KsWireguardEndpoint endpoint = { .index = LINK, .port = 51820 };

    (void) data;
    g_assert_true(ks_address_parse(MOVED, &endpoint.address));
    g_array_append_val(f->world->links, link);
    g_array_append_val(f->world->wireguard_endpoints, endpoint);
    add_server(add_vpn(f, "wireguard", KS_VPN_UP), IPPROTO_UDP, 51820, KS_SENDER_KERNEL);
    draw(f);
    g_assert_cmpuint(f->lock->sets[KS_SET_WIREGUARD_MARKS]->len, ==, 0);
    g_assert_cmpuint(f->lock->sets[KS_SET_WIREGUARD_PORTS]->len, ==, 1);
    g_assert_cmpuint(open_to(f->lock, MOVED, IPPROTO_UDP, 51820), ==, 0); /* it is no tunnel */

    g_array_append_val(f->tunnels, tunnel);
    g_array_index(f->world->links, KsLink, 0).mark = 0xcbca;
    draw(f);
    g_assert_cmpuint(f->lock->sets[KS_SET_WIREGUARD_MARKS]->len, ==, 1);
    g_assert_cmpuint(f->lock->sets[KS_SET_WIREGUARD_PORTS]->len, ==, 0); /* the mark tells more */
    g_assert_cmpuint(open_to(f->lock, MOVED, IPPROTO_UDP, 51820), ==, KS_OPEN_TO_WIREGUARD);
}

/* WireGuard as a program has a tun: what a person described is a daemon's from then on. */
static void test_wireguard_as_a_program(Fixture *f, const void *data)
{
    KsLink link = { .index = LINK, .name = "wg0", .up = true };
    KsVpn *vpn = add_vpn(f, "wireguard", KS_VPN_DOWN);

    (void) data;
    g_strlcpy(vpn->interface, "wg0", sizeof(vpn->interface));
    add_server(vpn, IPPROTO_UDP, 51820, KS_SENDER_KERNEL);
    g_array_append_val(f->world->links, link);
    draw(f);
    g_assert_cmpuint(open_to(f->lock, SERVER, IPPROTO_UDP, 51820), ==, KS_OPEN_TO_WIREGUARD);

    vpn->manual = true;
    draw(f);
    g_assert_cmpuint(open_to(f->lock, SERVER, IPPROTO_UDP, 51820), ==, KS_OPEN_TO_DAEMONS);
    g_array_index(f->world->links, KsLink, 0).wireguard = true;
    draw(f);
    g_assert_cmpuint(open_to(f->lock, SERVER, IPPROTO_UDP, 51820), ==, KS_OPEN_TO_WIREGUARD);
}

/* An overlay's peers are anywhere: only servers that a person named are let out, to its daemon and
 * where its link is WireGuard to that. */
static void test_overlay(Fixture *f, const void *data)
{
    KsLink link = { .index = LINK, .name = "wt0", .up = true, .wireguard = true, .port = 40000 };
    KsTunnel tunnel = { .index = LINK, .overlay = true };
    KsWireguardEndpoint endpoint = { .index = LINK, .port = 51820 };
    KsVpn *vpn = add_vpn(f, "", KS_VPN_UP);

    (void) data;
    vpn->manual = vpn->overlay = true;
    g_assert_true(ks_address_parse(MOVED, &endpoint.address));
    g_array_append_val(f->world->links, link);
    g_array_append_val(f->world->wireguard_endpoints, endpoint);
    g_array_append_val(f->tunnels, tunnel);
    add_server(vpn, IPPROTO_UDP, 3478, KS_SENDER_DAEMON);
    draw(f);
    g_assert_true(ks_lock_has_interface(f->lock, LINK));
    g_assert_cmpuint(open_to(f->lock, MOVED, IPPROTO_UDP, 51820), ==, 0);
    g_assert_cmpuint(open_to(f->lock, SERVER, IPPROTO_UDP, 3478), ==, KS_OPEN_TO_DAEMONS);
    g_strlcpy(vpn->interface, "wt0", sizeof(vpn->interface));
    draw(f);
    g_assert_cmpuint(open_to(f->lock, SERVER, IPPROTO_UDP, 3478), ==, KS_OPEN_TO_SEVERAL);
}

/* Policies count as a tunnel only while such a VPN is being brought up or is up. */
static void test_ipsec(Fixture *f, const void *data)
{
    static const KsVpnActivity activities[] = { KS_VPN_DOWN, KS_VPN_CONNECTING, KS_VPN_UP };
    KsVpn *vpn = add_vpn(f, "libreswan", KS_VPN_DOWN);

    (void) data;
    add_server(vpn, IPPROTO_UDP, 500, KS_SENDER_DAEMON);
    add_server(vpn, IPPROTO_UDP, 4500, KS_SENDER_KERNEL);
    for (unsigned i = 0; i < G_N_ELEMENTS(activities); i++) {
        vpn->activity = activities[i];
        draw(f);
        g_assert_cmpuint(f->lock->sets[KS_SET_IPSEC]->len, ==, i > 0 ? 2 : 0);
    }
    /* while NetworkManager is away, what it said last holds */
    f->world->manager_present = false;
    draw(f);
    g_assert_cmpuint(f->lock->sets[KS_SET_IPSEC]->len, ==, 2);
}

/* One by hand needs the same gate: behind an xfrm interface, a packet goes to the card once more
 * and is to be encrypted there. It opens while its interface is up, whether NetworkManager runs or
 * not. */
static void test_ipsec_by_hand(Fixture *f, const void *data)
{
    KsVpn *vpn = add_vpn(f, "", KS_VPN_DOWN);

    (void) data;
    vpn->manual = true;
    f->world->manager_present = false;
    add_server(vpn, IPPROTO_ESP, 0, KS_SENDER_UNKNOWN);
    draw(f);
    g_assert_cmpuint(f->lock->sets[KS_SET_IPSEC]->len, ==, 0);
    vpn->activity = KS_VPN_UP;
    draw(f);
    g_assert_cmpuint(f->lock->sets[KS_SET_IPSEC]->len, ==, 2);
    vpn->activity = KS_VPN_DOWN;
    draw(f);
    g_assert_cmpuint(f->lock->sets[KS_SET_IPSEC]->len, ==, 0);
}

/* Everybody on the wire is no server. */
static void test_broadcast(Fixture *f, const void *data)
{
    KsServer *server =
        add_server(add_vpn(f, "openvpn", KS_VPN_UP), IPPROTO_UDP, 1194, KS_SENDER_DAEMON);

    (void) data;
    draw(f);
    g_assert_cmpuint(f->lock->sets[KS_SET_SERVERS4]->len, ==, 1);
    g_array_append_val(f->world->broadcasts, server->address);
    draw(f);
    g_assert_cmpuint(f->lock->sets[KS_SET_SERVERS4]->len, ==, 0);
    g_assert_cmpuint(f->lock->sets[KS_SET_NAMES]->len, ==, 0);
    g_free(server->host); /* a name is asked for again: another answer may be a server */
    server->host = g_strdup("vpn.example");
    draw(f);
    g_assert_cmpuint(f->lock->sets[KS_SET_SERVERS4]->len, ==, 0);
    g_assert_cmpuint(f->lock->sets[KS_SET_NAMES]->len, ==, 1);
}

/* A user's own profile is open while it is used; what outlasts that knows nothing of it. */
static void test_private(Fixture *f, const void *data)
{
    static const KsViewer alice = { .user = "alice" };
    static const KsViewer bob = { .user = "bob" };
    static const KsViewer root = { .everything = true };
    char *users[] = { (char *) "alice", NULL };
    KsVpn *vpn = add_vpn(f, "openvpn", KS_VPN_CONNECTING);

    (void) data;
    vpn->users = g_strdupv(users);
    add_server(vpn, IPPROTO_UDP, 1194, KS_SENDER_DAEMON);
    g_ptr_array_add(vpn->servers,
                    ks_server_new("alice.example", IPPROTO_UDP, 1, KS_SERVER_FROM_PROFILE));
    draw(f);
    g_assert_cmpuint(f->lock->sets[KS_SET_SERVERS4]->len, ==, 1);
    g_assert_cmpuint(f->lock->sets[KS_SET_NAMES]->len, ==, 1);
    g_assert_cmpuint(f->lasting->sets[KS_SET_SERVERS4]->len, ==, 0);
    g_assert_cmpuint(f->told->sets[KS_SET_SERVERS4]->len, ==, 0);
    g_assert_cmpuint(f->told->sets[KS_SET_NAMES]->len, ==, 0);

    for (unsigned shared = 0; shared < 2; shared++) {
        KsDrawing drawing = { &f->settings, f->world, f->tunnels, f->told, f->lasting, f->kept };
        const struct {
            const KsViewer *viewer;
            unsigned servers;
            unsigned names;
        } rows[] = { { &alice, 1, 1 }, { &root, 1, 1 }, { &bob, shared, 0 }, { NULL, shared, 0 } };

        for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
            g_autoptr(KsLock) shown = ks_draw_shown(f->lock, &drawing, rows[i].viewer);

            g_assert_cmpuint(shown->sets[KS_SET_SERVERS4]->len, ==, rows[i].servers);
            g_assert_cmpuint(shown->sets[KS_SET_NAMES]->len, ==, rows[i].names);
            g_assert_true(ks_lock_has_interface(shown, 1));
        }
        /* a profile for everybody names the same server */
        add_server(add_vpn(f, "openvpn", KS_VPN_DOWN), IPPROTO_UDP, 1194, KS_SENDER_DAEMON);
        draw(f);
    }
    vpn->activity = KS_VPN_DOWN;
    draw(f);
    g_assert_cmpuint(f->lock->sets[KS_SET_NAMES]->len, ==, 0);
}

/* OpenVPN's data by the kernel: the way is open while its own link carries it, over UDP, at its own
 * profile's servers: to OpenVPN where the kernel says that it is sent there, to all where it says
 * nothing. */
static void test_offload(Fixture *f, const void *data)
{
    KsLink link = { .index = LINK, .name = "tun0", .up = true, .kernel_openvpn = true };
    KsVpn *vpn = add_vpn(f, "openvpn", KS_VPN_UP);
    KsTunnel tunnel = { .uuid = vpn->uuid, .name = vpn->name, .type = vpn->type, .index = LINK };
    KsVpn *other = ks_vpn_new("other", "other", "openvpn");
    KsOpenvpnPeer peer = { .index = LINK, .port = 1194, .from = 41000 };
    KsLink *known;

    (void) data;
    add_server(vpn, IPPROTO_UDP, 1194, KS_SENDER_DAEMON);
    add_server(vpn, IPPROTO_TCP, 443, KS_SENDER_DAEMON);
    g_ptr_array_add(f->world->vpns, other);
    add_server(other, IPPROTO_UDP, 1195, KS_SENDER_DAEMON);
    g_array_append_val(f->world->links, link);
    known = &g_array_index(f->world->links, KsLink, 0);

    draw(f); /* somebody's link, and no tunnel of ours */
    g_assert_cmpuint(open_to(f->lock, SERVER, IPPROTO_UDP, 1194), ==, KS_OPEN_TO_DAEMONS);

    g_array_append_val(f->tunnels, tunnel);
    draw(f);
    g_assert_cmpuint(open_to(f->lock, SERVER, IPPROTO_UDP, 1194), ==, KS_OPEN_TO_ALL);
    g_assert_cmpuint(open_to(f->lock, SERVER, IPPROTO_TCP, 443), ==, KS_OPEN_TO_DAEMONS);
    g_assert_cmpuint(open_to(f->lock, SERVER, IPPROTO_UDP, 1195), ==, KS_OPEN_TO_DAEMONS);

    known->peers_known = true; /* there are none: it goes over TCP, or nowhere yet */
    draw(f);
    g_assert_cmpuint(open_to(f->lock, SERVER, IPPROTO_UDP, 1194), ==, KS_OPEN_TO_DAEMONS);
    g_assert_true(ks_address_parse(SERVER, &peer.address));
    g_array_append_val(f->world->openvpn_peers, peer);
    add_server(vpn, IPPROTO_UDP, 1196, KS_SENDER_DAEMON);
    draw(f);
    g_assert_cmpuint(open_to(f->lock, SERVER, IPPROTO_UDP, 1194), ==, KS_OPEN_TO_OPENVPN);
    g_assert_cmpuint(open_to(f->lock, SERVER, IPPROTO_UDP, 1196), ==, KS_OPEN_TO_DAEMONS);
    g_assert_cmpuint(open_to(f->lock, SERVER, IPPROTO_UDP, 1195), ==, KS_OPEN_TO_DAEMONS);
    g_assert_cmpuint(open_to(f->lock, SERVER, IPPROTO_TCP, 443), ==, KS_OPEN_TO_DAEMONS);
    g_assert_cmpuint(f->lock->sets[KS_SET_OPENVPN_PORTS]->len, ==, 1);
    g_array_index(f->world->openvpn_peers, KsOpenvpnPeer, 0).index = LINK + 1; /* another's link */
    draw(f);
    g_assert_cmpuint(open_to(f->lock, SERVER, IPPROTO_UDP, 1194), ==, KS_OPEN_TO_DAEMONS);
    g_assert_cmpuint(f->lock->sets[KS_SET_OPENVPN_PORTS]->len, ==, 0);
    known->peers_known = false;

    known->no_carrier = true; /* openvpn was killed */
    draw(f);
    g_assert_cmpuint(open_to(f->lock, SERVER, IPPROTO_UDP, 1194), ==, KS_OPEN_TO_DAEMONS);

    known->no_carrier = false;
    known->kernel_openvpn = false;
    draw(f);
    g_assert_cmpuint(open_to(f->lock, SERVER, IPPROTO_UDP, 1194), ==, KS_OPEN_TO_DAEMONS);
}

/* Only while there is an uplink of that kind: a VPN's ppp link is not an uplink. */
static void test_pppoe(Fixture *f, const void *data)
{
    KsLink link = { .index = LINK, .name = "ppp0", .kind = "ppp", .tunnel_kind = true };
    KsTunnel tunnel = { .index = LINK };
    KsPppoePeer peer = { { 2, 0, 0, 0, 0, 1 } };

    (void) data;
    g_array_append_val(f->world->pppoe_peers, peer);
    draw(f);
    g_assert_cmpuint(f->lock->sets[KS_SET_PPPOE_PEERS]->len, ==, 0);
    g_array_append_val(f->world->links, link);
    draw(f);
    g_assert_cmpuint(f->lock->sets[KS_SET_PPPOE_PEERS]->len, ==, 1);
    g_array_append_val(f->tunnels, tunnel);
    draw(f);
    g_assert_cmpuint(f->lock->sets[KS_SET_PPPOE_PEERS]->len, ==, 0);
}

static char *dhcp_servers(Fixture *f)
{
    GString *text = g_string_new(NULL);
    GArray *keys = f->lock->sets[KS_SET_DHCP_SERVERS];

    draw(f);
    for (unsigned i = 0; i < keys->len; i++) {
        g_autofree char *server = ks_key_text(KS_SET_DHCP_SERVERS, &g_array_index(keys, KsKey, i));

        g_string_append_printf(text, "%s%s", i ? " " : "", server);
    }
    return g_string_free(text, FALSE);
}

/* Who lent an address to another DHCP client than NetworkManager's; and the router, which is it
 * nearly always, of a network that NetworkManager does not run. */
static void test_others_dhcp_servers(Fixture *f, const void *data)
{
    KsAddress server = { AF_INET, { 192, 0, 2, 1 } };
    KsLinkAddress gateway = { .index = LINK, .address = { AF_INET, { 192, 0, 2, 2 } } };
    KsLink link = { .index = LINK, .name = "eth0", .up = true };
    KsLink *known;
    KsNetwork *network = ks_network_new("uuid", "name", "eth0");
    g_autofree char *both = NULL;
    g_autofree char *watched = NULL;
    g_autofree char *run = NULL;
    g_autofree char *tunnel = NULL;

    (void) data;
    g_array_append_val(f->world->links, link);
    known = &g_array_index(f->world->links, KsLink, 0);
    g_array_append_val(f->world->others_dhcp_servers, server);
    g_array_append_val(f->world->gateways, gateway);
    both = dhcp_servers(f);
    g_assert_cmpstr(both, ==, "192.0.2.1 192.0.2.2 255.255.255.255");
    g_ptr_array_add(f->world->networks, network);
    run = dhcp_servers(f);
    g_assert_cmpstr(run, ==, "192.0.2.1 255.255.255.255");
    network->external = true;
    watched = dhcp_servers(f);
    g_assert_cmpstr(watched, ==, both);
    known->tunnel_kind = true;
    tunnel = dhcp_servers(f);
    g_assert_cmpstr(tunnel, ==, run);
}

/* A translator of this machine's is known by its address, where there is IPv6 alone; and the one
 * name is asked for. */
static void test_translator(Fixture *f, const void *data)
{
    static const struct {
        const char *kind;
        const char *address;
        bool up, ipv4, tunnel;
        enum { ROOTS, WATCHED, PROFILES } whose;
        bool is_one;
    } rows[] = {
        { "tun", "192.0.0.1", true, false, false, ROOTS, true },
        { "tun", "192.0.0.7", true, false, false, ROOTS, true },
        { "tun", "192.0.0.7", true, false, false, WATCHED, true },
        { "tun", "192.0.0.7", true, false, false, PROFILES, false },
        { "tun", "192.0.0.8", true, false, false, ROOTS, false },
        { "tun", "2001:db8::1", true, false, false, ROOTS, false },
        { "tun", "192.0.0.1", false, false, false, ROOTS, false },
        { "tun", "192.0.0.1", true, true, false, ROOTS, false },
        { "tun", "192.0.0.1", true, false, true, ROOTS, false },
        { "wireguard", "192.0.0.1", true, false, false, ROOTS, false },
    };
    KsTunnel tunnel = { .index = LINK };

    (void) data;
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        KsLink link = { .index = LINK, .name = "clat", .up = rows[i].up, .tunnel_kind = true };
        KsNetwork *network = ks_network_new("uuid", "name", "clat");
        KsLinkAddress on_link = { .index = LINK };

        g_strlcpy(link.kind, rows[i].kind, sizeof(link.kind));
        g_assert_true(ks_address_parse(rows[i].address, &on_link.address));
        g_array_set_size(f->world->links, 0);
        g_array_set_size(f->world->link_addresses, 0);
        g_array_set_size(f->tunnels, 0);
        g_array_append_val(f->world->links, link);
        g_array_append_val(f->world->link_addresses, on_link);
        f->world->ipv6_only = !rows[i].ipv4;
        network->external = rows[i].whose == WATCHED;
        g_ptr_array_set_size(f->world->networks, 0);
        g_ptr_array_add(f->world->networks, network);
        if (rows[i].whose == ROOTS)
            g_ptr_array_set_size(f->world->networks, 0);
        if (rows[i].tunnel)
            g_array_append_val(f->tunnels, tunnel);
        draw(f);
        if (f->lock->sets[KS_SET_TRANSLATORS]->len != rows[i].is_one)
            g_error("row %u", i);
        g_assert_cmpuint(f->lock->sets[KS_SET_NAMES]->len, ==, !rows[i].ipv4);
    }
}

#define CASE(name, function) g_test_add("/draw/" name, Fixture, NULL, set_up, function, tear_down)

/* Another network has NAT64 elsewhere, or somebody else's server there. */
static void test_remembered(Fixture *f, const void *data)
{
    KsVpn *vpn = add_vpn(f, "openvpn", KS_VPN_DOWN);
    KsServer *server;
    g_autoptr(KsLock) remembered = NULL;

    (void) data;
    (void) add_server(vpn, IPPROTO_UDP, 1194, KS_SENDER_DAEMON);
    server = add_server(vpn, IPPROTO_UDP, 1194, KS_SENDER_DAEMON);
    g_assert_true(ks_address_parse("64:ff9b::" SERVER, &server->address));
    server->translated = true;
    draw(f);
    remembered = ks_draw_remembered(f->lasting, f->world);
    g_assert_cmpuint(open_to(f->lock, "64:ff9b::" SERVER, IPPROTO_UDP, 1194), !=, 0);
    g_assert_cmpuint(open_to(f->lasting, "64:ff9b::" SERVER, IPPROTO_UDP, 1194), !=, 0);
    g_assert_cmpuint(open_to(remembered, "64:ff9b::" SERVER, IPPROTO_UDP, 1194), ==, 0);
    g_assert_cmpuint(open_to(remembered, SERVER, IPPROTO_UDP, 1194), !=, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    CASE("others-dhcp-servers", test_others_dhcp_servers);
    CASE("senders", test_senders);
    CASE("name-servers-ports", test_name_servers_ports);
    CASE("wireguard-beside-a-name-server", test_wireguard_beside_a_name_server);
    CASE("shared-server", test_shared_server);
    CASE("wireguard", test_wireguard);
    CASE("wireguard-as-a-program", test_wireguard_as_a_program);
    CASE("overlay", test_overlay);
    CASE("ipsec", test_ipsec);
    CASE("ipsec-by-hand", test_ipsec_by_hand);
    CASE("broadcast", test_broadcast);
    CASE("private", test_private);
    CASE("offload", test_offload);
    CASE("pppoe", test_pppoe);
    CASE("translator", test_translator);
    CASE("remembered", test_remembered);
    return g_test_run();
}
