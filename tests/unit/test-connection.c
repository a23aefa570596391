/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which connections from before the lock may go on behind it. */
#include "model/connection.h"

#include "model/world.h"

#include <netinet/in.h>

#define UPLINK 2u
#define TUNNEL 3u
#define BRIDGE 4u
#define OTHER  5u /* a bridge that is not the guests' */

#define HERE    "192.168.1.5"
#define HERE6   "2001:db8::5"
#define ROUTER  "192.168.1.1"
#define WEB     "203.0.113.9"
#define WEB6    "2001:db8:9::9"
#define SERVER  "198.51.100.1"
#define SERVER6 "2001:db8:2::1"
#define INSIDE  "10.8.0.2"
#define INSIDE6 "fd01::2"
#define GUEST   "172.17.0.2"
#define GUEST6  "fd17::2"
#define HOST    "172.17.0.1"

typedef struct {
    const char *what;
    bool stays;
    bool stays_on_lan; /* with LAN access */
    uint8_t protocol;
    const char *from;
    uint16_t from_port;
    const char *to;
    uint16_t to_port;
    const char *answers_from; /* NULL: `to` */
    const char *answers_to;   /* NULL: `from` */
} Row;

#define GOES  false, false
#define STAYS true, true
#define LAN   false, true

static const Row rows[] = {
    { "a web page", GOES, IPPROTO_TCP, HERE, 40000, WEB, 443 },
    { "a web page by IPv6", GOES, IPPROTO_TCP, HERE6, 40000, WEB6, 443 },
    { "a call", GOES, IPPROTO_UDP, HERE, 40000, WEB, 3478 },
    { "a ping", GOES, IPPROTO_ICMP, HERE, 0, WEB, 0 },
    { "somebody outside", GOES, IPPROTO_TCP, WEB, 40000, HERE, 22 },

    { "the VPN's own", STAYS, IPPROTO_UDP, HERE, 40000, SERVER, 1194 },
    { "the VPN's own by IPv6", STAYS, IPPROTO_UDP, HERE6, 40000, SERVER6, 51820 },
    { "learned from an answer", STAYS, IPPROTO_UDP, SERVER, 1194, HERE, 40000 },
    { "the server's other port", GOES, IPPROTO_UDP, HERE, 40000, SERVER, 443 },
    { "the server's port by TCP", GOES, IPPROTO_TCP, HERE, 40000, SERVER, 1194 },
    { "from the server's port elsewhere", GOES, IPPROTO_UDP, HERE, 1194, WEB, 40000 },
    { "ESP", STAYS, IPPROTO_ESP, HERE, 0, SERVER, 0 },
    { "AH", GOES, IPPROTO_AH, HERE, 0, SERVER, 0 },
    { "GRE with its keys", STAYS, IPPROTO_GRE, HERE, 7, "198.51.100.2", 9 },
    { "sent on to the server", STAYS, IPPROTO_UDP, HERE, 40000, WEB, 1194, SERVER },
    { "sent on from the server", GOES, IPPROTO_UDP, HERE, 40000, SERVER, 1194, WEB },

    { "in the tunnel", STAYS, IPPROTO_TCP, INSIDE, 40000, WEB, 443 },
    { "in the tunnel by IPv6", STAYS, IPPROTO_TCP, INSIDE6, 40000, WEB6, 443 },
    { "to us through the tunnel", STAYS, IPPROTO_TCP, "10.8.0.1", 40000, INSIDE, 22 },
    { "in a tunnel that is gone", GOES, IPPROTO_TCP, "10.9.0.2", 40000, WEB, 443 },
    { "a guest in the tunnel", STAYS, IPPROTO_TCP, GUEST, 40000, WEB, 443, WEB, INSIDE },

    { "a guest outside", GOES, IPPROTO_TCP, GUEST, 40000, WEB, 443, WEB, HERE },
    { "a guest outside by IPv6", GOES, IPPROTO_UDP, GUEST6, 40000, WEB6, 443 },
    { "to a guest from outside", GOES, IPPROTO_TCP, WEB, 40000, HERE, 80, GUEST, WEB },
    { "to a guest from the LAN", LAN, IPPROTO_TCP, ROUTER, 40000, HERE, 80, GUEST, ROUTER },
    { "a guest asks us", STAYS, IPPROTO_UDP, GUEST, 40000, HOST, 53 },
    { "a guest asks us elsewhere", STAYS, IPPROTO_TCP, GUEST, 40000, HERE, 80 },
    { "a guest by IPv6 asks another", STAYS, IPPROTO_TCP, GUEST6, 40000, "fd17::3", 80 },
    { "we ask a guest", STAYS, IPPROTO_TCP, HOST, 40000, GUEST, 80 },
    { "to a guest from here", STAYS, IPPROTO_TCP, "127.0.0.1", 40000, "127.0.0.1", 80, GUEST },
    { "behind a bridge with a card", LAN, IPPROTO_TCP, HERE, 40000, "10.50.0.9", 80 },

    { "here", STAYS, IPPROTO_TCP, "127.0.0.1", 40000, "127.0.0.53", 53 },
    { "here by IPv6", STAYS, IPPROTO_TCP, "::1", 40000, "::1", 80 },
    { "here by the card's address", STAYS, IPPROTO_TCP, HERE, 40000, HERE, 80 },
    { "from here, sent on outside", GOES, IPPROTO_TCP, "127.0.0.1", 40000, "127.0.0.1", 80, WEB },

    { "a printer", LAN, IPPROTO_TCP, HERE, 40000, ROUTER, 631 },
    { "a printer by IPv6", LAN, IPPROTO_TCP, "fe80::5", 40000, "fe80::1", 631 },
    { "the LAN's next neighbour", GOES, IPPROTO_TCP, HERE, 40000, "172.32.0.1", 631 },
    { "no addresses", STAYS, IPPROTO_TCP, NULL, 0, NULL, 0 },
};

