/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The inside of always-on.h. What was seen of each VPN is noted first (always-on-notes.c); what is
 * to be done follows from that (always-on.c). */

#include "policy/always-on.h"

#define SECOND 1000

/* For the first answer of a server, and for NetworkManager to disconnect one. */
#define PATIENCE (30 * SECOND)

#define NONE (-1)

/* One of the VPNs, and what became of it. */
typedef struct {
    char *uuid;
    KsVpnActivity activity; /* as it was seen last */
    int64_t up_since;
    unsigned failures; /* since it was up for long enough, or the network changed */
    unsigned forgiven; /* failures up to this attempt count no more */
    unsigned before;   /* the last attempt before ours */
    bool needs_person; /* its login was refused, or nobody answered for its secrets */
    bool seen;         /* it was looked at before */
    bool of_person;    /* anybody but us began it */
    bool unwanted;     /* it is to be disconnected, as of the last look */
    bool leaving;      /* we disconnect it */
    int64_t ask_again; /* ... if it is still there by then */
    bool had_link;     /* since it is up it was on a link that carries it, or must have been */
    bool met_up;       /* it was up when it was seen first */
    int64_t lost;      /* since when it is on none; 0: it is on one, or never was */
    KsFailure failure; /* of its last attempt */
} Choice;

struct KsAlwaysOn {
    Choice choices[2 * KS_ALWAYS_ON_CHOSEN_MAX]; /* behind those that are chosen, those that were */
    int chosen;
    int count;
    int current;   /* the one whose turn it is */
    int trying;    /* the one that we connect; NONE */
    int asked;     /* the one of which an answer is owed; NONE */
    bool swapping; /* the first came up while another stood in */
    bool held;
    unsigned failures;   /* of all, in a row */
    int64_t not_before;  /* the next attempt */
    int64_t first_again; /* 0: the first is up, or nothing is, or it is due */
    int64_t proven_by;   /* while swapping: the first works by then, or has failed */
    uint64_t network;    /* as it was seen last; 0: none */
    uint64_t logins;
    KsWait why; /* of the wait until not_before */
    KsAlwaysOnView view;
};

/* Notes what the world shows of each of them, and of the network. */
void ks_always_on_note(KsAlwaysOn *always, const KsWorld *world, const GArray *tunnels,
                       int64_t now);

/* Tries again from the first one, and at once. */
void ks_always_on_begin_again(KsAlwaysOn *always);

/* ... also those with which only a person could help. */
void ks_always_on_forgive(KsAlwaysOn *always);

/* NULL: there is none, or it may not be always on. */
const KsVpn *ks_always_on_find_vpn(const KsWorld *world, const char *uuid);
