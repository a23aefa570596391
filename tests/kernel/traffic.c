/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "traffic.h"

#include "namespace.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIRE        "wire0"
#define TUNNEL      "tun0"
#define GUEST       "guest0"
#define WIRE_MAC    0x10
#define GUEST_MAC   0x20
#define THEIR_MAC   0x02 /* the guest's */
#define FRAME_MAX   2048
#define PATIENCE_MS 10000
#define CATCHERS    12

/* Everybody in the world has one hardware address; addresses have no network, so that everything
 * goes by the default route. */
static const char *const here[] = {
    "link add wire0 address 02:00:00:00:00:10 type veth peer name wire1",
    "link add guest0 address 02:00:00:00:00:20 type veth peer name guest1",
    "link set wire0 addrgenmode none",
    "link set guest0 addrgenmode none",
    "link set tun0 addrgenmode none",
    "link set wire0 up",
    "link set guest0 up",
    "link set tun0 up",
    "address add 192.0.2.10/32 dev wire0",
    "address add 2001:db8:1::10/128 dev wire0 nodad",
    "address add fe80::10/128 dev wire0 nodad",
    "address add 10.99.0.1/24 dev guest0",
    "address add fd99::1/64 dev guest0 nodad",
    "neighbour replace 10.99.0.2 lladdr 02:00:00:00:00:02 dev guest0 nud permanent",
    "neighbour replace 10.99.0.3 lladdr 02:00:00:00:00:03 dev guest0 nud permanent",
    "neighbour replace fd99::2 lladdr 02:00:00:00:00:02 dev guest0 nud permanent",
    "neighbour replace 192.0.2.1 lladdr 02:00:00:00:00:01 dev wire0 nud permanent",
    "neighbour replace fe80::1 lladdr 02:00:00:00:00:01 dev wire0 nud permanent",
    "route add default via 192.0.2.1 dev wire0 onlink",
    "-6 route add default via fe80::1 dev wire0",
    "-6 route replace multicast ff00::/8 dev wire0 table local",
    "address add 10.8.0.2/32 dev tun0",
    "address add fd01:0:0:2::2/128 dev tun0 nodad",
    "route add 10.8.0.0/16 dev tun0",
    "-6 route add fd01::/48 dev tun0",
};

static struct {
    int world; /* namespaces */
    int guest;
    int wire; /* packet sockets on the far ends */
    int cable;
    int tunnel;
    int frames;     /* a packet socket here, towards the guest */
    int frames_out; /* and towards the world */
    int send4[3];   /* raw sockets here, by TrafficInterface */
    int send6[3];
    int local[CATCHERS];
    unsigned locals;
    uint32_t sequence;
} net;

/* ---- building it ---- */

static void run_ip(const char *arguments)
{
    g_autofree char *command = g_strdup_printf("ip %s", arguments);

    g_free(namespace_command(command));
}

static void run_there(void *link)
{
    static const char *const ends[] = { "addrgenmode none", "up" };

    for (unsigned i = 0; i < G_N_ELEMENTS(ends); i++) {
        g_autofree char *arguments = g_strdup_printf("link set %s %s", (char *) link, ends[i]);

        run_ip(arguments);
    }
}

static void write_setting(const char *name, const char *value)
{
    g_autofree char *path = g_strdup_printf("/proc/sys/net/%s", name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, value, strlen(value)) < 0)
        g_error("cannot write %s: %s", path, g_strerror(errno));
    close(fd);
}

static void move_link(const char *name, int namespace)
{
    uint8_t buffer[MNL_ALIGN(256)] = { 0 };
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
    struct mnl_socket *socket = mnl_socket_open(NETLINK_ROUTE);
    struct ifinfomsg *info;
    ssize_t size;

    message->nlmsg_type = RTM_NEWLINK;
    message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    info = mnl_nlmsg_put_extra_header(message, sizeof(*info));
    info->ifi_index = (int) if_nametoindex(name);
    mnl_attr_put_u32(message, IFLA_NET_NS_FD, (uint32_t) namespace);
    g_assert_cmpint(mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID), ==, 0);
    g_assert_cmpint(mnl_socket_sendto(socket, message, message->nlmsg_len), >, 0);
    size = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
    g_assert_cmpint(mnl_cb_run(buffer, (size_t) size, 0, mnl_socket_get_portid(socket), NULL, NULL),
                    >=, 0);
    mnl_socket_close(socket);
}

