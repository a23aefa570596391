/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/guard-state.h"

/* What to ask the guard for, so that LAN access comes out as a person wants it: arguments of
 * SetLanAccess, floating. An empty list of networks means all of them, so it never comes of taking
 * one away. Pure. */

/* One of the networks that it is limited to, on or off. */
bool ks_lan_is_limited_to(const KsGuardState *guard, const char *uuid);

/* On or off. Networks that it was limited to before stay its limits. */
GVariant *ks_lan_switch(const KsGuardState *guard, bool on);

/* On, on every network. */
GVariant *ks_lan_everywhere(void);

/* On, limited to the networks of now, besides those that it is limited to. On no network now there
 * is nothing to limit it to: NULL. */
GVariant *ks_lan_here(const KsGuardState *guard);

/* With or without this network. Without the last one LAN access ends. */
GVariant *ks_lan_network(const KsGuardState *guard, const char *uuid, bool on);
