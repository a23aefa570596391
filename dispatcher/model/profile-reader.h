/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/profile-value.h"
#include "model/vpn-type.h"

/* A profile may hold thousands of bad entries; nobody reads more sentences than these. */
#define KS_PROFILE_REFUSALS_SHOWN_MAX 8

/* What the functions that read profiles share: one profile in, its servers and warnings out.
 * Foreign text reaches a sentence only through ks_profile_reader_printable(). */
typedef struct {
    const KsProfile *profile;
    KsProfileServers *found;
    GHashTable *keys;  /* one char* for each of the servers found, to see duplicates */
    unsigned refused;  /* hosts and ports that may not become servers */
    unsigned left_out; /* servers above KS_PROFILE_SERVERS_MAX */
} KsProfileReader;

/* A copy, short, without what is not printable or could end the quotes around it. */
char *ks_profile_reader_printable(const char *text);

/* Whole sentences. */
void ks_profile_reader_warn(KsProfileReader *reader, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* `text` is a server as the profile writes it, and `why` the rest of the sentence after it. What
 * stands before an '@' is not repeated: it may be a password. */
void ks_profile_reader_refuse(KsProfileReader *reader, const char *text, const char *why);

/* Adds the server that `flow` goes to, unless it is there already; the flow's port is not 0 where
 * the protocol has ports, and its conditions do not count. Returns false, and refuses, if `host`
 * cannot be a server. */
bool ks_profile_reader_add(KsProfileReader *reader, const char *host, const KsVpnFlow *flow);

/* The value of an item of vpn.data; NULL if it is not there or empty, which plugins take for the
 * same. Owned by the profile. */
const char *ks_profile_reader_item(const KsProfileReader *reader, const char *key);

/* False, and a warning, if the item is there and not a port. */
bool ks_profile_reader_port(KsProfileReader *reader, const char *key, uint16_t fallback,
                            uint16_t *ret_port);
