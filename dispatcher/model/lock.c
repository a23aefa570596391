/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/lock.h"

#include "model/dns-name.h"
#include "model/server.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <string.h>

#define LOOPBACK_INDEX 1u /* include/linux/net_namespace.h, LOOPBACK_IFINDEX */

typedef struct {
    size_t key_size;
    unsigned keys_max;
    bool range;
    bool box;
} SetShape;

static const SetShape set_shapes[KS_SET_MAX] = {
    [KS_SET_OPEN_INTERFACES] = { 4, KS_LOCK_INTERFACES_MAX },
    [KS_SET_LAN_INTERFACES] = { 4, KS_LOCK_INTERFACES_MAX },
    [KS_SET_GUEST_INTERFACES] = { 4, KS_LOCK_INTERFACES_MAX },
    [KS_SET_HOTSPOT_INTERFACES] = { 4, KS_LOCK_INTERFACES_MAX },
    [KS_SET_TRANSLATORS] = { 4, KS_LOCK_INTERFACES_MAX },
    [KS_SET_SERVERS4] = { 4 + KS_KEY_FIELD_SIZE + KS_KEY_FIELD_SIZE, KS_LOCK_SERVERS_MAX },
    [KS_SET_SERVERS6] = { 16 + KS_KEY_FIELD_SIZE + KS_KEY_FIELD_SIZE, KS_LOCK_SERVERS_MAX },
    [KS_SET_DHCP_SERVERS] = { 4, KS_LOCK_ADDRESSES_MAX },
    [KS_SET_TUNNEL_ROUTES4] = { 4 + 4, KS_LOCK_ADDRESSES_MAX, .range = true },
    [KS_SET_TUNNEL_ROUTES6] = { 16 + 16, KS_LOCK_ADDRESSES_MAX, .range = true },
    [KS_SET_TUNNEL_ADDRESSES4] = { 4, KS_LOCK_ADDRESSES_MAX },
    [KS_SET_TUNNEL_ADDRESSES6] = { 16, KS_LOCK_ADDRESSES_MAX },
    [KS_SET_PROTOCOLS4] = { 4 + KS_KEY_FIELD_SIZE, KS_LOCK_SERVERS_MAX },
    [KS_SET_PROTOCOLS6] = { 16 + KS_KEY_FIELD_SIZE, KS_LOCK_SERVERS_MAX },
    [KS_SET_PEOPLE] = { 4 + 4, KS_LOCK_PEOPLE_MAX, .range = true },
    [KS_SET_WIREGUARD_MARKS] = { 4, KS_LOCK_INTERFACES_MAX },
    [KS_SET_WIREGUARD_PORTS] = { 2, KS_LOCK_INTERFACES_MAX },
    [KS_SET_OPENVPN_PORTS] = { 2, KS_LOCK_INTERFACES_MAX },
    [KS_SET_IPSEC] = { 1, 2 + 1 },
    [KS_SET_TELLING] = { 1, 2 + 1 },
    [KS_SET_PPPOE_PEERS] = { KS_PPPOE_ADDRESS_SIZE, KS_PPPOE_PEERS_MAX },
    [KS_SET_NAMES] = { KS_DNS_PIECE, KS_LOCK_NAMES_MAX },
    [KS_SET_NAME_HEADS] = { KS_DNS_PIECE, KS_LOCK_NAMES_MAX },
    [KS_SET_NAME_TAILS] = { KS_DNS_PIECE, KS_LOCK_NAMES_MAX },
    [KS_SET_SERVER_ADDRESSES4] = { 4, 2 * KS_LOCK_SERVERS_MAX },
    [KS_SET_SERVER_ADDRESSES6] = { 16, 2 * KS_LOCK_SERVERS_MAX },
    [KS_SET_TUNNEL_TARGETS6] = { 16, KS_LOCK_ADDRESSES_MAX },
    [KS_SET_TUNNEL_SENDERS4] = { 4, KS_LOCK_ADDRESSES_MAX },
    [KS_SET_FRAGMENTS4] = { 4 + KS_KEY_FIELD_SIZE, KS_LOCK_SERVERS_MAX },
    [KS_SET_FRAGMENTS6] = { 16 + KS_KEY_FIELD_SIZE, KS_LOCK_SERVERS_MAX },
    [KS_SET_WRAPPING_UPLINKS] = { 4, KS_LOCK_INTERFACES_MAX },
    [KS_SET_RELAYING_UPLINKS] = { 4, KS_LOCK_INTERFACES_MAX },
    [KS_SET_QUESTION_LENGTHS] = { 3 * KS_KEY_FIELD_SIZE, 1024 },
    [KS_SET_NAME_LENGTHS] = { 1, 1024 },
    [KS_SET_EXCEPTIONS4] = { KS_BOX_SIZE(4), KS_LOCK_EXCEPTIONS_MAX, .box = true },
    [KS_SET_EXCEPTIONS6] = { KS_BOX_SIZE(16), KS_LOCK_EXCEPTIONS_MAX, .box = true },
    [KS_SET_SERVICES4] = { KS_BOX_SIZE(4), KS_LOCK_EXCEPTIONS_MAX, .box = true },
    [KS_SET_SERVICES6] = { KS_BOX_SIZE(16), KS_LOCK_EXCEPTIONS_MAX, .box = true },
};

