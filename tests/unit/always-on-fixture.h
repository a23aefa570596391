/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/always-on.h"

/* A machine with three VPNs, two of which are always on, and what stands in for NetworkManager. */

#define FIRST  0u
#define SECOND 1u
#define OTHER  2u
#define VPNS   3u

#define SEC 1000

extern const char *const uuids[VPNS];
extern const char *const all[];
extern const char *const both[];
extern const char *const one[];

typedef struct {
    KsAlwaysOn *always;
    KsWorld *world;
    KsVpn *vpns[VPNS];
    GArray *tunnels;
    bool lost[VPNS]; /* somebody deleted its link */
    int64_t now;
    unsigned attempts;
    KsAlwaysOnStep step;
} Machine;

Machine machine_new(const char *const *chosen);
void machine_clear(Machine *m);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Machine, machine_clear)

void look(Machine *m);

/* What a VPN does. */
void begin(Machine *m, unsigned vpn);
void connect_by_person(Machine *m, unsigned vpn); /* until it is up */
void end(Machine *m, unsigned vpn, KsFailure failure);
void end_by_person(Machine *m, unsigned vpn);

/* The last look asked for this VPN; NetworkManager takes it, and it is seen to begin, to come up or
 * to fail. */
void assert_asked(const Machine *m, unsigned vpn);
void assert_asked_to_end(const Machine *m, unsigned vpn);
void take(Machine *m, unsigned vpn);
void come_up(Machine *m, unsigned vpn);
void fail(Machine *m, unsigned vpn, KsFailure failure);

/* Until it wanted to look again, and no earlier. */
void wait_for_next(Machine *m);

/* Nothing is asked for, for this reason; it wants to look again in so many milliseconds, 0: not. */
void assert_waits(const Machine *m, KsWait wait, int64_t wake);

/* The first has failed, and the second is up. */
void stand_in(Machine *m);