static KsConnectionEnd end(const char *address, uint16_t port)
{
    KsConnectionEnd made = { .port = port };

    if (address)
        g_assert_true(ks_address_parse(address, &made.address));
    return made;
}

static void add_own(GArray *own, uint32_t index, const char *address, uint8_t prefix)
{
    KsLinkAddress on_link = { .index = index, .prefix = prefix };

    g_assert_true(ks_address_parse(address, &on_link.address));
    g_array_append_val(own, on_link);
}

static void add_server(KsLock *lock, const char *address, uint8_t protocol, uint16_t port)
{
    KsAddress parsed;

    g_assert_true(ks_address_parse(address, &parsed));
    g_assert_true(ks_lock_add_server(lock, &parsed, protocol, port, KS_OPEN_TO_DAEMONS));
}

static void add_tunnel_address(KsLock *lock, const char *address)
{
    KsAddress parsed;

    g_assert_true(ks_address_parse(address, &parsed));
    g_assert_true(ks_lock_add_tunnel_address(lock, &parsed));
}

static void test_rows(const void *data)
{
    bool lan = GPOINTER_TO_INT(data);
    g_autoptr(KsLock) lock = ks_lock_new();
    g_autoptr(GArray) own = g_array_new(FALSE, FALSE, sizeof(KsLinkAddress));

    add_server(lock, SERVER, IPPROTO_UDP, 1194);
    add_server(lock, SERVER6, IPPROTO_UDP, 51820);
    add_server(lock, SERVER, IPPROTO_ESP, 0);
    add_server(lock, "198.51.100.2", IPPROTO_GRE, 0);
    add_tunnel_address(lock, INSIDE);
    add_tunnel_address(lock, INSIDE6);
    ks_lock_add_guests(lock, BRIDGE);
    if (lan)
        ks_lock_open_lan(lock, UPLINK);
    ks_lock_seal(lock);
    add_own(own, UPLINK, HERE, 24);
    add_own(own, UPLINK, HERE6, 64);
    add_own(own, UPLINK, "fe80::5", 64);
    add_own(own, TUNNEL, INSIDE, 24);
    add_own(own, BRIDGE, HOST, 16);
    add_own(own, BRIDGE, "fd17::1", 64);
    add_own(own, OTHER, "10.50.0.1", 24);

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        const Row *row = &rows[i];
        KsConnection connection = {
            .protocol = row->protocol,
            .from = end(row->from, row->from_port),
            .to = end(row->to, row->to_port),
            .answers_from = end(row->answers_from ? row->answers_from : row->to, row->to_port),
            .answers_to = end(row->answers_to ? row->answers_to : row->from, row->from_port),
        };

        if (ks_connection_may_stay(&connection, lock, own) !=
            (lan ? row->stays_on_lan : row->stays)) {
            g_test_message("%s", row->what);
            g_test_fail();
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/connection/locked", GINT_TO_POINTER(false), test_rows);
    g_test_add_data_func("/connection/lan", GINT_TO_POINTER(true), test_rows);
    return g_test_run();
}
