/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/event.h"

#include <errno.h>
#include <string.h>

/* NetworkManager-dispatcher(8): script, interface, action */
#define ACTION_ARGUMENT 2

#define UUID_VARIABLE          "CONNECTION_UUID"
#define VPN_INTERFACE_VARIABLE "VPN_IP_IFACE"
#define INTERFACE_VARIABLE     "DEVICE_IP_IFACE"

typedef struct {
    const char *name;
    bool vpn; /* the environment's DEVICE_* describe the parent device, not the VPN's own */
} ActionShape;

static const ActionShape actions[KS_ACTION_MAX] = {
    [KS_ACTION_PRE_UP] = { "pre-up", false },
    [KS_ACTION_UP] = { "up", false },
    [KS_ACTION_PRE_DOWN] = { "pre-down", false },
    [KS_ACTION_DOWN] = { "down", false },
    [KS_ACTION_VPN_PRE_UP] = { "vpn-pre-up", true },
    [KS_ACTION_VPN_UP] = { "vpn-up", true },
    [KS_ACTION_VPN_PRE_DOWN] = { "vpn-pre-down", true },
    [KS_ACTION_VPN_DOWN] = { "vpn-down", true },
    [KS_ACTION_DHCP4_CHANGE] = { "dhcp4-change", false },
    [KS_ACTION_DHCP6_CHANGE] = { "dhcp6-change", false },
    [KS_ACTION_CONNECTIVITY_CHANGE] = { "connectivity-change", false },
    [KS_ACTION_DNS_CHANGE] = { "dns-change", false },
    [KS_ACTION_REAPPLY] = { "reapply", false },
};

/* The locale has no say in what a name may hold, so no <ctype.h>. */
static bool is_printable(char c)
{
    return c > ' ' && c <= '~';
}

static bool is_uuid_character(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '-';
}

static bool read_action(const char *name, KsAction *ret_action)
{
    for (int i = 0; i < KS_ACTION_MAX; i++) {
        if (strcmp(actions[i].name, name) == 0) {
            *ret_action = (KsAction) i;
            return true;
        }
    }
    return false;
}

/* The value of a variable; "" if it is not there. */
static const char *find_variable(const char *const *environment, const char *name)
{
    size_t length = strlen(name);

    for (; environment && *environment; environment++)
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
            return *environment + length + 1;
    return "";
}

int ks_event_parse(int argc, const char *const *argv, const char *const *environment,
                   KsEvent *ret_event, unsigned *ret_bad)
{
    KsEvent event = { 0 };
    unsigned bad = 0;
    const char *uuid;
    const char *interface;

    if (argc <= ACTION_ARGUMENT || !argv[ACTION_ARGUMENT])
        return -EINVAL;
    if (!read_action(argv[ACTION_ARGUMENT], &event.action))
        return -ENOENT;

    uuid = find_variable(environment, UUID_VARIABLE);
    if (ks_uuid_is_valid(uuid))
        memcpy(event.uuid, uuid, strlen(uuid));
    else if (uuid[0] != '\0')
        bad |= KS_EVENT_BAD_UUID;

    interface = find_variable(environment, ks_action_interface_variable(event.action));
    if (ks_interface_name_is_valid(interface))
        memcpy(event.interface, interface, strlen(interface));
    else if (interface[0] != '\0')
        bad |= KS_EVENT_BAD_INTERFACE;

    *ret_event = event;
    *ret_bad = bad;
    return 0;
}

const char *ks_action_name(KsAction action)
{
    return (unsigned) action < KS_ACTION_MAX ? actions[action].name : "unknown";
}

const char *ks_action_interface_variable(KsAction action)
{
    bool vpn = (unsigned) action < KS_ACTION_MAX && actions[action].vpn;

    return vpn ? VPN_INTERFACE_VARIABLE : INTERFACE_VARIABLE;
}

bool ks_interface_name_is_valid(const char *name)
{
    size_t length = name ? strnlen(name, IF_NAMESIZE) : 0;

    if (length == 0 || length >= IF_NAMESIZE)
        return false;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!is_printable(name[i]) || name[i] == '/' || name[i] == ':')
            return false;
    return true;
}

bool ks_uuid_is_valid(const char *uuid)
{
    size_t length = uuid ? strnlen(uuid, KS_UUID_SIZE) : 0;

    if (length == 0 || length >= KS_UUID_SIZE)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!is_uuid_character(uuid[i]))
            return false;
    return true;
}
