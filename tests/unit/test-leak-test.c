/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The leak test without a network: what it sends, how it knows it again, and what follows. */
#include "ctl/leaks.h"
#include "leaktest/match.h"
#include "leaktest/verdict.h"

#include <arpa/inet.h>
#include <locale.h>
#include <netinet/in.h>
#include <string.h>

static GVariant *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    GVariant *value = g_variant_parse(NULL, text, NULL, NULL, &error);

    g_assert_no_error(error);
    return value;
}

static KsSurroundings *make_surroundings(void)
{
    g_autoptr(GVariant) status = parse(
        "{'state': <'protected'>,"
        " 'tunnels': <[{'interface': <'tun0'>}]>,"
        " 'servers': <[{'address': <'203.0.113.9'>, 'protocol': <'udp'>, 'port': <uint16 1194>},"
        "              {'address': <'2001:db8::9'>, 'protocol': <'esp'>, 'port': <uint16 0>},"
        "              {'address': <''>, 'protocol': <'udp'>, 'port': <uint16 1194>}]>}");
    g_autoptr(GVariant) dns = parse(
        "[{'nameservers': <['192.0.2.1', '2001:db8:2::1', 'nonsense']>, 'interface': <'eth0'>},"
        " {'nameservers': <['198.51.100.53']>, 'interface': <'tun0'>, 'vpn': <true>},"
        " {'interface': <'eth1'>}]");
    KsSurroundings *around = ks_surroundings_new();
    KsCard card = { .index = 2, .name = "eth0", .ethernet = true };

    ks_surroundings_take_status(around, status);
    ks_surroundings_take_dns(around, dns);
    g_array_append_val(around->cards, card);
    return around;
}

static void test_surroundings(void)
{
    g_autoptr(KsSurroundings) around = make_surroundings();
    g_autoptr(GVariant) nonsense =
        parse("{'state': <uint32 1>, 'tunnels': <'x'>, 'servers': <[1]>}");
    g_autoptr(KsSurroundings) empty = ks_surroundings_new();

    g_assert_cmpstr(around->state, ==, "protected");
    g_assert_cmpuint(around->tunnels->len, ==, 1);
    g_assert_cmpuint(around->servers->len, ==, 2);
    g_assert_cmpuint(around->resolvers->len, ==, 3);
    ks_surroundings_take_status(empty, nonsense);
    ks_surroundings_take_dns(empty, nonsense);
    g_assert_cmpstr(empty->state, ==, "");
    g_assert_cmpuint(empty->tunnels->len + empty->servers->len + empty->resolvers->len, ==, 0);
}

static KsSurroundings *closed_with(const char *state, const char *exceptions)
{
    g_autofree char *text =
        g_strdup_printf("{'state': <'%s'>, 'exceptions': <%s>}", state, exceptions);
    g_autoptr(GVariant) status = parse(text);
    KsSurroundings *around = ks_surroundings_new();

    ks_surroundings_take_status(around, status);
    return around;
}

/* A VPN is up that leads to that /24, and something else that leads to all. */
static void carry(KsSurroundings *around, const char *network)
{
    g_autoptr(KsWorld) world = ks_world_new();
    KsLink link = { .index = 7, .name = "tun0", .kind = "tun", .up = true, .tunnel_kind = true };
    KsLink other = { .index = 8, .name = "tun8", .kind = "tun", .up = true, .tunnel_kind = true };
    KsLinkRoute route = { .index = 7, .prefix = 24 };
    KsLinkRoute all = { .index = 8, .destination.family = AF_INET };

    g_ptr_array_add(around->tunnels, g_strdup("tun0"));
    g_array_append_val(world->links, link);
    g_array_append_val(world->links, other);
    g_array_append_val(world->link_routes, all);
    if (network) {
        g_assert_true(ks_address_parse(network, &route.destination));
        g_array_append_val(world->link_routes, route);
    }
    ks_surroundings_take_world(around, world);
}

