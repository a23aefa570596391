/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/server.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define DNS_PORT          53
#define DNS_OVER_TLS_PORT 853

#define HOST_LABEL_MAX 63 /* RFC 1035, 2.3.4 */

static bool is_name_character(char c)
{
    return g_ascii_isalnum(c) || c == '-' || c == '_';
}

/* inet_aton(3) and getaddrinfo(3) read "127.1", "2130706433" and "0x7f.1" as addresses. A name
 * whose last label is a number is never one in the DNS (RFC 3696, 2), so it is refused. */
static bool is_number(const char *label, size_t length)
{
    if (length >= 2 && label[0] == '0' && g_ascii_tolower(label[1]) == 'x')
        return true;
    for (size_t i = 0; i < length; i++) {
        if (!g_ascii_isdigit(label[i]))
            return false;
    }
    return true;
}

static bool host_name_is_valid(const char *name)
{
    size_t length = strnlen(name, KS_HOST_MAX + sizeof(".")); /* one more than any valid name */
    size_t start = 0;                                         /* of the current label */

    if (length > 0 && name[length - 1] == '.')
        length--;
    if (length > KS_HOST_MAX)
        return false;

    for (size_t i = 0; i < length; i++) {
        if (name[i] == '.') {
            if (i == start)
                return false;
            start = i + 1;
        } else if (!is_name_character(name[i]) || i - start >= HOST_LABEL_MAX) {
            return false;
        }
    }
    return start < length && !is_number(name + start, length - start);
}

KsServer *ks_server_new(const char *host, uint8_t protocol, uint16_t port, KsServerSource source)
{
    char text[KS_ADDRESS_TEXT_SIZE];
    KsServer *server;

    if (!ks_server_host_is_valid(host))
        return NULL;

    server = g_new0(KsServer, 1);
    if (ks_address_parse(host, &server->address))
        host = ks_address_text(&server->address, text);
    server->host = g_strdup(host);
    server->protocol = protocol;
    server->port = port;
    server->source = source;
    return server;
}

KsServer *ks_server_copy(const KsServer *server)
{
    KsServer *copy = g_new(KsServer, 1);

    *copy = *server;
    copy->host = g_strdup(server->host);
    return copy;
}

void ks_server_free(KsServer *server)
{
    if (!server)
        return;
    g_free(server->host);
    g_free(server);
}

bool ks_server_equal(const KsServer *a, const KsServer *b)
{
    return a->protocol == b->protocol && a->port == b->port && a->source == b->source &&
           a->sender == b->sender && a->ipsec_only == b->ipsec_only && a->floated == b->floated &&
           ks_address_compare(&a->address, &b->address) == 0 &&
           g_ascii_strcasecmp(a->host, b->host) == 0;
}

bool ks_server_host_is_valid(const char *host)
{
    KsAddress address;

    if (!host)
        return false;
    if (ks_address_parse(host, &address))
        return ks_address_is_unicast(&address);
    return host_name_is_valid(host);
}

bool ks_port_is_name_servers(uint16_t port)
{
    return port == DNS_PORT || port == DNS_OVER_TLS_PORT;
}

bool ks_port_parse(const char *text, uint16_t *ret_port)
{
    unsigned port = 0;

    if (!text || text[0] == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (!g_ascii_isdigit(*text))
            return false;
        port = port * 10 + (unsigned) (*text - '0');
        if (port > UINT16_MAX)
            return false;
    }
    if (port == 0)
        return false;

    *ret_port = (uint16_t) port;
    return true;
}

const char *ks_protocol_name(uint8_t protocol, char buffer[4])
{
    switch (protocol) {
    case IPPROTO_UDP:
        return "udp";
    case IPPROTO_TCP:
        return "tcp";
    case IPPROTO_ESP:
        return "esp";
    case IPPROTO_AH:
        return "ah";
    case IPPROTO_GRE:
        return "gre";
    case IPPROTO_ICMP:
        return "icmp";
    case IPPROTO_ICMPV6:
        return "ipv6-icmp";
    default:
        snprintf(buffer, sizeof("255"), "%u", protocol);
        return buffer;
    }
}

bool ks_protocol_parse(const char *name, uint8_t *ret_protocol)
{
    static const uint8_t named[] = { IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ESP, IPPROTO_AH,
                                     IPPROTO_GRE };
    char buffer[4];

    for (unsigned i = 0; i < G_N_ELEMENTS(named); i++) {
        if (strcmp(name, ks_protocol_name(named[i], buffer)) != 0)
            continue;
        *ret_protocol = named[i];
        return true;
    }
    return false;
}

const char *ks_server_source_name(KsServerSource source)
{
    switch (source) {
    case KS_SERVER_FROM_PROFILE:
        return "profile";
    case KS_SERVER_FROM_OVERRIDE:
        return "override";
    case KS_SERVER_FROM_MANUAL:
        return "manual";
    }
    return "unknown"; /* not one of ours */
}

const char *ks_sender_name(KsSender sender)
{
    switch (sender) {
    case KS_SENDER_DAEMON:
        return "daemon";
    case KS_SENDER_LOGIN_AS_USER:
        return "login-as-user";
    case KS_SENDER_KERNEL:
        return "kernel";
    case KS_SENDER_UNKNOWN:
        break;
    }
    return "unknown";
}

bool ks_protocol_has_ports(uint8_t protocol)
{
    return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}
