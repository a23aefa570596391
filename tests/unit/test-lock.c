/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/lock.h"

#include "model/dns-name.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define ROUNDS 500

static KsAddress address(const char *text)
{
    KsAddress parsed;

    g_assert_true(ks_address_parse(text, &parsed));
    return parsed;
}

static const KsKey *key_at(const KsLock *lock, KsSetId set, unsigned i)
{
    g_assert_cmpuint(i, <, lock->sets[set]->len);
    return &g_array_index(lock->sets[set], KsKey, i);
}

static void assert_key(const KsLock *lock, KsSetId set, const uint8_t *bytes, size_t size)
{
    const KsKey *key = key_at(lock, set, 0);
    static const KsKey zero;

    g_assert_cmpuint(ks_key_size(set), ==, size);
    g_assert_cmpmem(key->bytes, size, bytes, size);
    g_assert_cmpmem(key->bytes + size, sizeof(key->bytes) - size, zero.bytes,
                    sizeof(key->bytes) - size);
}

/* ---- keys as the kernel compares them ---- */

static void test_constant_keys(void)
{
    g_autoptr(KsLock) lock = ks_lock_new();
    static const uint8_t broadcast[] = { 255, 255, 255, 255 };
    uint32_t loopback = 1;

    for (unsigned round = 0; round < 2; round++) {
        ks_lock_seal(lock);
        for (KsSetId set = 0; set < KS_SET_MAX; set++)
            g_assert_cmpuint(lock->sets[set]->len, ==,
                             set == KS_SET_OPEN_INTERFACES || set == KS_SET_DHCP_SERVERS);
        assert_key(lock, KS_SET_OPEN_INTERFACES, (const uint8_t *) &loopback, sizeof(loopback));
        assert_key(lock, KS_SET_DHCP_SERVERS, broadcast, sizeof(broadcast));
        g_assert_cmpuint(ks_lock_tunnels(lock), ==, 0);
        g_assert_true(ks_lock_has_interface(lock, 1));
        g_assert_false(ks_lock_has_interface(lock, 2));

        g_assert_true(ks_lock_open_interface(lock, 2));
        ks_lock_clear(lock);
    }
}

static void test_server_keys(void)
{
    static const uint8_t key4[] = {
        192, 0, 2, 1, IPPROTO_UDP, 0, 0, 0, 1194 >> 8, 1194 & 0xff, 0, 0
    };
    static const uint8_t key6[] = { 0x20,        1, 0x0d, 0xb8, 0,        0,          0, 0,
                                    0,           0, 0,    0,    0,        0,          0, 1,
                                    IPPROTO_TCP, 0, 0,    0,    443 >> 8, 443 & 0xff, 0, 0 };
    g_autoptr(KsLock) lock = ks_lock_new();
    KsAddress server4 = address("192.0.2.1");
    KsAddress server6 = address("2001:db8::1");
    KsAddress none = { .family = AF_UNSPEC };
    g_autofree char *text4 = NULL;
    g_autofree char *text6 = NULL;
    g_autofree char *text_dhcp = NULL;
    g_autofree char *text_interface = NULL;

    g_assert_true(ks_lock_add_server(lock, &server4, IPPROTO_UDP, 1194, KS_OPEN_TO_ALL));
    g_assert_true(ks_lock_add_server(lock, &server6, IPPROTO_TCP, 443, KS_OPEN_TO_ALL));
    g_assert_false(ks_lock_add_server(lock, &none, IPPROTO_UDP, 1194, KS_OPEN_TO_ALL));
    g_assert_false(ks_lock_add_dhcp_server(lock, &server6));
    g_assert_false(ks_lock_add_dhcp_server(lock, &none));
    ks_lock_seal(lock);
    assert_key(lock, KS_SET_SERVERS4, key4, sizeof(key4));
    assert_key(lock, KS_SET_SERVERS6, key6, sizeof(key6));
    g_assert_cmpuint(lock->sets[KS_SET_DHCP_SERVERS]->len, ==, 1);

    text4 = ks_key_text(KS_SET_SERVERS4, key_at(lock, KS_SET_SERVERS4, 0));
    text6 = ks_key_text(KS_SET_SERVERS6, key_at(lock, KS_SET_SERVERS6, 0));
    text_dhcp = ks_key_text(KS_SET_DHCP_SERVERS, key_at(lock, KS_SET_DHCP_SERVERS, 0));
    text_interface = ks_key_text(KS_SET_OPEN_INTERFACES, key_at(lock, KS_SET_OPEN_INTERFACES, 0));
    g_assert_cmpstr(text4, ==, "192.0.2.1 . udp . 1194");
    g_assert_cmpstr(text6, ==, "2001:db8::1 . tcp . 443");
    g_assert_cmpstr(text_dhcp, ==, "255.255.255.255");
    g_assert_cmpstr(text_interface, ==, "1");
    g_assert_cmpuint(ks_key_number(key_at(lock, KS_SET_OPEN_INTERFACES, 0)), ==, 1);
}

