/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which refused packets can be exceptions, and what such a one is. */
#include "applet/allow-draft.h"

#include "applet-fixture.h"

#include <netinet/in.h>
#include <string.h>

static KsRefusedReport *report_of(const char *entry)
{
    g_autofree char *told = g_strdup_printf("{'state': <'on'>, 'entries': <[{%s}]>}", entry);
    g_autoptr(GVariant) parsed = g_variant_parse(G_VARIANT_TYPE_VARDICT, told, NULL, NULL, NULL);

    g_assert_nonnull(parsed);
    return ks_refused_report_read(parsed);
}

#define TO(address, protocol, port) \
    "'destination': <'" address "'>, 'protocol': <'" protocol "'>, 'port': <uint32 " port ">"

static void test_which(void)
{
    static const struct {
        const char *entry;
        const char *refusal; /* how it begins; NULL: it can be one */
        const char *where;
        const char *arguments; /* for an hour, called "x" */
    } rows[] = {
        { TO("203.0.113.9", "tcp", "443"), NULL, "203.0.113.9, port 443, TCP",
          "('x', '203.0.113.9', 'tcp', 443, 443, 3600, false)" },
        { TO("2001:db8::9", "udp", "65535") ", 'way': <'sent'>", NULL,
          "2001:db8::9, port 65535, UDP",
          "('x', '2001:db8::9', 'udp', 65535, 65535, 3600, false)" },
        { TO("203.0.113.9", "icmp", "0") ", 'way': <'frame'>", NULL, "203.0.113.9, ping",
          "('x', '203.0.113.9', 'icmp', 0, 0, 3600, false)" },
        { TO("192.168.1.5", "tcp", "9100") ", 'rule': <'local'>", NULL,
          "192.168.1.5, port 9100, TCP", "('x', '192.168.1.5', 'tcp', 9100, 9100, 3600, false)" },
        { TO("203.0.113.9", "tcp", "443") ", 'way': <'forwarded'>", "An exception would not", NULL,
          NULL },
        { TO("203.0.113.9", "udp", "53"), "This is a question to a name server", NULL, NULL },
        { TO("203.0.113.9", "tcp", "853"), "This is a question to a name server", NULL, NULL },
        { TO("224.0.0.251", "udp", "5353"), "Exceptions are for the address", NULL, NULL },
        { TO("ff02::fb", "udp", "5353"), "Exceptions are for the address", NULL, NULL },
        { TO("255.255.255.255", "udp", "67"), "Exceptions are for the address", NULL, NULL },
        { TO("0.0.0.0", "udp", "67"), "Exceptions are for the address", NULL, NULL },
        /* what is no TCP, UDP or ping, or not told as one */
        { TO("203.0.113.9", "47", "0"), "Exceptions are for TCP", NULL, NULL },
        { TO("203.0.113.9", "", "0"), "Exceptions are for TCP", NULL, NULL },
        { TO("203.0.113.9", "tcp", "0"), "Exceptions are for TCP", NULL, NULL },
        { TO("203.0.113.9", "icmp", "8"), "Exceptions are for TCP", NULL, NULL },
        { TO("203.0.113.9", "tcp", "65979"), "Exceptions are for TCP", NULL, NULL },
        { TO("printer.example", "tcp", "443"), "Exceptions are for TCP", NULL, NULL },
        { "'protocol': <'0x0806'>, 'way': <'frame'>", "Exceptions are for TCP", NULL, NULL },
        { "'program': <'p'>", "Exceptions are for TCP", NULL, NULL },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(KsRefusedReport) report = report_of(rows[i].entry);
        g_autoptr(GVariant) arguments = NULL;
        g_autofree char *printed = NULL;
        g_autofree char *where = NULL;
        KsException what = { 0 };
        const char *refusal = ks_allow_refusal(g_ptr_array_index(report->entries, 0), &what);

        if (rows[i].refusal) {
            g_assert_nonnull(refusal);
            g_assert_true(g_str_has_prefix(refusal, rows[i].refusal));
            continue;
        }
        g_assert_null(refusal);
        where = ks_allow_where(&what);
        g_assert_cmpstr(where, ==, rows[i].where);
        arguments = g_variant_ref_sink(ks_allow_arguments(
            &(KsAllowWish){ .what = &what, .name = "x", .seconds = KS_ALLOW_SECONDS }));
        printed = g_variant_print(arguments, FALSE);
        g_assert_cmpstr(printed, ==, rows[i].arguments);
    }
}

