/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which link the hook's words name. All orders of them are in test-engine-orders.c; here is each
 * that has a reason of its own. */
#include "policy/engine.h"

#include <string.h>
#include <sys/socket.h>

#define UUID    "f0f0"
#define OWN     11u /* the VPN's link */
#define ANOTHER 12u /* a link that comes later */

typedef struct {
    KsWorld *world;
    KsVpn *vpn;
    KsEngine *engine;
} Fixture;

static const KsAddress address = { AF_INET, { 198, 51, 100, 130 } };
static const KsAddress of_stranger = { AF_INET, { 203, 0, 113, 9 } };

static void begin_engine(Fixture *f, const char *const *known_up)
{
    KsSettings settings = KS_SETTINGS_DEFAULT;

    g_clear_pointer(&f->engine, ks_engine_free);
    f->engine = ks_engine_new(&settings, known_up);
}

static void set_up(Fixture *f, const void *data)
{
    (void) data;
    f->world = ks_world_new();
    f->world->manager_present = f->world->manager_settled = true;
    f->vpn = ks_vpn_new(UUID, "VPN", "openvpn");
    f->vpn->activity = KS_VPN_CONNECTING;
    g_ptr_array_add(f->world->vpns, f->vpn);
    begin_engine(f, NULL);
}

static void tear_down(Fixture *f, const void *data)
{
    (void) data;
    ks_engine_free(f->engine);
    ks_world_free(f->world);
}

static void add_link(Fixture *f, const char *name, uint32_t index, const KsAddress *given)
{
    KsLink link = { .index = index, .up = true, .tunnel_kind = true, .default_route = true };
    KsLinkAddress on_link = { .index = index, .address = *given };

    g_strlcpy(link.name, name, sizeof(link.name));
    g_array_append_val(f->world->links, link);
    g_array_append_val(f->world->link_addresses, on_link);
}

static void remove_links(Fixture *f)
{
    g_array_set_size(f->world->links, 0);
    g_array_set_size(f->world->link_addresses, 0);
}

/* Loopback is always there. */
static void replace_links(Fixture *f)
{
    KsLink loopback = { .index = 1, .name = "lo", .loopback = true, .up = true };

    remove_links(f);
    g_array_append_val(f->world->links, loopback);
}

/* The link that is open after this word, 0: none. */
static uint32_t look(Fixture *f)
{
    const GArray *tunnels;

    (void) ks_engine_observe(f->engine, f->world);
    tunnels = ks_engine_tunnels(f->engine);
    g_assert_cmpuint(tunnels->len, <=, 1);
    return tunnels->len > 0 ? g_array_index(tunnels, KsTunnel, 0).index : 0;
}

static uint32_t hear(Fixture *f, KsAction action, const char *interface)
{
    KsEvent event = { .action = action, .uuid = UUID };

    g_strlcpy(event.interface, interface, sizeof(event.interface));
    ks_engine_hear(f->engine, &event);
    return look(f);
}

static void connect_vpn(Fixture *f)
{
    f->vpn->activity = KS_VPN_UP;
    g_array_append_val(f->vpn->addresses, address);
}

static void test_the_second_word_confirms(Fixture *f, const void *data)
{
    (void) data;
    add_link(f, "tun0", OWN, &address);
    g_assert_cmpuint(hear(f, KS_ACTION_VPN_PRE_UP, "tun0"), ==, OWN);
    connect_vpn(f);
    g_assert_cmpuint(hear(f, KS_ACTION_VPN_UP, "tun0"), ==, OWN);
    g_assert_cmpuint(hear(f, KS_ACTION_VPN_UP, "tun9"), ==, OWN);
    g_assert_cmpuint(hear(f, KS_ACTION_VPN_UP, ""), ==, OWN);
    g_assert_cmpuint(hear(f, KS_ACTION_REAPPLY, "tun9"), ==, OWN);
}

static void test_a_stranger_between_the_words(Fixture *f, const void *data)
{
    (void) data;
    add_link(f, "tun0", OWN, &address);
    g_assert_cmpuint(hear(f, KS_ACTION_VPN_PRE_UP, "tun0"), ==, OWN);
    connect_vpn(f);
    replace_links(f);
    add_link(f, "tun0", ANOTHER, &of_stranger);
    g_assert_cmpuint(hear(f, KS_ACTION_VPN_UP, "tun0"), ==, 0);
}

/* A plugin that makes another tun, and gives NetworkManager its addresses without leaving its
 * state, makes it say nothing. */