/* What an exception let out is no leak, but only while the lock was closed; all else is. */
static void test_exceptions(void)
{
#define NONE "@aa{sv} []"
#define TCP_80 \
    "[{'to': <'192.0.2.0/24'>, 'protocol': <'tcp'>, 'first_port': <uint16 80>, 'last_port': <uint16 90>}]"
#define ALL \
    "[{'to': <'192.0.2.1'>, 'protocol': <''>, 'first_port': <uint16 0>, 'last_port': <uint16 0>}]"
#define BY_ETH0                                                                                    \
    "[{'to': <'192.0.2.1'>, 'protocol': <''>, 'first_port': <uint16 0>, 'last_port': <uint16 0>, " \
    "'network': <''>, 'interfaces': <['eth0']>}]"
#define BAD "[{'to': <'192.0.2.1'>, 'protocol': <'sctp'>}, {'to': <'nonsense'>}, @a{sv} {}]"
    static const struct {
        const char *before;
        const char *after;
        const char *exceptions;
        const char *later;
        KsProbeKind kind;
        uint16_t port;
        KsFate fate;
        bool changed;        /* it was let out at one of the two times only */
        const char *carried; /* where a VPN leads; NULL: elsewhere */
        const char *tied_to; /* the interface that the probe was; NULL: none */
        const char *seen_on;
    } rows[] = {
        { "protected", "blocked", TCP_80, TCP_80, KS_PROBE_TCP, 80, KS_FATE_EXCEPTION },
        { "protected", "protected", TCP_80, NONE, KS_PROBE_TCP, 80, KS_FATE_EXCEPTION, true },
        { "protected", "protected", NONE, TCP_80, KS_PROBE_TCP, 80, KS_FATE_EXCEPTION, true },
        { "protected", "protected", TCP_80, TCP_80, KS_PROBE_TCP, 91, KS_FATE_LEFT },
        { "protected", "protected", TCP_80, TCP_80, KS_PROBE_UDP, 80, KS_FATE_LEFT },
        { "protected", "protected", ALL, ALL, KS_PROBE_ECHO, 0, KS_FATE_EXCEPTION },
        { "protected", "protected", ALL, ALL, KS_PROBE_FRAME, 9, KS_FATE_EXCEPTION },
        { "protected", "protected", ALL, ALL, KS_PROBE_DNS_NETWORK, 53, KS_FATE_LEFT },
        { "protected", "protected", BAD, BAD, KS_PROBE_TCP, 80, KS_FATE_LEFT },
        { "protected", "broken", TCP_80, TCP_80, KS_PROBE_TCP, 80, KS_FATE_LEFT },
        { "paused", "protected", TCP_80, TCP_80, KS_PROBE_TCP, 80, KS_FATE_LEFT },
        { "unlocked", "unlocked", TCP_80, TCP_80, KS_PROBE_TCP, 80, KS_FATE_LEFT },
        /* one for a network is by the card that carries it alone */
        { "protected", "protected", BY_ETH0, BY_ETH0, KS_PROBE_UDP, 9, KS_FATE_EXCEPTION,
          .tied_to = "eth0", .seen_on = "eth0" },
        { "protected", "protected", BY_ETH0, BY_ETH0, KS_PROBE_UDP, 9, KS_FATE_EXCEPTION,
          .seen_on = "eth0" },
        { "protected", "protected", BY_ETH0, BY_ETH0, KS_PROBE_UDP, 9, KS_FATE_LEFT,
          .tied_to = "wlan0", .seen_on = "wlan0" },
        { "protected", "protected", BY_ETH0, BY_ETH0, KS_PROBE_UDP, 9, KS_FATE_LEFT,
          .seen_on = "wlan0" },
        /* what a VPN leads to is nobody's to let out, as long as it leads there */
        { "protected", "protected", ALL, ALL, KS_PROBE_UDP, 9, KS_FATE_LEFT, false, "192.0.2.0" },
        { "protected", "protected", ALL, ALL, KS_PROBE_UDP, 9, KS_FATE_EXCEPTION, false,
          "198.51.100.0" },
        { "protected", "blocked", ALL, ALL, KS_PROBE_UDP, 9, KS_FATE_EXCEPTION, false,
          "192.0.2.0" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(KsSurroundings) before = closed_with(rows[i].before, rows[i].exceptions);
        g_autoptr(KsSurroundings) after = closed_with(rows[i].after, rows[i].later);
        g_autoptr(GArray) probes = g_array_new(FALSE, TRUE, sizeof(KsProbe));
        KsProbe probe = { .kind = rows[i].kind, .port = rows[i].port, .fate = KS_FATE_LEFT };

        g_assert_true(ks_address_parse("192.0.2.1", &probe.destination));
        g_strlcpy(probe.interface, rows[i].tied_to ? rows[i].tied_to : "", sizeof(probe.interface));
        g_strlcpy(probe.seen_on, rows[i].seen_on ? rows[i].seen_on : "eth0", sizeof(probe.seen_on));
        g_array_append_val(probes, probe);
        probe.fate = KS_FATE_VPN;
        g_array_append_val(probes, probe);
        carry(before, rows[i].carried);
        g_test_message("row %u", i);
        g_assert_true(ks_probes_excuse(probes, before, after) == rows[i].changed);
        g_assert_cmpint(g_array_index(probes, KsProbe, 0).fate, ==, rows[i].fate);
        g_assert_cmpint(g_array_index(probes, KsProbe, 1).fate, ==, KS_FATE_VPN);
    }
}

/* A bridge with nothing but a tap: the guests', unless this machine is connected by it. */
static const struct {
    const char *name;
    const char *device; /* NetworkManager's word on the bridge */
    bool is_network;
} bridges[] = {
    { "of guests", "{'IpInterface': <'br7'>, 'Dhcp4Config': <objectpath '/'>}", false },
    { "by DHCP", "{'IpInterface': <'br7'>, 'Dhcp4Config': <objectpath '/d/1'>}", true },
    { "by DHCPv6", "{'IpInterface': <'br7'>, 'Dhcp6Config': <objectpath '/d/1'>}", true },
    { "with a gateway", "{'IpInterface': <'br7'>, 'Ip4Config': <objectpath '/c/1'>}", true },
    { "without one", "{'IpInterface': <'br7'>, 'Ip4Config': <objectpath '/c/2'>}", false },
    { "of no such object", "{'IpInterface': <'br7'>, 'Ip4Config': <objectpath '/c/3'>}", false },
    { "another", "{'IpInterface': <'br8'>, 'Dhcp4Config': <objectpath '/d/1'>}", false },
    { "nonsense", "{'IpInterface': <7>, 'Dhcp4Config': <'/d/1'>}", false },
};

static void test_networks(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(bridges); i++) {
        g_autofree char *text = g_strdup_printf(
            "{objectpath '/d/1': {'org.freedesktop.NetworkManager.Device': %s},"
            " '/c/1': {'org.freedesktop.NetworkManager.IP4Config': {'Gateway': <'192.0.2.1'>}},"
            " '/c/2': {'org.freedesktop.NetworkManager.IP4Config': {'Gateway': <''>}}}",
            bridges[i].device);
        g_autoptr(GVariant) objects = parse(text);
        g_autoptr(KsSurroundings) around = ks_surroundings_new();
        g_autoptr(KsWorld) world = ks_world_new();
        KsLink bridge = { .index = 7, .name = "br7", .kind = "bridge", .up = true };
        KsLink port = { .index = 8, .name = "tap7", .kind = "tun", .up = true, .master = 7 };

        g_test_message("%s", bridges[i].name);
        g_array_append_val(world->links, bridge);
        g_array_append_val(world->links, port);
        ks_surroundings_take_networks(around, objects);
        ks_surroundings_take_world(around, world);
        g_assert_cmpuint(around->cards->len, ==, bridges[i].is_network ? 1 : 0);
        g_assert_cmpuint(around->above->len, ==, bridges[i].is_network ? 1 : 0);
    }
}

