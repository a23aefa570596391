/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything that an engine remembers, as a few bytes and back. engine.c is included so that
 * nothing is hidden: a new field of KsEngine, KsSettings or KsTunnel stops the compilation here
 * until it is packed too. */
#include "policy/engine.c" /* NOLINT(bugprone-suspicious-include): see above */
#include "test-engine-orders.h"

#include <netinet/in.h>
#include <stdlib.h>

struct AllOfSettings {
    bool locked;
    KsMode mode;
    bool lan;
    char **lan_networks;
    char **lan_places;
    char **always_on;     /* kept for others, no part of what follows from events */
    char **here_networks; /* test-always-on-here.c, the same */
    char **here_places;
    char **here_vpns;
    char **shared_cards; /* test-hotspot.c: no event changes them */
    char **shared_places;
};
G_STATIC_ASSERT(sizeof(KsSettings) == sizeof(struct AllOfSettings));

struct AllOfTunnel {
    char *texts[3];
    uint32_t index;
    char interface[IF_NAMESIZE];
    bool default_route;
    bool dead;
    int64_t silent;
    KsCarried carried[KS_FAMILIES];
    char **users;
    bool manual;
    KsVpnLocks locks;
};
G_STATIC_ASSERT(sizeof(KsTunnel) == sizeof(struct AllOfTunnel));

struct AllOfAnnouncement {
    char interface[IF_NAMESIZE]; /* "" after each look */
    uint32_t index;
    bool down;
    bool had_link; /* only for what people are told: test-status-tunnels.c */
};
G_STATIC_ASSERT(sizeof(KsAnnouncement) == sizeof(struct AllOfAnnouncement));

struct AllOfEngine {
    KsSettings settings;
    void *pointers[12];
    bool spare_running;
};
G_STATIC_ASSERT(sizeof(KsEngine) == sizeof(struct AllOfEngine));

static struct {
    char *text[TEXTS_MAX];
    unsigned length;
} texts;

uint8_t order_number(const char *text)
{
    if (!text)
        return 0;
    for (unsigned i = 1; i <= texts.length; i++)
        if (strcmp(texts.text[i], text) == 0)
            return (uint8_t) i;
    g_assert_cmpuint(texts.length + 1, <, TEXTS_MAX);
    texts.text[++texts.length] = g_strdup(text);
    return (uint8_t) texts.length;
}

static int compare_numbers(const void *a, const void *b)
{
    return *(const uint8_t *) a - *(const uint8_t *) b;
}

KsAddress order_server(unsigned number)
{
    return (KsAddress){ .family = AF_INET, .bytes = { 192, 0, 2, (uint8_t) number } };
}

KsAddress order_tunnel_address(unsigned vpn)
{
    return (KsAddress){ .family = AF_INET, .bytes = { 10, 8, (uint8_t) vpn, 1 } };
}

static uint8_t order_tunnel_addresses(const KsLock *lock)
{
    const GArray *keys = lock->sets[KS_SET_TUNNEL_ADDRESSES4];
    uint8_t bits = 0;

    for (unsigned i = 0; i < keys->len; i++) {
        uint8_t vpn = g_array_index(keys, KsKey, i).bytes[2];

        g_assert_cmpuint(vpn, <, VPNS);
        bits |= (uint8_t) (1u << vpn);
    }
    return bits;
}

uint32_t order_interfaces(const KsLock *lock, KsSetId set)
{
    uint32_t bits = 0;

    for (unsigned i = 0; i < lock->sets[set]->len; i++) {
        uint32_t index = ks_key_number(&g_array_index(lock->sets[set], KsKey, i));

        g_assert_cmpuint(index, <, INDEX_MAX);
        bits |= 1u << index;
    }
    return bits;
}

uint8_t order_servers(const KsLock *lock)
{
    const GArray *keys = lock->sets[KS_SET_SERVERS4];
    uint8_t bits = 0;

    for (unsigned i = 0; i < keys->len; i++) {
        uint8_t number = g_array_index(keys, KsKey, i).bytes[3];

        g_assert_cmpuint(number, <, SERVERS);
        bits |= (uint8_t) (1u << number);
    }
    return bits;
}

