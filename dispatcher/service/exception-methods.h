/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "guard/guard.h"

/* What the methods about exceptions do, with their arguments on the bus. */

bool ks_method_add_exception(KsGuard *guard, KsGuardDoing doing, GVariant *arguments,
                             GError **error);
bool ks_method_add_service(KsGuard *guard, KsGuardDoing doing, GVariant *arguments, GError **error);
bool ks_method_remove_exception(KsGuard *guard, KsGuardDoing doing, GVariant *arguments,
                                GError **error);

/* They open some of what LAN access does; a service for anybody is for the local network, too. */
bool ks_method_is_private_exception(GVariant *arguments);
bool ks_method_is_private_service(GVariant *arguments);
