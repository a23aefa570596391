/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/openvpn-remote.h"

#include <netinet/in.h>
#include <string.h>

#define MAX_IN_ROW 3

typedef struct {
    const char *host;
    uint16_t port;
    uint8_t protocol;
} Expected;

static const struct {
    const char *remotes;
    Expected expected[MAX_IN_ROW + 1]; /* ends with a NULL host */
    unsigned rejected;
} rows[] = {
    { "vpn.example", { { "vpn.example", 0, 0 } }, 0 },
    { "vpn.example:443", { { "vpn.example", 443, 0 } }, 0 },
    { "vpn.example:443:tcp", { { "vpn.example", 443, IPPROTO_TCP } }, 0 },
    { "192.0.2.1:1194:udp", { { "192.0.2.1", 1194, IPPROTO_UDP } }, 0 },

    /* empty ports and protocols */
    { "h:", { { "h", 0, 0 } }, 0 },
    { "h::", { { "h", 0, 0 } }, 0 },
    { "h::udp", { { "h", 0, IPPROTO_UDP } }, 0 },
    { "h:1:", { { "h", 1, 0 } }, 0 },

    /* IPv6 with and without brackets */
    { "2001:db8::1", { { "2001:db8::1", 0, 0 } }, 0 },
    { "[2001:db8::1]", { { "2001:db8::1", 0, 0 } }, 0 },
    { "[2001:db8::1]:443", { { "2001:db8::1", 443, 0 } }, 0 },
    { "[2001:db8::1]:443:tcp6", { { "2001:db8::1", 443, IPPROTO_TCP } }, 0 },
    { "[2001:db8::1]::udp6", { { "2001:db8::1", 0, IPPROTO_UDP } }, 0 },
    { "[2001:db8::1]:", { { "2001:db8::1", 0, 0 } }, 0 },
    { "2001:db8::1::udp", { { "2001:db8::1", 0, IPPROTO_UDP } }, 0 },
    { "2001:db8::1::", { { "2001:db8::1", 0, 0 } }, 0 },
    /* ... the last group of a bare address is never a port */
    { "2001:db8::1:1194", { { "2001:db8::1:1194", 0, 0 } }, 0 },
    { "2001:db8:0:0:0:0:0:1:1194", { { "2001:db8:0:0:0:0:0:1", 1194, 0 } }, 0 },
    { "2001:db8::1:1194:udp", { { NULL } }, 1 },
    { "::ffff:192.0.2.1", { { "::ffff:192.0.2.1", 0, 0 } }, 0 },

    /* brackets and colons that make no address stay in the host, for others to judge */
    { "[a:]:1:", { { "[a:]", 1, 0 } }, 0 },
    { "t:::", { { "t:", 0, 0 } }, 0 },
    { "a:t::", { { "a:t", 0, 0 } }, 0 },
    { "[", { { "[", 0, 0 } }, 0 },
    { "[]", { { "[]", 0, 0 } }, 0 },
    { "[]:1", { { "[]", 1, 0 } }, 0 },

    /* every protocol */
    { "h:1:udp h:1:udp4 h:1:udp6",
      { { "h", 1, IPPROTO_UDP }, { "h", 1, IPPROTO_UDP }, { "h", 1, IPPROTO_UDP } },
      0 },
    { "h:1:tcp h:1:tcp4 h:1:tcp6",
      { { "h", 1, IPPROTO_TCP }, { "h", 1, IPPROTO_TCP }, { "h", 1, IPPROTO_TCP } },
      0 },
    { "h:1:tcp-client h:1:tcp4-client h:1:tcp6-client",
      { { "h", 1, IPPROTO_TCP }, { "h", 1, IPPROTO_TCP }, { "h", 1, IPPROTO_TCP } },
      0 },
    { "h:1:UDP h:1:tcp-server h:1:sctp h:1:udp5 h:1:u", { { NULL } }, 5 },

    /* ports */
    { "h:1,h:65535", { { "h", 1, 0 }, { "h", 65535, 0 } }, 0 },
    { "h:0 h:65536 h:-1 h:+1 h:0x1 h:1194x h:99999999999999999999", { { NULL } }, 7 },

    /* separators */
    { "a b\tc", { { "a", 0, 0 }, { "b", 0, 0 }, { "c", 0, 0 } }, 0 },
    { ", ,a,\t ,b,,", { { "a", 0, 0 }, { "b", 0, 0 } }, 0 },
    { "a;b", { { "a;b", 0, 0 } }, 0 },
    { "", { { NULL } }, 0 },
    { " ,\t", { { NULL } }, 0 },

    /* invalid tokens are skipped, the others are not */
    { "a:x b:2 :3 c", { { "b", 2, 0 }, { "c", 0, 0 } }, 2 },
    { ": :: ::udp :1194:udp", { { "::", 0, 0 } }, 3 },

    /* control characters and bytes that are no text */
    { "a\n", { { "a", 0, 0 } }, 0 },
    { "a\n:1194", { { "a\n", 1194, 0 } }, 0 },
    { "a:1194\x01", { { NULL } }, 1 },
    { "\x01", { { "\x01", 0, 0 } }, 0 },
    { "\n", { { NULL } }, 1 },
    { "a\xff b", { { "b", 0, 0 } }, 1 },
    { "m\xc3\xbcnchen.example", { { "m\xc3\xbcnchen.example", 0, 0 } }, 0 },
};

