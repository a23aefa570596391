/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/translations.h"

#include "model/name-policy.h"
#include "model/server.h"

#include <string.h>

struct KsTranslations {
    KsTranslation found[KS_TRANSLATIONS_MAX]; /* the one told last comes last */
    unsigned count;
};

KsTranslations *ks_translations_new(void)
{
    return g_new0(KsTranslations, 1);
}

void ks_translations_free(KsTranslations *translations)
{
    g_free(translations);
}

void ks_translations_forget(KsTranslations *translations)
{
    translations->count = 0;
}

/* Moves it to the end, where it stays longest. False: it was not known. */
static bool renew(KsTranslations *translations, const KsTranslation *told)
{
    for (unsigned i = 0; i < translations->count; i++) {
        if (!ks_translation_equal(&translations->found[i], told))
            continue;
        for (; i + 1 < translations->count; i++)
            translations->found[i] = translations->found[i + 1];
        translations->found[i] = *told;
        return true;
    }
    return false;
}

static void add(KsTranslations *translations, const KsTranslation *told)
{
    if (translations->count == KS_TRANSLATIONS_MAX) {
        for (unsigned i = 1; i < KS_TRANSLATIONS_MAX; i++)
            translations->found[i - 1] = translations->found[i];
        translations->count--;
    }
    translations->found[translations->count++] = *told;
}

bool ks_translations_learn(KsTranslations *translations, const KsAddress *addresses, unsigned count,
                           bool *ret_any)
{
    unsigned added = 0;

    *ret_any = false;
    for (unsigned i = 0; i < count && added < KS_TRANSLATIONS_MAX; i++) {
        KsTranslation told;

        if (!ks_translation_find(&addresses[i], &told))
            continue;
        *ret_any = true;
        /* the well-known one needs nobody's word */
        if (ks_translation_equal(&told, &ks_translation_well_known) || renew(translations, &told))
            continue;
        add(translations, &told);
        added++;
    }
    return added > 0;
}

GArray *ks_translations_read(const KsTranslations *translations, const KsAddress *addresses,
                             unsigned count)
{
    GArray *read = g_array_sized_new(FALSE, FALSE, sizeof(KsAddress), count);

    for (unsigned i = 0; i < count; i++) {
        KsAddress address = addresses[i];

        for (unsigned j = 0; j < translations->count; j++)
            if (ks_translation_is_local(&translations->found[j]) &&
                ks_translation_extract(&translations->found[j], &addresses[i], &address))
                break;
        g_array_append_val(read, address);
    }
    return read;
}

/* The n-th place where this network has the address; false: there are no more, or it has none. */
static bool translate(const KsTranslations *translations, const KsAddress *address, unsigned n,
                      KsAddress *ret_address)
{
    if (address->family != AF_INET || n > translations->count || ks_name_refusal(address))
        return false;
    *ret_address = ks_translation_embed(
        n == 0 ? &ks_translation_well_known : &translations->found[n - 1], address);
    return true;
}

static void apply_to(const KsTranslations *translations, KsVpn *vpn)
{
    GPtrArray *servers = g_ptr_array_new_with_free_func((GDestroyNotify) ks_server_free);
    KsAddress address;

    for (unsigned i = 0; i < vpn->servers->len; i++) {
        const KsServer *server = g_ptr_array_index(vpn->servers, i);

        g_ptr_array_add(servers, ks_server_copy(server));
        for (unsigned n = 0; translate(translations, &server->address, n, &address); n++) {
            KsServer *one = ks_server_copy(server);

            one->address = address;
            one->translated = true;
            g_ptr_array_add(servers, one);
        }
    }
    g_ptr_array_unref(vpn->servers); /* others may have it, too */
    vpn->servers = servers;
}

void ks_translations_apply(const KsTranslations *translations, KsWorld *world)
{
    unsigned endpoints = world->wireguard_endpoints->len;

    world->translations_count = 0;
    if (!world->ipv6_only)
        return;
    memcpy(world->translations, translations->found, sizeof(translations->found));
    world->translations_count = translations->count;
    for (unsigned i = 0; i < world->vpns->len; i++)
        apply_to(translations, g_ptr_array_index(world->vpns, i));
    for (unsigned i = 0; i < endpoints; i++) {
        KsWireguardEndpoint endpoint =
            g_array_index(world->wireguard_endpoints, KsWireguardEndpoint, i);
        const KsAddress address = endpoint.address;

        for (unsigned n = 0; translate(translations, &address, n, &endpoint.address); n++)
            g_array_append_val(world->wireguard_endpoints, endpoint);
    }
}
