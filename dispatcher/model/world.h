/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/address.h"
#include "model/event.h"
#include "model/failure.h"
#include "model/pppoe.h"
#include "model/translation.h"
#include "model/wireguard-life.h"

#include <glib.h>
#include <net/if.h>

/* The world as NetworkManager and the kernel tell it, at one moment: plain facts, no wishes. The
 * guard fills it again at every event; the engine only reads it. */

typedef enum { KS_IPV4, KS_IPV6, KS_FAMILIES } KsFamily;

/* How much of a family's public addresses. */
typedef enum {
    KS_CARRIED_NOTHING,
    KS_CARRIED_SOME,
    KS_CARRIED_ALL, /* but for small exceptions */
} KsCarried;

typedef struct {
    uint32_t index;
    char name[IF_NAMESIZE];
    bool loopback;
    bool up;          /* IFF_UP */
    bool no_carrier;  /* up, but nothing that it is given goes anywhere: a tun without a program,
                          * OpenVPN in the kernel without its peer */
    bool tunnel_kind; /* its kind can carry a VPN (tun, wireguard, ppp, xfrm, ...): an uplink is
                         * never taken for a tunnel, whatever an event says */
    bool wireguard;   /* WireGuard in the kernel, with what is known of it: */
    uint32_t mark;    /* ... of the packets it sends; 0: none */
    uint16_t port;    /* ... that it sends them from; 0: none yet */
    int64_t silent;   /* ... since when its server does not answer, by model/wireguard-life.h */
    KsWireguardTraffic traffic;
    bool kernel_openvpn;    /* OpenVPN's data is encrypted in the kernel (data channel offload) */
    bool peers_known;       /* ... and the kernel told whom it sends it to */
    char kind[IF_NAMESIZE]; /* IFLA_INFO_KIND; "" for hardware */
    uint16_t hardware;      /* ARPHRD_* (linux/if_arp.h) */
    uint32_t master;        /* the bridge or bond that it is a port of, 0: none */
    uint32_t lower;         /* what it stands on, 0: nothing */
    uint32_t other_lower;   /* HSR has two cards, 0: none */
    bool lower_elsewhere;   /* ... in another network namespace */
    bool service_tag;       /* a VLAN of IEEE 802.1ad */
    bool lets_others_in;    /* HSR that takes other machines' frames into its ring */
    KsCarried carried[KS_FAMILIES]; /* what programs send leaves through it */
    bool default_route; /* all of a family does, or would if no other tunnel took it first */
    bool leads_out;     /* some route of some table leads beyond its own networks, or it has an
                             * address that is lent */
    bool way_out[KS_FAMILIES]; /* ... of this family, by a router of the same */
    bool access_point;         /* a Wi-Fi card to which others connect */
} KsLink;

typedef struct {
    uint32_t index; /* the link that carries it */
    KsAddress address;
    uint8_t prefix; /* how many of its bits are the link's whole network's */
    bool lent;      /* for a time: by DHCP, or by a router's advertisement */
} KsLinkAddress;

/* A route into a private range; only tunnels' routes matter. */
typedef struct {
    uint32_t index; /* the link it leads to */
    KsAddress destination;
    uint8_t prefix;
} KsLinkRoute;

/* How a network says that public addresses are reached by it, and not through a VPN. */
typedef enum {
    KS_STEERED_BY_DHCP,   /* with a route (RFC 3442) */
    KS_STEERED_BY_ROUTER, /* with a route of a router's advertisement (RFC 4191) */
    KS_STEERED_LOCAL,     /* they are its own local network; IPv4 */
} KsSteered;

typedef struct {
    uint32_t index; /* of the link */
    KsAddress destination;
    uint8_t prefix;
    KsSteered how;
} KsSteering;

/* Where a WireGuard tunnel sends to now, or would. */
typedef struct {
    uint32_t index; /* of its link */
    KsAddress address;
    uint16_t port;
} KsWireguardEndpoint;

/* Where OpenVPN in the kernel sends its data by UDP. */
typedef struct {
    uint32_t index; /* of its link */
    KsAddress address;
    uint16_t port;
    uint16_t from; /* the port that it sends it from: of openvpn's own socket */
} KsOpenvpnPeer;

/* User ids that people have, or programs that run for them. */
typedef struct {
    uint32_t first;
    uint32_t last;
} KsUidRange;

/* A NetworkManager connection that is active now and is no VPN: what a person calls a network. */
typedef struct {
    char *uuid;
    char *name;
    char *place;                 /* what it is, by model/place.h; NULL: not known */
    char **users;                /* as of a VPN; empty: nobody knows whose it is */
    char interface[IF_NAMESIZE]; /* as NetworkManager calls it, maybe later than the kernel */
    uint32_t index;              /* of its link (model/network-link.h); 0: it is gone */
    bool up;                     /* it has been brought up */
    bool external;  /* NetworkManager only watches it: others made it, a VPN's program perhaps */
    bool leads_out; /* it has a lease, or asks for one, or has a gateway */
    bool shared;    /* its profile has NetworkManager share this machine's connection by it */
} KsNetwork;

