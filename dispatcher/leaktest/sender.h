/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "leaktest/probe.h"

/* Sends probes. Their sockets stay open until the end: what the kernel tells of them later counts,
 * and a SYN is repeated. */

typedef struct KsProbeSender KsProbeSender;

/* Sends all at once, without waiting: as root, and as the user `uid` those that are not by_root.
 * Writes what the kernel says at once into the probes, and marks TCP's. The probes must outlive it.
 * NULL: this process may not be that user, and nothing can be said. */
KsProbeSender *ks_probe_sender_send(GArray *probes, uid_t uid);

/* Notes what the kernel has said of the probes since, and whether a name server has answered. */
void ks_probe_sender_collect(KsProbeSender *sender);

void ks_probe_sender_free(KsProbeSender *sender);
