/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which link a network is on, when cards come and go faster than NetworkManager tells. */
#include "model/network-link.h"

#include <string.h>

#define OWN     5u
#define ANOTHER 9u
#define EVENTS  6u
#define STEPS   7u

static void add_link(KsWorld *world, uint32_t index, const char *name)
{
    KsLink link = { .index = index, .up = true };

    g_strlcpy(link.name, name, sizeof(link.name));
    g_array_append_val(world->links, link);
}

/* One look; a name is NULL where the card is gone. */
static uint32_t look(KsNetworkLink *known, const char *told, bool up, const char *own,
                     const char *another)
{
    g_autoptr(KsWorld) world = ks_world_new();

    add_link(world, 1, "lo");
    if (another)
        add_link(world, ANOTHER, another);
    if (own)
        add_link(world, OWN, own);
    return ks_network_link_follow(known, told, up, world);
}

typedef struct {
    const char *told;
    const char *own;
    const char *another;
    uint32_t index;
    bool activating;
} Look;

static void test_rows(void)
{
    static const struct {
        const char *name;
        Look looks[3];
    } rows[] = {
        { "another card takes the name", { { "u", "u", NULL, OWN }, { "u", NULL, "u", 0 } } },
        { "it was renamed, and another card takes the name",
          { { "u", "u", NULL, OWN }, { "u", "v", "u", OWN }, { "v", "v", "u", OWN } } },
        { "it goes, and is no network when it is back",
          { { "u", "u", NULL, OWN }, { "u", NULL, NULL, 0 }, { "u", "u", NULL, 0 } } },
        { "it had gone before we looked", { { "u", NULL, NULL, 0 }, { "u", NULL, "u", 0 } } },
        { "a bridge that is being made",
          { { "u", NULL, NULL, 0, true },
            { "u", "u", NULL, OWN, true },
            { "u", "u", NULL, OWN } } },
        { "a modem is told before its interface",
          { { "cdc-wdm0", NULL, NULL, 0, true }, { "wwan0", "wwan0", NULL, OWN } } },
        { "PPPoE is told after its card",
          { { "u", "u", NULL, OWN }, { "ppp0", "u", "ppp0", ANOTHER }, { "ppp0", "u", NULL, 0 } } },
        { "another name, when its card is gone",
          { { "u", "u", NULL, OWN }, { "v", NULL, "v", 0 }, { "v", NULL, "v", 0 } } },
        { "renamed twice, and another card takes the name between",
          { { "u", "u", NULL, OWN }, { "v", "w", "v", 0 }, { "w", "w", "v", OWN } } },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        KsNetworkLink known = { 0 };

        for (unsigned j = 0; j < G_N_ELEMENTS(rows[i].looks) && rows[i].looks[j].told; j++) {
            const Look *one = &rows[i].looks[j];

            g_test_message("%s, look %u", rows[i].name, j);
            g_assert_cmpuint(look(&known, one->told, !one->activating, one->own, one->another), ==,
                             one->index);
        }
    }
}

static void test_unread(void)
{
    g_autoptr(KsWorld) nothing = ks_world_new();
    KsNetworkLink known = { 0 };

    g_assert_cmpuint(ks_network_link_follow(&known, "u", true, nothing), ==, 0);
    g_assert_cmpuint(look(&known, "u", true, "u", NULL), ==, OWN);
    g_assert_cmpuint(ks_network_link_follow(&known, "u", true, nothing), ==, 0);
    g_assert_cmpuint(look(&known, "u", true, "u", NULL), ==, OWN);
}

/* ---- all orders of what happens to two cards and what NetworkManager notices ---- */

typedef struct {
    const char *names[2]; /* of the cards; NULL: not there */
    bool was_there[2];
    unsigned card; /* that the activation is on in truth; 2: there is no activation */
    const char *told;
    KsNetworkLink known;
} Scene;

static const uint32_t indices[] = { OWN, ANOTHER };

static bool is_free(const Scene *s, const char *name)
{
    return g_strcmp0(s->names[0], name) != 0 && g_strcmp0(s->names[1], name) != 0;
}

static void rename_card(Scene *s, unsigned card)
{
    const char *name = g_strcmp0(s->names[card], "u") == 0 ? "v" : "u";

    if (s->names[card] && is_free(s, name))
        s->names[card] = name;
}

static void notice(Scene *s)
{
    if (s->card < 2 && s->names[s->card])
        s->told = s->names[s->card];
    else
        s->card = 2;
}

static void activate(Scene *s)
{
    s->card = g_strcmp0(s->names[0], "u") == 0 ? 0 : g_strcmp0(s->names[1], "u") == 0 ? 1 : 2;
    s->told = "u";
    memset(&s->known, 0, sizeof(s->known));
}

static void happen(Scene *s, unsigned event)
{
    switch (event) {
    case 0:
        s->names[0] = NULL;
        break;
    case 1:
        if (!s->was_there[1] && is_free(s, "u"))
            s->names[1] = "u";
        s->was_there[1] |= s->names[1] != NULL;
        break;
    case 2:
    case 3:
        rename_card(s, event - 2);
        break;
    case 4:
        notice(s);
        break;
    default:
        activate(s);
    }
}

/* Never another card; and what was just activated, and was told of, is found. */
static void test_orders(void)
{
    unsigned orders = 1;

    for (unsigned i = 0; i < STEPS; i++)
        orders *= EVENTS;
    for (unsigned order = 0; order < orders; order++) {
        Scene s = { .names = { "u", NULL }, .told = "u" };
        unsigned left = order;

        (void) look(&s.known, s.told, true, s.names[0], s.names[1]);
        for (unsigned i = 0; i < STEPS; i++, left /= EVENTS) {
            uint32_t index;

            happen(&s, left % EVENTS);
            if (s.card == 2)
                continue;
            index = look(&s.known, s.told, true, s.names[0], s.names[1]);
            if ((index != 0 || left % EVENTS >= 4) && index != indices[s.card])
                g_error("order %u, step %u: %u", order, i, index);
        }
    }
}

static void test_users(void)
{
    const KsLink own = { .index = OWN, .name = "u" };
    const KsLink another = { .index = ANOTHER, .name = "u" };
    const KsLink third = { .index = 3, .name = "v" };
    KsNetwork network = { .interface = "u", .index = OWN };

    g_assert_true(ks_network_is_on(&network, &own));
    g_assert_false(ks_network_is_on(&network, &another));
    g_assert_true(ks_network_may_be_on(&network, &own));
    g_assert_true(ks_network_may_be_on(&network, &another));
    g_assert_false(ks_network_may_be_on(&network, &third));
    network.index = 0;
    g_assert_false(ks_network_is_on(&network, &own));
    g_assert_true(ks_network_may_be_on(&network, &own));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/network-link/rows", test_rows);
    g_test_add_func("/network-link/unread", test_unread);
    g_test_add_func("/network-link/orders", test_orders);
    g_test_add_func("/network-link/users", test_users);
    return g_test_run();
}
