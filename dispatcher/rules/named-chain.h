/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "rules/skeleton.h"

struct nlmsghdr;

/* A base chain on every device whose name begins in one of some ways, from the device's first frame
 * on (Linux 6.17, attribute NFTA_DEVICE_PREFIX). libnftnl before 1.3 can neither write nor read it;
 * what it writes for "eth*" is a whole name, which no device has. So it is written here. */

/* libnftnl here, which is nft's as well, understands what the kernel tells of such a chain. An nft
 * that does not lists no rule of it, and tries for ever (ADR 28). */
bool ks_named_chain_is_understood(void);

/* The attributes of NFT_MSG_NEWCHAIN. `chain` is the skeleton's, with beginnings. */
void ks_named_chain_put(struct nlmsghdr *message, const KsSkeleton *skeleton, const KsChain *chain);

/* Whether the kernel's message says that it hangs on these devices and no others. */
bool ks_named_chain_hangs_right(const struct nlmsghdr *message, const KsChain *chain);