/* How the name servers that NetworkManager knows are asked. */
typedef enum {
    KS_DNS_BY_OTHERS, /* others say who is asked, and how */
    KS_DNS_BY_ROUTE,  /* by programs themselves (resolv.conf): each by the way the routes lead */
    KS_DNS_BY_LINK,   /* by a resolver that asks each on the link that named it */
} KsDns;

typedef struct {
    KsAddress address;           /* AF_UNSPEC: not understood */
    char interface[IF_NAMESIZE]; /* that named it, "" if none did */
    bool of_vpn;                 /* a VPN named it */
    bool neighbour;              /* it stands in that interface's own network */
} KsNameServer;

typedef enum {
    KS_VPN_DOWN,
    KS_VPN_CONNECTING, /* NetworkManager is bringing it up, or back up */
    KS_VPN_UP,
} KsVpnActivity;

/* Whether a VPN that comes up closes the lock, with auto-lock on. */
typedef enum {
    KS_VPN_LOCKS_AUTO, /* if it carries all traffic */
    KS_VPN_LOCKS_YES,
    KS_VPN_LOCKS_NO,
} KsVpnLocks;

/* "auto", "yes", "no". */
const char *ks_vpn_locks_name(KsVpnLocks locks);
bool ks_vpn_locks_parse(const char *name, KsVpnLocks *ret_locks);

/* Whether a VPN could reach anything now, as NetworkManager knows it. */
typedef enum {
    KS_ONLINE_NOT,
    KS_ONLINE_PORTAL, /* the network wants a login in a browser first */
    KS_ONLINE,
} KsOnline;

/* One VPN: a profile of NetworkManager's with its activity, or one that a person set up by hand. */
typedef struct {
    char *uuid;
    char *name;          /* as the person called it; any UTF-8 */
    char *type;          /* "openvpn", "wireguard", ... */
    GPtrArray *servers;  /* element-type KsServer; shared, never changed once here */
    GPtrArray *asked;    /* element-type char*: names that its program asks for although its servers
                          * are others, because a person said so; NULL: none. Shared */
    GPtrArray *warnings; /* element-type char*; shared */
    char **users;  /* it belongs to these alone, who may write it without being asked for more, and
                    * nobody else is told of it; NULL: it is for everybody */
    bool floats;   /* its program follows a server that answers from another address, and no person
                    * named its servers (ADR 40) */
    bool left_out; /* more servers than are kept (shares.h): some or all are not here */
    bool manual;   /* set up by hand: NetworkManager knows nothing of it */
    bool overlay;  /* ... and let out beside the VPN: it protects nothing, and never locks */
    KsVpnLocks locks;
    KsVpnActivity activity;
    KsFailure failure;           /* of the last attempt; KS_FAILURE_NONE once it is up */
    bool ended_by_person;        /* ... that it ended was somebody's wish, no matter whose */
    bool ended_here;             /* ... and this program asked NetworkManager for it */
    bool secrets_of_person;      /* NetworkManager has to ask a person's session for its secrets */
    unsigned attempt;            /* the later of two has the greater number */
    uint64_t used;               /* when NetworkManager had it up last: Unix time, 0: never, or
                                  * nobody asked */
    char interface[IF_NAMESIZE]; /* "" unless NetworkManager itself names it (WireGuard) or a
                                  * person did */
    uint32_t index;              /* of the link that NetworkManager means by it; 0: none, or it
                                  * named none */
    GArray *addresses;           /* element-type KsAddress: given to the machine by this VPN */
    bool given_interface;        /* it is up, and has an interface of its own, or had one since */
} KsVpn;

