/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lock-states.h"

#include "namespace.h"

#include "kernel/clock.h"
#include "kernel/netfilter.h"
#include "model/exception.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define LOOPBACK_INDEX 1u

enum {
    TUNNEL_INDEX = 20,
    FIRST_CARD = 7,
    FAR_END = 100,
};

static KsAddress parse(const char *text)
{
    KsAddress address;

    g_assert_true(ks_address_parse(text, &address));
    return address;
}

static void add_server(KsLock *lock, const char *text, uint8_t protocol, uint16_t port,
                       uint32_t open_to)
{
    KsAddress address = parse(text);

    g_assert_true(ks_lock_add_server(lock, &address, protocol, port, open_to));
}

static void draw_nothing(KsLock *lock)
{
    (void) lock;
}

static void draw_servers(KsLock *lock)
{
    for (unsigned i = 0; i < 100; i++) {
        KsAddress address = { .family = AF_INET, .bytes = { 192, 0, 2, (uint8_t) i } };

        g_assert_true(ks_lock_add_server(lock, &address, i % 2 ? IPPROTO_UDP : IPPROTO_TCP,
                                         (uint16_t) (1 + i * 300), KS_OPEN_TO_ALL));
        g_assert_true(ks_lock_add_dhcp_server(lock, &address));
    }
    add_server(lock, "2001:db8::1", IPPROTO_UDP, 51820, KS_OPEN_TO_WIREGUARD);
    add_server(lock, "2001:db8::1", IPPROTO_UDP, 1194, KS_OPEN_TO_DAEMONS);
    add_server(lock, "198.51.100.1", IPPROTO_UDP, 51820, KS_OPEN_TO_WIREGUARD);
    add_server(lock, "198.51.100.1", IPPROTO_TCP, 443, KS_OPEN_TO_DAEMONS);
    ks_lock_add_people(lock, 1000, 60000);
    ks_lock_add_people(lock, 3500000, UINT32_MAX);
    ks_lock_add_wireguard_mark(lock, 0xcbca);
    ks_lock_add_port(lock, KS_SET_WIREGUARD_PORTS, 40000);
}

static void draw_tunnel(KsLock *lock)
{
    KsAddress address = parse("10.8.1.2");

    draw_servers(lock);
    ks_lock_open_interface(lock, TUNNEL_INDEX);
    ks_lock_add_tunnel_address(lock, &address);
    address = parse("fd01::2");
    ks_lock_add_tunnel_address(lock, &address);
}

/* A label has at most 63 letters. */
static void draw_names(KsLock *lock)
{
    for (unsigned length = 1; length <= 124; length++) {
        char name[128];

        memset(name, 'a' + (char) (length % 26), length);
        name[length] = '\0';
        if (length > 63)
            name[length / 2] = '.';
        g_assert_true(ks_lock_add_name(lock, name));
    }
    g_assert_true(ks_lock_add_name(lock, "vpn.example"));
    g_assert_true(ks_lock_add_name(lock, "cvpn-endpoint-0123456789abcdef0.prod.clientvpn."
                                         "eu-central-1.amazonaws.com"));
}

static void draw_lan(KsLock *lock)
{
    KsAddress address = parse("10.8.0.0");

    draw_tunnel(lock);
    ks_lock_open_lan(lock, FIRST_CARD);
    ks_lock_exclude_from_lan(lock, &address, 16);
    address = parse("172.31.255.128");
    ks_lock_exclude_from_lan(lock, &address, 25);
    address = parse("fd01:2::");
    ks_lock_exclude_from_lan(lock, &address, 32);
}

static void draw_guests(KsLock *lock)
{
    draw_tunnel(lock);
    ks_lock_add_guests(lock, FIRST_CARD + 1);
}

static void draw_hotspot(KsLock *lock)
{
    draw_tunnel(lock);
    ks_lock_add_hotspot(lock, FIRST_CARD + 1);
    ks_lock_add_translator(lock, FIRST_CARD + 2);
}

