/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "guard/guard.h"

/* The root-only local socket: events of the hook and requests of the command line as root. It needs
 * no bus. systemd hands it over (socket activation), or it is made here. */

typedef struct KsSocket KsSocket;

/* Listens at once, so that nobody is refused, and answers from ks_socket_start() on. */
KsSocket *ks_socket_new(KsGuard **guard, GError **error);
void ks_socket_start(KsSocket *socket);

/* The guard has changed: those who look at what is refused are let go if the kernel tells no more,
 * so that they know. */
void ks_socket_follow(KsSocket *socket);

void ks_socket_free(KsSocket *socket);
