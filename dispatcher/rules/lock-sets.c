/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/dns-name.h"
#include "rules/exception-sets.h"
#include "rules/lock-table.h"
#include "rules/reports.h"
#include "rules/steps.h"

/* clang-format off */
/* LAN access never means "what the interface says is local": a rogue network would then name the
 * whole internet local (TunnelCrack, CVE-2023-36672). */
static const KsConstantElement lan4[] = {
    { { 0 }, RANGE_END },
    { { 10 }, 0 }, /* 10.0.0.0/8, RFC 1918 */
    { { 11 }, RANGE_END },
    { { 169, 254 }, 0 }, /* 169.254.0.0/16, RFC 3927 */
    { { 169, 255 }, RANGE_END },
    { { 172, 16 }, 0 }, /* 172.16.0.0/12, RFC 1918 */
    { { 172, 32 }, RANGE_END },
    { { 192, 168 }, 0 }, /* 192.168.0.0/16, RFC 1918 */
    { { 192, 169 }, RANGE_END },
    { { 224 }, 0 }, /* 224.0.0.0/24, never forwarded: mDNS, LLMNR (RFC 5771) */
    { { 224, 0, 1 }, RANGE_END },
    { { 239 }, 0 }, /* 239.0.0.0/8, administratively scoped: SSDP, WS-Discovery (RFC 2365) */
    { { 240 }, RANGE_END },
    { { 255, 255, 255, 255 }, 0 },
};

static const KsConstantElement lan6[] = {
    { { 0 }, RANGE_END },
    { { 0xfc }, 0 }, /* fc00::/7, RFC 4193 */
    { { 0xfe }, RANGE_END },
    { { 0xfe, 0x80 }, 0 }, /* fe80::/10, RFC 4291 */
    { { 0xfe, 0xc0 }, RANGE_END },
    { { 0xff, 0x02 }, 0 }, /* ff02::/16, link-local multicast */
    { { 0xff, 0x03 }, RANGE_END },
    { { 0xff, 0x05 }, 0 }, /* ff05::/16, site-local multicast */
    { { 0xff, 0x06 }, RANGE_END },
};

/* DNS and DNS over TLS or QUIC: a router that answers names tells the provider each of them. */
static const KsConstantElement resolver_ports[] = {
    { { IPPROTO_TCP, 0, 0, 0, 0, 53 }, 0 },
    { { IPPROTO_UDP, 0, 0, 0, 0, 53 }, 0 },
    { { IPPROTO_TCP, 0, 0, 0, 853 >> 8, 853 & 0xff }, 0 },
    { { IPPROTO_UDP, 0, 0, 0, 853 >> 8, 853 & 0xff }, 0 },
};

/* UDP services that wait for anyone who comes: all below 1024 but IKE (RFC 7296, 2), and those of
 * local networks. What VPN programs send from is above, or theirs alone. */
static const KsConstantElement service_ports[] = {
    { { 0 }, RANGE_END },
    { { 0, 1 }, 0 },
    { { 500 >> 8, 500 & 0xff }, RANGE_END },
    { { 501 >> 8, 501 & 0xff }, 0 },
    { { 1024 >> 8, 1024 & 0xff }, RANGE_END },
    { { 1900 >> 8, 1900 & 0xff }, 0 }, /* SSDP */
    { { 1901 >> 8, 1901 & 0xff }, RANGE_END },
    { { 3702 >> 8, 3702 & 0xff }, 0 }, /* WS-Discovery */
    { { 3703 >> 8, 3703 & 0xff }, RANGE_END },
    { { 5353 >> 8, 5353 & 0xff }, 0 }, /* mDNS, RFC 6762 */
    { { 5354 >> 8, 5354 & 0xff }, RANGE_END },
    { { 5355 >> 8, 5355 & 0xff }, 0 }, /* LLMNR, RFC 4795 */
    { { 5356 >> 8, 5356 & 0xff }, RANGE_END },
};

/* A and AAAA, class IN. */
static const KsConstantElement question_types[] = {
    { { 0, 1, 0, 1 }, 0 },
    { { 0, 28, 0, 1 }, 0 },
};

/* The WireGuard paper, 5.4: the type of a message, and three bytes that are zero. */
static const KsConstantElement wireguard_messages[] = {
    { { 1 }, 0 }, /* initiation */
    { { 2 }, 0 }, /* response */
    { { 3 }, 0 }, /* cookie */
    { { 4 }, 0 }, /* data, and keepalives */
};

