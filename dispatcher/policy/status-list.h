/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* The long lists of a status, as plain bytes: as a tree each of their entries would take thousands.
 * A status is made at every change, and most changes are none of these lists': an entry that is as
 * it was told last is taken from there, a list whose entries all are, whole. */

/* Bytes of each list: all of it fits into one message of the bus by far. */
#define KS_STATUS_LIST_MAX (4u << 20)

typedef struct {
    const char *name; /* a constant */
    char type;        /* of D-Bus: 's', 'b' or 'q' */
    const char *text; /* of an 's' */
    uint16_t number;  /* of a 'q'; of a 'b': 0 or 1 */
} KsStatusField;

/* One list as it was told last. All bytes zero: it was not. */
typedef struct {
    GByteArray *fields; /* what its entries were made from, one behind the other */
    GArray *entries;    /* where the fields of each end, and its size */
    GVariant *value;    /* aa{sv} */
} KsStatusToldList;

/* What is remembered for one viewer. All bytes zero: nothing. */
typedef struct {
    KsStatusToldList vpns;
    KsStatusToldList servers;
} KsStatusTold;

void ks_status_told_clear(KsStatusTold *told);

/* What is remembered becomes a part of the status that was made of it, which is kept anyway: of ten
 * thousand servers a second copy takes megabytes. */
void ks_status_told_share(KsStatusTold *told, GVariant *status);

typedef struct KsStatusList KsStatusList;

/* `told` NULL: nothing is remembered; else it outlives the list, whose end changes it. */
KsStatusList *ks_status_list_begin(KsStatusToldList *told);

/* The same fields in the same order for each entry of one list. False: it does not fit any more,
 * and the list ends before it. */
bool ks_status_list_add(KsStatusList *list, const KsStatusField *fields, unsigned count);

/* aa{sv}, a new reference; frees the list. */
GVariant *ks_status_list_end(KsStatusList *list);
