/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/exit-status.h"

#include <glib.h>
#include <stdbool.h>

/* The guard, as this program sees it: root asks over the guard's local socket, which needs no bus;
 * everybody else over the system bus. */

typedef struct KsClient KsClient;

/* `may_ask_password`: a person sits there whom polkit may ask. */
KsClient *ks_client_new(bool may_ask_password);
void ks_client_free(KsClient *client);

/* Calls a method of the bus contract. Returns KS_EXIT_DONE with the result, or another status with
 * `ret_message`, a sentence for people; both owned by the caller. KS_EXIT_NO_GUARD: there is none,
 * or it does not answer. `arguments` is a tuple, NULL for none; a floating one is taken. The result
 * is a tuple. */
KsExitStatus ks_client_call(KsClient *client, const char *method, GVariant *arguments,
                            GVariant **ret_result, char **ret_message);

/* GetStatus: its a{sv}. */
KsExitStatus ks_client_get_status(KsClient *client, GVariant **ret_status, char **ret_message);

/* Whether without a guard this caller can go on by itself (ctl/rescue.h). */
bool ks_client_is_root(void);
