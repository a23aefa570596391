/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "refused/program.h"

#include <gio/gio.h>

/* What was refused while somebody looked, or wanted it kept: packets of one program to one
 * destination are one row. In memory, and of so many rows; of the user who has the most, the one
 * that was last seen the longest ago goes first. */

#define KS_REFUSED_ROWS_MAX 512u

typedef struct KsRefusedList KsRefusedList;

KsRefusedList *ks_refused_list_new(void);
void ks_refused_list_free(KsRefusedList *list);

/* `program`: NULL, not known. `when`: Unix time in seconds. True: another row had to go for it. */
bool ks_refused_list_add(KsRefusedList *list, const KsRefusedPacket *packet,
                         const KsProgram *program, int64_t when);

/* Forgets the rows of those whom nobody wants. */
void ks_refused_list_keep(KsRefusedList *list,
                          bool (*wants)(void *data, bool has_uid, uint32_t uid), void *data);

/* As data/io.github.nmkillswitch.Refused1.xml has "entries", the latest first: those of this user's
 * programs, or of everybody's. `ret_hidden`: how many are not in. Floating. */
GVariant *ks_refused_list_tell(const KsRefusedList *list, uint32_t uid, bool everything,
                               unsigned *ret_hidden);
