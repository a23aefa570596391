/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel tells of an OpenVPN link, and what it never would. */
#include "kernel/openvpn.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <string.h>

#define LINK 7u

/* linux/ovpn.h, Linux 6.16 */
enum { IFINDEX = 1, PEER };
enum {
    ID = 1,
    REMOTE_IPV4,
    REMOTE_IPV6,
    SCOPE,
    REMOTE_PORT,
    NETNSID = 7,
    LOCAL_IPV4 = 10,
    LOCAL_PORT = 12
};

typedef struct {
    const char *remote; /* NULL: over TCP */
    uint16_t port;
    uint16_t from;
    bool elsewhere;
} Told;

static struct nlmsghdr *begin(void *buffer)
{
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

    (void) mnl_nlmsg_put_extra_header(message, sizeof(struct genlmsghdr));
    return message;
}

/* In the order of drivers/net/ovpn/netlink.c, ovpn_nl_send_peer(). */
static void put_peer(struct nlmsghdr *message, const Told *told)
{
    struct nlattr *peer = mnl_attr_nest_start(message, PEER);
    KsAddress address;

    if (told->elsewhere)
        mnl_attr_put_u32(message, NETNSID, 3);
    mnl_attr_put_u32(message, ID, 1);
    if (told->remote) {
        g_assert_true(ks_address_parse(told->remote, &address));
        mnl_attr_put(message, address.family == AF_INET ? REMOTE_IPV4 : REMOTE_IPV6,
                     ks_address_size(&address), address.bytes);
        if (address.family == AF_INET6)
            mnl_attr_put_u32(message, SCOPE, 0);
        mnl_attr_put_u16(message, REMOTE_PORT, htons(told->port));
    }
    mnl_attr_put_u16(message, LOCAL_PORT, htons(told->from));
    mnl_attr_nest_end(message, peer);
}

static GArray *take(const Told *told)
{
    GArray *peers = g_array_new(FALSE, FALSE, sizeof(KsOpenvpnPeer));
    uint8_t buffer[2048] = { 0 };
    struct nlmsghdr *message = begin(buffer);

    put_peer(message, told);
    ks_openvpn_take(message, LINK, peers);
    return peers;
}

static void test_peers(void)
{
    static const struct {
        Told told;
        bool taken;
    } rows[] = {
        { { "198.51.100.1", 1194, 38671, false }, true },
        { { "2001:db8::1", 443, 1, false }, true },
        { { NULL, 0, 38671, false }, false },
        { { "198.51.100.1", 1194, 38671, true }, false },
        { { "198.51.100.1", 0, 38671, false }, false },
        { { "198.51.100.1", 1194, 0, false }, false },
        { { "255.255.255.255", 1194, 38671, false }, false },
        { { "ff02::1", 1194, 38671, false }, false },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GArray) peers = take(&rows[i].told);
        const KsOpenvpnPeer *peer = (const KsOpenvpnPeer *) peers->data;
        char text[KS_ADDRESS_TEXT_SIZE];

        g_test_message("row %u", i);
        g_assert_cmpuint(peers->len, ==, rows[i].taken);
        if (!rows[i].taken)
            continue;
        g_assert_cmpuint(peer->index, ==, LINK);
        g_assert_cmpstr(ks_address_text(&peer->address, text), ==, rows[i].told.remote);
        g_assert_cmpuint(peer->port, ==, rows[i].told.port);
        g_assert_cmpuint(peer->from, ==, rows[i].told.from);
    }
}

/* Each attribute of each length. */
static void test_odd(void)
{
    g_autoptr(GArray) peers = g_array_new(FALSE, FALSE, sizeof(KsOpenvpnPeer));

    for (unsigned i = 0; i < 20 * 20; i++) {
        uint8_t buffer[2048] = { 0 };
        uint8_t value[20];
        struct nlmsghdr *message = begin(buffer);
        struct nlattr *peer = mnl_attr_nest_start(message, PEER);

        memset(value, 0x20, sizeof(value));
        mnl_attr_put(message, (uint16_t) (i / 20), i % 20, value);
        mnl_attr_nest_end(message, peer);
        mnl_attr_put(message, PEER, i % 20, value);
        ks_openvpn_take(message, LINK, peers);
    }
    g_assert_cmpuint(peers->len, ==, 0);
}

static void test_many(void)
{
    g_autoptr(GArray) peers = g_array_new(FALSE, FALSE, sizeof(KsOpenvpnPeer));

    for (unsigned i = 0; i < 2000; i++) {
        uint8_t buffer[2048] = { 0 };
        struct nlmsghdr *message = begin(buffer);

        put_peer(message, &(Told){ "198.51.100.1", 1194, 38671, false });
        ks_openvpn_take(message, LINK, peers);
    }
    g_assert_cmpuint(peers->len, ==, 1024);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/openvpn-peers/told", test_peers);
    g_test_add_func("/openvpn-peers/odd", test_odd);
    g_test_add_func("/openvpn-peers/many", test_many);
    return g_test_run();
}