static int compare_keys(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(KsKey));
}

static int compare_bytes(const KsKey *a, const KsKey *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static const KsKey *key_at(const KsLock *lock, KsSetId set, unsigned i)
{
    return &g_array_index(lock->sets[set], KsKey, i);
}

bool ks_lock_add_interface(KsLock *lock, KsSetId set, uint32_t index)
{
    KsKey key = { 0 };

    memcpy(key.bytes, &index, sizeof(index));
    return index <= KS_LOCK_INDEX_MAX && ks_lock_add_key(lock, set, &key);
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i])
            return false;
    return true;
}

/* Adds one to the number that ends at bit `prefix`: the first address behind the range. Overflows
 * to zero at the very end. */
static void step_over(uint8_t *address, unsigned prefix)
{
    unsigned carry = 1;

    for (unsigned i = (prefix + 7) / 8; carry && i-- > 0;) {
        unsigned unit = i == (prefix - 1) / 8 ? 1u << (7 - (prefix - 1) % 8) : 1;
        unsigned sum = address[i] + unit;

        address[i] = (uint8_t) sum;
        carry = sum >> 8;
    }
}

/* Sorted ranges: those that touch or overlap become one. Returns how many are left. */
static unsigned merge_ranges(GArray *keys, size_t size)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < keys->len; i++) {
        KsKey range = g_array_index(keys, KsKey, i);
        KsKey *last = kept > 0 ? &g_array_index(keys, KsKey, kept - 1) : NULL;

        if (last && is_zero(last->bytes + size, size))
            break; /* it goes to the very end already */
        if (!last || memcmp(range.bytes, last->bytes + size, size) > 0)
            g_array_index(keys, KsKey, kept++) = range;
        else if (is_zero(range.bytes + size, size) ||
                 memcmp(range.bytes + size, last->bytes + size, size) > 0)
            memcpy(last->bytes + size, range.bytes + size, size);
    }
    return kept;
}

/* One value stands for each meaning, so that what the kernel tells can be compared. */
static uint32_t add_up(uint32_t a, uint32_t b)
{
    uint32_t sum = a | b;
    uint32_t several = sum & KS_OPEN_TO_IPSEC ? KS_OPEN_TO_SEVERAL_AND_IPSEC : KS_OPEN_TO_SEVERAL;

    if (sum & KS_OPEN_TO_ALL)
        return KS_OPEN_TO_ALL;
    if (sum & (KS_OPEN_TO_OPENVPN | KS_OPEN_TO_IPSEC)) /* these let out daemons as well */
        sum &= ~(uint32_t) KS_OPEN_TO_DAEMONS;
    return sum & (sum - 1) ? several : sum;
}

