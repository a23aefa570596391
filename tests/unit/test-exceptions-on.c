/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions for one network alone (policy/exception-network.h). */
#include "exceptions-fixture.h"
#include "model/box.h"
#include "model/place.h"
#include "model/uplink.h"
#include "policy/error.h"
#include "policy/networks-held.h"

#include <string.h>

#define HOME  "11111111-0a2d-5c12-9f7a-e3ade60d8ee6"
#define WORK  "22222222-0a2d-5c12-9f7a-e3ade60d8ee6"
#define WIRED "wired 802-3-ethernet eth0 02:00:00:00:00:01"
#define WIFI  "wifi 686f6d65 wpa-psk key"

enum { ETH = 2, WLAN, VLAN, OTHER_VLAN };

static KsLink *add_link(KsWorld *world, uint32_t index, const char *name)
{
    KsLink link = { .index = index, .up = true };

    g_strlcpy(link.name, name, sizeof(link.name));
    g_array_append_val(world->links, link);
    return &g_array_index(world->links, KsLink, world->links->len - 1);
}

static KsNetwork *connect_to(KsWorld *world, const char *uuid, const char *interface,
                             const char *place)
{
    KsNetwork *network = ks_network_new(uuid, "A name", interface);
    const KsLink *link = ks_world_link_by_name(world, interface);

    network->place = g_strdup(place);
    network->index = link ? link->index : 0;
    network->up = true;
    g_ptr_array_add(world->networks, network);
    return network;
}

static KsWorld *two_cards(void)
{
    KsWorld *world = ks_world_new();

    (void) add_link(world, ETH, "eth0");
    (void) add_link(world, WLAN, "wlan0");
    return world;
}

static KsExceptionWish wish_of(const char *name, const char *to, const char *uuid,
                               const char *place)
{
    return (KsExceptionWish){ .name = name,
                              .to = to,
                              .protocol = "tcp",
                              .first_port = 443,
                              .last_port = 443,
                              .on = { (char *) uuid, (char *) place, (char *) "Its name" } };
}

/* The interfaces by which a set is open, in order; 0: by any. */
static void assert_drawn(const KsLock *lock, KsSetId set, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (unsigned i = 0; i < lock->sets[set]->len; i++)
        g_string_append_printf(text, "%s%u", i > 0 ? " " : "",
                               ks_box_interface(set, &g_array_index(lock->sets[set], KsKey, i)));
    g_assert_cmpstr(text->str, ==, expected);
}

static void assert_open_by(const KsWorld *world, const char *expected)
{
    g_autoptr(KsLock) lock = ks_lock_new();

    g_assert_true(ks_exceptions_draw(world, lock));
    ks_lock_seal(lock);
    assert_drawn(lock, KS_SET_EXCEPTIONS4, expected);
}

/* In every case but the first it is shut. */
static void test_is_open_there_alone(void)
{
    static const struct {
        const char *uuid;
        const char *place;
        const char *interface;
        bool down;
        bool external;
        bool shared;
        const char *expected;
        bool card_gone; /* another one has its name */
    } rows[] = {
        { HOME, WIRED, "eth0", false, false, false, "2" },
        { HOME, WIRED, "wlan0", false, false, false, "3" }, /* the place says which card */
        { WORK, WIRED, "eth0", false, false, false, "" },
        { HOME, WIFI, "eth0", false, false, false, "" },
        { HOME, NULL, "eth0", false, false, false, "" },
        { HOME, WIRED, "eth0", true, false, false, "" },
        { HOME, WIRED, "eth0", false, true, false, "" },
        { HOME, WIRED, "eth0", false, false, true, "" },
        { HOME, WIRED, "eth7", false, false, false, "" },
        { HOME, WIRED, "tun0", false, false, false, "" },
        { HOME, WIRED, "lo", false, false, false, "" },
        { HOME, WIRED, "eth0", false, false, false, "", .card_gone = true },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(KsWorld) world = two_cards();
        g_autoptr(KsExceptions) exceptions = ks_exceptions_new();
        KsExceptionWish wish = wish_of("one", "192.0.2.1", HOME, WIRED);
        KsNetwork *network;

        g_test_message("row %u", i);
        add_link(world, 7, "tun0")->tunnel_kind = true;
        add_link(world, 1, "lo")->loopback = true;
        network = connect_to(world, rows[i].uuid, rows[i].interface, rows[i].place);
        if (rows[i].card_gone)
            network->index = 99;
        network->up = !rows[i].down;
        network->external = rows[i].external;
        network->shared = rows[i].shared;
        g_assert_cmpint(code_of(exceptions, &wish), ==, -1);
        world->exceptions = exceptions;
        assert_open_by(world, rows[i].expected);
        g_assert_cmpint(ks_exception_network_is_here(&ks_exceptions_get(exceptions, 0)->on, world),
                        ==, rows[i].expected[0] != '\0');
    }
}

