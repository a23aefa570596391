/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/world.h"

#include <gio/gio.h>

/* A network that an exception is for alone (ADR 47): known as for LAN access, by NetworkManager's
 * connection and by what it was when that was said (model/place.h). */
typedef struct {
    char *uuid;  /* NULL: the exception is for all networks, and there is nothing else here */
    char *place; /* never an open Wi-Fi's */
    char *name;  /* of then */
} KsExceptionNetwork;

void ks_exception_network_copy(const KsExceptionNetwork *from, KsExceptionNetwork *ret_to);
void ks_exception_network_clear(KsExceptionNetwork *network);

/* Each is one that could have been found. */
bool ks_exception_network_is_valid(const KsExceptionNetwork *network);

/* One that is connected now. False with KS_ERROR_INVALID_ARGUMENTS: it is not, or cannot be known
 * again. To be cleared. */
bool ks_exception_network_find(const KsWorld *world, const char *uuid,
                               KsExceptionNetwork *ret_network, GError **error);

/* Some packet goes by both. */
bool ks_exception_networks_meet(const KsExceptionNetwork *a, const KsExceptionNetwork *b);

/* The interface by which `there` carries it now; 0: it does not. */
uint32_t ks_exception_network_index(const KsExceptionNetwork *network, const KsWorld *world,
                                    const KsNetwork *there);

/* It is for all, or some interface carries it. */
bool ks_exception_network_is_here(const KsExceptionNetwork *network, const KsWorld *world);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KsExceptionNetwork, ks_exception_network_clear)
