/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/world.h"

/* The IPv4 leases of DHCP clients that NetworkManager does not run, as they write them down:
 * dhclient (dhclient.leases(5)), dhcpcd (the server's answer as it came, RFC 2131) and
 * systemd-networkd (libsystemd-network, sd-dhcp-lease.c). busybox's udhcpc writes nothing. */

typedef struct {
    KsAddress address; /* what was lent */
    KsAddress server;  /* by whom */
} KsLease;

typedef enum { KS_LEASE_DHCLIENT, KS_LEASE_DHCPCD, KS_LEASE_NETWORKD } KsLeaseFormat;

/* Adds to `leases` (element-type KsLease) what a file holds; of several leases of one address the
 * last. What makes no sense is left out. `data` ends with a zero behind its `size` bytes. */
void ks_leases_parse(KsLeaseFormat format, const char *data, gsize size, GArray *leases);

/* Writes into `servers` (element-type KsAddress) who lent one of `addresses` (element-type
 * KsLinkAddress), as the files say now. */
void ks_leases_read(const GArray *addresses, GArray *servers);