/* Every pair of networks and ranges: two are made if no packet could go by both, and whatever is
 * connected by whichever card, the kernel gets none that overlap. */
static void test_beside_each_other(void)
{
    static const char *const networks[] = { NULL, HOME, WORK };
    static const char *const ranges[] = { "192.0.2.0/24", "192.0.2.1", "198.51.100.1" };
    static const char *const cards[] = { "eth0", "wlan0" };

    for (unsigned n = 0; n < 3 * 3 * 3 * 3 * 4; n++) {
        unsigned of[] = { n % 3, n / 3 % 3 };
        unsigned range[] = { n / 9 % 3, n / 27 % 3 };
        unsigned by[] = { n / 81 % 2, n / 162 % 2 };
        g_autoptr(KsWorld) world = two_cards();
        g_autoptr(KsExceptions) exceptions = ks_exceptions_new();
        KsExceptionWish first = wish_of("a", ranges[range[0]], networks[of[0]], WIFI);
        KsExceptionWish second = wish_of("b", ranges[range[1]], networks[of[1]], WIFI);
        bool apart = (range[0] == 2) != (range[1] == 2);
        bool differ = of[0] > 0 && of[1] > 0 && of[0] != of[1];
        bool collide = !apart && differ && by[0] == by[1];
        g_autoptr(KsLock) lock = ks_lock_new();

        (void) connect_to(world, HOME, cards[by[0]], WIFI);
        (void) connect_to(world, WORK, cards[by[1]], WIFI);
        g_assert_cmpint(code_of(exceptions, &first), ==, -1);
        g_assert_cmpint(code_of(exceptions, &second), ==,
                        apart || differ ? -1 : KS_ERROR_EXCEPTION_EXISTS);
        world->exceptions = exceptions;
        g_assert_true(ks_exceptions_draw(world, lock));
        ks_lock_seal(lock);
        g_assert_cmpuint(lock->sets[KS_SET_EXCEPTIONS4]->len, ==,
                         collide ? 1 : ks_exceptions_count(exceptions));
    }
}

/* The card of a VLAN is open to it as well, in the second layer alone; of two that overlap there,
 * the first is let in. */
static void test_cards_below(void)
{
    g_autoptr(KsWorld) world = two_cards();
    g_autoptr(KsExceptions) exceptions = ks_exceptions_new();
    g_autoptr(KsLock) lock = ks_lock_new();
    g_autoptr(KsLock) frames = ks_lock_new();
    KsExceptionWish home = wish_of("home", "192.0.2.0/24", HOME, WIFI);
    KsExceptionWish work = wish_of("work", "192.0.2.1", WORK, WIFI);
    KsExceptionWish all = wish_of("all", "198.51.100.1", NULL, NULL);

    all.on.name = NULL;
    add_link(world, VLAN, "eth0.5")->lower = ETH;
    add_link(world, OTHER_VLAN, "eth0.6")->lower = ETH;
    (void) connect_to(world, HOME, "eth0.5", WIFI);
    (void) connect_to(world, WORK, "eth0.6", WIFI);
    g_assert_cmpint(code_of(exceptions, &home), ==, -1);
    g_assert_cmpint(code_of(exceptions, &work), ==, -1);
    g_assert_cmpint(code_of(exceptions, &all), ==, -1);
    world->exceptions = exceptions;
    g_assert_true(ks_exceptions_draw(world, lock));
    ks_lock_seal(lock);
    assert_drawn(lock, KS_SET_EXCEPTIONS4, "4 5 0");
    g_assert_true(ks_uplinks_draw(world, lock, frames));
    g_assert_cmpuint(frames->sets[KS_SET_EXCEPTIONS4]->len, ==, 4);
}

