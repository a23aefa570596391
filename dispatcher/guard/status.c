/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/status.h"

#include "config.h"
#include "model/server.h"

static GVariant *describe_tunnels(const KsEngine *engine)
{
    const GArray *tunnels = ks_engine_tunnels(engine);
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
    for (unsigned i = 0; i < tunnels->len; i++) {
        const KsTunnel *tunnel = &g_array_index(tunnels, KsTunnel, i);

        g_variant_builder_open(&builder, G_VARIANT_TYPE("a{sv}"));
        g_variant_builder_add(&builder, "{sv}", "interface",
                              g_variant_new_string(tunnel->interface));
        g_variant_builder_add(&builder, "{sv}", "uuid", g_variant_new_string(tunnel->uuid));
        g_variant_builder_add(&builder, "{sv}", "name", g_variant_new_string(tunnel->name));
        g_variant_builder_add(&builder, "{sv}", "type", g_variant_new_string(tunnel->type));
        g_variant_builder_close(&builder);
    }
    return g_variant_builder_end(&builder);
}

static void add_server(GVariantBuilder *builder, const KsVpn *vpn, const KsServer *server)
{
    char address[KS_ADDRESS_TEXT_SIZE];
    char protocol[4];

    g_variant_builder_open(builder, G_VARIANT_TYPE("a{sv}"));
    g_variant_builder_add(builder, "{sv}", "uuid", g_variant_new_string(vpn->uuid));
    g_variant_builder_add(builder, "{sv}", "name", g_variant_new_string(vpn->name));
    g_variant_builder_add(builder, "{sv}", "type", g_variant_new_string(vpn->type));
    g_variant_builder_add(builder, "{sv}", "host", g_variant_new_string(server->host));
    g_variant_builder_add(builder, "{sv}", "address",
                          g_variant_new("ms", server->address.family == AF_UNSPEC
                                                  ? NULL
                                                  : ks_address_text(&server->address, address)));
    g_variant_builder_add(builder, "{sv}", "protocol",
                          g_variant_new_string(ks_protocol_name(server->protocol, protocol)));
    g_variant_builder_add(builder, "{sv}", "port", g_variant_new_uint16(server->port));
    g_variant_builder_add(builder, "{sv}", "source",
                          g_variant_new_string(ks_server_source_name(server->source)));
    g_variant_builder_close(builder);
}

static GVariant *describe_servers(const KsWorld *world)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
    for (unsigned i = 0; i < world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(world->vpns, i);

        for (unsigned j = 0; j < vpn->servers->len; j++)
            add_server(&builder, vpn, g_ptr_array_index(vpn->servers, j));
    }
    return g_variant_builder_end(&builder);
}

static GVariant *describe_warnings(const KsStatusFacts *facts)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE_STRING_ARRAY);
    for (unsigned i = 0; i < KS_STATUS_PROBLEMS_MAX; i++)
        if (facts->problems[i])
            g_variant_builder_add(&builder, "s", facts->problems[i]);
    if (ks_engine_overflow(facts->engine))
        g_variant_builder_add(&builder, "s", ks_engine_overflow(facts->engine));
    for (unsigned i = 0; facts->held->present && i < facts->held->problems->len; i++) {
        g_autofree char *text =
            g_strdup_printf("The lock in the kernel was changed: %s.",
                            (char *) g_ptr_array_index(facts->held->problems, i));

        g_variant_builder_add(&builder, "s", text);
    }
    if (!facts->world->manager_present)
        g_variant_builder_add(&builder, "s",
                              "NetworkManager is not running. The lock stays as it is; new VPN "
                              "connections are let through when it is back.");
    for (unsigned i = 0; i < facts->world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(facts->world->vpns, i);

        for (unsigned j = 0; j < vpn->warnings->len; j++) {
            g_autofree char *text =
                g_strdup_printf("%s: %s", vpn->name, (char *) g_ptr_array_index(vpn->warnings, j));

            g_variant_builder_add(&builder, "s", text);
        }
    }
    return g_variant_builder_end(&builder);
}