/* What does not fit in is not in, and says so; the set stays usable. */
static void test_bounds(void)
{
    g_autoptr(KsLock) lock = ks_lock_new();
    KsAddress server = address("192.0.2.1");

    for (uint32_t index = 2; index <= KS_LOCK_INTERFACES_MAX; index++)
        g_assert_true(ks_lock_open_interface(lock, index));
    g_assert_false(ks_lock_open_interface(lock, KS_LOCK_INTERFACES_MAX + 1));
    for (uint32_t i = 0; i < KS_LOCK_SERVERS_MAX; i++) {
        server.bytes[2] = (uint8_t) (i >> 8);
        server.bytes[3] = (uint8_t) i;
        g_assert_true(ks_lock_add_server(lock, &server, IPPROTO_UDP, 1, KS_OPEN_TO_ALL));
    }
    g_assert_false(ks_lock_add_server(lock, &server, IPPROTO_UDP, 2, KS_OPEN_TO_ALL));
    ks_lock_seal(lock);
    g_assert_cmpuint(ks_lock_tunnels(lock), ==, KS_LOCK_INTERFACES_MAX - 1);
    g_assert_false(ks_lock_has_interface(lock, KS_LOCK_INTERFACES_MAX + 1));
    g_assert_cmpuint(lock->sets[KS_SET_SERVERS4]->len, ==, KS_LOCK_SERVERS_MAX);
}

/* ---- sets ---- */

/* A small world, so that keys collide. */
static void fill_at_random(KsLock *lock)
{
    ks_lock_clear(lock);
    for (int i = g_test_rand_int_range(0, 20); i > 0; i--) {
        KsAddress server4 = address("192.0.2.0");
        KsAddress server6 = address("2001:db8::");
        KsAddress range4 = address("10.0.0.0");
        KsAddress range6 = address("fd00::");
        uint8_t number = (uint8_t) g_test_rand_int_range(0, 6);

        server4.bytes[3] = number;
        server6.bytes[15] = number;
        range4.bytes[3] = (uint8_t) g_test_rand_int_range(0, 256);
        range6.bytes[15] = (uint8_t) g_test_rand_int_range(0, 256);
        ks_lock_open_interface(lock, number);
        ks_lock_open_lan(lock, 300u * number);
        ks_lock_add_server(lock, &server4, IPPROTO_UDP, 256u * number, KS_OPEN_TO_ALL);
        ks_lock_add_server(lock, &server6, IPPROTO_UDP, 1, KS_OPEN_TO_ALL);
        ks_lock_add_dhcp_server(lock, &server4);
        ks_lock_exclude_from_lan(lock, &range4, (uint8_t) g_test_rand_int_range(25, 33));
        ks_lock_exclude_from_lan(lock, &range6, (uint8_t) g_test_rand_int_range(121, 129));
    }
}

static bool contains(const GArray *keys, const KsKey *key)
{
    for (unsigned i = 0; i < keys->len; i++)
        if (memcmp(&g_array_index(keys, KsKey, i), key, sizeof(*key)) == 0)
            return true;
    return false;
}

static void shuffle(GArray *keys)
{
    for (unsigned i = keys->len; i > 1; i--) {
        KsKey *last = &g_array_index(keys, KsKey, i - 1);
        KsKey *other = &g_array_index(keys, KsKey, g_test_rand_int_range(0, (int) i));
        KsKey kept = *last;

        *last = *other;
        *other = kept;
    }
}

/* Sealed sets are sorted and unique; the order in which keys came makes no difference, nor does
 * adding or sealing twice. */
static void test_seal(void)
{
    g_autoptr(KsLock) lock = ks_lock_new();
    g_autoptr(KsLock) same = ks_lock_new();

    for (unsigned round = 0; round < ROUNDS; round++) {
        fill_at_random(lock);
        for (KsSetId set = 0; set < KS_SET_MAX; set++) {
            g_array_set_size(same->sets[set], 0);
            for (unsigned twice = 0; twice < 2; twice++)
                for (unsigned i = 0; i < lock->sets[set]->len; i++)
                    ks_lock_add_key(same, set, key_at(lock, set, i));
            shuffle(same->sets[set]);
        }
        ks_lock_seal(lock);
        ks_lock_seal(same);
        g_assert_true(ks_lock_equal(lock, same));
        ks_lock_seal(same);
        g_assert_true(ks_lock_equal(lock, same));
        for (KsSetId set = 0; set < KS_SET_MAX; set++)
            for (unsigned i = 1; i < lock->sets[set]->len; i++)
                g_assert_cmpint(
                    memcmp(key_at(lock, set, i - 1), key_at(lock, set, i), sizeof(KsKey)), <, 0);
    }
}

