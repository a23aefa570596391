/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/command-line.h"

#include <gio/gio.h>

/* The leak test over a drop, for root: with the VPN that NetworkManager has connected, without its
 * interface, which is taken away as if its program had crashed, and connected again. It is
 * connected again even if a signal would end this program. The exit status is the worst of the
 * three. */
KsExitStatus ks_test_drop(GDBusConnection *connection, const KsCommandLine *line);
