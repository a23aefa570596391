/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program in NetworkManager's dispatcher.d and pre-up.d: arguments and environment -> an event
 * -> the guard; it returns when the kernel has the rules that follow. It holds no lock and opens
 * none, so every way it can fail leaves the machine as closed as it was.
 *
 * The plain C library only and no memory of its own: it runs before every connection is ready. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "model/event.h"
#include "model/message.h"
#include "model/names.h"

/* How long the hook waits in all. A commit takes milliseconds and a missing guard starts in well
 * under a second. NetworkManager's dispatcher runs one script after another and holds a pre-up
 * connection for us, and a VPN that is not up in time is given up (vpn.timeout, at least 60 s): a
 * guard that hangs may cost a few seconds of that. */
#define WAIT_SECONDS 5

#define MILLISECONDS_IN_SECOND      1000
#define MICROSECONDS_IN_MILLISECOND 1000
#define NANOSECONDS_IN_MILLISECOND  1000000

#define SAFE "Nothing was opened; what was locked stays locked."

static int64_t now_milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * MILLISECONDS_IN_SECOND + now.tv_nsec / NANOSECONDS_IN_MILLISECOND;
}

/* What is left of the wait; never negative. */
static int left_milliseconds(int64_t deadline)
{
    int64_t left = deadline - now_milliseconds();

    return left > 0 ? (int) left : 0;
}

/* Returns a connected socket or a negative errno; -ETIMEDOUT when the guard does not take the
 * connection by the deadline. */
static int connect_to_guard(int64_t deadline)
{
    const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = KS_SOCKET_PATH };
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    int result = -EINTR;

    if (fd < 0)
        return -errno;

    while (result == -EINTR) {
        int left = left_milliseconds(deadline);
        struct timeval timeout = {
            .tv_sec = left / MILLISECONDS_IN_SECOND,
            .tv_usec = left % MILLISECONDS_IN_SECOND * MICROSECONDS_IN_MILLISECOND,
        };

        /* connect(2) sleeps while the guard's queue is full; this bounds that (unix(7)). Zero would
         * mean for ever. */
        if (left == 0)
            result = -ETIMEDOUT;
        else if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0 ||
                 connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
            result = errno == EAGAIN ? -ETIMEDOUT : -errno;
        else
            result = fd;
    }
    if (result < 0)
        close(fd);
    return result;
}

