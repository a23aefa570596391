/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "packet.h"

#include <stdbool.h>

/* Three machines in namespaces of their own:
 *
 *   guest --- guest0 [ this one ] wire0 --- the world
 *                      tun0: a tunnel whose far end we hold
 */

typedef enum {
    TRAFFIC_WIRE,
    TRAFFIC_TUNNEL,
    TRAFFIC_GUEST,
} TrafficInterface;

typedef enum {
    TRAFFIC_OUT,               /* from a program here, caught in the world */
    TRAFFIC_IN,                /* from the world, caught by a program here */
    TRAFFIC_THROUGH,           /* from the guest, caught in the world */
    TRAFFIC_THROUGH_TO_TUNNEL, /* from the guest, caught at the tunnel's far end */
    TRAFFIC_INTO_TUNNEL,       /* from a program here, caught at the tunnel's far end */
    TRAFFIC_OUT_OF_TUNNEL,     /* from the tunnel's far end, caught by a program here */
    TRAFFIC_TUNNEL_TO_GUEST,   /* from the tunnel's far end, caught by the guest */
    TRAFFIC_WIRE_TO_TUNNEL,    /* from the world, caught at the tunnel's far end */
    TRAFFIC_WIRE_TO_GUEST,     /* from the world, caught by the guest */
    TRAFFIC_GUEST_TO_GUEST,    /* from the guest, caught by another one on the same cable */
    TRAFFIC_TO_GUEST,          /* from a program here, caught by the guest */
    TRAFFIC_FROM_GUEST,        /* from the guest, caught by a program here */
    TRAFFIC_FRAME_TO_GUEST,    /* as a frame that a program here makes, caught by the guest */
    TRAFFIC_FRAME_OUT,         /* the same, caught in the world */
} TrafficPath;

void traffic_set_up(void);
void traffic_tear_down(void);

uint32_t traffic_interface(TrafficInterface interface);

/* Sends the packets one after another; `arrived[i]`: packets[i] came out where the path ends. */
void traffic_send(TrafficPath path, const Packet *const *packets, unsigned count, bool *arrived);
