/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/server.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define LABEL_63 "a23456789012345678901234567890123456789012345678901234567890123"

static const struct {
    const char *host;
    bool valid;
} hosts[] = {
    { "vpn.example", true },
    { "VPN.Example", true },
    { "vpn.example.", true },
    { "vpn", true },
    { "_vpn._udp.example", true },
    { "1vpn.2example", true },
    { "xn--mnchen-3ya.example", true },
    { "a-.example", true },
    { LABEL_63 ".example", true },
    { "192.0.2.1", true },
    { "2001:db8::1", true },
    { "", false },
    { ".", false },
    { "..", false },
    { ".example", false },
    { "vpn..example", false },
    { "vpn.example..", false },
    { LABEL_63 "4.example", false },
    { "vpn example", false },
    { "vpn\texample", false },
    { "vpn.example\n", false },
    { "vpn\x01.example", false },
    { "vpn\x1b[31m.example", false },
    { "v\xc3\xa4n.example", false },
    { "\xff\xfe", false },
    { "vpn.example/path", false },
    { "vpn.example:1194", false },
    { "user@vpn.example", false },
    { "[2001:db8::1]", false },
    { "fe80::1%eth0", false },
    { "a::b::c", false },
    { "0.0.0.0", false },
    { "127.0.0.1", false },
    { "224.0.0.1", false },
    { "255.255.255.255", false },
    { "::", false },
    { "::1", false },
    { "ff02::1", false },
    { "::ffff:192.0.2.1", false },
    /* what inet_aton(3) takes for an address */
    { "127.1", false },
    { "2130706433", false },
    { "0x7f000001", false },
    { "0x7f.0x1", false },
    { "0177.0.0.01", false },
    { "192.0.2.01", false },
    { "vpn.example.1", false },
    { "1.", false },
};

static void test_hosts(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++) {
        g_autoptr(KsServer) server =
            ks_server_new(hosts[i].host, IPPROTO_UDP, 1, KS_SERVER_FROM_PROFILE);
        g_autofree char *shown = g_strescape(hosts[i].host, NULL);

        g_test_message("host %zu: \"%s\"", i, shown);
        g_assert_cmpint(ks_server_host_is_valid(hosts[i].host), ==, hosts[i].valid);
        g_assert_cmpint(server != NULL, ==, hosts[i].valid);
    }
    g_assert_false(ks_server_host_is_valid(NULL));
}

/* The longest name there is, with and without its final dot, and one character more. */
static void test_length(void)
{
    g_autoptr(GString) host = g_string_new(NULL);

    while (host->len < KS_HOST_MAX)
        g_string_append_c(host, host->len % 50 == 49 ? '.' : 'a');
    g_assert_true(ks_server_host_is_valid(host->str));
    g_string_append_c(host, '.');
    g_assert_true(ks_server_host_is_valid(host->str));
    g_string_append_c(host, '.');
    g_assert_false(ks_server_host_is_valid(host->str));
    g_string_truncate(host, KS_HOST_MAX);
    g_string_append_c(host, 'a');
    g_assert_false(ks_server_host_is_valid(host->str));
    while (host->len < 10000)
        g_string_append(host, "a.");
    g_assert_false(ks_server_host_is_valid(host->str));
}

static void test_literal_is_canonical(void)
{
    g_autoptr(KsServer) server =
        ks_server_new("2001:DB8:0::1", IPPROTO_TCP, 443, KS_SERVER_FROM_MANUAL);

    g_assert_cmpstr(server->host, ==, "2001:db8::1");
    g_assert_cmpint(server->address.family, ==, AF_INET6);
    g_assert_cmpint(server->protocol, ==, IPPROTO_TCP);
    g_assert_cmpint(server->port, ==, 443);
    g_assert_cmpint(server->source, ==, KS_SERVER_FROM_MANUAL);
    g_assert_cmpint(server->sender, ==, KS_SENDER_UNKNOWN);
    g_assert_false(server->ipsec_only);
}

