/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/report/paper.h"
#include "ctl/report/redact.h"

#include <string.h>

/* A text alone, and what becomes of it. */
static const struct {
    const char *text;
    const char *told;
} rows[] = {
    { "", "" },
    { "locked, because a VPN came up", NULL },
    { "ip saddr 203.0.113.7 accept", "ip saddr [ip4-1 public] accept" },
    { "203.0.113.7:1194, 203.0.113.8:1194, 203.0.113.7",
      "[ip4-1 public]:1194, [ip4-2 public]:1194, [ip4-1 public]" },
    { "10.1.2.3/24 172.16.0.1 192.168.7.9-192.168.7.99",
      "[ip4-1 private]/24 [ip4-2 private] [ip4-3 private]-[ip4-4 private]" },
    { "{ 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, fe80::/10, ff02::1:ff00:0/104 }", NULL },
    { "127.0.0.53 0.0.0.0 255.255.255.255 224.0.0.251 ::1 :: ff02::1 ff02::1:2 ff02::fb", NULL },
    { "169.254.7.7 100.64.0.1 224.7.7.7 240.0.0.1",
      "[ip4-1 link-local] [ip4-2 shared] [ip4-3 multicast] [ip4-4 reserved]" },
    { "2001:db8::7, fe80::7%wlan0 fd00::7/64 ff02::1:ff12:3456 64:ff9b::7",
      "[ip6-1 public], [ip6-2 link-local]%wlan0 [ip6-3 private]/64 [ip6-4 multicast] "
      "[ip6-5 nat64]" },
    { "to 2001:db8::7: no route", "to [ip6-1 public]: no route" },
    { "[2001:db8::7]:51820", "[[ip6-1 public]]:51820" },
    { "addr:2001:db8::7", "addr:[ip6-1 public]" },
    { "::ffff:203.0.113.7", "[ip6-1 public]" },
    { "14:32:05 2026-11-29T14:32:05Z +0000", NULL },
    { "00:11:22:33:44:55 02-11-22-33-44-55 01:11:22:33:44:55 ff:ff:ff:ff:ff:ff",
      "[mac-1] [mac-2 local] [mac-3 multicast] ff:ff:ff:ff:ff:ff" },
    { "80:00:02:08:fe:80:00:00:00:00:00:00:00:11:22:33:44:55:66:77", "[mac-1]" },
    { "enx001122334455: enp3s0f1 wlp2s0 eno1 wlan0", "[link-1]: enp3s0f1 wlp2s0 eno1 wlan0" },
    { "uuid 01234567-89ab-cdef-0123-456789abcdef.", "uuid [uuid-1]." },
    { "01234567-89AB-cdef-0123-456789abcdef 01234567-89ab-CDEF-0123-456789abcdef",
      "[uuid-1] [uuid-1]" },
    { "vpn.acme.example and VPN.Acme.Example.", "[host-1] and [host-1]." },
    { "bob@acme.example müller.example 7.113.0.203.in-addr.arpa", "[host-1] [host-2] [host-3]" },
    { "nm-killswitch.service 90-x.conf ifup@eth0.service libnm.so.0 6.1.0-28-amd64 1.42.4", NULL },
    { "io.github.nmkillswitch.Guard1 org.freedesktop.NetworkManager.openvpn: e.g. so", NULL },
    { "/home/bob/vpn.ovpn, /home/alice", "/home/[user-1]/[host-1], /home/[user-2]" },
    { "0x0376706e0461636d65 0x6b73646e 0xdfdfdfdf 0x1000000000001 0x888e",
      "[bytes-1] 0x6b73646e 0xdfdfdfdf 0x1000000000001 0x888e" },
    { "4c4c45440043 0123456789abcdef0123456789abcdef 123456789012 bytes",
      "[bytes-1] [bytes-2] 123456789012 bytes" },
    { "key MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "key [bytes-1]" },
    { "the VPN \"Acme \\\"x\\\" y\" and \"wlan0\" and “Acme”",
      "the VPN \"[text-1]\" and \"wlan0\" and “[text-2]”" },
    { "a \" alone", NULL },
    { "AddVpn('Mums house', 'wg-x', [('gate', 'udp', uint16 1194)], \"it's\", <'m\\'s'>) for :1.7",
      "AddVpn('[text-1]', '[text-2]', [('[text-3]', 'udp', uint16 1194)], \"[text-4]\", "
      "<'[text-5]'>) for :1.7" },
    { "Connection 'Bob's VPN' is gone", "Connection '[text-1]' is gone" },
    { "nm-killswitch.service: Failed with result 'exit-code'.", NULL },
    { "chain \"output\" of table inet \"filter\", \"acme\"",
      "chain \"output\" of table inet \"filter\", \"[text-1]\"" },
    { "a VPN's own word, the users' own, an 'open end", NULL },
};

static void test_looks(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        KsRedactor *redactor = ks_redactor_new();
        g_autofree char *told = ks_redactor_text(redactor, rows[i].text);

        g_assert_cmpstr(told, ==, rows[i].told ? rows[i].told : rows[i].text);
        ks_redactor_free(redactor);
    }
}

