/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/look-ups.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* All over what is public: no private range, no network of the machine itself. Of IPv6 one in each
 * block that a registry gives away from, and one in what is not assigned. */
static const KsAddress probes4[] = {
    { AF_INET, { 1, 1, 1, 1 } },       { AF_INET, { 18, 66, 2, 9 } },
    { AF_INET, { 34, 117, 59, 81 } },  { AF_INET, { 51, 15, 8, 4 } },
    { AF_INET, { 66, 102, 1, 9 } },    { AF_INET, { 81, 2, 69, 142 } },
    { AF_INET, { 93, 184, 216, 34 } }, { AF_INET, { 104, 16, 5, 9 } },
    { AF_INET, { 122, 8, 9, 10 } },    { AF_INET, { 138, 201, 3, 4 } },
    { AF_INET, { 155, 4, 3, 2 } },     { AF_INET, { 171, 8, 4, 2 } },
    { AF_INET, { 185, 199, 8, 153 } }, { AF_INET, { 193, 0, 6, 139 } },
    { AF_INET, { 204, 2, 5, 1 } },     { AF_INET, { 217, 70, 1, 1 } },
};
static const KsAddress probes6[] = {
    { AF_INET6, { 0x20, 0x01, 0x06, 0x7c, [15] = 9 } },
    { AF_INET6, { 0x24, 0x04, 0x68, 0x00, [15] = 9 } },
    { AF_INET6, { 0x26, 0x06, 0x47, 0x00, [15] = 9 } },
    { AF_INET6, { 0x28, 0x00, 0x03, 0xf0, [15] = 9 } },
    { AF_INET6, { 0x2a, 0x00, 0x14, 0x50, [15] = 9 } },
    { AF_INET6, { 0x2a, 0x10, 0x50, 0x00, [15] = 9 } },
    { AF_INET6, { 0x2c, 0x0f, 0xfb, 0x50, [15] = 9 } },
    { AF_INET6, { 0x30, 0x00, 0x00, 0x01, [15] = 9 } },
};
#define PROBES_MAX G_N_ELEMENTS(probes4)

static const struct {
    const KsAddress *probes;
    unsigned count;
} families[KS_FAMILIES] = {
    [KS_IPV4] = { probes4, G_N_ELEMENTS(probes4) },
    [KS_IPV6] = { probes6, G_N_ELEMENTS(probes6) },
};

/* What a VPN leaves out on purpose (its own server's network, a local service) is small. */
static bool are_all(KsFamily family, unsigned carried)
{
    return carried * 8 >= families[family].count * 7;
}

/* The answers of the kernel come while it is asked, and each takes a page of the socket's
 * buffer. */
#define AT_ONCE 8u

/* How many more tunnels are asked for when several stand side by side. */
#define RIVALS_MAX 8u

struct KsLookUps {
    struct mnl_socket *socket;
    uint32_t sequence;
    bool known;
    uint32_t uid;                                /* for whom the answers are */
    uint32_t leaves_by[KS_FAMILIES][PROBES_MAX]; /* index of a link, 0: goes nowhere */
    GArray *rivals;                              /* uint32_t: links that would carry everything */
};

