/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/resolv-conf.h"

#include <glib.h>
#include <string.h>

static const struct {
    const char *text;
    unsigned dots;
} rows[] = {
    { "", 0 },
    { "nameserver 192.0.2.1\n", 0 },
    { "options ndots:3\n", 0 }, /* nothing to search in */
    { "search lan.test\n", 1 },
    { "search lan.test", 1 }, /* no newline */
    { "domain lan.test\n", 1 },
    { "search lan.test\noptions ndots:3\n", 3 },
    { "options ndots:3\nsearch lan.test\n", 3 },
    { "search lan.test other.test\noptions edns0 ndots:2 trust-ad\n", 2 },
    { "search\tlan.test\noptions\t\tndots:4\n", 4 },
    { "search lan.test\noptions ndots:0\n", 0 },
    { "search lan.test\noptions ndots:\n", 0 },
    { "search lan.test\noptions ndots:-1\n", 0 },
    { "search lan.test\noptions ndots:15\n", 15 },
    { "search lan.test\noptions ndots:16\n", 15 },
    { "search lan.test\noptions ndots:99999999999999999999999999\n", 15 },
    { "search lan.test\noptions ndots:2x\n", 2 },

    /* the last counts */
    { "search lan.test\noptions ndots:3\noptions ndots:2\n", 2 },
    { "search lan.test\nsearch .\n", 0 },
    { "search .\ndomain lan.test\n", 1 },

    /* the root, as systemd-resolved writes it where there is no domain */
    { "search .\noptions edns0 trust-ad ndots:3\n", 0 },
    { "search . lan.test\noptions ndots:3\n", 0 },
    { "search lan.test .\noptions ndots:3\n", 3 },
    { "domain .\n", 0 },

    /* no lists */
    { "search\n", 0 },
    { "search  \t\n", 0 },
    { " search lan.test\n", 0 },
    { "# search lan.test\n", 0 },
    { ";search lan.test\n", 0 },
    { "searching lan.test\n", 0 },
    { "search lan.test\noptions\n", 1 },
    { "search lan.test\noptions xndots:3 ndots\n", 1 },
    { "\n\n\nsearch lan.test\n\noptions ndots:2", 2 },
};

static const struct {
    const char *text;
    bool by_tcp;
    bool is_local;
} ways[] = {
    { "", false, false },
    { "nameserver 127.0.0.1\n", false, true },
    { "nameserver 127.0.0.53\nnameserver ::1\noptions edns0 trust-ad\n", false, true },
    { "nameserver 127.0.0.1\nnameserver 192.0.2.1\n", false, false },
    { "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 2001:db8::1\nnameserver 127.0.0.1\n",
      false, false },
    { "nameserver 127.0.0.1\nnameserver ::1\nnameserver 127.1.2.3\nnameserver 192.0.2.1\n", false,
      true }, /* the fourth is not asked */
    { "nameserver ::1%lo\n", false, false },
    { "nameserver\n", false, false },
    { "nameserver 127.0.0.1.127.0.0.1.127.0.0.1.127.0.0.1.127.0.0.1.127.0.0.1\n", false, false },
    { "options use-vc\n", true, false },
    { "nameserver 127.0.0.1\noptions ndots:1\tuse-vc\n", true, true },
    { "options use-vcx xuse-vc\n#options use-vc\n", false, false },
};

static void test_ways(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(ways); i++) {
        KsResolvConf read = ks_resolv_conf_read(ways[i].text, strlen(ways[i].text), "client");

        g_test_message("row %u", i);
        g_assert_cmpint(read.by_tcp, ==, ways[i].by_tcp);
        g_assert_cmpint(read.is_local, ==, ways[i].is_local);
    }
}

static void test_rows(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("row %u", i);
        g_assert_cmpuint(
            ks_resolv_conf_read(rows[i].text, strlen(rows[i].text), "client").search_dots, ==,
            rows[i].dots);
    }
}

/* Where the file names no domain, the machine's own is searched in. */
static void test_own_domain(void)
{
    g_assert_cmpuint(ks_resolv_conf_read("", 0, "").search_dots, ==, 0);
    g_assert_cmpuint(ks_resolv_conf_read("", 0, "client.").search_dots, ==, 0);
    g_assert_cmpuint(ks_resolv_conf_read("", 0, "client.lan.test").search_dots, ==, 1);
    g_assert_cmpuint(ks_resolv_conf_read("options ndots:2", 15, "client.lan.test").search_dots, ==,
                     2);
    g_assert_cmpuint(ks_resolv_conf_read("search .", 8, "client.lan.test").search_dots, ==, 0);
}

/* Nothing behind the text is read, and bytes that are no text do no harm. */
static void test_bounds(void)
{
    static const char text[] = "search lan.test\noptions ndots:3\n";
    static const char odd[] = "\0search lan.test\nsearch\0\0 x\n\xff\xfe\noptions ndots:\0007\n";

    g_assert_cmpuint(ks_resolv_conf_read(text, 15, "client").search_dots, ==, 1);
    g_assert_cmpuint(ks_resolv_conf_read(text, sizeof(text) - 3, "client").search_dots, ==, 0);
    g_assert_cmpuint(ks_resolv_conf_read(odd, sizeof(odd) - 1, "client").search_dots, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/resolv-conf/rows", test_rows);
    g_test_add_func("/resolv-conf/ways", test_ways);
    g_test_add_func("/resolv-conf/own-domain", test_own_domain);
    g_test_add_func("/resolv-conf/bounds", test_bounds);
    return g_test_run();
}
