/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/boot.h"

#include <gio/gio.h>

#define WORD "nmkillswitch="

bool ks_boot_line_skips(const char *line)
{
    g_auto(GStrv) words = g_strsplit_set(line, " \t\n", -1);
    bool skips = false;

    for (unsigned i = 0; words[i]; i++)
        if (g_str_has_prefix(words[i], WORD))
            skips = g_str_equal(words[i] + strlen(WORD), "off");
    return skips;
}

bool ks_boot_is_skipped(void)
{
    g_autofree char *line = NULL;

    return g_file_get_contents("/proc/cmdline", &line, NULL, NULL) && ks_boot_line_skips(line);
}
