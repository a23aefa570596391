/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/client.h"
#include "ctl/exit-status.h"

/* A command line, understood, and what the commands make of it together. */

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
    KS_OPTION_FROM = 1 << 27,
    KS_OPTION_ON = 1 << 28,
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
    const char *from;
    const char *protocol;
    const char *port;
    const char *how_long; /* of --for */
    const char *on;
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

const char *ks_command_line_word(const KsCommandLine *line,
                                 unsigned number); /* there must be so many */
bool ks_command_line_has(const KsCommandLine *line, KsOptions option);

/* Has the guard do something whose answer is not wanted. Else it complains as
 * ks_command_line_fail() does, and returns what to exit with. */
KsExitStatus ks_command_line_call(const KsCommandLine *line, const char *method,
                                  GVariant *arguments, const char *what_holds);

/* What the guard says or, for root without a guard, `alone` (NULL: nothing); the same
 * otherwise. */
KsExitStatus ks_command_line_get_status(const KsCommandLine *line,
                                        KsExitStatus (*alone)(GVariant **ret_state),
                                        const char *what_holds, GVariant **ret_state);

/* Complains, and adds what to do next where that helps. `what_holds`: what did not change. Returns
 * `status`. */
KsExitStatus ks_command_line_fail(const KsCommandLine *line, KsExitStatus status,
                                  const char *message, const char *what_holds);

/* Complains about the command line. `see`: a command that explains more, NULL: none. */
KsExitStatus ks_usage(const char *see, const char *format, ...) G_GNUC_PRINTF(2, 3);
