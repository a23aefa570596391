/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* How things look that tell people, machines and networks apart, and which of them do not. */

typedef enum {
    KS_IDENTITY_NAME, /* of a profile, of a Wi-Fi network */
    KS_IDENTITY_HOST, /* of a machine, of a domain */
    KS_IDENTITY_USER,
    KS_IDENTITY_INTERFACE,
    KS_IDENTITY_UUID,
    KS_IDENTITY_MAC,
    KS_IDENTITY_IP4,
    KS_IDENTITY_IP6,
    KS_IDENTITY_BYTES, /* a key, a number that only one machine has */
    KS_IDENTITY_TEXT,  /* that others wrote, whatever it says */
    KS_IDENTITIES,
} KsIdentity;

/* What stands at a place of a text: `before` bytes that stay, `length` that are replaced, `behind`
 * that stay; all 0: nothing. */
typedef struct {
    KsIdentity kind;
    size_t before;
    size_t length;
    size_t behind;
} KsIdentityPlace;

KsIdentityPlace ks_identity_at(const char *text, size_t at);

/* An address is one, whatever else it was called. */
KsIdentity ks_identity_kind(KsIdentity kind, const char *value);

/* It is the same on many machines. */
bool ks_identity_is_harmless(KsIdentity kind, const char *value);

/* What may be said of it, such as "private"; "" if nothing. */
const char *ks_identity_class(KsIdentity kind, const char *value);

/* It belongs to a word: a letter, a digit, or part of a character outside of ASCII. */
bool ks_identity_is_word(char byte);