static int open_tunnel(void)
{
    struct ifreq request = { .ifr_name = TUNNEL, .ifr_flags = IFF_TUN | IFF_NO_PI };
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
        g_error("cannot make a tunnel: %s", g_strerror(errno));
    return fd;
}

typedef struct {
    const char *link;
    int fd;
} PacketSocket;

static void open_packet_socket(void *data)
{
    PacketSocket *wanted = data;
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ALL),
        .sll_ifindex = (int) if_nametoindex(wanted->link),
    };

    wanted->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (wanted->fd < 0 || bind(wanted->fd, (struct sockaddr *) &address, sizeof(address)) < 0)
        g_error("cannot listen on %s: %s", wanted->link, g_strerror(errno));
}

static int raw_socket(int family, int protocol, const char *link)
{
    int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
    int one = 1;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one)) < 0 ||
        (link && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, link, strlen(link)) < 0))
        g_error("no raw socket: %s", g_strerror(errno));
    return fd;
}

static void open_sockets(void)
{
    static const struct {
        int family;
        int protocol;
    } local[] = {
        { AF_INET, IPPROTO_UDP },     { AF_INET, IPPROTO_TCP },  { AF_INET, IPPROTO_ICMP },
        { AF_INET, IPPROTO_IGMP },    { AF_INET6, IPPROTO_UDP }, { AF_INET6, IPPROTO_TCP },
        { AF_INET6, IPPROTO_ICMPV6 }, { AF_INET, IPPROTO_ESP },  { AF_INET, IPPROTO_GRE },
        { AF_INET6, IPPROTO_GRE },
    };
    PacketSocket wire = { .link = "wire1" };
    PacketSocket cable = { .link = "guest1" };
    PacketSocket frames = { .link = GUEST };
    PacketSocket frames_out = { .link = WIRE };

    G_STATIC_ASSERT(G_N_ELEMENTS(local) <= CATCHERS);
    for (unsigned i = 0; i < G_N_ELEMENTS(local); i++)
        net.local[net.locals++] = raw_socket(local[i].family, local[i].protocol, NULL);
    net.send4[TRAFFIC_WIRE] = raw_socket(AF_INET, IPPROTO_RAW, WIRE);
    net.send6[TRAFFIC_WIRE] = raw_socket(AF_INET6, IPPROTO_RAW, WIRE);
    net.send4[TRAFFIC_TUNNEL] = raw_socket(AF_INET, IPPROTO_RAW, TUNNEL);
    net.send6[TRAFFIC_TUNNEL] = raw_socket(AF_INET6, IPPROTO_RAW, TUNNEL);
    net.send4[TRAFFIC_GUEST] = raw_socket(AF_INET, IPPROTO_RAW, GUEST);
    net.send6[TRAFFIC_GUEST] = raw_socket(AF_INET6, IPPROTO_RAW, GUEST);
    open_packet_socket(&frames);
    net.frames = frames.fd;
    open_packet_socket(&frames_out);
    net.frames_out = frames_out.fd;
    namespace_run(net.world, open_packet_socket, &wire);
    namespace_run(net.guest, open_packet_socket, &cable);
    net.wire = wire.fd;
    net.cable = cable.fd;
}

