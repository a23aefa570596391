/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: what somebody might put into our table, told as the kernel tells it. The bytes choose
 * objects, names and values; the messages themselves are well formed, because libnftnl's parser,
 * which comes before ours, trusts the kernel to write them so (a rule's expression without a name
 * ends the program there). */
#include "fuzz.h"
#include "model/dns-name.h"
#include "model/names.h"
#include "rules/expression.h"
#include "rules/lock-table.h"
#include "rules/plan.h"
#include "rules/rules-text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#define MESSAGE_SIZE  65536u
#define NAME_MAX_SIZE 32u
#define OBJECTS_MAX   200u
#define ELEMENTS_MAX  16u
#define OTHER_RULE    0x8000u
#define FOREIGN_NAME  0x80u /* a byte from here on: a name of so many bytes (of 32) follows */

typedef struct {
    const uint8_t *data;
    size_t size;
} Bytes;

static uint8_t take_byte(Bytes *bytes)
{
    if (bytes->size == 0)
        return 0;
    bytes->size--;
    return *bytes->data++;
}

static uint32_t take_number(Bytes *bytes)
{
    uint32_t low = take_byte(bytes);

    return low | (uint32_t) take_byte(bytes) << 8;
}

static const char *known_name(unsigned i)
{
    i %= 1 + KS_CHAIN_MAX + KS_NFT_SET_MAX + KS_COUNTER_MAX;
    if (i == 0)
        return KS_TABLE;
    if (--i < KS_CHAIN_MAX)
        return ks_lock_table.chains[i].name;
    i -= KS_CHAIN_MAX;
    return i < KS_NFT_SET_MAX ? ks_lock_table.sets[i].name
                              : ks_lock_table.counters[i - KS_NFT_SET_MAX];
}

static void take_name(Bytes *bytes, char name[NAME_MAX_SIZE])
{
    uint8_t first = take_byte(bytes);
    size_t length = first % NAME_MAX_SIZE;

    memset(name, 0, NAME_MAX_SIZE);
    if (first < FOREIGN_NAME) {
        g_strlcpy(name, known_name(first), NAME_MAX_SIZE);
        return;
    }
    for (size_t i = 0; i < length; i++)
        name[i] = (char) take_byte(bytes);
}

static struct nlmsghdr *begin(uint8_t *buffer, uint16_t type)
{
    struct nlmsghdr *message;
    struct nfgenmsg *generic;

    memset(buffer, 0, MESSAGE_SIZE);
    message = mnl_nlmsg_put_header(buffer);
    message->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | type;
    generic = mnl_nlmsg_put_extra_header(message, sizeof(*generic));
    generic->nfgen_family = NFPROTO_INET;
    return message;
}

static void put_number(struct nlmsghdr *message, uint16_t attribute, uint32_t value)
{
    mnl_attr_put_u32(message, attribute, htonl(value));
}

static void put_table(Bytes *bytes, struct nlmsghdr *message)
{
    char name[NAME_MAX_SIZE];

    take_name(bytes, name);
    mnl_attr_put_strz(message, NFTA_TABLE_NAME, name);
    put_number(message, NFTA_TABLE_FLAGS, take_byte(bytes));
    put_number(message, NFTA_TABLE_OWNER, take_byte(bytes));
}

/* Without a name: nothing that the kernel ever tells, so that it cannot be understood. */
static void put_name(Bytes *bytes, struct nlmsghdr *message, uint16_t attribute)
{
    char name[NAME_MAX_SIZE];

    take_name(bytes, name);
    if (name[0])
        mnl_attr_put_strz(message, attribute, name);
}

static void put_chain(Bytes *bytes, struct nlmsghdr *message)
{
    uint8_t kind;

    mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, KS_TABLE);
    put_name(bytes, message, NFTA_CHAIN_NAME);
    kind = take_byte(bytes);
    if (kind & 1) {
        struct nlattr *hook = mnl_attr_nest_start(message, NFTA_CHAIN_HOOK);

        put_number(message, NFTA_HOOK_HOOKNUM, take_byte(bytes));
        put_number(message, NFTA_HOOK_PRIORITY, (uint32_t) (int8_t) take_byte(bytes));
        mnl_attr_nest_end(message, hook);
    }
    if (kind & 2)
        put_number(message, NFTA_CHAIN_POLICY, take_byte(bytes));
    if (kind & 4)
        mnl_attr_put_strz(message, NFTA_CHAIN_TYPE, kind & 8 ? "nat" : "filter");
}