/* More than fit shut some of these, and nothing else; those for all networks are in. */
static void test_bridge_of_many_ports(void)
{
    static const struct {
        unsigned exceptions;
        unsigned ports;
        bool fits;
    } rows[] = { { 10, 8, true }, { 60, 60, false } };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(KsWorld) world = two_cards();
        g_autoptr(KsLock) lock = ks_lock_new();
        g_autoptr(KsLock) frames = ks_lock_new();
        KsException what = { .prefix = 32, .address = { .family = AF_INET, .bytes = { 192 } } };
        unsigned for_all = 0;

        for (unsigned j = 0; j < rows[i].ports; j++)
            add_link(world, 100 + j, "port")->master = ETH;
        for (unsigned j = 0; j <= rows[i].exceptions; j++) {
            what.address.bytes[3] = (uint8_t) (255 - j);
            g_assert_true(ks_lock_add_exception(lock, &what, 0, j > 0 ? ETH : 0));
        }
        ks_lock_seal(lock);
        g_assert_true(ks_uplinks_draw(world, lock, frames));
        g_assert_cmpint(ks_uplinks_hold_exceptions(frames), ==, rows[i].fits);
        for (unsigned j = 0; j < frames->sets[KS_SET_EXCEPTIONS4]->len; j++)
            for_all +=
                ks_box_interface(KS_SET_EXCEPTIONS4,
                                 &g_array_index(frames->sets[KS_SET_EXCEPTIONS4], KsKey, j)) == 0;
        g_assert_cmpuint(for_all, ==, 7);
    }
}

/* Without a guard: what the kernel holds says on which card each network was, and a card has
 * one. */
static void test_seen_in_the_kernel(void)
{
    static const struct {
        uint32_t home; /* the card by which each was open; 0: none */
        uint32_t work;
        bool half; /* not all of it */
        const char *expected;
    } rows[] = {
        { 0, 0, false, "" },  { ETH, 0, false, "2" },      { 0, WLAN, false, "3" },
        { ETH, 0, true, "" }, { ETH, WLAN, false, "2 3" }, { WLAN, 0, false, "3" },
        { 99, 0, false, "" }, /* the card is gone */
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(KsWorld) world = two_cards();
        g_autoptr(KsExceptions) exceptions = ks_exceptions_new();
        g_autoptr(KsLock) held = ks_lock_new();
        g_autoptr(GString) seen = g_string_new(NULL);
        const KsSettings settings = KS_SETTINGS_DEFAULT;
        KsExceptionWish home = wish_of("home", "192.0.2.1", HOME, WIRED);
        KsExceptionWish work = wish_of("work", "192.0.2.1", WORK, WIFI);

        g_test_message("row %u", i);
        home.protocol = work.protocol = "";
        home.confirmed = work.confirmed = true;
        home.first_port = home.last_port = work.first_port = work.last_port = 0;
        g_assert_cmpint(code_of(exceptions, &work), ==, -1);
        g_assert_cmpint(code_of(exceptions, &home), ==, -1);
        world->exceptions = exceptions;
        if (rows[i].home > 0)
            g_assert_true(ks_lock_add_exception(held, &ks_exceptions_get(exceptions, 1)->what, 0,
                                                rows[i].home));
        if (rows[i].work > 0)
            g_assert_true(ks_lock_add_exception(held, &ks_exceptions_get(exceptions, 0)->what, 0,
                                                rows[i].work));
        ks_lock_seal(held);
        if (rows[i].half)
            g_array_set_size(held->sets[KS_SET_EXCEPTIONS4], 1);
        ks_networks_see_held(world, &settings, held);
        for (unsigned j = 0; j < world->networks->len; j++)
            g_string_append_printf(seen, "%s%u", j > 0 ? " " : "",
                                   ((KsNetwork *) g_ptr_array_index(world->networks, j))->index);
        g_assert_cmpstr(seen->str, ==, rows[i].expected);
        if (rows[i].home == ETH && !rows[i].half)
            g_assert_cmpstr(((KsNetwork *) g_ptr_array_index(world->networks, 0))->uuid, ==, HOME);
    }
}

