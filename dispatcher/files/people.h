/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/world.h"

/* Which user ids belong to people: UID_MIN to UID_MAX of login.defs(5), and the subordinate ids
 * that their containers run under: SUB_UID_MIN to SUB_UID_MAX of the same file, and each line of
 * subuid(5). What a file does not say, or says in a way that cannot be understood, is as useradd(8)
 * has it; a range that would take in root is refused, because daemons run as root. People
 * of systemd-homed and of a network's directory stand in no such file: what lies above 16 bits is
 * no daemon's in any case. */

/* Adds to `people` (element-type KsUidRange). NULL: a file that is not there. */
void ks_people_parse(GArray *people, const char *login_defs, const char *subuid);

/* Reads /etc/login.defs and /etc/subuid again. */
void ks_people_read(GArray *people);
