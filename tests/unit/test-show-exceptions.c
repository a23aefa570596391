/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said of exceptions. */
#include "ctl/explain.h"
#include "ctl/show-exceptions.h"
#include "ctl/show.h"
#include "shown-fixture.h"

#include <locale.h>
#include <string.h>

#define TWO_EXCEPTIONS                                                                \
    "'exceptions': <[{'name': <'NAS'>, 'to': <'192.0.2.0/24'>, 'protocol': <'tcp'>, " \
    "'first_port': <uint16 443>, 'last_port': <uint16 445>, 'until': <uint64 0>}, "   \
    "{'name': <'a\\033[2Jb'>, 'to': <'2001:db8::1'>, 'protocol': <''>, "              \
    "'first_port': <uint16 0>, 'last_port': <uint16 0>, 'until': <uint64 1000000000>}]>"

/* One for a network says so; what is not here is listed, and not counted. */
static void test_exceptions_on_networks(void)
{
    g_autoptr(GVariant) status = parse(
        "{'state': <'protected'>, 'exceptions': <[{'name': <'NAS'>, 'to': <'192.0.2.1'>, 'protocol': "
        "<'tcp'>, 'first_port': <uint16 443>, 'last_port': <uint16 443>, 'until': <uint64 0>, "
        "'network': <'u'>, 'network_name': <'Home'>}]>, 'exceptions_elsewhere': <[{'name': <'SSH'>, "
        "'from': <'192.0.2.2'>, 'protocol': <'tcp'>, 'first_port': <uint16 22>, 'last_port': "
        "<uint16 22>, 'until': <uint64 0>, 'network': <''>, 'network_name': <''>}]>}");
    g_autofree char *list = ks_show_exceptions(status);
    g_autofree char *count = ks_show_exceptions_count(status);

    g_assert_cmpstr(
        list, ==,
        "NAS: 192.0.2.1, tcp 443, on Home\n"
        "SSH: from 192.0.2.2, tcp 22, on one network (closed: that network is not here)\n");
    g_assert_cmpstr(count, ==, "1 exception lets more out.");
}

/* They are counted behind what is said anyway, while it is locked. */
static void test_exceptions(void)
{
    static const struct {
        const char *state;
        const char *rest;
        const char *headline;
    } rows[] = {
        { "protected", "",
          "Protected: nothing leaves this machine except through the VPN. 2 exceptions let more "
          "out." },
        { "protected", ", 'overlays': <[{'name': <'Net'>}]>",
          "Protected: nothing leaves this machine except through the VPN and 1 overlay network. "
          "2 exceptions let more out." },
        { "blocked", ", 'reason': <'overlay-only'>",
          "Blocked: only an overlay network is up, and no VPN is connected. 2 exceptions let more "
          "out." },
        { "unlocked", "", "Unlocked: traffic leaves this machine freely." },
    };
    g_autoptr(GVariant) none = parse("{'state': <'protected'>}");
    g_autoptr(KsExplanation) without = ks_explain(none);

    g_assert_cmpstr(without->headline, ==,
                    "Protected: nothing leaves this machine except through the VPN.");
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GVariant) status =
            parse("{'state': <'%s'>%s, " TWO_EXCEPTIONS "}", rows[i].state, rows[i].rest);
        g_autoptr(KsExplanation) explanation = ks_explain(status);
        g_autofree char *list = ks_show_exceptions(status);

        g_assert_cmpstr(explanation->headline, ==, rows[i].headline);
        g_assert_true(strcmp(rows[i].state, "protected") != 0 ||
                      strstr(explanation->why, "exceptions let out leaves without it"));
        assert_fits(list);
        g_assert_true(g_str_has_prefix(list, "NAS: 192.0.2.0/24, tcp 443-445\n"));
        g_assert_nonnull(strstr(list, "2001:db8::1, tcp, udp and icmp, until "));
        g_assert_null(strchr(list, '\033'));
    }
}

/* Said of a service for others than local networks, while a VPN carries all. */
static void test_where_answers_go(void)
{
    static const struct {
        const char *state;
        const char *reason;
        const char *end; /* "from" or "to" and what */
        bool said;
    } rows[] = {
        { "protected", "", "'from': <'203.0.113.0/24'>", true },
        { "protected", "", "'from': <'::/0'>", true },
        { "protected", "", "'from': <'192.168.0.0/16'>", false },
        { "protected", "", "'from': <''>, 'to': <'203.0.113.9'>", false },
        { "protected", "", "'to': <'203.0.113.9'>", false },
        { "protected", "some-networks", "'from': <'203.0.113.0/24'>", false },
        { "blocked", "", "'from': <'203.0.113.0/24'>", false },
        { "paused", "", "'from': <'203.0.113.0/24'>", false },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GVariant) status =
            parse("{'state': <'%s'>, 'reason': <'%s'>, 'exceptions': <[{'name': <'SSH'>, %s, "
                  "'protocol': <'tcp'>, 'first_port': <uint16 22>, 'last_port': <uint16 22>, "
                  "'until': <uint64 0>}]>}",
                  rows[i].state, rows[i].reason, rows[i].end);
        g_autofree char *list = ks_show_exceptions(status);
        g_autofree char *all = ks_show_status(status, KS_SHOW_ALL, false);

        g_assert_cmpint(strstr(list, "mostly") != NULL, ==, rows[i].said);
        g_assert_cmpint(strstr(all, "mostly") != NULL, ==, rows[i].said);
    }
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "C.UTF-8");
    g_setenv("LANGUAGE", "C", TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/show-exceptions/counted", test_exceptions);
    g_test_add_func("/show-exceptions/on-networks", test_exceptions_on_networks);
    g_test_add_func("/show-exceptions/where-answers-go", test_where_answers_go);
    return g_test_run();
}
