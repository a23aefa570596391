/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "leaktest/surroundings.h"

/* What the leak test tries to send, and by what it is recognised on a card. Pure: nothing is sent
 * here.
 *
 * Probes go to addresses for documentation (RFC 5737, RFC 3849) and to name servers that this
 * machine has been told of, nowhere else. Each carries a canary; by its bytes alone a frame is
 * recognised, whatever it is wrapped in, as long as it is readable. A TCP connection's first packet
 * carries nothing: its destination and its ports, which stand side by side, are its mark. */

typedef enum {
    KS_PROBE_TCP,
    KS_PROBE_UDP,
    KS_PROBE_ECHO,        /* ping */
    KS_PROBE_DNS_NETWORK, /* a question to a name server that a network named, else to its router */
    KS_PROBE_DNS_PUBLIC,  /* a question to an address for documentation */
    KS_PROBE_DNS_TUNNEL,  /* a question to a name server that a VPN named */
    KS_PROBE_FRAME,       /* a frame made by hand, below the IP stack */
    KS_PROBE_KINDS,
} KsProbeKind;

typedef enum {
    KS_FATE_HELD,      /* taken, and not seen on any card without the VPN */
    KS_FATE_REFUSED,   /* the kernel told the program so */
    KS_FATE_NO_WAY,    /* no packet was made: no route, no address of this family */
    KS_FATE_VPN,       /* seen on a VPN's interface, and readable nowhere else */
    KS_FATE_LEFT,      /* seen, readable, on its way to a card's driver */
    KS_FATE_EXCEPTION, /* the same, and a person made an exception for it */
} KsFate;

#define KS_CANARY_SIZE 16u
#define KS_MARK_SIZE   32u /* longest: the canary as letters, in a DNS question */

/* How much of a frame is looked at, and the longest payload that is sent. */
#define KS_FRAME_SIZE   512u
#define KS_PAYLOAD_SIZE 128u

typedef struct {
    KsProbeKind kind;
    KsFamily family;
    bool by_root;                /* else by an ordinary user */
    uint32_t card;               /* bound to this interface; 0: not bound */
    char interface[IF_NAMESIZE]; /* its name, or "" */
    KsAddress destination;
    uint32_t scope; /* interface index of a link-local destination, else 0 */
    uint16_t port;
    uint8_t canary[KS_CANARY_SIZE];
    uint8_t mark[KS_MARK_SIZE];
    size_t mark_size; /* 0: not known yet (TCP), see ks_probe_mark_tcp() */
    KsFate fate;
    int error; /* errno that a program would be told; 0: none */
    bool answered;
    char seen_on[IF_NAMESIZE]; /* KS_FATE_LEFT, KS_FATE_EXCEPTION: the card */
} KsProbe;

/* All probes for this machine as it is now (element-type KsProbe): each kind, both families, as
 * root and as a user, unbound and bound to each card. */
GArray *ks_probes_plan(const KsSurroundings *around);

/* What a probe carries: behind UDP's or ICMP's header, or the whole IP packet of a frame. Nothing
 * for TCP. Returns its size. */
size_t ks_probe_payload(const KsProbe *probe, uint8_t ret_payload[KS_PAYLOAD_SIZE]);

/* Where the lock was closed before and after: what left by an exception, KS_FATE_LEFT before this,
 * is no leak. True: some left that an exception lets out at one of the two times only, so that it
 * cannot be said whether it was there then. */
bool ks_probes_excuse(GArray *probes, const KsSurroundings *before, const KsSurroundings *after);

/* The port that the kernel chose is known. */
void ks_probe_mark_tcp(KsProbe *probe, uint16_t source_port);

/* An ARP question for an address that nobody has, with `canary` behind it: link upkeep, which may
 * leave in every state. Returns its size, without an Ethernet header. */
size_t ks_probe_arp(const uint8_t hardware[6], const uint8_t canary[KS_CANARY_SIZE],
                    uint8_t ret_payload[KS_PAYLOAD_SIZE]);

/* Bytes that nobody can foresee. */
void ks_probe_random(void *ret_bytes, size_t size);

const char *ks_probe_kind_word(KsProbeKind kind);
const char *ks_fate_word(KsFate fate);
