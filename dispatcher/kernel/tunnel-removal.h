/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Deletes an interface that can carry a VPN, and no other: as a VPN's program that crashes does.
 * Returns 0 or a negative errno: -ENODEV, there is none of this name; -EOPNOTSUPP, it is of another
 * kind (ks_link_kind_is_tunnel()), a network card for example. */
int ks_tunnel_remove(const char *interface);
