/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel/netfilter.h and the plans that go through it: the same source is linked once with the fake
 * and once with the kernel (KS_TEST_KERNEL). */
#include "test-netfilter.h"

#include "model/names.h"

/* before the kernel's headers, which then leave out what libc has defined */
#include <netinet/in.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#ifdef KS_TEST_KERNEL
#include "namespace.h"
#endif

#define MANY_SERVERS 10000u
#define PAUSE_MS     60000u

static KsAddress address4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    return (KsAddress){ .family = AF_INET, .bytes = { a, b, c, d } };
}

static KsAddress address6(uint8_t last)
{
    return (KsAddress){ .family = AF_INET6, .bytes = { 0x20, 1, 0x0d, 0xb8, [15] = last } };
}

/* Something in each variable set. */
static void fill(KsLock *lock)
{
    KsAddress server4 = address4(192, 0, 2, 1);
    KsAddress server6 = address6(1);
    KsAddress dhcp = address4(192, 0, 2, 254);
    KsAddress private4 = address4(10, 8, 0, 0);
    KsAddress private6 = { .family = AF_INET6, .bytes = { 0xfd, 1 } };

    ks_lock_open_interface(lock, 7);
    ks_lock_open_interface(lock, 8);
    ks_lock_open_lan(lock, 2);
    ks_lock_add_guests(lock, 3);
    ks_lock_add_hotspot(lock, 4);
    ks_lock_add_translator(lock, 5);
    ks_lock_add_tunnel_address(lock, &private4);
    ks_lock_add_tunnel_address(lock, &private6);
    ks_lock_add_server(lock, &server4, IPPROTO_UDP, 1194, KS_OPEN_TO_ALL);
    ks_lock_add_server(lock, &server4, IPPROTO_TCP, 443, KS_OPEN_TO_ALL);
    ks_lock_add_server(lock, &server6, IPPROTO_UDP, 51820, KS_OPEN_TO_ALL);
    ks_lock_add_dhcp_server(lock, &dhcp);
    ks_lock_exclude_from_lan(lock, &private4, 16);
    ks_lock_exclude_from_lan(lock, &private6, 48);
    ks_lock_add_server(lock, &server4, IPPROTO_ESP, 0, KS_OPEN_TO_ALL);
    ks_lock_add_server(lock, &server6, IPPROTO_GRE, 0, KS_OPEN_TO_DAEMONS);
    ks_lock_add_people(lock, 1000, 59999);
    ks_lock_add_people(lock, 100000, UINT32_MAX);
    ks_lock_add_wireguard_mark(lock, 0xcbca);
    ks_lock_add_port(lock, KS_SET_WIREGUARD_PORTS, 51820);
    ks_lock_add_port(lock, KS_SET_OPENVPN_PORTS, 41000);
    ks_lock_set_versions(lock, KS_SET_IPSEC, true);
    ks_lock_set_versions(lock, KS_SET_TELLING, true);
    ks_lock_add_pppoe_peer(lock, &(KsPppoePeer){ { 2, 0, 0, 0, 0, 1 } });
    ks_lock_add_name(lock, "vpn.example");
    ks_lock_add_name(lock,
                     "cvpn-endpoint-0123456789abcdef0.prod.clientvpn.eu-central-1.amazonaws.com");
    ks_lock_seal(lock);
}

bool drain(Fixture *f)
{
    KsAuthor author;

    return ks_monitor_drain(f->monitor, ks_netfilter_port(f->guard), &author);
}

void set_up(Fixture *f, const void *data)
{
    (void) data;
    memset(f, 0, sizeof(*f));
    g_assert_cmpint(ks_netfilter_open(&f->guard), ==, 0);
    g_assert_cmpint(ks_netfilter_open(&f->other), ==, 0);
    g_assert_cmpint(ks_monitor_open(&f->monitor), ==, 0);
    f->held = ks_readback_new(&ks_lock_table);
    f->want = ks_lock_new();
    fill(f->want);
}

