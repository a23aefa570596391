/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The transactions that plans write, message by message. What the kernel makes of them:
 * tests/kernel/. */
#include "rules/lock-table.h"
#include "rules/messages.h"
#include "rules/plan.h"
#include "rules/rules-text.h"

/* before the kernel's headers, which then leave out what libc has defined */
#include <netinet/in.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#define MANY_SERVERS 10000u

static unsigned rules_count(void)
{
    return ks_skeleton_rules(&ks_lock_table);
}

static const KsRule *rule_at(unsigned n)
{
    return ks_skeleton_rule(&ks_lock_table, n);
}

/* ---- batches ---- */

static KsLock *many_servers(unsigned count)
{
    KsLock *lock = ks_lock_new();

    for (unsigned i = 0; i < count; i++) {
        KsAddress server = {
            .family = i % 2 ? AF_INET : AF_INET6,
            .bytes = { 198, 18, (uint8_t) (i >> 8), (uint8_t) i },
        };

        g_assert_true(ks_lock_add_server(lock, &server, IPPROTO_UDP, 1194, KS_OPEN_TO_ALL));
    }
    ks_lock_open_interface(lock, 7);
    ks_lock_add_guests(lock, 8);
    ks_lock_add_hotspot(lock, 9);
    ks_lock_add_translator(lock, 10);
    ks_lock_set_versions(lock, KS_SET_TELLING, true);
    ks_lock_seal(lock);
    return lock;
}

/* Each message by a letter: table T t, chain C c, rule R r, set S s, elements E e, counter O; B and
 * . are the ends of the batch. Everything that holds for every message is asserted here. */
static char *shape_of(const KsBatch *batch)
{
    static const struct {
        uint16_t type;
        char letter;
    } letters[] = {
        { NFT_MSG_NEWTABLE, 'T' },   { NFT_MSG_DELTABLE, 't' }, { NFT_MSG_NEWCHAIN, 'C' },
        { NFT_MSG_DELCHAIN, 'c' },   { NFT_MSG_NEWRULE, 'R' },  { NFT_MSG_DELRULE, 'r' },
        { NFT_MSG_NEWSET, 'S' },     { NFT_MSG_DELSET, 's' },   { NFT_MSG_NEWSETELEM, 'E' },
        { NFT_MSG_DELSETELEM, 'e' }, { NFT_MSG_NEWOBJ, 'O' },
    };
    const struct nlmsghdr *message = (const struct nlmsghdr *) batch->data;
    GString *shape = g_string_new(NULL);
    int left = (int) batch->length;
    uint32_t sequence = message->nlmsg_seq;
    unsigned counted = 0;

    for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
        const struct nfgenmsg *generic = mnl_nlmsg_get_payload(message);
        char letter = '?';

        g_assert_cmpuint(message->nlmsg_seq, ==, sequence++);
        g_assert_cmpuint(message->nlmsg_len, <=, KS_BATCH_MESSAGE_MAX);
        g_assert_true(message->nlmsg_flags & NLM_F_REQUEST);
        if (message->nlmsg_type == NFNL_MSG_BATCH_BEGIN ||
            message->nlmsg_type == NFNL_MSG_BATCH_END) {
            g_assert_cmpuint(ntohs(generic->res_id), ==, NFNL_SUBSYS_NFTABLES);
            g_assert_false(message->nlmsg_flags & NLM_F_ACK);
            letter = message->nlmsg_type == NFNL_MSG_BATCH_BEGIN ? 'B' : '.';
        } else {
            g_assert_cmpuint(NFNL_SUBSYS_ID(message->nlmsg_type), ==, NFNL_SUBSYS_NFTABLES);
            g_assert_cmpuint(generic->nfgen_family, ==, NFPROTO_INET);
            g_assert_true(message->nlmsg_flags & NLM_F_ACK);
            counted++;
            for (unsigned i = 0; i < G_N_ELEMENTS(letters); i++)
                if (letters[i].type == NFNL_MSG_TYPE(message->nlmsg_type))
                    letter = letters[i].letter;
        }
        g_string_append_c(shape, letter);
    }
    g_assert_cmpint(left, ==, 0);
    g_assert_cmpuint(counted, ==, batch->messages);
    g_assert_cmpuint(sequence - 1, ==, batch->sequence);
    return g_string_free(shape, FALSE);
}

static void assert_shape(const KsBatch *batch, const char *pattern)
{
    g_autofree char *shape = shape_of(batch);

    if (!g_regex_match_simple(pattern, shape, 0, 0))
        g_error("%s is not %s", shape, pattern);
}

