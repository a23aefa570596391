/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: messages of nf_tables as the kernel tells them, one after another: a byte that chooses the
 * type, two bytes of length (little endian), and what follows the message's two headers. */
#include "fuzz.h"
#include "rules/plan.h"
#include "rules/text.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sanitizer/lsan_interface.h>
#include <setjmp.h>
#include <string.h>

#define PREFIX       3u
#define MESSAGES_MAX 64u
#define HEADERS      (sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg))

static jmp_buf back;
static bool inside;

/* libnftnl ends the program on an attribute of a kind that it does not expect ("nf_tables kernel ABI
 * is broken"). That is no finding of ours: the lock outlives its guard. */
__attribute__((visibility("default"))) void exit(int status)
{
    void (*real)(int status) = (void (*)(int)) dlsym(RTLD_NEXT, "exit");

    if (inside)
        longjmp(back, 1);
    real(status);
    abort();
}

static const uint8_t *take_message(KsReadback *readback, const uint8_t *data, size_t *size)
{
    static const uint16_t types[] = {
        NFT_MSG_NEWTABLE,   NFT_MSG_NEWCHAIN, NFT_MSG_NEWRULE, NFT_MSG_NEWSET,
        NFT_MSG_NEWSETELEM, NFT_MSG_NEWOBJ,   NFT_MSG_NEWGEN,
    };
    size_t length = data[1] | (size_t) data[2] << 8;
    struct nlmsghdr *message;
    struct nfgenmsg *generic;
    int result;

    length = MIN(length, *size - PREFIX);
    message = calloc(1, NLMSG_ALIGN(HEADERS + length)); /* so that the sanitizer sees its end */
    FUZZ_CHECK(message);
    message->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | types[data[0] % G_N_ELEMENTS(types)];
    message->nlmsg_len = (uint32_t) (HEADERS + length);
    generic = (struct nfgenmsg *) (message + 1);
    generic->nfgen_family = NFPROTO_INET;
    memcpy(generic + 1, data + PREFIX, length);

    result = ks_readback_take(readback, message);
    free(message);
    FUZZ_CHECK(result == 0 || result == -EBADMSG);
    *size -= PREFIX + length;
    return data + PREFIX + length;
}

static void check(KsReadback *readback)
{
    g_autoptr(KsLock) want = ks_lock_new();
    g_autofree char *text = NULL;
    KsBatch batch = { 0 };

    ks_readback_finish(readback);
    FUZZ_CHECK(!ks_readback_is_intact(readback) || readback->present);
    FUZZ_CHECK(!ks_readback_is_owned(readback) || readback->present);
    for (unsigned i = 0; i < readback->problems->len; i++)
        FUZZ_CHECK(g_utf8_validate(g_ptr_array_index(readback->problems, i), -1, NULL));
    /* nobody without all chains, sets and counters is intact */
    for (KsChainId chain = 0; chain < KS_CHAIN_MAX; chain++)
        FUZZ_CHECK(!ks_readback_is_intact(readback) || readback->chains_present[chain]);
    for (KsNftSet set = 0; set < KS_NFT_SET_MAX; set++)
        FUZZ_CHECK(!ks_readback_is_intact(readback) || readback->sets_present[set]);

    text = ks_rules_text(readback, NULL, NULL);
    FUZZ_CHECK(readback->present || text[0] == '\0');
    ks_lock_seal(want);
    FUZZ_CHECK(ks_plan_lock(&batch, readback, want, 0) == 0);
    FUZZ_CHECK(batch.messages > 0 || ks_lock_equal(readback->lock, want));
    FUZZ_CHECK(ks_plan_unlock(&batch, readback) == 0);
    FUZZ_CHECK(batch.messages == readback->present);
    ks_batch_clear(&batch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    KsReadback *volatile readback;

    /* what is lost when libnftnl gives up half way is not ours to free */
    __lsan_disable();
    readback = ks_readback_new();
    inside = true;
    if (setjmp(back) == 0) {
        for (unsigned i = 0; i < MESSAGES_MAX && size >= PREFIX; i++)
            data = take_message(readback, data, &size);
        check(readback);
    }
    inside = false;
    ks_readback_free(readback);
    __lsan_enable();
    return 0;
}
