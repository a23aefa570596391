/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

/* Paths that the guard may look at in its main loop. A person's files may lie on a file system
 * whose server is gone, or whose program does not answer. A process that touches one of those may
 * wait in the kernel for ever and outlive SIGKILL, and a guard that does so keeps the lock's
 * tables: nobody could unlock. So we look only where the guard's own files lie, which it reads
 * anyway: on the file systems on the way to its configuration, its state and its socket, and of
 * them on no network's and no program's but the root. The kernel's list of mounts says where each
 * begins, and touches none (proc(5), "/proc/pid/mountinfo"). */
typedef struct KsOwnDisks KsOwnDisks;

/* root: what stands before the guard's own paths, "" for this machine's. Until
 * ks_own_disks_follow() no path lies on them. */
KsOwnDisks *ks_own_disks_new(const char *root);
void ks_own_disks_free(KsOwnDisks *disks);

/* Reads the kernel's list if it is another than the last time, and says so. */
bool ks_own_disks_follow(KsOwnDisks *disks);

/* Takes this text for it, which it changes. */
void ks_own_disks_read(KsOwnDisks *disks, char *mountinfo);

/* False: another file system begins at this path (absolute, and without links). */
bool ks_own_disks_reach(const KsOwnDisks *disks, const char *path);

/* An absolute path without links, to be freed, and what is there. NULL, and zeros: nothing is
 * there, or the way leads to another file system, which nobody has touched then. */
char *ks_own_disks_find(const KsOwnDisks *disks, const char *path, struct stat *ret_about);
