/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The exceptions of a status (a{sv}) for people, translated, names in them made harmless. */

/* One: "NAS: 192.0.2.0/24, tcp 443, until 14:32:05". Owned by the caller. */
char *ks_show_exception(GVariant *exception);

/* Where answers go if this one lets in who is not in a local network, and a VPN carries all
 * traffic. NULL: nothing is to be said now. Owned by the caller. */
char *ks_show_exception_answers(GVariant *status, GVariant *exception);

/* All, a line each. Owned by the caller. */
char *ks_show_exceptions(GVariant *status);

/* A sentence that counts them; NULL: there are none, or it is not locked. Owned by the caller. */
char *ks_show_exceptions_count(GVariant *status);