void order_pack(const KsEngine *engine, Packed *packed)
{
    GHashTableIter iterator;
    void *key;
    void *value;

    memset(packed, 0, sizeof(*packed));
    packed->locked = engine->settings.locked;
    packed->mode = (uint8_t) engine->settings.mode;
    packed->lan = engine->settings.lan;
    packed->spare_running = engine->spare_running;
    if (engine->settings.lan_networks && engine->settings.lan_networks[0]) {
        packed->lan_networks = 1;
        g_assert_cmpstr(engine->settings.lan_networks[0], ==, HOME);
        g_assert_null(engine->settings.lan_networks[1]);
        g_assert_cmpstr(engine->settings.lan_places[0], ==, "wired eth0");
    }
    packed->locked_by = order_number(engine->locked_by);
    packed->closed_by = order_number(engine->closed_by);
    for (unsigned i = 0; i < VPNS; i++)
        packed->lockers |= (uint8_t) (g_hash_table_contains(engine->lockers, order_uuids[i]) << i);
    g_assert_null(engine->overflow);
    g_assert_null(engine->spared);
    g_assert_cmpuint(engine->kept->len, ==, 0); /* test-shares.c */

    g_assert_cmpuint(g_hash_table_size(engine->announcements), <=, UUIDS_MAX);
    g_hash_table_iter_init(&iterator, engine->announcements);
    while (g_hash_table_iter_next(&iterator, &key, &value)) {
        const KsAnnouncement *announcement = value;
        unsigned i = packed->announcements++;

        for (; i > 0 && packed->announced[i - 1].uuid > order_number(key); i--)
            packed->announced[i] = packed->announced[i - 1];
        packed->announced[i].uuid = order_number(key);
        g_assert_cmpstr(announcement->interface, ==, "");
        packed->announced[i].index = (uint8_t) announcement->index;
        packed->announced[i].down = announcement->down;
    }

    g_assert_cmpuint(g_hash_table_size(engine->known_up), <=, KNOWN_MAX);
    g_hash_table_iter_init(&iterator, engine->known_up);
    while (g_hash_table_iter_next(&iterator, &key, NULL))
        packed->known_up[packed->known++] = order_number(key);
    qsort(packed->known_up, packed->known, 1, compare_numbers);

    g_assert_cmpuint(engine->tunnels->len, <=, TUNNELS_MAX);
    for (unsigned i = 0; i < engine->tunnels->len; i++) {
        const KsTunnel *tunnel = &g_array_index(engine->tunnels, KsTunnel, i);

        packed->tunnel[i].uuid = order_number(tunnel->uuid);
        packed->tunnel[i].name = order_number(tunnel->name);
        packed->tunnel[i].type = order_number(tunnel->type);
        packed->tunnel[i].interface = order_number(tunnel->interface);
        packed->tunnel[i].index = (uint8_t) tunnel->index;
        packed->tunnel[i].default_route = tunnel->default_route;
        packed->tunnels++;
        g_assert_false(tunnel->dead);           /* test-status-tunnels.c */
        g_assert_cmpint(tunnel->silent, ==, 0); /* likewise */
        g_assert_null(tunnel->users);           /* test-shares.c */
        g_assert_false(tunnel->manual);         /* these have tests of their own: test-vpns.c */
        g_assert_cmpint(tunnel->locks, ==, KS_VPN_LOCKS_AUTO);
    }

    for (KsSetId set = 0; set < KS_SET_MAX; set++)
        packed->set_length[set] = (uint8_t) engine->lock->sets[set]->len;
    packed->open_interfaces = order_interfaces(engine->lock, KS_SET_OPEN_INTERFACES);
    packed->lan_interfaces = order_interfaces(engine->lock, KS_SET_LAN_INTERFACES);
    packed->servers = order_servers(engine->lock);
    packed->tunnel_addresses = order_tunnel_addresses(engine->lock);
    g_assert_cmpuint(order_servers(engine->told), ==, packed->servers);
    /* what the bits above cannot say */
    g_assert_cmpuint(packed->set_length[KS_SET_SERVERS6], ==, 0);
    g_assert_cmpuint(packed->set_length[KS_SET_TUNNEL_ROUTES4], <=, 1);
    g_assert_cmpuint(packed->set_length[KS_SET_TUNNEL_ROUTES6], ==, 0);
    g_assert_cmpuint(packed->set_length[KS_SET_DHCP_SERVERS], ==, 1);
}