static unsigned count_lengths(const KsLock *lock)
{
    return lock->sets[KS_SET_NAME_LENGTHS]->len;
}

/* What two kinds of VPN at one server add up to opens no more than both do: IPsec's data would be
 * anybody's datagrams. */
static void test_sums(void)
{
    static const struct {
        uint32_t of;
        uint32_t is;
    } sums[] = {
        { KS_OPEN_TO_OPENVPN | KS_OPEN_TO_DAEMONS, KS_OPEN_TO_OPENVPN },
        { KS_OPEN_TO_IPSEC | KS_OPEN_TO_DAEMONS, KS_OPEN_TO_IPSEC },
        { KS_OPEN_TO_WIREGUARD | KS_OPEN_TO_DAEMONS, KS_OPEN_TO_SEVERAL },
        { KS_OPEN_TO_WIREGUARD | KS_OPEN_TO_OPENVPN, KS_OPEN_TO_SEVERAL },
        { KS_OPEN_TO_SEVERAL, KS_OPEN_TO_SEVERAL },
        { KS_OPEN_TO_SEVERAL | KS_OPEN_TO_IPSEC, KS_OPEN_TO_SEVERAL_AND_IPSEC },
        { KS_OPEN_TO_SEVERAL_AND_IPSEC, KS_OPEN_TO_SEVERAL_AND_IPSEC },
        { KS_OPEN_TO_SEVERAL_AND_IPSEC | KS_OPEN_TO_ALL, KS_OPEN_TO_ALL },
    };
    KsAddress server = address("192.0.2.1");

    for (unsigned i = 0; i < G_N_ELEMENTS(sums); i++) {
        g_autoptr(KsLock) lock = ks_lock_new();

        for (uint32_t bit = 1; bit <= sums[i].of; bit <<= 1)
            if (sums[i].of & bit)
                g_assert_true(ks_lock_add_server(lock, &server, IPPROTO_UDP, 443, bit));
        ks_lock_seal(lock);
        g_assert_cmpuint(key_at(lock, KS_SET_SERVERS4, 0)->value, ==, sums[i].is);
    }
}

/* Rules are there for the lengths of the names, and no others. */
static void test_name_lengths(void)
{
    static const char longer[] =
        "node-1.a-long-name-of-a-provider.of-vpns.with-many-servers.example.com";
    g_autoptr(KsLock) lock = ks_lock_new();

    ks_lock_seal(lock);
    g_assert_cmpuint(count_lengths(lock), ==, 0);
    g_assert_cmpuint(lock->sets[KS_SET_QUESTION_LENGTHS]->len, ==, 0);

    g_assert_true(ks_lock_add_name(lock, "vpn.example"));
    g_assert_true(ks_lock_add_name(lock, "two.example"));
    ks_lock_seal(lock);
    g_assert_cmpuint(count_lengths(lock), ==, 1);
    g_assert_cmpuint(key_at(lock, KS_SET_NAME_LENGTHS, 0)->bytes[0], ==, 13);
    g_assert_cmpuint(lock->sets[KS_SET_QUESTION_LENGTHS]->len, ==, 6);

    g_assert_true(ks_lock_add_name(lock, longer));
    g_assert_true(ks_lock_add_name(lock, longer));
    ks_lock_seal(lock);
    g_assert_cmpuint(count_lengths(lock), ==, 2);
    g_assert_cmpuint(key_at(lock, KS_SET_NAME_LENGTHS, 1)->bytes[0], ==, sizeof(longer) + 1);

    /* a table whose version had a rule for each length does not say how long the long ones are */
    g_array_set_size(lock->sets[KS_SET_NAME_LENGTHS], 0);
    ks_lock_seal(lock);
    g_assert_cmpuint(count_lengths(lock), ==, 1 + 64);

    for (KsSetId set = KS_SET_NAMES; set <= KS_SET_NAME_TAILS; set++)
        g_array_set_size(lock->sets[set], 0);
    ks_lock_seal(lock);
    g_assert_cmpuint(count_lengths(lock), ==, 0);
    g_assert_cmpuint(lock->sets[KS_SET_QUESTION_LENGTHS]->len, ==, 0);
}

