/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/world.h"

/* What the leak test has found (a{sv}, data/io.github.nmkillswitch.LeakTest1.xml), for those who
 * show it. It may come from a test of another version: a word that is not known is no "closed". */

typedef enum {
    KS_LEAK_CLOSED,   /* nothing left without a VPN */
    KS_LEAK_LEAKED,   /* something did */
    KS_LEAK_UNJUDGED, /* it cannot be said */
} KsLeakVerdict;

/* What became of one way of sending, in one family. */
typedef enum {
    KS_LEAK_CELL_NONE,   /* not tried */
    KS_LEAK_CELL_NO_WAY, /* no packet was made */
    KS_LEAK_CELL_VPN,    /* through the VPN */
    KS_LEAK_CELL_HELD,
    KS_LEAK_CELL_EXCEPTION, /* an exception let it out */
    KS_LEAK_CELL_LEFT_ROOT, /* root's left, the user's did not */
    KS_LEAK_CELL_LEFT_USER, /* the other way round */
    KS_LEAK_CELL_LEFT,
} KsLeakCell;

#define KS_LEAK_WORD_SIZE 32

/* The doubt where nothing left but what exceptions let out. */
#define KS_LEAK_DOUBT_EXCEPTION "exception"

typedef struct {
    char what[KS_LEAK_WORD_SIZE]; /* "tcp", "udp", ... */
    char interface[IF_NAMESIZE];  /* that it was bound to, or "" */
    KsLeakCell cells[KS_FAMILIES];
} KsLeakRow;

/* More than a test makes. */
#define KS_LEAK_PROBES_MAX 1024u

typedef struct {
    KsLeakVerdict verdict;
    char doubt[KS_LEAK_WORD_SIZE]; /* why not all is judged, or "" */
    char state[KS_LEAK_WORD_SIZE]; /* the guard's, or "" */
    char resolver[KS_LEAK_WORD_SIZE];
    char server[KS_LEAK_WORD_SIZE];
    unsigned tried; /* attempts that became packets */
    unsigned leaks;
    unsigned excepted; /* what exceptions let out */
    unsigned user;
    GArray *rows; /* element-type KsLeakRow */
} KsLeakResult;

KsLeakResult *ks_leak_result_read(GVariant *result);
void ks_leak_result_free(KsLeakResult *result);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsLeakResult, ks_leak_result_free)
