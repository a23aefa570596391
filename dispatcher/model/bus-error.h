/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/* `name`: of a D-Bus error. Nobody has answered: the bus could not start who was called, or they
 * ended before they did. */
bool ks_bus_error_is_away(const char *name);
