/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/exit-status.h"

#include <glib.h>

/* The guard's local socket, for root: it needs no bus (model/message.h). */

/* As ks_client_call(), on a descriptor of ks_guard_socket_open(), which it closes. */
KsExitStatus ks_local_call(int fd, const char *method, GVariant *arguments, GVariant **ret_result,
                           char **ret_message);

/* Why ks_guard_socket_open() failed, as ks_client_call() says it. */
KsExitStatus ks_local_explain(int error, char **ret_message);
