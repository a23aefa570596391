/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What NetworkManager's dispatcher told the hook: a typed, bounded value. Plain C library only: the
 * hook must start in well under a millisecond.
 *
 * An event is a hint to look at the world again, never a reason in itself. Its one fact that is
 * nowhere else is which interface belongs to which VPN (NetworkManager-dispatcher(8),
 * VPN_IP_IFACE); the first word of a VPN that comes up tells it (policy/announcements.h). */

typedef enum {
    KS_ACTION_PRE_UP,
    KS_ACTION_UP,
    KS_ACTION_PRE_DOWN,
    KS_ACTION_DOWN,
    KS_ACTION_VPN_PRE_UP,
    KS_ACTION_VPN_UP,
    KS_ACTION_VPN_PRE_DOWN,
    KS_ACTION_VPN_DOWN,
    KS_ACTION_DHCP4_CHANGE,
    KS_ACTION_DHCP6_CHANGE,
    KS_ACTION_CONNECTIVITY_CHANGE,
    KS_ACTION_DNS_CHANGE,
    KS_ACTION_REAPPLY,
    KS_ACTION_MAX,
} KsAction;

/* NetworkManager's connection UUIDs are 36 characters, generated ones up to 40; with final zero. */
#define KS_UUID_SIZE 41

typedef struct {
    KsAction action;
    char uuid[KS_UUID_SIZE];     /* CONNECTION_UUID: hexadecimal digits and '-'; "" if absent */
    char interface[IF_NAMESIZE]; /* the interface that the event's connection gave the machine:
                                  * VPN_IP_IFACE for vpn-* actions, else DEVICE_IP_IFACE; never the
                                  * first argument, which may be the parent's; "" if absent */
} KsEvent;

/* Parts of an environment that were there and unusable (too long, control characters, ...). The
 * event stays usable without them. */
typedef enum {
    KS_EVENT_BAD_UUID = 1 << 0,
    KS_EVENT_BAD_INTERFACE = 1 << 1,
} KsEventBad;

/* Reads the action from argv[2] and the rest from `environ`-style text; of a variable that is there
 * twice the first counts, as for getenv(3). Returns 0; -ENOENT for an action that is none of ours
 * (quiet success for the hook); -EINVAL when there is no action. */
int ks_event_parse(int argc, const char *const *argv, const char *const *environment,
                   KsEvent *ret_event, unsigned *ret_bad);

const char *ks_action_name(KsAction action); /* "vpn-pre-up", ... */

/* The variable that names the interface in this action's environment. */
const char *ks_action_interface_variable(KsAction action);

/* An interface name as the kernel accepts it (net/core/dev.c, dev_valid_name), and printable. */
bool ks_interface_name_is_valid(const char *name);
bool ks_uuid_is_valid(const char *uuid);
