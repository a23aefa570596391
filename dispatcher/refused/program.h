/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/refused-packet.h"

#include <glib.h>

/* Which program a socket is, by /proc. What others wrote stands here as they wrote it: names of
 * programs are hostile text. */

/* A process has four user numbers, and may have several (setuid). */
#define KS_PROGRAM_MIXED UINT32_MAX

typedef struct {
    uint32_t pid; /* 0: not known, and then all texts are empty */
    uint32_t uid; /* that it runs as; KS_PROGRAM_MIXED: as several, or it has ended */
    char *name;   /* as the kernel shows it (comm) */
    char *path;   /* of what it runs; "": not known */
    char *unit;   /* systemd's: "cups.service", "app-gnome-firefox-1234.scope"; "": none */
    char *app;    /* what such a scope names as the application: a desktop file's name; "": none */
} KsProgram;

void ks_program_clear(KsProgram *program);

typedef struct KsPrograms KsPrograms;

KsPrograms *ks_programs_new(void);
void ks_programs_free(KsPrograms *programs);

/* The program that has the socket `inode` open, among those of `uid` first: a socket can be handed
 * to another user's program, which `uid` of the result then says. It is remembered by
 * the socket, and there are only so many long looks a second: with more, it is not known. Valid
 * until the next call; NULL: not known. */
const KsProgram *ks_programs_find(KsPrograms *programs, uint32_t inode, uint32_t uid);

/* The inode of the one socket of `uid` that can have sent such a packet of another protocol
 * than TCP and UDP (ping); 0: none, or there are several. */
uint32_t ks_programs_find_raw(const KsRefusedPacket *packet);

/* What /proc/PID/status says: the user, if all four of its numbers are that; else
 * KS_PROGRAM_MIXED. */
uint32_t ks_program_read_uid(const char *text);

/* What /proc/PID/cgroup says: the innermost unit, and the application that systemd's naming of it
 * means (systemd.io/DESKTOP_ENVIRONMENTS). Both "" if there are none; owned by the caller. */
void ks_program_read_cgroup(const char *text, char **ret_unit, char **ret_app);
