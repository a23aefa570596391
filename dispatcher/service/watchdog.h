/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Tells systemd's watchdog (WatchdogSec=) twice in its time that the main loop goes round. A source
 * of the loop like every other: a guard that hangs in one of its callbacks says nothing, and
 * systemd starts another. Returns the source, or 0 if no watchdog watches. */
guint ks_watchdog_start(void);
