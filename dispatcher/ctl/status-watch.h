/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/exit-status.h"

#include <stdbool.h>

/* Prints the status and then each change as the guard signals it, a line with its time each, until
 * Ctrl-C (KS_EXIT_INTERRUPTED) or until nobody reads any more (KS_EXIT_DONE). A guard or a bus that
 * goes away is told, and waited for. `json`: an object a line. */
KsExitStatus ks_watch(bool json);