static void add_interfaces(KsLock *lock, KsSetId set, uint32_t bits)
{
    KsKey key = { 0 };

    for (uint32_t index = 0; index < INDEX_MAX; index++) {
        memcpy(key.bytes, &index, sizeof(index));
        if (bits & 1u << index)
            ks_lock_add_key(lock, set, &key);
    }
}

void order_unpack(const Packed *packed, KsEngine *engine)
{
    engine->settings.locked = packed->locked;
    engine->settings.mode = (KsMode) packed->mode;
    engine->settings.lan = packed->lan;
    engine->spare_running = packed->spare_running;
    ks_settings_clear(&engine->settings);
    if (packed->lan_networks) {
        const char *home[] = { HOME, NULL };
        const char *places[] = { "wired eth0", NULL };

        engine->settings.lan_networks = g_strdupv((char **) home);
        engine->settings.lan_places = g_strdupv((char **) places);
    }
    g_free(engine->locked_by);
    engine->locked_by = g_strdup(texts.text[packed->locked_by]);
    g_free(engine->closed_by);
    engine->closed_by = g_strdup(texts.text[packed->closed_by]);
    g_hash_table_remove_all(engine->lockers);
    for (unsigned i = 0; i < VPNS; i++)
        if (packed->lockers & 1u << i)
            g_hash_table_add(engine->lockers, g_strdup(order_uuids[i]));
    engine->overflow = NULL;

    g_hash_table_remove_all(engine->announcements);
    for (unsigned i = 0; i < packed->announcements; i++) {
        KsAnnouncement *announcement = g_new0(KsAnnouncement, 1);

        announcement->index = packed->announced[i].index;
        announcement->down = packed->announced[i].down;
        g_hash_table_insert(engine->announcements, g_strdup(texts.text[packed->announced[i].uuid]),
                            announcement);
    }
    g_hash_table_remove_all(engine->known_up);
    for (unsigned i = 0; i < packed->known; i++)
        g_hash_table_add(engine->known_up, g_strdup(texts.text[packed->known_up[i]]));

    g_array_set_size(engine->tunnels, 0);
    for (unsigned i = 0; i < packed->tunnels; i++) {
        KsLink link = {
            .index = packed->tunnel[i].index,
            .default_route = packed->tunnel[i].default_route,
        };

        g_strlcpy(link.name, texts.text[packed->tunnel[i].interface], sizeof(link.name));
        ks_tunnels_add(engine->tunnels, texts.text[packed->tunnel[i].uuid],
                       texts.text[packed->tunnel[i].name], texts.text[packed->tunnel[i].type], NULL,
                       &link);
    }

    ks_lock_clear(engine->lock);
    ks_lock_clear(engine->told);
    add_interfaces(engine->lock, KS_SET_OPEN_INTERFACES, packed->open_interfaces);
    add_interfaces(engine->lock, KS_SET_LAN_INTERFACES, packed->lan_interfaces);
    if (packed->set_length[KS_SET_TUNNEL_ROUTES4]) {
        KsAddress route = { .family = AF_INET, .bytes = { 10, 8, FULL, 0 } };

        ks_lock_exclude_from_lan(engine->lock, &route, TUNNEL_PREFIX);
    }
    for (unsigned i = 0; i < VPNS; i++) {
        KsAddress address = order_tunnel_address(i);

        if (packed->tunnel_addresses & 1u << i)
            ks_lock_add_tunnel_address(engine->lock, &address);
    }
    for (unsigned i = 0; i < SERVERS; i++) {
        KsAddress address = order_server(i);

        if (!(packed->servers & 1u << i))
            continue;
        ks_lock_add_server(engine->lock, &address, IPPROTO_UDP, 1194, KS_OPEN_TO_ALL);
        ks_lock_add_server(engine->told, &address, IPPROTO_UDP, 1194, KS_OPEN_TO_ALL);
    }
    ks_lock_seal(engine->lock);
    ks_lock_seal(engine->told);
}