#define ONE(name, to, protocol, port)                                  \
    "{'name': <'" name "'>, 'to': <'" to "'>, 'protocol': <'" protocol \
    "'>, 'first_port': <uint16 " port ">, 'last_port': <uint16 " port ">}"

#define ON(name, network)                                                                       \
    "{'name': <'" name "'>, 'to': <'203.0.113.9'>, 'protocol': <'tcp'>, 'first_port': <uint16 " \
    "443>, 'last_port': <uint16 443>, 'network': <'" network "'>}"

static KsException web(void)
{
    KsException what = { .protocol = IPPROTO_TCP, .first_port = 443, .last_port = 443 };

    g_assert_true(ks_exception_read_to("203.0.113.9", &what));
    return what;
}

static void test_allowed_by(void)
{
    static const struct {
        const char *exceptions;
        const char *by;
    } rows[] = {
        { "@aa{sv} []", NULL },
        { "[" ONE("a", "203.0.113.9", "udp", "443") ", " ONE("b", "203.0.113.9", "tcp", "443") "]",
          "b" },
        { "[" ONE("all", "203.0.113.0/24", "", "0") "]", "all" },
        { "[" ONE("a", "203.0.113.9", "tcp", "80") ", " ONE("b", "203.0.113.8", "tcp", "443") "]",
          NULL },
        /* the one for all networks tells more */
        { "[" ON("here", "n1") ", " ONE("b", "203.0.113.0/24", "tcp", "443") ", " ON("x", "n2") "]",
          "b" },
        { "[" ON("here", "n1") ", " ON("x", "n2") "]", "here" },
        /* of a later guard, or of nobody's */
        { "[" ONE("a", "203.0.113.9", "sctp", "443") ", " ONE("b", "example", "tcp", "443") ", {}]",
          NULL },
    };
    KsException what = web();
    const KsGuardException *by;

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *properties =
            g_strdup_printf("{'State': <'blocked'>, 'Exceptions': <%s>}", rows[i].exceptions);
        g_autoptr(KsGuardState) guard = guard_from(properties);

        by = ks_allow_by(guard->exceptions, &what);
        g_assert_cmpstr(by ? by->name : NULL, ==, rows[i].by);
    }
}

/* Those elsewhere have names, too. */
static void check_name_beside(const char *property, const char *taken, const char *sender,
                              const char *expected)
{
    g_autofree char *properties =
        g_strdup_printf("{'State': <'blocked'>, '%s': <%s>}", property, taken);
    g_autoptr(KsGuardState) guard = guard_from(properties);
    KsException what = web();
    g_auto(GStrv) names = ks_allow_taken(guard);
    g_autofree char *name = ks_allow_name((const char *const *) names, &what, sender);

    g_assert_true(ks_allow_name_fits(name));
    g_assert_true(g_utf8_validate(name, -1, NULL));
    if (expected)
        g_assert_cmpstr(name, ==, expected);
}

static void check_name(const char *taken, const char *sender, const char *expected)
{
    check_name_beside("Exceptions", taken, sender, expected);
    check_name_beside("ExceptionsElsewhere", taken, sender, expected);
}

static void test_name(void)
{
    g_autofree char *many = g_strnfill(300, 'a');
    g_autofree char *cut = g_strnfill(125, 'a');
    g_autofree char *cut_taken = g_strdup_printf("[{'name': <'%s'>}]", cut);
    g_autofree char *cut_again = g_strconcat(cut, " 2", NULL);
    g_autofree char *wide = g_strdup("a");

    for (unsigned i = 0; i < 100; i++) {
        char *longer = g_strconcat(wide, "\u20ac", NULL);

        g_free(wide);
        wide = longer;
    }
    check_name("@aa{sv} []", "firefox", "firefox");
    check_name("[{'name': <'firefox'>}]", "firefox", "firefox 2");
    check_name("[{'name': <'firefox'>}, {'name': <'firefox 2'>}]", "firefox", "firefox 3");
    check_name("@aa{sv} []", "", "203.0.113.9");
    check_name("[{'name': <'203.0.113.9'>}]", "", "203.0.113.9 2");
    check_name("@aa{sv} []", " --help ", "help");
    check_name("@aa{sv} []", " - ", "203.0.113.9");
    check_name("@aa{sv} []", many, cut);
    check_name(cut_taken, many, cut_again);
    check_name("@aa{sv} []", wide, NULL);
    g_assert_false(ks_allow_name_fits(""));
    g_assert_false(ks_allow_name_fits(many));
}

