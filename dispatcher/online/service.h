/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/address.h"
#include "model/world.h"

/* The service that is asked. */
typedef struct {
    char *url;
    uint16_t port;
    KsAddress addresses[KS_FAMILIES]; /* IPv4, IPv6; AF_UNSPEC: it has none */
} KsService;

/* Longer ones are refused. */
#define KS_SERVICE_URL_MAX 2048u

/* Looks it up by the usual way, once: all ways then ask the same machine, and no question for its
 * name takes another. Returns NULL, or a word: `url` (not http or https, or with a user's name),
 * `name` (no address was found), `not-public` (one of its addresses is not on the internet). */
const char *ks_service_find(const char *url, KsService *ret_service);
void ks_service_clear(KsService *service);
