/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/* The way back in at the boot menu: with the word nmkillswitch=off on the kernel's command line the
 * saved lock is not put into the kernel in this boot. What is saved stays as it is. */
bool ks_boot_is_skipped(void);

/* Whether a kernel command line holds the word, by itself; the last one counts, as for the
 * kernel. */
bool ks_boot_line_skips(const char *line);
