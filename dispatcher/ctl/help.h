/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/command-line.h"

/* What --help prints: of the program, or of one command. Owned by the caller. */
char *ks_help(const KsCommand *command);