/* Sorted, each key once, ranges that touch joined. */
static void seal_set(GArray *keys, KsSetId set)
{
    unsigned kept = 0;

    g_array_sort(keys, compare_keys);
    if (set_shapes[set].range) {
        g_array_set_size(keys, merge_ranges(keys, set_shapes[set].key_size / 2));
        return;
    }
    for (unsigned i = 0; i < keys->len; i++) {
        const KsKey *key = &g_array_index(keys, KsKey, i);
        KsKey *last = kept > 0 ? &g_array_index(keys, KsKey, kept - 1) : NULL;

        if (last && compare_bytes(key, last) == 0)
            last->value = add_up(last->value, key->value);
        else
            g_array_index(keys, KsKey, kept++) = *key;
    }
    g_array_set_size(keys, kept);
}

size_t ks_key_size(KsSetId set)
{
    return set_shapes[set].key_size;
}

bool ks_set_is_range(KsSetId set)
{
    return set_shapes[set].range;
}

bool ks_set_is_box(KsSetId set)
{
    return set_shapes[set].box;
}

KsLock *ks_lock_new(void)
{
    KsLock *lock = g_new0(KsLock, 1);

    for (KsSetId set = 0; set < KS_SET_MAX; set++)
        lock->sets[set] = g_array_new(FALSE, FALSE, sizeof(KsKey));
    ks_lock_clear(lock);
    return lock;
}

void ks_lock_free(KsLock *lock)
{
    if (!lock)
        return;
    for (KsSetId set = 0; set < KS_SET_MAX; set++)
        g_array_unref(lock->sets[set]);
    g_free(lock);
}

void ks_lock_clear(KsLock *lock)
{
    KsAddress broadcast = { .family = AF_INET, .bytes = { 255, 255, 255, 255 } };

    for (KsSetId set = 0; set < KS_SET_MAX; set++)
        g_array_set_size(lock->sets[set], 0);
    memset(lock->full, 0, sizeof(lock->full));
    ks_lock_open_interface(lock, LOOPBACK_INDEX);
    ks_lock_add_dhcp_server(lock, &broadcast);
}

bool ks_lock_add_key(KsLock *lock, KsSetId set, const KsKey *key)
{
    GArray *keys = lock->sets[set];

    if (keys->len >= set_shapes[set].keys_max && !lock->full[set])
        seal_set(keys, set); /* perhaps many are the same */
    lock->full[set] = keys->len >= set_shapes[set].keys_max;
    if (lock->full[set])
        return false;
    g_array_append_val(keys, *key);
    return true;
}

bool ks_lock_open_interface(KsLock *lock, uint32_t index)
{
    return ks_lock_add_interface(lock, KS_SET_OPEN_INTERFACES, index);
}

bool ks_lock_open_lan(KsLock *lock, uint32_t index)
{
    return ks_lock_add_interface(lock, KS_SET_LAN_INTERFACES, index);
}

bool ks_lock_add_guests(KsLock *lock, uint32_t index)
{
    return ks_lock_add_interface(lock, KS_SET_GUEST_INTERFACES, index);
}

bool ks_lock_add_hotspot(KsLock *lock, uint32_t index)
{
    return ks_lock_add_interface(lock, KS_SET_HOTSPOT_INTERFACES, index);
}

bool ks_lock_add_translator(KsLock *lock, uint32_t index)
{
    return ks_lock_add_interface(lock, KS_SET_TRANSLATORS, index);
}

/* Returns the set that a server of this kind is in, and its key there; KS_SET_MAX: in no set. */
static KsSetId server_key(const KsAddress *address, uint8_t protocol, uint16_t port, KsKey *key)
{
    size_t size = ks_address_size(address);
    uint16_t wire_port = htons(port);
    bool ipv4 = address->family == AF_INET;
    bool has_ports = ks_protocol_has_ports(protocol);

    if (size == 0 || has_ports != (port > 0))
        return KS_SET_MAX;
    memcpy(key->bytes, address->bytes, size);
    key->bytes[size] = protocol;
    if (!has_ports)
        return ipv4 ? KS_SET_PROTOCOLS4 : KS_SET_PROTOCOLS6;
    memcpy(key->bytes + size + KS_KEY_FIELD_SIZE, &wire_port, sizeof(wire_port));
    return ipv4 ? KS_SET_SERVERS4 : KS_SET_SERVERS6;
}

