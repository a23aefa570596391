/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "guard/guard.h"

#include <gio/gio.h>

/* What others may ask of the guard, by the names of the bus contract, in one table. What has no row
 * is denied. The bus and the local socket both go through here. */

typedef struct KsMethod KsMethod;

/* Where a call comes from. */
typedef enum {
    KS_CALLER_BUS,    /* no matter who it is, root too */
    KS_CALLER_SOCKET, /* root, at a terminal or in a script */
} KsCaller;

/* NULL with KS_ERROR_UNKNOWN_METHOD if there is no such method, or with KS_ERROR_INVALID_ARGUMENTS
 * if `arguments`, a tuple, is not of its kind or out of its bounds. */
const KsMethod *ks_method_find(const char *name, GVariant *arguments, GError **error);

/* The polkit action that a call with these arguments needs; NULL: anybody may. */
const char *ks_method_action(const KsMethod *method, GVariant *arguments);

/* What is asked for is so already: nobody needs to be asked, and nothing will change. */
bool ks_method_is_so(const KsMethod *method, const KsGuard *guard, GVariant *arguments);

/* What the administrator has ruled out on this machine (policy/configuration.h) is ruled out for
 * everybody, before polkit is asked. Root at the socket is bound as well: the files say what may
 * happen on this machine, not who may do it, and root can change them. Unlock alone is always open
 * to root there: it is the way back in, and depends on no file.
 * False with KS_ERROR_FORBIDDEN, or with KS_ERROR_INVALID_ARGUMENTS if a pause is longer than it
 * may be. ks_method_run() asks the same. */
bool ks_method_is_permitted(const KsMethod *method, const KsGuard *guard, KsCaller caller,
                            GVariant *arguments, GError **error);

/* Whether it could be done: what makes no sense is refused before anybody is asked for a password.
 * Changes nothing. */
bool ks_method_could(const KsMethod *method, KsGuard *guard, GVariant *arguments, GError **error);

/* It changes nothing, and what it answers depends on who asks. */
bool ks_method_looks(const KsMethod *method);
GVariant *ks_method_look(const KsMethod *method, KsGuard *guard, const KsViewer *viewer,
                         GError **error);

/* Does it. Returns the out-arguments as a tuple (a new reference, not floating), or NULL. */
GVariant *ks_method_run(const KsMethod *method, KsGuard *guard, KsCaller caller,
                        GVariant *arguments, GError **error);