void tear_down(Fixture *f, const void *data)
{
    (void) data;
    /* no matter who owns the table: the orphan can be deleted */
    ks_netfilter_close(f->guard);
    g_assert_cmpint(ks_netfilter_read(f->other, f->held), ==, 0);
    g_assert_cmpint(ks_plan_unlock(&f->batch, f->held), ==, 0);
    g_assert_cmpint(ks_netfilter_commit(f->other, &f->batch), ==, 0);
    g_assert_cmpint(ks_netfilter_read(f->other, f->held), ==, 0);
    g_assert_false(f->held->present);
    ks_netfilter_close(f->other);
    ks_monitor_close(f->monitor);
    ks_readback_free(f->held);
    ks_lock_free(f->want);
    ks_batch_clear(&f->batch);
}

void read_held(Fixture *f)
{
    g_assert_cmpint(ks_netfilter_read(f->guard, f->held), ==, 0);
}

unsigned count_messages(const KsBatch *batch, uint16_t type)
{
    const struct nlmsghdr *message = (const struct nlmsghdr *) batch->data;
    const struct nlattr *attribute;
    int left = (int) batch->length;
    unsigned count = 0;

    for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
        if (message->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | type))
            continue;
        if (type != NFT_MSG_DELCHAIN)
            count++;
        mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
            for (KsChainId chain = 0; type == NFT_MSG_DELCHAIN && chain < KS_CHAIN_MAX; chain++)
                if (mnl_attr_get_type(attribute) == NFTA_CHAIN_NAME &&
                    ks_lock_table.chains[chain].base &&
                    strcmp(mnl_attr_get_str(attribute), ks_lock_table.chains[chain].name) == 0)
                    count++;
    }
    return count;
}

void assert_as_wanted(const Fixture *f)
{
    for (unsigned i = 0; i < f->held->problems->len; i++)
        g_test_message("%s", (const char *) g_ptr_array_index(f->held->problems, i));
    g_assert_true(ks_readback_is_intact(f->held));
    g_assert_true(ks_lock_equal(f->held->lock, f->want));
    g_assert_cmpuint(f->held->foreign_chains->len, ==, 0);
    g_assert_cmpuint(f->held->foreign_sets->len, ==, 0);
}

void apply(Fixture *f, uint32_t flags)
{
    read_held(f);
    g_assert_cmpint(ks_plan_lock(&f->batch, f->held, f->want, flags), ==, 0);
    g_assert_cmpint(ks_netfilter_commit(f->guard, &f->batch), ==, 0);
    read_held(f);
    assert_as_wanted(f);
    g_assert_cmpint(ks_plan_lock(&f->batch, f->held, f->want, flags), ==, 0);
    g_assert_cmpuint(f->batch.messages, ==, 0);
}

int commit_as_other(Fixture *f)
{
    int result = ks_batch_end(&f->batch);

    return result < 0 ? result : ks_netfilter_commit(f->other, &f->batch);
}

/* ---- the ordinary course ---- */

static void test_absent(Fixture *f, const void *data)
{
    (void) data;
    read_held(f);
    g_assert_false(f->held->present);
    g_assert_false(ks_readback_is_intact(f->held));
    g_assert_cmpuint(f->held->problems->len, ==, 0);
    g_assert_cmpint(ks_plan_unlock(&f->batch, f->held), ==, 0);
    g_assert_cmpuint(f->batch.messages, ==, 0);
    g_assert_cmpint(ks_netfilter_commit(f->guard, &f->batch), ==, 0);
    g_assert_cmpint(ks_plan_pause(&f->batch, f->held, 1), ==, -ENOENT);
    g_assert_false(drain(f));
}

static void test_install_and_remove(Fixture *f, const void *data)
{
    uint32_t flags = ks_netfilter_table_flags(f->guard);

    (void) data;
    for (unsigned round = 0; round < 3; round++) {
        apply(f, flags);
        g_assert_cmpuint(f->held->flags, ==, flags);
        g_assert_cmpint(ks_readback_is_owned(f->held), ==, flags != 0);
        g_assert_cmpuint(f->held->pause_ms, ==, 0);
        g_assert_cmpint(ks_plan_unhook(&f->batch, f->held), ==, 0);
        g_assert_cmpint(ks_netfilter_commit(f->guard, &f->batch), ==, 0);
        read_held(f);
        g_assert_true(f->held->present);
        g_assert_false(f->held->chains[KS_CHAIN_POSTROUTING].present);
        g_assert_cmpint(ks_plan_unlock(&f->batch, f->held), ==, 0);
        g_assert_cmpuint(f->batch.messages, ==, 1);
        g_assert_cmpint(ks_netfilter_commit(f->guard, &f->batch), ==, 0);
        read_held(f);
        g_assert_false(f->held->present);
    }
    g_assert_false(drain(f));
}

