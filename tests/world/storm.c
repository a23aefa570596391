/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Another program that changes its own firewall all the time, as those of containers do:
 *
 *   storm RATE   so many transactions a second, until SIGTERM; then says how many there were
 *
 * Each makes a chain in the table "ip storm" and removes the one before. */
/* before the kernel's headers, which then leave out what libc has defined */
#include <netinet/in.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TABLE          "storm"
#define NANOSECONDS    1000000000L
#define RECEIVE_SIZE   8192
#define BATCH_MESSAGES 4

static volatile sig_atomic_t stopping;

static void on_stop(int signal_number)
{
    (void) signal_number;
    stopping = 1;
}

static char *put(char *at, uint16_t type, uint16_t flags, uint16_t resource)
{
    struct nlmsghdr *message = mnl_nlmsg_put_header(at);
    struct nfgenmsg *generic;

    message->nlmsg_type = type;
    message->nlmsg_flags = (uint16_t) (NLM_F_REQUEST | flags);
    generic = mnl_nlmsg_put_extra_header(message, sizeof(*generic));
    generic->nfgen_family = resource ? AF_UNSPEC : NFPROTO_IPV4;
    generic->res_id = htons(resource);
    return at;
}

static char *end_of(char *at)
{
    return at + MNL_ALIGN(((struct nlmsghdr *) at)->nlmsg_len);
}

static char *put_chain(char *at, uint8_t type, uint16_t flags, unsigned number)
{
    char name[32];

    snprintf(name, sizeof(name), "chain%u", number);
    put(at, (uint16_t) (NFNL_SUBSYS_NFTABLES << 8 | type), flags, 0);
    mnl_attr_put_strz((struct nlmsghdr *) at, NFTA_CHAIN_TABLE, TABLE);
    mnl_attr_put_strz((struct nlmsghdr *) at, NFTA_CHAIN_NAME, name);
    return end_of(at);
}

static void change(struct mnl_socket *socket, unsigned number)
{
    char batch[RECEIVE_SIZE];
    char *at = batch;

    at = end_of(put(at, NFNL_MSG_BATCH_BEGIN, 0, NFNL_SUBSYS_NFTABLES));
    put(at, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE, NLM_F_CREATE, 0);
    mnl_attr_put_strz((struct nlmsghdr *) at, NFTA_TABLE_NAME, TABLE);
    at = end_of(at);
    at = put_chain(at, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_ACK, number);
    if (number > 0)
        at = put_chain(at, NFT_MSG_DELCHAIN, 0, number - 1);
    at = end_of(put(at, NFNL_MSG_BATCH_END, 0, NFNL_SUBSYS_NFTABLES));
    if (mnl_socket_sendto(socket, batch, (size_t) (at - batch)) < 0 ||
        mnl_socket_recvfrom(socket, batch, sizeof(batch)) < 0 ||
        ((struct nlmsgerr *) mnl_nlmsg_get_payload((struct nlmsghdr *) batch))->error != 0) {
        perror("storm: a transaction");
        exit(EXIT_FAILURE);
    }
}

int main(int argc, char **argv)
{
    struct sigaction stop = { .sa_handler = on_stop };
    struct mnl_socket *socket = mnl_socket_open(NETLINK_NETFILTER);
    long rate = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
    struct timespec next;
    unsigned done = 0;

    if (rate <= 0 || !socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
        fprintf(stderr, "storm: usage: see the top of storm.c\n");
        return EXIT_FAILURE;
    }
    sigaction(SIGTERM, &stop, NULL);
    puts("ready");
    fflush(stdout);
    clock_gettime(CLOCK_MONOTONIC, &next);
    while (!stopping) {
        change(socket, done++);
        next.tv_nsec += NANOSECONDS / rate;
        next.tv_sec += next.tv_nsec / NANOSECONDS;
        next.tv_nsec %= NANOSECONDS;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
    }
    printf("changes %u\n", done);
    return EXIT_SUCCESS;
}
