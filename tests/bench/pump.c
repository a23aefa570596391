/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tunnel that does not swing: packets between a tun and a UDP socket, as they are.
 *
 *   pump LINK serve ADDRESS PORT      hears there, and answers who sent last
 *   pump LINK call ADDRESS PORT       sends there
 *
 * OpenVPN's way of a packet through the kernel, without its cipher: what a lock costs weighs more
 * beside it, and nothing else moves. The link is made, its address and state are its caller's. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PACKET_MAX 65535
#define AT_ONCE    64 /* packets of one side before the other's turn */

static char packet[PACKET_MAX];

static void give_up(const char *what)
{
    fprintf(stderr, "pump: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static int open_tun(const char *name)
{
    struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

    (void) snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
        give_up(name);
    return fd;
}

static int open_socket(bool serves, const char *address, const char *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t) strtoul(port, NULL, 10)) };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || inet_pton(AF_INET, address, &at.sin_addr) != 1 ||
        (serves ? bind(fd, (struct sockaddr *) &at, sizeof(at))
                : connect(fd, (struct sockaddr *) &at, sizeof(at))) < 0)
        give_up(address);
    return fd;
}

int main(int argc, char **argv)
{
    bool serves = argc == 5 && strcmp(argv[2], "serve") == 0;
    bool has_peer = !serves;
    struct pollfd ends[2] = { { .events = POLLIN }, { .events = POLLIN } };
    struct sockaddr_in peer;

    if (argc != 5)
        return EXIT_FAILURE;
    ends[0].fd = open_tun(argv[1]);
    ends[1].fd = open_socket(serves, argv[3], argv[4]);
    while (poll(ends, 2, -1) > 0) {
        ssize_t length;

        for (unsigned i = 0; i < AT_ONCE; i++) {
            length = read(ends[0].fd, packet, sizeof(packet));
            if (length <= 0)
                break;
            if (has_peer) /* what is refused, or has no room, is lost, as by any VPN */
                (void) sendto(ends[1].fd, packet, (size_t) length, 0,
                              serves ? (struct sockaddr *) &peer : NULL, serves ? sizeof(peer) : 0);
        }
        for (unsigned i = 0; i < AT_ONCE; i++) {
            socklen_t size = sizeof(peer);

            length =
                recvfrom(ends[1].fd, packet, sizeof(packet), 0, (struct sockaddr *) &peer, &size);
            if (length <= 0)
                break;
            has_peer = true;
            if (write(ends[0].fd, packet, (size_t) length) < 0 && errno == EBADFD)
                give_up("the tun");
        }
    }
    return EXIT_FAILURE;
}
