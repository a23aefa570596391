/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long one swap takes on the guard's own way (plan, commit, remember), against a transaction of
 * libnftnl's that adds or deletes one element and does nothing else; and how long the lock takes to
 * be read back.
 *
 *   swap-times ROUNDS SERVERS
 *
 * Installs the lock with that many VPN servers in the network namespace it is started in, which
 * must be an empty one. Prints "NAME NANOSECONDS". */
#include "kernel/netfilter.h"
#include "model/names.h"
#include "rules/lock-table.h"
#include "rules/plan.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BARE_TABLE  "bare"
#define BARE_SET    "interfaces"
#define BARE_BUFFER 4096u

#define TUNNEL         4711u       /* no interface has this index */
#define SERVER_NET     0xcb007100u /* 203.0.113.0, RFC 5737: servers differ by port as well */
#define SERVER_PORT    1024u
#define SERVERS_OF_NET 256u

#define NANOSECONDS_IN_SECOND 1000000000

typedef struct {
    struct mnl_socket *socket;
    uint32_t sequence;
    uint8_t send[BARE_BUFFER];
    uint8_t receive[BARE_BUFFER];
} Bare;

typedef struct {
    KsNetfilter *netfilter;
    KsReadback *held;
    KsBatch batch;
    KsLock *without_tunnel;
    KsLock *with_tunnel;
    uint32_t table_flags;
} Guarded;

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t) time.tv_sec * NANOSECONDS_IN_SECOND + time.tv_nsec;
}

static void G_GNUC_NORETURN give_up(const char *what, int error)
{
    fprintf(stderr, "swap-times: %s: %s\n", what, g_strerror(-error));
    exit(EXIT_FAILURE);
}

static void check(const char *what, int result)
{
    if (result < 0)
        give_up(what, result);
}

/* ---- the yardstick ---- */

static struct nlmsghdr *bare_begin(struct mnl_nlmsg_batch *batch, Bare *bare, uint16_t type,
                                   uint16_t flags)
{
    return nftnl_nlmsg_build_hdr(mnl_nlmsg_batch_current(batch), type, NFPROTO_INET,
                                 NLM_F_ACK | flags, bare->sequence++);
}

static struct mnl_nlmsg_batch *bare_batch(Bare *bare)
{
    struct mnl_nlmsg_batch *batch = mnl_nlmsg_batch_start(bare->send, sizeof(bare->send));

    nftnl_batch_begin(mnl_nlmsg_batch_current(batch), bare->sequence++);
    mnl_nlmsg_batch_next(batch);
    return batch;
}

/* Sends it and reads one answer for each of its messages but begin and end. */
static void bare_send(Bare *bare, struct mnl_nlmsg_batch *batch, unsigned answers)
{
    nftnl_batch_end(mnl_nlmsg_batch_current(batch), bare->sequence++);
    mnl_nlmsg_batch_next(batch);
    if (mnl_socket_sendto(bare->socket, mnl_nlmsg_batch_head(batch), mnl_nlmsg_batch_size(batch)) <
        0)
        give_up("bare send", -errno);
    for (; answers > 0; answers--) {
        ssize_t size = mnl_socket_recvfrom(bare->socket, bare->receive, sizeof(bare->receive));

        if (size < 0 || mnl_cb_run(bare->receive, (size_t) size, 0, 0, NULL, NULL) < 0)
            give_up("bare transaction", -errno);
    }
    mnl_nlmsg_batch_stop(batch);
}

static void bare_install(Bare *bare)
{
    struct mnl_nlmsg_batch *batch;
    struct nftnl_table *table = nftnl_table_alloc();
    struct nftnl_set *set = nftnl_set_alloc();

    bare->socket = mnl_socket_open(NETLINK_NETFILTER);
    if (!bare->socket || mnl_socket_bind(bare->socket, 0, MNL_SOCKET_AUTOPID) < 0)
        give_up("bare socket", -errno);
    bare->sequence = 1;
    nftnl_table_set_str(table, NFTNL_TABLE_NAME, BARE_TABLE);
    nftnl_table_set_u32(table, NFTNL_TABLE_FAMILY, NFPROTO_INET);
    nftnl_set_set_str(set, NFTNL_SET_TABLE, BARE_TABLE);
    nftnl_set_set_str(set, NFTNL_SET_NAME, BARE_SET);
    nftnl_set_set_u32(set, NFTNL_SET_FAMILY, NFPROTO_INET);
    nftnl_set_set_u32(set, NFTNL_SET_ID, 1);
    nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, sizeof(uint32_t));

    batch = bare_batch(bare);
    nftnl_table_nlmsg_build_payload(bare_begin(batch, bare, NFT_MSG_NEWTABLE, NLM_F_CREATE), table);
    mnl_nlmsg_batch_next(batch);
    nftnl_set_nlmsg_build_payload(bare_begin(batch, bare, NFT_MSG_NEWSET, NLM_F_CREATE), set);
    mnl_nlmsg_batch_next(batch);
    bare_send(bare, batch, 2);
    nftnl_table_free(table);
    nftnl_set_free(set);
}