bool ks_lock_add_server(KsLock *lock, const KsAddress *address, uint8_t protocol, uint16_t port,
                        uint32_t open_to)
{
    KsKey key = { .value = add_up(open_to, 0) };
    KsSetId set = server_key(address, protocol, port, &key);

    return set != KS_SET_MAX && open_to <= (KS_OPEN_TO_ALL | KS_OPEN_TO_SEVERAL_AND_IPSEC) &&
           ks_lock_add_key(lock, set, &key);
}

bool ks_lock_add_dhcp_server(KsLock *lock, const KsAddress *address)
{
    KsKey key = { 0 };

    if (address->family != AF_INET)
        return false;
    memcpy(key.bytes, address->bytes, ks_address_size(address));
    return ks_lock_add_key(lock, KS_SET_DHCP_SERVERS, &key);
}

bool ks_lock_add_tunnel_address(KsLock *lock, const KsAddress *address)
{
    KsKey key = { 0 };
    size_t size = ks_address_size(address);

    if (size == 0)
        return false;
    memcpy(key.bytes, address->bytes, size);
    return ks_lock_add_key(
        lock, address->family == AF_INET ? KS_SET_TUNNEL_ADDRESSES4 : KS_SET_TUNNEL_ADDRESSES6,
        &key);
}

bool ks_lock_exclude_from_lan(KsLock *lock, const KsAddress *destination, uint8_t prefix)
{
    KsKey key = { 0 };
    size_t size = ks_address_size(destination);

    if (size == 0 || prefix == 0 || prefix > size * 8)
        return false;
    memcpy(key.bytes, destination->bytes, size);
    ks_bits_clear_behind(key.bytes, size, prefix);
    memcpy(key.bytes + size, key.bytes, size);
    step_over(key.bytes + size, prefix);
    return ks_lock_add_key(
        lock, destination->family == AF_INET ? KS_SET_TUNNEL_ROUTES4 : KS_SET_TUNNEL_ROUTES6, &key);
}

bool ks_lock_add_people(KsLock *lock, uint32_t first, uint32_t last)
{
    KsKey key = { 0 };
    uint32_t wire_first = htonl(first);
    uint32_t behind = htonl(last + 1); /* zero behind the very last one */

    if (first > last)
        return false;
    memcpy(key.bytes, &wire_first, sizeof(wire_first));
    memcpy(key.bytes + sizeof(wire_first), &behind, sizeof(behind));
    return ks_lock_add_key(lock, KS_SET_PEOPLE, &key);
}

bool ks_lock_add_wireguard_mark(KsLock *lock, uint32_t mark)
{
    KsKey key = { 0 };

    memcpy(key.bytes, &mark, sizeof(mark));
    return mark != 0 && ks_lock_add_key(lock, KS_SET_WIREGUARD_MARKS, &key); /* 0: anybody's */
}

bool ks_lock_add_port(KsLock *lock, KsSetId set, uint16_t port)
{
    KsKey key = { 0 };
    uint16_t wire_port = htons(port);

    memcpy(key.bytes, &wire_port, sizeof(wire_port));
    return port != 0 && ks_lock_add_key(lock, set, &key);
}

void ks_lock_set_versions(KsLock *lock, KsSetId set, bool both)
{
    static const KsKey versions[] = { { .bytes = { NFPROTO_IPV4 } },
                                      { .bytes = { NFPROTO_IPV6 } } };

    g_array_set_size(lock->sets[set], 0);
    if (both)
        g_array_append_vals(lock->sets[set], versions, G_N_ELEMENTS(versions));
}

