/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who refuses, from what the kernel tells of packets that are followed. */
#include "rules/trace-table.h"
#include "rules/trace.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#define TYPE (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_TRACE)
#define NONE 100 /* no verdict */

typedef struct {
    GArray *traced;
    GArray *found;
    KsTrace *trace;
} Fixture;

static void set_up(Fixture *f, const void *data)
{
    static const KsTracedKind kinds[] = { KS_TRACED_TO_SERVER, KS_TRACED_FROM_SERVER,
                                          KS_TRACED_TO_TUNNEL, KS_TRACED_FROM_TUNNEL };

    (void) data;
    f->traced = g_array_new(FALSE, TRUE, sizeof(KsTraced));
    f->found = g_array_new(FALSE, TRUE, sizeof(KsRefusal));
    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        KsTraced one = { .kind = kinds[i], .index = 3, .protocol = 17, .port = 1194 };

        g_array_append_val(f->traced, one);
    }
    f->trace = ks_trace_new(f->traced);
}

static void tear_down(Fixture *f, const void *data)
{
    (void) data;
    ks_trace_free(f->trace);
    g_array_unref(f->traced);
    g_array_unref(f->found);
}

static struct nlmsghdr *begin(uint8_t *buffer, size_t size, uint8_t family)
{
    struct nlmsghdr *message;
    struct nfgenmsg *generic;

    memset(buffer, 0, size);
    message = mnl_nlmsg_put_header(buffer);
    message->nlmsg_type = TYPE;
    generic = mnl_nlmsg_put_extra_header(message, sizeof(*generic));
    generic->nfgen_family = family;
    return message;
}

static void put_verdict(struct nlmsghdr *message, int verdict)
{
    struct nlattr *nest = mnl_attr_nest_start(message, NFTA_TRACE_VERDICT);

    mnl_attr_put_u32(message, NFTA_VERDICT_CODE, htonl((uint32_t) verdict));
    mnl_attr_nest_end(message, nest);
}

static void hear(Fixture *f, uint32_t id, const char *table, const char *chain, int verdict)
{
    uint8_t buffer[1024];
    struct nlmsghdr *message = begin(buffer, sizeof(buffer), NFPROTO_IPV4);

    mnl_attr_put_u32(message, NFTA_TRACE_ID, id);
    mnl_attr_put_strz(message, NFTA_TRACE_TABLE, table);
    mnl_attr_put_strz(message, NFTA_TRACE_CHAIN, chain);
    if (verdict != NONE)
        put_verdict(message, verdict);
    ks_trace_take(f->trace, message);
}

static void hear_policy(Fixture *f, uint32_t id, const char *table, const char *chain,
                        unsigned policy)
{
    uint8_t buffer[1024];
    struct nlmsghdr *message = begin(buffer, sizeof(buffer), NFPROTO_INET);

    mnl_attr_put_u32(message, NFTA_TRACE_ID, id);
    mnl_attr_put_strz(message, NFTA_TRACE_TABLE, table);
    mnl_attr_put_strz(message, NFTA_TRACE_CHAIN, chain);
    mnl_attr_put_u32(message, NFTA_TRACE_POLICY, htonl(policy));
    ks_trace_take(f->trace, message);
}

static void mark(Fixture *f, uint32_t id, unsigned subject)
{
    g_autofree char *chain = g_strdup_printf("traced_%u", subject);

    hear(f, id, KS_TRACE_TABLE, chain, NFT_CONTINUE);
}

static unsigned judge(Fixture *f, bool ended, bool legacy)
{
    ks_trace_judge(f->trace, ended, legacy, f->found);
    return f->found->len;
}

static void require(const Fixture *f, KsTracedKind kind, KsRefusalHow how, const char *table,
                    const char *chain)
{
    const KsRefusal *refusal = &g_array_index(f->found, KsRefusal, 0);

    g_assert_cmpuint(f->found->len, ==, 1);
    g_assert_cmpint(refusal->traced.kind, ==, kind);
    g_assert_cmpint(refusal->how, ==, how);
    g_assert_cmpstr(refusal->table, ==, table);
    g_assert_cmpstr(refusal->chain, ==, chain);
}

