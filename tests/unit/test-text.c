/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/window-text.h"

#include <glib.h>

static void test_split(void)
{
    static const struct {
        const char *sentence;
        const char *state;
        const char *rest;
    } rows[] = {
        { "Blocked: no VPN is connected", "Blocked", "No VPN is connected" },
        { "Paused until 14:30: traffic leaves freely", "Paused until 14:30",
          "Traffic leaves freely" },
        { "Bloqué\u202f: aucun VPN", "Bloqué", "Aucun VPN" },
        { "已阻断：没有连接 VPN", "已阻断", "没有连接 VPN" },
        { "The guard is not running", "The guard is not running", "" },
        { "", "", "" },
        { "a: ", "a", "" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *state = NULL;
        g_autofree char *rest = NULL;

        ks_text_split(rows[i].sentence, &state, &rest);
        g_assert_cmpstr(state, ==, rows[i].state);
        g_assert_cmpstr(rest, ==, rows[i].rest);
    }
}

static void test_contains(void)
{
    g_assert_true(ks_text_contains("Zürich", ""));
    g_assert_true(ks_text_contains("Zürich", " zur "));
    g_assert_true(ks_text_contains("MADRID", "drid"));
    g_assert_false(ks_text_contains("Madrid", "oslo"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/text/split", test_split);
    g_test_add_func("/text/contains", test_contains);
    return g_test_run();
}
