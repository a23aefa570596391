/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/help.h"

#include "config.h"
#include "ctl/arguments.h"
#include "ctl/commands.h"
#include "ctl/terminal-text.h"
#include "model/names.h"

#include <glib/gi18n.h>

/* Where what a command or an option does begins. */
#define INDENT 22

static void append_paragraphs(GString *out, const char *text)
{
    g_auto(GStrv) paragraphs = g_strsplit(text, "\n", -1);

    for (unsigned i = 0; paragraphs[i]; i++)
        ks_terminal_append_wrapped(out, "", 0, paragraphs[i]);
}

static void append_entry(GString *out, const char *what, const char *help)
{
    unsigned columns = ks_printable_columns(what) + 2;
    g_autofree char *first =
        g_strdup_printf("  %s%*s", what, columns < INDENT ? (int) (INDENT - columns) : 1, "");

    ks_terminal_append_wrapped(out, first, INDENT, help);
}

static void append_options(GString *out, unsigned options)
{
    g_string_append_printf(out, "\n%s\n", _("Options:"));
    for (unsigned i = 0; i < ks_option_texts_count; i++) {
        const KsOptionText *text = &ks_option_texts[i];
        g_autofree char *name = text->value ? g_strdup_printf("%s %s", text->name, _(text->value))
                                            : g_strdup(text->name);

        if (options & text->option)
            append_entry(out, name, _(text->help));
    }
}

static char *call_of(const KsCommand *command)
{
    return command->arguments ? g_strdup_printf("%s %s", command->name, _(command->arguments))
                              : g_strdup(command->name);
}

static void append_program(GString *out)
{
    g_string_append_printf(out, _("Usage: %s COMMAND [OPTION...]\n\n"), KS_PROGRAM);
    ks_terminal_append_wrapped(
        out, "", 0,
        _("A VPN kill switch that the kernel holds: while it is locked, nothing "
          "leaves this machine except through a VPN that NetworkManager has "
          "brought up."));
    g_string_append_printf(out, "\n%s\n", _("Commands:"));
    for (unsigned i = 0; i < ks_commands_count; i++) {
        g_autofree char *call = call_of(&ks_commands[i]);

        append_entry(out, call, _(ks_commands[i].summary));
    }
    append_options(out, KS_OPTION_JSON | KS_OPTIONS_EVERYWHERE);
    g_string_append_c(out, '\n');
    ks_terminal_append_wrapped(out, "", 0,
                               _("More about a command: nm-killswitch COMMAND --help, and in "
                                 "nm-killswitch(1)."));
    ks_terminal_append_wrapped(
        out, "", 0,
        _("Exit status: 0 done, 1 failed, 2 wrong usage, 3 not authorised, 4 the "
          "guard cannot be reached, 5 with “status --check” if it is not locked "
          "or not verified."));
    ks_terminal_append_wrapped(
        out, "", 0,
        _("Locked out? As root, “nm-killswitch unlock” works even if nothing "
          "else runs."));
}

static void append_command(GString *out, const KsCommand *command)
{
    g_autofree char *call = call_of(command);

    g_string_append_printf(out, _("Usage: %s %s [OPTION...]\n\n"), KS_PROGRAM, call);
    append_paragraphs(out, _(command->details));
    append_options(out, command->options | KS_OPTIONS_EVERYWHERE);
}

char *ks_help(const KsCommand *command)
{
    GString *out = g_string_new(NULL);

    if (command)
        append_command(out, command);
    else
        append_program(out);
    return g_string_free(out, FALSE);
}
