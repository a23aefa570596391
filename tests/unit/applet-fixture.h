/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/presenter.h"

/* What the applet may know at one moment: a guard, and a VPN called "office" with one server. */

#define NOW 1000000000 /* 2001-09-09 01:46:40 UTC */

typedef struct {
    KsModel model;
    GPtrArray *vpns; /* element-type KsVpn */
} Fixture;

/* Takes the guard's state. Closing the lock needs no password, opening it does. */
void model_init(Fixture *fixture, KsGuardState *guard);
void model_clear(Fixture *fixture);

KsVpn *first_vpn(const Fixture *fixture);

/* From properties as GVariant text. */
KsGuardState *guard_from(const char *properties);
