/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said of exceptions beside what they are. */
#include "ctl/show-exceptions.h"
#include "ctl/show.h"

#include <locale.h>
#include <string.h>

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
        g_autofree char *text = g_strdup_printf(
            "{'state': <'%s'>, 'reason': <'%s'>, 'exceptions': <[{'name': <'SSH'>, %s, "
            "'protocol': <'tcp'>, 'first_port': <uint16 22>, 'last_port': <uint16 22>, "
            "'until': <uint64 0>}]>}",
            rows[i].state, rows[i].reason, rows[i].end);
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) status =
            g_variant_parse(G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);
        g_autofree char *list = ks_show_exceptions(status);
        g_autofree char *all = ks_show_status(status, KS_SHOW_ALL, false);

        g_assert_no_error(error);
        g_assert_cmpint(strstr(list, "mostly") != NULL, ==, rows[i].said);
        g_assert_cmpint(strstr(all, "mostly") != NULL, ==, rows[i].said);
    }
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "C.UTF-8");
    g_setenv("LANGUAGE", "C", TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/show-exceptions/where-answers-go", test_where_answers_go);
    return g_test_run();
}