bool ks_lock_add_pppoe_peer(KsLock *lock, const KsPppoePeer *peer)
{
    KsKey key = { 0 };

    memcpy(key.bytes, peer->address, sizeof(peer->address));
    return ks_lock_add_key(lock, KS_SET_PPPOE_PEERS, &key);
}

bool ks_lock_add_name(KsLock *lock, const char *host)
{
    KsDnsName name;
    KsDnsKeys keys;
    KsKey head = { 0 };
    KsKey tail = { 0 };
    KsKey length = { 0 };

    if (!ks_dns_name_encode(host, &name) || !ks_dns_name_keys(&name, &keys))
        return false;
    memcpy(head.bytes, keys.head, sizeof(keys.head));
    if (!keys.is_long)
        return ks_lock_add_key(lock, KS_SET_NAMES, &head);
    memcpy(tail.bytes, keys.tail, sizeof(keys.tail));
    length.bytes[0] = (uint8_t) name.length;
    return ks_lock_add_key(lock, KS_SET_NAME_HEADS, &head) &&
           ks_lock_add_key(lock, KS_SET_NAME_TAILS, &tail) &&
           ks_lock_add_key(lock, KS_SET_NAME_LENGTHS, &length);
}

/* How long the packets are that ask for names of this length. */
static void add_question_lengths(KsLock *lock, unsigned length)
{
    static const struct {
        uint8_t version;
        uint8_t header;
    } families[] = { { NFPROTO_IPV4, 20 }, { NFPROTO_IPV6, 40 } }; /* RFC 791, RFC 8200 */

    for (unsigned i = 0; i < G_N_ELEMENTS(families) * KS_DNS_BEHIND_MAX; i++) {
        unsigned family = i % G_N_ELEMENTS(families);
        unsigned size = ks_dns_question_size(length, i / G_N_ELEMENTS(families));
        uint32_t whole = families[family].header + size; /* a number of the kernel's */
        uint16_t udp = htons((uint16_t) size);
        KsKey key = { .bytes = { families[family].version } };

        memcpy(key.bytes + KS_KEY_FIELD_SIZE, &whole, sizeof(whole));
        memcpy(key.bytes + 2 * KS_KEY_FIELD_SIZE, &udp, sizeof(udp));
        (void) ks_lock_add_key(lock, KS_SET_QUESTION_LENGTHS, &key);
    }
}

/* A name of one key says how long it is. Those of two do not, so that a lock holds it beside them;
 * where it does not, names of any such length are asked for: as a version did that had a rule for
 * each. */
static void add_lengths(KsLock *lock)
{
    bool used[KS_DNS_COMPARED_MAX + 1] = { false };
    bool has_long = lock->sets[KS_SET_NAME_HEADS]->len > 0;
    bool known = false;

    for (unsigned i = 0; has_long && i < lock->sets[KS_SET_NAME_LENGTHS]->len; i++) {
        unsigned length = key_at(lock, KS_SET_NAME_LENGTHS, i)->bytes[0];

        if (length <= KS_DNS_PIECE || length > KS_DNS_COMPARED_MAX)
            continue;
        used[length] = true;
        known = true;
    }
    for (unsigned i = 0; i < lock->sets[KS_SET_NAMES]->len; i++)
        used[ks_dns_key_length(key_at(lock, KS_SET_NAMES, i)->bytes)] = true;
    g_array_set_size(lock->sets[KS_SET_NAME_LENGTHS], 0);
    g_array_set_size(lock->sets[KS_SET_QUESTION_LENGTHS], 0);
    if (!has_long && lock->sets[KS_SET_NAMES]->len == 0)
        return;
    for (unsigned length = KS_DNS_COMPARED_MIN; length <= KS_DNS_COMPARED_MAX; length++) {
        KsKey key = { .bytes = { (uint8_t) length } };

        if (!used[length] && (length <= KS_DNS_PIECE || !has_long || known))
            continue;
        (void) ks_lock_add_key(lock, KS_SET_NAME_LENGTHS, &key);
        add_question_lengths(lock, length);
    }
}

