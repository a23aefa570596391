/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

/* VPN servers as a person is typing them, before the guard hears of them. Pure. */

typedef struct {
    char *host;           /* an address or a name, without blanks around it; owned */
    const char *protocol; /* one of ks_draft_protocols */
    uint16_t port;
} KsServerDraft;

/* "udp", "tcp", "esp", "ah", "gre", NULL */
extern const char *const ks_draft_protocols[];

/* UDP and TCP. */
bool ks_draft_has_port(const char *protocol);

/* Copies `host`. */
KsServerDraft *ks_server_draft_new(const char *host, const char *protocol, uint16_t port);
void ks_server_draft_free(KsServerDraft *draft);

/* What is wrong with them (element-type KsServerDraft), as a sentence; NULL: nothing is. `ret_at`
 * is the one it is about. */
char *ks_server_drafts_complaint(const GPtrArray *drafts, unsigned *ret_at);

/* As the bus contract has them: a(ssq), floating. */
GVariant *ks_server_drafts_pack(const GPtrArray *drafts);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsServerDraft, ks_server_draft_free)
