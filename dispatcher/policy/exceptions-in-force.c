/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/exceptions-in-force.h"

#include "model/printable.h"

KsExceptions *ks_exceptions_in_force(const KsConfiguration *configuration,
                                     const KsExceptions *people, char **ret_left_out)
{
    KsExceptions *exceptions = ks_exceptions_copy(ks_configuration_exceptions(configuration));
    g_autofree char *refusal =
        ks_configuration_refusal(configuration, KS_CONFIGURATION_ALLOW_EXCEPTIONS);
    g_autoptr(GString) left_out = g_string_new(NULL);

    for (unsigned i = 0; i < ks_exceptions_count(people); i++) {
        const KsExceptionEntry *entry = ks_exceptions_get(people, i);
        g_autofree char *shown = NULL;

        if (!refusal && ks_exceptions_add_entry(exceptions, entry))
            continue;
        shown = ks_printable_quoted(entry->name);
        g_string_append_printf(left_out, "%s%s", left_out->len > 0 ? ", " : "", shown);
    }
    *ret_left_out = NULL;
    if (left_out->len > 0)
        *ret_left_out = g_strdup_printf(
            "%s These that people made are not in force until that is changed: %s. To forget one: "
            "nm-killswitch allow remove NAME",
            refusal ? refusal
                    : "The administrator of this machine has laid down exceptions that open the "
                      "same, have the same name, or leave no room (64 are the most).",
            left_out->str);
    return exceptions;
}
