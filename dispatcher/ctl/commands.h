/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/client.h"
#include "ctl/exit-status.h"

/* The commands: their one table is in commands.c. */

typedef enum {
    KS_OPTION_JSON = 1 << 0,
    KS_OPTION_CHECK = 1 << 1,
    KS_OPTION_WATCH = 1 << 2,
    KS_OPTION_ONLY_HERE = 1 << 3,
    KS_OPTION_NO_ASK_PASSWORD = 1 << 4,
    KS_OPTION_HELP = 1 << 5,
    KS_OPTION_VERSION = 1 << 6,
    KS_OPTION_CLEAR = 1 << 7,
    KS_OPTION_INTERFACE = 1 << 8,
    KS_OPTION_TYPE = 1 << 9,
    KS_OPTION_SERVER = 1 << 10,
    KS_OPTION_LOCKS = 1 << 11,
    KS_OPTION_FORMAT = 1 << 12,
    KS_OPTION_VPN = 1 << 13,
    KS_OPTION_OVERLAY = 1 << 14,
    KS_OPTION_OR = 1 << 15,
    KS_OPTION_FULL = 1 << 16,
    KS_OPTION_OUTPUT = 1 << 17,
    KS_OPTION_DROP = 1 << 18,
    KS_OPTION_YES = 1 << 19,
    KS_OPTION_KEEP = 1 << 20,
    KS_OPTION_ONLINE = 1 << 21,
    KS_OPTION_TO = 1 << 22,
    KS_OPTION_PROTOCOL = 1 << 23,
    KS_OPTION_PORT = 1 << 24,
    KS_OPTION_FOR = 1 << 25,
    KS_OPTION_LEAKS = 1 << 26,
} KsOptions;

/* What stands anywhere on the command line, with any command. */
#define KS_OPTIONS_EVERYWHERE (KS_OPTION_NO_ASK_PASSWORD | KS_OPTION_HELP | KS_OPTION_VERSION)

typedef struct KsCommand KsCommand;

/* A command line, understood. */
typedef struct {
    const KsCommand *command; /* NULL: only options were given */
    unsigned options;         /* KsOptions */
    GPtrArray *words;         /* element-type char*: what stands after the command's name */
    GPtrArray *servers;       /* element-type char*: of each --server */
    GPtrArray *others;        /* element-type char*: of each --or */
    const char *interface;    /* what stands after an option, the last time; NULL: not there */
    const char *type;
    const char *locks;
    const char *format;
    const char *vpn;
    const char *output;
    const char *keep;
    const char *online;
    const char *to;
    const char *protocol;
    const char *port;
    const char *how_long; /* of --for */
    KsClient *client;
} KsCommandLine;

struct KsCommand {
    const char *name;      /* one word, or two with a blank */
    const char *arguments; /* as shown in the help; NULL: none */
    unsigned words_min;    /* how many words may follow the name */
    unsigned words_max;
    bool works_alone;    /* as root, without the guard */
    unsigned options;    /* that it knows, beside KS_OPTIONS_EVERYWHERE */
    const char *summary; /* half a line, to be translated */
    const char *details; /* paragraphs, to be translated */
    KsExitStatus (*run)(const KsCommandLine *line);
};

extern const KsCommand ks_commands[];
extern const unsigned ks_commands_count;

const char *ks_command_line_word(const KsCommandLine *line,
                                 unsigned number); /* there must be so many */
bool ks_command_line_has(const KsCommandLine *line, KsOptions option);

/* Complains, and adds what to do next where that helps. `what_holds`: what did not change. Returns
 * `status`. */
KsExitStatus ks_command_line_fail(const KsCommandLine *line, KsExitStatus status,
                                  const char *message, const char *what_holds);

/* Complains about the command line. `see`: a command that explains more, NULL: none. */
KsExitStatus ks_usage(const char *see, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* look.c: what only looks. */
KsExitStatus ks_run_status(const KsCommandLine *line);
KsExitStatus ks_run_rules(const KsCommandLine *line);
KsExitStatus ks_run_allow_list(const KsCommandLine *line);
KsExitStatus ks_run_allow_add(const KsCommandLine *line);
KsExitStatus ks_run_allow_remove(const KsCommandLine *line);
KsExitStatus ks_run_vpn_list(const KsCommandLine *line);

/* test.c */
KsExitStatus ks_run_test(const KsCommandLine *line);

/* report/report.c */
KsExitStatus ks_run_report(const KsCommandLine *line);
/* refused.c */
KsExitStatus ks_run_refused(const KsCommandLine *line);

/* export.c */
KsExitStatus ks_run_export(const KsCommandLine *line);

/* change.c: what changes something. */
KsExitStatus ks_run_lock(const KsCommandLine *line);
KsExitStatus ks_run_unlock(const KsCommandLine *line);
KsExitStatus ks_run_lan(const KsCommandLine *line);
KsExitStatus ks_run_pause(const KsCommandLine *line);
KsExitStatus ks_run_resume(const KsCommandLine *line);
KsExitStatus ks_run_auto(const KsCommandLine *line);
KsExitStatus ks_run_mode(const KsCommandLine *line);
KsExitStatus ks_run_disconnect(const KsCommandLine *line);
KsExitStatus ks_run_always_on(const KsCommandLine *line);

/* vpn.c: what is said of VPNs. */
KsExitStatus ks_run_vpn_add(const KsCommandLine *line);
KsExitStatus ks_run_vpn_remove(const KsCommandLine *line);
KsExitStatus ks_run_vpn_set(const KsCommandLine *line);
