/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

struct nlmsghdr;

/* Adds what nft(8) prints as the comment of a table, a chain or a rule: `attribute` is its
 * NFTA_*_USERDATA. `comment`: at most KS_COMMENT_MAX bytes, NULL for none. A kernel that does not
 * know the attribute passes it by (chains: before Linux 5.9, tables: before 5.10). */
void ks_comment_put(struct nlmsghdr *message, uint16_t attribute, const char *comment);