#define OUT(address, protocol, port)   \
    {                                  \
        false, address, protocol, port \
    }
#define IN(address, protocol, port)   \
    {                                 \
        true, address, protocol, port \
    }

static void test_what_is_written(void)
{
    static const struct {
        KsAllowDraft draft;
        const char *complaint; /* how it begins; NULL: it can be one */
        KsAllowField field;
        const char *arguments; /* for good, called "x" */
        const char *leak;      /* how it begins; NULL: none */
    } rows[] = {
        { OUT(" 192.0.2.5 ", "tcp", " 443 "), NULL, 0,
          "('x', '192.0.2.5', 'tcp', 443, 443, 0, true)", NULL },
        { OUT("100.64.0.0/10", "udp", "8000-8010"), NULL, 0,
          "('x', '100.64.0.0/10', 'udp', 8000, 8010, 0, true)", NULL },
        { OUT("192.0.2.5", "icmp", ""), NULL, 0, "('x', '192.0.2.5', 'icmp', 0, 0, 0, true)",
          NULL },
        { OUT("10.0.0.0/8", "", ""), NULL, 0, "('x', '10.0.0.0/8', '', 0, 0, 0, true)", NULL },
        { OUT("192.0.2.5", "", ""), NULL, 0, "('x', '192.0.2.5', '', 0, 0, 0, true)",
          "This opens more than 1024 ports" },
        { OUT("192.0.2.5", "udp", "53"), NULL, 0, "('x', '192.0.2.5', 'udp', 53, 53, 0, true)",
          "This opens the port of name servers" },
        { IN("0.0.0.0/0", "tcp", "22"), NULL, 0, "('x', '0.0.0.0/0', 'tcp', 22, 22, 0, true)",
          "This lets more public addresses" },
        { IN("192.168.0.0/16", "tcp", "22"), NULL, 0,
          "('x', '192.168.0.0/16', 'tcp', 22, 22, 0, true)", NULL },
        { OUT("", "tcp", "443"), "An exception is for an address", KS_ALLOW_ADDRESS, NULL, NULL },
        { OUT("nas.example", "tcp", "443"), "An exception is for an address", KS_ALLOW_ADDRESS,
          NULL, NULL },
        { OUT("192.0.2.300", "tcp", "443"), "An exception is for an address", KS_ALLOW_ADDRESS,
          NULL, NULL },
        { OUT("0.0.0.0/0", "tcp", "443"), "An exception this wide", KS_ALLOW_ADDRESS, NULL, NULL },
        { OUT("224.0.0.251", "udp", "5353"), "An exception is for addresses of other",
          KS_ALLOW_ADDRESS, NULL, NULL },
        { OUT("192.0.2.5", "tcp", "https"), "A port is a number", KS_ALLOW_PORT, NULL, NULL },
        { OUT("192.0.2.5", "tcp", "9-5"), "A port is a number", KS_ALLOW_PORT, NULL, NULL },
        { OUT("192.0.2.5", "tcp", "0"), "A port is a number", KS_ALLOW_PORT, NULL, NULL },
        { IN("192.0.2.5", "tcp", ""), "A service that others may reach", KS_ALLOW_PORT, NULL,
          NULL },
        { IN("224.0.0.1", "tcp", "22"), "A service is for addresses", KS_ALLOW_ADDRESS, NULL,
          NULL },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GVariant) arguments = NULL;
        g_autofree char *printed = NULL;
        KsException what = { 0 };
        KsAllowField field;
        const char *said = ks_allow_draft_complaint(&rows[i].draft, &what, &field);

        if (rows[i].complaint) {
            g_assert_nonnull(said);
            g_assert_true(g_str_has_prefix(said, rows[i].complaint));
            g_assert_cmpint(field, ==, rows[i].field);
            continue;
        }
        g_assert_cmpstr(said, ==, NULL);
        arguments = g_variant_ref_sink(
            ks_allow_arguments(&(KsAllowWish){ .what = &what, .name = "x", .confirmed = true }));
        printed = g_variant_print(arguments, FALSE);
        g_assert_cmpstr(printed, ==, rows[i].arguments);
        said = ks_exception_leak(&what);
        g_assert_cmpint(said != NULL, ==, rows[i].leak != NULL);
        g_assert_true(!said || g_str_has_prefix(said, rows[i].leak));
    }
}

