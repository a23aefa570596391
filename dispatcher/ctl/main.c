/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"
#include "ctl/arguments.h"
#include "ctl/help.h"
#include "ctl/output.h"
#include "model/names.h"

#include <glib/gi18n.h>
#include <locale.h>
#include <unistd.h>

static void print_help(const KsCommand *command)
{
    g_autofree char *text = ks_help(command);

    ks_output_print(text);
}

static KsExitStatus run(KsCommandLine *line)
{
    bool ask = isatty(STDIN_FILENO) && !ks_command_line_has(line, KS_OPTION_NO_ASK_PASSWORD);

    if (ks_command_line_has(line, KS_OPTION_VERSION)) {
        ks_output_print(KS_PROGRAM " " KS_VERSION "\n");
        return KS_EXIT_DONE;
    }
    if (ks_command_line_has(line, KS_OPTION_HELP)) {
        print_help(line->command);
        return KS_EXIT_DONE;
    }
    if (!line->command)
        return ks_usage(KS_PROGRAM " --help", _("A command is missing."));
    line->client = ks_client_new(ask);
    return line->command->run(line);
}

int main(int argc, char **argv)
{
    KsCommandLine line = { 0 };
    KsExitStatus status;

    setlocale(LC_ALL, "");
    bindtextdomain(GETTEXT_PACKAGE, KS_LOCALEDIR);
    bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");
    textdomain(GETTEXT_PACKAGE);

    status = ks_arguments_parse(argc, argv, &line);
    if (status == KS_EXIT_DONE)
        status = run(&line);
    ks_command_line_clear(&line);
    return !ks_output_finish() && status == KS_EXIT_DONE ? KS_EXIT_FAILED : (int) status;
}
