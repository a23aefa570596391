/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/duration.h"

#include <errno.h>
#include <glib.h>

static const struct {
    const char *text;
    int result;
    uint32_t seconds;
} rows[] = {
    { "90", 0, 90 },
    { "90s", 0, 90 },
    { "5m", 0, 300 },
    { "2h", 0, 7200 },
    { "0", 0, 0 },
    { "0h", 0, 0 },
    { "007", 0, 7 },

    /* the edges of what fits */
    { "4294967295", 0, UINT32_MAX },
    { "4294967295s", 0, UINT32_MAX },
    { "4294967296", -ERANGE, 0 },
    { "71582788m", 0, 4294967280U },
    { "71582789m", -ERANGE, 0 },
    { "1193046h", 0, 4294965600U },
    { "1193047h", -ERANGE, 0 },
    { "99999999999999999999999999999999h", -ERANGE, 0 },
    { "18446744073709551617", -ERANGE, 0 }, /* 2^64 + 1 */
    { "00000000000000000000000000000000001m", 0, 60 },

    /* nothing else is one */
    { NULL, -EINVAL, 0 },
    { "", -EINVAL, 0 },
    { "s", -EINVAL, 0 },
    { "m5", -EINVAL, 0 },
    { "5 m", -EINVAL, 0 },
    { " 5m", -EINVAL, 0 },
    { "5m ", -EINVAL, 0 },
    { "5m\n", -EINVAL, 0 },
    { "5M", -EINVAL, 0 },
    { "5ms", -EINVAL, 0 },
    { "5min", -EINVAL, 0 },
    { "1h30m", -EINVAL, 0 },
    { "1:30", -EINVAL, 0 },
    { "1.5h", -EINVAL, 0 },
    { "1e3", -EINVAL, 0 },
    { "0x10", -EINVAL, 0 },
    { "-1", -EINVAL, 0 },
    { "+1", -EINVAL, 0 },
    { "1d", -EINVAL, 0 },
    { "99999999999999999999999999999999d", -EINVAL, 0 },
    { "five", -EINVAL, 0 },
    { "forever", -EINVAL, 0 },
    { "\xd9\xa5m", -EINVAL, 0 }, /* an Arabic five */
};

static void test_parse(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint32_t untouched = 4711;
        uint32_t seconds = untouched;

        g_test_message("row %zu: \"%s\"", i, rows[i].text ? rows[i].text : "(NULL)");
        g_assert_cmpint(ks_duration_parse(rows[i].text, &seconds), ==, rows[i].result);
        g_assert_cmpuint(seconds, ==, rows[i].result == 0 ? rows[i].seconds : untouched);
    }
}

static void test_absurd_length(void)
{
    g_autofree char *digits = g_strnfill(1000000, '9');
    g_autofree char *zeros = g_strnfill(1000000, '0');
    uint32_t seconds = 1;

    g_assert_cmpint(ks_duration_parse(digits, &seconds), ==, -ERANGE);
    g_assert_cmpint(ks_duration_parse(zeros, &seconds), ==, 0);
    g_assert_cmpuint(seconds, ==, 0);
}

static void test_text(void)
{
    static const struct {
        uint32_t seconds;
        const char *text;
    } texts[] = {
        { 0, "0s" },
        { 1, "1s" },
        { 59, "59s" },
        { 60, "1m" },
        { 90, "90s" },
        { 300, "5m" },
        { 3600, "1h" },
        { 5400, "90m" },
        { 86400, "24h" },
        { 3601, "3601s" },
        { UINT32_MAX, "4294967295s" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        char text[KS_DURATION_TEXT_SIZE];
        uint32_t seconds = 0;

        g_assert_cmpstr(ks_duration_text(texts[i].seconds, text), ==, texts[i].text);
        g_assert_cmpint(ks_duration_parse(text, &seconds), ==, 0);
        g_assert_cmpuint(seconds, ==, texts[i].seconds);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/duration/parse", test_parse);
    g_test_add_func("/duration/absurd-length", test_absurd_length);
    g_test_add_func("/duration/text", test_text);
    return g_test_run();
}