int ks_look_ups_open(KsLookUps **ret_look_ups)
{
    KsLookUps *look_ups = g_new0(KsLookUps, 1);

    look_ups->rivals = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    look_ups->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (!look_ups->socket || mnl_socket_bind(look_ups->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
        int error = -errno;

        ks_look_ups_close(look_ups);
        return error;
    }
    *ret_look_ups = look_ups;
    return 0;
}

void ks_look_ups_close(KsLookUps *look_ups)
{
    if (!look_ups)
        return;
    if (look_ups->socket)
        mnl_socket_close(look_ups->socket);
    g_array_unref(look_ups->rivals);
    g_free(look_ups);
}

void ks_look_ups_forget(KsLookUps *look_ups)
{
    look_ups->known = false;
}

/* `through`: only ask for routes to this link; 0: for any. */
static size_t write_question(uint8_t *buffer, uint32_t sequence, const KsAddress *address,
                             uint32_t uid, uint32_t through)
{
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
    size_t size = ks_address_size(address);
    struct rtmsg *info;

    message->nlmsg_type = RTM_GETROUTE;
    message->nlmsg_flags = NLM_F_REQUEST;
    message->nlmsg_seq = sequence;
    info = mnl_nlmsg_put_extra_header(message, sizeof(*info));
    info->rtm_family = (unsigned char) address->family;
    info->rtm_dst_len = (unsigned char) (size * 8);
    mnl_attr_put(message, RTA_DST, size, address->bytes);
    mnl_attr_put_u32(message, RTA_UID, uid);
    if (through) {
        /* without it, IPv4 takes a link that has no route for one where everybody is a neighbour
         * (net/ipv4/route.c, ip_route_output_key_hash_rcu()) */
        info->rtm_flags = RTM_F_FIB_MATCH;
        mnl_attr_put_u32(message, RTA_OIF, through);
    }
    return message->nlmsg_len;
}

typedef struct {
    uint32_t first; /* sequence */
    unsigned count;
    uint32_t *leaves_by;
} Answers;

static int take_answer(const struct nlmsghdr *message, void *data)
{
    const struct rtmsg *info = mnl_nlmsg_get_payload(message);
    const Answers *answers = data;
    const struct nlattr *attribute;
    uint32_t which = message->nlmsg_seq - answers->first;

    if (message->nlmsg_type != RTM_NEWROUTE || which >= answers->count ||
        mnl_nlmsg_get_payload_len(message) < sizeof(*info) || info->rtm_type != RTN_UNICAST)
        return MNL_CB_OK;
    mnl_attr_for_each(attribute, message, sizeof(*info))
        if (mnl_attr_get_type(attribute) == RTA_OIF &&
            mnl_attr_validate(attribute, MNL_TYPE_U32) == 0)
            answers->leaves_by[which] = mnl_attr_get_u32(attribute);
    return MNL_CB_OK;
}

static int ignore_error(const struct nlmsghdr *message, void *data)
{
    (void) message; /* "unreachable" is an answer, too */
    (void) data;
    return MNL_CB_OK;
}

static void read_answers(KsLookUps *look_ups, const Answers *answers)
{
    static mnl_cb_t control[NLMSG_MIN_TYPE] = { [NLMSG_ERROR] = ignore_error };
    _Alignas(struct nlmsghdr) uint8_t buffer[4096];

    for (;;) {
        ssize_t size = mnl_socket_recvfrom(look_ups->socket, buffer, sizeof(buffer));

        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            return;
        (void) mnl_cb_run2(buffer, (size_t) size, 0, 0, take_answer, (void *) answers, control,
                           G_N_ELEMENTS(control));
    }
}

static void ask(KsLookUps *look_ups, KsFamily family, uint32_t through, uint32_t *leaves_by)
{
    _Alignas(struct nlmsghdr) uint8_t buffer[AT_ONCE * 96];
    unsigned asked = families[family].count;

    memset(leaves_by, 0, asked * sizeof(leaves_by[0]));
    for (unsigned i = 0; i < asked; i += AT_ONCE) {
        Answers answers = {
            .first = look_ups->sequence + 1,
            .count = MIN(AT_ONCE, asked - i),
            .leaves_by = leaves_by + i,
        };
        size_t size = 0;

        for (unsigned j = 0; j < answers.count; j++)
            size += write_question(buffer + size, ++look_ups->sequence,
                                   &families[family].probes[i + j], look_ups->uid, through);
        if (mnl_socket_sendto(look_ups->socket, buffer, size) >= 0)
            read_answers(look_ups, &answers);
    }
}

static unsigned count(const uint32_t *leaves_by, KsFamily family, uint32_t index)
{
    unsigned found = 0;

    for (unsigned i = 0; i < families[family].count; i++)
        found += leaves_by[i] == index;
    return found;
}

/* Another tunnel takes it all first: this one would, too. */
static bool would_carry(KsLookUps *look_ups, const KsWorld *world, KsFamily family, uint32_t index)
{
    uint32_t leaves_by[PROBES_MAX];
    unsigned by_tunnels = 0;

    for (unsigned i = 0; i < families[family].count; i++) {
        const KsLink *link = ks_world_link_by_index(world, look_ups->leaves_by[family][i]);

        by_tunnels += link && link->tunnel_kind;
    }
    if (!are_all(family, by_tunnels))
        return false;
    ask(look_ups, family, index, leaves_by);
    return are_all(family, count(leaves_by, family, index));
}

static bool carries_all(const KsLookUps *look_ups, uint32_t index)
{
    for (KsFamily family = 0; family < KS_FAMILIES; family++)
        if (are_all(family, count(look_ups->leaves_by[family], family, index)))
            return true;
    return false;
}

static void ask_all(KsLookUps *look_ups, const KsWorld *world)
{
    look_ups->uid = world->people->len > 0 ? g_array_index(world->people, KsUidRange, 0).first
                                           : 1000; /* as useradd(8) has it */
    for (KsFamily family = 0; family < KS_FAMILIES; family++)
        ask(look_ups, family, 0, look_ups->leaves_by[family]);
    g_array_set_size(look_ups->rivals, 0);
    for (unsigned i = 0; i < world->links->len && look_ups->rivals->len < RIVALS_MAX; i++) {
        const KsLink *link = &g_array_index(world->links, KsLink, i);

        if (link->tunnel_kind && link->up && link->leads_out &&
            !carries_all(look_ups, link->index) &&
            (would_carry(look_ups, world, KS_IPV4, link->index) ||
             would_carry(look_ups, world, KS_IPV6, link->index)))
            g_array_append_val(look_ups->rivals, link->index);
    }
    look_ups->known = true;
}

static KsCarried carried(KsFamily family, unsigned found)
{
    if (are_all(family, found))
        return KS_CARRIED_ALL;
    return found > 0 ? KS_CARRIED_SOME : KS_CARRIED_NOTHING;
}

void ks_look_ups_describe(KsLookUps *look_ups, KsWorld *world)
{
    if (!look_ups->known)
        ask_all(look_ups, world);
    for (KsFamily family = 0; family < KS_FAMILIES; family++) {
        const uint32_t *leaves_by = look_ups->leaves_by[family];

        world->nowhere[family] = count(leaves_by, family, 0) == families[family].count;
        for (unsigned i = 0; i < world->links->len; i++) {
            KsLink *link = &g_array_index(world->links, KsLink, i);

            link->carried[family] = carried(family, count(leaves_by, family, link->index));
            link->default_route |= link->carried[family] == KS_CARRIED_ALL;
        }
    }
    for (unsigned i = 0; i < look_ups->rivals->len; i++)
        for (unsigned j = 0; j < world->links->len; j++) {
            KsLink *link = &g_array_index(world->links, KsLink, j);

            link->default_route |= link->index == g_array_index(look_ups->rivals, uint32_t, i);
        }
}
