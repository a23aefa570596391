/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What status says of another firewall that refuses, and whose packets are followed for it. */
#include "status-fixture.h"

#include "policy/exceptions.h"
#include "policy/traced.h"

#include <netinet/in.h>

static void refuse(GArray *refusals, KsTracedKind kind, KsRefusalHow how, const char *address)
{
    KsRefusal refusal = {
        .traced = { .kind = kind, .protocol = IPPROTO_UDP, .port = 1194, .index = TUNNEL },
        .how = how,
        .family = "ip",
        .table = "filter",
        .chain = "OUTPUT",
    };

    g_assert_true(ks_address_parse(address, &refusal.traced.address));
    g_array_set_size(refusals, 0);
    g_array_append_val(refusals, refusal);
}

static void test_refusals(Fixture *f, const void *data)
{
    g_autoptr(GArray) refusals = g_array_new(FALSE, TRUE, sizeof(KsRefusal));
    g_autoptr(GArray) traced = g_array_new(FALSE, TRUE, sizeof(KsTraced));
    g_autoptr(GArray) before = NULL;
    KsVpn *vpn;

    (void) data;
    add_vpn(f->world);
    look(f);
    vpn = g_ptr_array_index(f->world->vpns, 0);
    f->facts.refusals = refusals;
    refuse(refusals, KS_TRACED_TO_SERVER, KS_REFUSAL_DROPS, "192.0.2.1");
    g_assert_true(warns(f, "The chain OUTPUT of the table ip filter (another firewall) drops what "
                           "goes to the server of \"Work\" (192.0.2.1, udp, port 1194). "));
    refuse(refusals, KS_TRACED_FROM_SERVER, KS_REFUSAL_QUEUES, "192.0.2.1");
    g_assert_true(warns(f, "asks a program about what comes from the server of \"Work\""));
    refuse(refusals, KS_TRACED_TO_SERVER, KS_REFUSAL_UNSEEN, "192.0.2.1");
    g_assert_true(warns(f, "Something drops what goes to the server of \"Work\""));
    refuse(refusals, KS_TRACED_TO_TUNNEL, KS_REFUSAL_DROPS, "192.0.2.1");
    g_assert_true(warns(f, "drops all that programs have tried to send into \"Work\" (tun0)"));
    refuse(refusals, KS_TRACED_TO_SERVER, KS_REFUSAL_DROPS, "192.0.2.2"); /* nobody's any more */
    g_assert_false(warns(f, "OUTPUT"));

    /* what is followed: the tunnel and the server whose address is known, there and back */
    ks_traced_draw(f->engine, f->world, traced);
    g_assert_cmpuint(traced->len, ==, 4);
    g_assert_false(ks_traced_has_news(traced, traced));
    before = g_array_copy(traced);
    g_array_set_size(before, 2);
    g_assert_true(ks_traced_has_news(before, traced));
    g_assert_false(ks_traced_has_news(traced, before));
    vpn->attempt++;
    g_array_unref(before);
    before = g_array_copy(traced);
    ks_traced_draw(f->engine, f->world, traced);
    g_assert_true(ks_traced_has_news(before, traced));
    refuse(refusals, KS_TRACED_TO_SERVER, KS_REFUSAL_DROPS, "192.0.2.1");
    vpn->users = g_strsplit("alice", " ", -1);
    g_assert_false(warns(f, "OUTPUT"));
}

static void test_frames(Fixture *f, const void *data)
{
    static const uint16_t types[] = { 0x88e5, 0x1234 };

    (void) data;
    look(f);
    g_assert_false(warns(f, "frames of type"));
    f->facts.frame_types = types;
    f->facts.frame_types_count = G_N_ELEMENTS(types);
    g_assert_true(warns(f, "frames of type 0x88e5 (MACsec) on a network card"));
    g_assert_true(warns(f, "frames of type 0x1234 (unknown to us)"));
    add_vpn(f->world);
    look(f);
    g_assert_false(warns(f, "frames of type"));
}

static void steer(KsWorld *world, KsSteered how, const char *address, uint8_t prefix)
{
    KsSteering steering = {
        .index = g_array_index(world->links, KsLink, 0).index,
        .prefix = prefix,
        .how = how,
    };

    g_assert_true(ks_address_parse(address, &steering.destination));
    g_array_append_val(world->steerings, steering);
}