/* What WireGuard says by itself: UDP's length, and the message (keepalives are empty data). */
static const KsConstantElement wireguard_upkeep[] = {
    { { 0, 8 + 148, 0, 0, 1 }, 0 },
    { { 0, 8 + 92, 0, 0, 2 }, 0 },
    { { 0, 8 + 64, 0, 0, 3 }, 0 },
    { { 0, 8 + 32, 0, 0, 4 }, 0 },
};

/* Groups that reports of link upkeep name: solicited nodes (RFC 4291, 2.7.1), and what stands in
 * the same packets on usual machines: routers, SSDP, snooping bridges, mDNS, DHCPv6, LLMNR. */
static const KsConstantElement link_groups[] = {
    { { 0 }, RANGE_END },
    { { 0xff, 2, [15] = 2 }, 0 },
    { { 0xff, 2, [15] = 3 }, RANGE_END },
    { { 0xff, 2, [15] = 0x0c }, 0 },
    { { 0xff, 2, [15] = 0x0d }, RANGE_END },
    { { 0xff, 2, [15] = 0x6a }, 0 },
    { { 0xff, 2, [15] = 0x6b }, RANGE_END },
    { { 0xff, 2, [15] = 0xfb }, 0 },
    { { 0xff, 2, [15] = 0xfc }, RANGE_END },
    { { 0xff, 2, [13] = 1, [15] = 2 }, 0 },
    { { 0xff, 2, [13] = 1, [15] = 4 }, RANGE_END },
    { { 0xff, 2, [11] = 1, [12] = 0xff }, 0 },
    { { 0xff, 2, [11] = 2 }, RANGE_END },
    { { 0xff, 5, [15] = 2 }, 0 },
    { { 0xff, 5, [15] = 3 }, RANGE_END },
    { { 0xff, 5, [15] = 0x0c }, 0 },
    { { 0xff, 5, [15] = 0x0d }, RANGE_END },
};

/* Records of a report that names no sources, and what stands behind the IPv6 header then: a router
 * alert, eight bytes, and twenty a record. */
#define REPORT_LENGTH(records) \
    { { (16 + 20 * (records)) >> 8, (16 + 20 * (records)) & 0xff, 0, 0, 0, (records) }, 0 }
static const KsConstantElement report_lengths[] = {
    REPORT_LENGTH(1), REPORT_LENGTH(2),  REPORT_LENGTH(3),  REPORT_LENGTH(4),  REPORT_LENGTH(5),
    REPORT_LENGTH(6), REPORT_LENGTH(7),  REPORT_LENGTH(8),  REPORT_LENGTH(9),  REPORT_LENGTH(10),
    REPORT_LENGTH(11), REPORT_LENGTH(12), REPORT_LENGTH(13),
};
G_STATIC_ASSERT(G_N_ELEMENTS(report_lengths) == REPORT_RECORDS_MAX);

/* clang-format on */

/* What becomes of a packet to or from a server, by the bits of KS_OPEN_TO_*. */
static const KsVerdict server_verdicts[] = {
    { NFT_RETURN, 0 },
    [KS_OPEN_TO_ALL] = { NF_ACCEPT, 0 },
    [KS_OPEN_TO_DAEMONS] = { NFT_JUMP, KS_CHAIN_FROM_DAEMON },
    [KS_OPEN_TO_WIREGUARD] = { NFT_JUMP, KS_CHAIN_FROM_WIREGUARD },
    [KS_OPEN_TO_IPSEC] = { NFT_JUMP, KS_CHAIN_FROM_IPSEC },
    [KS_OPEN_INSIDE_IPSEC] = { NFT_JUMP, KS_CHAIN_INSIDE_IPSEC },
    [KS_OPEN_TO_OPENVPN] = { NFT_JUMP, KS_CHAIN_FROM_OPENVPN },
    [KS_OPEN_TO_SEVERAL] = { NFT_JUMP, KS_CHAIN_FROM_SEVERAL },
    [KS_OPEN_TO_SEVERAL_AND_IPSEC] = { NFT_JUMP, KS_CHAIN_FROM_SEVERAL_AND_IPSEC },
};