static void draw_ipsec(KsLock *lock)
{
    ks_lock_set_versions(lock, KS_SET_IPSEC, true);
    add_server(lock, "2001:db8::1", IPPROTO_UDP, 4500, KS_OPEN_TO_IPSEC);
    add_server(lock, "2001:db8::1", IPPROTO_UDP, 1701, KS_OPEN_INSIDE_IPSEC);
    add_server(lock, "2001:db8::1", IPPROTO_UDP, 1702, KS_OPEN_TO_SEVERAL);
    add_server(lock, "2001:db8::1", IPPROTO_UDP, 1703, KS_OPEN_TO_OPENVPN);
    (void) ks_lock_add_port(lock, KS_SET_OPENVPN_PORTS, 41000);
    add_server(lock, "2001:db8::1", IPPROTO_ESP, 0, KS_OPEN_TO_ALL);
    add_server(lock, "198.51.100.1", IPPROTO_ESP, 0, KS_OPEN_TO_ALL);
    add_server(lock, "198.51.100.1", IPPROTO_AH, 0, KS_OPEN_TO_ALL);
    add_server(lock, "198.51.100.1", IPPROTO_GRE, 0, KS_OPEN_TO_DAEMONS);
}

static void draw_pppoe(KsLock *lock)
{
    ks_lock_add_pppoe_peer(lock, &(KsPppoePeer){ { 2, 0, 0, 0xab, 0, 1 } });
}

static void draw_telling(KsLock *lock)
{
    ks_lock_set_versions(lock, KS_SET_TELLING, true);
}

static void draw_wrapped(KsLock *lock)
{
    ks_lock_add_interface(lock, KS_SET_WRAPPING_UPLINKS, FIRST_CARD);
    ks_lock_add_interface(lock, KS_SET_RELAYING_UPLINKS, FIRST_CARD + 1);
}

static void add_by(KsLock *lock, uint32_t by, bool incoming, const char *to, const char *protocol,
                   const char *ports, uint32_t seconds)
{
    KsException what = { .incoming = incoming };

    g_assert_true(ks_exception_read_to(to, &what));
    g_assert_true(ks_exception_read_protocol(protocol, &what));
    g_assert_true(ks_exception_read_ports(ports, &what));
    g_assert_true(ks_lock_add_exception(
        lock, &what, seconds > 0 ? (uint32_t) (ks_clock_now() / 1000000) + seconds : 0, by));
}

static void add(KsLock *lock, bool incoming, const char *to, const char *protocol,
                const char *ports, uint32_t seconds)
{
    add_by(lock, 0, incoming, to, protocol, ports, seconds);
}

static void add_exception(KsLock *lock, const char *to, const char *protocol, const char *ports,
                          uint32_t seconds)
{
    add(lock, false, to, protocol, ports, seconds);
}

static void draw_services(KsLock *lock)
{
    add(lock, true, "0.0.0.0/0", "tcp", "443", 0);
    add(lock, true, "::/0", "tcp", "443", 0);
    add(lock, true, "192.168.0.0/16", "udp", "1714-1764", 0);
    add(lock, true, "203.0.113.9", "tcp", "22", 3600);
    add(lock, true, "2001:db8:113::/48", "tcp", "1-65535", 3600);
    add_by(lock, FIRST_CARD, true, "198.18.0.0/16", "udp", "22", 0);
    add_by(lock, FIRST_CARD + 1, true, "198.18.0.0/16", "udp", "20-30", 3600);
    add_by(lock, FIRST_CARD, true, "2001:db8:114::/48", "udp", "22", 0);
}

