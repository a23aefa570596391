/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one small UDP packet costs. Does as it is told on standard input, line by line, and answers
 * each with one line:
 *
 *   send ADDRESS PORT COUNT   nanoseconds of a packet, sent by sendmmsg(2) on a connected socket
 *   lock UPLINK TUNNEL LAYERS the lock by the product's own code: "first", "both", or "names",
 *                             both with the second one by name
 *   unlock
 *   names                     "yes": this kernel has the second layer by name
 *
 * Runs in a network namespace that its caller made. */
#include "kernel/netfilter.h"
#include "model/uplink.h"
#include "rules/egress-table.h"
#include "rules/lock-table.h"
#include "rules/plan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define BATCH   64u
#define PAYLOAD "a small packet's payload"
#define MARK    0x6d6f6c65 /* of the yardstick that asks for one */

#define NANOSECONDS_IN_SECOND 1000000000

#define SERVER      "198.51.100.1"
#define OTHERS      10u
#define FIRST_HUMAN 1000u
#define LAST_HUMAN  60000u
#define CONTAINERS  100000u

typedef struct {
    KsNetfilter *netfilter;
    KsReadback *held[2];
    KsEgressTable *egress;
    KsBatch batch;
} Kernel;

static void G_GNUC_NORETURN give_up(const char *what, int error)
{
    fprintf(stderr, "packet-times: %s: %s\n", what, g_strerror(-error));
    exit(EXIT_FAILURE);
}

static void check(const char *what, int result)
{
    if (result < 0)
        give_up(what, result);
}

/* What this thread has used of a processor: others' work on a busy machine is not ours. */
static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (int64_t) time.tv_sec * NANOSECONDS_IN_SECOND + time.tv_nsec;
}

/* ---- sending ---- */

static int compare(const void *a, const void *b)
{
    int64_t first = *(const int64_t *) a;
    int64_t second = *(const int64_t *) b;

    return first < second ? -1 : first > second;
}

/* The median of all batches. */
static int64_t send_packets(const char *address, uint16_t port, unsigned count)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct iovec payload = { .iov_base = (void *) PAYLOAD, .iov_len = sizeof(PAYLOAD) };
    struct mmsghdr messages[BATCH];
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    uint32_t mark = MARK;
    unsigned batches = MAX(1, count / BATCH);
    g_autofree int64_t *times = g_new0(int64_t, batches);

    memset(messages, 0, sizeof(messages));
    for (unsigned i = 0; i < BATCH; i++)
        messages[i].msg_hdr = (struct msghdr){ .msg_iov = &payload, .msg_iovlen = 1 };
    if (fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1 ||
        setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0 ||
        connect(fd, (struct sockaddr *) &to, sizeof(to)) < 0)
        give_up("socket", -errno);
    for (unsigned i = 0; i < batches; i++) {
        int64_t begun = now();
        int sent = sendmmsg(fd, messages, BATCH, 0);

        if (sent <= 0)
            give_up("send", -errno);
        times[i] = (now() - begun) / sent;
    }
    close(fd);
    qsort(times, batches, sizeof(*times), compare);
    return times[batches / 2];
}

/* ---- the lock ---- */

/* What a desktop has: some profiles' servers, people, one tunnel. */
static void fill(KsLock *lock, uint32_t tunnel)
{
    KsAddress server;

    ks_lock_open_interface(lock, tunnel);
    if (!ks_address_parse(SERVER, &server))
        give_up("address", -EINVAL);
    ks_lock_add_server(lock, &server, IPPROTO_UDP, 1194, KS_OPEN_TO_DAEMONS);
    for (unsigned i = 0; i < OTHERS; i++) {
        server.bytes[3]++;
        ks_lock_add_server(lock, &server, IPPROTO_UDP, 51820, KS_OPEN_TO_WIREGUARD);
    }
    ks_lock_add_people(lock, FIRST_HUMAN, LAST_HUMAN);
    ks_lock_add_people(lock, CONTAINERS, UINT32_MAX);
    ks_lock_seal(lock);
}

static void hold(Kernel *kernel, unsigned layer, const KsLock *lock)
{
    check("read", ks_netfilter_read(kernel->netfilter, kernel->held[layer]));
    check("plan", lock ? ks_plan_lock(&kernel->batch, kernel->held[layer], lock, 0)
                       : ks_plan_unlock(&kernel->batch, kernel->held[layer]));
    check("commit", ks_netfilter_commit(kernel->netfilter, &kernel->batch));
}

static void close_lock(Kernel *kernel, const char *uplink, const char *tunnel, const char *layers)
{
    g_autoptr(GArray) uplinks = g_array_new(FALSE, TRUE, sizeof(KsUplink));
    g_autoptr(KsWorld) world = ks_world_new();
    g_autoptr(KsLock) lock = ks_lock_new();
    g_autoptr(KsLock) second = ks_lock_new();
    KsUplink card = { .index = if_nametoindex(uplink), .form = KS_UPLINK_ETHERNET };

    g_strlcpy(card.name, uplink, sizeof(card.name));
    g_array_append_val(uplinks, card);
    fill(lock, if_nametoindex(tunnel));
    kernel->held[0] = ks_readback_new(&ks_lock_table);
    hold(kernel, 0, lock);
    if (strcmp(layers, "first") == 0)
        return;
    (void) ks_uplinks_draw(world, lock, second);
    kernel->egress = ks_egress_table_new(uplinks, strcmp(layers, "names") == 0);
    kernel->held[1] = ks_readback_new(ks_egress_table_skeleton(kernel->egress));
    hold(kernel, 1, second);
}

static void open_lock(Kernel *kernel)
{
    for (unsigned layer = 0; layer < G_N_ELEMENTS(kernel->held); layer++)
        if (kernel->held[layer])
            hold(kernel, layer, NULL);
    for (unsigned layer = 0; layer < G_N_ELEMENTS(kernel->held); layer++)
        g_clear_pointer(&kernel->held[layer], ks_readback_free);
    g_clear_pointer(&kernel->egress, ks_egress_table_free);
}

static unsigned number(const char *text)
{
    guint64 value;

    if (!g_ascii_string_to_unsigned(text, 10, 0, UINT_MAX, &value, NULL))
        give_up(text, -EINVAL);
    return (unsigned) value;
}

int main(void)
{
    Kernel kernel = { 0 };
    char line[256];

    check("nf_tables", ks_netfilter_open(&kernel.netfilter));
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof(line), stdin)) {
        g_auto(GStrv) words = g_strsplit(g_strstrip(line), " ", -1);
        unsigned count = g_strv_length(words);

        if (count == 4 && strcmp(words[0], "send") == 0) {
            printf("%lld\n", (long long) send_packets(words[1], (uint16_t) number(words[2]),
                                                      number(words[3])));
        } else if (count == 4 && strcmp(words[0], "lock") == 0) {
            close_lock(&kernel, words[1], words[2], words[3]);
            puts("locked");
        } else if (count == 1 && strcmp(words[0], "names") == 0) {
            puts(ks_netfilter_takes_names(kernel.netfilter) ? "yes" : "no");
        } else if (count == 1 && strcmp(words[0], "unlock") == 0) {
            open_lock(&kernel);
            puts("unlocked");
        } else {
            give_up("what is asked", -EINVAL);
        }
    }
    open_lock(&kernel);
    ks_netfilter_close(kernel.netfilter);
    ks_batch_clear(&kernel.batch);
    return EXIT_SUCCESS;
}