static bool is_for_documentation(const KsAddress *address)
{
    KsAddress net4;
    KsAddress net6;

    g_assert_true(ks_address_parse("203.0.113.0", &net4));
    g_assert_true(ks_address_parse("2001:db8::", &net6));
    return ks_address_is_in(address, address->family == AF_INET ? &net4 : &net6,
                            address->family == AF_INET ? 24 : 32);
}

static void test_plan(void)
{
    g_autoptr(KsSurroundings) around = make_surroundings();
    g_autoptr(GArray) probes = ks_probes_plan(around);
    g_autoptr(GArray) more = NULL;
    KsCard bridge = { .index = 3, .name = "br0" };
    unsigned kinds[KS_PROBE_KINDS] = { 0 };

    for (unsigned i = 0; i < probes->len; i++) {
        const KsProbe *probe = &g_array_index(probes, KsProbe, i);
        char text[KS_ADDRESS_TEXT_SIZE];

        kinds[probe->kind]++;
        (void) ks_address_text(&probe->destination, text);
        if (probe->kind == KS_PROBE_DNS_TUNNEL)
            g_assert_cmpstr(text, ==, "198.51.100.53");
        else if (probe->kind == KS_PROBE_DNS_NETWORK)
            g_assert_cmpstr(text, ==, probe->family == KS_IPV4 ? "192.0.2.1" : "2001:db8:2::1");
        else
            g_assert_true(is_for_documentation(&probe->destination));
        for (unsigned k = 0; k < i; k++)
            g_assert_false(memcmp(g_array_index(probes, KsProbe, k).canary, probe->canary,
                                  KS_CANARY_SIZE) == 0);
    }
    /* 2 families, 2 senders, unbound and by the card */
    g_assert_cmpuint(kinds[KS_PROBE_TCP], ==, 8);
    g_assert_cmpuint(kinds[KS_PROBE_DNS_NETWORK], ==, 8);
    g_assert_cmpuint(kinds[KS_PROBE_DNS_TUNNEL], ==, 2); /* IPv4, unbound */
    g_assert_cmpuint(kinds[KS_PROBE_FRAME], ==, 2);      /* root's */
    g_array_append_val(around->above, bridge);
    more = ks_probes_plan(around);
    g_assert_cmpuint(more->len, ==, probes->len + 5 * 4 + 2);
}

