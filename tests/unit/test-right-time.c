/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/right-time.h"

#include <glib.h>
#include <string.h>

#define NOW  INT64_C(1795948800) /* 2026-11-29 */
#define HOUR INT64_C(3600)

static void test_doubts(void)
{
    static const struct {
        KsTimes times;
        const char *said; /* NULL: nothing */
    } rows[] = {
        { { NOW, NOW - 999 * HOUR, NOW }, NULL },
        { { NOW, 0, 0 }, NULL },
        { { NOW, NOW + 24 * HOUR, 0 }, NULL },
        { { NOW, 0, NOW - 24 * HOUR }, NULL },
        { { NOW, NOW + 25 * HOUR, NOW }, "files here were written at 2026-11-30" },
        { { 0, NOW, 0 }, "clock says 1970-01-01 00:00 UTC" },
        { { NOW, NOW, NOW + 25 * HOUR }, "its hardware clock says 2026-11-30" },
        { { NOW, NOW, NOW - 25 * HOUR }, "its hardware clock says 2026-11-28" },
        { { NOW, INT64_MAX, 0 }, NULL },
        { { NOW, 0, INT64_MIN }, NULL },
        { { NOW, 0, INT64_C(300000000000) }, NULL },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *said = ks_right_time_doubt(&rows[i].times);

        if (!rows[i].said)
            g_assert_null(said);
        else
            g_assert_cmpint(said && strstr(said, rows[i].said) != NULL, ==, 1);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/right-time/doubts", test_doubts);
    return g_test_run();
}