static void test_replace(Fixture *f, const void *data)
{
    (void) data;
    apply(f, 0);
    g_assert_cmpint(ks_plan_replace(&f->batch, f->held, f->want, 0), ==, 0);
    g_assert_cmpint(ks_netfilter_commit(f->guard, &f->batch), ==, 0);
    read_held(f);
    assert_as_wanted(f);
}

#define OPEN_TO_MAX KS_OPEN_TO_SEVERAL_AND_IPSEC

#define LONG_NAME "cvpn-endpoint-0123456789abcdef0.prod.clientvpn.eu-central-1.amazonaws.com"

static void random_lock(KsLock *lock, GRand *random)
{
    ks_lock_clear(lock);
    for (unsigned i = g_rand_int_range(random, 0, 12); i > 0; i--) {
        uint8_t number = (uint8_t) g_rand_int_range(random, 0, 8);
        KsAddress server4 = address4(192, 0, 2, number);
        KsAddress server6 = address6(number);
        KsAddress private4 = address4(10, number, (uint8_t) (number << 4), 0);
        KsAddress private6 = { .family = AF_INET6, .bytes = { 0xfd, number } };

        ks_lock_open_interface(lock, number + 2u);
        ks_lock_open_lan(lock, number + 20u);
        ks_lock_add_server(lock, &server4, IPPROTO_UDP, 1194,
                           (uint32_t) g_rand_int_range(random, 0, OPEN_TO_MAX + 1));
        ks_lock_add_server(lock, &server6, IPPROTO_TCP, 443, KS_OPEN_TO_ALL);
        ks_lock_add_dhcp_server(lock, &server4);
        ks_lock_add_server(lock, &server4, IPPROTO_ESP, 0,
                           (uint32_t) g_rand_int_range(random, 0, OPEN_TO_MAX + 1));
        ks_lock_add_server(lock, &server6, IPPROTO_AH, 0, KS_OPEN_TO_ALL);
        ks_lock_add_people(lock, number * 1000u,
                           number * 1000u + (uint32_t) g_rand_int_range(random, 0, 2000));
        ks_lock_add_wireguard_mark(lock, number);
        ks_lock_add_port(lock, KS_SET_WIREGUARD_PORTS, number);
        ks_lock_add_port(lock, KS_SET_OPENVPN_PORTS, number);
        if (number > 5)
            ks_lock_set_versions(lock, KS_SET_IPSEC, true);
        ks_lock_add_pppoe_peer(lock, &(KsPppoePeer){ { 2, 0, 0, 0, 0, (uint8_t) number } });
        if (number == 7)
            ks_lock_add_guests(lock, number);
        if (number == 6)
            ks_lock_add_hotspot(lock, number);
        if (number == 5)
            ks_lock_set_versions(lock, KS_SET_TELLING, true);
        if (number < 3)
            ks_lock_add_translator(lock, number);
        if (number < 4) { /* of one length, and of others */
            ks_lock_add_name(lock, number % 2 ? "a.example" : "b.example");
            ks_lock_add_name(lock, number % 2 ? LONG_NAME : LONG_NAME ".longer");
        }
        ks_lock_exclude_from_lan(lock, &private4, (uint8_t) g_rand_int_range(random, 8, 33));
        ks_lock_exclude_from_lan(lock, &private6, (uint8_t) g_rand_int_range(random, 7, 129));
    }
    ks_lock_seal(lock);
}

/* How many messages change the rules for names: two chains again, where three are constant. */
static unsigned count_name_rules(const KsLock *have, const KsLock *want)
{
    if (ks_lock_set_is_equal(have, want, KS_SET_NAME_LENGTHS))
        return 0;
    return 1 + (have->sets[KS_SET_NAME_LENGTHS]->len > 0) + 3 +
           3 * want->sets[KS_SET_NAME_LENGTHS]->len;
}