/* Each payload is known again, also inside of another packet and at its very end; not if it is cut
 * short by a byte. */
static void test_marks(void)
{
    g_autoptr(KsSurroundings) around = make_surroundings();
    g_autoptr(GArray) probes = ks_probes_plan(around);
    KsMarks marks;

    for (unsigned i = 0; i < probes->len; i++)
        if (g_array_index(probes, KsProbe, i).kind == KS_PROBE_TCP)
            ks_probe_mark_tcp(&g_array_index(probes, KsProbe, i), (uint16_t) (40000 + i));
    ks_marks_fill(&marks, probes);
    for (unsigned i = 0; i < probes->len; i++) {
        const KsProbe *probe = &g_array_index(probes, KsProbe, i);
        uint8_t frame[64 + KS_PAYLOAD_SIZE] = { 0 };
        size_t size = ks_probe_payload(probe, frame + 64);

        if (probe->kind == KS_PROBE_TCP) {
            memcpy(frame + 64, probe->mark, probe->mark_size);
            size = probe->mark_size;
        }
        g_assert_true(size >= probe->mark_size && size <= KS_PAYLOAD_SIZE);
        g_assert_true(ks_marks_find(&marks, probes, frame, 64 + size) == probe);
        g_assert_null(ks_marks_find(&marks, probes, frame, 64 + probe->mark_size - 1));
    }
}

static void test_packets(void)
{
    g_autoptr(KsSurroundings) around = make_surroundings();
    uint8_t packet[40] = { 0x45, [9] = IPPROTO_UDP, [16] = 203, 0, 113,
                           9,    [22] = 1194 >> 8,  1194 & 255 };
    uint8_t esp[40] = { 0x60, [6] = IPPROTO_ESP };

    g_assert_true(ks_packet_is_servers(around->servers, packet, sizeof(packet), false));
    g_assert_false(ks_packet_is_servers(around->servers, packet, sizeof(packet), true));
    g_assert_false(ks_packet_is_servers(around->servers, packet, 23, false)); /* no port */
    packet[23]++;
    g_assert_false(ks_packet_is_servers(around->servers, packet, sizeof(packet), false));
    (void) inet_pton(AF_INET6, "2001:db8::9", esp + 8);
    g_assert_true(ks_packet_is_servers(around->servers, esp, sizeof(esp), true));
    g_assert_false(ks_packet_is_servers(around->servers, esp, 39, true));
    packet[0] = 0x4f; /* a header that is longer than the packet */
    g_assert_false(ks_packet_is_servers(around->servers, packet, sizeof(packet), false));
}

