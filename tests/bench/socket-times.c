/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long the guard takes to answer, without the hook's start: connect, one event, one reply.
 *
 *   socket-times ROUNDS UUID INTERFACE
 *
 * "quiet" is an event after which nothing has to change; "down" and "up" take the tunnel of this
 * VPN away and open it again; "echo" is the same exchange with a process that answers at once, the
 * least that any guard could take. Prints "NAME NANOSECONDS". */
#include "model/message.h"
#include "model/names.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* After each exchange: the guard then has read the rules back and sleeps again. */
#define PAUSE_NANOSECONDS 5000000

#define ECHO_NAME             "ks-bench-echo" /* in the abstract namespace, unix(7) */
#define NANOSECONDS_IN_SECOND 1000000000

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t) time.tv_sec * NANOSECONDS_IN_SECOND + time.tv_nsec;
}

static void __attribute__((noreturn)) give_up(const char *what)
{
    fprintf(stderr, "socket-times: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static socklen_t echo_address(struct sockaddr_un *address)
{
    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path + 1, ECHO_NAME, sizeof(ECHO_NAME));
    return sizeof(*address);
}

static void answer_for_ever(int listening)
{
    static const KsMessageHeader reply = {
        .magic = KS_MESSAGE_MAGIC,
        .version = KS_MESSAGE_VERSION,
        .kind = KS_MESSAGE_REPLY,
    };
    uint8_t record[KS_MESSAGE_MAX];

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);

        if (fd < 0 || recv(fd, record, sizeof(record), 0) <= 0 ||
            send(fd, &reply, sizeof(reply), MSG_NOSIGNAL) < 0)
            _exit(EXIT_FAILURE);
        close(fd);
    }
}

static void start_echo(void)
{
    struct sockaddr_un address;
    socklen_t length = echo_address(&address);
    int listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (listening < 0 || bind(listening, (struct sockaddr *) &address, length) < 0 ||
        listen(listening, 1) < 0)
        give_up("echo");
    if (fork() == 0)
        answer_for_ever(listening);
    close(listening);
}

static void exchange(const char *name, const struct sockaddr_un *address, const KsEvent *event)
{
    struct timespec pause = { .tv_nsec = PAUSE_NANOSECONDS };
    uint8_t buffer[sizeof(KsMessageHeader) + sizeof(KsEventRecord)];
    KsMessageHeader reply;
    int64_t begun;
    int fd;

    nanosleep(&pause, NULL);
    begun = now();
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *) address, sizeof(*address)) < 0 ||
        send(fd, buffer, ks_message_write_event(event, buffer), MSG_NOSIGNAL) < 0 ||
        recv(fd, &reply, sizeof(reply), 0) != sizeof(reply))
        give_up(name);
    printf("%s %lld\n", name, (long long) (now() - begun));
    if (reply.kind != KS_MESSAGE_REPLY || reply.result != 0) {
        errno = -reply.result;
        give_up("the guard refused");
    }
    close(fd);
}

int main(int argc, char **argv)
{
    struct sockaddr_un guard = { .sun_family = AF_UNIX, .sun_path = KS_SOCKET_PATH };
    struct sockaddr_un echo;
    KsEvent quiet = { .action = KS_ACTION_CONNECTIVITY_CHANGE };
    KsEvent down = { .action = KS_ACTION_VPN_DOWN };
    KsEvent up;
    long rounds = argc == 4 ? strtol(argv[1], NULL, 10) : 0;

    if (rounds <= 0 || strlen(argv[2]) >= sizeof(down.uuid) ||
        strlen(argv[3]) >= sizeof(down.interface)) {
        fprintf(stderr, "usage: socket-times ROUNDS UUID INTERFACE\n");
        return EXIT_FAILURE;
    }
    memcpy(down.uuid, argv[2], strlen(argv[2]));
    memcpy(down.interface, argv[3], strlen(argv[3]));
    up = down;
    up.action = KS_ACTION_VPN_UP;

    (void) echo_address(&echo);
    start_echo();
    for (long round = 0; round < rounds; round++) {
        exchange("echo", &echo, &quiet);
        exchange("quiet", &guard, &quiet);
        exchange("down", &guard, &down);
        exchange("up", &guard, &up);
    }
    return EXIT_SUCCESS;
}
