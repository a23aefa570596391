/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/names.h"

#include <glib.h>
#include <stdbool.h>

/* What follows from the answers of a service on the internet that was asked by all ways. */

/* What the program tells (dispatcher/online/main.c): why nothing was asked, the service's port, and
 * the ways. */
#define KS_ONLINE_TYPE "(sq" KS_ONLINE_WAYS ")"

/* The object of the contract (a{sv}), a new reference. `status`, `after`: the guard's before
 * the questions and when they were answered; `answers`: of KS_ONLINE_TYPE. */
GVariant *ks_online_tell(const char *url, GVariant *status, GVariant *after, GVariant *answers);

/* That for people: one sentence or two, then a table; as ks_show_leaks(). */
char *ks_show_online(GVariant *told, bool colour);
