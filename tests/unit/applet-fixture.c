/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet-fixture.h"

#include "model/server.h"

KsGuardState *guard_from(const char *properties)
{
    g_autoptr(GVariant) parsed =
        g_variant_parse(G_VARIANT_TYPE_VARDICT, properties, NULL, NULL, NULL);

    g_assert_nonnull(parsed);
    return ks_guard_state_read(parsed);
}

void model_init(Fixture *fixture, KsGuardState *guard)
{
    KsVpn *office = ks_vpn_new("u1", "office", "openvpn");

    fixture->vpns = g_ptr_array_new_with_free_func((GDestroyNotify) ks_vpn_free);
    g_ptr_array_unref(office->servers);
    office->servers = g_ptr_array_new_with_free_func((GDestroyNotify) ks_server_free);
    g_ptr_array_add(office->servers,
                    ks_server_new("vpn.example", 17, 1194, KS_SERVER_FROM_PROFILE));
    g_ptr_array_add(fixture->vpns, office);
    fixture->model = (KsModel){
        .guard = guard,
        .vpns = fixture->vpns,
        .manager_ready = true,
        .dropped = "",
        .last = "",
        .now = NOW,
    };
    fixture->model.permissions[KS_REQUEST_LOCK] = KS_PERMISSION_YES;
    fixture->model.permissions[KS_REQUEST_LAN_OFF] = KS_PERMISSION_YES;
    fixture->model.permissions[KS_REQUEST_RESUME] = KS_PERMISSION_YES;
    fixture->model.permissions[KS_REQUEST_UNLOCK] = KS_PERMISSION_ASK;
    fixture->model.permissions[KS_REQUEST_LAN_ON] = KS_PERMISSION_ASK;
    fixture->model.permissions[KS_REQUEST_PAUSE] = KS_PERMISSION_ASK;
}

void model_clear(Fixture *fixture)
{
    ks_guard_state_free((KsGuardState *) fixture->model.guard);
    g_ptr_array_unref(fixture->vpns);
}

KsVpn *first_vpn(const Fixture *fixture)
{
    return g_ptr_array_index(fixture->vpns, 0);
}
