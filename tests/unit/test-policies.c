/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPsec's policies as the kernel tells them, and the VPN that has nothing else to show that it
 * carries all traffic: no default route, perhaps no interface. */
#include "kernel/policies.h"
#include "model/server.h"
#include "policy/engine.h"

#include <netinet/in.h>

#include <libmnl/libmnl.h>
#include <linux/xfrm.h>
#include <string.h>

#define UUID   "1b5ec"
#define LINK   6u
#define OFFICE "198.51.100.20"

typedef struct {
    struct xfrm_userpolicy_info policy;
    struct xfrm_user_tmpl template;
    uint32_t interface;
    size_t template_size;
    uint16_t type;
} Told;

static KsVpn *add_strongswan(KsWorld *world)
{
    KsVpn *vpn = ks_vpn_new(UUID, "Office", "strongswan");
    KsServer *esp = ks_server_new(OFFICE, IPPROTO_ESP, 0, KS_SERVER_FROM_PROFILE);

    esp->sender = KS_SENDER_KERNEL;
    g_ptr_array_add(vpn->servers, esp);
    vpn->activity = KS_VPN_UP;
    g_ptr_array_add(world->vpns, vpn);
    world->manager_present = world->manager_settled = true;
    return vpn;
}

/* What strongSwan 5.9.8 sets for a VPN that carries all of IPv4. */
static Told told_everything(void)
{
    Told told = {
        .policy = { .dir = XFRM_POLICY_OUT, .action = XFRM_POLICY_ALLOW },
        .template = { .mode = XFRM_MODE_TUNNEL, .family = AF_INET },
        .template_size = sizeof(told.template),
        .type = XFRM_MSG_NEWPOLICY,
    };

    told.policy.sel.family = AF_INET;
    told.policy.sel.prefixlen_s = 32;
    told.policy.sel.saddr.a4 = htonl(0xc6336432);
    told.template.id.proto = IPPROTO_ESP;
    return told;
}

static KsWorld *world_told(const Told *told)
{
    uint8_t buffer[1024] = { 0 };
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
    KsWorld *world = ks_world_new();

    message->nlmsg_type = told->type;
    memcpy(mnl_nlmsg_put_extra_header(message, sizeof(told->policy)), &told->policy,
           sizeof(told->policy));
    if (told->template_size > 0)
        mnl_attr_put(message, XFRMA_TMPL, told->template_size, &told->template);
    if (told->interface > 0)
        mnl_attr_put_u32(message, XFRMA_IF_ID, told->interface);
    ks_policies_take(message, world);
    return world;
}

static bool is_everything(const Told *told)
{
    g_autoptr(KsWorld) world = world_told(told);

    return world->ipsec_default;
}

/* Whether the VPN of the office has a policy, by this word of the kernel's. */
static bool has_policy(const Told *told)
{
    g_autoptr(KsWorld) world = world_told(told);

    return ks_world_has_policy(world, add_strongswan(world));
}

static void test_told(void)
{
    Told told = told_everything();

    g_assert_true(is_everything(&told));
    told.policy.sel.family = AF_INET6;
    g_assert_true(is_everything(&told));
}