static void test_rows(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        unsigned rejected = 77;
        g_autoptr(GPtrArray) remotes = ks_openvpn_remotes_parse(rows[i].remotes, &rejected);
        g_autofree char *shown = g_strescape(rows[i].remotes, NULL);
        unsigned length = 0;

        g_test_message("row %zu: \"%s\"", i, shown);
        for (; rows[i].expected[length].host; length++) {
            const Expected *expected = &rows[i].expected[length];
            const KsOpenvpnRemote *remote;

            g_assert_cmpuint(length, <, remotes->len);
            remote = g_ptr_array_index(remotes, length);
            g_assert_cmpstr(remote->host, ==, expected->host);
            g_assert_cmpuint(remote->port, ==, expected->port);
            g_assert_cmpuint(remote->protocol, ==, expected->protocol);
        }
        g_assert_cmpuint(remotes->len, ==, length);
        g_assert_cmpuint(rejected, ==, rows[i].rejected);
    }
}

static void test_null(void)
{
    unsigned rejected;
    g_autoptr(GPtrArray) remotes = ks_openvpn_remotes_parse(NULL, &rejected);

    g_assert_cmpuint(remotes->len, ==, 0);
    g_assert_cmpuint(rejected, ==, 0);
}

/* A token of 10 kB of each of these is skipped, and what stands around it is not. */
static void test_absurd_length(void)
{
    static const char fillers[] = "a1.:[]-\x01";

    for (const char *filler = fillers; *filler; filler++) {
        g_autofree char *absurd = g_strnfill(10000, *filler);
        g_autofree char *text = g_strconcat("a:1 ", absurd, ",b:2", NULL);
        unsigned rejected;
        g_autoptr(GPtrArray) remotes = ks_openvpn_remotes_parse(text, &rejected);

        g_assert_cmpuint(remotes->len, ==, 2);
        g_assert_cmpuint(rejected, ==, 1);
    }
}

/* The longest token that can be meant. */
static void test_longest(void)
{
    g_autofree char *host = g_strnfill(253, 'a');
    g_autofree char *text = g_strconcat(host, ".:65535:tcp4-client", NULL);
    unsigned rejected;
    g_autoptr(GPtrArray) remotes = ks_openvpn_remotes_parse(text, &rejected);

    g_assert_cmpuint(remotes->len, ==, 1);
    g_assert_cmpuint(rejected, ==, 0);
}

static void test_bound(void)
{
    static const unsigned counts[] = { 1000, 1024, 1025, 5000 };

    for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
        g_autoptr(GString) text = g_string_new(NULL);
        g_autoptr(GPtrArray) remotes = NULL;
        unsigned kept = MIN(counts[i], KS_OPENVPN_REMOTES_MAX);
        unsigned rejected;

        for (unsigned j = 0; j < counts[i]; j++)
            g_string_append_printf(text, "10.0.%u.%u:%u:udp,", j / 256, j % 256, j + 1);
        remotes = ks_openvpn_remotes_parse(text->str, &rejected);
        g_assert_cmpuint(remotes->len, ==, kept);
        g_assert_cmpuint(rejected, ==, counts[i] - kept);
        for (unsigned j = 0; j < remotes->len; j++) {
            const KsOpenvpnRemote *remote = g_ptr_array_index(remotes, j);

            g_assert_cmpuint(remote->port, ==, j + 1);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/openvpn-remote/rows", test_rows);
    g_test_add_func("/openvpn-remote/null", test_null);
    g_test_add_func("/openvpn-remote/absurd-length", test_absurd_length);
    g_test_add_func("/openvpn-remote/longest", test_longest);
    g_test_add_func("/openvpn-remote/bound", test_bound);
    return g_test_run();
}
