/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

/* The tables of nf_tables without a kernel (netfilter-fake.c). Anonymous sets, rule handles and
 * expressions in elements are not known here. */

typedef enum {
    FAKE_CHAIN,
    FAKE_RULE,
    FAKE_SET,
    FAKE_ELEMENT,
    FAKE_COUNTER,
} FakeKind;

/* Whatever stands in a table; never changed once it is there. */
typedef struct {
    FakeKind kind;
    char *name;     /* of a rule: its chain's; of an element: its set's */
    GBytes *data;   /* of an element: its key (empty: it matches everything); else the message that
                     * brought it */
    char *jump;     /* of an element of a verdict map: the chain it leads to; may be NULL */
    uint32_t flags; /* of an element */
    bool has_data;  /* of an element of a map: what stands beside its key, one of these */
    uint32_t value;
    int32_t verdict; /* if `is_verdict` */
    bool is_verdict;
    gint64 ends; /* of an element: when it goes, by g_get_monotonic_time(); 0: never */
} FakeObject;

typedef struct {
    uint8_t family;
    char *name;
    uint32_t flags;
    uint32_t owner; /* 0: none */
    GPtrArray *objects;
} FakeTable;

typedef struct {
    GPtrArray *tables; /* of the transaction */
    uint32_t port;     /* who sends it */
} FakeTransaction;

FakeTable *fake_find_table(GPtrArray *tables, uint8_t family, const char *name);
void *fake_copy_table(const void *table, void *unused); /* a GCopyFunc */
void fake_free_table(void *table);

/* Of chains, rules, sets and counters. */
const struct nlmsghdr *fake_message_of(const FakeObject *object);

/* Does what one message of a batch asks for. Returns 0 or what the kernel would answer. */
int fake_apply(const FakeTransaction *transaction, const struct nlmsghdr *message);