/* A constant rule, or one for a name of any length. */
static const KsRule *some_rule(unsigned number)
{
    const KsNumberedRules *numbered = ks_lock_table.numbered;
    unsigned rules = ks_skeleton_rules(&ks_lock_table);
    unsigned lengths = KS_DNS_COMPARED_MAX - KS_DNS_COMPARED_MIN + 1;

    number %= rules + lengths * numbered->forms;
    if (number < rules)
        return ks_skeleton_rule(&ks_lock_table, number);
    number -= rules;
    return numbered->rule(KS_DNS_COMPARED_MIN + number % lengths, number / lengths);
}

/* With the end. */
static unsigned count_steps(const KsRule *rule)
{
    unsigned count = 0;

    while (rule->steps[count++].kind != KS_STEP_END)
        ;
    return count;
}

/* A rule of ours, or from OTHER_RULE on one of steps that are ours, with other operands. */
static void put_rule(Bytes *bytes, struct nlmsghdr *message)
{
    unsigned number = take_number(bytes);
    KsRule rule = *some_rule(number);
    KsStep steps[KS_RULE_STEPS_MAX] = { { .kind = KS_STEP_END } };
    struct nftnl_rule *built;

    for (unsigned i = 0; number >= OTHER_RULE && i < KS_RULE_STEPS_MAX - 1; i++) {
        const KsRule *other = some_rule(take_byte(bytes));

        steps[i] = other->steps[take_byte(bytes) % count_steps(other)];
        if (steps[i].kind == KS_STEP_META || steps[i].kind == KS_STEP_REJECT)
            steps[i].key = take_byte(bytes) % 3;
        steps[i].data[0] ^= take_byte(bytes);
    }
    if (number >= OTHER_RULE)
        rule.steps = steps;
    rule.chain = take_byte(bytes) % KS_CHAIN_MAX;
    built = ks_rule_build(&ks_lock_table, &rule);
    FUZZ_CHECK(built);
    nftnl_rule_nlmsg_build_payload(message, built);
    nftnl_rule_free(built);
}

static void put_set(Bytes *bytes, struct nlmsghdr *message)
{
    uint8_t data;

    mnl_attr_put_strz(message, NFTA_SET_TABLE, KS_TABLE);
    put_name(bytes, message, NFTA_SET_NAME);
    put_number(message, NFTA_SET_FLAGS, take_number(bytes));
    put_number(message, NFTA_SET_KEY_LEN, take_byte(bytes));
    data = take_byte(bytes);
    if (data & 1) {
        put_number(message, NFTA_SET_DATA_TYPE, data & 2 ? NFT_DATA_VERDICT : NFT_DATA_VALUE);
        put_number(message, NFTA_SET_DATA_LEN, data >> 2);
    }
}

static void put_verdict(Bytes *bytes, struct nlmsghdr *message)
{
    struct nlattr *verdict = mnl_attr_nest_start(message, NFTA_DATA_VERDICT);
    int8_t code = (int8_t) take_byte(bytes);
    char chain[NAME_MAX_SIZE];

    put_number(message, NFTA_VERDICT_CODE, (uint32_t) code);
    if (code == NFT_JUMP || code == NFT_GOTO) { /* libnftnl ends if they lead nowhere */
        take_name(bytes, chain);
        mnl_attr_put_strz(message, NFTA_VERDICT_CHAIN, chain);
    }
    mnl_attr_nest_end(message, verdict);
}

