/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* What another program says: one that the system has (no shell, and not the caller's PATH), with
 * an environment of its own, for at most KS_PROGRAM_SECONDS and KS_PROGRAM_BYTES. */

#define KS_PROGRAM_SECONDS 5u
#define KS_PROGRAM_BYTES   (96u * 1024)

/* Standard output, made UTF-8, owned by the caller; or NULL with `ret_why`, which is half a
 * sentence, or what the program complained of. `arguments`: NULL-terminated, its name first. */
char *ks_program_run(const char *const *arguments, char **ret_why);