#define SOURCE_PORTS(set, named, says)                                             \
    .keys = (set), .name = (named), .comment = (says), .nft_type = "inet_service", \
    .key_type = TYPE_INET_SERVICE, .key_length = 2, .size = KS_LOCK_INTERFACES_MAX

/* Four numbers of 16 bytes, from any place. */
#define NAME_PIECES "@th,160,128 . @th,288,128 . @th,416,128 . @th,544,128"
#define NAME_FIELDS                                                                \
    {                                                                              \
        RAW_TRANSPORT(160, 128), RAW_TRANSPORT(288, 128), RAW_TRANSPORT(416, 128), \
            RAW_TRANSPORT(544, 128),                                               \
    }
#define TYPE_OF_NAMES CONCAT(CONCAT3(TYPE_INTEGER, TYPE_INTEGER, TYPE_INTEGER), TYPE_INTEGER)

/* Questions under way. A program that asks for VPN servers' names all the time fills this up, and
 * others then wait up to KS_ASKED_MS; the kernel's memory is bounded. */
#define ASKED_MAX 16384u

/* Users whose refused questions are counted once; others' count each. */
#define COUNTED_MAX 1024u
#define REMEMBERED_KEY(bytes)                               \
    .holds = KS_SET_HOLDS_QUESTIONS, .key_length = (bytes), \
    .flags = NFT_SET_TIMEOUT | NFT_SET_EVAL, .size = COUNTED_MAX
#define REMEMBERED REMEMBERED_KEY(8)

#define OF_VERSIONS .nft_type = "nf_proto", .key_type = TYPE_NFPROTO, .key_length = 1

#define INTERFACES(id, called, text)            \
    [id] = {                                    \
        .keys = (id),                           \
        .name = (called),                       \
        .comment = text ": index ^ 2000000000", \
        .nft_type = "iface_index",              \
        .holds_indices = true,                  \
        .key_type = TYPE_IFACE_INDEX,           \
        .key_length = 4,                        \
        .size = KS_LOCK_INTERFACES_MAX,         \
        .host_order = true,                     \
    }

#define PIECES(id, called, text)    \
    [id] = {                        \
        .keys = (id),               \
        .name = (called),           \
        .comment = (text),          \
        .nft_type = NAME_PIECES,    \
        .fields = NAME_FIELDS,      \
        .key_type = TYPE_OF_NAMES,  \
        .key_length = KS_DNS_PIECE, \
    }

