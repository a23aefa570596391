/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/leases.h"

#include <string.h>

/* The leases as text: "address by server, address by server". */
static char *leases(KsLeaseFormat format, const char *data, gsize size)
{
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(KsLease));
    GString *text = g_string_new(NULL);

    ks_leases_parse(format, data, size, found);
    for (unsigned i = 0; i < found->len; i++) {
        const KsLease *lease = &g_array_index(found, KsLease, i);
        char address[KS_ADDRESS_TEXT_SIZE];
        char server[KS_ADDRESS_TEXT_SIZE];

        g_string_append_printf(text, "%s%s by %s", i ? ", " : "",
                               ks_address_text(&lease->address, address),
                               ks_address_text(&lease->server, server));
    }
    return g_string_free(text, FALSE);
}

#define LEASE(address, server)                                                     \
    "lease {\n  interface \"eth0\";\n  fixed-address " address ";\n"               \
    "  option subnet-mask 255.255.255.0;\n  option dhcp-server-identifier " server \
    ";\n  renew 1 2026/11/30 08:00:00;\n}\n"

static void test_text(void)
{
    static const struct {
        KsLeaseFormat format;
        const char *text;
        const char *expected;
    } rows[] = {
        { KS_LEASE_DHCLIENT, "default-duid \"\\000\";\n" LEASE("192.0.2.5", "192.0.2.1"),
          "192.0.2.5 by 192.0.2.1" },
        /* the last word on each address */
        { KS_LEASE_DHCLIENT,
          LEASE("192.0.2.5", "192.0.2.1") LEASE("10.0.0.5", "10.0.0.1")
              LEASE("192.0.2.5", "198.51.100.1"),
          "10.0.0.5 by 10.0.0.1, 192.0.2.5 by 198.51.100.1" },
        /* one is not made of two */
        { KS_LEASE_DHCLIENT,
          "lease {\n  fixed-address 192.0.2.5;\n}\nlease {\n  option dhcp-server-identifier "
          "192.0.2.1;\n}\n",
          "" },
        /* nor of what stands between two */
        { KS_LEASE_DHCLIENT, LEASE("192.0.2.5", "192.0.2.1") "fixed-address 10.0.0.5;\n}\n}\n",
          "192.0.2.5 by 192.0.2.1" },
        { KS_LEASE_DHCLIENT, LEASE("192.0.2.5", "255.255.255.255"), "" },
        { KS_LEASE_DHCLIENT, LEASE("192.0.2.5", "127.0.0.1"), "" },
        { KS_LEASE_DHCLIENT, LEASE("192.0.2.5", "224.0.0.1"), "" },
        { KS_LEASE_DHCLIENT, LEASE("192.0.2.5", "2001:db8::1"), "" },
        { KS_LEASE_DHCLIENT, LEASE("192.0.2.5", "somebody"), "" },
        { KS_LEASE_DHCLIENT, "lease {\n  fixed-address 192.0.2.5;\n", "" },
        { KS_LEASE_DHCLIENT, "}\n}\n", "" },
        { KS_LEASE_DHCLIENT, "", "" },

        { KS_LEASE_NETWORKD,
          "# This is private data. Do not parse.\nADDRESS=192.0.2.5\nNETMASK=255.255.255.0\n"
          "ROUTER=192.0.2.2\nSERVER_ADDRESS=192.0.2.1\nT1=60min\n",
          "192.0.2.5 by 192.0.2.1" },
        { KS_LEASE_NETWORKD, "ADDRESS=192.0.2.5\nSERVER_ADDRESS=0.0.0.0\n", "" },
        { KS_LEASE_NETWORKD, "ADDRESS=192.0.2.5\n", "" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *found = leases(rows[i].format, rows[i].text, strlen(rows[i].text));

        g_assert_cmpstr(found, ==, rows[i].expected);
    }
}

/* What a client wrote last is in use, however many it wrote before. */
static void test_many(void)
{
    GString *text = g_string_new(NULL);
    g_autofree char *found = NULL;

    for (unsigned i = 0; i < 1100; i++)
        g_string_append_printf(text, LEASE("10.0.%u.%u", "192.0.2.1"), i / 256, i % 256);
    g_string_append(text, LEASE("192.0.2.5", "192.0.2.1"));
    found = leases(KS_LEASE_DHCLIENT, text->str, text->len);
    g_string_free(text, TRUE);
    g_assert_true(g_str_has_suffix(found, "192.0.2.5 by 192.0.2.1"));
    g_assert_false(g_str_has_prefix(found, "10.0.0.0 by"));
}

/* A server's answer with these options, cut to `size` bytes. */
static char *message(const char *options, gsize options_size, gsize size)
{
    uint8_t data[300] = { [0] = 2, [16] = 192, 0, 2, 5, [236] = 99, 130, 83, 99 };

    memcpy(data + 240, options, options_size);
    return leases(KS_LEASE_DHCPCD, (const char *) data, size);
}

static void test_message(void)
{
    static const char options[] = "\x35\x01\x05\x00\x36\x04\xc0\x00\x02\x01\xff";
    static const char behind_the_end[] = "\xff\x36\x04\xc0\x00\x02\x01";
    static const char short_server[] = "\x36\x03\xc0\x00\x02\xff";
    gsize whole = 240 + sizeof(options) - 1;
    g_autofree char *found = message(options, sizeof(options), whole);
    g_autofree char *without = message(behind_the_end, sizeof(behind_the_end), 300);
    g_autofree char *wrong = message(short_server, sizeof(short_server), 300);

    g_assert_cmpstr(found, ==, "192.0.2.5 by 192.0.2.1");
    g_assert_cmpstr(without, ==, "");
    g_assert_cmpstr(wrong, ==, "");
    for (gsize size = 0; size < whole - 1; size++) {
        g_autofree char *cut = message(options, sizeof(options), size);

        g_assert_cmpstr(cut, ==, "");
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/leases/text", test_text);
    g_test_add_func("/leases/many", test_many);
    g_test_add_func("/leases/message", test_message);
    return g_test_run();
}
