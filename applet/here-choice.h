/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/model.h"

/* Which VPN connects by itself on the network that the computer is in now; pure. Of others the
 * guard does not tell. */

typedef struct {
    char *uuid; /* "": none of its own */
    char *name;
} KsHereOption;

typedef struct {
    char *title;        /* names the network; NULL: there is nothing to choose */
    char *note;         /* why nobody can choose here; "": somebody may */
    GPtrArray *options; /* element-type KsHereOption */
    unsigned chosen;    /* of them, by the guard's word */
    char **networks;    /* UUIDs of those of now, which it is asked for */
    bool sensitive;
    bool busy;
} KsHereChoice;

KsHereChoice *ks_here_choice_new(const KsModel *model);
void ks_here_choice_free(KsHereChoice *choice);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsHereChoice, ks_here_choice_free)