void traffic_set_up(void)
{
    cpu_set_t cpu;

    /* packets that wait for one processor stay in their order */
    CPU_ZERO(&cpu);
    CPU_SET((unsigned) sched_getcpu(), &cpu);
    if (sched_setaffinity(0, sizeof(cpu), &cpu) < 0)
        g_error("cannot stay on one processor: %s", g_strerror(errno));

    write_setting("ipv4/ip_forward", "1");
    write_setting("ipv6/conf/all/forwarding", "1");
    write_setting("ipv4/conf/all/rp_filter", "0");
    write_setting("ipv4/conf/default/rp_filter", "0");
    write_setting("ipv4/conf/all/accept_source_route", "1");
    write_setting("ipv4/conf/default/accept_source_route", "1");
    write_setting("ipv4/icmp_ratelimit", "0");
    write_setting("ipv6/icmp/ratelimit", "0");
    net.world = namespace_new();
    net.guest = namespace_new();
    net.tunnel = open_tunnel();
    for (unsigned i = 0; i < 2; i++)
        run_ip(here[i]);
    move_link("wire1", net.world);
    move_link("guest1", net.guest);
    namespace_run(net.world, run_there, (void *) "wire1");
    namespace_run(net.guest, run_there, (void *) "guest1");
    for (unsigned i = 2; i < G_N_ELEMENTS(here); i++)
        run_ip(here[i]);
    write_setting("ipv4/conf/tun0/rp_filter", "0");
    open_sockets();
}

void traffic_tear_down(void)
{
    for (unsigned i = 0; i < net.locals; i++)
        close(net.local[i]);
    for (unsigned i = 0; i < G_N_ELEMENTS(net.send4); i++) {
        close(net.send4[i]);
        close(net.send6[i]);
    }
    close(net.wire);
    close(net.cable);
    close(net.tunnel);
    close(net.frames);
    close(net.frames_out);
    close(net.world);
    close(net.guest);
}

uint32_t traffic_interface(TrafficInterface interface)
{
    static const char *const names[] = { WIRE, TUNNEL, GUEST };

    return if_nametoindex(names[interface]);
}

/* ---- sending ---- */

static void send_from_here(const Packet *packet, const uint8_t *bytes, size_t size,
                           TrafficInterface interface)
{
    struct sockaddr_in address4 = { .sin_family = AF_INET };
    struct sockaddr_in6 address6 = { .sin6_family = AF_INET6 };
    bool ipv6 = packet_is_ipv6(packet);
    ssize_t sent;

    if (ipv6) {
        g_assert_cmpint(inet_pton(AF_INET6, packet->to, &address6.sin6_addr), ==, 1);
        address6.sin6_scope_id = traffic_interface(interface);
        sent = sendto(net.send6[interface], bytes, size, 0, (struct sockaddr *) &address6,
                      sizeof(address6));
    } else {
        g_assert_cmpint(inet_pton(AF_INET, packet->to, &address4.sin_addr), ==, 1);
        sent = sendto(net.send4[interface], bytes, size, 0, (struct sockaddr *) &address4,
                      sizeof(address4));
    }
    if (sent < 0 && errno != EPERM && errno != EACCES)
        g_error("%s > %s cannot be sent: %s", packet->from, packet->to, g_strerror(errno));
}

static void send_frame(const Packet *packet, const uint8_t *bytes, size_t size, int fd, uint8_t mac)
{
    struct sockaddr_ll address;
    socklen_t length = sizeof(address);

    g_assert_cmpint(getsockname(fd, (struct sockaddr *) &address, &length), ==, 0);
    address.sll_protocol = htons(packet_is_ipv6(packet) ? ETH_P_IPV6 : ETH_P_IP);
    address.sll_halen = ETH_ALEN;
    memset(address.sll_addr, 0, sizeof(address.sll_addr));
    address.sll_addr[0] = 0x02;
    address.sll_addr[ETH_ALEN - 1] = mac;
    if (sendto(fd, bytes, size, 0, (struct sockaddr *) &address, sizeof(address)) < 0 &&
        errno != ENOBUFS) /* the second layer's no */
        g_error("%s > %s cannot be sent as a frame: %s", packet->from, packet->to,
                g_strerror(errno));
}

