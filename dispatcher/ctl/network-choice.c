/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/network-choice.h"
#include "config.h"

#include "ctl/field.h"
#include "ctl/output.h"

#include <glib/gi18n.h>
#include <string.h>

/* The only one that is connected, beside those of containers and virtual machines, and those by
 * which this machine shares its own connection. */
static const char *find_here(GVariant *networks, char **ret_uuid)
{
    unsigned count = 0;

    for (gsize i = 0; i < g_variant_n_children(networks); i++) {
        g_autoptr(GVariant) network = g_variant_get_child_value(networks, i);

        if (ks_field_flag(network, "external") || ks_field_flag(network, "shared"))
            continue;
        if (count++ == 0)
            *ret_uuid = g_strdup(ks_field_text(network, "uuid"));
    }
    if (count == 1)
        return NULL;
    return count == 0 ? _("No network is connected, so there is no “here”.")
                      : _("Several networks are connected: name one of them.");
}

static unsigned find_named(GVariant *networks, const char *word, char **ret_uuid)
{
    unsigned count = 0;

    for (gsize i = 0; i < g_variant_n_children(networks); i++) {
        g_autoptr(GVariant) network = g_variant_get_child_value(networks, i);
        const char *uuid = ks_field_text(network, "uuid");

        if (strcmp(uuid, word) != 0 && strcmp(ks_field_text(network, "name"), word) != 0)
            continue;
        if (count++ == 0)
            *ret_uuid = g_strdup(uuid);
    }
    return count;
}

KsExitStatus ks_choose_network(const KsCommandLine *line, KsChoice choice, const char *what_holds,
                               char **ret_uuid)
{
    const char *list = choice == KS_CHOICE_KNOWN ? "known_networks" : "networks";
    g_autoptr(GVariant) state = NULL;
    g_autoptr(GVariant) networks = NULL;
    g_autoptr(GVariant) connected = NULL;
    g_autofree char *uuid = NULL;
    KsExitStatus status = ks_command_line_get_status(line, NULL, what_holds, &state);
    const char *problem = NULL;
    unsigned count = 1;

    *ret_uuid = NULL;
    if (status != KS_EXIT_DONE)
        return status;
    networks = ks_field_list(state, list);
    connected = ks_field_list(state, "networks");
    if (strcmp(line->on, "here") == 0)
        problem = find_here(connected, &uuid);
    else
        count = find_named(networks, line->on, &uuid);
    if (!problem && count == 1) {
        *ret_uuid = g_steal_pointer(&uuid);
        return KS_EXIT_DONE;
    }
    if (problem)
        ks_output_complain(problem);
    else if (count == 0 && choice == KS_CHOICE_KNOWN)
        ks_output_complain_f(_("No network “%s” is known: it is not connected now, and has no LAN "
                               "access, exception or VPN of its own."),
                             line->on);
    else if (count == 0)
        ks_output_complain_f(_("No network “%s” is connected now."), line->on);
    else
        ks_output_complain_f(_("Several networks are called “%s”: write the UUID of one."),
                             line->on);
    ks_output_add(what_holds);
    return KS_EXIT_FAILED;
}
