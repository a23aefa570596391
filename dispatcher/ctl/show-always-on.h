/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gio/gio.h>

/* What the guard's status says of the VPN that is always on, as lines for people: how it is, and
 * then a line for each network with a VPN of its own. Owned by the caller; none without the guard.
 */
char **ks_show_always_on(GVariant *status);