static void send_bytes(TrafficPath path, const Packet *packet, const uint8_t *bytes, size_t size)
{
    switch (path) {
    case TRAFFIC_OUT:
        send_from_here(packet, bytes, size, TRAFFIC_WIRE);
        break;
    case TRAFFIC_INTO_TUNNEL:
        send_from_here(packet, bytes, size, TRAFFIC_TUNNEL);
        break;
    case TRAFFIC_TO_GUEST:
        send_from_here(packet, bytes, size, TRAFFIC_GUEST);
        break;
    case TRAFFIC_IN:
    case TRAFFIC_WIRE_TO_TUNNEL:
    case TRAFFIC_WIRE_TO_GUEST:
        send_frame(packet, bytes, size, net.wire, WIRE_MAC);
        break;
    case TRAFFIC_THROUGH:
    case TRAFFIC_THROUGH_TO_TUNNEL:
    case TRAFFIC_GUEST_TO_GUEST:
    case TRAFFIC_FROM_GUEST:
        send_frame(packet, bytes, size, net.cable, GUEST_MAC);
        break;
    case TRAFFIC_FRAME_TO_GUEST:
        send_frame(packet, bytes, size, net.frames, THEIR_MAC);
        break;
    case TRAFFIC_FRAME_OUT:
        send_frame(packet, bytes, size, net.frames_out, THEIR_MAC);
        break;
    case TRAFFIC_OUT_OF_TUNNEL:
    case TRAFFIC_TUNNEL_TO_GUEST:
        g_assert_cmpint(write(net.tunnel, bytes, size), ==, size);
        break;
    }
}

static void send_one(TrafficPath path, const Packet *packet, uint32_t number)
{
    uint8_t bytes[PACKET_SIZE_MAX];
    uint8_t fragment[PACKET_SIZE_MAX];
    size_t size = packet_build(packet, number, bytes);

    if (!packet->split)
        send_bytes(path, packet, bytes, size);
    for (unsigned piece = path == TRAFFIC_OUT; packet->split && piece < 2; piece++)
        send_bytes(path, packet, fragment, packet_cut(bytes, size, piece, number, fragment));
}

/* ---- catching ---- */

typedef struct {
    uint32_t first; /* number of packets[0] */
    unsigned count;
    bool *arrived;
    bool last_arrived; /* the one after them */
} Catch;

static bool catch_one(int fd, Catch *caught)
{
    uint8_t bytes[FRAME_MAX];
    struct sockaddr_ll from = { 0 };
    socklen_t length = sizeof(from);
    ssize_t size = fd == net.tunnel
                       ? read(fd, bytes, sizeof(bytes))
                       : recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *) &from, &length);
    uint32_t number;

    if (size < 0)
        return false;
    number = packet_number(bytes, (size_t) size);
    if ((fd == net.wire || fd == net.cable) && from.sll_pkttype == PACKET_OUTGOING)
        return true; /* what we sent ourselves */
    if (number >= caught->first && number - caught->first < caught->count)
        caught->arrived[number - caught->first] = true;
    caught->last_arrived |= number == caught->first + caught->count;
    return true;
}

