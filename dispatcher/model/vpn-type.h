/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/endpoint.h"
#include "model/server.h"

/* Every kind of VPN whose profiles can be read, in one table: which item of vpn.data names the
 * gateway, and what flows to it. A new kind is a row in vpn-type.c and a fixture in
 * tests/unit/profiles/. */

/* Whether something in a row applies. */
typedef struct {
    const char *item;   /* of vpn.data; NULL: always */
    const char *values; /* "a|b": the item is one of these; "" stands for an item not there */
    bool negated;       /* ... is another */
} KsVpnCondition;

#define KS_VPN_CONDITIONS_MAX 2 /* all of them must hold */

/* Packets of one kind to the gateway. */
typedef struct {
    uint8_t protocol; /* 0 ends a row's flows */
    uint16_t port;    /* 0: the gateway's own, for protocols that have ports */
    KsSender sender;
    bool ipsec_only; /* as in KsServer */
    KsVpnCondition when[KS_VPN_CONDITIONS_MAX];
} KsVpnFlow;

/* A proxy that stands between the machine and the gateway takes the place of all its flows. */
typedef struct {
    const char *item;      /* NULL: the VPN knows none */
    const char *port_item; /* with it: a host, and no proxy unless both are there; NULL: a URL */
    uint16_t port;         /* of a URL without one */
    KsSender sender;       /* by TCP */
} KsVpnProxy;

/* Something to tell anyone who uses such a VPN. */
typedef struct {
    const char *text; /* whole sentences; NULL: nothing */
    KsVpnCondition when;
} KsVpnNote;

/* How a profile is read: from its row, or by a function where a row cannot say it. */
typedef enum {
    KS_VPN_READ_ROW,
    KS_VPN_READ_OPENVPN,
    KS_VPN_READ_WIREGUARD,
} KsVpnReading;

/* Whether the kernel encrypts what it carries, without an interface that a rule could name or with
 * the user id of the one who sends. */
typedef enum {
    KS_IPSEC_NEVER,
    KS_IPSEC_BY_PROFILE,
    KS_IPSEC_ALWAYS,
} KsVpnIpsec;

#define KS_VPN_FLOWS_MAX 6

typedef struct {
    const char *service; /* vpn.service-type; NULL for WireGuard, which is a device and no plugin */
    const char *name;
    const char *label;    /* the name that people know it by; nothing to translate */
    KsVpnReading reading; /* all below is for KS_VPN_READ_ROW */
    const char *gateway;  /* the item that names it */
    KsEndpointForm form;
    const char *port_item; /* the item with the gateway's own port; NULL: it has none */
    uint16_t port;         /* the gateway's own port if the profile gives none */
    const char *missing;   /* said if there is no gateway; NULL: that the VPN names no server */
    KsVpnProxy proxy;
    KsVpnNote note;
    KsVpnIpsec ipsec;
    bool runs_pppd; /* which may then speak of it in the journal */
    bool only_read; /* what it sends is from its source alone: data/doc/vpn-types.md, "Not run" */
    KsVpnFlow flows[KS_VPN_FLOWS_MAX];
} KsVpnType;

/* `service` is NULL for WireGuard. Returns NULL for a kind that the table does not have. */
const KsVpnType *ks_vpn_type_find(const char *service);

/* Whose packets go to a server that a person named, of a VPN of this kind: as the kind's
 * flow of this protocol says, of this port (0: it has none) if one names it. KS_SENDER_UNKNOWN: the
 * table does not have the kind, or the kind no such flow, or several that differ. */
KsSender ks_vpn_type_sender(const char *name, uint8_t protocol, uint16_t port);

/* Whether a kind of this name is in the table and nobody has seen what it really sends. */
bool ks_vpn_type_is_only_read(const char *name);

/* Of the kind of this name; of one that the table does not have, its name. */
const char *ks_vpn_type_label(const char *name);

/* Of one that the table does not have: never. */
KsVpnIpsec ks_vpn_type_ipsec(const char *name);
