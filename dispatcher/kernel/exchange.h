/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libmnl/libmnl.h>

/* A request to the kernel and all of its answer, on a socket that hears nothing else. */

/* Sends the request and gives each message of the answer to `take`. Returns 0, or a negative errno:
 * -EINTR if what was dumped changed meanwhile (NLM_F_DUMP_INTR). What is left of the answer is
 * thrown away then. */
int ks_exchange(struct mnl_socket *socket, const struct nlmsghdr *request, void *buffer,
                size_t size, mnl_cb_t take, void *data);

/* An answer that was given up on must not be taken for the next one's. */
void ks_exchange_discard(struct mnl_socket *socket, void *buffer, size_t size);
