/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/endpoint.h"

#include "model/address.h"
#include "model/server.h"

#include <string.h>
#include <sys/socket.h>

#define SCHEME_END "://"

/* openconnect, http.c, internal_parse_url(), for the schemes and their ports; a server's must be
 * https (openconnect, library.c, openconnect_parse_url()), a proxy's one of the others (http.c,
 * openconnect_set_http_proxy()). */
static const struct {
    const char *name;
    KsEndpointForm form;
    uint16_t port;
} schemes[] = {
    { "https", KS_ENDPOINT_URL, 443 },
    { "http", KS_ENDPOINT_PROXY, 80 },
    { "socks", KS_ENDPOINT_PROXY, 1080 },
    { "socks5", KS_ENDPOINT_PROXY, 1080 },
};

static bool is_ipv6(const char *text)
{
    KsAddress address;

    return ks_address_parse(text, &address) && address.family == AF_INET6;
}

/* Reads the scheme at the start of `*text`, if there is one, and steps over it. */
static bool skip_scheme(char **text, KsEndpointForm form, uint16_t *ret_port)
{
    char *end = strstr(*text, SCHEME_END);

    if (!end)
        return true;
    for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++) {
        size_t length = strlen(schemes[i].name);

        if (schemes[i].form == form && (size_t) (end - *text) == length &&
            g_ascii_strncasecmp(*text, schemes[i].name, length) == 0) {
            *ret_port = schemes[i].port;
            *text = end + strlen(SCHEME_END);
            return true;
        }
    }
    return false;
}

/* Cuts ":port" off the end of `host`, in place. The port stays as it is if there is none. */
static bool cut_port(char *host, uint16_t *ret_port)
{
    char *bracket = strrchr(host, ']');
    char *colon = strrchr(bracket ? bracket : host, ':');

    if (!colon || is_ipv6(host))
        return true;
    *colon = '\0';
    return ks_port_parse(colon + 1, ret_port);
}

/* Takes the brackets off, in place. False if they hold anything but IPv6. */
static bool take_brackets_off(char *host)
{
    size_t length = strlen(host);

    if (host[0] != '[')
        return true;
    if (host[length - 1] != ']')
        return false;
    host[length - 1] = '\0';
    memmove(host, host + 1, length - 1);
    return is_ipv6(host);
}

bool ks_endpoint_parse(const char *text, KsEndpointForm form, KsEndpoint *ret_endpoint)
{
    g_autofree char *copy = g_strdup(text);
    char *host = copy;
    uint16_t port = 0;

    if (form == KS_ENDPOINT_URL || form == KS_ENDPOINT_PROXY) {
        if (!skip_scheme(&host, form, &port))
            return false;
        host[strcspn(host, "/")] = '\0';
    }
    if (form == KS_ENDPOINT_PROXY) {
        char *at = strchr(host, '@');

        if (at)
            host = at + 1;
    }
    if (form != KS_ENDPOINT_HOST && !cut_port(host, &port))
        return false;
    if (!take_brackets_off(host))
        return false;

    ret_endpoint->host = g_strdup(host);
    ret_endpoint->port = port;
    return true;
}

void ks_endpoint_clear(KsEndpoint *endpoint)
{
    g_clear_pointer(&endpoint->host, g_free);
}
