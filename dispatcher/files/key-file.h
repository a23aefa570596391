/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

/* The guard's files, each read whole and within bounds, and written whole or not at all. */

/* 1: read; 0: there is none; -1: unusable (no file, larger than `size_max` bytes, or not in the
 * form of a key file), and `error` says why. */
int ks_key_file_read(const char *path, GKeyFile *file, gsize size_max, GError **error);

/* Durable: over a power cut, either the old file or this one (temp, fsync, rename, fsync of the
 * folder). */
bool ks_key_file_write(const char *path, GKeyFile *file, bool durable, GError **error);
