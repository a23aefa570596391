/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>

/* Hands over every notification that waits in a socket that never waits itself, and returns when
 * there is no more. `buffer` is the caller's, for one datagram. False: some were lost, so what is
 * known must be asked for once more. */
bool ks_notifications_drain(struct mnl_socket *socket, void *buffer, size_t size, mnl_cb_t take,
                            void *data);
