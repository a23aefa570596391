/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/* Who is told something, and what of people's private profiles they may see: their own, as
 * NetworkManager shows it to them. NULL stands for everybody, who sees none. */

typedef struct {
    bool everything;  /* root, and anyone who may configure */
    const char *user; /* NULL: nobody's */
} KsViewer;

/* `users` as of KsVpn: NULL is what everybody sees. */
bool ks_viewer_sees(const KsViewer *viewer, char *const *users);