typedef struct {
    KsFindings findings;
    GArray *probes;
} Case;

static Case make_case(KsFate fate)
{
    KsWatch watch = { .card = { .index = 2, .name = "eth0", .ethernet = true },
                      .control_seen = true,
                      .frames_seen = true };
    Case made = { .findings = {
                      .state = "protected", .after = "protected", .tunnel_is_up = true } };
    KsProbe probe = { .kind = KS_PROBE_UDP, .family = KS_IPV6, .fate = fate };

    made.probes = g_array_new(FALSE, TRUE, sizeof(KsProbe));
    g_array_append_val(made.probes, probe);
    made.findings.probes = made.probes;
    made.findings.watches = g_array_new(FALSE, TRUE, sizeof(KsWatch));
    g_array_append_val(made.findings.watches, watch);
    return made;
}

static void end_case(Case *one)
{
    g_array_unref(one->probes);
    g_array_unref(one->findings.watches);
}

static void assert_told(Case *one, const char *verdict, const char *doubt, const char *shown)
{
    g_autoptr(GVariant) told = g_variant_ref_sink(ks_findings_tell(&one->findings));
    g_autoptr(KsLeakResult) result = ks_leak_result_read(told);
    g_autofree char *text = ks_show_leaks(result, false);
    const char *word;

    g_assert_true(g_variant_lookup(told, "verdict", "&s", &word));
    g_assert_cmpstr(word, ==, verdict);
    g_assert_true(g_variant_lookup(told, "doubt", "&s", &word));
    g_assert_cmpstr(word, ==, doubt);
    g_assert_nonnull(strstr(text, shown));
    g_assert_true(g_utf8_validate(text, -1, NULL));
}

/* Only what is proven is called closed. */
static void test_verdict(void)
{
    Case one = make_case(KS_FATE_HELD);
    KsWatch *watch = &g_array_index(one.findings.watches, KsWatch, 0);

    assert_told(&one, "closed", "", "Nothing leaks: 1 attempt");
    one.findings.after = "blocked";
    assert_told(&one, "unjudged", "changed", "the lock changed");
    one.findings.after = "protected";
    watch->lost = 1;
    assert_told(&one, "unjudged", "lost", "too much traffic");
    watch->control_seen = false;
    assert_told(&one, "unjudged", "no-control", "what may leave was not seen");
    watch->card.ethernet = false; /* any frame proves that it is watched */
    watch->lost = 0;
    assert_told(&one, "closed", "", "Nothing leaks");
    watch->frames_seen = false;
    assert_told(&one, "unjudged", "no-control", "It cannot be said");
    g_array_set_size(one.findings.watches, 0);
    assert_told(&one, "unjudged", "no-card", "no network card");
    one.findings.has_unknown_ppp = true;
    assert_told(&one, "unjudged", "no-guard", "the guard does not run");
    one.findings.too_many_cards = true;
    assert_told(&one, "unjudged", "too-many-cards", "more network cards");
    end_case(&one);

    one = make_case(KS_FATE_NO_WAY);
    assert_told(&one, "unjudged", "nothing-sent", "no way");
    end_case(&one);

    /* an exception is no leak, and yet not nothing; it hides none */
    one = make_case(KS_FATE_EXCEPTION);
    assert_told(&one, "unjudged", "exception", "but what exceptions let out: 1 of 1");
    one.findings.exceptions_changed = true;
    assert_told(&one, "unjudged", "changed", "the lock changed");
    one.findings.exceptions_changed = false;
    g_array_set_size(one.probes, 2);
    g_array_index(one.probes, KsProbe, 1).fate = KS_FATE_LEFT;
    assert_told(&one, "leaked", "exception", "This machine leaks: 1 of 2");
    end_case(&one);

    /* what was seen was seen */
    one = make_case(KS_FATE_LEFT);
    one.findings.after = "blocked";
    assert_told(&one, "leaked", "changed", "This machine leaks: 1 of 1");
    assert_told(&one, "leaked", "changed", "Not all of");
    /* opened by a person meanwhile: that is no leak of the lock's */
    one.findings.after = "paused";
    assert_told(&one, "leaked", "changed", "The lock is paused, and 1 of 1");
    one.findings.state = one.findings.after = "unlocked";
    assert_told(&one, "leaked", "", "The lock is open, and 1 of 1");
    end_case(&one);
}

