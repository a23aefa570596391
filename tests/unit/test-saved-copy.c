/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/saved-copy.h"

#include <glib.h>

static void test_lines(void)
{
    static const struct {
        const char *text;
        unsigned line;
    } rows[] = {
        { "", 0 },
        { "\n\n", 0 },
        { "#!/usr/sbin/nft -f\nflush ruleset\ntable inet filter {\n}\n", 0 },
        { "table inet nm_killswitch {", 1 },
        { "flush ruleset\n\ttable  netdev\tnm_killswitch{\n}\n", 2 },
        { "table inet nm_killswitch { # progname nm-killswitchd\n", 1 },
        { "add table inet nm_killswitch\n", 1 },
        { "a\nb\nadd table netdev nm_killswitch", 3 },
        { "table inet nm_killswitch_of_mine {\n", 0 },
        { "flush ruleset\ntable inet nm_killswitch_trace {\n", 2 },
        { "table inet nm_killswitch_trace_of_mine {\n", 0 },
        { "table ip nm_killswitch {\n", 0 },
        { "# table inet nm_killswitch {\n", 0 },
        { "tableinet nm_killswitch {\n", 0 },
        { "table inet", 0 },
        { "table inet ", 0 },
        { "add", 0 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpuint(ks_saved_copy_line(rows[i].text), ==, rows[i].line);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/saved-copy/lines", test_lines);
    return g_test_run();
}