typedef struct {
    bool manager_present; /* NetworkManager is on the bus and we know its objects */
    bool manager_settled; /* ... and it has finished starting: what it does not list is not there */
    GPtrArray *vpns;      /* element-type KsVpn, owned */
    GArray *dhcp_servers; /* element-type KsAddress: of NetworkManager's IPv4 leases in use */
    GArray *others_dhcp_servers; /* element-type KsAddress: of other DHCP clients' */
    GArray *gateways;            /* element-type KsLinkAddress: of IPv4's default routes, whatever
                                  * table they stand in; the index is the link's */
    GPtrArray *networks;         /* element-type KsNetwork, owned */
    GHashTable *network_users;   /* char *UUID -> char ** (NULL: everybody's), owned: whose those
                                  * are that settings speak of, as told last */
    GHashTable *network_names;   /* char *UUID -> char *, owned: what NetworkManager calls those, as
                                  * told last; without those that were deleted */
    GArray *name_servers;        /* element-type KsNameServer */
    KsDns dns;
    KsOnline online;
    uint64_t network_mark;     /* differs when the networks that lead out are others than before */
    uint64_t login_mark;       /* of those that wanted a login in a browser when that was seen last,
                                * which it cannot be while locked; 0: none. Outlasts a look */
    bool logged_in;            /* somebody is, in a session of their own */
    uint64_t logins;           /* differs after each login */
    GArray *links;             /* element-type KsLink */
    bool nowhere[KS_FAMILIES]; /* what programs send has no way to leave by */
    GArray *link_routes;       /* element-type KsLinkRoute, of links with tunnel_kind */
    GArray
        *host_routes;   /* element-type KsLinkAddress: who is reached by a gateway of a link that is
                          * no tunnel_kind, by a route of their own that no network gave */
    GArray *steerings;  /* element-type KsSteering, of links that are no tunnel_kind */
    bool ipsec_default; /* IPsec's policies send all of IPv4 or all of IPv6 through a tunnel */
    bool ipsec_carries[KS_FAMILIES]; /* ... which of them */
    GArray *ipsec_peers; /* element-type KsAddress: where IPsec's policies have tunnels to */
    GArray *wireguard_endpoints; /* element-type KsWireguardEndpoint */
    GArray *openvpn_peers;       /* element-type KsOpenvpnPeer */
    GArray *people;              /* element-type KsUidRange */
    GArray *link_addresses;      /* element-type KsLinkAddress, of links with tunnel_kind */
    GArray *pppoe_peers;         /* element-type KsPppoePeer: of sessions of programs here, which
                                  * take no privilege; none without a ppp link */
    GArray *broadcasts;          /* element-type KsAddress: everybody on a link without it */
    KsTranslation
        translations[KS_TRANSLATIONS_MAX]; /* the network's own, while it has IPv6 alone */
    unsigned translations_count;
    const struct KsExceptions
        *exceptions; /* that people made (policy/exceptions.h), not owned; NULL:
                                            * none */
    bool ipv6_only;  /* it has IPv6 alone, and not for a moment: IPv4 is reached by what
                                  * the network, or this machine, makes of it */
} KsWorld;

KsWorld *ks_world_new(void);
void ks_world_free(KsWorld *world);

KsNetwork *ks_network_new(const char *uuid, const char *name, const char *interface);
void ks_network_free(KsNetwork *network);

/* NetworkManager calls one that settings speak of like this. */
void ks_world_name_network(KsWorld *world, const char *uuid, const char *name);

/* For what opens something: it is this link. */
bool ks_network_is_on(const KsNetwork *network, const KsLink *link);

/* For what closes something: it is this link, or one that is called like it. */
bool ks_network_may_be_on(const KsNetwork *network, const KsLink *link);

/* NetworkManager brought it up as a network of its own: an uplink, whatever its kind (PPPoE). */
bool ks_world_is_network(const KsWorld *world, const KsLink *link);

/* Names are cut to what a person can read; there is no end to what NetworkManager takes. */
#define KS_NAME_BYTES_MAX 128u

KsVpn *ks_vpn_new(const char *uuid, const char *name, const char *type);
void ks_vpn_free(KsVpn *vpn);

/* The same, with the same servers, addresses and users. */
KsVpn *ks_vpn_copy(const KsVpn *vpn);

/* Only IPv6 leads out of this machine now, but for its VPNs. */
bool ks_world_has_ipv6_alone(const KsWorld *world);

/* This address means everybody on a link. */
bool ks_world_is_broadcast(const KsWorld *world, const KsAddress *address);

/* The kernel encrypts this VPN's data by IPsec's policies, with or without an interface of its
 * own. */
bool ks_vpn_uses_ipsec(const KsVpn *vpn);

/* The kernel has a policy that sends what leaves through an IPsec tunnel to one of this VPN's
 * servers. Others' word that such a VPN is up is worth nothing without it. */
bool ks_world_has_policy(const KsWorld *world, const KsVpn *vpn);

/* NULL: there is none. */
const KsVpn *ks_world_vpn(const KsWorld *world, const char *uuid);

/* The link that carries this VPN now, or NULL. `announced` is the index of the link that the hook
 * named for it (0: none). Without it, the one link that has an address of the VPN's; if two have,
 * none is believed. A link that is down carries nothing, and neither does one that cannot carry a
 * VPN or that is NetworkManager's way to a network. */
const KsLink *ks_world_tunnel(const KsWorld *world, const KsVpn *vpn, uint32_t announced);

const KsLink *ks_world_link_by_name(const KsWorld *world, const char *name);
const KsLink *ks_world_link_by_index(const KsWorld *world, uint32_t index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsWorld, ks_world_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsVpn, ks_vpn_free)
