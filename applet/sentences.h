/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/model.h"

/* How things are, in words: the state, and why it is so. Owned by the caller. */

/* "Blocked: no VPN is connected" */
char *ks_sentence_headline(const KsModel *model);

/* One more sentence, or "". */
char *ks_sentence_why(const KsModel *model);

/* Where the tunnel leads: "Server: vpn.example, UDP port 1194"; NULL without a tunnel, or if
 * its server is not known. */
char *ks_sentence_tunnel(const KsModel *model);

/* Why no VPN is listed: there is none, or nobody can say. Static. */
const char *ks_sentence_no_vpns(const KsModel *model);

/* A server as people write it: "vpn.example (203.0.113.5), UDP port 1194". `host` and `address` may
 * be the same, or the address "". */
char *ks_sentence_server(const char *host, const char *address, const char *protocol,
                         uint16_t port);
