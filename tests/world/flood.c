/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the flood test that must keep up with tens of thousands of packets a second; what
 * it is all for stands in flooding.py.
 *
 *   flood send RATE UPLINK PUBLIC4 PUBLIC6 LAN4 LAN6   canaries in turn from every flow
 *   flood watch LINK                                   says which canaries came out there
 *   flood tunnel RATE ADDRESS4 ADDRESS6                a steady conversation, numbered
 *   flood echo ADDRESS4 ADDRESS6                       the other end of it
 *
 * Each says "ready", goes on until SIGTERM, and then says what it counted ("NAME NUMBER"). The
 * conversation and its other end also say what is missing, one line each: "lost SEQUENCE SENT" for
 * a question that was not answered, "unheard SEQUENCE" for one that did not arrive. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CANARY_MAGIC  "ks-canary-flood"
#define CANARY_PORT   9    /* discard, RFC 863 */
#define TUNNEL_PORT   7007 /* nobody else's in the test world */
#define DESKTOP_USER  1000
#define RECEIVE_BYTES (64 << 20)

#define TICKS_IN_SECOND       1000
#define NANOSECONDS_IN_SECOND 1000000000LL
#define NANOSECONDS_IN_TICK   (NANOSECONDS_IN_SECOND / TICKS_IN_SECOND)
#define LAST_ANSWERS_MS       1000 /* how long the conversation waits for what is under way */

#define SEQUENCES_MAX (16u << 20)
#define MISSING_MAX   1000u /* so many lines are enough to know when it was */

/* `sent` is the real time just before the kernel got the packet. */
typedef struct {
    char magic[16];
    uint32_t flow;
    uint32_t reserved; /* zero */
    int64_t sent;
} Canary;

typedef struct {
    int fd;
    struct sockaddr_storage to;
    socklen_t to_length;
} Flow;

static volatile sig_atomic_t stopping;

static void on_stop(int signal_number)
{
    (void) signal_number;
    stopping = 1;
}

static void __attribute__((noreturn)) give_up(const char *what)
{
    fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static int64_t now(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return time.tv_sec * NANOSECONDS_IN_SECOND + time.tv_nsec;
}

static void say_ready(void)
{
    puts("ready");
    fflush(stdout);
}

static void say(const char *name, unsigned long long number)
{
    printf("%s %llu\n", name, number);
}

/* ---- sockets ---- */

static socklen_t read_address(const char *text, uint16_t port, struct sockaddr_storage *ret_address)
{
    struct sockaddr_in *ipv4 = (struct sockaddr_in *) ret_address;
    struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *) ret_address;

    memset(ret_address, 0, sizeof(*ret_address));
    if (inet_pton(AF_INET, text, &ipv4->sin_addr) == 1) {
        ipv4->sin_family = AF_INET;
        ipv4->sin_port = htons(port);
        return sizeof(*ipv4);
    }
    if (inet_pton(AF_INET6, text, &ipv6->sin6_addr) == 1) {
        ipv6->sin6_family = AF_INET6;
        ipv6->sin6_port = htons(port);
        return sizeof(*ipv6);
    }
    errno = EINVAL;
    give_up(text);
}

static int open_udp(int family)
{
    int size = RECEIVE_BYTES;
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
        give_up("socket");
    return fd;
}

