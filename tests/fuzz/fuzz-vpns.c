/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: <state>/vpns. */
#include "fuzz.h"
#include "model/server.h"
#include "policy/vpns.h"

#include <string.h>

static void check_entry(GHashTable *seen, const KsVpnEntry *entry)
{
    FUZZ_CHECK(ks_uuid_is_valid(entry->uuid));
    FUZZ_CHECK(g_hash_table_add(seen, entry->uuid));
    FUZZ_CHECK(strlen(entry->name) <= KS_VPN_NAME_MAX && g_utf8_validate(entry->name, -1, NULL));
    FUZZ_CHECK((entry->interface[0] != '\0') == (entry->name[0] != '\0'));
    FUZZ_CHECK(!entry->overlay || (entry->interface[0] && entry->locks == KS_VPN_LOCKS_NO));
    FUZZ_CHECK(memchr(entry->interface, '\0', sizeof(entry->interface)));
    FUZZ_CHECK(!strpbrk(entry->interface, "/: \t\n"));
    FUZZ_CHECK(entry->servers->len <= KS_VPN_SERVERS_MAX);
    for (unsigned i = 0; i < entry->servers->len; i++) {
        const KsServer *server = g_ptr_array_index(entry->servers, i);

        FUZZ_CHECK(ks_server_host_is_valid(server->host));
        FUZZ_CHECK((server->port > 0) == ks_protocol_has_ports(server->protocol));
    }
}

/* What was read is written so that it is read as the same again. */
static void check_written(const KsVpns *vpns)
{
    g_autofree char *text = ks_vpns_to_text(vpns);
    g_autoptr(KsVpns) again = ks_vpns_from_text(text, strlen(text), NULL);
    g_autofree char *text_again = again ? ks_vpns_to_text(again) : NULL;

    FUZZ_CHECK(g_strcmp0(text, text_again) == 0);
}

static void check_applied(const KsVpns *vpns)
{
    g_autoptr(KsWorld) world = ks_world_new();

    ks_vpns_apply(vpns, world);
    FUZZ_CHECK(world->vpns->len <= ks_vpns_count(vpns));
    ks_vpns_apply(vpns, world); /* and none of them twice */
    FUZZ_CHECK(world->vpns->len <= ks_vpns_count(vpns));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strndup((const char *) data, size);
    g_autoptr(KsVpns) vpns = ks_vpns_from_text(text, strlen(text), &error);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    unsigned servers = 0;

    FUZZ_CHECK(!vpns == !!error);
    if (!vpns)
        return 0;
    FUZZ_CHECK(ks_vpns_count(vpns) <= KS_VPNS_MAX);
    for (unsigned i = 0; i < ks_vpns_count(vpns); i++) {
        check_entry(seen, ks_vpns_get(vpns, i));
        servers += ks_vpns_get(vpns, i)->servers->len;
    }
    FUZZ_CHECK(servers <= KS_VPNS_SERVERS);
    check_written(vpns);
    check_applied(vpns);
    return 0;
}
