/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/box.h"
#include "model/lock.h"
#include "model/server.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <string.h>

void ks_key_last(KsSetId set, const KsKey *key, uint8_t *ret_last)
{
    size_t size = ks_key_size(set) / 2;

    memcpy(ret_last, key->bytes + size, size);
    for (size_t i = size; i-- > 0;)
        if (ret_last[i]-- != 0) /* borrow on while it was zero */
            break;
}

/* As nft writes a range: its first and its last address. */
static char *range_text(KsSetId set, const KsKey *key)
{
    KsAddress first = { .family = set == KS_SET_TUNNEL_ROUTES4 ? AF_INET : AF_INET6 };
    KsAddress last = first;
    char first_text[KS_ADDRESS_TEXT_SIZE];
    char last_text[KS_ADDRESS_TEXT_SIZE];

    memcpy(first.bytes, key->bytes, ks_address_size(&first));
    ks_key_last(set, key, last.bytes);
    return g_strdup_printf("%s-%s", ks_address_text(&first, first_text),
                           ks_address_text(&last, last_text));
}

static char *people_text(const KsKey *key)
{
    uint32_t first;
    uint32_t last;

    memcpy(&first, key->bytes, sizeof(first));
    ks_key_last(KS_SET_PEOPLE, key, (uint8_t *) &last);
    return g_strdup_printf("%u-%u", ntohl(first), ntohl(last));
}

uint16_t ks_key_port(KsSetId set, const KsKey *key)
{
    size_t size = set == KS_SET_SERVERS4 ? 4 : 16;
    uint16_t port;

    if (set != KS_SET_SERVERS4 && set != KS_SET_SERVERS6)
        return 0;
    memcpy(&port, key->bytes + size + KS_KEY_FIELD_SIZE, sizeof(port));
    return ntohs(port);
}

char *ks_key_text(KsSetId set, const KsKey *key)
{
    KsAddress address = { 0 };
    char address_text[KS_ADDRESS_TEXT_SIZE];
    char protocol_text[4];
    uint16_t port;
    size_t size;

    switch (set) {
    case KS_SET_OPEN_INTERFACES:
    case KS_SET_LAN_INTERFACES:
    case KS_SET_GUEST_INTERFACES:
    case KS_SET_HOTSPOT_INTERFACES:
    case KS_SET_TRANSLATORS:
    case KS_SET_WRAPPING_UPLINKS:
    case KS_SET_RELAYING_UPLINKS:
        return g_strdup_printf("%u", ks_key_number(key));
    case KS_SET_DHCP_SERVERS:
    case KS_SET_TUNNEL_ADDRESSES4:
    case KS_SET_TUNNEL_ADDRESSES6:
        address.family = set == KS_SET_TUNNEL_ADDRESSES6 ? AF_INET6 : AF_INET;
        memcpy(address.bytes, key->bytes, ks_address_size(&address));
        return g_strdup(ks_address_text(&address, address_text));
    case KS_SET_SERVERS4:
    case KS_SET_SERVERS6:
        address.family = set == KS_SET_SERVERS4 ? AF_INET : AF_INET6;
        size = ks_address_size(&address);
        memcpy(address.bytes, key->bytes, size);
        memcpy(&port, key->bytes + size + KS_KEY_FIELD_SIZE, sizeof(port));
        return g_strdup_printf("%s . %s . %u", ks_address_text(&address, address_text),
                               ks_protocol_name(key->bytes[size], protocol_text), ntohs(port));
    case KS_SET_TUNNEL_ROUTES4:
    case KS_SET_TUNNEL_ROUTES6:
        return range_text(set, key);
    case KS_SET_PROTOCOLS4:
    case KS_SET_PROTOCOLS6:
        address.family = set == KS_SET_PROTOCOLS4 ? AF_INET : AF_INET6;
        size = ks_address_size(&address);
        memcpy(address.bytes, key->bytes, size);
        return g_strdup_printf("%s . %s", ks_address_text(&address, address_text),
                               ks_protocol_name(key->bytes[size], protocol_text));
    case KS_SET_EXCEPTIONS4:
    case KS_SET_EXCEPTIONS6:
    case KS_SET_SERVICES4:
    case KS_SET_SERVICES6:
        return ks_box_text(set, key);
    case KS_SET_PEOPLE:
        return people_text(key);
    case KS_SET_WIREGUARD_MARKS:
        return g_strdup_printf("0x%08x", ks_key_number(key));
    case KS_SET_WIREGUARD_PORTS:
    case KS_SET_OPENVPN_PORTS:
        memcpy(&port, key->bytes, sizeof(port));
        return g_strdup_printf("%u", ntohs(port));
    case KS_SET_IPSEC:
    case KS_SET_TELLING:
        return g_strdup(key->bytes[0] == NFPROTO_IPV4 ? "ipv4" : "ipv6");
    case KS_SET_PPPOE_PEERS:
        return g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", key->bytes[0], key->bytes[1],
                               key->bytes[2], key->bytes[3], key->bytes[4], key->bytes[5]);
    case KS_SET_NAMES:
    case KS_SET_NAME_HEADS:
    case KS_SET_NAME_TAILS:
    case KS_SET_SERVER_ADDRESSES4:
    case KS_SET_SERVER_ADDRESSES6:
    case KS_SET_TUNNEL_TARGETS6:
    case KS_SET_TUNNEL_SENDERS4:
    case KS_SET_FRAGMENTS4:
    case KS_SET_FRAGMENTS6:
    case KS_SET_QUESTION_LENGTHS:
    case KS_SET_NAME_LENGTHS:
    case KS_SET_MAX:
        break;
    }
    return NULL;
}
