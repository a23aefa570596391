/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gio/gio.h>

/* How many calls of one caller, and of all callers, are under way at a time. GDBus would queue
 * without end what comes faster than it is answered; what is too much is refused by GDBus's own
 * thread instead, before it costs memory or the main loop's time. */

/* A caller that sends more than this without waiting for answers gets errors. */
#define KS_BUS_CALLS_PER_CALLER 4

/* More than one user can have under way: the system bus gives each 256 connections. */
#define KS_BUS_CALLS_MAX (256 * KS_BUS_CALLS_PER_CALLER + 512)

/* Bytes of a call's arguments: a multiple of the longest that makes sense. GDBus has taken a longer
 * one apart, at many times its size, before anybody can refuse it; that memory is given back. */
#define KS_BUS_ARGUMENTS_MAX 65536

/* Refusals that wait to be sent. Someone who calls faster than the bus takes even those gets
 * none. */
#define KS_BUS_REFUSALS_MAX 1024

/* For g_dbus_connection_remove_filter(). */
guint ks_bus_limits_add(GDBusConnection *connection);