static int send_event(int fd, const KsEvent *event)
{
    uint8_t buffer[sizeof(KsMessageHeader) + sizeof(KsEventRecord)];
    size_t size = ks_message_write_event(event, buffer);

    /* a fresh socket has room for one record, so this never has a reason to wait */
    if (send(fd, buffer, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        return -errno;
    return 0;
}

/* Waits for the reply. Returns 0 and the guard's own result, or a negative errno: -ETIMEDOUT,
 * -ECONNRESET when the guard went away, -EBADMSG or -EPROTONOSUPPORT for what is not a reply. */
static int receive_reply(int fd, int64_t deadline, int *ret_result)
{
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    uint8_t buffer[sizeof(KsMessageHeader)];
    KsMessageHeader header;
    const void *payload;
    size_t payload_size;
    ssize_t size;
    int result;

    do {
        result = poll(&wait, 1, left_milliseconds(deadline));
    } while (result < 0 && errno == EINTR);
    if (result < 0)
        return -errno;
    if (result == 0)
        return -ETIMEDOUT;

    /* MSG_TRUNC: the record's real size, so that one with a payload is seen to have it */
    size = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT | MSG_TRUNC);
    if (size < 0)
        return -errno;
    if (size == 0)
        return -ECONNRESET;
    if ((size_t) size > sizeof(buffer))
        return -EBADMSG;

    result = ks_message_read(buffer, (size_t) size, &header, &payload, &payload_size);
    if (result < 0)
        return result;
    if (header.kind != KS_MESSAGE_REPLY || header.more)
        return -EBADMSG;
    *ret_result = header.result;
    return 0;
}

/* What is told goes to the journal, by way of NetworkManager's dispatcher: whole sentences, what
 * happened, what is still safe, what to do. */
static void tell_not_connected(const char *action, int error)
{
    switch (-error) {
    case ENOENT:
    case ECONNREFUSED:
        fprintf(stderr,
                "%s: the guard is not running, so it did not hear of %s. " SAFE
                " Start it: systemctl start %s\n",
                KS_PROGRAM, action, KS_GUARD_UNIT);
        break;
    case EACCES:
    case EPERM:
        fprintf(stderr,
                "%s: only root may speak to the guard, so it did not hear of %s. " SAFE
                " NetworkManager's dispatcher runs this program as root.\n",
                KS_PROGRAM, action);
        break;
    case ETIMEDOUT:
        fprintf(stderr,
                "%s: the guard did not take the message of %s within %d seconds. " SAFE
                " Look at it: systemctl status %s; if it hangs: systemctl restart %s\n",
                KS_PROGRAM, action, WAIT_SECONDS, KS_GUARD_UNIT, KS_GUARD_UNIT);
        break;
    default:
        fprintf(stderr,
                "%s: the guard cannot be reached (%s), so it did not hear of %s. " SAFE
                " Look at it: systemctl status %s\n",
                KS_PROGRAM, strerror(-error), action, KS_GUARD_UNIT);
        break;
    }
}

static void tell_not_answered(const char *action, int error)
{
    switch (-error) {
    case ETIMEDOUT:
        fprintf(stderr,
                "%s: the guard did not answer to %s within %d seconds. " SAFE
                " Look at it: systemctl status %s; if it hangs: systemctl restart %s\n",
                KS_PROGRAM, action, WAIT_SECONDS, KS_GUARD_UNIT, KS_GUARD_UNIT);
        break;
    case EBADMSG:
    case EPROTONOSUPPORT:
        fprintf(stderr,
                "%s: the guard's answer to %s is of another version. " SAFE
                " After an upgrade, restart it: systemctl restart %s\n",
                KS_PROGRAM, action, KS_GUARD_UNIT);
        break;
    default:
        fprintf(stderr,
                "%s: the guard went away before it answered to %s (%s). " SAFE
                " See why: journalctl -u %s\n",
                KS_PROGRAM, action, strerror(-error), KS_GUARD_UNIT);
        break;
    }
}

/* Names the variable and never quotes it: what it holds came from the network. */
static void tell_bad_variable(const char *action, const char *variable)
{
    fprintf(stderr,
            "%s: %s came with a %s that is too long or has characters that do not belong in it; it "
            "was left out of the event.\n",
            KS_PROGRAM, action, variable);
}

static int tell_guard(const KsEvent *event)
{
    const char *action = ks_action_name(event->action);
    int64_t deadline = now_milliseconds() + WAIT_SECONDS * MILLISECONDS_IN_SECOND;
    int guard_result = 0;
    int result;
    int fd;

    fd = connect_to_guard(deadline);
    if (fd < 0) {
        tell_not_connected(action, fd);
        return EXIT_FAILURE;
    }

    result = send_event(fd, event);
    if (result == 0)
        result = receive_reply(fd, deadline, &guard_result);
    if (result < 0) {
        tell_not_answered(action, result);
        return EXIT_FAILURE;
    }
    if (guard_result < 0) {
        fprintf(stderr,
                "%s: the guard could not bring the kernel's rules up to date after %s (%s). " SAFE
                " See why: journalctl -u %s\n",
                KS_PROGRAM, action, strerror(-guard_result), KS_GUARD_UNIT);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    KsEvent event;
    unsigned bad;
    int result;

    result = ks_event_parse(argc, (const char *const *) argv, (const char *const *) environ, &event,
                            &bad);
    if (result == -ENOENT)
        return EXIT_SUCCESS;
    if (result < 0) {
        fprintf(stderr,
                "%s-dispatcher %s: NetworkManager's dispatcher runs this program; "
                "usage: INTERFACE ACTION\n",
                KS_PROGRAM, KS_VERSION);
        return EXIT_FAILURE;
    }

    result = tell_guard(&event);

    /* last, so that a blocked stderr never holds the event back */
    if (bad & KS_EVENT_BAD_UUID)
        tell_bad_variable(ks_action_name(event.action), "CONNECTION_UUID");
    if (bad & KS_EVENT_BAD_INTERFACE)
        tell_bad_variable(ks_action_name(event.action), ks_action_interface_variable(event.action));
    return result;
}
