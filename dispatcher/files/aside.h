/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/* A question to the disk that may take for ever, because a person's files may lie on a network's
 * file system. A thread asks it, and who wants the answer goes on with the one before if it
 * does not come. At most one thread hangs. */

/* How long an answer is waited for, by those that wait. One that takes longer is not waited for
 * again until an answer has come in less. */
#define KS_ASIDE_WAIT_MS 1000

typedef struct {
    char *(*ask)(void *data); /* by the thread, never twice at once; NULL is an answer, too */
    void (*end)(void *data);  /* of `data`: once nobody uses it any more; NULL: nothing is to do */
    void (*late)(
        void *data); /* by the default main context, and not after ks_aside_free(): the answer
                               * is another than the one that ks_aside_ask() returned last */
    void *data;      /* of `ask` and `end` */
    void *listener;  /* of `late` */
} KsAsideWork;

typedef struct KsAside KsAside;

KsAside *ks_aside_new(const KsAsideWork *work);

/* Waits for nothing: a thread that hangs ends what is left when it ends. NULL is taken. */
void ks_aside_free(KsAside *aside);

/* Asks, and returns the last answer that came, to be freed; NULL before there is any. `wait`: the
 * answer to this, if it comes in time. */
char *ks_aside_ask(KsAside *aside, bool wait);