/* As many names as there may be, of all lengths. */
static void test_many_names(void)
{
    g_autoptr(KsLock) lock = ks_lock_new();
    char name[KS_DNS_COMPARED_MAX];

    for (unsigned i = 0; i < 10000; i++) {
        unsigned digits = 10 + i % (KS_DNS_COMPARED_MAX - 11);

        memset(name, 'a', digits);
        if (digits > 60)
            name[digits / 2] = '.';
        g_snprintf(name + digits - 8, 9, "%08u", i);
        g_assert_true(ks_lock_add_name(lock, name));
    }
    ks_lock_seal(lock);
    g_assert_cmpuint(count_lengths(lock), ==, KS_DNS_COMPARED_MAX - 11);
}

/* have - go + come = want, and nothing goes or comes in vain. */
static void test_compare(void)
{
    g_autoptr(KsLock) have = ks_lock_new();
    g_autoptr(KsLock) want = ks_lock_new();
    g_autoptr(KsLock) made = ks_lock_new();
    g_autoptr(GArray) come = g_array_new(FALSE, FALSE, sizeof(KsKey));
    g_autoptr(GArray) go = g_array_new(FALSE, FALSE, sizeof(KsKey));
    KsKeyChange change = { .come = come, .go = go };

    for (unsigned round = 0; round < ROUNDS; round++) {
        bool differs = false;

        fill_at_random(have);
        fill_at_random(want);
        ks_lock_seal(have);
        ks_lock_seal(want);
        for (KsSetId set = 0; set < KS_SET_MAX; set++) {
            ks_lock_compare_set(have, want, set, &change);
            g_array_set_size(made->sets[set], 0);
            for (unsigned i = 0; i < have->sets[set]->len; i++)
                if (!contains(change.go, key_at(have, set, i)))
                    ks_lock_add_key(made, set, key_at(have, set, i));
            for (unsigned i = 0; i < change.come->len; i++) {
                const KsKey *key = &g_array_index(change.come, KsKey, i);

                g_assert_false(contains(have->sets[set], key));
                g_assert_true(contains(want->sets[set], key));
                ks_lock_add_key(made, set, key);
            }
            for (unsigned i = 0; i < change.go->len; i++) {
                const KsKey *key = &g_array_index(change.go, KsKey, i);

                g_assert_true(contains(have->sets[set], key));
                g_assert_false(contains(want->sets[set], key));
            }
            differs |= change.come->len > 0 || change.go->len > 0;
        }
        g_assert_cmpint(ks_lock_equal(have, want), ==, !differs);
        ks_lock_seal(made);
        g_assert_true(ks_lock_equal(made, want));
    }
}

/* ---- ranges ---- */

static bool in_ranges(const KsLock *lock, const KsAddress *looked_for)
{
    size_t size = ks_address_size(looked_for);
    KsSetId set = size == 4 ? KS_SET_TUNNEL_ROUTES4 : KS_SET_TUNNEL_ROUTES6;
    static const uint8_t zero[16];

    for (unsigned i = 0; i < lock->sets[set]->len; i++) {
        const uint8_t *range = key_at(lock, set, i)->bytes;

        if (memcmp(looked_for->bytes, range, size) >= 0 &&
            (memcmp(range + size, zero, size) == 0 ||
             memcmp(looked_for->bytes, range + size, size) < 0))
            return true;
    }
    return false;
}

static bool in_prefix(const KsAddress *looked_for, const KsAddress *base, unsigned prefix)
{
    for (unsigned bit = 0; bit < prefix; bit++)
        if ((looked_for->bytes[bit / 8] ^ base->bytes[bit / 8]) & (0x80u >> bit % 8))
            return false;
    return true;
}

#define PREFIXES_MAX 8

/* Ranges hold exactly the addresses of the prefixes that were added, at both ends of the address
 * space too, and no two of them touch. */
