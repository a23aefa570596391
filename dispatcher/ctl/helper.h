/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/exit-status.h"

#include <gio/gio.h>
#include <stdbool.h>

/* A program beside the guard that the bus starts when somebody asks: the leak test, and the one
 * that shows what is refused. What the guard's errors say is not so of these. */

typedef struct {
    const char *bus_name;
    const char *path;
    const char *interface;
    const char *method;         /* without arguments; answers a{sv} */
    int timeout_ms;             /* when nobody is asked for a password */
    const char *too_many;       /* N_(): others wait already */
    char *(*silent)(void);      /* that it has not answered for so long, owned by the caller */
    char *(*not_started)(void); /* that it could not be started, the same */
} KsHelper;

/* KS_EXIT_DONE with what it answers, or another status with a sentence for people; both owned by
 * the caller. `may_ask`: polkit may ask for a password. */
KsExitStatus ks_helper_ask(const KsHelper *helper, GDBusConnection *connection, bool may_ask,
                           GVariant **ret_told, char **ret_message);

/* The same of another method, with its arguments (floating, or NULL). */
KsExitStatus ks_helper_call(const KsHelper *helper, GDBusConnection *connection, const char *method,
                            GVariant *arguments, bool may_ask, GVariant **ret_told,
                            char **ret_message);

/* What an error of the bus means, where this program is asked. */
KsExitStatus ks_helper_explain(const KsHelper *helper, const GError *error, char **ret_message);

/* For a bus signal whose arguments do not matter: sets the bool at `data`. */
void ks_helper_on_signal(GDBusConnection *connection, const char *sender, const char *path,
                         const char *interface, const char *signal, GVariant *arguments,
                         gpointer data);

/* Has `step` take a look now and whenever *has_changed is set, until it returns false with a
 * status, the bus is gone or nobody reads what is written. */
KsExitStatus ks_helper_watch(GDBusConnection *connection, bool *has_changed,
                             bool (*step)(void *data, KsExitStatus *ret_status), void *data);
