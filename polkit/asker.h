/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

/* One who asks something of a program that runs on demand (polkit/on-demand.h), from the call until
 * nobody needs to know of it any more: whose it is, how many of the same user there are, and what
 * polkit says. */

typedef struct {
    unsigned per_user_max;      /* at the same time; root is not counted */
    const char *too_many;       /* what one more is answered */
    const char *ended;          /* what a call is answered that is still open at the end */
    void (*known)(void *asker); /* the bus has said whose it is, and there are not too many */
    /* it has left the bus, or was refused: to be taken out of where it is kept */
    void (*gone)(void *asker);
} KsAskerKind;

/* The first member of what a program keeps of it. To read. */
typedef struct {
    const KsAskerKind *kind;
    GDBusConnection *connection;
    const GPtrArray *among;            /* where it is kept, with all others */
    char *name;                        /* unique, on the bus */
    GDBusMethodInvocation *invocation; /* owned: a call that waits for an answer; else NULL */
    GCancellable *cancellable;         /* cancelled at the end */
    guint watch;                       /* for its leaving the bus */
    guint32 uid;                       /* if `has_uid` */
    bool has_uid;
} KsAsker;

/* Begins to find out whose the call is. `among` has it already. */
void ks_asker_begin(KsAsker *asker, const KsAskerKind *kind, const GPtrArray *among,
                    GDBusConnection *connection, GDBusMethodInvocation *invocation);

/* Frees what it holds, and answers a call that is still open. */
void ks_asker_end(KsAsker *asker);

/* Asks polkit, as ks_authority_check(); `callback` gets it as its data. */
void ks_asker_check(KsAsker *asker, const char *action, const char *method, bool interactive,
                    GAsyncReadyCallback callback);

/* Whether the call allows that a person is asked for a password. */
bool ks_asker_may_ask_person(const KsAsker *asker);

/* Answers the call with an error, and then it is gone. */
void ks_asker_refuse(KsAsker *asker, const char *error, const char *why);

/* The same when ks_authority_check_finish() said no. Nothing if it was cancelled: then it is gone
 * already. */
void ks_asker_refuse_unauthorised(KsAsker *asker, const GError *error);