static void test_ranges(void)
{
    static const char *const bases[] = {
        "0.0.0.0", "10.0.1.0",  "255.255.255.0",
        "::",      "fd00::100", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ff00"
    };
    g_autoptr(KsLock) lock = ks_lock_new();

    for (unsigned round = 0; round < ROUNDS; round++) {
        KsAddress base = address(bases[round % G_N_ELEMENTS(bases)]);
        size_t size = ks_address_size(&base);
        KsSetId set = size == 4 ? KS_SET_TUNNEL_ROUTES4 : KS_SET_TUNNEL_ROUTES6;
        KsAddress prefixes[PREFIXES_MAX];
        unsigned lengths[PREFIXES_MAX];
        unsigned count = (unsigned) g_test_rand_int_range(1, PREFIXES_MAX + 1);

        ks_lock_clear(lock);
        for (unsigned i = 0; i < count; i++) {
            prefixes[i] = base;
            prefixes[i].bytes[size - 1] = (uint8_t) g_test_rand_int_range(0, 256);
            lengths[i] = (unsigned) (size * 8) - (unsigned) g_test_rand_int_range(0, 9);
            g_assert_true(ks_lock_exclude_from_lan(lock, &prefixes[i], (uint8_t) lengths[i]));
        }
        ks_lock_seal(lock);

        for (unsigned last = 0; last < 256; last++) {
            KsAddress looked_for = base;
            bool expected = false;

            looked_for.bytes[size - 1] = (uint8_t) last;
            for (unsigned i = 0; i < count; i++)
                expected |= in_prefix(&looked_for, &prefixes[i], lengths[i]);
            g_assert_cmpint(in_ranges(lock, &looked_for), ==, expected);
        }
        for (unsigned i = 1; i < lock->sets[set]->len; i++)
            g_assert_cmpint(
                memcmp(key_at(lock, set, i - 1)->bytes + size, key_at(lock, set, i)->bytes, size),
                <, 0);
    }
}

static void test_range_edges(void)
{
    static const struct {
        const char *base;
        uint8_t prefix;
        const char *first;
        const char *behind; /* the first address that is not in it */
    } rows[] = {
        { "10.8.3.4", 16, "10.8.0.0", "10.9.0.0" },
        { "10.8.3.4", 32, "10.8.3.4", "10.8.3.5" },
        { "10.8.3.255", 32, "10.8.3.255", "10.8.4.0" },
        { "10.255.255.255", 32, "10.255.255.255", "11.0.0.0" },
        { "172.16.0.0", 12, "172.16.0.0", "172.32.0.0" },
        { "128.0.0.0", 1, "128.0.0.0", "0.0.0.0" },
        { "0.0.0.0", 1, "0.0.0.0", "128.0.0.0" },
        { "255.255.255.255", 32, "255.255.255.255", "0.0.0.0" },
        { "fd00::", 8, "fd00::", "fe00::" },
        { "fc00::", 7, "fc00::", "fe00::" },
        { "fd01:2:3:4::", 63, "fd01:2:3:4::", "fd01:2:3:6::" },
        { "fd00::ffff", 128, "fd00::ffff", "fd00::1:0" },
        { "8000::", 1, "8000::", "::" },
    };
    g_autoptr(KsLock) lock = ks_lock_new();
    KsAddress nothing = address("10.0.0.0");

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        KsAddress base = address(rows[i].base);
        KsAddress first = address(rows[i].first);
        KsAddress behind = address(rows[i].behind);
        size_t size = ks_address_size(&base);
        KsSetId set = size == 4 ? KS_SET_TUNNEL_ROUTES4 : KS_SET_TUNNEL_ROUTES6;

        ks_lock_clear(lock);
        g_assert_true(ks_lock_exclude_from_lan(lock, &base, rows[i].prefix));
        ks_lock_seal(lock);
        g_assert_true(ks_set_is_range(set));
        g_assert_cmpuint(lock->sets[set]->len, ==, 1);
        g_assert_cmpmem(key_at(lock, set, 0)->bytes, size, first.bytes, size);
        g_assert_cmpmem(key_at(lock, set, 0)->bytes + size, size, behind.bytes, size);
    }
    ks_lock_clear(lock);
    g_assert_false(ks_lock_exclude_from_lan(lock, &nothing, 0)); /* that would be everything */
    g_assert_false(ks_lock_exclude_from_lan(lock, &nothing, 33));
    nothing.family = AF_UNSPEC;
    g_assert_false(ks_lock_exclude_from_lan(lock, &nothing, 8));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lock/constant-keys", test_constant_keys);
    g_test_add_func("/lock/server-keys", test_server_keys);
    g_test_add_func("/lock/bounds", test_bounds);
    g_test_add_func("/lock/seal", test_seal);
    g_test_add_func("/lock/sums", test_sums);
    g_test_add_func("/lock/name-lengths", test_name_lengths);
    g_test_add_func("/lock/many-names", test_many_names);
    g_test_add_func("/lock/compare", test_compare);
    g_test_add_func("/lock/ranges", test_ranges);
    g_test_add_func("/lock/range-edges", test_range_edges);
    return g_test_run();
}