/* As it would be read back when everything is in place. */
static KsReadback *intact(const KsLock *lock)
{
    KsReadback *readback = ks_readback_new(&ks_lock_table);

    readback->present = true;
    for (KsChainId chain = 0; chain < KS_CHAIN_MAX; chain++)
        readback->chains[chain].present = true;
    for (KsNftSet set = 0; set < KS_NFT_SET_MAX; set++)
        readback->sets[set].present = true;
    for (KsCounterId counter = 0; counter < KS_COUNTER_MAX; counter++)
        readback->counters[counter].present = true;
    for (KsSetId set = 0; set < KS_SET_MAX; set++)
        g_array_append_vals(readback->lock->sets[set], lock->sets[set]->data, lock->sets[set]->len);
    g_assert_true(ks_readback_is_intact(readback));
    return readback;
}

static void test_plans(void)
{
    g_autoptr(KsLock) one = many_servers(1);
    g_autoptr(KsLock) two = many_servers(2);
    g_autoptr(KsReadback) nothing = ks_readback_new(&ks_lock_table);
    g_autoptr(KsReadback) held = intact(one);
    KsBatch batch = { 0 };

    ks_readback_finish(nothing);
    g_assert_cmpint(ks_plan_lock(&batch, nothing, one, 0), ==, 0);
    assert_shape(&batch, "^BTC+O+(SE?)+R+\\.$");
    g_assert_cmpuint(batch.messages, >, rules_count());

    g_assert_cmpint(ks_plan_lock(&batch, held, one, 0), ==, 0); /* so already */
    assert_shape(&batch, "^B\\.$");
    g_assert_cmpint(ks_plan_lock(&batch, held, two, 0), ==, 0);
    assert_shape(&batch, "^BEE\\.$"); /* a server, and its address */

    g_ptr_array_add(held->problems, g_strdup("a rule"));
    g_assert_cmpint(ks_plan_lock(&batch, held, two, 0), ==, 0);
    assert_shape(&batch, "^BTrC+R+EE\\.$");
    g_assert_cmpint(ks_plan_replace(&batch, held, one, 0), ==, 0);
    assert_shape(&batch, "^BtTC+O+(SE?)+R+\\.$");
    g_assert_cmpint(ks_plan_unhook(&batch, held), ==, 0);
    assert_shape(&batch, "^Bc{5}\\.$");
    g_assert_cmpint(ks_plan_unhook(&batch, nothing), ==, 0);
    assert_shape(&batch, "^B\\.$");
    g_assert_cmpint(ks_plan_unlock(&batch, held), ==, 0);
    assert_shape(&batch, "^Bt\\.$");
    g_assert_cmpint(ks_plan_unlock(&batch, nothing), ==, 0);
    assert_shape(&batch, "^B\\.$");

    g_assert_cmpint(ks_plan_adopt(&batch, held), ==, 0); /* nothing to adopt: it was never owned */
    assert_shape(&batch, "^B\\.$");
    held->flags = KS_TABLE_F_PERSIST;
    g_assert_cmpint(ks_plan_adopt(&batch, held), ==, 0);
    assert_shape(&batch, "^BT\\.$");

    g_assert_cmpint(ks_plan_pause(&batch, held, 1000), ==, 0);
    assert_shape(&batch, "^BE\\.$");
    held->pause_ms = 1;
    g_assert_cmpint(ks_plan_pause(&batch, held, 1000), ==, 0);
    assert_shape(&batch, "^BeE\\.$");
    g_assert_cmpint(ks_plan_pause(&batch, held, 0), ==, 0);
    assert_shape(&batch, "^Be\\.$");
    ks_batch_clear(&batch);
}

/* Ten thousand servers: the buffer grows, elements go in chunks, and it is one transaction. */
static void test_growth(void)
{
    g_autoptr(KsLock) none = many_servers(0);
    g_autoptr(KsLock) many = many_servers(MANY_SERVERS);
    g_autoptr(KsReadback) nothing = ks_readback_new(&ks_lock_table);
    g_autoptr(KsReadback) held = intact(none);
    KsBatch batch = { 0 };

    g_assert_cmpint(ks_plan_lock(&batch, nothing, many, 0), ==, 0);
    g_assert_cmpuint(batch.length, >, MANY_SERVERS * 24u);
    assert_shape(&batch, "^BTC+O+(SE*)+R+\\.$");
    g_assert_cmpint(ks_plan_lock(&batch, held, many, 0), ==, 0);
    assert_shape(&batch, "^BE{36,80}\\.$");
    ks_batch_clear(&batch);
}