static void bare_change(Bare *bare, bool add)
{
    struct nftnl_set *set = nftnl_set_alloc();
    struct nftnl_set_elem *element = nftnl_set_elem_alloc();
    struct mnl_nlmsg_batch *batch = bare_batch(bare);
    uint32_t key = TUNNEL;

    nftnl_set_set_str(set, NFTNL_SET_TABLE, BARE_TABLE);
    nftnl_set_set_str(set, NFTNL_SET_NAME, BARE_SET);
    nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, &key, sizeof(key));
    nftnl_set_elem_add(set, element);
    nftnl_set_elems_nlmsg_build_payload(bare_begin(batch, bare,
                                                   add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM,
                                                   add ? NLM_F_CREATE : 0),
                                        set);
    mnl_nlmsg_batch_next(batch);
    bare_send(bare, batch, 1);
    nftnl_set_free(set);
}

/* ---- the guard's way ---- */

static KsLock *draw_lock(unsigned servers, bool tunnel)
{
    KsLock *lock = ks_lock_new();

    for (unsigned i = 0; i < servers; i++) {
        KsAddress address = { .family = AF_INET };
        uint32_t number = htonl(SERVER_NET + i % SERVERS_OF_NET);

        memcpy(address.bytes, &number, sizeof(number));
        ks_lock_add_server(lock, &address, IPPROTO_UDP,
                           (uint16_t) (SERVER_PORT + i / SERVERS_OF_NET), KS_OPEN_TO_DAEMONS);
    }
    if (tunnel)
        ks_lock_open_interface(lock, TUNNEL);
    ks_lock_seal(lock);
    return lock;
}

static void guarded_install(Guarded *guarded, unsigned servers)
{
    guarded->held = ks_readback_new(&ks_lock_table);
    guarded->without_tunnel = draw_lock(servers, false);
    guarded->with_tunnel = draw_lock(servers, true);
    check("nf_tables", ks_netfilter_open(&guarded->netfilter));
    guarded->table_flags = ks_netfilter_table_flags(guarded->netfilter);
    check("read", ks_netfilter_read(guarded->netfilter, guarded->held));
    check("plan", ks_plan_lock(&guarded->batch, guarded->held, guarded->without_tunnel,
                               guarded->table_flags));
    check("commit", ks_netfilter_commit(guarded->netfilter, &guarded->batch));
    check("read", ks_netfilter_read(guarded->netfilter, guarded->held));
    if (!ks_readback_is_intact(guarded->held))
        give_up("the lock is not intact", -EPROTO);
}

/* What follow.c does between an event and its answer, once it knows what it wants. Returns the
 * nanoseconds that planning took of it. */
static int64_t guarded_change(Guarded *guarded, bool add)
{
    const KsLock *want = add ? guarded->with_tunnel : guarded->without_tunnel;
    int64_t begun = now();
    int64_t planned;

    if (!ks_readback_is_intact(guarded->held))
        give_up("the lock is not intact", -EPROTO);
    check("plan", ks_plan_lock(&guarded->batch, guarded->held, want, guarded->table_flags));
    planned = now() - begun;
    if (guarded->batch.messages != 1)
        give_up("a swap that is not one message", -EPROTO);
    check("commit", ks_netfilter_commit(guarded->netfilter, &guarded->batch));
    for (KsSetId set = 0; set < KS_SET_MAX; set++) {
        GArray *keys = guarded->held->lock->sets[set];

        g_array_set_size(keys, 0);
        g_array_append_vals(keys, want->sets[set]->data, want->sets[set]->len);
    }
    return planned;
}

static void print(const char *name, int64_t nanoseconds)
{
    printf("%s %lld\n", name, (long long) nanoseconds);
}

int main(int argc, char **argv)
{
    Guarded guarded = { 0 };
    Bare bare = { 0 };
    long rounds = argc == 3 ? strtol(argv[1], NULL, 10) : 0;
    long servers = argc == 3 ? strtol(argv[2], NULL, 10) : -1;

    if (rounds <= 0 || servers < 0) {
        fprintf(stderr, "usage: swap-times ROUNDS SERVERS\n");
        return EXIT_FAILURE;
    }
    guarded_install(&guarded, (unsigned) servers);
    bare_install(&bare);

    for (long round = 0; round < 2 * rounds; round++) {
        bool add = round % 2 == 0;
        bool ours_first = round / 2 % 2 == 0;

        for (unsigned turn = 0; turn < 2; turn++) {
            int64_t begun = now();

            if ((turn == 0) == ours_first) {
                int64_t planned = guarded_change(&guarded, add);

                print("swap", now() - begun);
                print("plan", planned);
            } else {
                bare_change(&bare, add);
                print("bare", now() - begun);
            }
        }
        if (round % 8 == 1) {
            int64_t begun = now();

            check("read", ks_netfilter_read(guarded.netfilter, guarded.held));
            print("read", now() - begun);
            if (!ks_readback_is_intact(guarded.held) ||
                ks_lock_tunnels(guarded.held->lock) != (add ? 1 : 0))
                give_up("the kernel does not hold the swap", -EPROTO);
        }
    }

    ks_netfilter_close(guarded.netfilter);
    ks_readback_free(guarded.held);
    ks_lock_free(guarded.with_tunnel);
    ks_lock_free(guarded.without_tunnel);
    ks_batch_clear(&guarded.batch);
    mnl_socket_close(bare.socket);
    return EXIT_SUCCESS;
}
