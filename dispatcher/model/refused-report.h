/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* What was refused while somebody looked, or wanted it kept, as its program answers on the bus
 * (data/io.github.nmkillswitch.Refused1.xml), checked. For the command line and the applet. */

#define KS_REFUSED_ENTRIES_MAX 1024u

/* For so long it can be kept though nobody looks. */
#define KS_REFUSED_KEEP_SECONDS_MAX 3600u

typedef enum {
    KS_REFUSED_ON,
    KS_REFUSED_NO_GUARD,
    KS_REFUSED_NO_KERNEL,
    KS_REFUSED_TAKEN,
    KS_REFUSED_STATES, /* a word of a later version */
} KsRefusedState;

/* As "state" of the bus contract; of one before KS_REFUSED_STATES. */
const char *ks_refused_state_name(KsRefusedState state);

/* Texts are UTF-8, and harmless to show; "": not known, or there is none. */
typedef struct {
    char *key; /* what makes a row of its own: the same row of two reports has the same, and no two
                * of one report do */
    char *program;
    char *path;
    char *unit;
    char *app;
    char *user;
    char *way;
    char *from;
    char *source;
    char *destination;
    char *protocol;
    char *rule;
    int64_t uid; /* -1: not known */
    uint32_t port;
    uint64_t count;
    int64_t last; /* Unix time in seconds */
} KsRefusedEntry;

typedef struct {
    KsRefusedState state;
    bool lost;
    unsigned hidden;
    int64_t kept_since; /* Unix time in seconds; 0: it is not kept for who asks */
    int64_t kept_until;
    GPtrArray *entries; /* KsRefusedEntry*, the latest first */
} KsRefusedReport;

/* `told`: a{sv}, from somebody. Never fails: what cannot be understood is left out. */
KsRefusedReport *ks_refused_report_read(GVariant *told);
void ks_refused_report_free(KsRefusedReport *report);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsRefusedReport, ks_refused_report_free)
