/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/command-line.h"

/* The commands: their one table. */

extern const KsCommand ks_commands[];
extern const unsigned ks_commands_count;
