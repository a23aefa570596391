/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/access-points.h"

#include "kernel/generic.h"
#include "kernel/notifications.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/nl80211.h>
#include <stdlib.h>
#include <string.h>

#define FOUND_MAX     1024u
#define DUMP_ATTEMPTS 16

/* The group of nlctrl's own notifications has its number (net/netlink/genetlink.c). */
#define GROUP_FAMILIES GENL_ID_CTRL

struct KsAccessPoints {
    KsGeneric generic;
    struct mnl_socket *notifications;
    bool known;      /* what stands below is the kernel's state but for waiting notifications */
    uint16_t family; /* 0: the kernel has no Wi-Fi */
    uint32_t group;
    GArray *found; /* KsAccessPoint */
};

static void take_group(const struct nlattr *group, uint32_t *ret_group)
{
    const struct nlattr *attribute;
    const char *name = "";
    uint32_t number = 0;

    mnl_attr_for_each_nested(attribute, group) {
        if (mnl_attr_get_type(attribute) == CTRL_ATTR_MCAST_GRP_NAME &&
            mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) == 0)
            name = mnl_attr_get_str(attribute);
        else if (mnl_attr_get_type(attribute) == CTRL_ATTR_MCAST_GRP_ID &&
                 mnl_attr_validate(attribute, MNL_TYPE_U32) == 0)
            number = mnl_attr_get_u32(attribute);
    }
    if (strcmp(name, NL80211_MULTICAST_GROUP_CONFIG) == 0)
        *ret_group = number;
}

static int take_family(const struct nlmsghdr *message, void *data)
{
    KsAccessPoints *points = data;
    const struct nlattr *attribute;
    const struct nlattr *group;
    const char *name = "";
    uint16_t family = 0;
    uint32_t config = 0;

    mnl_attr_for_each(attribute, message, sizeof(struct genlmsghdr)) {
        if (mnl_attr_get_type(attribute) == CTRL_ATTR_FAMILY_NAME &&
            mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) == 0)
            name = mnl_attr_get_str(attribute);
        else if (mnl_attr_get_type(attribute) == CTRL_ATTR_FAMILY_ID &&
                 mnl_attr_validate(attribute, MNL_TYPE_U16) == 0)
            family = mnl_attr_get_u16(attribute);
        else if (mnl_attr_get_type(attribute) == CTRL_ATTR_MCAST_GROUPS &&
                 mnl_attr_validate(attribute, MNL_TYPE_NESTED) == 0)
            mnl_attr_for_each_nested(group, attribute)
                take_group(group, &config);
    }
    if (strcmp(name, NL80211_GENL_NAME) == 0) {
        points->family = family;
        points->group = config;
    }
    return MNL_CB_OK;
}

static void forget(GArray *found, uint32_t index)
{
    for (unsigned i = found->len; i-- > 0;)
        if (g_array_index(found, KsAccessPoint, i).index == index)
            g_array_remove_index_fast(found, i);
}

void ks_access_points_take(const struct nlmsghdr *message, GArray *found)
{
    const struct genlmsghdr *header = mnl_nlmsg_get_payload(message);
    const struct nlattr *attribute;
    KsAccessPoint point = { 0 };
    uint32_t type = NL80211_IFTYPE_UNSPECIFIED;

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*header) ||
        (header->cmd != NL80211_CMD_NEW_INTERFACE && header->cmd != NL80211_CMD_SET_INTERFACE &&
         header->cmd != NL80211_CMD_DEL_INTERFACE))
        return;
    mnl_attr_for_each(attribute, message, sizeof(*header)) {
        if (mnl_attr_get_type(attribute) == NL80211_ATTR_IFINDEX &&
            mnl_attr_validate(attribute, MNL_TYPE_U32) == 0)
            point.index = mnl_attr_get_u32(attribute);
        else if (mnl_attr_get_type(attribute) == NL80211_ATTR_IFTYPE &&
                 mnl_attr_validate(attribute, MNL_TYPE_U32) == 0)
            type = mnl_attr_get_u32(attribute);
    }
    forget(found, point.index);
    if (point.index > 0 && header->cmd != NL80211_CMD_DEL_INTERFACE && type == NL80211_IFTYPE_AP &&
        found->len < FOUND_MAX)
        g_array_append_val(found, point);
}

static int take_interface(const struct nlmsghdr *message, void *data)
{
    ks_access_points_take(message, data);
    return MNL_CB_OK;
}

