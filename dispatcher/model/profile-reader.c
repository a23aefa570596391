/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/profile-reader.h"

#include "model/printable.h"

#include <string.h>

/* Foreign text is quoted in sentences for terminals and menus: at most so many columns. */
#define QUOTED_MAX 64

static bool is_this_machine(const char *host)
{
    return g_str_has_prefix(host, "127.") || strcmp(host, "::1") == 0;
}

static const char *why_host_is_refused(const char *host)
{
    KsAddress address;

    if (ks_address_parse(host, &address) && is_this_machine(host))
        return "is this machine: another program carries the VPN further, and the lock does not "
               "let that out. To use it, unlock first.";
    if (ks_address_parse(host, &address))
        return "is not the address of one other machine, so the lock does not let it out. Correct "
               "the profile in NetworkManager.";
    if (!g_str_is_ascii(host))
        return "has letters that names in the DNS cannot have, so the lock does not let it out. "
               "Write the name in its \"xn--\" form in the profile.";
    return "is neither an address nor a host name, so the lock does not let it out. Correct the "
           "profile in NetworkManager.";
}

/* What makes two servers the same: letter case and a final dot do not tell names apart. */
static char *make_key(const char *host, const KsVpnFlow *flow)
{
    g_autofree char *folded = g_ascii_strdown(host, -1);
    size_t length = strlen(folded);

    if (length > 0 && folded[length - 1] == '.')
        folded[length - 1] = '\0';
    return g_strdup_printf("%u/%u/%u/%s", flow->protocol, flow->port, flow->ipsec_only, folded);
}

char *ks_profile_reader_printable(const char *text)
{
    return g_strdelimit(ks_printable(text, QUOTED_MAX), "\"", '?');
}

void ks_profile_reader_warn(KsProfileReader *reader, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_ptr_array_add(reader->found->warnings, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

void ks_profile_reader_refuse(KsProfileReader *reader, const char *text, const char *why)
{
    const char *at = strrchr(text, '@');
    g_autofree char *without_user = at ? g_strconcat("…", at, NULL) : NULL; /* and no password */
    g_autofree char *printable = ks_profile_reader_printable(at ? without_user : text);

    if (reader->refused++ < KS_PROFILE_REFUSALS_SHOWN_MAX)
        ks_profile_reader_warn(reader, "The server \"%s\" of this VPN %s", printable, why);
}

bool ks_profile_reader_add(KsProfileReader *reader, const char *host, const KsVpnFlow *flow)
{
    g_autoptr(KsServer) server =
        ks_server_new(host, flow->protocol, flow->port, KS_SERVER_FROM_PROFILE);
    g_autofree char *key = NULL;

    if (!server) {
        ks_profile_reader_refuse(reader, host, why_host_is_refused(host));
        return false;
    }
    server->sender = flow->sender;
    server->ipsec_only = flow->ipsec_only;

    key = make_key(server->host, flow);
    if (g_hash_table_contains(reader->keys, key))
        return true;
    if (reader->found->servers->len >= KS_PROFILE_SERVERS_MAX) {
        reader->left_out++;
        return true;
    }
    g_hash_table_add(reader->keys, g_steal_pointer(&key));
    g_ptr_array_add(reader->found->servers, g_steal_pointer(&server));
    return true;
}

const char *ks_profile_reader_item(const KsProfileReader *reader, const char *key)
{
    GHashTable *data = reader->profile->data;
    const char *value = data ? g_hash_table_lookup(data, key) : NULL;

    return value && value[0] != '\0' ? value : NULL;
}

bool ks_profile_reader_port(KsProfileReader *reader, const char *key, uint16_t fallback,
                            uint16_t *ret_port)
{
    const char *text = ks_profile_reader_item(reader, key);
    g_autofree char *printable = NULL;
    uint16_t port = fallback;

    if (text && !ks_port_parse(text, &port)) {
        printable = ks_profile_reader_printable(text);
        ks_profile_reader_warn(
            reader,
            "The item \"%s\" of this VPN is \"%s\", which is not a port, so the lock lets "
            "nothing out on it. Correct the profile in NetworkManager.",
            key, printable);
        return false;
    }
    *ret_port = port;
    return true;
}
