/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose end opens the lock in the mode drops, where what is disconnected elsewhere counts. The
 * orders of events are in test-engine-orders.c; here are private VPNs, and what is no person's. */
#include "policy/engine.h"

#include <string.h>

#define OURS   "0000" /* everybody's */
#define ANNES  "aaaa" /* private */
#define SECOND "2222" /* everybody's */

static const char *const uuids[] = { OURS, ANNES, SECOND };

typedef struct {
    KsWorld *world;
    KsEngine *engine;
    bool counts;
} Machine;

static KsVpn *vpn_of(const Machine *machine, const char *uuid)
{
    return (KsVpn *) ks_world_vpn(machine->world, uuid);
}

static bool look(Machine *machine)
{
    ks_engine_observe(machine->engine, machine->world);
    return ks_engine_heed_ends(machine->engine, machine->world, machine->counts);
}

static void begin(Machine *machine)
{
    static const char *const anne[] = { "anne", NULL };
    KsSettings settings = KS_SETTINGS_DEFAULT;

    settings.mode = KS_MODE_DROPS;
    machine->counts = true;
    machine->world = ks_world_new();
    machine->world->manager_present = machine->world->manager_settled = true;
    for (unsigned i = 0; i < G_N_ELEMENTS(uuids); i++) {
        KsLink link = { .index = 10 + i, .up = true, .tunnel_kind = true, .default_route = true };
        KsVpn *vpn = ks_vpn_new(uuids[i], uuids[i], "wireguard");

        g_snprintf(link.name, sizeof(link.name), "wg%u", i);
        g_strlcpy(vpn->interface, link.name, sizeof(vpn->interface));
        vpn->index = link.index;
        g_array_append_val(machine->world->links, link);
        g_ptr_array_add(machine->world->vpns, vpn);
    }
    vpn_of(machine, ANNES)->users = g_strdupv((char **) anne);
    machine->engine = ks_engine_new(&settings, NULL);
    g_assert_false(look(machine));
}

static void end(Machine *machine)
{
    ks_engine_free(machine->engine);
    ks_world_free(machine->world);
}

static bool come_up(Machine *machine, const char *uuid)
{
    vpn_of(machine, uuid)->activity = KS_VPN_UP;
    vpn_of(machine, uuid)->ended_by_person = false;
    g_assert_false(look(machine));
    return ks_engine_settings(machine->engine)->locked;
}

static bool drop(Machine *machine, const char *uuid)
{
    vpn_of(machine, uuid)->activity = KS_VPN_DOWN;
    return look(machine);
}

static bool be_ended(Machine *machine, const char *uuid)
{
    vpn_of(machine, uuid)->ended_by_person = true;
    return drop(machine, uuid);
}

/* ---- cases ---- */

static void test_counts(void)
{
    Machine machine;

    begin(&machine);
    g_assert_true(come_up(&machine, OURS));
    g_assert_true(be_ended(&machine, OURS));
    g_assert_false(ks_engine_settings(machine.engine)->locked);
    g_assert_false(look(&machine));

    g_assert_true(come_up(&machine, OURS)); /* NetworkManager's reason may come later */
    g_assert_false(drop(&machine, OURS));
    g_assert_true(be_ended(&machine, OURS));

    g_assert_true(ks_engine_set_locked(machine.engine, true)); /* a person's own lock: the same */
    come_up(&machine, OURS);
    g_assert_true(be_ended(&machine, OURS));
    end(&machine);
}

static void test_does_not_count(void)
{
    Machine machine;

    begin(&machine);
    machine.counts = false;
    come_up(&machine, OURS);
    g_assert_false(be_ended(&machine, OURS));
    machine.counts = true; /* from now on */
    g_assert_false(look(&machine));

    come_up(&machine, OURS); /* the guard's own asking: connecting.c, disconnecting.c */
    vpn_of(&machine, OURS)->ended_here = true;
    g_assert_false(be_ended(&machine, OURS));
    vpn_of(&machine, OURS)->ended_here = false;
    g_assert_false(look(&machine));

    vpn_of(&machine, OURS)->locks = KS_VPN_LOCKS_NO;
    come_up(&machine, OURS);
    g_assert_false(be_ended(&machine, OURS));
    vpn_of(&machine, OURS)->locks = KS_VPN_LOCKS_AUTO;

    ks_engine_set_mode(machine.engine, KS_MODE_VPN);
    come_up(&machine, OURS);
    g_assert_false(be_ended(&machine, OURS));
    ks_engine_set_mode(machine.engine, KS_MODE_DROPS);
    g_assert_false(look(&machine));

    come_up(&machine, OURS);
    come_up(&machine, SECOND);
    g_assert_false(be_ended(&machine, OURS)); /* the other is up */
    g_assert_false(drop(&machine, SECOND));   /* and drops */
    g_assert_true(ks_engine_settings(machine.engine)->locked);

    come_up(&machine, OURS); /* NetworkManager ends */
    machine.world->manager_settled = false;
    g_assert_false(be_ended(&machine, OURS));
    machine.world->manager_settled = true;
    g_assert_false(look(&machine));
    end(&machine);
}

/* A deleted profile's UUID may be anybody's next. */
static void test_deleted(void)
{
    Machine machine;
    KsVpn *kept;

    begin(&machine);
    come_up(&machine, SECOND);
    kept = ks_vpn_copy(vpn_of(&machine, SECOND));
    g_ptr_array_set_size(machine.world->vpns, 2);
    g_assert_false(look(&machine));
    kept->activity = KS_VPN_DOWN;
    kept->ended_by_person = true;
    g_ptr_array_add(machine.world->vpns, kept);
    g_assert_false(look(&machine));
    g_assert_true(ks_engine_settings(machine.engine)->locked);
    end(&machine);
}

static void test_private(void)
{
    Machine machine;

    begin(&machine);
    come_up(&machine, ANNES); /* it closed the lock, and opens it */
    g_assert_true(be_ended(&machine, ANNES));

    ks_engine_set_locked(machine.engine, true); /* somebody else's lock */
    come_up(&machine, ANNES);
    g_assert_false(be_ended(&machine, ANNES));

    come_up(&machine, OURS); /* another VPN's lock, which has dropped */
    drop(&machine, OURS);
    come_up(&machine, ANNES);
    g_assert_false(be_ended(&machine, ANNES));

    ks_engine_set_locked(machine.engine, false);
    come_up(&machine, ANNES); /* it closed, and another relied on that */
    come_up(&machine, OURS);
    drop(&machine, OURS);
    g_assert_false(be_ended(&machine, ANNES));

    ks_engine_set_locked(machine.engine, false);
    come_up(&machine, ANNES); /* it closed, and a person said so, too */
    ks_engine_set_locked(machine.engine, true);
    g_assert_false(be_ended(&machine, ANNES));
    g_assert_true(ks_engine_settings(machine.engine)->locked);
    end(&machine);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine/ends/count", test_counts);
    g_test_add_func("/engine/ends/do-not-count", test_does_not_count);
    g_test_add_func("/engine/ends/deleted", test_deleted);
    g_test_add_func("/engine/ends/private", test_private);
    return g_test_run();
}