static void test_networks(Fixture *f, const void *data)
{
    (void) data;
    add_vpn(f->world);
    steer(f->world, KS_STEERED_BY_DHCP, "203.0.113.0", 24);
    g_assert_false(warns(f, "public addresses")); /* no VPN is up yet */
    look(f);
    assert_state(f, "protected");
    g_assert_true(warns(f, "steers public addresses past the VPN by DHCP: 203.0.113.0/24. "));
    steer(f->world, KS_STEERED_BY_DHCP, "0.0.0.0", 1);
    steer(f->world, KS_STEERED_BY_ROUTER, "2001:db8:113::", 48);
    steer(f->world, KS_STEERED_LOCAL, "5.6.7.0", 24);
    g_assert_true(warns(f, "past the VPN by DHCP: 203.0.113.0/24 and 1 more. "));
    g_assert_true(warns(f, "A router of the network"));
    g_assert_true(warns(f, "its own local network: 5.6.7.0/24. "));
    g_assert_true(warns(f, "nothing leaks"));
    g_array_set_size(f->world->steerings, 0);
    g_assert_false(warns(f, "public addresses"));
}

static void except(KsExceptions *exceptions, const char *name, const char *to)
{
    KsExceptionWish wish = { .name = name, .to = to, .protocol = "tcp", .confirmed = true };
    g_autoptr(GError) error = NULL;

    wish.first_port = wish.last_port = 443;
    g_assert_true(ks_exceptions_add(exceptions, &wish, NULL, 0, &error));
}

/* What an exception lets out the network leads past the VPN. */
static void test_networks_and_exceptions(Fixture *f, const void *data)
{
    g_autoptr(KsExceptions) exceptions = ks_exceptions_new();

    (void) data;
    add_vpn(f->world);
    except(exceptions, "elsewhere", "198.51.100.9");
    f->world->exceptions = exceptions;
    steer(f->world, KS_STEERED_BY_DHCP, "203.0.113.0", 24);
    steer(f->world, KS_STEERED_LOCAL, "198.18.5.0", 24);
    look(f);
    assert_state(f, "protected");
    g_assert_true(warns(f, "nothing leaks"));
    g_assert_false(warns(f, "allow"));
    except(exceptions, "web", "203.0.113.9");
    look(f);
    g_assert_true(warns(f, "What the exception \"web\" allows leaves in clear there, past the VPN. "
                           "The lock refuses the rest: it cannot be reached"));
    g_assert_true(warns(f, "own local network: 198.18.5.0/24. The lock refuses what goes there"));
    except(exceptions, "all of it", "198.18.0.0/16");
    except(exceptions, "mail", "203.0.113.10");
    look(f);
    g_assert_true(warns(f, "What the exception \"web\" and 1 more allow leaves in clear there"));
    g_assert_true(warns(f, "What the exception \"all of it\" allows"));
    g_assert_false(warns(f, "nothing leaks"));
}

static void test_login(Fixture *f, const void *data)
{
    KsVpn *vpn;

    (void) data;
    f->facts.pause_max = 60;
    f->world->network_mark = 5;
    add_vpn(f->world);
    vpn = g_ptr_array_index(f->world->vpns, 0);
    vpn->activity = KS_VPN_DOWN;
    look(f);
    assert_reason(f, "no-vpn", "");
    g_assert_false(warns(f, "in a browser"));
    vpn->failure = KS_FAILURE_TIMEOUT;
    g_assert_true(warns(f, "If the network wants a login in a browser"));
    f->world->network_mark = 0; /* there is no network */
    g_assert_false(warns(f, "in a browser"));
    f->world->login_mark = 4;
    f->world->network_mark = 5; /* another one than that which wanted it */
    vpn->failure = KS_FAILURE_NONE;
    g_assert_false(warns(f, "in a browser"));
    f->world->login_mark = 5;
    g_assert_true(
        warns(f, "wanted a login in a browser when that could be seen last. If it still "));
    g_assert_true(warns(f, "no page can be opened while locked. To open the lock for it: "
                           "nm-killswitch pause 5m. Meanwhile all programs send without the VPN."));
    g_assert_false(warns(f, "nm-killswitch lock."));
    f->facts.pause_max = 0;
    g_assert_true(warns(f, "To open the lock for it: nm-killswitch unlock. Meanwhile all "));
    g_assert_true(warns(f, "To close it again: nm-killswitch lock."));
    f->facts.unlock_forbidden = true;
    g_assert_true(warns(f, "allows neither pausing nor unlocking: use another network."));
    g_assert_false(warns(f, "nm-killswitch "));
    (void) ks_engine_set_locked(f->engine, false);
    look(f);
    assert_state(f, "unlocked");
    g_assert_true(warns(f, "The network wants a login in a browser, and no VPN"));
    g_assert_false(warns(f, "while locked"));
    g_assert_true(warns(f, "connect the VPN. Meanwhile all programs send without the VPN."));
    vpn->activity = KS_VPN_UP;
    look(f);
    g_assert_false(warns(f, "in a browser"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    CASE("refusals", test_refusals);
    CASE("frames", test_frames);
    CASE("networks", test_networks);
    CASE("networks-and-exceptions", test_networks_and_exceptions);
    CASE("login", test_login);
    return g_test_run();
}
