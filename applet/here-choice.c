/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/here-choice.h"

#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

static void free_option(gpointer data)
{
    KsHereOption *option = data;

    g_free(option->uuid);
    g_free(option->name);
    g_free(option);
}

static void add_option(KsHereChoice *choice, const char *uuid, const char *name, const char *now)
{
    KsHereOption *option = g_new0(KsHereOption, 1);

    option->uuid = g_strdup(uuid);
    option->name = g_strdup(name);
    if (strcmp(uuid, now) == 0)
        choice->chosen = choice->options->len;
    g_ptr_array_add(choice->options, option);
}

static char *name_networks(const KsGuardState *guard)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *all = NULL;

    for (unsigned i = 0; i < guard->networks->len; i++)
        g_ptr_array_add(names, ((KsGuardNetwork *) g_ptr_array_index(guard->networks, i))->name);
    g_ptr_array_add(names, NULL);
    /* TRANSLATORS: between names of networks */
    all = g_strjoinv(_("”, “"), (char **) names->pdata);
    /* TRANSLATORS: %s is the name of a network, or several */
    return g_strdup_printf(_("VPN that connects by itself on “%s”"), all);
}

static char **list_networks(const KsGuardState *guard)
{
    char **networks = g_new0(char *, guard->networks->len + 1);

    for (unsigned i = 0; i < guard->networks->len; i++)
        networks[i] = g_strdup(((KsGuardNetwork *) g_ptr_array_index(guard->networks, i))->uuid);
    return networks;
}

static void add_options(KsHereChoice *choice, const KsModel *model)
{
    const char *now = model->guard->always_on_here;
    bool is_listed = !now[0];

    add_option(choice, "", _("The same as everywhere"), now);
    for (unsigned i = 0; i < model->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(model->vpns, i);

        add_option(choice, vpn->uuid, vpn->name, now);
        is_listed |= strcmp(vpn->uuid, now) == 0;
    }
    if (!is_listed)
        add_option(choice, now, _("A VPN that you cannot see"), now);
}

/* "": somebody may. */
static const char *obstacle(const KsModel *model)
{
    if (model->guard->always_on_laid_down)
        return _("The administrator has laid down which VPN is always on.");
    if (model->permissions[KS_REQUEST_SET_ALWAYS_ON_HERE] == KS_PERMISSION_NO)
        return _("The administrator of this computer does not allow it.");
    return "";
}

KsHereChoice *ks_here_choice_new(const KsModel *model)
{
    const KsGuardState *guard = model->guard;
    KsHereChoice *choice = g_new0(KsHereChoice, 1);

    choice->options = g_ptr_array_new_with_free_func(free_option);
    choice->note = g_strdup(obstacle(model));
    choice->networks = list_networks(guard);
    choice->busy = model->busy[KS_REQUEST_SET_ALWAYS_ON_HERE];
    if (!ks_state_is_heard(guard->state) || !guard->always_on || guard->networks->len == 0 ||
        (model->vpns->len == 0 && !guard->always_on_here[0]))
        return choice;
    choice->title = name_networks(guard);
    choice->sensitive = !choice->busy && !choice->note[0];
    add_options(choice, model);
    return choice;
}

void ks_here_choice_free(KsHereChoice *choice)
{
    if (!choice)
        return;
    g_ptr_array_unref(choice->options);
    g_free(choice->title);
    g_free(choice->note);
    g_strfreev(choice->networks);
    g_free(choice);
}
