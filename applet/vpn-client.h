/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/guard-state.h"
#include "model/world.h"

#include <gio/gio.h>

/* The VPN profiles that NetworkManager has and this person may see, what they do, and connecting
 * them. Asynchronous; libnm keeps the list by signals. Passwords are asked for by the agent that
 * the desktop has for NetworkManager. */

typedef struct KsVpnClient KsVpnClient;

typedef struct {
    /* At most once an iteration of the main loop. */
    void (*changed)(void *data);
    /* A profile could not be connected or disconnected; `message` is printable. */
    void (*failed)(const char *uuid, const char *message, void *data);
    void *data;
} KsVpnClientObserver;

/* Takes a reference to the system bus. */
KsVpnClient *ks_vpn_client_new(GDBusConnection *bus, const KsVpnClientObserver *observer);

/* What is under way goes on in NetworkManager; nothing is called any more. */
void ks_vpn_client_free(KsVpnClient *client);

/* element-type KsVpn, in the order of their names, with printable ones. Valid until the main loop
 * runs again. Of each are set: uuid, name, type, servers, warnings, activity, used. */
GPtrArray *ks_vpn_client_vpns(const KsVpnClient *client);

/* element-type KsGuardNetwork: the profiles that a machine gets into a network by, in the order of
 * their names. Valid until the main loop runs again. */
GPtrArray *ks_vpn_client_networks(const KsVpnClient *client);

/* NetworkManager runs and answered. */
bool ks_vpn_client_is_ready(const KsVpnClient *client);

/* NetworkManager was asked for its profiles for the first time, and has not answered yet. */
bool ks_vpn_client_is_asking(const KsVpnClient *client);

/* A network is up that a VPN could connect over. */
bool ks_vpn_client_is_online(const KsVpnClient *client);

/* UUID of the VPN that went down last without a person asking for it, until one is up again; or
 * "". */
const char *ks_vpn_client_dropped(const KsVpnClient *client);

/* UUID of the VPN that was up last, in this session; or "". */
const char *ks_vpn_client_last(const KsVpnClient *client);

void ks_vpn_client_connect(KsVpnClient *client, const char *uuid);
void ks_vpn_client_disconnect(KsVpnClient *client, const char *uuid);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsVpnClient, ks_vpn_client_free)
