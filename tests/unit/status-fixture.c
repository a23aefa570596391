/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status-fixture.h"

#include "model/server.h"

#include <netinet/in.h>
#include <string.h>

void add_vpn(KsWorld *world)
{
    KsVpn *vpn = ks_vpn_new("u-1", "Work", "openvpn");

    vpn->activity = KS_VPN_UP;
    g_strlcpy(vpn->interface, "tun0", sizeof(vpn->interface));
    vpn->index = TUNNEL;
    g_ptr_array_add(vpn->servers,
                    ks_server_new("192.0.2.1", IPPROTO_UDP, 1194, KS_SERVER_FROM_PROFILE));
    g_ptr_array_add(vpn->servers,
                    ks_server_new("vpn.example", IPPROTO_TCP, 443, KS_SERVER_FROM_OVERRIDE));
    g_ptr_array_add(vpn->warnings, g_strdup("One entry is odd."));
    g_ptr_array_add(world->vpns, vpn);
}

void set_up(Fixture *f, const void *data)
{
    const KsSettings settings = { .locked = true, .mode = KS_MODE_VPN };
    const KsLink links[] = {
        { .index = 1, .name = "lo", .loopback = true, .up = true },
        { .index = 2, .name = "eth0", .up = true, .default_route = true },
        { .index = TUNNEL, .name = "tun0", .up = true, .tunnel_kind = true, .default_route = true },
    };

    (void) data;
    f->engine = ks_engine_new(&settings, NULL);
    f->world = ks_world_new();
    f->world->manager_present = true;
    f->world->manager_settled = true;
    g_array_append_vals(f->world->links, links, G_N_ELEMENTS(links));
    f->lock = ks_lock_new();
    f->problems = g_ptr_array_new_with_free_func(g_free);
    f->facts = (KsStatusFacts){ .engine = f->engine, .world = f->world };
    f->held = &f->facts.held;
    f->held->lock = f->lock;
    f->held->problems = f->problems;
}

void tear_down(Fixture *f, const void *data)
{
    (void) data;
    ks_engine_free(f->engine);
    ks_world_free(f->world);
    ks_lock_free(f->lock);
    g_ptr_array_unref(f->problems);
}

void obey(Fixture *f)
{
    bool locked = ks_engine_settings(f->engine)->locked;

    ks_lock_copy(ks_engine_lock(f->engine), f->lock);
    g_ptr_array_set_size(f->problems, 0);
    *f->held =
        (KsHeld){ .present = locked, .intact = locked, .lock = f->lock, .problems = f->problems };
}

void look(Fixture *f)
{
    (void) ks_engine_observe(f->engine, f->world);
    obey(f);
}

void assert_state(const Fixture *f, const char *state)
{
    g_autoptr(GVariant) status = ks_status_describe(&f->facts);
    const char *told;
    gboolean verified;
    gboolean locked;

    g_assert_cmpstr(ks_status_state(&f->facts), ==, state);
    g_assert_true(g_variant_lookup(status, "state", "&s", &told));
    g_assert_true(g_variant_lookup(status, "verified", "b", &verified));
    g_assert_true(g_variant_lookup(status, "locked", "b", &locked));
    g_assert_cmpstr(told, ==, state);
    g_assert_cmpint(verified, ==, strcmp(state, "broken") != 0);
    g_assert_cmpint(verified, ==, ks_status_verified(&f->facts));
    g_assert_cmpint(locked, ==, f->held->present); /* the kernel's word, not the wish */
}

GVariant *member(GVariant *dictionary, const char *name)
{
    GVariant *value = g_variant_lookup_value(dictionary, name, NULL);

    g_assert_nonnull(value);
    return value;
}

bool warns(const Fixture *f, const char *text)
{
    g_autoptr(GVariant) status = ks_status_describe(&f->facts);
    g_autoptr(GVariant) warnings = member(status, "warnings");
    bool found = false;

    for (gsize i = 0; i < g_variant_n_children(warnings); i++) {
        g_autoptr(GVariant) warning = g_variant_get_child_value(warnings, i);

        found |= strstr(g_variant_get_string(warning, NULL), text) != NULL;
    }
    return found;
}

void assert_reason(const Fixture *f, const char *reason, const char *vpn)
{
    g_autoptr(GVariant) status = ks_status_describe(&f->facts);
    const char *told;

    g_assert_true(g_variant_lookup(status, "reason", "&s", &told));
    g_assert_cmpstr(told, ==, reason);
    g_assert_true(g_variant_lookup(status, "reason_vpn", "&s", &told));
    g_assert_cmpstr(told, ==, vpn);
}
