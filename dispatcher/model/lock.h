/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/address.h"
#include "model/pppoe.h"

#include <glib.h>

/* The lock as a value: what may leave while it is closed. Everything variable is a key in one of
 * these sets, so that two locks differ by the keys that come and go and by nothing else. */

typedef enum {
    KS_SET_OPEN_INTERFACES,    /* interface index: loopback (always) and every tunnel that is up */
    KS_SET_LAN_INTERFACES,     /* interface index: where LAN access is open now */
    KS_SET_GUEST_INTERFACES,   /* interface index: bridges with nothing but guests behind them */
    KS_SET_HOTSPOT_INTERFACES, /* interface index: access points; narrower than guests' */
    KS_SET_TRANSLATORS,        /* interface index: a translator's of this machine (ADR 30) */
    KS_SET_SERVERS4,           /* IPv4 address . protocol . port of VPN servers : KS_OPEN_TO_* */
    KS_SET_SERVERS6,           /* the same for IPv6 */
    KS_SET_DHCP_SERVERS,       /* IPv4 address: broadcast (always) and the servers of our leases */
    KS_SET_TUNNEL_ROUTES4,     /* IPv4 range: what a VPN carries is not looked for outside */
    KS_SET_TUNNEL_ROUTES6,     /* the same for IPv6 */
    KS_SET_TUNNEL_ADDRESSES4,  /* IPv4 address: this machine's own inside its tunnels */
    KS_SET_TUNNEL_ADDRESSES6,  /* the same for IPv6 */
    KS_SET_PROTOCOLS4, /* IPv4 address . protocol of VPN servers without ports : KS_OPEN_TO_* */
    KS_SET_PROTOCOLS6, /* the same for IPv6 */
    KS_SET_PEOPLE,     /* uid range, on the wire's order: what people run, or what runs for them */
    KS_SET_WIREGUARD_MARKS, /* mark of the packets that a WireGuard tunnel sends, host order */
    KS_SET_WIREGUARD_PORTS, /* source port of the same, for tunnels without a mark */
    KS_SET_OPENVPN_PORTS,   /* source port of what OpenVPN in the kernel sends */
    KS_SET_IPSEC,           /* IP version (NFPROTO_*), while IPsec in the kernel carries a VPN */
    KS_SET_TELLING,         /* IP version (NFPROTO_*), while somebody looks at what is refused */
    KS_SET_PPPOE_PEERS,     /* Ethernet address of who is at a PPPoE session's other end */
    KS_SET_NAMES,           /* folded name of a VPN server, whose question may leave (dns-name.h) */
    KS_SET_NAME_HEADS,      /* folded first bytes of a long one */
    KS_SET_NAME_TAILS,      /* and its last ones */
    /* What follows from others when the lock is sealed. nft(8) compares bytes that it knows by
     * their place alone only with numbers, and so needs sets of their own for them (ADR 27). */
    KS_SET_SERVER_ADDRESSES4, /* IPv4 address of each VPN server, where an error quotes it */
    KS_SET_SERVER_ADDRESSES6, /* the same for IPv6 */
    KS_SET_TUNNEL_TARGETS6,   /* KS_SET_TUNNEL_ADDRESSES6, where neighbour discovery names one */
    KS_SET_QUESTION_LENGTHS,  /* IP version . packet's length . UDP's, of questions for the names */
    /* Of the second layer alone (uplink.h). */
    KS_SET_TUNNEL_SENDERS4,  /* KS_SET_TUNNEL_ADDRESSES4, where ARP names a sender */
    KS_SET_FRAGMENTS4,       /* IPv4 address . protocol of each server that has ports */
    KS_SET_FRAGMENTS6,       /* the same for IPv6 */
    KS_SET_WRAPPING_UPLINKS, /* interface index: below a link that wraps frames (ADR 33) */
    KS_SET_RELAYING_UPLINKS, /* interface index: where the kernel itself sends frames of a ring's or
                              * a mesh's */
    KS_SET_EXCEPTIONS4, /* IPv4 address . protocol . port . interface, first and last: exceptions
                         * (box.h; ADR 42, 47): 1 if it ends by itself */
    KS_SET_EXCEPTIONS6, /* the same for IPv6 */
    KS_SET_SERVICES4,   /* the same of services here: who may reach them, and this machine's port */
    KS_SET_SERVICES6,   /* the same for IPv6 */
    KS_SETS_OF_ELEMENTS,
    /* No set in the kernel: there are rules for each key (ADR 29). */
    KS_SET_NAME_LENGTHS = KS_SETS_OF_ELEMENTS, /* bytes that a name has on the wire: one byte */
    KS_SET_MAX,
} KsSetId;

