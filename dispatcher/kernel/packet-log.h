/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/refused-packet.h"

#include <libmnl/libmnl.h>

/* Hears which packets the kernel refuses (KS_LOG_GROUP of NFLOG), while the lock's rules tell.
 * Takes CAP_NET_ADMIN. */

typedef struct KsPacketLog KsPacketLog;

typedef void (*KsPacketLogTake)(void *data, const KsRefusedPacket *packet);

/* Returns 0 or a negative errno: -EPERM also if another program hears this group already,
 * -ENOENT or -EPROTONOSUPPORT if the kernel has no NFLOG. */
int ks_packet_log_open(KsPacketLog **ret_log);
void ks_packet_log_close(KsPacketLog *log);
int ks_packet_log_fd(const KsPacketLog *log);

/* Gives what has come to `take`, some packets at a time. True if some were lost on their way. */
bool ks_packet_log_drain(KsPacketLog *log, KsPacketLogTake take, void *data);

/* Of one message. 0, or -EBADMSG: it tells of no packet. `is_bare`: whether packets of this
 * interface have no link-layer header. */
int ks_packet_log_read(const struct nlmsghdr *message, bool (*is_bare)(uint32_t interface),
                       KsRefusedPacket *ret_packet);
