/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/options.h"

#include "config.h"

#include <glib/gi18n.h>

/* Actions of the application that are options, too. */
static const char *const wanted[] = { "lock", "unlock", "preferences", "quit" };

int ks_options_handle(GApplication *application, GVariantDict *options, bool *ret_starts_hidden)
{
    g_autoptr(GError) error = NULL;

    if (g_variant_dict_contains(options, "version")) {
        g_print("nm-killswitch-applet %s\n", KS_VERSION);
        return 0;
    }
    if (!g_application_register(application, NULL, &error)) {
        g_printerr("nm-killswitch-applet: %s\n", error->message);
        return 1;
    }
    if (g_variant_dict_contains(options, "hidden")) {
        if (g_application_get_is_remote(application))
            return 0;
        *ret_starts_hidden = true;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(wanted); i++)
        if (g_variant_dict_contains(options, wanted[i])) {
            g_action_group_activate_action(G_ACTION_GROUP(application), wanted[i], NULL);
            *ret_starts_hidden = true;
            if (g_application_get_is_remote(application))
                return 0;
        }
    return -1;
}

void ks_options_add(GApplication *application)
{
    static const GOptionEntry entries[] = {
        { "hidden", 0, 0, G_OPTION_ARG_NONE, NULL, N_("Start in the tray, without a window"),
          NULL },
        { "lock", 0, 0, G_OPTION_ARG_NONE, NULL, N_("Close the lock"), NULL },
        { "unlock", 0, 0, G_OPTION_ARG_NONE, NULL, N_("Open the lock"), NULL },
        { "preferences", 0, 0, G_OPTION_ARG_NONE, NULL, N_("Show the preferences"), NULL },
        { "quit", 0, 0, G_OPTION_ARG_NONE, NULL, N_("End the program that runs"), NULL },
        { "version", 0, 0, G_OPTION_ARG_NONE, NULL, N_("Show the version"), NULL },
        { NULL },
    };

    g_application_add_main_option_entries(application, entries);
}
