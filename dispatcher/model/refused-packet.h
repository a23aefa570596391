/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/address.h"

/* A packet that the lock refused, as far as its headers say what it is. A plain value. */

typedef enum {
    KS_REFUSED_SENT,      /* by this machine */
    KS_REFUSED_FORWARDED, /* by a guest, a container or another machine, through this one */
    KS_REFUSED_FRAME,     /* by the second layer: below the IP stack */
    KS_REFUSED_WAYS,
} KsRefusedWay;

typedef struct {
    KsRefusedWay way;
    uint32_t uid;          /* of the socket that sent it */
    bool has_uid;          /* else no socket of this machine's is known */
    uint32_t in;           /* interface that it came in by; 0: none */
    uint32_t out;          /* interface that it was to leave by */
    bool is_bare;          /* of a frame: its link has no header, IP begins it */
    KsAddress source;      /* AF_UNSPEC: no IP that can be read */
    KsAddress destination; /* the same */
    uint16_t frame_type;   /* of a frame without IP: as Ethernet numbers it (IEEE 802) */
    bool others_untold;    /* says only that more was refused than was told */
    uint8_t protocol;      /* IPPROTO_*; without IP 0 */
    uint16_t source_port;  /* of TCP and UDP; of an echo request its identifier. Host order */
    uint16_t port;         /* of TCP and UDP, that it is for; else 0. Host order */
} KsRefusedPacket;

/* Which rule of ours refused it, as a word of the contract: "dns" (a question to a resolver
 * outside of a VPN), "local" (the local network), "forwarded", "frame" (below the IP stack),
 * "outside" (no VPN carries it). */
const char *ks_refused_packet_rule(const KsRefusedPacket *packet);

/* Reads what a packet's first bytes say into `ret_packet`, whose `way` and `is_bare` say where they
 * begin: with Ethernet's header for KS_REFUSED_FRAME, else with IP's. What is not there stays
 * zero. */
void ks_refused_packet_read(KsRefusedPacket *ret_packet, const uint8_t *bytes, size_t size);
