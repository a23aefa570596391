/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/command-line.h"

/* A command line: options may stand anywhere, "--" ends them. */

/* Fills `ret_line` but for its client; KS_EXIT_USAGE with a complaint if it makes no sense. The
 * words are those of `argv`. --help and --version are taken as they come: what else is wrong with
 * the line is then no matter. */
KsExitStatus ks_arguments_parse(int argc, char **argv, KsCommandLine *ret_line);

void ks_command_line_clear(KsCommandLine *line);

/* The options, with their help: for arguments and help alike. */
typedef struct {
    const char *name; /* with its dashes */
    unsigned option;
    const char *help;  /* to be translated */
    const char *value; /* what must follow it, to be translated; NULL: nothing */
} KsOptionText;

extern const KsOptionText ks_option_texts[];
extern const unsigned ks_option_texts_count;
