/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Every name that another program, package or script may rely on, once.
 * The outer contract (data/doc/contract.md) lists the same names; change both or neither. */

#define KS_PROGRAM         "nm-killswitch"
#define KS_GUARD_PROGRAM   "nm-killswitchd"
#define KS_EARLY_PROGRAM   "nm-killswitch-early"
#define KS_GUARD_UNIT      "nm-killswitch.service"
#define KS_TEST_PROGRAM    "nm-killswitch-leak-test"
#define KS_REFUSED_PROGRAM "nm-killswitch-refused"
#define KS_ONLINE_PROGRAM  "nm-killswitch-online"

/* What that one prints of each way (a GVariant): interface, the service's address, reached, status
 * of HTTP, answer, problem, whether it could not be tied to the interface. */
#define KS_ONLINE_WAYS "a(ssbussb)"

/* nf_tables: our own tables, nobody else's (family inet now, netdev for the second layer). */
#define KS_TABLE "nm_killswitch"

/* Of the one that follows packets for some seconds. */
#define KS_TRACE_TABLE KS_TABLE "_trace"

/* The system bus. */
#define KS_BUS_NAME              "io.github.nmkillswitch"
#define KS_BUS_PATH              "/io/github/nmkillswitch"
#define KS_BUS_INTERFACE         "io.github.nmkillswitch.Guard1"
#define KS_TEST_BUS_NAME         "io.github.nmkillswitch.LeakTest"
#define KS_TEST_BUS_PATH         "/io/github/nmkillswitch/LeakTest"
#define KS_TEST_BUS_INTERFACE    "io.github.nmkillswitch.LeakTest1"
#define KS_REFUSED_BUS_NAME      "io.github.nmkillswitch.Refused"
#define KS_REFUSED_BUS_PATH      "/io/github/nmkillswitch/Refused"
#define KS_REFUSED_BUS_INTERFACE "io.github.nmkillswitch.Refused1"
#define KS_BUS_ERROR(name)       "io.github.nmkillswitch.Error." name

/* polkit's actions: one for what protects, two for what only looks, the rest for what lowers
 * protection. */
#define KS_ACTION_ID_LOCK       "io.github.nmkillswitch.lock"
#define KS_ACTION_ID_UNLOCK     "io.github.nmkillswitch.unlock"
#define KS_ACTION_ID_PAUSE      "io.github.nmkillswitch.pause"
#define KS_ACTION_ID_LAN_ACCESS "io.github.nmkillswitch.lan-access"
#define KS_ACTION_ID_CONFIGURE  "io.github.nmkillswitch.configure"
#define KS_ACTION_ID_TEST       "io.github.nmkillswitch.test"
#define KS_ACTION_ID_REFUSED    "io.github.nmkillswitch.refused"

/* What bears this mark to port 53 is a question for a server's name: the first layer gives it to
 * what it has compared, and to answers of services (ADR 45); the guard to its own by TCP (ADR 25).
 * Its letters are "ksdn". */
#define KS_ASKED_MARK 0x6b73646eu

/* What the kernel refuses is told to this group of NFLOG while somebody looks (ADR 38): "ks". */
#define KS_LOG_GROUP  0x6b73u
/* How it begins where packets were not told. */
#define KS_LOG_UNTOLD "untold"

/* The root-only SOCK_SEQPACKET socket between hook, command line and guard. */
#define KS_RUNTIME_DIRECTORY "/run/nm-killswitch"
#define KS_SOCKET_PATH       KS_RUNTIME_DIRECTORY "/guard.sock"

/* Held by flock(2) while a guard lives; holds its process id. */
#define KS_GUARD_LOCK_PATH KS_RUNTIME_DIRECTORY "/guard.lock"

/* What persists over a reboot. systemd's STATE_DIRECTORY wins when it is set. */
#define KS_STATE_DIRECTORY "/var/lib/nm-killswitch"

/* What the administrator lays down. systemd's CONFIGURATION_DIRECTORY wins when it is set. What
 * packages lay down is in KS_VENDOR_DIRECTORY of config.h, because it depends on the prefix. */
#define KS_CONFIGURATION_DIRECTORY "/etc/nm-killswitch"