/* Which set follows from the first bytes of which others. */
static const struct {
    KsSetId set;
    KsSetId from;
} derived[] = {
    { KS_SET_SERVER_ADDRESSES4, KS_SET_SERVERS4 },
    { KS_SET_SERVER_ADDRESSES4, KS_SET_PROTOCOLS4 },
    { KS_SET_SERVER_ADDRESSES6, KS_SET_SERVERS6 },
    { KS_SET_SERVER_ADDRESSES6, KS_SET_PROTOCOLS6 },
    { KS_SET_TUNNEL_TARGETS6, KS_SET_TUNNEL_ADDRESSES6 },
};

bool ks_lock_add_beginnings(KsLock *lock, KsSetId set, const GArray *keys)
{
    bool all = true;

    for (unsigned i = 0; i < keys->len; i++) {
        const KsKey *key = &g_array_index(keys, KsKey, i);
        KsKey beginning = { 0 };

        memcpy(beginning.bytes, key->bytes, set_shapes[set].key_size);
        if (key->value != KS_OPEN_INSIDE_IPSEC)
            all &= ks_lock_add_key(lock, set, &beginning);
    }
    return all;
}

void ks_lock_seal(KsLock *lock)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(derived); i++)
        g_array_set_size(lock->sets[derived[i].set], 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(derived); i++)
        (void) ks_lock_add_beginnings(lock, derived[i].set, lock->sets[derived[i].from]);
    add_lengths(lock);
    ks_lock_sort(lock);
}

void ks_lock_sort(KsLock *lock)
{
    for (KsSetId set = 0; set < KS_SET_MAX; set++)
        seal_set(lock->sets[set], set);
}

void ks_lock_copy(const KsLock *from, KsLock *to)
{
    for (KsSetId set = 0; set < KS_SET_MAX; set++) {
        g_array_set_size(to->sets[set], 0);
        g_array_append_vals(to->sets[set], from->sets[set]->data, from->sets[set]->len);
    }
    memcpy(to->full, from->full, sizeof(to->full));
}

static bool has_interface(const KsLock *lock, KsSetId set, uint32_t index)
{
    for (unsigned i = 0; i < lock->sets[set]->len; i++)
        if (ks_key_number(key_at(lock, set, i)) == index)
            return true;
    return false;
}

bool ks_lock_has_interface(const KsLock *lock, uint32_t index)
{
    return has_interface(lock, KS_SET_OPEN_INTERFACES, index);
}

bool ks_lock_has_guests(const KsLock *lock, uint32_t index)
{
    return has_interface(lock, KS_SET_GUEST_INTERFACES, index);
}

bool ks_lock_has_hotspot(const KsLock *lock, uint32_t index)
{
    return has_interface(lock, KS_SET_HOTSPOT_INTERFACES, index);
}

bool ks_lock_has_key(const KsLock *lock, KsSetId set, const KsKey *key)
{
    unsigned low = 0;
    unsigned high = lock->sets[set]->len;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        int order = compare_bytes(key_at(lock, set, middle), key);

        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

bool ks_lock_has_server(const KsLock *lock, const KsAddress *address, uint8_t protocol,
                        uint16_t port)
{
    KsKey key = { 0 };
    KsSetId set = server_key(address, protocol, port, &key);

    return set != KS_SET_MAX && ks_lock_has_key(lock, set, &key);
}

bool ks_lock_has_tunnel_address(const KsLock *lock, const KsAddress *address)
{
    KsKey key = { 0 };

    memcpy(key.bytes, address->bytes, ks_address_size(address));
    return ks_lock_has_key(
        lock, address->family == AF_INET ? KS_SET_TUNNEL_ADDRESSES4 : KS_SET_TUNNEL_ADDRESSES6,
        &key);
}

unsigned ks_lock_tunnels(const KsLock *lock)
{
    return lock->sets[KS_SET_OPEN_INTERFACES]->len - ks_lock_has_interface(lock, LOOPBACK_INDEX);
}

uint32_t ks_key_number(const KsKey *key)
{
    uint32_t number;

    memcpy(&number, key->bytes, sizeof(number));
    return number;
}