const KsSetDefinition ks_lock_sets[KS_NFT_SET_MAX] = {
    INTERFACES(KS_SET_OPEN_INTERFACES, "open_interfaces", "loopback, and tunnels that are up"),
    INTERFACES(KS_SET_LAN_INTERFACES, "lan_interfaces", "where LAN access is on"),
    INTERFACES(KS_SET_GUEST_INTERFACES, "guest_interfaces", "of containers and virtual machines"),
    INTERFACES(KS_SET_HOTSPOT_INTERFACES, "hotspot_interfaces", "of a hotspot's users"),
    INTERFACES(KS_SET_TRANSLATORS, "translators", "make IPv6 of IPv4"),
    [KS_SET_SERVERS4] = {
        .keys = KS_SET_SERVERS4,
        .name = "servers4",
        .comment = "VPN servers, and whose packets may go there",
        .nft_type = "ipv4_addr . inet_proto . inet_service : verdict",
        .key_type = CONCAT(CONCAT(TYPE_IPV4_ADDR, TYPE_INET_PROTO), TYPE_INET_SERVICE),
        .key_length = 12,
        .flags = NFT_SET_MAP,
        .data = KS_DATA_VERDICT,
        .verdicts = server_verdicts,
        .verdicts_count = G_N_ELEMENTS(server_verdicts),
    },
    [KS_SET_SERVERS6] = {
        .keys = KS_SET_SERVERS6,
        .name = "servers6",
        .comment = "VPN servers, and whose packets may go there",
        .nft_type = "ipv6_addr . inet_proto . inet_service : verdict",
        .key_type = CONCAT(CONCAT(TYPE_IPV6_ADDR, TYPE_INET_PROTO), TYPE_INET_SERVICE),
        .key_length = 24,
        .flags = NFT_SET_MAP,
        .data = KS_DATA_VERDICT,
        .verdicts = server_verdicts,
        .verdicts_count = G_N_ELEMENTS(server_verdicts),
    },
    [KS_SET_DHCP_SERVERS] = {
        .keys = KS_SET_DHCP_SERVERS,
        .name = "dhcp_servers",
        .comment = "everybody, and who gave a lease",
        .nft_type = "ipv4_addr",
        .key_type = TYPE_IPV4_ADDR,
        .key_length = 4,
    },
    [KS_SET_TUNNEL_ROUTES4] = {
        .keys = KS_SET_TUNNEL_ROUTES4,
        .name = "tunnel_routes4",
        .comment = "networks that the VPN leads to",
        .nft_type = "ipv4_addr",
        .key_type = TYPE_IPV4_ADDR,
        .key_length = 4,
        .flags = NFT_SET_INTERVAL,
    },
    [KS_SET_TUNNEL_ROUTES6] = {
        .keys = KS_SET_TUNNEL_ROUTES6,
        .name = "tunnel_routes6",
        .comment = "networks that the VPN leads to",
        .nft_type = "ipv6_addr",
        .key_type = TYPE_IPV6_ADDR,
        .key_length = 16,
        .flags = NFT_SET_INTERVAL,
    },
    [KS_SET_TUNNEL_ADDRESSES4] = {
        .keys = KS_SET_TUNNEL_ADDRESSES4,
        .name = "tunnel_addresses4",
        .comment = "this machine's addresses in tunnels",
        .nft_type = "ipv4_addr",
        .key_type = TYPE_IPV4_ADDR,
        .key_length = 4,
        .size = KS_LOCK_ADDRESSES_MAX,
    },
    [KS_SET_TUNNEL_ADDRESSES6] = {
        .keys = KS_SET_TUNNEL_ADDRESSES6,
        .name = "tunnel_addresses6",
        .comment = "this machine's addresses in tunnels",
        .nft_type = "ipv6_addr",
        .key_type = TYPE_IPV6_ADDR,
        .key_length = 16,
        .size = KS_LOCK_ADDRESSES_MAX,
    },
    [KS_SET_PROTOCOLS4] = {
        .keys = KS_SET_PROTOCOLS4,
        .name = "protocols4",
        .comment = "VPN servers by protocols without ports",
        .nft_type = "ipv4_addr . inet_proto : verdict",
        .key_type = CONCAT(TYPE_IPV4_ADDR, TYPE_INET_PROTO),
        .key_length = 8,
        .flags = NFT_SET_MAP,
        .data = KS_DATA_VERDICT,
        .verdicts = server_verdicts,
        .verdicts_count = G_N_ELEMENTS(server_verdicts),
    },
    [KS_SET_PROTOCOLS6] = {
        .keys = KS_SET_PROTOCOLS6,
        .name = "protocols6",
        .comment = "VPN servers by protocols without ports",
        .nft_type = "ipv6_addr . inet_proto : verdict",
        .key_type = CONCAT(TYPE_IPV6_ADDR, TYPE_INET_PROTO),
        .key_length = 20,
        .flags = NFT_SET_MAP,
        .data = KS_DATA_VERDICT,
        .verdicts = server_verdicts,
        .verdicts_count = G_N_ELEMENTS(server_verdicts),
    },
    [KS_SET_PEOPLE] = {
        .keys = KS_SET_PEOPLE,
        .name = "people",
        .comment = "users who are people",
        .nft_type = "uid",
        .key_type = TYPE_UID,
        .key_length = 4,
        .flags = NFT_SET_INTERVAL,
        .host_order = true,
    },
    [KS_SET_WIREGUARD_MARKS] = {
        .keys = KS_SET_WIREGUARD_MARKS,
        .name = "wireguard_marks",
        .comment = "marks of WireGuard tunnels",
        .nft_type = "mark",
        .key_type = TYPE_MARK,
        .key_length = 4,
        .size = KS_LOCK_INTERFACES_MAX,
        .host_order = true,
    },
    [KS_SET_WIREGUARD_PORTS] = { SOURCE_PORTS(KS_SET_WIREGUARD_PORTS, "wireguard_ports",
                                              "ports of WireGuard tunnels") },
    [KS_SET_OPENVPN_PORTS] = { SOURCE_PORTS(KS_SET_OPENVPN_PORTS, "openvpn_ports",
                                            "ports of OpenVPN in the kernel") },
    /* "ipsec" is a word of nft's */
    [KS_SET_IPSEC] = { .keys = KS_SET_IPSEC, .name = "ipsec_versions", OF_VERSIONS,
                       .comment = "IP versions that IPsec carries" },
    [KS_SET_TELLING] = { .keys = KS_SET_TELLING, .name = "told_versions", OF_VERSIONS,
                         .comment = "what is told while somebody looks" },
    [KS_SET_PPPOE_PEERS] = {
        .keys = KS_SET_PPPOE_PEERS,
        .name = "pppoe_peers",
        .comment = "providers that this machine has a PPPoE session with",
        .nft_type = "ether_addr",
        .key_type = TYPE_ETHER_ADDR,
        .key_length = 6,
        .size = KS_PPPOE_PEERS_MAX,
    },
    [KS_NFT_SET_WIREGUARD_MESSAGES] = {
        .name = "wireguard_messages",
        .comment = "how WireGuard's messages begin",
        .nft_type = "@th,64,32",
        .fields = { RAW_TRANSPORT(64, 32) },
        .key_type = TYPE_INTEGER,
        .key_length = 4,
        .flags = NFT_SET_CONSTANT,
        CONSTANTS(wireguard_messages, "0x1000000, 0x2000000, 0x3000000, 0x4000000"),
    },
    [KS_NFT_SET_WIREGUARD_UPKEEP] = {
        .name = "wireguard_upkeep",
        .comment = "handshakes and keepalives: length and beginning",
        .nft_type = "udp length . @th,64,32",
        .fields = { UDP_LENGTH_FIELD, RAW_TRANSPORT(64, 32) },
        .key_type = CONCAT(TYPE_INTEGER, TYPE_INTEGER),
        .key_length = 8,
        .flags = NFT_SET_CONSTANT,
        CONSTANTS(wireguard_upkeep,
                  "156 . 0x1000000, 100 . 0x2000000, 72 . 0x3000000, 40 . 0x4000000"),
    },
    [KS_NFT_SET_LINK_GROUPS] = {
        .name = "link_groups",
        .comment = "groups that link upkeep needs",
        .nft_type = "@th,96,128",
        .fields = { RAW_TRANSPORT(96, 128) },
        .key_type = TYPE_INTEGER,
        .key_length = 16,
        .flags = NFT_SET_CONSTANT | NFT_SET_INTERVAL,
        CONSTANTS(link_groups,
                  "0xff020000000000000000000000000002, 0xff02000000000000000000000000000c, "
                  "0xff02000000000000000000000000006a, 0xff0200000000000000000000000000fb, "
                  "0xff020000000000000000000000010002-0xff020000000000000000000000010003, "
                  "0xff0200000000000000000001ff000000-0xff0200000000000000000001ffffffff, "
                  "0xff050000000000000000000000000002, 0xff05000000000000000000000000000c"),
    },
    [KS_NFT_SET_REPORT_LENGTHS] = {
        .name = "report_lengths",
        .comment = "reports that name no sources",
        .nft_type = "ip6 length . @th,48,16",
        .fields = { IPV6_LENGTH_FIELD, RAW_TRANSPORT(48, 16) },
        .key_type = CONCAT(TYPE_INTEGER, TYPE_INTEGER),
        .key_length = 8,
        .flags = NFT_SET_CONSTANT,
        CONSTANTS(report_lengths, "36 . 0x1, 56 . 0x2, 76 . 0x3, 96 . 0x4, 116 . 0x5, 136 . 0x6, "
                                  "156 . 0x7, 176 . 0x8, 196 . 0x9, 216 . 0xa, 236 . 0xb, "
                                  "256 . 0xc, 276 . 0xd"),
    },
    PIECES(KS_SET_NAMES, "names", "VPN servers' names, as DNS writes them"),
    PIECES(KS_SET_NAME_HEADS, "name_heads", "how longer names begin"),
    PIECES(KS_SET_NAME_TAILS, "name_tails", "how longer names end"),
    [KS_SET_SERVER_ADDRESSES4] = {
        .keys = KS_SET_SERVER_ADDRESSES4,
        .name = "server_addresses4",
        .comment = "VPN servers, as an error quotes them",
        .nft_type = "@th,192,32",
        .fields = { RAW_TRANSPORT(192, 32) },
        .key_type = TYPE_INTEGER,
        .key_length = 4,
    },
    [KS_SET_SERVER_ADDRESSES6] = {
        .keys = KS_SET_SERVER_ADDRESSES6,
        .name = "server_addresses6",
        .comment = "VPN servers, as an error quotes them",
        .nft_type = "@th,256,128",
        .fields = { RAW_TRANSPORT(256, 128) },
        .key_type = TYPE_INTEGER,
        .key_length = 16,
    },
    [KS_SET_TUNNEL_TARGETS6] = {
        .keys = KS_SET_TUNNEL_TARGETS6,
        .name = "tunnel_targets6",
        .comment = "this machine's addresses in tunnels",
        .nft_type = "@th,64,32 . @th,96,32 . @th,128,32 . @th,160,32",
        .fields = { RAW_TRANSPORT(64, 32), RAW_TRANSPORT(96, 32), RAW_TRANSPORT(128, 32),
                    RAW_TRANSPORT(160, 32) },
        .key_type = CONCAT(CONCAT3(TYPE_INTEGER, TYPE_INTEGER, TYPE_INTEGER), TYPE_INTEGER),
        .key_length = 16,
        .size = KS_LOCK_ADDRESSES_MAX,
    },
    [KS_SET_QUESTION_LENGTHS] = {
        .keys = KS_SET_QUESTION_LENGTHS,
        .name = "question_lengths",
        .comment = "lengths of questions for VPN servers' names",
        .nft_type = "meta nfproto . meta length . udp length",
        .fields = { META_FIELD(NFPROTO), META_FIELD(LEN), UDP_LENGTH_FIELD },
        .key_type = CONCAT3(TYPE_NFPROTO, TYPE_INTEGER, TYPE_INTEGER),
        .key_length = 12,
    },
    [KS_SET_TUNNEL_SENDERS4] = {
        .keys = KS_SET_TUNNEL_SENDERS4,
        .name = "tunnel_senders4",
        .comment = "this machine's addresses in tunnels",
        .nft_type = "@ll,224,32",
        .fields = { RAW_LINK(224, 32) },
        .key_type = TYPE_INTEGER,
        .key_length = 4,
        .size = KS_LOCK_ADDRESSES_MAX,
    },
    [KS_SET_FRAGMENTS4] = {
        .keys = KS_SET_FRAGMENTS4,
        .name = "fragments4",
        .comment = "VPN servers that fragments may go to",
        .nft_type = "@nh,128,32 . meta l4proto",
        .fields = { RAW_NETWORK(128, 32), META_FIELD(L4PROTO) },
        .key_type = CONCAT(TYPE_INTEGER, TYPE_INET_PROTO),
        .key_length = 8,
    },
    [KS_SET_FRAGMENTS6] = {
        .keys = KS_SET_FRAGMENTS6,
        .name = "fragments6",
        .comment = "VPN servers that fragments may go to",
        .nft_type = "@nh,192,128 . meta l4proto",
        .fields = { RAW_NETWORK(192, 128), META_FIELD(L4PROTO) },
        .key_type = CONCAT(TYPE_INTEGER, TYPE_INET_PROTO),
        .key_length = 20,
    },
    EXCEPTION_SETS,
    INTERFACES(KS_SET_WRAPPING_UPLINKS, "wrapping_uplinks", "cards below a link that wraps frames"),
    INTERFACES(KS_SET_RELAYING_UPLINKS, "relaying_uplinks", "cards of a ring or a mesh"),
    [KS_NFT_SET_PAUSE] = {
        .holds = KS_SET_HOLDS_PAUSE,
        .name = "pause",
        .comment = "while paused: ends by itself",
        .nft_type = "nf_proto",
        .key_type = TYPE_NFPROTO,
        .key_length = 1,
        .flags = NFT_SET_TIMEOUT,
        .host_order = true,
        .versions = { NFPROTO_IPV4, NFPROTO_IPV6 },
    },
    [KS_NFT_SET_LAN4] = {
        .name = "lan4",
        .comment = "local networks' addresses",
        .nft_type = "ipv4_addr",
        .key_type = TYPE_IPV4_ADDR,
        .key_length = 4,
        .flags = NFT_SET_CONSTANT | NFT_SET_INTERVAL,
        CONSTANTS(lan4, "10.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16, "
                        "224.0.0.0/24, 239.0.0.0/8, 255.255.255.255"),
    },
    [KS_NFT_SET_LAN6] = {
        .name = "lan6",
        .comment = "local networks' addresses",
        .nft_type = "ipv6_addr",
        .key_type = TYPE_IPV6_ADDR,
        .key_length = 16,
        .flags = NFT_SET_CONSTANT | NFT_SET_INTERVAL,
        CONSTANTS(lan6, "fc00::/7, fe80::/10, ff02::/16, ff05::/16"),
    },
    [KS_NFT_SET_QUESTION_TYPES] = {
        .name = "question_types",
        .comment = "A and AAAA",
        .nft_type = "@th,192,32",
        .fields = { RAW_TRANSPORT(192, 32) },
        .key_type = TYPE_INTEGER,
        .key_length = 4,
        .flags = NFT_SET_CONSTANT,
        CONSTANTS(question_types, "0x10001, 0x1c0001"),
    },
    [KS_NFT_SET_ASKED4] = {
        .holds = KS_SET_HOLDS_QUESTIONS,
        .name = "asked4",
        .comment = "who was asked, and from which port",
        .nft_type = "ipv4_addr . inet_service",
        .key_type = CONCAT(TYPE_IPV4_ADDR, TYPE_INET_SERVICE),
        .key_length = 8,
        .flags = NFT_SET_TIMEOUT | NFT_SET_EVAL,
        .size = ASKED_MAX,
    },
    [KS_NFT_SET_ASKED6] = {
        .holds = KS_SET_HOLDS_QUESTIONS,
        .name = "asked6",
        .comment = "who was asked, and from which port",
        .nft_type = "ipv6_addr . inet_service",
        .key_type = CONCAT(TYPE_IPV6_ADDR, TYPE_INET_SERVICE),
        .key_length = 20,
        .flags = NFT_SET_TIMEOUT | NFT_SET_EVAL,
        .size = ASKED_MAX,
    },
    [KS_NFT_SET_COUNTED] = { .name = "counted", REMEMBERED, .nft_type = "uid . inet_service",
                             .key_type = CONCAT(TYPE_UID, TYPE_INET_SERVICE),
                             .comment = "refused questions that were counted" },
    [KS_NFT_SET_TOLD_TCP] = { .name = "told_tcp", REMEMBERED,
                              .nft_type = "inet_service . inet_service",
                              .key_type = CONCAT(TYPE_INET_SERVICE, TYPE_INET_SERVICE),
                              .comment = "TCP that was told, until it tries again" },
    [KS_NFT_SET_TOLD_TO4] = { .name = "told_to4", REMEMBERED_KEY(12),
                              .nft_type = "ipv4_addr . inet_proto . inet_service",
                              .key_type = CONCAT3(TYPE_IPV4_ADDR, TYPE_INET_PROTO,
                                                  TYPE_INET_SERVICE),
                              .comment = "where to it was told that something was refused" },
    [KS_NFT_SET_TOLD_TO6] = { .name = "told_to6", REMEMBERED_KEY(24),
                              .nft_type = "ipv6_addr . inet_proto . inet_service",
                              .key_type = CONCAT3(TYPE_IPV6_ADDR, TYPE_INET_PROTO,
                                                  TYPE_INET_SERVICE),
                              .comment = "where to it was told that something was refused" },
    [KS_NFT_SET_TOLD_FROM] = { .name = "told_from", REMEMBERED,
                               .nft_type = "inet_proto . inet_service",
                               .key_type = CONCAT(TYPE_INET_PROTO, TYPE_INET_SERVICE),
                               .comment = "ports whose refused packets were told" },
    [KS_NFT_SET_SERVICE_PORTS] = {
        .name = "service_ports",
        .comment = "services that wait for anyone",
        .nft_type = "inet_service",
        .key_type = TYPE_INET_SERVICE,
        .key_length = 2,
        .flags = NFT_SET_CONSTANT | NFT_SET_INTERVAL,
        CONSTANTS(service_ports, "1-499, 501-1023, 1900, 3702, 5353, 5355"),
    },
    [KS_NFT_SET_RESOLVER_PORTS] = {
        .name = "resolver_ports",
        .comment = "DNS, and DNS over TLS or QUIC",
        .nft_type = "inet_proto . inet_service",
        .key_type = CONCAT(TYPE_INET_PROTO, TYPE_INET_SERVICE),
        .key_length = 8,
        .flags = NFT_SET_CONSTANT,
        CONSTANTS(resolver_ports, "tcp . 53, udp . 53, tcp . 853, udp . 853"),
    },
};
