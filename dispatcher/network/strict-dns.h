/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "network/system-bus.h"

#include <stdbool.h>
#include <stdint.h>

/* Whether systemd-resolved, if it runs, insists on what does not leave while locked. It has an
 * opinion for the whole machine (resolved.conf) and one for each link, where NetworkManager puts
 * what a connection says (org.freedesktop.resolve1(5); connection.dns-over-tls). */

typedef enum {
    KS_STRICT_OVER_TLS,  /* DNSOverTLS=yes */
    KS_STRICT_DNSSEC,    /* DNSSEC=yes */
    KS_STRICT_DOWNGRADE, /* DNSSEC=allow-downgrade: only where its name server knows DNSSEC */
    KS_STRICT_MAX,
} KsStrict;

typedef struct KsStrictDns KsStrictDns;

/* `changed` comes from the main loop, when what it insists on is something else. */
KsStrictDns *ks_strict_dns_new(KsSystemBus *bus, void (*changed)(void *data), void *data);
void ks_strict_dns_free(KsStrictDns *strict);

/* The links that lead out are these now: asks it again. */
void ks_strict_dns_look(KsStrictDns *strict, const uint32_t *links, unsigned count);

/* systemd-resolved is on the bus. */
bool ks_strict_dns_is_there(const KsStrictDns *strict);
bool ks_strict_dns_insists(const KsStrictDns *strict, KsStrict on);