static void test_errors_stick(void)
{
    KsBatch batch = { 0 };
    struct nlmsghdr *message;

    ks_batch_begin(&batch);
    ks_batch_fail(&batch, -ENOMEM);
    ks_batch_fail(&batch, -EINVAL);
    g_assert_null(ks_batch_message(&batch, NFT_MSG_NEWTABLE, NFPROTO_INET, 0));
    ks_batch_add_table(&batch, NFPROTO_INET, "t", 0, NULL);
    g_assert_cmpint(ks_batch_end(&batch), ==, -ENOMEM); /* the first one */
    g_assert_cmpuint(batch.messages, ==, 0);

    ks_batch_begin(&batch); /* a new transaction is a new chance */
    message = ks_batch_message(&batch, NFT_MSG_NEWTABLE, NFPROTO_INET, 0);
    message->nlmsg_len = KS_BATCH_MESSAGE_MAX + 1;
    ks_batch_commit_message(&batch, message);
    g_assert_cmpint(ks_batch_end(&batch), ==, -EMSGSIZE);

    ks_batch_begin(&batch);
    ks_batch_add_pause(&batch, &ks_lock_table, KS_NFT_SET_PAUSE, 0); /* it would never end */
    g_assert_cmpint(ks_batch_end(&batch), ==, -EINVAL);
    ks_batch_begin(&batch);
    g_assert_cmpint(ks_batch_end(&batch), ==, 0);
    ks_batch_clear(&batch);
}

/* ---- what cannot be understood: a rule of a kind that libnftnl does not know ---- */

static struct nlmsghdr *odd_rule(void *buffer, const char *table)
{
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
    struct nfgenmsg *generic = mnl_nlmsg_put_extra_header(message, sizeof(*generic));
    struct nlattr *expressions;
    struct nlattr *expression;

    message->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE;
    generic->nfgen_family = NFPROTO_INET;
    mnl_attr_put_strz(message, NFTA_RULE_TABLE, table);
    mnl_attr_put_strz(message, NFTA_RULE_CHAIN, "output");
    expressions = mnl_attr_nest_start(message, NFTA_RULE_EXPRESSIONS);
    expression = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
    mnl_attr_put_strz(message, NFTA_EXPR_NAME, "of-tomorrow");
    mnl_attr_nest_end(message, expression);
    mnl_attr_nest_end(message, expressions);
    return message;
}

/* Such a table is put in its place again; another one is no concern. */
static void test_unreadable(void)
{
    g_autoptr(KsLock) lock = many_servers(1);
    g_autoptr(KsReadback) held = intact(lock);
    uint8_t buffer[256] = { 0 };
    KsBatch batch = { 0 };

    g_assert_cmpint(ks_readback_take(held, odd_rule(buffer, "others")), ==, 0);
    g_assert_true(ks_readback_is_intact(held));
    memset(buffer, 0, sizeof(buffer));
    g_assert_cmpint(ks_readback_take(held, odd_rule(buffer, "nm_killswitch")), ==, 0);
    g_assert_false(ks_readback_is_intact(held));
    g_assert_cmpint(ks_plan_lock(&batch, held, lock, 0), ==, 0);
    assert_shape(&batch, "^BtTC+O+(SE?)+R+\\.$");
    ks_batch_clear(&batch);
}

/* ---- memory that runs out ---- */

/* ---- scale ---- */

#define PROFILES 10000u
#define NAMES    8000u

static KsLock *many_profiles(unsigned profiles)
{
    KsLock *lock = ks_lock_new();

    for (unsigned i = 0; i < profiles; i++) {
        KsAddress server = {
            .family = AF_INET,
            .bytes = { 198, 18, (uint8_t) (i >> 8), (uint8_t) i },
        };
        g_autofree char *name = g_strdup_printf("node-%u.vpn.example", i);

        g_assert_true(ks_lock_add_server(lock, &server, IPPROTO_UDP, 1194, KS_OPEN_TO_DAEMONS));
        g_assert_true(i >= NAMES || ks_lock_add_name(lock, name));
    }
    ks_lock_seal(lock);
    return lock;
}