static void test_find(void)
{
    static const struct {
        const char *place;
        bool up;
        bool found;
    } rows[] = {
        { WIFI, true, true },
        { WIFI, false, false },
        { NULL, true, false },
        { "wifi 686f6d65 - open", true, false },
        { "wifi 686f6d65 owe key", true, false },
        { "wifi 686f6d65 - key", true, false },
        { "wifi 686f6d65 wpa-psk open", true, false },
        { "wifi 686f6d65 sae key", true, true },
        { WIRED, true, true },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(KsWorld) world = two_cards();
        g_auto(KsExceptionNetwork) found = { 0 };
        g_autoptr(GError) error = NULL;

        connect_to(world, HOME, "wlan0", rows[i].place)->up = rows[i].up;
        g_assert_cmpint(ks_exception_network_find(world, HOME, &found, &error), ==, rows[i].found);
        g_assert_true(!error == rows[i].found);
        g_assert_cmpstr(found.place, ==, rows[i].found ? rows[i].place : NULL);
        g_assert_false(ks_exception_network_find(world, WORK, &found, NULL));
    }
}

/* It says why, and not that the network is not connected. */
static void test_refusals(void)
{
    static const struct {
        bool external;
        bool shared;
        const char *said;
    } rows[] = {
        { true, false, "Another program made this network" },
        { false, true, "shares its own connection" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(KsWorld) world = two_cards();
        g_auto(KsExceptionNetwork) found = { 0 };
        g_autoptr(GError) error = NULL;
        KsNetwork *network = connect_to(world, HOME, "eth0", WIRED);

        network->external = rows[i].external;
        network->shared = rows[i].shared;
        g_assert_false(ks_exception_network_find(world, HOME, &found, &error));
        g_assert_nonnull(strstr(error->message, rows[i].said));
    }
}

/* What a file holds is read again; what an earlier version would take for one of all networks is of
 * a version that it does not read. */
static void test_text(void)
{
    static const char *const corrupt[] = {
        "version=1\n[exception 1]\nname=a\nto=192.0.2.1\nprotocol=\nports=\nnetwork=" HOME
        "\nnetwork-place=" WIRED "\nnetwork-name=x\n",
        "version=2\n[exception 1]\nname=a\nto=192.0.2.1\nprotocol=\nports=\nnetwork=" HOME "\n",
        "version=2\n[exception 1]\nname=a\nto=192.0.2.1\nprotocol=\nports=\nnetwork-place=" WIRED
        "\nnetwork-name=x\n",
        "version=2\n[exception 1]\nname=a\nto=192.0.2.1\nprotocol=\nports=\nnetwork=" HOME
        "\nnetwork-place=wifi 61 - open\nnetwork-name=x\n",
        "version=2\n[exception 1]\nname=a\nto=192.0.2.1\nprotocol=\nports=\nnetwork=no uuid"
        "\nnetwork-place=" WIRED "\nnetwork-name=x\n",
        "version=2\n[exception 1]\nname=a\nto=192.0.2.1\nprotocol=\nports=\nnetwork=" HOME
        "\nnetwork-place=a\\tb\nnetwork-name=x\n",
        "version=3\n",
    };
    g_autoptr(KsExceptions) exceptions = ks_exceptions_new();
    g_autoptr(KsExceptions) read = ks_exceptions_new();
    KsExceptionWish all = wish_of("all", "198.51.100.1", NULL, NULL);
    KsExceptionWish one = wish_of("one", "192.0.2.1", HOME, WIRED);
    g_autofree char *before = NULL;
    g_autofree char *text = NULL;
    g_autofree char *again = NULL;

    all.on.name = NULL;
    g_assert_cmpint(code_of(exceptions, &all), ==, -1);
    before = ks_exceptions_to_text(exceptions, false);
    g_assert_nonnull(strstr(before, "version=1\n"));
    g_assert_cmpint(code_of(exceptions, &one), ==, -1);
    text = ks_exceptions_to_text(exceptions, false);
    g_assert_nonnull(strstr(text, "version=2\n"));
    g_assert_true(ks_exceptions_take_text(read, text, strlen(text), false, NULL));
    again = ks_exceptions_to_text(read, false);
    g_assert_cmpstr(again, ==, text);
    g_assert_cmpstr(ks_exceptions_get(read, 1)->on.place, ==, WIRED);
    g_assert_null(ks_exceptions_get(read, 0)->on.uuid);
    for (unsigned i = 0; i < G_N_ELEMENTS(corrupt); i++) {
        g_autofree char *file = g_strconcat("[exceptions]\n", corrupt[i], NULL);
        g_autoptr(KsExceptions) none = ks_exceptions_new();

        g_test_message("%s", corrupt[i]);
        g_assert_false(ks_exceptions_take_text(none, file, strlen(file), false, NULL));
        g_assert_cmpuint(ks_exceptions_count(none), ==, 0);
        g_assert_cmpint(ks_exceptions_text_is_newer(file, strlen(file)), ==,
                        i + 1 == G_N_ELEMENTS(corrupt));
    }
}

static bool is_home(const char *uuid, const void *data)
{
    (void) data;
    return strcmp(uuid, HOME) == 0;
}

/* A deleted connection takes its own along, and nothing else. */
static void test_forget(void)
{
    g_autoptr(KsExceptions) exceptions = ks_exceptions_new();
    KsExceptionWish all = wish_of("all", "198.51.100.1", NULL, NULL);
    KsExceptionWish home = wish_of("home", "192.0.2.1", HOME, WIRED);
    KsExceptionWish work = wish_of("work", "192.0.2.1", WORK, WIFI);

    all.on.name = NULL;
    g_assert_cmpint(code_of(exceptions, &all), ==, -1);
    g_assert_cmpint(code_of(exceptions, &work), ==, -1);
    g_assert_cmpint(code_of(exceptions, &home), ==, -1);
    g_assert_true(ks_exceptions_forget(exceptions, is_home, NULL));
    g_assert_false(ks_exceptions_forget(exceptions, is_home, NULL));
    g_assert_cmpuint(ks_exceptions_count(exceptions), ==, 2);
    g_assert_null(ks_exceptions_find(exceptions, "work"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/exceptions-on/is-open-there-alone", test_is_open_there_alone);
    g_test_add_func("/exceptions-on/beside-each-other", test_beside_each_other);
    g_test_add_func("/exceptions-on/cards-below", test_cards_below);
    g_test_add_func("/exceptions-on/bridge-of-many-ports", test_bridge_of_many_ports);
    g_test_add_func("/exceptions-on/seen-in-the-kernel", test_seen_in_the_kernel);
    g_test_add_func("/exceptions-on/find", test_find);
    g_test_add_func("/exceptions-on/refusals", test_refusals);
    g_test_add_func("/exceptions-on/text", test_text);
    g_test_add_func("/exceptions-on/forget", test_forget);
    return g_test_run();
}