static void test_learned(void)
{
    KsRedactor *redactor = ks_redactor_new();
    g_autofree char *told = NULL;
    g_autofree char *value = NULL;
    g_autofree char *harmless = NULL;

    ks_redactor_learn(redactor, KS_IDENTITY_NAME, "Bob's VPN");
    ks_redactor_learn(redactor, KS_IDENTITY_HOST, "bob");
    ks_redactor_learn(redactor, KS_IDENTITY_INTERFACE, "wg-acme");
    ks_redactor_learn(redactor, KS_IDENTITY_INTERFACE, "wlan0");
    ks_redactor_learn(redactor, KS_IDENTITY_NAME, "");
    ks_redactor_learn(redactor, KS_IDENTITY_NAME, "x");
    ks_redactor_learn(redactor, KS_IDENTITY_NAME, "vpn");
    told = ks_redactor_text(redactor,
                            "BOB'S vpn: on wg-acme, bob_2, bobbin x, \"wg-acme\" wlan0 the vpn");
    g_assert_cmpstr(told, ==,
                    "[name-1]: on [link-1], [host-1]_2, bobbin x, \"[link-1]\" wlan0 the vpn");
    value = ks_redactor_value(redactor, KS_IDENTITY_HOST, "Bob");
    g_assert_cmpstr(value, ==, "[host-1]");
    harmless = ks_redactor_value(redactor, KS_IDENTITY_INTERFACE, "tun0");
    g_assert_cmpstr(harmless, ==, "tun0");
    ks_redactor_free(redactor);
}

/* What is learned after it was written is replaced, too. */
static void test_paper(void)
{
    static const KsPaperKey keys[] = { { "name", KS_IDENTITY_NAME },
                                       { "options", KS_IDENTITY_TEXT },
                                       { NULL, 0 } };
    KsPaper *paper = ks_paper_new();
    g_autoptr(GVariant) value = g_variant_ref_sink(g_variant_new_parsed(
        "{'name': <'Acme'>, 'servers': <['203.0.113.7']>, 'up': <true>, 'options': "
        "<{'wpad': <'http://intern/acme 3600 10.0.0.7'>}>, 'bytes': <[byte 10, 0, 0, 7]>}"));
    g_autofree char *told = NULL;
    g_autofree char *full = NULL;

    ks_paper_section(paper, "state");
    ks_paper_put_text(paper, "Acme: its server\n");
    ks_paper_put_variant(paper, value, keys, 0);
    ks_paper_lacks(paper, "no answer from %s", "203.0.113.7");
    told = ks_paper_finish(paper, false);
    g_assert_cmpstr(told, ==,
                    "\n== state ==\n[name-1]: its server\nname: [name-1]\nservers: \n"
                    "  - [ip4-1 public]\nup: true\noptions: \n  wpad: [text-1] 3600 "
                    "[ip4-2 private]\nbytes: [ip4-2 private]\nNot here: no answer from "
                    "[ip4-1 public]\n");
    full = ks_paper_finish(paper, true);
    g_assert_nonnull(strstr(full, "Acme: its server\nname: Acme\n"));
    g_assert_nonnull(strstr(full, "http://intern/acme 3600 10.0.0.7"));
    ks_paper_free(paper);
}

static void test_sections_are_bounded(void)
{
    KsPaper *paper = ks_paper_new();
    g_autofree char *told = NULL;

    for (unsigned i = 0; i < KS_PAPER_SECTION_BYTES; i++)
        ks_paper_put_text(paper, "sixteen bytes...");
    ks_paper_section(paper, "next");
    ks_paper_put(paper, "here\n");
    told = ks_paper_finish(paper, true);
    g_assert_cmpuint(strlen(told), <, KS_PAPER_SECTION_BYTES + 100);
    g_assert_true(g_str_has_suffix(told, "\n(The rest is left out.)\n\n== next ==\nhere\n"));
    ks_paper_free(paper);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/redact/looks", test_looks);
    g_test_add_func("/redact/learned", test_learned);
    g_test_add_func("/redact/paper", test_paper);
    g_test_add_func("/redact/sections-are-bounded", test_sections_are_bounded);
    return g_test_run();
}