/* Keys are stored as the kernel compares them: each field in its own byte order (interface indices
 * in host order, the rest as on the wire), padded to four bytes (nf_tables concatenations). */
#define KS_KEY_SIZE_MAX 64 /* nf_tables: NFT_DATA_VALUE_MAXLEN */

/* Where the fields of a server's key stand: address, then protocol and port, each padded to 4. */
#define KS_KEY_FIELD_SIZE 4u

/* Of a key of exceptions (model/box.h). */
#define KS_BOX_SIZE(size_of_address) (2 * ((size_of_address) + 3 * KS_KEY_FIELD_SIZE))

typedef struct {
    uint8_t bytes[KS_KEY_SIZE_MAX]; /* the first ks_key_size() are used, the rest are zero */
    uint32_t value;                 /* what stands beside the key in a map, else 0 */
    uint32_t until;                 /* when the kernel takes it out by itself, in seconds since the
                                     * boot, sleep included; 0: never. Exceptions' alone */
} KsKey;

/* Whose packets a server lets out: bits of the value of its key. What two profiles say of one
 * server adds up. */
enum {
    KS_OPEN_TO_ALL = 1,        /* anyone who sends */
    KS_OPEN_TO_DAEMONS = 2,    /* anyone who is nobody of KS_SET_PEOPLE */
    KS_OPEN_TO_WIREGUARD = 4,  /* WireGuard in the kernel */
    KS_OPEN_TO_IPSEC = 8,      /* IPsec in UDP: daemons, and data of anyone who sends */
    KS_OPEN_INSIDE_IPSEC = 16, /* anyone who sends, if the packet is going to be encrypted */
    KS_OPEN_TO_OPENVPN = 32,   /* OpenVPN in the kernel, and daemons: its program is one */
    /* A server of VPNs of several kinds. IPsec's data are all that begins with a number, so it
     * counts only where one of them is IPsec in UDP. */
    KS_OPEN_TO_SEVERAL = 54,           /* any of these, but for IPsec in UDP */
    KS_OPEN_TO_SEVERAL_AND_IPSEC = 62, /* any of these */
};

/* Of an interface: the kernel counts up from 1, so only what somebody chose by hand is above. Sets
 * in the kernel hold numbers above it instead (KS_INDEX_FLIP). */
#define KS_LOCK_INDEX_MAX 0x3fffffffu

/* Sets of interfaces hold index ^ KS_INDEX_FLIP, and rules look that up. nft lists an index as the
 * name that its link has at the time, and loads nothing of a copy if that link is not there: a
 * tunnel, when the machine starts. No link has such a number, so nft lists it as one (ADR 27). An
 * index up to 511 can be read off its last digits. */
#define KS_INDEX_FLIP 2000000000u

/* Bounds on what a world of ten thousand profiles may bring into the kernel. */
#define KS_LOCK_INTERFACES_MAX 1024u
#define KS_LOCK_SERVERS_MAX    65536u
#define KS_LOCK_ADDRESSES_MAX  1024u
#define KS_LOCK_NAMES_MAX      16384u
#define KS_LOCK_PEOPLE_MAX     1024u
#define KS_LOCK_EXCEPTIONS_MAX 2048u /* of KS_EXCEPTIONS_MAX, seven ranges each, on some cards */

typedef struct {
    GArray *sets[KS_SET_MAX]; /* element-type KsKey; sorted and unique once sealed */
    bool full[KS_SET_MAX];    /* with keys that all differ: nothing more goes in */
} KsLock;

/* Bytes of a key of this set, without what stands beside it. A range is two addresses: its first,
 * and the first behind it, which is all zero when the range goes to the very end. */
size_t ks_key_size(KsSetId set);
bool ks_set_is_range(KsSetId set);
/* A key is two, first and last, each of several fields: in a range of each. They do not overlap. */
bool ks_set_is_box(KsSetId set);

/* A lock that lets only loopback and DHCP's broadcasts out. */
KsLock *ks_lock_new(void);
void ks_lock_free(KsLock *lock);

/* Forget all but the constant keys. */
void ks_lock_clear(KsLock *lock);

/* Add keys in any order, also twice; then seal, also again after a change by hand. Ranges that
 * touch or overlap become one; values of the same key are or-ed. False when the set is full, or an
 * index above KS_LOCK_INDEX_MAX: the key is not in. */
