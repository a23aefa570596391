/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Deletes the interface of this index, if it can carry a VPN and still has this name: as a VPN's
 * program that crashes does. Returns 0 or a negative errno: -ENODEV, there is none, or its name is
 * another; -EOPNOTSUPP, it is of another kind (ks_link_kind_is_tunnel()), a network card for
 * example. */
int ks_tunnel_remove(int index, const char *interface);
