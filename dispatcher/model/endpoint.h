/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* How VPN profiles write where they connect to: taken apart, not yet a server. Whether the host is
 * one is for ks_server_new() to say. */

typedef enum {
    KS_ENDPOINT_HOST,      /* a host and nothing else; brackets around IPv6 are allowed */
    KS_ENDPOINT_HOST_PORT, /* host, host:port, [v6], [v6]:port, or IPv6 without brackets */
    KS_ENDPOINT_URL,       /* the same, with https:// before it and /path behind it, or neither */
    KS_ENDPOINT_PROXY,     /* http://, socks:// or socks5://, and user:password@ before the host */
} KsEndpointForm;

typedef struct {
    char *host;    /* owned; without brackets, not checked */
    uint16_t port; /* what the text or its scheme says; 0: neither does */
} KsEndpoint;

/* Returns false, and leaves `ret_endpoint` alone, for text that is not of this form: an unknown
 * scheme, a port that is empty or not 1..65535, brackets around anything but IPv6. The caller
 * clears the endpoint. */
bool ks_endpoint_parse(const char *text, KsEndpointForm form, KsEndpoint *ret_endpoint);
void ks_endpoint_clear(KsEndpoint *endpoint);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KsEndpoint, ks_endpoint_clear)
