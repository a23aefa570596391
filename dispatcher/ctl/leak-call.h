/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/exit-status.h"
#include "model/leak-result.h"

#include <gio/gio.h>
#include <stdbool.h>

/* Has the leak test run once. KS_EXIT_DONE with what it has found (a{sv},
 * data/io.github.nmkillswitch.LeakTest1.xml), or another status with a sentence for people; both
 * owned by the caller. `may_ask`: polkit may ask for a password. */
KsExitStatus ks_leak_call(GDBusConnection *connection, bool may_ask, GVariant **ret_told,
                          char **ret_message);

/* The exit status that says it. */
KsExitStatus ks_leak_call_status(KsLeakVerdict verdict);

/* What an error of the bus means there; the sentence is owned by the caller. */
KsExitStatus ks_leak_call_explain(const GError *error, char **ret_message);
