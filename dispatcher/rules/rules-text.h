/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "rules/readback.h"

/* A table that the kernel holds, in nft(8)'s words: the constant rules, which the readback has
 * compared with the kernel's one by one, and the sets as they were read. What is not as it should
 * be comes first, as comments. Owned by the caller. `name_interface` returns the name, which stays
 * its own, of an interface's index, or NULL where no interface has it. */
char *ks_rules_text(const KsReadback *readback,
                    const char *(*name_interface)(uint32_t index, const void *data),
                    const void *data);
