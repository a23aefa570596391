/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/address.h"

#include <glib.h>

/* What is known of the names of VPN servers: every address that an answer has told and that is
 * believed (name-policy.h), for as long as it may still be right. Times are seconds since 1970. */

#define KS_NAMES_MAX          16384u
#define KS_NAME_ADDRESSES_MAX 256u /* of one name */
#define KS_NAME_REFUSED_MAX   8u   /* of one name, to be shown */

typedef struct {
    KsAddress address;
    int64_t learned; /* first told */
    int64_t seen;    /* last told */
} KsNameAddress;

typedef struct {
    char *host;
    GArray *addresses; /* element-type KsNameAddress: what is let out */
    GArray *refused;   /* element-type KsAddress: of the last answer, and not believed */
    int64_t answered;  /* when it was told last; 0: never */
    uint32_t lifetime; /* of that answer, in seconds */
    unsigned steady;   /* answers in a row without a new address */
    int64_t replaced;  /* when a steady name answered with other addresses only, while locked;
                          * 0: it did not, or an old address came back since */
} KsNameRecord;

typedef struct KsNameBook KsNameBook;

KsNameBook *ks_name_book_new(void);
void ks_name_book_free(KsNameBook *book);

/* NULL: nothing is known. Valid until the book changes. */
const KsNameRecord *ks_name_book_find(const KsNameBook *book, const char *host);
unsigned ks_name_book_count(const KsNameBook *book);

/* Every record, in any order; element-type KsNameRecord; the caller frees the list alone. */
GPtrArray *ks_name_book_records(const KsNameBook *book);

typedef struct {
    const KsAddress *addresses; /* any number; beyond the bounds they are left out */
    unsigned count;             /* not 0 */
    uint32_t lifetime;          /* seconds */
    int64_t now;
    bool locked;
} KsNameAnswer;

/* Takes in what the DNS said. True if the addresses that are let out are others now. */
bool ks_name_book_learn(KsNameBook *book, const char *host, const KsNameAnswer *answer);

/* Puts back what was known before a restart, checked like an answer: takes `record` (never
 * the reference of its lists) and returns false if there is nothing in it to be kept. Times that
 * lie in the future count as `now`. */
bool ks_name_book_restore(KsNameBook *book, const KsNameRecord *record, int64_t now);

/* Forgets the names that are not in the set `wanted` (its keys are host names, by ks_host_hash()).
 * True if there were any. */
bool ks_name_book_retain(KsNameBook *book, GHashTable *wanted);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsNameBook, ks_name_book_free)