static void test_drop(Fixture *f, const void *data)
{
    (void) data;
    mark(f, 1, 0);
    hear(f, 1, "filter", "OUTPUT", NFT_CONTINUE);
    g_assert_cmpuint(judge(f, false, true), ==, 0);
    hear(f, 1, "filter", "OUTPUT", NF_DROP);
    judge(f, false, false);
    require(f, KS_TRACED_TO_SERVER, KS_REFUSAL_DROPS, "filter", "OUTPUT");
    g_assert_cmpstr(g_array_index(f->found, KsRefusal, 0).family, ==, "ip");
    /* one that gets through: it is no longer all of it */
    mark(f, 2, 0);
    hear(f, 2, KS_TRACE_TABLE, "sent", NONE);
    g_assert_cmpuint(judge(f, true, true), ==, 0);
}

static void test_policy(Fixture *f, const void *data)
{
    (void) data;
    mark(f, 1, 0);
    hear_policy(f, 1, "a", "b", NF_ACCEPT);
    g_assert_cmpuint(judge(f, false, false), ==, 0);
    hear_policy(f, 1, "strict", "out", NF_DROP);
    judge(f, false, false);
    require(f, KS_TRACED_TO_SERVER, KS_REFUSAL_DROPS, "strict", "out");
    g_assert_cmpstr(g_array_index(f->found, KsRefusal, 0).family, ==, "inet");
}

static void test_behind_the_last_hook(Fixture *f, const void *data)
{
    (void) data;
    mark(f, 1, 0);
    hear_policy(f, 1, KS_TRACE_TABLE, "sent", NF_ACCEPT);
    g_assert_cmpuint(judge(f, true, false), ==, 0);
    hear(f, 1, "card", "egress", NF_DROP);
    judge(f, false, false);
    require(f, KS_TRACED_TO_SERVER, KS_REFUSAL_DROPS, "card", "egress");
}

/* It is in; what IPsec had inside goes on under the same number. */
static void test_what_came_in(Fixture *f, const void *data)
{
    (void) data;
    for (unsigned id = 1; id <= 3; id++) {
        mark(f, id, 1);
        hear(f, id, KS_TRACE_TABLE, "received", NONE);
        hear(f, id, "filter", "INPUT", NF_DROP);
    }
    g_assert_cmpuint(judge(f, true, false), ==, 0);
}

static void test_how_many(Fixture *f, const void *data)
{
    static const unsigned enough[] = { 1, 2, 3, 3 };

    (void) data;
    for (unsigned subject = 0; subject < G_N_ELEMENTS(enough); subject++) {
        for (unsigned i = 0; i < enough[subject]; i++) {
            g_assert_cmpuint(judge(f, true, true), ==, subject);
            mark(f, 10 * subject + i, subject);
            hear(f, 10 * subject + i, "x", "y", NF_DROP);
        }
        g_assert_cmpuint(judge(f, true, true), ==, subject + 1);
    }
}

static void test_the_lock_itself(Fixture *f, const void *data)
{
    (void) data;
    mark(f, 1, 0);
    hear(f, 1, KS_TABLE, "output", NF_DROP);
    g_assert_cmpuint(judge(f, true, true), ==, 0);
}

static void test_queue(Fixture *f, const void *data)
{
    (void) data;
    mark(f, 1, 0);
    hear(f, 1, "inet", "ask", NF_QUEUE | 7 << 16);
    g_assert_cmpuint(judge(f, false, false), ==, 0); /* it may come back yet */
    judge(f, true, true);
    require(f, KS_TRACED_TO_SERVER, KS_REFUSAL_QUEUES, "inet", "ask");
    hear(f, 1, "other", "next", NFT_CONTINUE); /* given back, and then gone */
    g_assert_cmpuint(judge(f, true, false), ==, 0);
    hear(f, 1, KS_TRACE_TABLE, "sent", NONE);
    g_assert_cmpuint(judge(f, true, true), ==, 0);
}

static void test_unseen(Fixture *f, const void *data)
{
    (void) data;
    mark(f, 1, 0);
    mark(f, 2, 1); /* what is for somebody else does not arrive here */
    mark(f, 3, 1);
    g_assert_cmpuint(judge(f, false, true), ==, 0);
    g_assert_cmpuint(judge(f, true, false), ==, 0);
    judge(f, true, true);
    require(f, KS_TRACED_TO_SERVER, KS_REFUSAL_UNSEEN, "", "");
}

