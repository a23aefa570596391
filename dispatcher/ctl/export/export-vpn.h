/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <net/if.h>
#include <stdbool.h>

/* What an exported script is about: one VPN, picked from a status and checked. */

typedef struct {
    char *name;                  /* as the person called it: any UTF-8 */
    char interface[IF_NAMESIZE]; /* letters, digits, '.', '-' and '_' */
    bool lan;                    /* LAN access is on, everywhere */
    bool lan_here_only;          /* it is on, but only on some networks of this machine */
    bool openvpn;
    GPtrArray *servers;  /* element-type KsServer, each with an address; `sender` tells who sends */
    GPtrArray *nameless; /* element-type char*: names whose address is not known */
} KsExport;

/* Picks the VPN with this name or UUID; NULL: the only one, or the only one that is up. `interface`
 * replaces the one that is known; NULL: that one. `status` is a{sv}, as GetStatus returns it; what
 * it holds is checked. Returns NULL with `ret_problem`, sentences for people; both are the
 * caller's. */
KsExport *ks_export_new(GVariant *status, const char *vpn, const char *interface,
                        char **ret_problem);
void ks_export_free(KsExport *export);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsExport, ks_export_free)