/* Each differs in one thing from the one that is everything. */
static void test_told_otherwise(void)
{
    Told others[14];

    for (unsigned i = 0; i < G_N_ELEMENTS(others); i++)
        others[i] = told_everything();
    others[0].policy.sel.prefixlen_d = 1;
    others[1].policy.dir = XFRM_POLICY_IN;
    others[2].policy.dir = XFRM_POLICY_FWD;
    others[3].policy.dir = XFRM_POLICY_MAX + 1; /* of one socket */
    others[4].policy.action = XFRM_POLICY_BLOCK;
    others[5].policy.sel.proto = IPPROTO_UDP;
    others[6].policy.sel.dport_mask = 0xffff;
    others[7].template.mode = XFRM_MODE_TRANSPORT;
    others[8].template.id.proto = IPPROTO_COMP;
    others[9].template_size = 0; /* let through as it is */
    others[10].template_size = sizeof(others[10].template) - 1;
    others[11].interface = 42;
    others[12].type = XFRM_MSG_DELPOLICY;
    others[13].policy.sel.family = AF_UNIX;
    for (unsigned i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_false(is_everything(&others[i]));
}

/* A policy for one company's network counts as well; it leads to the VPN's server, in a tunnel. */
static void test_peer(void)
{
    Told told = told_everything();
    Told others[7];

    g_assert_false(has_policy(&told)); /* to nobody */
    told.template.id.daddr.a4 = htonl(0xc6336414);
    g_assert_true(has_policy(&told));
    told.policy.sel.prefixlen_d = 24;
    g_assert_true(has_policy(&told));
    for (unsigned i = 0; i < G_N_ELEMENTS(others); i++)
        others[i] = told;
    others[0].template.id.daddr.a4 = htonl(0xc6336415);
    others[1].template.family = AF_INET6;
    others[2].template.family = AF_UNIX;
    others[3].template.mode = XFRM_MODE_TRANSPORT;
    others[4].policy.dir = XFRM_POLICY_IN;
    others[5].policy.action = XFRM_POLICY_BLOCK;
    others[6].interface = 42;
    for (unsigned i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_false(has_policy(&others[i]));
}

static void check_locks(bool with_link)
{
    KsSettings settings = KS_SETTINGS_DEFAULT;
    g_autoptr(KsEngine) engine = ks_engine_new(&settings, NULL);
    g_autoptr(KsWorld) world = ks_world_new();
    KsAddress address = { .family = AF_INET, .bytes = { 198, 51, 100, 50 } };
    KsLinkAddress on_link = { .index = LINK, .address = address };
    KsLink link = { .index = LINK, .name = "tun0", .up = true, .tunnel_kind = true };
    KsVpn *vpn = add_strongswan(world);
    KsAddress office;

    g_assert_true(ks_address_parse(OFFICE, &office));
    g_array_append_val(vpn->addresses, address);
    if (with_link) {
        g_array_append_val(world->links, link);
        g_array_append_val(world->link_addresses, on_link);
    }
    g_assert_false(ks_engine_observe(engine, world)); /* it may carry one company's network */
    world->ipsec_default = true;
    g_array_append_val(world->ipsec_peers, office);
    g_assert_true(ks_engine_observe(engine, world));
    g_assert_cmpstr(ks_engine_locked_by(engine), ==, "Office");
    g_assert_cmpint(ks_lock_has_interface(ks_engine_lock(engine), LINK), ==, with_link);
    g_assert_false(ks_lock_has_interface(ks_engine_lock(engine), 0));

    g_assert_true(ks_engine_set_locked(engine, false)); /* unlocked until it comes up again */
    g_assert_false(ks_engine_observe(engine, world));
    vpn->activity = KS_VPN_DOWN;
    world->ipsec_default = false;
    g_assert_false(ks_engine_observe(engine, world));
    vpn->activity = KS_VPN_UP;
    world->ipsec_default = true;
    g_assert_true(ks_engine_observe(engine, world));
}

static void test_locks(void)
{
    check_locks(true);
    check_locks(false);
}

/* Another VPN's policies are none of OpenVPN's. */
static void test_only_ipsec(void)
{
    KsSettings settings = KS_SETTINGS_DEFAULT;
    g_autoptr(KsEngine) engine = ks_engine_new(&settings, NULL);
    g_autoptr(KsWorld) world = ks_world_new();
    KsVpn *vpn = add_strongswan(world);

    g_ptr_array_set_size(vpn->servers, 0);
    g_free(vpn->type);
    vpn->type = g_strdup("openvpn");
    world->ipsec_default = true;
    g_assert_false(ks_engine_observe(engine, world));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policies/told", test_told);
    g_test_add_func("/policies/told-otherwise", test_told_otherwise);
    g_test_add_func("/policies/peer", test_peer);
    g_test_add_func("/policies/locks", test_locks);
    g_test_add_func("/policies/only-ipsec", test_only_ipsec);
    return g_test_run();
}