static void test_equal(void)
{
    g_autoptr(KsServer) server =
        ks_server_new("vpn.example", IPPROTO_UDP, 1194, KS_SERVER_FROM_PROFILE);
    g_autoptr(KsServer) copy = ks_server_copy(server);
    g_autoptr(KsServer) folded =
        ks_server_new("VPN.example", IPPROTO_UDP, 1194, KS_SERVER_FROM_PROFILE);

    g_assert_true(ks_server_equal(server, copy));
    g_assert_true(server->host != copy->host);
    g_assert_true(ks_server_equal(server, folded));

    copy->port++;
    g_assert_false(ks_server_equal(server, copy));
    copy->port--;
    copy->protocol = IPPROTO_TCP;
    g_assert_false(ks_server_equal(server, copy));
    copy->protocol = IPPROTO_UDP;
    copy->source = KS_SERVER_FROM_OVERRIDE;
    g_assert_false(ks_server_equal(server, copy));
    copy->source = KS_SERVER_FROM_PROFILE;
    copy->sender = KS_SENDER_KERNEL;
    g_assert_false(ks_server_equal(server, copy));
    copy->sender = server->sender;
    copy->ipsec_only = true;
    g_assert_false(ks_server_equal(server, copy));
    copy->ipsec_only = false;
    g_assert_true(ks_server_equal(server, copy));
    g_assert_true(ks_address_parse("192.0.2.1", &copy->address));
    g_assert_false(ks_server_equal(server, copy));
}

static void test_ports(void)
{
    static const struct {
        const char *text;
        uint16_t port; /* 0: not a port */
    } ports[] = {
        { "1", 1 },        { "1194", 1194 },    { "65535", 65535 },
        { "01194", 1194 }, { "0", 0 },          { "65536", 0 },
        { "", 0 },         { "-1", 0 },         { "+1", 0 },
        { " 1", 0 },       { "1 ", 0 },         { "1194x", 0 },
        { "0x1", 0 },      { "4294967297", 0 }, { "18446744073709551617", 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(ports); i++) {
        uint16_t port = 0;

        g_test_message("\"%s\"", ports[i].text);
        g_assert_cmpint(ks_port_parse(ports[i].text, &port), ==, ports[i].port != 0);
        g_assert_cmpuint(port, ==, ports[i].port);
    }
    g_assert_false(ks_port_parse(NULL, &(uint16_t){ 0 }));
}

static void test_words(void)
{
    char buffer[4];

    g_assert_cmpstr(ks_protocol_name(IPPROTO_UDP, buffer), ==, "udp");
    g_assert_cmpstr(ks_protocol_name(IPPROTO_TCP, buffer), ==, "tcp");
    g_assert_cmpstr(ks_protocol_name(IPPROTO_ESP, buffer), ==, "esp");
    g_assert_cmpstr(ks_protocol_name(IPPROTO_AH, buffer), ==, "ah");
    g_assert_cmpstr(ks_protocol_name(IPPROTO_GRE, buffer), ==, "gre");
    g_assert_cmpstr(ks_protocol_name(255, buffer), ==, "255");
    g_assert_cmpstr(ks_server_source_name(KS_SERVER_FROM_PROFILE), ==, "profile");
    g_assert_cmpstr(ks_server_source_name(KS_SERVER_FROM_OVERRIDE), ==, "override");
    g_assert_cmpstr(ks_server_source_name(KS_SERVER_FROM_MANUAL), ==, "manual");
    g_assert_cmpstr(ks_sender_name(KS_SENDER_UNKNOWN), ==, "unknown");
    g_assert_cmpstr(ks_sender_name(KS_SENDER_DAEMON), ==, "daemon");
    g_assert_cmpstr(ks_sender_name(KS_SENDER_LOGIN_AS_USER), ==, "login-as-user");
    g_assert_cmpstr(ks_sender_name(KS_SENDER_KERNEL), ==, "kernel");
    g_assert_true(ks_protocol_has_ports(IPPROTO_TCP));
    g_assert_true(ks_protocol_has_ports(IPPROTO_UDP));
    g_assert_false(ks_protocol_has_ports(IPPROTO_ESP));
    g_assert_false(ks_protocol_has_ports(IPPROTO_GRE));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/server/hosts", test_hosts);
    g_test_add_func("/server/length", test_length);
    g_test_add_func("/server/literal-is-canonical", test_literal_is_canonical);
    g_test_add_func("/server/equal", test_equal);
    g_test_add_func("/server/ports", test_ports);
    g_test_add_func("/server/words", test_words);
    return g_test_run();
}