static void put_elements(Bytes *bytes, struct nlmsghdr *message)
{
    char name[NAME_MAX_SIZE];
    unsigned count;
    struct nlattr *list;

    take_name(bytes, name);
    mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, KS_TABLE);
    mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, name);
    list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
    count = take_byte(bytes) % ELEMENTS_MAX;
    for (unsigned i = 0; i < count; i++) {
        struct nlattr *element = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
        uint8_t length = take_byte(bytes);
        uint8_t flags = take_byte(bytes);
        uint8_t bits[64] = { 0 };

        length = MIN(length, sizeof(bits)); /* NFT_DATA_VALUE_MAXLEN */
        for (unsigned j = 0; j < length; j++)
            bits[j] = take_byte(bytes);
        if (length > 0) {
            struct nlattr *key = mnl_attr_nest_start(message, NFTA_SET_ELEM_KEY);

            mnl_attr_put(message, NFTA_DATA_VALUE, length, bits);
            mnl_attr_nest_end(message, key);
        }
        if (length & 1) { /* what stands beside the key, in a map */
            struct nlattr *data = mnl_attr_nest_start(message, NFTA_SET_ELEM_DATA);

            if (length & 2) {
                mnl_attr_put_u32(message, NFTA_DATA_VALUE, take_byte(bytes));
            } else {
                put_verdict(bytes, message);
            }
            mnl_attr_nest_end(message, data);
        }
        if (flags & 0x0f)
            put_number(message, NFTA_SET_ELEM_FLAGS, flags & 0x0f);
        if (flags & 0x10)
            mnl_attr_put_u64(message, NFTA_SET_ELEM_EXPIRATION,
                             GUINT64_TO_BE((guint64) take_byte(bytes) << (flags & 0xe0) / 4));
        mnl_attr_nest_end(message, element);
    }
    mnl_attr_nest_end(message, list);
}

static void put_counter(Bytes *bytes, struct nlmsghdr *message)
{
    char name[NAME_MAX_SIZE];
    struct nlattr *data;

    take_name(bytes, name);
    mnl_attr_put_strz(message, NFTA_OBJ_TABLE, KS_TABLE);
    mnl_attr_put_strz(message, NFTA_OBJ_NAME, name);
    put_number(message, NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
    data = mnl_attr_nest_start(message, NFTA_OBJ_DATA);
    mnl_attr_put_u64(message, NFTA_COUNTER_PACKETS, GUINT64_TO_BE(take_number(bytes)));
    mnl_attr_put_u64(message, NFTA_COUNTER_BYTES, GUINT64_TO_BE(take_number(bytes)));
    mnl_attr_nest_end(message, data);
}

/* The lock that is installed where there is none. */
static const KsLock *our_lock(void)
{
    static KsLock *lock;

    if (!lock) {
        lock = ks_lock_new();
        ks_lock_add_name(lock, "vpn.example");
        ks_lock_add_name(lock,
                         "node-1.a-long-name-of-a-provider.of-vpns.with-many-servers.example");
        ks_lock_seal(lock);
    }
    return lock;
}

/* libnftnl numbers the elements that it writes; the kernel gives all the same type. */
static void unnumber_elements(struct nlmsghdr *message)
{
    struct nlattr *list;
    struct nlattr *element;

    mnl_attr_for_each(list, message, sizeof(struct nfgenmsg))
        if (mnl_attr_get_type(list) == NFTA_SET_ELEM_LIST_ELEMENTS)
            mnl_attr_for_each_nested(element, list)
                element->nla_type = NLA_F_NESTED | NFTA_LIST_ELEM;
}

/* All that we put into the kernel, but the message of that number. */
static void take_ours(KsReadback *readback, unsigned left_out)
{
    static KsBatch batch;
    struct nlmsghdr *message;
    unsigned number = 0;
    int left;

    if (batch.length == 0) {
        g_autoptr(KsReadback) nothing = ks_readback_new(&ks_lock_table);

        FUZZ_CHECK(ks_plan_lock(&batch, nothing, our_lock(), 0) == 0);
    }
    left = (int) batch.length;
    for (message = (void *) batch.data; mnl_nlmsg_ok(message, left);
         message = mnl_nlmsg_next(message, &left)) {
        if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_NFTABLES || ++number == left_out)
            continue;
        if (NFNL_MSG_TYPE(message->nlmsg_type) == NFT_MSG_NEWSETELEM)
            unnumber_elements(message);
        FUZZ_CHECK(ks_readback_take(readback, message) == 0);
    }
}

