/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/openvpn-remote.h"

#include "model/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define SEPARATORS " \t,"

/* A valid token is not longer: a host name with its final dot, a port, the longest protocol. */
#define TOKEN_MAX (KS_HOST_MAX + sizeof(".") + sizeof("65535") + sizeof("tcp4-client"))

/* NetworkManager-openvpn, shared/utils.h, NMOVPN_PROTCOL_TYPES. The 4 and 6 choose the family that
 * a name is resolved to; which addresses a name has is decided elsewhere. */
static const struct {
    const char *name;
    uint8_t number;
} protocols[] = {
    { "udp", IPPROTO_UDP },        { "udp4", IPPROTO_UDP },        { "udp6", IPPROTO_UDP },
    { "tcp", IPPROTO_TCP },        { "tcp4", IPPROTO_TCP },        { "tcp6", IPPROTO_TCP },
    { "tcp-client", IPPROTO_TCP }, { "tcp4-client", IPPROTO_TCP }, { "tcp6-client", IPPROTO_TCP },
};

/* Copies a literal IPv6 address, in brackets or not, without its brackets. */
static bool read_ipv6(const char *text, char ret_literal[INET6_ADDRSTRLEN])
{
    char literal[INET6_ADDRSTRLEN];
    size_t length = strlen(text);
    struct in6_addr address;

    if (length >= strlen("[]") && text[0] == '[' && text[length - 1] == ']') {
        text++;
        length -= strlen("[]");
    }
    if (length >= sizeof(literal))
        return false;
    memcpy(literal, text, length);
    literal[length] = '\0';
    if (inet_pton(AF_INET6, literal, &address) != 1)
        return false;

    memcpy(ret_literal, literal, length + 1);
    return true;
}

/* Cuts the last ":..." off `text` and returns what stands behind it; NULL if there is none. */
static char *cut_last_field(char *text)
{
    char literal[INET6_ADDRSTRLEN];
    char *colon = strrchr(text, ':');

    if (!colon || read_ipv6(text, literal))
        return NULL;
    *colon = '\0';
    return colon + 1;
}

static bool read_protocol(const char *text, uint8_t *ret_number)
{
    for (size_t i = 0; i < G_N_ELEMENTS(protocols); i++) {
        if (strcmp(protocols[i].name, text) == 0) {
            *ret_number = protocols[i].number;
            return true;
        }
    }
    return false;
}

/* Returns NULL for an invalid token. `token` is changed. */
static KsOpenvpnRemote *parse_token(char *token)
{
    char literal[INET6_ADDRSTRLEN];
    uint8_t protocol_number = 0;
    uint16_t port_number = 0;
    char *protocol = NULL;
    char *port;
    KsOpenvpnRemote *remote;

    if (!g_utf8_validate(token, -1, NULL))
        return NULL;

    port = cut_last_field(token);
    if (port) {
        char *before = cut_last_field(token);

        if (before) {
            protocol = port;
            port = before;
        }
    }

    if (token[0] == '\0')
        return NULL;
    if (port && port[0] != '\0' && !ks_port_parse(port, &port_number))
        return NULL;
    if (protocol && protocol[0] != '\0' && !read_protocol(protocol, &protocol_number))
        return NULL;

    remote = g_new0(KsOpenvpnRemote, 1);
    remote->host = g_strdup(read_ipv6(token, literal) ? literal : token);
    remote->port = port_number;
    remote->protocol = protocol_number;
    return remote;
}

GPtrArray *ks_openvpn_remotes_parse(const char *remotes, unsigned *ret_rejected)
{
    GPtrArray *array = g_ptr_array_new_with_free_func((GDestroyNotify) ks_openvpn_remote_free);
    unsigned rejected = 0;

    for (const char *next = remotes ? remotes : ""; *next != '\0';) {
        char token[TOKEN_MAX + 1];
        size_t length = strcspn(next, SEPARATORS);
        KsOpenvpnRemote *remote = NULL;

        if (length > 0 && length < sizeof(token) && array->len < KS_OPENVPN_REMOTES_MAX) {
            memcpy(token, next, length);
            token[length] = '\0';
            remote = parse_token(g_strstrip(token));
        }
        if (remote)
            g_ptr_array_add(array, remote);
        else if (length > 0)
            rejected++;

        next += length;
        if (*next != '\0')
            next++;
    }

    *ret_rejected = rejected;
    return array;
}

void ks_openvpn_remote_free(KsOpenvpnRemote *remote)
{
    if (!remote)
        return;
    g_free(remote->host);
    g_free(remote);
}
