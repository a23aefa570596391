/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/status-sharing.h"

#include "model/hotspot.h"

static const char *name_of(KsSharing sharing)
{
    static const char *const names[] = {
        [KS_SHARING_SERVED] = "served",         [KS_SHARING_AWAY] = "away",
        [KS_SHARING_LEADS_OUT] = "leads-out",   [KS_SHARING_NOT_SHARED] = "not-shared",
        [KS_SHARING_OTHER_CARD] = "other-card",
    };

    return names[sharing];
}

GVariant *ks_status_sharing(const KsStatusFacts *facts)
{
    const KsSettings *settings = ks_engine_settings(facts->engine);
    char **cards = settings->shared_cards;
    char **places = settings->shared_places;
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
    for (unsigned i = 0; cards && places && cards[i] && places[i]; i++) {
        KsSharing sharing = ks_hotspots_judge(facts->world, cards[i], places[i]);

        g_variant_builder_open(&builder, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(&builder, "{sv}", "interface", g_variant_new_string(cards[i]));
        g_variant_builder_add(&builder, "{sv}", "state", g_variant_new_string(name_of(sharing)));
        g_variant_builder_close(&builder);
    }
    return g_variant_builder_end(&builder);
}
