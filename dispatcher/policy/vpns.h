/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/world.h"

#include <gio/gio.h>

/* What a person said of VPNs: those that NetworkManager does not run, other servers than a profile
 * names, and which VPNs lock. A plain value with bounds; files/store.h keeps it on disk. */

#define KS_VPNS_MAX        1024u /* VPNs that something is said of */
#define KS_VPN_SERVERS_MAX 256u  /* servers of one */
#define KS_VPNS_SERVERS    8192u /* servers of all */
#define KS_VPN_NAME_MAX    128u  /* bytes of UTF-8 */

typedef struct {
    char *uuid;                  /* of the profile, or made up for a VPN set up by hand */
    char *name;                  /* "" unless set up by hand */
    char *type;                  /* "wireguard", "openvpn", ..., "" if nobody said; likewise */
    char interface[IF_NAMESIZE]; /* likewise: not "" makes it a VPN set up by hand */
    bool overlay;                /* likewise: no VPN, but what is let out beside one */
    KsVpnLocks locks;
    GPtrArray *servers; /* element-type KsServer, owned; empty: as the profile says */
} KsVpnEntry;

typedef struct KsVpns KsVpns;

KsVpns *ks_vpns_new(void);
KsVpns *ks_vpns_copy(const KsVpns *vpns);
void ks_vpns_free(KsVpns *vpns);

unsigned ks_vpns_count(const KsVpns *vpns);
const KsVpnEntry *ks_vpns_get(const KsVpns *vpns, unsigned number);
const KsVpnEntry *ks_vpns_find(const KsVpns *vpns, const char *uuid); /* NULL: nothing is said */

/* The UUID of the one VPN that is called so, or has that UUID; lives in one of the two. NULL with
 * KS_ERROR_NO_SUCH_VPN if there is none, or several. */
const char *ks_vpns_identify(const KsVpns *vpns, const KsWorld *world, const char *name_or_uuid,
                             GError **error);

/* What NetworkManager does not run: a VPN, or an overlay network (Tailscale, ZeroTier), whose
 * interface is let out beside the VPN, and which needs no servers: its own packets take the VPN. */
typedef struct {
    const char *name;
    const char *interface;
    const char *type;
    GVariant *servers; /* a(ssq): host, protocol, port */
    bool overlay;
} KsByHand;

/* Each changes all of it or nothing, and returns false with KS_ERROR_INVALID_ARGUMENTS,
 * KS_ERROR_VPN_EXISTS or KS_ERROR_NO_SUCH_VPN and a sentence for people. `servers` as above; `type`
 * of a profile tells whose packets reach its servers. */
const char *ks_vpns_add(KsVpns *vpns, const KsWorld *world, const KsByHand *what,
                        GError **error); /* the new UUID, or NULL */
/* The same of one that had this UUID before, whatever NetworkManager has. */
const char *ks_vpns_restore(KsVpns *vpns, const char *uuid, const KsByHand *what, GError **error);
bool ks_vpns_remove(KsVpns *vpns, const char *uuid, GError **error); /* one set up by hand */
bool ks_vpns_set_servers(KsVpns *vpns, const char *uuid, const char *type, GVariant *servers,
                         GError **error); /* none: as the profile says */
bool ks_vpns_set_locks(KsVpns *vpns, const char *uuid, KsVpnLocks locks, GError **error);

/* A VPN set up by hand whose kind nobody said is known to be WireGuard once its link has been
 * there. From then on its servers are WireGuard's alone, also while the link is away. Returns
 * whether something was learned, which is worth saving. */
bool ks_vpns_learn(KsVpns *vpns, const KsWorld *world);

/* Puts it into the world as NetworkManager and the kernel told it. */
void ks_vpns_apply(const KsVpns *vpns, KsWorld *world);

/* As a file's text, owned by the caller, and back: NULL if it is not ours, whole and in bounds. */
char *ks_vpns_to_text(const KsVpns *vpns);
KsVpns *ks_vpns_from_text(const char *text, gsize length, GError **error);

/* A newer version wrote such a text, which may mean more by it than this one knows. */
bool ks_vpns_text_is_newer(const char *text, gsize length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsVpns, ks_vpns_free)
