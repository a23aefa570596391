/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ten thousand profiles cost: a packet's way through the rules, against the same with one
 * profile, in turns; the first commit; and the change of one profile.
 *
 *   scale-times ROUNDS PROFILES NAMES
 *
 * Makes network namespaces, each with a lock of its own and an uplink that leads nowhere; the one
 * it is started in is left alone. Prints "NAME NANOSECONDS".
 *
 * The same lock in another namespace differs by some hundredths, by where its memory lies, so there
 * are two of each. Changes come when all packets are sent: the kernel puts away what was removed in
 * the turns of the one who comes next. */
#include "kernel/netfilter.h"
#include "model/dns-name.h"
#include "rules/lock-table.h"
#include "rules/plan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MACHINES       4u
#define MANY           1u          /* the first of those with many profiles */
#define PACKETS        200u        /* of one turn */
#define SERVER_NET     0xc6336400u /* 198.51.100.0, RFC 5737: servers differ by port as well */
#define SERVERS_OF_NET 256u
#define SERVER_PORT    1024u
#define DNS_PORT       53
#define RESOLVER       0xcb007135u /* 203.0.113.53 */

#define NANOSECONDS_IN_SECOND 1000000000

typedef enum {
    TO_SERVER,
    QUESTION,
    REFUSED,
    KINDS,
} Kind;

typedef struct {
    KsNetfilter *netfilter;
    KsReadback *held;
    KsBatch batch;
    KsLock *lock;
    KsLock *less; /* without the last profile */
    int fd;
    uint8_t question[KS_DNS_WIRE_MAX + 16];
    size_t question_size;
} Machine;

static int64_t now(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (int64_t) time.tv_sec * NANOSECONDS_IN_SECOND + time.tv_nsec;
}

static void check(const char *what, int result)
{
    if (result >= 0)
        return;
    fprintf(stderr, "scale-times: %s: %s\n", what, g_strerror(-result));
    exit(EXIT_FAILURE);
}

static void print(const char *name, const char *of, int64_t nanoseconds)
{
    printf("%s-%s %lld\n", name, of, (long long) nanoseconds);
}

static char *name_of(unsigned profile)
{
    return g_strdup_printf("node-%u.%u.vpn.example", profile, profile % 97);
}

static KsLock *draw(unsigned profiles, unsigned names)
{
    KsLock *lock = ks_lock_new();

    for (unsigned i = 0; i < profiles; i++) {
        KsAddress address = { .family = AF_INET };
        uint32_t number = htonl(SERVER_NET + i % SERVERS_OF_NET);
        g_autofree char *name = name_of(i);

        memcpy(address.bytes, &number, sizeof(number));
        if (!ks_lock_add_server(lock, &address, IPPROTO_UDP,
                                (uint16_t) (SERVER_PORT + i / SERVERS_OF_NET), KS_OPEN_TO_ALL) ||
            (i < names && !ks_lock_add_name(lock, name)))
            check("the lock", -ENOSPC);
    }
    ks_lock_seal(lock);
    return lock;
}

/* An uplink whose other end throws away what comes. */
static void make_uplink(void)
{
    static const char *const commands[] = {
        "ip link add up0 address 02:00:00:00:00:10 type veth peer name end0",
        "ip link set up0 up",
        "ip link set end0 up",
        "ip address add 192.0.2.10/24 dev up0",
        "ip neighbour add 192.0.2.1 lladdr 02:00:00:00:00:01 dev up0",
        "ip route add default via 192.0.2.1",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++)
        if (!g_spawn_command_line_sync(commands[i], NULL, NULL, NULL, NULL))
            check(commands[i], -ENOENT);
}

static void write_question(Machine *machine, unsigned profile)
{
    static const uint8_t header[12] = { 0, 1, 1, 0, 0, 1 };
    static const uint8_t type_and_class[4] = { 0, 1, 0, 1 };
    g_autofree char *text = name_of(profile);
    KsDnsName name;

    if (!ks_dns_name_encode(text, &name))
        check(text, -EINVAL);
    memcpy(machine->question, header, sizeof(header));
    memcpy(machine->question + sizeof(header), name.bytes, name.length);
    memcpy(machine->question + sizeof(header) + name.length, type_and_class,
           sizeof(type_and_class));
    machine->question_size = sizeof(header) + name.length + sizeof(type_and_class);
}