static void draw_exceptions(KsLock *lock)
{
    add_exception(lock, "192.168.7.1", "", "", 0);
    add_exception(lock, "fd77::/64", "", "", 0);
    add_exception(lock, "203.0.113.0/24", "tcp", "443", 0);
    add_exception(lock, "203.0.113.9", "udp", "7-9", 3600);
    add_exception(lock, "2001:db8:113::9", "icmp", "", 3600);
    add_by(lock, FIRST_CARD, false, "198.18.0.0/16", "udp", "22", 0);
    add_by(lock, FIRST_CARD + 1, false, "198.18.0.0/16", "udp", "20-30", 3600);
    add_by(lock, FIRST_CARD, false, "2001:db8:114::/48", "", "", 3600);
}

static void draw_all(KsLock *lock)
{
    draw_lan(lock);
    draw_guests(lock);
    draw_hotspot(lock);
    draw_ipsec(lock);
    draw_pppoe(lock);
    draw_wrapped(lock);
    draw_telling(lock);
    draw_exceptions(lock);
    draw_services(lock);
    draw_names(lock);
}

const KsLockState ks_lock_states[] = {
    { "nothing", draw_nothing, 0 }, { "servers", draw_servers, 0 },
    { "tunnel", draw_tunnel, 0 },   { "names", draw_names, 0 },
    { "lan", draw_lan, 0 },         { "guests", draw_guests, 0 },
    { "hotspot", draw_hotspot, 0 }, { "ipsec", draw_ipsec, 0 },
    { "pppoe", draw_pppoe, 0 },     { "wrapped", draw_wrapped, 0 },
    { "all", draw_all, 0 },         { "pause", draw_all, 3600000 },
    { "telling", draw_telling, 0 }, { "exceptions", draw_exceptions, 0 },
};
const unsigned ks_lock_states_count = G_N_ELEMENTS(ks_lock_states);

GArray *ks_lock_states_make_uplinks(void)
{
    static const struct {
        const char *name;
        KsUplinkForm form;
    } cards[] = {
        { "cable0", KS_UPLINK_ETHERNET }, { "hotspot0", KS_UPLINK_HOTSPOT },
        { "wwan0", KS_UPLINK_BARE },      { "other0", KS_UPLINK_OTHER },
        { "macsec0", KS_UPLINK_WRAPPED },
    };
    GArray *uplinks = g_array_new(FALSE, FALSE, sizeof(KsUplink));
    KsUplink loopback = { .index = LOOPBACK_INDEX, .name = "lo", .form = KS_UPLINK_LOOPBACK };

    g_array_append_val(uplinks, loopback);
    for (unsigned i = 0; i < G_N_ELEMENTS(cards); i++) {
        KsUplink uplink = { .index = FIRST_CARD + i, .form = cards[i].form };
        g_autofree char *command =
            g_strdup_printf("ip link add %s index %u type veth peer name far%u index %u",
                            cards[i].name, uplink.index, i, uplink.index + FAR_END);

        g_free(namespace_command(command));
        g_strlcpy(uplink.name, cards[i].name, sizeof(uplink.name));
        g_array_append_val(uplinks, uplink);
    }
    return uplinks;
}

bool ks_lock_states_kernel_takes_names(void)
{
    KsNetfilter *netfilter;
    bool taken;

    g_assert_cmpint(ks_netfilter_open(&netfilter), ==, 0);
    taken = ks_netfilter_takes_names(netfilter);
    ks_netfilter_close(netfilter);
    return taken;
}

bool ks_lock_states_nft_takes_names(const char *nft)
{
    g_autofree char *command = g_strdup_printf("%s --version", nft);
    g_autofree char *version = namespace_command(command);
    unsigned numbers[3] = { 0 };

    /* NOLINTNEXTLINE(cert-err34-c): how many there were is looked at, and they are small */
    if (sscanf(version, "nftables v%u.%u.%u", &numbers[0], &numbers[1], &numbers[2]) != 3)
        g_error("nft does not say its version: %s", version);
    /* 1.1.6 is the first that needs libnftnl 1.3.1 */
    return numbers[0] > 1 ||
           (numbers[0] == 1 && (numbers[1] > 1 || (numbers[1] == 1 && numbers[2] >= 6)));
}
