/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/model.h"

/* What the preferences say about one VPN and its servers: what the guard lets out, or what the
 * profile says where there is no guard; what is doubtful about it; what its last attempt came to.
 * Pure. */

typedef struct {
    char *uuid;
    char *name;
    char *type;         /* the kind's name: "openvpn"; "": unknown */
    char *title;        /* "office (OpenVPN)" */
    GPtrArray *servers; /* element-type char*: "vpn.example (203.0.113.5), UDP port 1194" */
    char *note;         /* where these servers are from, if not from the profile; else "" */
    GPtrArray *doubts;  /* element-type char*: whole sentences */
    char *attempt;      /* what its last attempt to connect came to, or "" */
    KsVpnLocks locks;
    bool manual;  /* a person set it up by hand */
    bool overlay; /* ... and it is no VPN, but let out beside one: it needs no servers */
    bool overridden;
    bool always_on;     /* the guard connects it by itself */
    bool can_always_on; /* that can be changed */
    bool can_edit;      /* its servers, whether it locks, and to forget it */
    bool can_test;      /* by connecting it */
} KsVpnCard;

/* element-type KsVpnCard: NetworkManager's in the order of the model, then those by hand. */
GPtrArray *ks_vpn_cards(const KsModel *model);

/* The servers of a VPN as a person may correct them: element-type KsGuardServer, owned by the
 * caller. */
GPtrArray *ks_vpn_card_servers(const KsModel *model, const char *uuid);

/* Changes of VPNs can be asked for: the guard is there, polkit may agree, and nothing is under
 * way. */
bool ks_vpn_cards_can_edit(const KsModel *model);

/* The arguments of SetAlwaysOn with this VPN, or without it; the others stay as they are, and one
 * that comes is the last to stand in. Floating. */
GVariant *ks_vpn_card_keep(const KsGuardState *guard, const char *uuid, bool on);

/* All but what can be done, as one text: the same text means that it looks the same. */
char *ks_vpn_card_text(const KsVpnCard *card);
