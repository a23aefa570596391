/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Whether the arguments of a method are within its bounds, beyond their signature. */

bool ks_bounds_of_networks(GVariant *arguments);
bool ks_bounds_of_seconds(GVariant *arguments);
bool ks_bounds_of_always_on(GVariant *arguments);
bool ks_bounds_of_cards(GVariant *arguments);
bool ks_bounds_of_mode(GVariant *arguments);
bool ks_bounds_of_locks(GVariant *arguments);
bool ks_bounds_of_here(GVariant *arguments);
bool ks_bounds_of_exception_on(GVariant *arguments);
