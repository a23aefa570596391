/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/exit-status.h"

#include <glib.h>

/* The guard's local socket, for root: it needs no bus (model/message.h). */

/* Returns a file descriptor, or a negative errno: -EACCES and -EPERM for anyone who is not root. */
int ks_local_open(void);

/* As ks_client_call(); closes the descriptor. */
KsExitStatus ks_local_call(int fd, const char *method, GVariant *arguments, GVariant **ret_result,
                           char **ret_message);

/* Why ks_local_open() failed, as ks_client_call() says it. */
KsExitStatus ks_local_explain(int error, char **ret_message);
