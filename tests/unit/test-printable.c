/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What others wrote, as it is shown. */
#include "model/printable.h"

#include <string.h>

static const struct {
    const char *text;
    unsigned columns;
    const char *printed;
} printables[] = {
    { "", 10, "" },
    { "Work", 10, "Work" },
    { "Büro 事務所", 20, "Büro 事務所" },
    { "0123456789", 10, "0123456789" },
    { "0123456789a", 10, "012345678…" },
    { "事務所事務所", 6, "事務…" },
    { "\033[2Jgone", 20, "�[2Jgone" },
    { "a\nb\tc\rd", 20, "a�b�c�d" },
    { "safe\xe2\x80\xaegnp.exe", 20, "safe�gnp.exe" }, /* right-to-left override */
    { "a\xe2\x81\xa6z\xe2\x81\xa9", 20, "a�z�" },      /* isolates */
    { "a\xe2\x80\x8b\xef\xbb\xbfz", 20, "a��z" },      /* zero width */
    { "a\xe2\x80\xa8z\xe2\x80\xa9", 20, "a�z�" },      /* line and paragraph ends */
    { "\xc2\x9b"
      "2J",
      20, "�2J" },            /* escape sequences in one byte */
    { "\xff\xfe", 20, "��" }, /* no UTF-8 */
    { "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81", 20, "e\xcc\x81\xcc\x81\xcc\x81" }, /* a heap */
    { "\xcc\x81z", 20, "z" }, /* a mark on what stands before */
};

static void test_printable(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(printables); i++) {
        g_autofree char *printed = ks_printable(printables[i].text, printables[i].columns);

        g_assert_cmpstr(printed, ==, printables[i].printed);
        g_assert_cmpuint(ks_printable_columns(printed), <=, printables[i].columns);
        g_assert_true(ks_printable_is(printed));
    }
}

static void test_is_printable(void)
{
    g_assert_true(ks_printable_is("Büro 事務所"));
    g_assert_false(ks_printable_is("a\nb"));
    g_assert_false(ks_printable_is("safe\xe2\x80\xaegnp.exe"));
    g_assert_false(ks_printable_is("\xff"));
}

static void test_quoted(void)
{
    static const char *const quoted[][2] = {
        { "", "\"\"" },
        { "wg0", "\"wg0\"" },
        { "Acme \"x\\\" Büro", "\"Acme \\\"x\\\\\\\" Büro\"" },
        { "a\nb", "\"a\xef\xbf\xbd"
                  "b\"" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(quoted); i++) {
        g_autofree char *printed = ks_printable_quoted(quoted[i][0]);

        g_assert_cmpstr(printed, ==, quoted[i][1]);
    }
}

/* However much stands there, only so much of it is looked at. */
static void test_endless(void)
{
    g_autofree char *long_text = g_strnfill(1 << 20, 'x');
    g_autofree char *printed = ks_printable_name(long_text);

    g_assert_cmpuint(ks_printable_columns(printed), ==, KS_PRINTABLE_NAME_COLUMNS);
    g_assert_true(g_str_has_suffix(printed, "…"));
}

/* Four bytes each: a mathematical letter, and as many musical marks as stay on it. */
static void test_the_most_bytes(void)
{
    g_autoptr(GString) heap = g_string_new(NULL);
    g_autofree char *printed = NULL;

    for (unsigned i = 0; i < KS_PRINTABLE_NAME_COLUMNS; i++)
        g_string_append(heap, "\xf0\x9d\x90\x80" /* U+1D400 */
                              "\xf0\x9d\x85\xa7" /* U+1D167 */
                              "\xf0\x9d\x85\xa7"
                              "\xf0\x9d\x85\xa7");
    printed = ks_printable_name(heap->str);

    g_assert_cmpstr(printed, ==, heap->str);
    g_assert_cmpuint(strlen(printed), ==, KS_PRINTABLE_BYTES_MAX(KS_PRINTABLE_NAME_COLUMNS));
    g_string_append(heap, "\xf0\x9d\x85\xa7");
    g_clear_pointer(&printed, g_free);
    printed = ks_printable_name(heap->str);
    g_assert_cmpuint(strlen(printed), ==, KS_PRINTABLE_BYTES_MAX(KS_PRINTABLE_NAME_COLUMNS));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/printable/rows", test_printable);
    g_test_add_func("/printable/the-most-bytes", test_the_most_bytes);
    g_test_add_func("/printable/is-printable", test_is_printable);
    g_test_add_func("/printable/quoted", test_quoted);
    g_test_add_func("/printable/endless", test_endless);
    return g_test_run();
}
