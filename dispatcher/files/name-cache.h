/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/name-book.h"

#include <gio/gio.h>

/* The addresses of VPN servers' names on disk, so that a boot needs no DNS. A file with one group a
 * name; what in it is not as we write it is left out. Losing it opens nothing: names are asked for
 * again. */

/* Longest file that is read or written, in bytes. */
#define KS_NAME_CACHE_SIZE_MAX (32u * 1024 * 1024)

/* Puts what the file says into the book, and into `ret_left_out` how many names had nothing that
 * could be used. `now` in seconds since 1970. */
void ks_name_cache_take(GKeyFile *file, KsNameBook *book, int64_t now, unsigned *ret_left_out);
GKeyFile *ks_name_cache_make(const KsNameBook *book);

/* <state>/names; NULL when all went well, or a sentence (owned by the caller) that says what did
 * not. */
char *ks_name_cache_load(KsNameBook *book, int64_t now);
char *ks_name_cache_save(const KsNameBook *book);
