/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel tells of a WireGuard link, and what it never would. */
#include "kernel/wireguard.h"

#include <netinet/in.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <string.h>

#define LINK 7u

static struct nlmsghdr *begin(void *buffer)
{
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

    (void) mnl_nlmsg_put_extra_header(message, sizeof(struct genlmsghdr));
    return message;
}

static void put_endpoint(struct nlmsghdr *message, const void *endpoint, size_t size)
{
    struct nlattr *peer = mnl_attr_nest_start(message, 0);

    mnl_attr_put(message, WGPEER_A_ENDPOINT, size, endpoint);
    mnl_attr_nest_end(message, peer);
}

static GArray *endpoints_new(void)
{
    return g_array_new(FALSE, FALSE, sizeof(KsWireguardEndpoint));
}

static void test_device(void)
{
    g_autoptr(GArray) endpoints = endpoints_new();
    uint8_t buffer[2048] = { 0 };
    struct nlmsghdr *message = begin(buffer);
    struct sockaddr_in address4 = { .sin_family = AF_INET, .sin_port = htons(51820) };
    struct sockaddr_in6 address6 = { .sin6_family = AF_INET6, .sin6_port = htons(1) };
    KsLink link = { .index = LINK };
    struct nlattr *peers;
    const KsWireguardEndpoint *first;

    address4.sin_addr.s_addr = htonl(0xc6336401);
    address6.sin6_addr.s6_addr[0] = 0x20;
    mnl_attr_put_u16(message, WGDEVICE_A_LISTEN_PORT, 40000);
    mnl_attr_put_u32(message, WGDEVICE_A_FWMARK, 0xcbca);
    peers = mnl_attr_nest_start(message, WGDEVICE_A_PEERS);
    put_endpoint(message, &address4, sizeof(address4));
    put_endpoint(message, &address6, sizeof(address6));
    mnl_attr_nest_end(message, peers);

    ks_wireguard_take(message, &link, endpoints);
    g_assert_cmpuint(link.port, ==, 40000);
    g_assert_cmpuint(link.mark, ==, 0xcbca);
    g_assert_cmpuint(endpoints->len, ==, 2);
    first = &g_array_index(endpoints, KsWireguardEndpoint, 0);
    g_assert_cmpuint(first->index, ==, LINK);
    g_assert_cmpuint(first->port, ==, 51820);
    g_assert_cmpmem(first->address.bytes, 4, "\xc6\x33\x64\x01", 4);
    g_assert_cmpint(g_array_index(endpoints, KsWireguardEndpoint, 1).address.family, ==, AF_INET6);
}

static void put_peer(struct nlmsghdr *message, uint64_t sent, uint64_t received, uint16_t keepalive)
{
    struct nlattr *peer = mnl_attr_nest_start(message, 0);

    mnl_attr_put_u16(message, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, keepalive);
    mnl_attr_put_u64(message, WGPEER_A_TX_BYTES, sent);
    mnl_attr_put_u64(message, WGPEER_A_RX_BYTES, received);
    mnl_attr_nest_end(message, peer);
}

/* Of two peers, the second of which goes on in a message of its own, as one with many networks. */
static void test_traffic(void)
{
    g_autoptr(GArray) endpoints = endpoints_new();
    uint8_t buffer[2048] = { 0 };
    struct nlmsghdr *message = begin(buffer);
    struct nlattr *peers = mnl_attr_nest_start(message, WGDEVICE_A_PEERS);
    KsLink link = { .index = LINK };

    put_peer(message, 1000, 10, 0);
    put_peer(message, 2000, 20, 25);
    mnl_attr_nest_end(message, peers);
    ks_wireguard_take(message, &link, endpoints);
    message = begin(buffer);
    peers = mnl_attr_nest_start(message, WGDEVICE_A_PEERS);
    mnl_attr_nest_end(message, mnl_attr_nest_start(message, 0));
    mnl_attr_nest_end(message, peers);
    ks_wireguard_take(message, &link, endpoints);
    g_assert_cmpuint(link.traffic.peers, ==, 2);
    g_assert_cmpuint(link.traffic.sent, ==, 3000);
    g_assert_cmpuint(link.traffic.received, ==, 30);
    g_assert_cmpuint(link.traffic.keepers, ==, 1);
    g_assert_cmpuint(link.traffic.keepalives, ==, 1280);
}

/* Sizes, families and addresses that are not valid. */
static void test_odd(void)
{
    static const size_t sizes[] = { 0, 1, 2, 8, 15, 16, 27, 28, 64 };
    static const sa_family_t families[] = { AF_UNSPEC, AF_INET, AF_INET6, AF_UNIX, 0xffff };
    g_autoptr(GArray) endpoints = endpoints_new();
    uint8_t buffer[2048] = { 0 };
    KsLink link = { .index = LINK };

    for (unsigned i = 0; i < G_N_ELEMENTS(sizes) * G_N_ELEMENTS(families); i++) {
        sa_family_t family = families[i % G_N_ELEMENTS(families)];
        struct nlmsghdr *message = begin(buffer);
        struct nlattr *peers = mnl_attr_nest_start(message, WGDEVICE_A_PEERS);
        uint8_t endpoint[64] = { 0 }; /* nobody's address, port 0 */

        memcpy(endpoint, &family, sizeof(family));
        put_endpoint(message, endpoint, sizes[i / G_N_ELEMENTS(families)]);
        mnl_attr_nest_end(message, peers);
        mnl_attr_put_u8(message, WGDEVICE_A_LISTEN_PORT, 1);
        mnl_attr_put_u8(message, WGDEVICE_A_FWMARK, 1);
        ks_wireguard_take(message, &link, endpoints);
    }
    g_assert_cmpuint(endpoints->len, ==, 0);
    g_assert_cmpuint(link.port, ==, 0);
    g_assert_cmpuint(link.mark, ==, 0);
}

static void test_many(void)
{
    g_autoptr(GArray) endpoints = endpoints_new();
    uint8_t buffer[2048] = { 0 };
    struct nlmsghdr *message = begin(buffer);
    struct nlattr *peers = mnl_attr_nest_start(message, WGDEVICE_A_PEERS);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(51820) };
    KsLink link = { .index = LINK };

    address.sin_addr.s_addr = htonl(0xc6336401);
    for (unsigned i = 0; i < 40; i++)
        put_endpoint(message, &address, sizeof(address));
    mnl_attr_nest_end(message, peers);
    for (unsigned i = 0; i < 1000; i++)
        ks_wireguard_take(message, &link, endpoints);
    g_assert_cmpuint(endpoints->len, <=, 4096);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wireguard/device", test_device);
    g_test_add_func("/wireguard/traffic", test_traffic);
    g_test_add_func("/wireguard/odd", test_odd);
    g_test_add_func("/wireguard/many", test_many);
    return g_test_run();
}
