/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/command-line.h"

#include "config.h"
#include "ctl/output.h"

#include <glib/gi18n.h>

const char *ks_command_line_word(const KsCommandLine *line, unsigned number)
{
    return g_ptr_array_index(line->words, number);
}

bool ks_command_line_has(const KsCommandLine *line, KsOptions option)
{
    return line->options & option;
}

KsExitStatus ks_command_line_fail(const KsCommandLine *line, KsExitStatus status,
                                  const char *message, const char *what_holds)
{
    g_autofree char *alone = NULL;

    ks_output_complain(message);
    if (status == KS_EXIT_NO_GUARD) {
        ks_output_add(what_holds);
        ks_output_add(_("To start the guard: systemctl start nm-killswitch.service"));
    }
    if (status == KS_EXIT_NO_GUARD && line->command->works_alone && !ks_client_is_root()) {
        alone = g_strdup_printf(_("Root can do without it: sudo nm-killswitch %s"),
                                line->command->name);
        ks_output_add(alone);
    }
    return status;
}

KsExitStatus ks_command_line_call(const KsCommandLine *line, const char *method,
                                  GVariant *arguments, const char *what_holds)
{
    g_autoptr(GVariant) result = NULL;
    g_autofree char *message = NULL;
    KsExitStatus status = ks_client_call(line->client, method, arguments, &result, &message);

    return status == KS_EXIT_DONE ? status
                                  : ks_command_line_fail(line, status, message, what_holds);
}

KsExitStatus ks_command_line_get_status(const KsCommandLine *line,
                                        KsExitStatus (*alone)(GVariant **ret_state),
                                        const char *what_holds, GVariant **ret_state)
{
    g_autofree char *message = NULL;
    KsExitStatus status = ks_client_get_status(line->client, ret_state, &message);

    if (status == KS_EXIT_NO_GUARD && alone && ks_client_is_root())
        return alone(ret_state);
    return status == KS_EXIT_DONE ? status
                                  : ks_command_line_fail(line, status, message, what_holds);
}

KsExitStatus ks_usage(const char *see, const char *format, ...)
{
    g_autofree char *message = NULL;
    g_autofree char *hint = NULL;
    va_list arguments;

    va_start(arguments, format);
    message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    ks_output_complain(message);
    if (see) {
        hint = g_strdup_printf(_("See: %s"), see);
        ks_output_add(hint);
    }
    return KS_EXIT_USAGE;
}
