/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/exception.h"
#include "model/world.h"

#include <gio/gio.h>

/* What the leak test must know of this machine before it tries anything: where frames leave it, and
 * what guard, NetworkManager and kernel say of it. What they say is checked: a part that makes no
 * sense is left out. */

/* More cards than any desktop has connected at once; with more nothing is judged. */
#define KS_CARDS_MAX 8u

#define KS_NAME_SERVERS_MAX 64u
#define KS_SERVERS_MAX      4096u

/* A network card that is up. */
typedef struct {
    uint32_t index;
    char name[IF_NAMESIZE];
    bool ethernet; /* frames have an Ethernet header, and ARP */
    bool port;     /* of a bond or a team, whose address it may bear */
    bool tunnel;   /* no card: a VPN's interface */
} KsCard;

typedef struct {
    KsAddress address;
    uint32_t scope;              /* interface index, of a link-local one */
    char interface[IF_NAMESIZE]; /* that named it, or "" */
    bool of_vpn;
} KsProbedNameServer;

/* A VPN's server, as its packets on a card name it. */
typedef struct {
    KsAddress address;
    uint8_t protocol; /* IPPROTO_* */
    uint16_t port;    /* 0: the protocol has none */
} KsTestedServer;

/* What people let past the lock. */
typedef struct {
    KsException what;
    char interface[IF_NAMESIZE]; /* by which alone; "": by any */
} KsLetOut;

typedef struct {
    char state[16];      /* the guard's word; "": none that we understand */
    bool tunnel_is_up;   /* the guard says that a VPN is */
    GPtrArray *tunnels;  /* element-type char*: their interfaces */
    GPtrArray *overlays; /* the same of overlay networks, which protect nothing */
    GPtrArray *networks; /* element-type char*: interfaces that NetworkManager connects by, with a
                          * gateway or a lease */
    GArray *cards;       /* element-type KsCard */
    GArray *above;       /* element-type KsCard: what stands on cards and leads out (VLAN, bridge,
                          * bond): programs bind to it, and a card below it is watched */
    GArray *passages;    /* element-type KsCard: the VPNs' interfaces, at most KS_CARDS_MAX */
    bool too_many_cards;
    bool has_unknown_ppp; /* a ppp interface is up, and no guard says whether a VPN or a modem's */
    GArray *resolvers;    /* element-type KsProbedNameServer */
    GArray *servers;      /* element-type KsTestedServer */
    GArray *exceptions;   /* element-type KsLetOut */
    GArray *carried; /* element-type KsLinkRoute: the private ranges that VPNs lead to, which no
                           * exception opens */
} KsSurroundings;

KsSurroundings *ks_surroundings_new(void);
void ks_surroundings_free(KsSurroundings *around);

/* The guard's GetStatus, a{sv}: state, tunnels and servers. */
void ks_surroundings_take_status(KsSurroundings *around, GVariant *status);

/* NetworkManager's DnsManager.Configuration, aa{sv}: name servers. */
void ks_surroundings_take_dns(KsSurroundings *around, GVariant *configuration);

/* NetworkManager's GetManagedObjects, a{oa{sa{sv}}}: its networks. */
void ks_surroundings_take_networks(KsSurroundings *around, GVariant *objects);

/* From the kernel: the cards, and the routers of networks that named no name server. After the
 * three above. Returns 0 or a negative errno. */
int ks_surroundings_look(KsSurroundings *around);

/* The same of a world that is known. Writes its networks. */
void ks_surroundings_take_world(KsSurroundings *around, KsWorld *world);

/* The first user id of people's on this machine, for a caller who is root. */
uid_t ks_surroundings_ordinary_user(void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsSurroundings, ks_surroundings_free)
