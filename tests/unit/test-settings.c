/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a file says of lists that belong together. */
#include "policy/settings.h"

#define VPN "3fd089f3-0a2d-5c12-9f7a-e3ade60d8ee6"

static unsigned count(char **texts)
{
    return texts ? g_strv_length(texts) : 0;
}

/* Words with a blank between them; "": there is no such list. */
static char **split(const char *text)
{
    return text[0] ? g_strsplit(text, " ", -1) : NULL;
}

/* A damaged pair says nothing. */
static void test_cards(void)
{
    static const struct {
        const char *cards;
        const char *places;
        unsigned left;
    } rows[] = {
        { "", "", 0 },
        { "eth0 eth1", "a b", 2 },
        { "eth0 eth1", "a", 0 },
        { "eth0", "", 0 },
        { "", "a", 0 },
        { "eth0 a/b", "a b", 0 },
        { "1 2 3 4 5 6 7 8 9 a b c d e f g", "1 2 3 4 5 6 7 8 9 a b c d e f g", 16 },
        { "1 2 3 4 5 6 7 8 9 a b c d e f g h", "1 2 3 4 5 6 7 8 9 a b c d e f g h", 0 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(KsSettings) settings = { .shared_cards = split(rows[i].cards),
                                        .shared_places = split(rows[i].places) };

        ks_settings_drop_damaged(&settings);
        g_assert_cmpuint(count(settings.shared_cards), ==, rows[i].left);
        g_assert_cmpuint(count(settings.shared_places), ==, rows[i].left);
    }
}

static void test_here(void)
{
    static const struct {
        const char *networks;
        const char *places;
        const char *vpns;
        unsigned left;
    } rows[] = {
        { "", "", "", 0 },       { VPN, "a", VPN, 1 },    { VPN " " VPN, "a b", VPN " " VPN, 2 },
        { VPN, "a", "", 0 },     { VPN, "a b", VPN, 0 },  { VPN, "", VPN, 0 },
        { VPN, "a", "home", 0 }, { "home", "a", VPN, 0 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(KsSettings) settings = { .here_networks = split(rows[i].networks),
                                        .here_places = split(rows[i].places),
                                        .here_vpns = split(rows[i].vpns) };

        ks_settings_drop_damaged(&settings);
        g_assert_cmpuint(count(settings.here_networks), ==, rows[i].left);
        g_assert_cmpuint(count(settings.here_places), ==, rows[i].left);
        g_assert_cmpuint(count(settings.here_vpns), ==, rows[i].left);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/settings/cards", test_cards);
    g_test_add_func("/settings/here", test_here);
    return g_test_run();
}
