/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "rules/readback-seen.h"

struct nftnl_set_elem;

/* The elements of sets, for readback.c alone. */

void ks_readback_judge_element(KsReadback *readback, unsigned set,
                               const struct nftnl_set_elem *element);

/* The kernel tells the two ends of a range apart, in any order: joins them to keys. */
void ks_readback_join_ranges(KsReadback *readback, KsSetId set);
extern const unsigned ks_readback_boundary_size;
