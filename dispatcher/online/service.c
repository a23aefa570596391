/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "online/service.h"

#include <curl/curl.h>
#include <glib.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

static unsigned place_of(uint8_t family)
{
    return family == AF_INET ? 0 : 1;
}

/* Literal addresses of IPv6 stand in brackets there. */
static char *without_brackets(const char *host)
{
    size_t length = strlen(host);

    return host[0] == '[' && length > 2 ? g_strndup(host + 1, length - 2) : g_strdup(host);
}

static bool take(const struct addrinfo *found, KsService *service)
{
    char text[KS_ADDRESS_TEXT_SIZE];
    KsAddress address;
    KsAddress *place;

    if (getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof(text), NULL, 0,
                    NI_NUMERICHOST) != 0 ||
        !ks_address_parse(text, &address))
        return true; /* with a zone: no service on the internet has one */
    if (!ks_address_is_unicast(&address) || ks_address_is_private(&address) ||
        ks_address_is_loopback(&address))
        return false;
    place = &service->addresses[place_of(address.family)];
    if (place->family == AF_UNSPEC)
        *place = address;
    return true;
}

static const char *look_up(const char *host, KsService *service)
{
    struct addrinfo wanted = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    bool is_public = true;

    if (getaddrinfo(host, NULL, &wanted, &found) != 0)
        return "name";
    for (const struct addrinfo *each = found; each; each = each->ai_next)
        is_public = take(each, service) && is_public;
    freeaddrinfo(found);
    if (!is_public)
        return "not-public";
    return service->addresses[0].family || service->addresses[1].family ? NULL : "name";
}

/* The part of the URL, a copy; NULL: there is none. */
static char *part_of(CURLU *url, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    char *copy = NULL;

    if (curl_url_get(url, part, &text, flags) == CURLUE_OK)
        copy = g_strdup(text);
    curl_free(text);
    return copy;
}

static const char *find(CURLU *url, const char *text, KsService *ret_service)
{
    g_autofree char *scheme = NULL;
    g_autofree char *written = NULL;
    g_autofree char *host = NULL;
    g_autofree char *port = NULL;

    if (strlen(text) > KS_SERVICE_URL_MAX || !g_str_is_ascii(text) ||
        curl_url_set(url, CURLUPART_URL, text, CURLU_DISALLOW_USER) != CURLUE_OK)
        return "url";
    scheme = part_of(url, CURLUPART_SCHEME, 0);
    written = part_of(url, CURLUPART_HOST, 0);
    port = part_of(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    ret_service->port = port ? (uint16_t) g_ascii_strtoull(port, NULL, 10) : 0;
    if (!written || ret_service->port == 0 ||
        (g_strcmp0(scheme, "http") != 0 && g_strcmp0(scheme, "https") != 0))
        return "url";
    host = without_brackets(written);
    return look_up(host, ret_service);
}

const char *ks_service_find(const char *url, KsService *ret_service)
{
    CURLU *parts = curl_url();
    const char *why = parts ? find(parts, url, ret_service) : "url";

    curl_url_cleanup(parts);
    ret_service->url = g_strdup(url);
    return why;
}

void ks_service_clear(KsService *service)
{
    g_clear_pointer(&service->url, g_free);
}
