/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/exit-status.h"

#include <glib.h>

/* Asks the guard over its local socket, by the methods of the bus contract. Returns KS_EXIT_DONE with the result, or another status
 * with `ret_message`, a sentence for people; both owned by the caller. KS_EXIT_NO_GUARD: there is
 * none, or it does not answer. `arguments` is a tuple, NULL for
 * none; a floating one is taken. The result is a tuple. */
KsExitStatus ks_client_call(const char *method, GVariant *arguments, GVariant **ret_result,
                            char **ret_message);