static void wait_for_last(const int *fds, unsigned count, Catch *caught)
{
    struct pollfd polled[CATCHERS];
    gint64 deadline = g_get_monotonic_time() + PATIENCE_MS * G_TIME_SPAN_MILLISECOND;

    for (unsigned i = 0; i < count; i++)
        polled[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
    while (!caught->last_arrived) {
        if (g_get_monotonic_time() > deadline)
            g_error("the packet that always passes did not arrive");
        (void) poll(polled, count, PATIENCE_MS);
        for (unsigned i = 0; i < count; i++)
            while (catch_one(fds[i], caught))
                ;
    }
    /* all the others arrived before it, maybe at other sockets */
    for (unsigned i = 0; i < count; i++)
        while (catch_one(fds[i], caught))
            ;
}

/* Always let through, on each path; behind the others it says that they have come or never will. */
static const Packet last_packets[] = {
    [TRAFFIC_OUT] = { "192.0.2.10", "198.51.100.1", IPPROTO_UDP, 0, 5000, 1194, NULL },
    [TRAFFIC_IN] = { "198.51.100.1", "192.0.2.10", IPPROTO_UDP, 0, 1194, 5000, NULL },
    [TRAFFIC_THROUGH_TO_TUNNEL] = { "10.99.0.2", "10.8.1.1", IPPROTO_UDP, 0, 1, 1, NULL },
    [TRAFFIC_INTO_TUNNEL] = { "192.0.2.10", "10.8.1.1", IPPROTO_UDP, 0, 1, 1, NULL },
    [TRAFFIC_OUT_OF_TUNNEL] = { "10.8.1.1", "192.0.2.10", IPPROTO_UDP, 0, 1, 1, NULL },
    [TRAFFIC_TO_GUEST] = { "10.99.0.1", "10.99.0.2", IPPROTO_UDP, 0, 67, 68, NULL },
};

void traffic_send(TrafficPath path, const Packet *const *packets, unsigned count, bool *arrived)
{
    Catch caught = { .first = net.sequence + 1, .count = count, .arrived = arrived };
    TrafficPath last_path = path;

    for (unsigned i = 0; i < count; i++)
        send_one(path, packets[i], ++net.sequence);
    net.sequence++;
    if (path == TRAFFIC_THROUGH || path == TRAFFIC_GUEST_TO_GUEST || path == TRAFFIC_FROM_GUEST) {
        /* nothing always passes here: when one for the tunnel came, the others have been judged,
         * and what they sent into a wire comes before what we send there */
        Catch other = { .first = ++net.sequence, .count = 0 };

        send_one(TRAFFIC_THROUGH_TO_TUNNEL, &last_packets[TRAFFIC_THROUGH_TO_TUNNEL], other.first);
        wait_for_last(&net.tunnel, 1, &other);
        caught.last_arrived = false;
        last_path = path == TRAFFIC_THROUGH          ? TRAFFIC_OUT
                    : path == TRAFFIC_GUEST_TO_GUEST ? TRAFFIC_TO_GUEST
                                                     : TRAFFIC_OUT_OF_TUNNEL;
    } else if (path == TRAFFIC_TUNNEL_TO_GUEST || path == TRAFFIC_WIRE_TO_GUEST) {
        TrafficPath in = path == TRAFFIC_WIRE_TO_GUEST ? TRAFFIC_IN : TRAFFIC_OUT_OF_TUNNEL;
        Catch other = { .first = ++net.sequence, .count = 0 };

        send_one(in, &last_packets[in], other.first);
        wait_for_last(net.local, net.locals, &other);
        last_path = TRAFFIC_TO_GUEST;
    } else if (path == TRAFFIC_WIRE_TO_TUNNEL) {
        last_path = TRAFFIC_THROUGH_TO_TUNNEL;
    } else if (path == TRAFFIC_FRAME_TO_GUEST) {
        last_path = TRAFFIC_TO_GUEST;
    } else if (path == TRAFFIC_FRAME_OUT) {
        last_path = TRAFFIC_OUT;
    }
    send_one(last_path, &last_packets[last_path], caught.first + count);
    switch (path) {
    case TRAFFIC_OUT:
    case TRAFFIC_THROUGH:
    case TRAFFIC_FRAME_OUT:
        wait_for_last(&net.wire, 1, &caught);
        break;
    case TRAFFIC_IN:
    case TRAFFIC_OUT_OF_TUNNEL:
    case TRAFFIC_FROM_GUEST:
        wait_for_last(net.local, net.locals, &caught);
        break;
    case TRAFFIC_THROUGH_TO_TUNNEL:
    case TRAFFIC_WIRE_TO_TUNNEL:
    case TRAFFIC_INTO_TUNNEL:
        wait_for_last(&net.tunnel, 1, &caught);
        break;
    case TRAFFIC_TO_GUEST:
    case TRAFFIC_GUEST_TO_GUEST:
    case TRAFFIC_TUNNEL_TO_GUEST:
    case TRAFFIC_WIRE_TO_GUEST:
    case TRAFFIC_FRAME_TO_GUEST:
        wait_for_last(&net.cable, 1, &caught);
        break;
    }
}
