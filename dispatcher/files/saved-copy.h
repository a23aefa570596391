/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Copies of the lock in the files from which nftables.service loads a person's own rules: what
 * `nft list ruleset` saved while it was locked. nft(8) loads all of a file or nothing, and the
 * kernel takes no table that has an owner. */

/* The line, from 1, on which a file with this text (NUL-terminated) names a table of ours first; 0:
 * on none. */
unsigned ks_saved_copy_line(const char *text);

/* What is known of the files here, and of those that they include, at most 512 files and folders
 * of wildcards, and 16 MiB. They are read again only when one of them is another, or a file system
 * was mounted or taken away, because the status is told at every change. What lies on another file
 * system than the guard's own files is not looked at: it could hang (files/own-disks.h). */
typedef struct KsSavedCopies KsSavedCopies;

/* root: what stands before every path, "" for this machine's own files. */
KsSavedCopies *ks_saved_copies_new(const char *root);
void ks_saved_copies_free(KsSavedCopies *copies);

/* Returns a sentence for people about the first file here that holds a copy, to be freed; NULL:
 * none does. */
char *ks_saved_copies_look(KsSavedCopies *copies);