static void test_others_packets(Fixture *f, const void *data)
{
    (void) data;
    hear(f, 9, "x", "y", NF_DROP); /* that a person follows */
    hear(f, 9, KS_TRACE_TABLE, "sent", NONE);
    hear(f, 9, KS_TRACE_TABLE, "traced_4", NONE); /* there is none */
    hear(f, 9, KS_TRACE_TABLE, "traced_-1", NONE);
    hear(f, 9, KS_TRACE_TABLE, "traced_", NONE);
    hear(f, 9, KS_TRACE_TABLE, "traced_99999999999999999999", NONE);
    hear(f, 9, "x", "y", NF_DROP);
    g_assert_cmpuint(judge(f, true, true), ==, 0);
    for (unsigned i = 0; i < f->traced->len; i++)
        g_assert_false(ks_trace_has_seen(f->trace, &g_array_index(f->traced, KsTraced, i)));
}

static void test_names(Fixture *f, const void *data)
{
    g_autofree char *longer = g_strnfill(255, 'x');
    const KsRefusal *refusal;

    (void) data;
    mark(f, 1, 0);
    hear(f, 1, "a;reboot\n\"\xff", longer, NF_DROP);
    judge(f, false, false);
    refusal = &g_array_index(f->found, KsRefusal, 0);
    g_assert_cmpstr(refusal->table, ==, "a?reboot???");
    g_assert_cmpuint(strlen(refusal->chain), ==, KS_REFUSAL_NAME_SIZE - 1);
}

static void test_many(Fixture *f, const void *data)
{
    (void) data;
    for (uint32_t id = 0; id < 5000; id++)
        mark(f, id, 0);
    hear(f, 0, "x", "y", NF_DROP); /* long forgotten */
    g_assert_cmpuint(judge(f, true, false), ==, 0);
    hear(f, 4999, "x", "y", NF_DROP);
    g_assert_cmpuint(judge(f, true, false), ==, 1);
}

static void test_short_messages(Fixture *f, const void *data)
{
    uint8_t buffer[1024];
    struct nlmsghdr *message = begin(buffer, sizeof(buffer), NFPROTO_INET);
    uint32_t whole;

    (void) data;
    mnl_attr_put_u32(message, NFTA_TRACE_ID, 1);
    mnl_attr_put_strz(message, NFTA_TRACE_TABLE, KS_TRACE_TABLE);
    mnl_attr_put_strz(message, NFTA_TRACE_CHAIN, "traced_0");
    whole = message->nlmsg_len - (4 - sizeof("traced_0") % 4); /* without what fills it up */
    for (uint32_t length = MNL_NLMSG_HDRLEN; length < whole; length++) {
        message->nlmsg_len = length;
        ks_trace_take(f->trace, message);
        g_assert_false(ks_trace_has_seen(f->trace, &g_array_index(f->traced, KsTraced, 0)));
    }
    message->nlmsg_len = whole;
    message->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE;
    ks_trace_take(f->trace, message);
    g_assert_false(ks_trace_has_seen(f->trace, &g_array_index(f->traced, KsTraced, 0)));
    message->nlmsg_type = TYPE;
    ks_trace_take(f->trace, message);
    g_assert_true(ks_trace_has_seen(f->trace, &g_array_index(f->traced, KsTraced, 0)));
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*test)(Fixture *f, const void *data);
    } tests[] = {
        { "/trace/drop", test_drop },
        { "/trace/policy", test_policy },
        { "/trace/behind-the-last-hook", test_behind_the_last_hook },
        { "/trace/what-came-in", test_what_came_in },
        { "/trace/how-many", test_how_many },
        { "/trace/the-lock-itself", test_the_lock_itself },
        { "/trace/queue", test_queue },
        { "/trace/unseen", test_unseen },
        { "/trace/others-packets", test_others_packets },
        { "/trace/names", test_names },
        { "/trace/many", test_many },
        { "/trace/short-messages", test_short_messages },
    };

    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].name, Fixture, NULL, set_up, tests[i].test, tear_down);
    return g_test_run();
}
