/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/status-always-on.h"

#include <string.h>

const char *ks_always_on_state_name(KsAlwaysOnState state)
{
    static const char *const names[] = {
        [KS_ALWAYS_ON_OFF] = "off",
        [KS_ALWAYS_ON_UP] = "up",
        [KS_ALWAYS_ON_CONNECTING] = "connecting",
        [KS_ALWAYS_ON_WAITING] = "waiting",
    };

    return names[state];
}

const char *ks_wait_name(KsWait wait)
{
    static const char *const names[KS_WAIT_MAX] = {
        [KS_WAIT_NOTHING] = "",
        [KS_WAIT_MANAGER] = "manager-away",
        [KS_WAIT_NETWORK] = "no-network",
        [KS_WAIT_PORTAL] = "portal",
        [KS_WAIT_PERSON] = "disconnected",
        [KS_WAIT_OTHER] = "other-vpn",
        [KS_WAIT_PROFILE] = "no-profile",
        [KS_WAIT_LOGIN] = "nobody-logged-in",
        [KS_WAIT_DROPPED] = "dropped",
        [KS_WAIT_FAILED] = "failed",
        [KS_WAIT_NEEDS_PERSON] = "needs-person",
    };

    return names[wait];
}

/* Those that everybody may see; a profile that has become one user's alone has no name here. */
static const char *name_of(const KsWorld *world, const char *uuid)
{
    const KsVpn *vpn = ks_world_vpn(world, uuid);

    return vpn && !vpn->manual && !vpn->users ? vpn->name : "";
}

static GVariant *describe_vpns(const KsStatusFacts *facts, const char *const *uuids)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
    for (unsigned i = 0; uuids && uuids[i]; i++) {
        g_variant_builder_open(&builder, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(&builder, "{sv}", "uuid", g_variant_new_string(uuids[i]));
        g_variant_builder_add(&builder, "{sv}", "name",
                              g_variant_new_string(name_of(facts->world, uuids[i])));
        g_variant_builder_close(&builder);
    }
    return g_variant_builder_end(&builder);
}

GVariant *ks_status_always_on(const KsStatusFacts *facts)
{
    const KsAlwaysOnView *view = &facts->always_on;
    bool is_told = view->failure != KS_FAILURE_NONE;
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&builder, "{sv}", "vpns", describe_vpns(facts, facts->always_on_uuids));
    g_variant_builder_add(&builder, "{sv}", "here", describe_vpns(facts, facts->always_on_here));
    g_variant_builder_add(&builder, "{sv}", "state",
                          g_variant_new_string(ks_always_on_state_name(view->state)));
    g_variant_builder_add(&builder, "{sv}", "vpn",
                          g_variant_new_string(view->uuid ? view->uuid : ""));
    g_variant_builder_add(&builder, "{sv}", "reason",
                          g_variant_new_string(ks_wait_name(view->wait)));
    g_variant_builder_add(&builder, "{sv}", "failure",
                          g_variant_new_string(is_told ? ks_failure_name(view->failure) : ""));
    g_variant_builder_add(&builder, "{sv}", "next_try",
                          g_variant_new_uint64((guint64) facts->always_on_next));
    g_variant_builder_add(
        &builder, "{sv}", "source",
        g_variant_new_string(facts->always_on_source ? facts->always_on_source : ""));
    return g_variant_builder_end(&builder);
}
