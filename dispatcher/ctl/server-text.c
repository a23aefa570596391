/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/server-text.h"

#include "model/server.h"

#include <string.h>

static const struct {
    const char *name;
    bool has_ports;
} protocols[] = {
    { "udp", true }, { "tcp", true }, { "esp", false }, { "ah", false }, { "gre", false },
};

static int find_protocol(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(protocols); i++)
        if (strcmp(protocols[i].name, name) == 0)
            return (int) i;
    return -1;
}

/* "[v6]" without its brackets; NULL if they do not match or nothing is left. */
static char *without_brackets(const char *host, bool may_be_bare)
{
    size_t length = strlen(host);

    if (length > 2 && host[0] == '[' && host[length - 1] == ']')
        return g_strndup(host + 1, length - 2);
    if (length == 0 || strpbrk(host, "[]/") || (!may_be_bare && strchr(host, ':')))
        return NULL;
    return g_strdup(host);
}

bool ks_server_text_parse(const char *text, char **ret_host, const char **ret_protocol,
                          uint16_t *ret_port)
{
    const char *slash = strrchr(text, '/');
    int protocol = slash ? find_protocol(slash + 1) : -1;
    g_autofree char *where = NULL;
    uint16_t port = 0;
    char *colon;
    char *host;

    if (protocol < 0)
        return false;
    where = g_strndup(text, (gsize) (slash - text));
    if (protocols[protocol].has_ports) {
        colon = strrchr(where, ':');
        if (!colon || !ks_port_parse(colon + 1, &port))
            return false;
        *colon = '\0';
    }
    host = without_brackets(where, !protocols[protocol].has_ports);
    if (!host)
        return false;
    *ret_host = host;
    *ret_protocol = protocols[protocol].name;
    *ret_port = port;
    return true;
}