bool ks_lock_open_interface(KsLock *lock, uint32_t index);
bool ks_lock_open_lan(KsLock *lock, uint32_t index);
bool ks_lock_add_interface(KsLock *lock, KsSetId set, uint32_t index); /* of KS_SET_*_UPLINKS */
bool ks_lock_add_guests(KsLock *lock, uint32_t index);
bool ks_lock_add_hotspot(KsLock *lock, uint32_t index);
bool ks_lock_add_translator(KsLock *lock, uint32_t index);
bool ks_lock_add_server(KsLock *lock, const KsAddress *address, uint8_t protocol, uint16_t port,
                        uint32_t open_to); /* KS_OPEN_TO_*, or-ed; port 0: a protocol without */
bool ks_lock_add_dhcp_server(KsLock *lock, const KsAddress *address);
bool ks_lock_add_tunnel_address(KsLock *lock, const KsAddress *address);
bool ks_lock_exclude_from_lan(KsLock *lock, const KsAddress *destination, uint8_t prefix);
bool ks_lock_add_people(KsLock *lock, uint32_t first, uint32_t last);
bool ks_lock_add_wireguard_mark(KsLock *lock, uint32_t mark);
bool ks_lock_add_port(KsLock *lock, KsSetId set, uint16_t port); /* of KS_SET_*_PORTS */
/* Of KS_SET_IPSEC and KS_SET_TELLING: both versions or neither; also of a lock that is sealed. */
void ks_lock_set_versions(KsLock *lock, KsSetId set, bool both);
bool ks_lock_add_pppoe_peer(KsLock *lock, const KsPppoePeer *peer);
/* The question for a server's name may leave, once sealed. False also for a name that cannot be
 * compared. */
bool ks_lock_add_name(KsLock *lock, const char *host);
bool ks_lock_add_key(KsLock *lock, KsSetId set, const KsKey *key);
/* What each key of another set (element-type KsKey) begins with, as far as keys of this one go; but
 * not of a server whose own packets never leave in clear. */
bool ks_lock_add_beginnings(KsLock *lock, KsSetId set, const GArray *keys);
void ks_lock_seal(KsLock *lock);

/* The same without what follows from others: of a lock that holds what somebody else says. The
 * guard that takes it over seals it: an older version may have made what it says. */
void ks_lock_sort(KsLock *lock);

void ks_lock_copy(const KsLock *from, KsLock *to); /* what `to` held is forgotten */

/* Ends that differ by what clocks differ by are the same. */
bool ks_lock_equal(const KsLock *a, const KsLock *b);
bool ks_lock_set_is_equal(const KsLock *a, const KsLock *b, KsSetId set);
bool ks_lock_has_interface(const KsLock *lock, uint32_t index); /* open */
bool ks_lock_has_guests(const KsLock *lock, uint32_t index);
bool ks_lock_has_hotspot(const KsLock *lock, uint32_t index);

bool ks_lock_has_key(const KsLock *lock, KsSetId set, const KsKey *key); /* of a sealed lock */

/* Of a sealed lock. Whose packets may go to the server makes no difference here. */
bool ks_lock_has_server(const KsLock *lock, const KsAddress *address, uint8_t protocol,
                        uint16_t port);
bool ks_lock_has_tunnel_address(const KsLock *lock, const KsAddress *address);

/* Interfaces other than loopback that are open. */
unsigned ks_lock_tunnels(const KsLock *lock);

/* The keys of one set that come (in want, not in have) and go. A key beside which something else
 * stands goes and comes. Both locks are sealed. */
typedef struct {
    GArray *come; /* element-type KsKey */
    GArray *go;
} KsKeyChange;

void ks_lock_compare_set(const KsLock *have, const KsLock *want, KsSetId set, KsKeyChange *change);

/* What a key of four bytes holds: an interface's index, a packet's mark. */
uint32_t ks_key_number(const KsKey *key);

/* Of a server's key; 0: its protocol has none. */
uint16_t ks_key_port(KsSetId set, const KsKey *key);

/* What a key says, for people: "192.0.2.1 . udp . 1194"; an interface by its index. NULL: numbers,
 * which mean nothing to them. */
char *ks_key_text(KsSetId set, const KsKey *key);

/* The last of a range; its key ends with the first behind it. Writes half a key's bytes. */
void ks_key_last(KsSetId set, const KsKey *key, uint8_t *ret_last);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsLock, ks_lock_free)