static void test_on_one_network(void)
{
    static const struct {
        bool incoming;
        const char *network;
        KsRequest request;
        const char *action;
        const char *arguments;
    } rows[] = {
        { false, NULL, KS_REQUEST_ADD_EXCEPTION, "add-exception",
          "('x', '203.0.113.9', 'tcp', 443, 443, 60, true)" },
        { false, "n1", KS_REQUEST_ADD_EXCEPTION_ON, "add-exception-on",
          "('x', '203.0.113.9', 'tcp', 443, 443, 60, true, 'n1')" },
        { true, NULL, KS_REQUEST_ADD_SERVICE, "add-service",
          "('x', '203.0.113.9', 'tcp', 443, 443, 60, true)" },
        { true, "n1", KS_REQUEST_ADD_SERVICE_ON, "add-service-on",
          "('x', '203.0.113.9', 'tcp', 443, 443, 60, true, 'n1')" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        KsException what = web();
        KsAllowWish wish = { &what, "x", rows[i].network, 60, true };
        g_autoptr(GVariant) arguments = g_variant_ref_sink(ks_allow_arguments(&wish));
        g_autofree char *printed = g_variant_print(arguments, FALSE);

        what.incoming = rows[i].incoming;
        g_assert_cmpint(ks_allow_request(&wish), ==, rows[i].request);
        g_assert_cmpstr(ks_allow_action(&wish), ==, rows[i].action);
        g_assert_cmpstr(printed, ==, rows[i].arguments);
    }
}

#define NETWORK(uuid) "{'uuid': <'" uuid "'>, 'name': <'name of " uuid "'>}"

/* `set_up`: letters, each the UUID of one that NetworkManager has; a capital: never meant. NULL: it
 * is away. */
static void check_network(const char *networks, const char *set_up, const char *expected)
{
    g_autofree char *properties =
        g_strdup_printf("{'State': <'blocked'>, 'Networks': <%s>}", networks);
    g_autoptr(GPtrArray) known =
        g_ptr_array_new_with_free_func((GDestroyNotify) ks_guard_network_free);
    const KsGuardNetwork *found;
    Fixture fixture;

    for (const char *at = set_up; at && *at; at++) {
        char uuid[] = { g_ascii_tolower(*at), '\0' };
        KsGuardNetwork *network = ks_guard_network_new(uuid, "as set up");

        network->never_meant = g_ascii_isupper(*at);
        g_ptr_array_add(known, network);
    }
    model_init(&fixture, guard_from(properties));
    fixture.model.networks = known;
    fixture.model.manager_ready = set_up != NULL;
    found = ks_allow_network(&fixture.model);
    g_assert_cmpstr(found ? found->uuid : NULL, ==, expected);
    model_clear(&fixture);
}

static void test_which_network(void)
{
    static const char both[] = "[" NETWORK("a") ", " NETWORK("b") "]";

    check_network("@aa{sv} []", "ab", NULL);
    check_network("[" NETWORK("a") "]", "ab", "a");
    check_network(both, "ab", NULL);
    check_network("[" NETWORK("a") ", " NETWORK("a") "]", "a", "a"); /* by two cards */
    check_network(both, "b", "b");  /* a bridge of containers, which others made */
    check_network(both, "aB", "a"); /* a hotspot */
    check_network("[" NETWORK("a") "]", "A", NULL);
    check_network("[" NETWORK("a") "]", "", NULL);
    check_network("[" NETWORK("a") "]", NULL, "a");
    check_network(both, NULL, NULL);
}

/* Each one that can be chosen is one that the guard takes. */
static void test_services(void)
{
    unsigned length;
    const KsAllowService *services = ks_allow_services(&length);

    g_assert_null(services[length - 1].protocol);
    for (unsigned i = 0; i < 2 * (length - 1); i++) {
        const KsAllowService *service = &services[i / 2];
        KsAllowDraft draft = { i % 2, "192.168.1.5", service->protocol, service->port };
        KsException what;
        KsAllowField field;

        if (draft.incoming ? service->in : service->out)
            g_assert_null(ks_allow_draft_complaint(&draft, &what, &field));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/allow-draft/which", test_which);
    g_test_add_func("/allow-draft/allowed-by", test_allowed_by);
    g_test_add_func("/allow-draft/name", test_name);
    g_test_add_func("/allow-draft/what-is-written", test_what_is_written);
    g_test_add_func("/allow-draft/on-one-network", test_on_one_network);
    g_test_add_func("/allow-draft/which-network", test_which_network);
    g_test_add_func("/allow-draft/services", test_services);
    return g_test_run();
}