static void test_another_link_of_its_own(Fixture *f, const void *data)
{
    (void) data;
    add_link(f, "tun0", OWN, &address);
    g_assert_cmpuint(hear(f, KS_ACTION_VPN_PRE_UP, "tun0"), ==, OWN);
    connect_vpn(f);
    replace_links(f);
    add_link(f, "tun0", ANOTHER, &address);
    g_assert_cmpuint(look(f), ==, ANOTHER);
}

/* One that goes back to connecting makes it say both words again. */
static void test_the_first_word_again(Fixture *f, const void *data)
{
    (void) data;
    add_link(f, "tun0", OWN, &of_stranger); /* NetworkManager has not told of addresses yet */
    g_assert_cmpuint(hear(f, KS_ACTION_VPN_PRE_UP, "tun0"), ==, OWN);
    replace_links(f);
    add_link(f, "tun0", ANOTHER, &of_stranger);
    g_assert_cmpuint(look(f), ==, 0);
    g_assert_cmpuint(hear(f, KS_ACTION_VPN_PRE_UP, "tun0"), ==, ANOTHER);
}

/* No script in pre-up.d, a guard that hung, or was away. */
static void test_the_first_word_was_lost(Fixture *f, const void *data)
{
    (void) data;
    add_link(f, "tun0", OWN, &address);
    g_assert_cmpuint(look(f), ==, 0);
    g_assert_cmpuint(hear(f, KS_ACTION_VPN_UP, "tun0"), ==, 0);
    connect_vpn(f); /* what NetworkManager tells, and the kernel, needs no word */
    g_assert_cmpuint(look(f), ==, OWN);
    g_assert_cmpuint(hear(f, KS_ACTION_VPN_UP, "tun0"), ==, OWN);
    g_assert_cmpuint(hear(f, KS_ACTION_VPN_DOWN, "tun0"), ==, 0);
    g_assert_cmpuint(hear(f, KS_ACTION_VPN_UP, "tun0"), ==, OWN);
    replace_links(f);
    add_link(f, "tun0", ANOTHER, &of_stranger);
    g_assert_cmpuint(hear(f, KS_ACTION_VPN_UP, "tun0"), ==, 0);
}

/* Between the words; two links have the address, and only the guard before knew which is it. */
static void test_a_guard_that_started_again(Fixture *f, const void *data)
{
    static const char *const known_up[] = { UUID " 11", NULL };

    (void) data;
    add_link(f, "tun0", OWN, &address);
    add_link(f, "tun1", ANOTHER, &address);
    connect_vpn(f);
    begin_engine(f, known_up);
    g_assert_cmpuint(look(f), ==, OWN);
    g_assert_cmpuint(hear(f, KS_ACTION_VPN_UP, "tun0"), ==, OWN);
    begin_engine(f, known_up);
    g_assert_cmpuint(hear(f, KS_ACTION_VPN_UP, "tun1"), ==, OWN);
    begin_engine(f, NULL);
    g_assert_cmpuint(hear(f, KS_ACTION_VPN_UP, "tun0"), ==, 0);
}

static void test_a_name_that_comes_later(Fixture *f, const void *data)
{
    (void) data;
    replace_links(f);
    g_assert_cmpuint(hear(f, KS_ACTION_VPN_PRE_UP, "tun0"), ==, 0);
    add_link(f, "tun0", ANOTHER, &of_stranger);
    g_assert_cmpuint(look(f), ==, 0);
}

/* Memory is short for a moment: that was no look. */
static void test_links_that_could_not_be_read(Fixture *f, const void *data)
{
    (void) data;
    remove_links(f);
    g_assert_cmpuint(hear(f, KS_ACTION_VPN_PRE_UP, "tun0"), ==, 0);
    add_link(f, "tun0", OWN, &of_stranger);
    g_assert_cmpuint(look(f), ==, OWN);
}

#define CASE(name, test) g_test_add("/announcements/" name, Fixture, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    CASE("confirms", test_the_second_word_confirms);
    CASE("stranger", test_a_stranger_between_the_words);
    CASE("another-of-its-own", test_another_link_of_its_own);
    CASE("again", test_the_first_word_again);
    CASE("lost", test_the_first_word_was_lost);
    CASE("restarted", test_a_guard_that_started_again);
    CASE("later", test_a_name_that_comes_later);
    CASE("unread", test_links_that_could_not_be_read);
    return g_test_run();
}