static void take_object(Bytes *bytes, KsReadback *readback, uint8_t *buffer)
{
    static const struct {
        uint16_t type;
        void (*put)(Bytes *bytes, struct nlmsghdr *message);
    } kinds[] = {
        { NFT_MSG_NEWTABLE, put_table },      { NFT_MSG_NEWCHAIN, put_chain },
        { NFT_MSG_NEWRULE, put_rule },        { NFT_MSG_NEWSET, put_set },
        { NFT_MSG_NEWSETELEM, put_elements }, { NFT_MSG_NEWOBJ, put_counter },
    };
    unsigned kind = take_byte(bytes) % (G_N_ELEMENTS(kinds) + 1);
    struct nlmsghdr *message;

    if (kind == G_N_ELEMENTS(kinds)) {
        take_ours(readback, take_byte(bytes));
        return;
    }
    message = begin(buffer, kinds[kind].type);
    kinds[kind].put(bytes, message);
    FUZZ_CHECK(ks_readback_take(readback, message) == 0);
}

static void check(KsReadback *readback)
{
    g_autofree char *text = NULL;
    KsBatch batch = { 0 };

    ks_readback_finish(readback);
    FUZZ_CHECK(!ks_readback_is_intact(readback) || readback->present);
    FUZZ_CHECK(!ks_readback_is_owned(readback) || readback->present);
    for (unsigned i = 0; i < readback->problems->len; i++)
        FUZZ_CHECK(g_utf8_validate(g_ptr_array_index(readback->problems, i), -1, NULL));
    /* nobody without all chains, sets and counters is intact */
    for (KsChainId chain = 0; chain < KS_CHAIN_MAX; chain++)
        FUZZ_CHECK(!ks_readback_is_intact(readback) || readback->chains[chain].present);
    for (KsNftSet set = 0; set < KS_NFT_SET_MAX; set++)
        FUZZ_CHECK(!ks_readback_is_intact(readback) || readback->sets[set].present);

    text = ks_rules_text(readback, NULL, NULL);
    FUZZ_CHECK(readback->present || text[0] == '\0');
    FUZZ_CHECK(ks_plan_lock(&batch, readback, our_lock(), 0) == 0);
    FUZZ_CHECK(batch.messages > 0 || ks_lock_equal(readback->lock, our_lock()));
    FUZZ_CHECK(ks_plan_unhook(&batch, readback) == 0);
    FUZZ_CHECK(ks_plan_unlock(&batch, readback) == 0);
    FUZZ_CHECK(batch.messages == readback->present);
    ks_batch_clear(&batch);
}

/* Ours is intact, and is not once any one message of it is missing. */
static void check_ours(KsReadback *readback)
{
    unsigned messages;
    KsBatch batch = { 0 };

    FUZZ_CHECK(ks_plan_lock(&batch, readback, our_lock(), 0) == 0);
    messages = batch.messages;
    ks_batch_clear(&batch);
    FUZZ_CHECK(messages > 0);
    for (unsigned left_out = 0; left_out <= messages; left_out++) {
        take_ours(readback, left_out);
        ks_readback_finish(readback);
        FUZZ_CHECK((ks_readback_is_intact(readback) && !readback->torn &&
                    ks_lock_equal(readback->lock, our_lock())) == (left_out == 0));
        ks_readback_clear(readback);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static KsReadback *readback; /* one for all, as the guard has it */
    g_autofree uint8_t *buffer = g_malloc(MESSAGE_SIZE);
    Bytes bytes = { data, size };

    if (!readback) {
        readback = ks_readback_new(&ks_lock_table);
        check_ours(readback);
    }
    for (unsigned i = 0; i < OBJECTS_MAX && bytes.size > 0; i++)
        take_object(&bytes, readback, buffer);
    check(readback);
    ks_readback_clear(readback); /* and it can be used again */
    ks_readback_finish(readback);
    FUZZ_CHECK(!readback->present && readback->problems->len == 0);
    ks_readback_clear(readback);
    return 0;
}
