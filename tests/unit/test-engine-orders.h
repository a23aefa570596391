/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/engine.h"

/* Every order of events, in three parts:
 *   test-engine-orders.c   the alphabet, and how all of its words are tried
 *   test-engine-promise.c  what must hold after each letter
 *   test-engine-pack.c     the engine as a few bytes, and back */

/* ---- the world ---- */

enum { FULL, SPLIT, VPNS };

#define LOOPBACK   1u
#define UPLINK     2u
#define FIRST_LINK 3u
#define INDEX_MAX  32u /* bits of a mask; more links than that no sequence makes */

typedef enum { AWAY, STARTING, SETTLED } Manager;

typedef struct {
    uint8_t manager;
    uint8_t word[VPNS]; /* KsVpnActivity: what NetworkManager says, or would if it were there */
    uint8_t by_person[VPNS]; /* that it is down is a person's wish, as NetworkManager says */
    uint8_t index[VPNS];     /* of the link, 0: there is none */
    uint8_t up[VPNS];
    uint8_t route[VPNS];
    uint8_t next_index;
    uint8_t second_server; /* the full VPN's profile has it */
    uint8_t elsewhere;     /* the uplink is not connected to the network HOME */
} Scene;

/* ---- what the promise remembers ---- */

enum { TOLD_NOTHING, TOLD_UP, TOLD_DOWN };

typedef struct {
    uint8_t index; /* 0: none */
    uint8_t owner; /* VPNS: not known, since before the guard's start */
} Open;

#define OPEN_MAX 4

typedef struct {
    uint8_t told[VPNS]; /* the hook's last word, until NetworkManager says that the VPN is down */
    uint8_t told_name[VPNS];  /* which link, by its first word; until the next look */
    uint8_t told_index[VPNS]; /* the link that had this name then */
    uint8_t old_news[VPNS];   /* the link on which this VPN carried everything already */
    Open open[OPEN_MAX];
    uint8_t ever;    /* servers ever told of */
    uint8_t settled; /* NetworkManager's list when it was settled last */
    uint8_t locked;
    uint8_t mode;
    uint8_t lan;
    uint8_t lan_at_home; /* and nowhere else */
    uint8_t ends_count;  /* what a person asks NetworkManager for opens, too */
    uint8_t ends;        /* this letter is such an end */
    uint8_t stood[VPNS]; /* it has locked and was up while locked, and no person has ended it */
} Promise;

/* ---- the engine, packed ---- */

#define TEXTS_MAX   64
#define UUIDS_MAX   3
#define KNOWN_MAX   8
#define TUNNELS_MAX 4

typedef struct {
    uint8_t locked;
    uint8_t mode;
    uint8_t lan;
    uint8_t lan_networks; /* 1: HOME */
    uint8_t spare_running;
    uint8_t locked_by; /* texts are numbered, 0 is NULL */
    uint8_t closed_by;
    uint8_t lockers; /* bits, by VPN */
    uint8_t announcements;
    struct {
        uint8_t uuid;
        uint8_t index;
        uint8_t down;
    } announced[UUIDS_MAX];
    uint8_t known;
    uint8_t known_up[KNOWN_MAX];
    uint8_t tunnels;
    struct {
        uint8_t uuid;
        uint8_t name;
        uint8_t type;
        uint8_t interface;
        uint8_t index;
        uint8_t default_route;
    } tunnel[TUNNELS_MAX];
    uint8_t set_length[KS_SET_MAX];
    uint8_t servers;
    uint8_t tunnel_addresses; /* bits, by VPN */
    uint32_t open_interfaces; /* bits */
    uint32_t lan_interfaces;
} Packed;

typedef struct {
    Packed engine;
    Scene scene;
    Promise promise;
} State;

extern const char *const order_uuids[VPNS];
extern const char *const order_links[VPNS];

/* The one network that LAN access can be limited to. */
#define HOME "4041"

/* The full VPN's link has a route to a private range. */
#define TUNNEL_PREFIX 24

/* Servers are bits: one of each VPN, and a second one of the full VPN. */
#define SECOND_SERVER VPNS
#define SERVERS       3

KsAddress order_server(unsigned number);      /* the address of that server */
KsAddress order_tunnel_address(unsigned vpn); /* ... of this machine in that VPN */
uint8_t order_servers(const KsLock *lock);
uint32_t order_interfaces(const KsLock *lock, KsSetId set); /* bits */

/* Texts are numbered, NULL is 0. */
uint8_t order_number(const char *text);

void order_pack(const KsEngine *engine, Packed *packed);
void order_unpack(const Packed *packed, KsEngine *engine);

/* Lets the engine look at the world, heed who ended what, and checks the promise. */
void order_observe(KsEngine *engine, KsWorld *world, Promise *promise, const Scene *scene,
                   Manager manager);

/* What did not hold first, or NULL. */
const char *order_broken(int *ret_line);
