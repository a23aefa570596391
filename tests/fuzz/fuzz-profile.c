/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: lines. The first is the service, empty for WireGuard; then vpn.data's items as key=value,
 * or WireGuard's endpoints. */
#include "fuzz.h"
#include "model/printable.h"
#include "model/profile.h"

#include <netinet/in.h>
#include <string.h>

/* As bounded as the sentences about profiles are meant to be. */
#define WARNINGS_MAX      16u
#define WARNING_BYTES_MAX (384 + KS_PRINTABLE_BYTES_MAX(KS_PRINTABLE_NAME_COLUMNS))

static void check_server(GHashTable *seen, const KsServer *server)
{
    KsAddress address;

    FUZZ_CHECK(ks_server_host_is_valid(server->host));
    FUZZ_CHECK((server->port > 0) == ks_protocol_has_ports(server->protocol));
    FUZZ_CHECK(server->source == KS_SERVER_FROM_PROFILE);
    FUZZ_CHECK(server->sender != KS_SENDER_UNKNOWN);
    FUZZ_CHECK(!server->ipsec_only || server->protocol == IPPROTO_UDP);
    FUZZ_CHECK(ks_address_parse(server->host, &address) == (ks_address_size(&server->address) > 0));
    FUZZ_CHECK(ks_address_size(&server->address) == 0 || ks_address_is_unicast(&server->address));
    FUZZ_CHECK(g_hash_table_add(
        seen, g_strdup_printf("%u %s %u", server->protocol, server->host, server->port)));
}

static void check_warning(const char *warning)
{
    FUZZ_CHECK(g_utf8_validate(warning, -1, NULL));
    FUZZ_CHECK(strlen(warning) < WARNING_BYTES_MAX);
    for (; *warning; warning = g_utf8_next_char(warning))
        FUZZ_CHECK(g_unichar_isprint(g_utf8_get_char(warning)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *) data, size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GHashTable) items = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(KsProfileServers) found = NULL;
    KsProfile profile = { 0 };

    if (lines[0] && lines[0][0]) {
        profile.service = lines[0];
        profile.data = items;
        for (char **line = lines + 1; *line; line++) {
            char *equals = strchr(*line, '=');

            if (!equals)
                continue;
            *equals = '\0';
            g_hash_table_insert(items, *line, equals + 1);
        }
    } else if (lines[0]) {
        profile.peers = (const char *const *) lines + 1;
    }

    found = ks_profile_servers(&profile);
    FUZZ_CHECK(found->servers->len <= KS_PROFILE_SERVERS_MAX);
    FUZZ_CHECK(found->warnings->len <= WARNINGS_MAX);
    FUZZ_CHECK(found->servers->len > 0 || found->warnings->len > 0);
    for (unsigned i = 0; i < found->servers->len; i++)
        check_server(seen, g_ptr_array_index(found->servers, i));
    for (unsigned i = 0; i < found->warnings->len; i++)
        check_warning(g_ptr_array_index(found->warnings, i));
    return 0;
}