#define TELLING_RULES  10
#define TELLING_CHAINS 2

/* A change is elements and nothing else, whatever to whatever; but for the rules that come and go
 * with the guests, with the hotspots, with the lengths of names, and while somebody looks. */
static void test_changes(Fixture *f, const void *data)
{
    g_autoptr(GRand) random = g_rand_new_with_seed((guint32) g_test_rand_int());

    (void) data;
    apply(f, 0);
    for (unsigned round = 0; round < 200; round++) {
        bool had_guests = f->held->lock->sets[KS_SET_GUEST_INTERFACES]->len > 0;
        bool had_hotspot = f->held->lock->sets[KS_SET_HOTSPOT_INTERFACES]->len > 0;
        bool told = f->held->lock->sets[KS_SET_TELLING]->len > 0;
        unsigned elements;
        unsigned names;
        unsigned rules;
        unsigned telling;

        random_lock(f->want, random);
        names = count_name_rules(f->held->lock, f->want);
        g_assert_cmpint(ks_plan_lock(&f->batch, f->held, f->want, 0), ==, 0);
        elements = count_messages(&f->batch, NFT_MSG_NEWSETELEM) +
                   count_messages(&f->batch, NFT_MSG_DELSETELEM);
        rules =
            count_messages(&f->batch, NFT_MSG_NEWRULE) + count_messages(&f->batch, NFT_MSG_DELRULE);
        g_assert_cmpuint(elements + rules, ==, f->batch.messages);
        telling = f->want->sets[KS_SET_TELLING]->len > 0 ? TELLING_RULES : TELLING_CHAINS;
        if (told == (f->want->sets[KS_SET_TELLING]->len > 0))
            telling = 0;
        g_assert_cmpuint(rules - names - telling, ==,
                         (had_guests != (f->want->sets[KS_SET_GUEST_INTERFACES]->len > 0)) +
                             (had_hotspot != (f->want->sets[KS_SET_HOTSPOT_INTERFACES]->len > 0)));
        apply(f, 0);
    }
}

static void test_many_servers(Fixture *f, const void *data)
{
    (void) data;
#ifdef KS_TEST_KERNEL
    if (namespace_is_of_user()) {
        g_test_skip("a batch this large needs the machine's own root");
        return;
    }
#endif
    for (unsigned round = 0; round < 2; round++) {
        ks_lock_clear(f->want);
        for (unsigned i = 0; i < MANY_SERVERS; i++) {
            KsAddress server =
                address4(198, (uint8_t) (18 + round), (uint8_t) (i >> 8), (uint8_t) i);

            g_assert_true(ks_lock_add_server(f->want, &server, IPPROTO_UDP, 1194, KS_OPEN_TO_ALL));
        }
        ks_lock_seal(f->want);
        apply(f, 0);
        g_assert_cmpuint(f->held->lock->sets[KS_SET_SERVERS4]->len, ==, MANY_SERVERS);
    }
}

/* The last message fails: nothing of the batch is there. */
static void test_all_or_nothing(Fixture *f, const void *data)
{
    const GArray *servers = f->want->sets[KS_SET_SERVERS4];

    (void) data;
    apply(f, 0);
    ks_batch_begin(&f->batch);
    ks_batch_flush_rules(&f->batch, &ks_lock_table);
    ks_batch_delete_keys(&f->batch, &ks_lock_table, KS_SET_SERVERS4, servers);
    ks_batch_delete_keys(&f->batch, &ks_lock_table, KS_SET_SERVERS4, servers);
    g_assert_cmpint(commit_as_other(f), ==, -ENOENT);
    read_held(f);
    assert_as_wanted(f);
    g_assert_false(drain(f));

    /* a batch that failed while it was written is never sent */
    ks_batch_begin(&f->batch);
    ks_batch_flush_rules(&f->batch, &ks_lock_table);
    ks_batch_fail(&f->batch, -ENOMEM);
    g_assert_cmpint(ks_batch_end(&f->batch), ==, -ENOMEM);
    g_assert_cmpint(ks_netfilter_commit(f->guard, &f->batch), ==, -ENOMEM);
    read_held(f);
    assert_as_wanted(f);

    /* and the socket is good for the next one */
    ks_lock_clear(f->want);
    ks_lock_seal(f->want);
    apply(f, 0);
}

