/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/pppoe.h"

#include <string.h>

#define HEADER "Id       Address              Device\n"

static const struct {
    const char *text;
    const char *peers; /* as hexadecimal digits */
} rows[] = {
    { "", "" },
    { HEADER, "" },
    { HEADER "00000100 02:00:00:00:00:01     eth0\n", "020000000001" },
    { HEADER "00003412 02:00:00:aB:cD:01 uplink0\n", "020000abcd01" },
    /* several, and one of them twice */
    { HEADER "00000100 02:00:00:00:00:01     eth0\n"
             "00000200 02:00:00:00:00:02     eth0\n"
             "00000300 02:00:00:00:00:01     eth1\n",
      "020000000001020000000002" },
    /* nobody, everybody, a group */
    { HEADER "00000100 00:00:00:00:00:00     eth0\n"
             "00000100 ff:ff:ff:ff:ff:ff     eth0\n"
             "00000100 01:80:c2:00:00:02     eth0\n",
      "" },
    /* not as the kernel writes it: that line is passed by */
    { "00000100 02:00:00:00:00:0g     eth0\n00000100 02:00:00:00:00:03     eth0\n",
      "020000000003" },
    { "0000010 02:00:00:00:00:01     eth0\n", "" },
    { "00000100 02:00:00:00:00:01\n", "" },
    { "00000100 02:00:00:00:00:01", "" },
    { "00000100 02:00:00:00:00:0\n1     eth0\n", "" },
    { "00000100 02-00-00-00-00-01     eth0\n", "" },
    { "00000100 02:00:00:00:00:011    eth0\n", "" },
    { "0000x100 02:00:00:00:00:01     eth0\n", "" },
    { "00000100  02:00:00:00:00:01    eth0\n", "" },
    /* the end of the text is one within a line */
    { "00000100 02:00:00:00:00:01     eth0\n00000100 02:00:00:00:00:04     et", "020000000001" },
};

static void test_rows(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GArray) peers = g_array_new(FALSE, FALSE, sizeof(KsPppoePeer));
        g_autoptr(GString) found = g_string_new(NULL);
        size_t size = strlen(rows[i].text);
        g_autofree char *exactly = g_malloc(size + 1);

        memcpy(exactly, rows[i].text, size);
        exactly[size] = '1'; /* what is read behind the end counts as a digit */
        ks_pppoe_read(exactly, size, peers);
        for (unsigned j = 0; j < peers->len * KS_PPPOE_ADDRESS_SIZE; j++)
            g_string_append_printf(found, "%02x", ((const uint8_t *) peers->data)[j]);
        g_assert_cmpstr(found->str, ==, rows[i].peers);
    }
}

static void test_bounds(void)
{
    g_autoptr(GArray) peers = g_array_new(FALSE, FALSE, sizeof(KsPppoePeer));
    g_autoptr(GString) text = g_string_new(NULL);

    for (unsigned i = 0; i < 1000; i++)
        g_string_append_printf(text, "%08X 02:00:00:00:%02x:%02x     eth0\n", i, i >> 8, i & 0xff);
    ks_pppoe_read(text->str, text->len, peers);
    g_assert_cmpuint(peers->len, ==, KS_PPPOE_PEERS_MAX);

    /* what stands behind the bound is not looked at */
    g_array_set_size(peers, 0);
    g_string_set_size(text, KS_PPPOE_TEXT_MAX);
    memset(text->str, '\n', text->len);
    g_string_append(text, "00000100 02:00:00:00:00:01     eth0\n");
    ks_pppoe_read(text->str, text->len, peers);
    g_assert_cmpuint(peers->len, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pppoe/rows", test_rows);
    g_test_add_func("/pppoe/bounds", test_bounds);
    return g_test_run();
}
