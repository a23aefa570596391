/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

/* Files that others write, or the kernel, read as far as makes sense. */

/* What /proc tells: the first `max` bytes of it, and a NUL. NULL: it cannot be opened. Owned by the
 * caller. */
char *ks_file_read_start(const char *path, size_t max, size_t *ret_size);

/* All of a file that may be anybody's: nothing is waited for. `folder` and `flags` are openat(2)'s.
 * A NUL follows. NULL, and errno: EFBIG if it is no ordinary file, or has more than `max` bytes.
 * Owned by the caller. */
char *ks_file_read_whole(int folder, const char *name, int flags, size_t max, size_t *ret_size);
