/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "leaktest/probe.h"

/* What follows from what was seen. Pure. */

/* Of one card. */
typedef struct {
    KsCard card;
    bool control_seen; /* the frame that may leave */
    bool frames_seen;  /* any frame that left: where no control can be sent, the proof */
    unsigned lost;
} KsWatch;

/* Why nothing can be said, in the order in which it is told. */
typedef enum {
    KS_DOUBT_NONE,
    KS_DOUBT_NO_CARD,        /* no network card is up */
    KS_DOUBT_TOO_MANY_CARDS, /* more than are watched */
    KS_DOUBT_NO_GUARD,       /* nobody says whether a ppp interface is a VPN's or a modem's */
    KS_DOUBT_NO_CONTROL,     /* a card on which the frame that may leave was not seen */
    KS_DOUBT_LOST,           /* frames came faster than they could be read */
    KS_DOUBT_CHANGED,        /* the lock or the VPN changed meanwhile */
    KS_DOUBT_EXCEPTION,      /* an exception let some of it out, all else was held */
    KS_DOUBT_NOTHING_SENT,   /* not one probe became a packet: there is no way to send anything */
} KsDoubt;

typedef struct {
    const char *state;       /* the guard's word before, or "" */
    const char *after;       /* the same afterwards */
    bool exceptions_changed; /* as ks_probes_excuse() has it */
    bool too_many_cards;
    bool has_unknown_ppp; /* up, and no guard says whose it is */
    bool tunnel_is_up;
    GArray *watches;      /* element-type KsWatch */
    const GArray *probes; /* element-type KsProbe */
    bool server_sent;     /* packets to a VPN's server were seen */
    bool server_came;     /* ... and from one */
    uid_t user;
    double seconds;
} KsFindings;

KsDoubt ks_findings_doubt(const KsFindings *findings);

/* How many probes left. */
unsigned ks_findings_leaks(const KsFindings *findings);

/* As data/io.github.nmkillswitch.LeakTest1.xml has it: a{sv}, floating. */
GVariant *ks_findings_tell(const KsFindings *findings);
