/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/people.h"

#include <string.h>

/* The ranges as text: "first-last first-last". */
static char *people(const char *login_defs, const char *subuid)
{
    g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(KsUidRange));
    GString *text = g_string_new(NULL);

    ks_people_parse(ranges, login_defs, subuid);
    for (unsigned i = 0; i < ranges->len; i++)
        g_string_append_printf(text, "%s%u-%u", i ? " " : "",
                               g_array_index(ranges, KsUidRange, i).first,
                               g_array_index(ranges, KsUidRange, i).last);
    return g_string_free(text, FALSE);
}

#define ALWAYS " 60001-60513 65536-4294967294"
#define USUAL  "1000-60000 100000-600100000" ALWAYS

static void test_files(void)
{
    static const struct {
        const char *login_defs;
        const char *subuid;
        const char *expected;
    } rows[] = {
        { NULL, NULL, USUAL },
        { "", "", USUAL },
        { "# UID_MIN 5\nUID_MIN\t\t 500\nUID_MAX 70000\n", NULL,
          "500-70000 100000-600100000" ALWAYS },
        { "UID_MIN 500\nUID_MIN 600", NULL, "600-60000 100000-600100000" ALWAYS },
        { "UID_MIN 0x1f4\nUID_MAX 0177777", NULL, "500-65535 100000-600100000" ALWAYS },
        { "  SUB_UID_MIN 200000\r\nSUB_UID_MAX 300000\n", NULL, "1000-60000 200000-300000" ALWAYS },
        { "UID_MIN_ 5\nXUID_MIN 6\n", NULL, USUAL },

        /* nothing of this counts */
        { "UID_MIN 0\n", NULL, USUAL },
        { "UID_MIN 70000\n", NULL, USUAL },
        { "UID_MIN -5\nUID_MAX 99999999999999999999\n", NULL, USUAL },
        { "UID_MIN 4294967295\n", NULL, USUAL },
        { "UID_MIN\nUID_MAX ten\n", NULL, USUAL },
        { NULL, "root:0:65536\nx:1\n:::\nx:5:0\nx:4294967290:100\nx:a:b\nx:1:2:3\n", USUAL },

        { NULL, "alice:231072:65536\n1001:900000000:10\n",
          USUAL " 231072-296607 900000000-900000009" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *found = people(rows[i].login_defs, rows[i].subuid);
        g_assert_cmpstr(found, ==, rows[i].expected);
    }
}

/* Ten thousand lines are too many, and no reason to leave the first out. */
static void test_bounds(void)
{
    GString *subuid = g_string_new("alice:231072:65536\n");
    g_autofree char *found = NULL;

    for (unsigned i = 0; i < 10000; i++)
        g_string_append_printf(subuid, "u%u:%u:1\n", i, 1000000 + i * 2);
    found = people(NULL, subuid->str);
    g_assert_true(g_str_has_prefix(found, USUAL " 231072-296607 "));
    g_assert_cmpuint(strlen(found), <, 20000);
    g_string_free(subuid, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_always_fatal(G_LOG_LEVEL_ERROR); /* refusals are told */
    g_test_add_func("/people/files", test_files);
    g_test_add_func("/people/bounds", test_bounds);
    return g_test_run();
}
