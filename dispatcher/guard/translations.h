/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/translation.h"
#include "model/world.h"

/* Where the network that this machine is connected to has IPv4 in IPv6, as its name server told,
 * and what follows for VPN servers: each that has an IPv4 address is reached at another one, too
 * (ADR 30). */

typedef struct KsTranslations KsTranslations;

KsTranslations *ks_translations_new(void);
void ks_translations_free(KsTranslations *translations);

/* Takes in the addresses of KS_TRANSLATION_NAME. True if there is a prefix among them that was not
 * known; `ret_any`: one at all. */
bool ks_translations_learn(KsTranslations *translations, const KsAddress *addresses, unsigned count,
                           bool *ret_any);

/* This is another network. */
void ks_translations_forget(KsTranslations *translations);

/* The addresses of a server's name as they are to be judged: of a local prefix, by the IPv4 address
 * inside. Returns a new list (element-type KsAddress). */
GArray *ks_translations_read(const KsTranslations *translations, const KsAddress *addresses,
                             unsigned count);

/* Adds to the world's VPNs, and to the peers of WireGuard in the kernel, where else they are
 * reached; nothing where IPv4 leads out of this machine. */
void ks_translations_apply(const KsTranslations *translations, KsWorld *world);
