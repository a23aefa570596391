/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/refused-packet.h"

#include <libmnl/libmnl.h>

/* Which socket of this machine's sent a packet (sock_diag), while that socket is there. */

typedef struct KsSockets KsSockets;

/* Returns 0 or a negative errno. */
int ks_sockets_open(KsSockets **ret_sockets);
void ks_sockets_close(KsSockets *sockets);

/* The inode of TCP's or UDP's socket that this packet came from; 0: there is none any more, it is
 * of another protocol, or the kernel finds another user's, which has the same address and port. */
uint32_t ks_sockets_find(KsSockets *sockets, const KsRefusedPacket *packet);

/* Of one message of an answer; 0: it names none of this user's. */
uint32_t ks_sockets_read(const struct nlmsghdr *message, uint32_t uid);
