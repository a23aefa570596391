/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "rules/readback.h"

/* The interface's name, or NULL if there is none of that index; owned by whoever names it. */
typedef const char *(*KsInterfaceNamer)(uint32_t index, const void *data);

/* A table that the kernel holds, in nft(8)'s words: the constant rules, which the readback has
 * compared with the kernel's one by one, and the sets as they were read. What is not as it should
 * be comes first, as comments. Owned by the caller. */
char *ks_rules_text(const KsReadback *readback, KsInterfaceNamer namer, const void *namer_data);
