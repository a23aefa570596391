/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/command-line.h"

/* The network that `--on` names, by its UUID, by a name that only one has, or as “here”: the only
 * one that is connected. */

typedef enum {
    KS_CHOICE_CONNECTED, /* what is made knows the network from now on: it has to be here */
    KS_CHOICE_KNOWN,     /* those that are away and that something was said of, too */
} KsChoice;

/* `what_holds`: as of ks_command_line_fail(), and said of a network that is not found as well. The
 * UUID is owned by the caller; NULL with another status than KS_EXIT_DONE. */
KsExitStatus ks_choose_network(const KsCommandLine *line, KsChoice choice, const char *what_holds,
                               char **ret_uuid);
