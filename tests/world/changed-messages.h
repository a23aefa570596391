/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

/* For a library of LD_PRELOAD that has the kernel asked for something else than a program asks: the
 * mnl_socket_sendto() of changed-messages.c sends a copy. */

/* Of each such library: changes what is about to be sent, in place. */
void change_messages(void *data, size_t size);