static int take_notification(const struct nlmsghdr *message, void *data)
{
    KsAccessPoints *points = data;

    if (message->nlmsg_type == GENL_ID_CTRL)
        points->known = false; /* Wi-Fi may have come or gone */
    else if (message->nlmsg_type == points->family)
        ks_access_points_take(message, points->found);
    return MNL_CB_OK;
}

/* By a dump: the question for one family would have the kernel look for a module each time. */
static int find_family(KsAccessPoints *points)
{
    uint8_t request[KS_GENERIC_REQUEST_SIZE];

    points->family = 0;
    points->group = 0;
    return ks_generic_ask(
        &points->generic,
        ks_generic_begin(&points->generic, request, GENL_ID_CTRL, NLM_F_DUMP, CTRL_CMD_GETFAMILY),
        take_family, points);
}

/* Notifications first, so that none is missed between. */
static int find_points(KsAccessPoints *points)
{
    uint8_t request[KS_GENERIC_REQUEST_SIZE];

    g_array_set_size(points->found, 0);
    if (points->family == 0)
        return 0;
    if (points->group == 0 || mnl_socket_setsockopt(points->notifications, NETLINK_ADD_MEMBERSHIP,
                                                    &points->group, sizeof(points->group)) < 0)
        return -EOPNOTSUPP; /* what cannot be followed is not believed */
    return ks_generic_ask(&points->generic,
                          ks_generic_begin(&points->generic, request, points->family, NLM_F_DUMP,
                                           NL80211_CMD_GET_INTERFACE),
                          take_interface, points->found);
}

static int look_anew(KsAccessPoints *points)
{
    int result = -EINTR;

    for (unsigned attempt = 0; result == -EINTR && attempt < DUMP_ATTEMPTS; attempt++) {
        result = find_family(points);
        if (result == 0)
            result = find_points(points);
    }
    points->known = result == 0;
    return result;
}

/* Older ways to change what a card is (the wireless extensions, some drivers) tell nobody, but most
 * need it to be down. */
static void doubt_those_that_were_down(KsAccessPoints *points, const KsWorld *world)
{
    for (unsigned i = 0; i < points->found->len; i++) {
        KsAccessPoint *point = &g_array_index(points->found, KsAccessPoint, i);
        const KsLink *link = ks_world_link_by_index(world, point->index);
        bool is_up = link && link->up;

        if (is_up && point->was_down)
            points->known = false;
        point->was_down = !is_up;
    }
}

static bool is_found(const KsAccessPoints *points, uint32_t index)
{
    for (unsigned i = 0; i < points->found->len; i++)
        if (g_array_index(points->found, KsAccessPoint, i).index == index)
            return true;
    return false;
}

int ks_access_points_open(KsAccessPoints **ret_points)
{
    KsAccessPoints *points = calloc(1, sizeof(*points));
    int group = GROUP_FAMILIES;
    int result;

    if (!points)
        return -ENOMEM;
    points->found = g_array_new(FALSE, FALSE, sizeof(KsAccessPoint));
    result = ks_generic_open(&points->generic);
    points->notifications = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (result == 0 && (!points->notifications ||
                        mnl_socket_bind(points->notifications, 0, MNL_SOCKET_AUTOPID) < 0 ||
                        mnl_socket_setsockopt(points->notifications, NETLINK_ADD_MEMBERSHIP, &group,
                                              sizeof(group)) < 0))
        result = -errno;
    if (result < 0)
        ks_access_points_close(points);
    else
        *ret_points = points;
    return result;
}

void ks_access_points_close(KsAccessPoints *points)
{
    if (!points)
        return;
    if (points->notifications)
        mnl_socket_close(points->notifications);
    ks_generic_close(&points->generic);
    g_array_unref(points->found);
    free(points);
}

int ks_access_points_fd(const KsAccessPoints *points)
{
    return mnl_socket_get_fd(points->notifications);
}

int ks_access_points_describe(KsAccessPoints *points, KsWorld *world)
{
    int result = 0;

    if (!ks_notifications_drain(points->notifications, points->generic.receive,
                                sizeof(points->generic.receive), take_notification, points))
        points->known = false;
    doubt_those_that_were_down(points, world);
    if (!points->known)
        result = look_anew(points);
    for (unsigned i = 0; i < world->links->len; i++) {
        KsLink *link = &g_array_index(world->links, KsLink, i);

        link->access_point = result == 0 && is_found(points, link->index);
    }
    return result;
}
