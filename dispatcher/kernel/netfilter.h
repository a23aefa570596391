/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "rules/batch.h"
#include "rules/readback.h"

/* The kernel's nf_tables through one netlink socket. The socket that installs or adopts an owned
 * table is its owner until it closes: keep it open, and send every transaction through it. */

typedef struct KsNetfilter KsNetfilter;

/* Returns 0, or -EPROTONOSUPPORT and the like when the kernel has no nf_tables. */
int ks_netfilter_open(KsNetfilter **ret_netfilter);
void ks_netfilter_close(KsNetfilter *netfilter);

/* The netlink port by which the kernel knows us as an owner. */
uint32_t ks_netfilter_port(const KsNetfilter *netfilter);

/* Sends a finished batch and reads the answer to each of its messages. 0: the kernel holds all of
 * it; a negative errno: it took none of it. -EPERM: the table belongs to somebody else. An empty
 * batch is not sent and succeeds. */
int ks_netfilter_commit(KsNetfilter *netfilter, const KsBatch *batch);

/* Reads all of the table that the readback is of (KsReadback.skeleton). Returns 0, also
 * when there is none, or a negative errno. */
int ks_netfilter_read(KsNetfilter *netfilter, KsReadback *readback);

/* Table flags that this kernel takes: KS_TABLE_F_OWNED where a table can be owned and outlive its
 * owner (Linux 6.9), else 0. Never an owner that dies with its process: that would open the lock.
 * Tried once with a table of a name of its own that never stays. */
uint32_t ks_netfilter_table_flags(KsNetfilter *netfilter);

/* This kernel takes a chain on devices by what their names begin with, and the libnftnl of this
 * machine, which its nft has, understands it (rules/named-chain.h). Tried in the same way. */
bool ks_netfilter_takes_names(KsNetfilter *netfilter);

/* Notifications: a socket that becomes readable when somebody changed nf_tables. */
typedef struct KsMonitor KsMonitor;

int ks_monitor_open(KsMonitor **ret_monitor);
void ks_monitor_close(KsMonitor *monitor);
int ks_monitor_fd(const KsMonitor *monitor);

/* Who changed something. */
typedef struct {
    char name[16];    /* of the program, which chose it itself; "" if not known */
    uint32_t process; /* its number in the machine's first PID namespace; 0 if not known */
} KsAuthor;

/* Empties the socket, and waits for nothing. True if our table was touched by another port than
 * `own_port`, or if so much happened that we cannot know (ENOBUFS); by the last one that touched
 * it, as far as is known. */
bool ks_monitor_drain(KsMonitor *monitor, uint32_t own_port, KsAuthor *ret_author);

/* Tables that are none of ours were changed since this was asked last. */
bool ks_monitor_has_seen_others(KsMonitor *monitor);

/* The end of a transaction says whose it was. One that was heard of before its end has ended for
 * sure when a transaction of ours has been taken since: nobody commits before it has
 * (net/netfilter/nf_tables_api.c, nf_tables_commit()). Then this reads up to that end and no
 * further; `author` stays as it is if there is none. */
void ks_monitor_read_author(KsMonitor *monitor, uint32_t own_port, KsAuthor *author);
