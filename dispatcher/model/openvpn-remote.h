/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* The grammar of the `remote` item of NetworkManager-openvpn profiles
 * (NetworkManager-openvpn, shared/utils.c, nmovpn_remote_parse): tokens separated by space, tab or
 * comma, each host[:port[:protocol]], split from the right unless the whole token is a literal IPv6
 * address; brackets around a literal are allowed, ports and protocols may be empty. Stricter than
 * the VPN's own service in one thing: a port is digits only (it allows "+1194"). */

typedef struct {
    char *host;       /* owned; without brackets; UTF-8, not yet checked to be a host */
    uint16_t port;    /* 0: not given */
    uint8_t protocol; /* IPPROTO_UDP, IPPROTO_TCP, or 0: not given */
} KsOpenvpnRemote;

/* Most remotes that one profile may bring; what follows is counted as rejected. */
#define KS_OPENVPN_REMOTES_MAX 1024

/* Returns the valid tokens in order (element-type KsOpenvpnRemote, owned by the array). Invalid
 * tokens are skipped, as the VPN's own service skips them; `ret_rejected` counts them. */
GPtrArray *ks_openvpn_remotes_parse(const char *remotes, unsigned *ret_rejected);

void ks_openvpn_remote_free(KsOpenvpnRemote *remote);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsOpenvpnRemote, ks_openvpn_remote_free)