/* What stands there already is no obstacle: two guards at the same moment. */
static void test_install_twice(Fixture *f, const void *data)
{
    g_autoptr(KsReadback) nothing = ks_readback_new(&ks_lock_table);

    (void) data;
    apply(f, 0);
    ks_readback_finish(nothing);
    g_assert_cmpint(ks_plan_lock(&f->batch, nothing, f->want, 0), ==, 0);
    (void) ks_netfilter_commit(f->other, &f->batch);
    apply(f, 0);
}

static void test_pause(Fixture *f, const void *data)
{
    (void) data;
    apply(f, 0);
    for (unsigned round = 0; round < 2; round++) { /* the second one takes the first one's place */
        g_assert_cmpint(ks_plan_pause(&f->batch, f->held, PAUSE_MS), ==, 0);
        g_assert_cmpint(ks_netfilter_commit(f->guard, &f->batch), ==, 0);
        read_held(f);
        assert_as_wanted(f);
        g_assert_cmpuint(f->held->pause_ms, >, PAUSE_MS / 2);
        g_assert_cmpuint(f->held->pause_ms, <=, PAUSE_MS);
    }

    /* repairs and changes leave it as it is */
    ks_batch_begin(&f->batch);
    damage_by_rule(&f->batch);
    g_assert_cmpint(commit_as_other(f), ==, 0);
    apply(f, 0);
    g_assert_cmpuint(f->held->pause_ms, >, PAUSE_MS / 2);

    g_assert_cmpint(ks_plan_pause(&f->batch, f->held, 0), ==, 0);
    g_assert_cmpint(ks_netfilter_commit(f->guard, &f->batch), ==, 0);
    read_held(f);
    assert_as_wanted(f);
    g_assert_cmpuint(f->held->pause_ms, ==, 0);

    /* it ends by itself */
    g_assert_cmpint(ks_plan_pause(&f->batch, f->held, 1), ==, 0);
    g_assert_cmpint(ks_netfilter_commit(f->guard, &f->batch), ==, 0);
    do
        read_held(f);
    while (f->held->pause_ms > 0);
    assert_as_wanted(f);
}

/* ---- owners ---- */

static void assert_nobody_else_may(Fixture *f)
{
    for (unsigned i = 0; damages_of_each_kind[i]; i++) {
        ks_batch_begin(&f->batch);
        damages_of_each_kind[i](&f->batch);
        g_assert_cmpint(commit_as_other(f), ==, -EPERM);
    }
    ks_batch_begin(&f->batch);
    ks_batch_delete_table(&f->batch, NFPROTO_INET, KS_TABLE);
    g_assert_cmpint(commit_as_other(f), ==, -EPERM);
    ks_batch_begin(&f->batch);
    ks_batch_add_table(&f->batch, NFPROTO_INET, KS_TABLE, KS_TABLE_F_OWNED | NFT_TABLE_F_DORMANT,
                       NULL);
    g_assert_cmpint(commit_as_other(f), ==, -EPERM);
    read_held(f);
    assert_as_wanted(f);
    g_assert_false(drain(f));
}