/* Who was not asked anything is not called silent. */
static void test_server(void)
{
    static const struct {
        bool sent;
        bool came;
        KsProbeKind kind;
        KsFate fate;
        const char *word;
    } rows[] = {
        { false, false, KS_PROBE_DNS_TUNNEL, KS_FATE_VPN, "unknown" },
        { true, true, KS_PROBE_UDP, KS_FATE_VPN, "reached" },
        { true, false, KS_PROBE_UDP, KS_FATE_VPN, "unknown" },
        { true, false, KS_PROBE_DNS_TUNNEL, KS_FATE_HELD, "unknown" },
        { true, false, KS_PROBE_DNS_TUNNEL, KS_FATE_VPN, "silent" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        Case one = make_case(rows[i].fate);
        g_autoptr(GVariant) told = NULL;
        const char *word;

        g_array_index(one.probes, KsProbe, 0).kind = rows[i].kind;
        one.findings.server_sent = rows[i].sent;
        one.findings.server_came = rows[i].came;
        told = g_variant_ref_sink(ks_findings_tell(&one.findings));
        g_assert_true(g_variant_lookup(told, "server", "&s", &word));
        g_assert_cmpstr(word, ==, rows[i].word);
        end_case(&one);
    }
}

/* From a test of another version, or somebody in its place. */
static void test_result_of_others(void)
{
    static const struct {
        const char *told;
        KsLeakVerdict verdict;
    } cases[] = {
        { "@a{sv} {}", KS_LEAK_UNJUDGED },
        { "{'verdict': <'closed'>}", KS_LEAK_UNJUDGED },
        { "{'verdict': <'fine'>}", KS_LEAK_UNJUDGED },
        { "{'verdict': <'closed'>, 'probes': <[{'what': <'udp'>, 'family': <uint32 4>, 'fate': "
          "<'teleported'>}]>}",
          KS_LEAK_UNJUDGED },
        { "{'verdict': <'closed'>, 'probes': <[{'what': <'udp'>, 'family': <uint32 4>, 'fate': "
          "<'left'>, 'sender': <'root'>}]>}",
          KS_LEAK_LEAKED },
        { "{'verdict': <'closed'>, 'probes': <[{'what': <'new\\u001bthing'>, 'family': <uint32 4>, "
          "'fate': <'held'>}]>}",
          KS_LEAK_CLOSED },
        { "{'verdict': <'closed'>, 'probes': <[{'what': <'udp'>, 'family': <uint32 4>, "
          "'fate': <'exception'>}]>}",
          KS_LEAK_UNJUDGED },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GVariant) told = parse(cases[i].told);
        g_autoptr(KsLeakResult) result = ks_leak_result_read(told);
        g_autofree char *text = ks_show_leaks(result, false);

        g_assert_cmpint(result->verdict, ==, cases[i].verdict);
        g_assert_null(strchr(text, '\033'));
    }
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "C.UTF-8");
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/leak-test/surroundings", test_surroundings);
    g_test_add_func("/leak-test/exceptions", test_exceptions);
    g_test_add_func("/leak-test/networks", test_networks);
    g_test_add_func("/leak-test/plan", test_plan);
    g_test_add_func("/leak-test/marks", test_marks);
    g_test_add_func("/leak-test/packets", test_packets);
    g_test_add_func("/leak-test/verdict", test_verdict);
    g_test_add_func("/leak-test/server", test_server);
    g_test_add_func("/leak-test/result-of-others", test_result_of_others);
    return g_test_run();
}