static Flow open_flow(const char *address, uint16_t port, const char *device, uid_t user)
{
    Flow flow = { 0 };

    flow.to_length = read_address(address, port, &flow.to);
    /* nf_tables takes a socket for his who made it */
    if (seteuid(user) < 0)
        give_up("seteuid");
    flow.fd = socket(flow.to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (seteuid(0) < 0 || flow.fd < 0)
        give_up("socket");
    if (device && setsockopt(flow.fd, SOL_SOCKET, SO_BINDTODEVICE, device,
                             (socklen_t) strlen(device) + 1) < 0)
        give_up(device);
    return flow;
}

/* ---- pacing: as many as are due, every millisecond ---- */

typedef struct {
    int64_t begun;
    long rate;
    uint64_t done;
} Pace;

static uint64_t due(const Pace *pace)
{
    uint64_t ticks = (uint64_t) ((now(CLOCK_MONOTONIC) - pace->begun) / NANOSECONDS_IN_TICK);

    return ticks * (uint64_t) pace->rate / TICKS_IN_SECOND - pace->done;
}

/* ---- send ---- */

static void send_canaries(char **arguments)
{
    const char *device = arguments[1];
    Flow flows[16];
    unsigned long long refused = 0;
    unsigned count = 0;
    Pace pace = { .rate = strtol(arguments[0], NULL, 10) };

    /* flooding.py knows this order: first the public flows, then those to the local network */
    for (unsigned i = 0; i < 8; i++)
        flows[count++] = open_flow(arguments[2 + i % 2], CANARY_PORT, i & 2 ? device : NULL,
                                   i & 4 ? DESKTOP_USER : 0);
    for (unsigned i = 0; i < 4; i++)
        flows[count++] =
            open_flow(arguments[4 + i % 2], CANARY_PORT, NULL, i & 2 ? DESKTOP_USER : 0);

    say_ready();
    pace.begun = now(CLOCK_MONOTONIC);
    while (!stopping) {
        struct timespec pause = { .tv_nsec = NANOSECONDS_IN_TICK };

        for (uint64_t left = due(&pace); left > 0 && !stopping; left--) {
            Canary canary = { .magic = CANARY_MAGIC, .flow = (uint32_t) (pace.done % count) };
            const Flow *flow = &flows[canary.flow];

            pace.done++;
            canary.sent = now(CLOCK_REALTIME);
            if (sendto(flow->fd, &canary, sizeof(canary), 0, (const struct sockaddr *) &flow->to,
                       flow->to_length) < 0)
                refused++;
        }
        nanosleep(&pause, NULL);
    }
    say("tried", pace.done);
    say("refused", refused);
    say("milliseconds", (unsigned long long) (now(CLOCK_MONOTONIC) - pace.begun) / 1000000);
}

/* ---- watch ---- */

static int open_watch(const char *link)
{
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ALL),
        .sll_ifindex = (int) if_nametoindex(link),
    };
    int size = RECEIVE_BYTES;
    int one = 1;
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)) < 0 ||
        bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
        give_up(link);
    return fd;
}

/* Reads a frame that came from the other end. Returns its size, 0 for one to be passed by, -1 when
 * there is none; and when the kernel got it off the wire. */
static ssize_t receive_frame(int fd, uint8_t *frame, size_t room, int64_t *ret_seen)
{
    struct sockaddr_ll from = { 0 };
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct timespec))];
    } control;
    struct iovec part = { .iov_base = frame, .iov_len = room };
    struct msghdr message = {
        .msg_name = &from,
        .msg_namelen = sizeof(from),
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control),
    };
    ssize_t size = recvmsg(fd, &message, 0);
    const struct cmsghdr *header = size < 0 ? NULL : CMSG_FIRSTHDR(&message);
    struct timespec time;

    if (size < 0 || from.sll_pkttype == PACKET_OUTGOING)
        return size < 0 ? -1 : 0;
    if (!header || header->cmsg_type != SCM_TIMESTAMPNS)
        give_up("a frame without its time");
    memcpy(&time, CMSG_DATA(header), sizeof(time));
    *ret_seen = time.tv_sec * NANOSECONDS_IN_SECOND + time.tv_nsec;
    return size;
}

/* Every canary is a line of its own: "canary FLOW SENT SEEN". What was decided about it was decided
 * between these two times. */
static void watch(char **arguments)
{
    static uint8_t frame[65536];
    int fd = open_watch(arguments[0]);
    struct tpacket_stats statistics = { 0 };
    socklen_t length = sizeof(statistics);
    unsigned long long frames = 0;

    say_ready();
    for (;;) {
        struct pollfd wait = { .fd = fd, .events = POLLIN };
        int64_t seen;
        ssize_t size = receive_frame(fd, frame, sizeof(frame), &seen);
        const uint8_t *found;
        Canary canary;

        if (size < 0) {
            if (stopping) /* and nothing is left to be read */
                break;
            (void) poll(&wait, 1, 100);
            continue;
        }
        if (size == 0)
            continue;
        frames++;
        found = memmem(frame, (size_t) size, CANARY_MAGIC, sizeof(CANARY_MAGIC));
        if (!found || (size_t) (frame + size - found) < sizeof(canary))
            continue;
        memcpy(&canary, found, sizeof(canary));
        printf("canary %u %lld %lld\n", canary.flow, (long long) canary.sent, (long long) seen);
    }
    if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &length) < 0)
        give_up("statistics");
    say("frames", frames);
    say("overlooked", statistics.tp_drops);
}

/* ---- tunnel and echo ---- */

static bool is_marked(const uint8_t *seen, uint32_t sequence)
{
    return seen[sequence / 8] & 1 << sequence % 8;
}

static bool mark_new(uint8_t *seen, uint32_t sequence)
{
    bool is_new;

    if (sequence >= SEQUENCES_MAX)
        return false;
    is_new = !is_marked(seen, sequence);
    seen[sequence / 8] |= (uint8_t) (1 << sequence % 8);
    return is_new;
}

