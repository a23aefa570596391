/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/status.h"

/* A locked machine with an uplink, and a link for a VPN to be up on. */

#define TUNNEL 7u

typedef struct {
    KsEngine *engine;
    KsWorld *world;
    KsHeld *held; /* of `facts`: what the kernel holds */
    KsLock *lock;
    GPtrArray *problems;
    KsStatusFacts facts;
} Fixture;

void set_up(Fixture *f, const void *data);
void tear_down(Fixture *f, const void *data);

/* One that is up, "Work", with two servers and a warning. */
void add_vpn(KsWorld *world);

/* The kernel holds what the engine wants. */
void obey(Fixture *f);

/* The engine looks at the world, and the kernel obeys. */
void look(Fixture *f);

void assert_state(const Fixture *f, const char *state);
void assert_reason(const Fixture *f, const char *reason, const char *vpn);

/* A new reference. */
GVariant *member(GVariant *dictionary, const char *name);

/* One of the warnings has this text in it. */
bool warns(const Fixture *f, const char *text);

#define CASE(name, function) g_test_add("/status/" name, Fixture, NULL, set_up, function, tear_down)