static void test_owner(Fixture *f, const void *data)
{
    uint32_t flags = ks_netfilter_table_flags(f->guard);
    uint32_t port = ks_netfilter_port(f->guard);

    (void) data;
    if (flags != KS_TABLE_F_OWNED) {
        g_test_skip("this kernel has no tables that persist (Linux 6.9)");
        return;
    }
    apply(f, flags);
    g_assert_cmpuint(f->held->owner, ==, port);
    assert_nobody_else_may(f);
    g_assert_cmpint(ks_plan_adopt(&f->batch, f->held), ==, 0);
    g_assert_cmpuint(f->batch.messages, ==, 0); /* it is ours */

    /* its owner dies: an orphan, with everything in it */
    ks_netfilter_close(f->guard);
    g_assert_cmpint(ks_netfilter_open(&f->guard), ==, 0);
    read_held(f);
    assert_as_wanted(f);
    g_assert_cmpuint(f->held->owner, ==, 0);
    g_assert_false(ks_readback_is_owned(f->held));

    /* the next guard adopts it */
    g_assert_cmpint(ks_plan_adopt(&f->batch, f->held), ==, 0);
    g_assert_cmpuint(f->batch.messages, ==, 1);
    g_assert_cmpint(ks_netfilter_commit(f->guard, &f->batch), ==, 0);
    read_held(f);
    assert_as_wanted(f);
    g_assert_cmpuint(f->held->owner, ==, ks_netfilter_port(f->guard));
    g_assert_true(ks_readback_is_owned(f->held));
    (void) drain(f);
    assert_nobody_else_may(f);

    ks_lock_clear(f->want);
    ks_lock_seal(f->want);
    apply(f, flags);
}

/* An orphan that was damaged is mended and adopted in one go. */
static void test_damaged_orphan(Fixture *f, const void *data)
{
    uint32_t flags = ks_netfilter_table_flags(f->guard);

    (void) data;
    if (flags == 0) {
        g_test_skip("this kernel has no tables that persist (Linux 6.9)");
        return;
    }
    apply(f, flags);
    ks_netfilter_close(f->guard);
    g_assert_cmpint(ks_netfilter_open(&f->guard), ==, 0);
    ks_batch_begin(&f->batch);
    damage_by_rule(&f->batch);
    g_assert_cmpint(commit_as_other(f), ==, 0);
    apply(f, flags);
    g_assert_cmpuint(f->held->owner, ==, ks_netfilter_port(f->guard));
}

/* The kernel counts as the first PID namespace does, see KsAuthor. */
static void assert_is_us(uint32_t process)
{
#ifdef KS_TEST_KERNEL
    uint32_t ours = namespace_first_pid();

    g_assert_cmpuint(process, !=, 0);
    if (ours != 0)
        g_assert_cmpuint(process, ==, ours);
#else
    g_assert_cmpuint(process, ==, getpid());
#endif
}

static void test_monitor(Fixture *f, const void *data)
{
    KsAuthor author;

    (void) data;
    ks_batch_begin(&f->batch);
    ks_batch_add_table(&f->batch, NFPROTO_INET, "somebody_else", 0, NULL);
    g_assert_cmpint(commit_as_other(f), ==, 0);
    ks_batch_begin(&f->batch);
    ks_batch_delete_table(&f->batch, NFPROTO_INET, "somebody_else");
    g_assert_cmpint(commit_as_other(f), ==, 0);
    g_assert_false(drain(f)); /* not our table */
    apply(f, 0);
    g_assert_false(drain(f)); /* our own doing */
    ks_batch_begin(&f->batch);
    ks_batch_delete_table(&f->batch, NFPROTO_INET, KS_TABLE);
    g_assert_cmpint(commit_as_other(f), ==, 0);
    g_assert_true(ks_monitor_drain(f->monitor, ks_netfilter_port(f->guard), &author));
    g_assert_true(g_str_has_prefix(program_invocation_short_name, author.name) && author.name[0]);
    assert_is_us(author.process);
    g_assert_false(drain(f));
}

int main(int argc, char **argv)
{
#ifdef KS_TEST_KERNEL
    namespace_enter();
    if (argc > 1 && strcmp(argv[1], "--in-a-container") == 0)
        namespace_enter_pid();
#endif
    g_test_init(&argc, &argv, NULL);
    CASE("absent", test_absent, NULL);
    CASE("install-and-remove", test_install_and_remove, NULL);
    CASE("install-twice", test_install_twice, NULL);
    CASE("replace", test_replace, NULL);
    CASE("changes", test_changes, NULL);
    CASE("many-servers", test_many_servers, NULL);
    CASE("all-or-nothing", test_all_or_nothing, NULL);
    CASE("pause", test_pause, NULL);
    CASE("owner", test_owner, NULL);
    CASE("damaged-orphan", test_damaged_orphan, NULL);
    CASE("monitor", test_monitor, NULL);
    add_damage_tests();
    return g_test_run();
}