static unsigned long long take_answers(const Flow flows[2], uint8_t *seen)
{
    unsigned long long answered = 0;
    uint32_t sequence;

    for (unsigned i = 0; i < 2; i++)
        while (recv(flows[i].fd, &sequence, sizeof(sequence), 0) == sizeof(sequence))
            answered += mark_new(seen, sequence);
    return answered;
}

static void converse(char **arguments)
{
    static uint8_t seen[SEQUENCES_MAX / 8];
    static int64_t sent[SEQUENCES_MAX]; /* real time, just before the kernel got it */
    Flow flows[2];
    unsigned long long answered = 0;
    unsigned long long refused = 0;
    unsigned missing = 0;
    Pace pace = { .rate = strtol(arguments[0], NULL, 10) };
    struct timespec pause = { .tv_nsec = NANOSECONDS_IN_TICK };

    for (unsigned i = 0; i < 2; i++) {
        flows[i].to_length = read_address(arguments[1 + i], TUNNEL_PORT, &flows[i].to);
        flows[i].fd = open_udp(flows[i].to.ss_family);
    }
    say_ready();
    pace.begun = now(CLOCK_MONOTONIC);
    while (!stopping && pace.done < SEQUENCES_MAX) {
        for (uint64_t left = due(&pace); left > 0; left--) {
            const Flow *flow = &flows[pace.done % 2];
            uint32_t sequence = (uint32_t) pace.done++;

            sent[sequence] = now(CLOCK_REALTIME);
            if (sendto(flow->fd, &sequence, sizeof(sequence), 0,
                       (const struct sockaddr *) &flow->to, flow->to_length) < 0)
                refused++;
        }
        answered += take_answers(flows, seen);
        nanosleep(&pause, NULL);
    }
    for (unsigned i = 0; i < LAST_ANSWERS_MS; i++) {
        answered += take_answers(flows, seen);
        nanosleep(&pause, NULL);
    }
    say("asked", pace.done);
    say("unsent", refused);
    say("answered", answered);
    for (uint32_t sequence = 0; sequence < pace.done && missing < MISSING_MAX; sequence++)
        if (!is_marked(seen, sequence)) {
            printf("lost %u %lld\n", sequence, (long long) sent[sequence]);
            missing++;
        }
}

static void echo(char **arguments)
{
    static uint8_t seen[SEQUENCES_MAX / 8];
    struct pollfd wait[2];
    unsigned long long heard = 0;
    unsigned long long refused = 0;
    uint32_t sequence;
    uint32_t last = 0;
    unsigned missing = 0;

    for (unsigned i = 0; i < 2; i++) {
        struct sockaddr_storage address;
        socklen_t length = read_address(arguments[i], TUNNEL_PORT, &address);

        wait[i].fd = open_udp(address.ss_family);
        wait[i].events = POLLIN;
        if (bind(wait[i].fd, (const struct sockaddr *) &address, length) < 0)
            give_up(arguments[i]);
    }
    say_ready();
    while (!stopping) {
        if (poll(wait, 2, 100) <= 0)
            continue;
        for (unsigned i = 0; i < 2; i++) {
            struct sockaddr_storage from;
            socklen_t length = sizeof(from);

            while (recvfrom(wait[i].fd, &sequence, sizeof(sequence), 0, (struct sockaddr *) &from,
                            &length) == sizeof(sequence)) {
                if (mark_new(seen, sequence)) {
                    heard++;
                    last = sequence > last ? sequence : last;
                }
                if (sendto(wait[i].fd, &sequence, sizeof(sequence), 0,
                           (const struct sockaddr *) &from, length) < 0)
                    refused++;
                length = sizeof(from);
            }
        }
    }
    say("heard", heard);
    say("unreturned", refused);
    for (sequence = 0; sequence < last && missing < MISSING_MAX; sequence++)
        if (!is_marked(seen, sequence)) {
            printf("unheard %u\n", sequence);
            missing++;
        }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int arguments;
        void (*run)(char **arguments);
    } parts[] = {
        { "send", 6, send_canaries },
        { "watch", 1, watch },
        { "tunnel", 3, converse },
        { "echo", 2, echo },
    };
    struct sigaction stop = { .sa_handler = on_stop };

    sigaction(SIGTERM, &stop, NULL);
    for (unsigned i = 0; argc > 1 && i < sizeof(parts) / sizeof(*parts); i++) {
        if (strcmp(parts[i].name, argv[1]) != 0 || argc - 2 != parts[i].arguments)
            continue;
        parts[i].run(&argv[2]);
        return EXIT_SUCCESS;
    }
    fprintf(stderr, "flood: usage: see the top of flood.c\n");
    return EXIT_FAILURE;
}