static GVariant *describe_layers(const KsReadback *held)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&builder, "{sv}", "inet",
                          g_variant_new_boolean(ks_readback_is_intact(held)));
    g_variant_builder_add(&builder, "{sv}", "egress", g_variant_new_boolean(FALSE));
    g_variant_builder_add(&builder, "{sv}", "owned",
                          g_variant_new_boolean(ks_readback_is_owned(held)));
    return g_variant_builder_end(&builder);
}

static GVariant *describe_blocked(const KsReadback *held)
{
    GVariantBuilder builder;
    uint64_t packets =
        held->packets[KS_COUNTER_BLOCKED_OUT] + held->packets[KS_COUNTER_BLOCKED_FORWARD];
    uint64_t bytes = held->bytes[KS_COUNTER_BLOCKED_OUT] + held->bytes[KS_COUNTER_BLOCKED_FORWARD];

    g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&builder, "{sv}", "packets", g_variant_new_uint64(packets));
    g_variant_builder_add(&builder, "{sv}", "bytes", g_variant_new_uint64(bytes));
    return g_variant_builder_end(&builder);
}

static GVariant *describe_pause(const KsReadback *held)
{
    g_autoptr(GDateTime) now = NULL;
    g_autoptr(GDateTime) end = NULL;
    g_autofree char *text = NULL;

    if (held->pause_ms > 0) {
        now = g_date_time_new_now_utc();
        end = g_date_time_add(now, (GTimeSpan) held->pause_ms * G_TIME_SPAN_MILLISECOND);
        text = g_date_time_format(end, "%Y-%m-%dT%H:%M:%SZ");
    }
    return g_variant_new("ms", text);
}

bool ks_status_verified(const KsStatusFacts *facts)
{
    bool locked = ks_engine_settings(facts->engine)->locked;

    if (facts->trouble || facts->held->present != locked)
        return false;
    return !locked || (ks_readback_is_intact(facts->held) &&
                       ks_lock_equal(facts->held->lock, ks_engine_lock(facts->engine)));
}

const char *ks_status_state(const KsStatusFacts *facts)
{
    if (!ks_status_verified(facts))
        return "broken";
    if (!facts->held->present)
        return "unlocked";
    if (facts->held->pause_ms > 0)
        return "paused";
    return ks_lock_tunnels(facts->held->lock) > 0 ? "protected" : "blocked";
}

GVariant *ks_status_describe(const KsStatusFacts *facts)
{
    const KsSettings *settings = ks_engine_settings(facts->engine);
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&builder, "{sv}", "version", g_variant_new_string(KS_VERSION));
    g_variant_builder_add(&builder, "{sv}", "state", g_variant_new_string(ks_status_state(facts)));
    g_variant_builder_add(&builder, "{sv}", "locked", g_variant_new_boolean(facts->held->present));
    g_variant_builder_add(&builder, "{sv}", "auto_lock",
                          g_variant_new_boolean(settings->auto_lock));
    g_variant_builder_add(&builder, "{sv}", "lan", g_variant_new_boolean(settings->lan));
    g_variant_builder_add(&builder, "{sv}", "paused_until", describe_pause(facts->held));
    g_variant_builder_add(&builder, "{sv}", "tunnels", describe_tunnels(facts->engine));
    g_variant_builder_add(&builder, "{sv}", "servers", describe_servers(facts->world));
    g_variant_builder_add(&builder, "{sv}", "layers", describe_layers(facts->held));
    g_variant_builder_add(&builder, "{sv}", "verified",
                          g_variant_new_boolean(ks_status_verified(facts)));
    g_variant_builder_add(&builder, "{sv}", "blocked", describe_blocked(facts->held));
    g_variant_builder_add(&builder, "{sv}", "warnings", describe_warnings(facts));
    return g_variant_ref_sink(g_variant_builder_end(&builder));
}
