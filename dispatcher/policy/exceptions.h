/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/exception.h"
#include "model/world.h"
#include "policy/exception-network.h"

#include <gio/gio.h>

/* The exceptions that people made (ADR 42): a plain value with bounds; files/exceptions-file.h
 * keeps it on disk. No two let out the same packet, so that each can be taken back alone; those of
 * two networks go by interfaces of their own. */

/* Seconds; more than the two ends may differ by (model/lock-compare.c). */
#define KS_EXCEPTION_EARLIER 3u

typedef struct {
    char *name;
    char *source; /* file and line where an administrator laid it down; NULL: people made it */
    KsException what;
    KsExceptionNetwork on;
    uint32_t until; /* when the kernel ends it, in seconds since the boot, sleep included; 0: never.
                     * The guard does KS_EXCEPTION_EARLIER before: what should be is never more than
                     * what the kernel holds */
} KsExceptionEntry;

typedef struct KsExceptions KsExceptions;

KsExceptions *ks_exceptions_new(void);
KsExceptions *ks_exceptions_copy(const KsExceptions *exceptions);
void ks_exceptions_free(KsExceptions *exceptions);

unsigned ks_exceptions_count(const KsExceptions *exceptions); /* NULL: none */
const KsExceptionEntry *ks_exceptions_get(const KsExceptions *exceptions, unsigned number);

/* The UUIDs of the networks that some are for; owned by the caller. */
char **ks_exceptions_networks(const KsExceptions *exceptions);

/* What somebody asks for. `confirmed`: that it leaks (ks_exception_leak()) was understood. */
typedef struct {
    const char *name;
    const char *to;   /* one of these two, the other is NULL */
    const char *from; /* who may reach a service of this machine */
    const char *protocol;
    uint16_t first_port; /* 0: all, without those of name servers */
    uint16_t last_port;
    bool confirmed;
    const char *source;    /* as of an entry */
    KsExceptionNetwork on; /* as found; not owned */
} KsExceptionWish;

/* False with KS_ERROR_INVALID_ARGUMENTS, KS_ERROR_EXCEPTION_EXISTS, or KS_ERROR_NOT_CONFIRMED with
 * what it leaks; then nothing changed. `world`: by what is known of the network now, it may be too
 * wide, or for all of a network; NULL: that does not count. */
bool ks_exceptions_add(KsExceptions *exceptions, const KsExceptionWish *wish, const KsWorld *world,
                       uint32_t until, GError **error);

/* A copy. False: there is one of its name, or that opens some of it, or there are too many. */
bool ks_exceptions_add_entry(KsExceptions *exceptions, const KsExceptionEntry *entry);

/* NULL: there is none. */
const KsExceptionEntry *ks_exceptions_find(const KsExceptions *exceptions, const char *name);

/* False with KS_ERROR_NO_SUCH_EXCEPTION. */
bool ks_exceptions_remove(KsExceptions *exceptions, const char *name, GError **error);

/* Takes out what has ended by then. True if anything did. `now`: UINT32_MAX for all that would. */
bool ks_exceptions_end(KsExceptions *exceptions, uint32_t now);

/* When the next one is to be taken out; 0: none does by itself. */
uint32_t ks_exceptions_next_end(const KsExceptions *exceptions);

/* Takes out those of networks that NetworkManager has no connection of any more. True if there were
 * any. */
bool ks_exceptions_forget(KsExceptions *exceptions,
                          bool (*is_there)(const char *uuid, const void *data), const void *data);

/* The world's that are in force now into the lock, without a network's broadcast address; false:
 * not all went in. */
bool ks_exceptions_draw(const KsWorld *world, KsLock *lock);

/* A file's text: of those that last, or of those that end. Owned by the caller. */
char *ks_exceptions_to_text(const KsExceptions *exceptions, bool ending);

/* Adds those of a text. False with an error if it is not ours, whole and in bounds; then nothing
 * was added. */
bool ks_exceptions_take_text(KsExceptions *exceptions, const char *text, gsize length, bool ending,
                             GError **error);

/* A later version of this program wrote it. */
bool ks_exceptions_text_is_newer(const char *text, gsize length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsExceptions, ks_exceptions_free)
