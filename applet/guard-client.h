/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/guard-state.h"

/* The guard over the system bus: what it says, what may be asked of it, and asking. Everything is
 * asynchronous, nothing polls; a guard that goes away is a state like another. */

typedef struct KsGuardClient KsGuardClient;

/* What can be asked of the guard, each a method of the bus contract. */
typedef enum {
    KS_REQUEST_LOCK,
    KS_REQUEST_UNLOCK,
    KS_REQUEST_LAN_ON,
    KS_REQUEST_LAN_OFF,
    KS_REQUEST_AUTO_ON,
    KS_REQUEST_SET_MODE,
    KS_REQUEST_PAUSE,
    KS_REQUEST_RESUME,
    KS_REQUEST_DISCONNECT,
    KS_REQUEST_ADD_EXCEPTION,
    KS_REQUEST_ADD_SERVICE,
    KS_REQUEST_ADD_EXCEPTION_ON,
    KS_REQUEST_ADD_SERVICE_ON,
    KS_REQUEST_REMOVE_EXCEPTION,
    KS_REQUEST_SET_SERVERS,
    KS_REQUEST_SET_LOCKS,
    KS_REQUEST_ADD_VPN,
    KS_REQUEST_ADD_OVERLAY,
    KS_REQUEST_SET_ALWAYS_ON,
    KS_REQUEST_SET_ALWAYS_ON_HERE,
    KS_REQUEST_REMOVE_VPN,
    KS_REQUEST_MAX,
} KsRequest;

/* Whether polkit lets this person make a request. */
typedef enum {
    KS_PERMISSION_UNKNOWN, /* not answered (yet): worth trying */
    KS_PERMISSION_YES,
    KS_PERMISSION_ASK, /* after authentication */
    KS_PERMISSION_NO,
} KsPermission;

typedef enum {
    KS_ANSWER_DONE,
    KS_ANSWER_REFUSED,     /* not authorised: wrong password, or the prompt was closed */
    KS_ANSWER_FORBIDDEN,   /* the administrator has ruled it out */
    KS_ANSWER_AWAY,        /* the guard went away over it */
    KS_ANSWER_INVALID,     /* what was asked for cannot be: see the text */
    KS_ANSWER_UNCONFIRMED, /* the text says what leaks by it, and is to be confirmed */
    KS_ANSWER_FAILED,      /* see the text */
} KsAnswer;

typedef struct {
    /* The state, a permission or what is under way is another. At most once an iteration of the
     * main loop. */
    void (*changed)(void *data);
    /* `message` is the guard's own, printable, "" on success. */
    void (*answered)(KsRequest request, KsAnswer answer, const char *message, void *data);
    /* A guard that was to be started did not come; `message` is the bus's, printable. */
    void (*not_started)(const char *message, void *data);
    void *data;
} KsGuardClientObserver;

/* Takes a reference to the system bus. Asks the bus to start the guard if it does not run. */
KsGuardClient *ks_guard_client_new(GDBusConnection *bus, const KsGuardClientObserver *observer);

/* Calls under way are given up; nothing is called any more. */
void ks_guard_client_free(KsGuardClient *client);

/* Valid until the main loop runs again. */
const KsGuardState *ks_guard_client_state(const KsGuardClient *client);
KsPermission ks_guard_client_permission(const KsGuardClient *client, KsRequest request);

/* The request was made and is not answered: polkit may be asking. */
bool ks_guard_client_is_busy(const KsGuardClient *client, KsRequest request);

/* Ignored (false) while the same request is under way. `arguments` is the method's tuple, may be
 * floating, and NULL for methods without any. */
bool ks_guard_client_ask(KsGuardClient *client, KsRequest request, GVariant *arguments);

/* Has the bus start a guard that is away. Ignored while it is being started. */
void ks_guard_client_start_guard(KsGuardClient *client);

/* It is being started on request. */
bool ks_guard_client_is_starting(const KsGuardClient *client);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsGuardClient, ks_guard_client_free)