static void lock(Machine *machine, const char *of)
{
    int64_t begun = now(CLOCK_MONOTONIC);
    int64_t begun_cpu = now(CLOCK_PROCESS_CPUTIME_ID);

    check("plan", ks_plan_lock(&machine->batch, machine->held, machine->lock,
                               ks_netfilter_table_flags(machine->netfilter)));
    check("commit", ks_netfilter_commit(machine->netfilter, &machine->batch));
    print("first", of, now(CLOCK_MONOTONIC) - begun);
    print("first-cpu", of, now(CLOCK_PROCESS_CPUTIME_ID) - begun_cpu); /* also where others run */
    check("read", ks_netfilter_read(machine->netfilter, machine->held));
    if (!ks_readback_is_intact(machine->held) || !ks_lock_equal(machine->held->lock, machine->lock))
        check("the lock is not what it should be", -EPROTO);
}

static void boot(Machine *machine, const char *of, unsigned profiles, unsigned names)
{
    if (unshare(CLONE_NEWNET) < 0)
        check("a network namespace", -errno);
    make_uplink();
    machine->held = ks_readback_new(&ks_lock_table);
    machine->lock = draw(profiles, names);
    machine->less = draw(profiles - 1, MIN(names, profiles - 1));
    check("nf_tables", ks_netfilter_open(&machine->netfilter));
    check("read", ks_netfilter_read(machine->netfilter, machine->held));
    lock(machine, of);
    machine->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    check("a socket", machine->fd);
    write_question(machine, 0);
}

static void send_packets(Machine *machine, Kind kind, const char *of)
{
    static const char *const names[KINDS] = { "server", "question", "refused" };
    struct sockaddr_in to = { .sin_family = AF_INET };
    const void *bytes = kind == QUESTION ? machine->question : (const uint8_t *) "hello, server";
    size_t size = kind == QUESTION ? machine->question_size : 13;
    int64_t begun;

    to.sin_port = htons(kind == QUESTION ? DNS_PORT : kind == TO_SERVER ? SERVER_PORT : 9);
    to.sin_addr.s_addr = htonl(kind == QUESTION ? RESOLVER : SERVER_NET);
    begun = now(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < PACKETS; i++) {
        bool left = sendto(machine->fd, bytes, size, 0, (struct sockaddr *) &to, sizeof(to)) >= 0;

        if (left != (kind != REFUSED))
            check(names[kind], left ? -EPROTO : -errno);
    }
    print(names[kind], of, (now(CLOCK_MONOTONIC) - begun) / PACKETS);
}

/* The last profile goes, or comes back. */
static void change(Machine *machine, const KsLock *want, const char *of)
{
    int64_t begun = now(CLOCK_MONOTONIC);

    check("plan", ks_plan_lock(&machine->batch, machine->held, want, 0));
    if (machine->batch.messages > 2)
        check("a profile's change is more than its own elements", -EPROTO);
    check("commit", ks_netfilter_commit(machine->netfilter, &machine->batch));
    print("change", of, now(CLOCK_MONOTONIC) - begun);
    ks_lock_copy(want, machine->held->lock);
}

static void halt(Machine *machine)
{
    close(machine->fd);
    ks_netfilter_close(machine->netfilter);
    ks_readback_free(machine->held);
    ks_lock_free(machine->lock);
    ks_lock_free(machine->less);
    ks_batch_clear(&machine->batch);
}

int main(int argc, char **argv)
{
    static const char *const of[MACHINES] = { "one", "many", "many", "one" };
    Machine machines[MACHINES] = { 0 };
    unsigned numbers[3] = { 0 };

    for (unsigned i = 0; argc == 4 && i < 3; i++)
        numbers[i] = (unsigned) strtoul(argv[i + 1], NULL, 10);
    if (numbers[0] == 0 || numbers[1] < 2 || numbers[2] > numbers[1]) {
        fprintf(stderr, "usage: scale-times ROUNDS PROFILES NAMES\n");
        return EXIT_FAILURE;
    }
    for (unsigned i = 0; i < MACHINES; i++) {
        bool many = of[i] == of[MANY];

        boot(&machines[i], of[i], many ? numbers[1] : 1, many ? numbers[2] : 1);
    }
    for (unsigned round = 0; round < numbers[0]; round++)
        for (Kind kind = 0; kind < KINDS; kind++)
            for (unsigned turn = 0; turn < MACHINES; turn++) {
                unsigned i = (turn + round) % MACHINES;

                send_packets(&machines[i], kind, of[i]);
            }
    for (unsigned round = 0; round < numbers[0]; round++)
        change(&machines[MANY], round % 2 ? machines[MANY].lock : machines[MANY].less, of[MANY]);
    for (unsigned i = 0; i < MACHINES; i++)
        halt(&machines[i]);
    return EXIT_SUCCESS;
}