/* What comes and goes is a profile's own elements, however many others there are. */
static void test_scale(void)
{
    g_autoptr(KsLock) few = many_profiles(NAMES - 1);
    g_autoptr(KsLock) more = many_profiles(NAMES);
    g_autoptr(KsLock) all = many_profiles(PROFILES);
    g_autoptr(KsReadback) held = intact(few);
    g_autoptr(KsReadback) full = intact(all);
    KsBatch batch = { 0 };

    g_assert_cmpint(ks_plan_lock(&batch, held, more, 0), ==, 0);
    assert_shape(&batch, "^BEEE\\.$"); /* a server, its address, and a name */
    g_assert_cmpuint(batch.length, <, 512);
    g_assert_cmpint(ks_plan_lock(&batch, full, all, 0), ==, 0);
    assert_shape(&batch, "^B\\.$");
    ks_batch_clear(&batch);
}

static unsigned allocations_left; /* 0: there is always enough */

static bool runs_out(void)
{
    return allocations_left > 0 && --allocations_left == 0;
}

/* The linker puts these in the place of the functions that rules/ calls (meson.build). */
#define WRAP_ALLOC(type, name, parameters, arguments)       \
    type __real_##name parameters;                          \
    type __wrap_##name parameters;                          \
    type __wrap_##name parameters                           \
    {                                                       \
        return runs_out() ? NULL : __real_##name arguments; \
    }

WRAP_ALLOC(void *, realloc, (void *p, size_t size), (p, size))
WRAP_ALLOC(struct nftnl_table *, nftnl_table_alloc, (void), ())
WRAP_ALLOC(struct nftnl_chain *, nftnl_chain_alloc, (void), ())
WRAP_ALLOC(struct nftnl_rule *, nftnl_rule_alloc, (void), ())
WRAP_ALLOC(struct nftnl_expr *, nftnl_expr_alloc, (const char *name), (name))
WRAP_ALLOC(struct nftnl_set *, nftnl_set_alloc, (void), ())
WRAP_ALLOC(struct nftnl_set_elem *, nftnl_set_elem_alloc, (void), ())
WRAP_ALLOC(struct nftnl_obj *, nftnl_obj_alloc, (void), ())
WRAP_ALLOC(struct nftnl_udata_buf *, nftnl_udata_buf_alloc, (uint32_t size), (size))

/* Whichever allocation fails: the plan fails, and never writes a weaker lock. */
static void test_out_of_memory(void)
{
    g_autoptr(KsLock) want = many_servers(2);
    g_autoptr(KsReadback) nothing = ks_readback_new(&ks_lock_table);
    g_autoptr(KsReadback) held = intact(want);
    const KsReadback *from[] = { nothing, held };
    unsigned failures = 0;

    g_ptr_array_add(held->problems, g_strdup("a rule"));
    for (unsigned i = 0; i < G_N_ELEMENTS(from); i++) {
        for (unsigned n = 1;; n++) {
            KsBatch batch = { 0 };
            int result;
            bool ran_out;

            allocations_left = n;
            result = ks_plan_lock(&batch, from[i], want, 0);
            ran_out = allocations_left == 0;
            allocations_left = 0;
            ks_batch_clear(&batch);
            g_assert_cmpint(result, ==, ran_out ? -ENOMEM : 0);
            if (!ran_out)
                break;
            failures++;
        }
    }
    g_assert_cmpuint(failures, >, 2 * rules_count());
}

/* ---- text ---- */

static void test_text(void)
{
    g_autoptr(KsLock) lock = many_servers(1);
    g_autoptr(KsReadback) nothing = ks_readback_new(&ks_lock_table);
    g_autoptr(KsReadback) held = intact(lock);
    g_autofree char *empty = ks_rules_text(nothing, NULL, NULL);
    g_autofree char *text = NULL;

    g_assert_cmpstr(empty, ==, "");
    g_ptr_array_add(held->problems, g_strdup("somebody was here"));
    text = ks_rules_text(held, NULL, NULL);
    g_assert_true(g_str_has_prefix(text, "# NOT AS IT SHOULD BE: somebody was here\n"));
    for (unsigned i = 0; i < rules_count(); i++)
        g_assert_nonnull(strstr(text, rule_at(i)->text));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rules/plans", test_plans);
    g_test_add_func("/rules/growth", test_growth);
    g_test_add_func("/rules/errors-stick", test_errors_stick);
    g_test_add_func("/rules/unreadable", test_unreadable);
    g_test_add_func("/rules/scale", test_scale);
    g_test_add_func("/rules/out-of-memory", test_out_of_memory);
    g_test_add_func("/rules/text", test_text);
    return g_test_run();
}
