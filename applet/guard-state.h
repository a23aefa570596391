/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/exception.h"
#include "model/failure.h"
#include "model/mode.h"
#include "model/world.h"

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

/* What the guard says about the lock, as a value: the properties of the bus contract, read with the
 * care that foreign text needs. */

typedef enum {
    KS_STATE_STARTING, /* nothing was heard yet: neither an answer nor that there is no guard */
    KS_STATE_AWAY,     /* no guard on the bus, or it does not answer */
    KS_STATE_UNLOCKED,
    KS_STATE_PROTECTED,
    KS_STATE_BLOCKED,
    KS_STATE_PAUSED,
    KS_STATE_BROKEN,
    KS_STATE_UNKNOWN, /* a word of a newer guard */
    KS_STATE_MAX,
} KsState;

typedef enum {
    KS_REASON_NONE, /* also a word of a newer guard */
    KS_REASON_NO_VPN,
    KS_REASON_CONNECTING,
    KS_REASON_LOGIN_FAILED,
    KS_REASON_NO_SECRETS,
    KS_REASON_SERVER_UNREACHABLE,
    KS_REASON_NAME_UNRESOLVED,
    KS_REASON_SERVICE_FAILED,
    KS_REASON_SERVER_REFUSED,
    KS_REASON_CERTIFICATE,
    KS_REASON_CERTIFICATE_DATE,
    KS_REASON_LOGIN_NEEDED,
    KS_REASON_PROGRAM_MISSING,
    KS_REASON_TUNNEL_GONE,
    KS_REASON_MANAGER_AWAY,
    KS_REASON_NO_SERVERS,
    KS_REASON_KERNEL,
    KS_REASON_TUNNEL_DEAD,
    KS_REASON_SERVER_SILENT,
    KS_REASON_NO_INTERFACE,
    KS_REASON_OVERLAY_ONLY,  /* what is let out beside a VPN is up, and no VPN */
    KS_REASON_SOME_NETWORKS, /* protected, but no VPN carries all traffic */
    KS_REASON_MAX,
} KsReason;

/* All text is printable and short (applet/window-text.h), and owned. */

typedef struct {
    char *interface;
    char *uuid;
    char *name;
    char *type;
} KsGuardTunnel;

typedef struct {
    char *uuid;
    char *name;
    char *type;
    char *host;
    char *address; /* "" while it is not known */
    char *protocol;
    char *source;      /* "profile", "override", "manual" */
    char *not_let_out; /* why the lock keeps it in, "" if it does not (contract.md) */
    uint16_t port;
} KsGuardServer;

/* Makes `host` printable; what a profile says, without an address. */
KsGuardServer *ks_guard_server_new(const char *host, const char *protocol, uint16_t port);
KsGuardServer *ks_guard_server_copy(const KsGuardServer *server);
void ks_guard_server_free(KsGuardServer *server);

typedef struct {
    char *uuid;
    char *name;
    bool never_meant; /* by an exception: it is this machine's own, or anybody can be it */
} KsGuardNetwork;

typedef struct {
    char *uuid;
    char *name;
    char *type;
    char *interface; /* of one that a person set up by hand, else "" */
    bool manual;     /* NetworkManager does not run it */
    bool overlay;    /* no VPN, but let out beside one */
    bool overridden; /* its servers are others than its profile's */
    KsVpnLocks locks;
    KsFailure failure; /* of its last attempt to connect */
} KsGuardVpn;

typedef struct {
    char *name;
    KsException what; /* AF_UNSPEC: not understood, it lets nothing out that is known here */
    int64_t until;    /* Unix time in seconds; 0: it does not end by itself */
    char *source;     /* the administrator's file and line that lay it down, or "" */
    bool on_one;      /* it holds on one network alone (ADR 47) */
    char *network;    /* that one's name, "": not known to this person */
} KsGuardException;

/* Makes `name` printable. */
KsGuardNetwork *ks_guard_network_new(const char *uuid, const char *name);
void ks_guard_network_free(KsGuardNetwork *network);

typedef struct {
    KsState state;
    KsReason reason;
    char *reason_vpn; /* "" if none */
    char *version;
    bool locked;
    bool verified;
    bool auto_lock;
    KsMode mode;       /* of an older guard as auto-lock says */
    char *mode_source; /* the administrator's file and line that decide it, or "" */
    bool lan;
    char **lan_networks;   /* UUIDs; empty: not limited */
    GPtrArray *exceptions; /* element-type KsGuardException: what people let past the lock */
    GPtrArray *elsewhere;  /* likewise: closed, because their network is not here */
    char **always_on;      /* UUIDs of the VPNs that the guard connects, the first first; NULL: an
                           * older guard, which connects none */
    bool always_on_laid_down; /* by the administrator: nobody else can change it */
    char *always_on_here;     /* UUID of the VPN that a network of now has of its own, or "" */
    GPtrArray *networks;      /* element-type KsGuardNetwork */
    int64_t paused_until;     /* Unix time in seconds; 0: not paused */
    uint32_t pause_max;       /* seconds */
    GPtrArray *tunnels;       /* element-type KsGuardTunnel */
    GPtrArray *overlays;      /* likewise: let out beside them */
    GPtrArray *servers;       /* element-type KsGuardServer */
    GPtrArray *vpns;          /* element-type KsGuardVpn */
    char **warnings;
} KsGuardState;

/* As many VPNs can be always on. */
#define KS_GUARD_ALWAYS_ON_MAX 8u

/* With nothing in it: for STARTING and AWAY. */
KsGuardState *ks_guard_state_new(KsState state);

/* From all properties, a{sv}. What is missing or of another type counts as empty; without a State
 * it is AWAY. */
KsGuardState *ks_guard_state_read(GVariant *properties);
void ks_guard_state_free(KsGuardState *state);

/* The lock is in the kernel, by what the guard says now. */
bool ks_state_is_heard(KsState state);

/* "protected", ...; "starting" and "away" besides the contract's. */
const char *ks_state_name(KsState state);

/* The network that the machine is in now is among those that LAN access is limited to. */
bool ks_guard_state_lan_is_here(const KsGuardState *state);

/* To disconnect a VPN is a person's word to open the lock, too: the guard has to do it. */
bool ks_guard_state_opens_by_disconnect(const KsGuardState *state);

/* The guard connects this VPN by itself. */
bool ks_guard_state_keeps(const KsGuardState *state, const char *uuid);

/* NULL: the guard does not know it, or is older than the property. */
const KsGuardVpn *ks_guard_state_vpn(const KsGuardState *state, const char *uuid);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsGuardState, ks_guard_state_free)
