/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/address.h"

#include <glib.h>
#include <sys/socket.h>

static const struct {
    const char *text;
    const char *canonical; /* NULL: not an address */
    uint8_t family;
    bool unicast;
} rows[] = {
    { "192.0.2.1", "192.0.2.1", AF_INET, true },
    { "10.0.0.1", "10.0.0.1", AF_INET, true },
    { "192.168.1.1", "192.168.1.1", AF_INET, true },
    { "169.254.1.1", "169.254.1.1", AF_INET, true },
    { "1.0.0.0", "1.0.0.0", AF_INET, true },
    { "223.255.255.255", "223.255.255.255", AF_INET, true },
    { "0.0.0.0", "0.0.0.0", AF_INET, false },
    { "0.1.2.3", "0.1.2.3", AF_INET, false },
    { "127.0.0.1", "127.0.0.1", AF_INET, false },
    { "127.255.255.255", "127.255.255.255", AF_INET, false },
    { "224.0.0.1", "224.0.0.1", AF_INET, false },
    { "239.255.255.250", "239.255.255.250", AF_INET, false },
    { "255.255.255.255", "255.255.255.255", AF_INET, false },
    { "2001:db8::1", "2001:db8::1", AF_INET6, true },
    { "2001:DB8:0:0::1", "2001:db8::1", AF_INET6, true },
    { "fd00::1", "fd00::1", AF_INET6, true },
    { "fe80::1", "fe80::1", AF_INET6, true },
    { "::", "::", AF_INET6, false },
    { "::1", "::1", AF_INET6, false },
    { "ff02::1", "ff02::1", AF_INET6, false },
    { "::ffff:192.0.2.1", "::ffff:192.0.2.1", AF_INET6, false },
    { "", NULL, 0, false },
    { " 192.0.2.1", NULL, 0, false },
    { "192.0.2.1 ", NULL, 0, false },
    { "192.0.2.01", NULL, 0, false },
    { "192.0.2", NULL, 0, false },
    { "192.0.2.256", NULL, 0, false },
    { "192.0.2.1/32", NULL, 0, false },
    { "0x7f.0.0.1", NULL, 0, false },
    { "2130706433", NULL, 0, false },
    { "[2001:db8::1]", NULL, 0, false },
    { "fe80::1%eth0", NULL, 0, false },
    { "2001:db8::1::", NULL, 0, false },
    { "vpn.example", NULL, 0, false },
};

static void test_rows(void)
{
    char text[KS_ADDRESS_TEXT_SIZE];

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        KsAddress address = { .family = AF_UNSPEC };
        bool parsed = ks_address_parse(rows[i].text, &address);

        g_test_message("\"%s\"", rows[i].text);
        g_assert_cmpint(parsed, ==, rows[i].canonical != NULL);
        g_assert_cmpint(address.family, ==, rows[i].family);
        g_assert_cmpint(ks_address_is_unicast(&address), ==, rows[i].unicast);
        g_assert_cmpstr(ks_address_text(&address, text), ==,
                        rows[i].canonical ? rows[i].canonical : "");
    }
    g_assert_false(ks_address_parse(NULL, &(KsAddress){ 0 }));
}

static void test_failure_leaves_result(void)
{
    KsAddress address;

    g_assert_true(ks_address_parse("2001:db8::1", &address));
    g_assert_false(ks_address_parse("nonsense", &address));
    g_assert_cmpuint(ks_address_size(&address), ==, 16);
    g_assert_cmpint(address.bytes[0], ==, 0x20);
}

static void test_order(void)
{
    /* each is before the next */
    static const char *const texts[] = { "1.2.3.4", "1.2.3.5", "200.0.0.1", "::1", "2001:db8::" };
    KsAddress none = { .family = AF_UNSPEC };

    g_assert_cmpuint(ks_address_size(&none), ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        KsAddress a;

        g_assert_true(ks_address_parse(texts[i], &a));
        g_assert_cmpint(ks_address_compare(&none, &a), <, 0);
        for (size_t j = 0; j < G_N_ELEMENTS(texts); j++) {
            KsAddress b;
            int order;

            g_assert_true(ks_address_parse(texts[j], &b));
            order = ks_address_compare(&a, &b);
            g_assert_cmpint((order > 0) - (order < 0), ==, (i > j) - (i < j));
        }
    }
    g_assert_cmpint(ks_address_compare(&none, &none), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/address/rows", test_rows);
    g_test_add_func("/address/failure-leaves-result", test_failure_leaves_result);
    g_test_add_func("/address/order", test_order);
    return g_test_run();
}
