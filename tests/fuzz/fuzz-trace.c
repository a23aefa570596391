/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: the attributes of messages about packets that are followed: a byte of how many follow,
 * in words of four, then these. */
#include "fuzz.h"
#include "rules/trace.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#define HEADERS  (MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct nfgenmsg)))
#define SUBJECTS 4u

static void take(KsTrace *trace, const uint8_t *data, size_t size)
{
    g_autofree uint8_t *buffer = g_malloc0(HEADERS + size); /* not a byte more than is told */
    struct nlmsghdr *message = (struct nlmsghdr *) buffer;

    message->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_TRACE;
    message->nlmsg_len = (uint32_t) (HEADERS + size);
    if (size > 0)
        memcpy(buffer + HEADERS, data, size);
    ks_trace_take(trace, message);
}

static void check_name(const char *name)
{
    FUZZ_CHECK(memchr(name, '\0', KS_REFUSAL_NAME_SIZE));
    for (const char *at = name; *at; at++)
        FUZZ_CHECK(g_ascii_isalnum(*at) || strchr("_-./?", *at));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GArray) traced = g_array_new(FALSE, TRUE, sizeof(KsTraced));
    g_autoptr(GArray) found = g_array_new(FALSE, TRUE, sizeof(KsRefusal));
    g_autoptr(KsTrace) trace = NULL;

    for (unsigned i = 0; i < SUBJECTS; i++) {
        KsTraced one = { .kind = (KsTracedKind) i, .index = i, .port = 1194 };

        g_array_append_val(traced, one);
    }
    trace = ks_trace_new(traced);
    while (size > 0) {
        size_t length = MIN((size_t) data[0] * 4, size - 1);

        take(trace, data + 1, length);
        data += 1 + length;
        size -= 1 + length;
    }
    for (unsigned i = 0; i < 4; i++) {
        ks_trace_judge(trace, i & 1, i & 2, found);
        FUZZ_CHECK(found->len <= SUBJECTS);
        for (unsigned j = 0; j < found->len; j++) {
            check_name(g_array_index(found, KsRefusal, j).table);
            check_name(g_array_index(found, KsRefusal, j).chain);
        }
    }
    return 0;
}
