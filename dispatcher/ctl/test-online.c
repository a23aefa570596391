/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/test-online.h"

#include "config.h"
#include "ctl/field.h"
#include "ctl/json.h"
#include "ctl/online-verdict.h"
#include "ctl/output.h"
#include "kernel/links.h"
#include "model/names.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>

/* More are not asked by. */
#define WAYS_MAX 16u

/* ---- by which interfaces ---- */

static void add(GPtrArray *names, const char *name)
{
    if (names->len < WAYS_MAX && name[0] && strlen(name) < IF_NAMESIZE &&
        !g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
        g_ptr_array_add(names, g_strdup(name));
}

static void add_tunnels(GPtrArray *names, GVariant *status, const char *field)
{
    g_autoptr(GVariant) list = ks_field_list(status, field);

    for (gsize i = 0; i < g_variant_n_children(list); i++) {
        g_autoptr(GVariant) tunnel = g_variant_get_child_value(list, i);

        add(names, ks_field_text(tunnel, "interface"));
    }
}

/* Whatever leads out, and neither VPN nor overlay network: NetworkManager need not know it. */
static int add_uplinks(GPtrArray *names, GVariant *status)
{
    g_autoptr(GPtrArray) overlays = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(KsWorld) world = ks_world_new();
    int error = ks_links_look(world);

    add_tunnels(overlays, status, "overlays");
    for (unsigned i = 0; !error && i < world->links->len; i++) {
        const KsLink *link = &g_array_index(world->links, KsLink, i);

        if (link->up && !link->loopback && link->leads_out &&
            !g_ptr_array_find_with_equal_func(overlays, link->name, g_str_equal, NULL))
            add(names, link->name);
    }
    return error;
}

/* ---- the program that asks ---- */

/* NULL: it did not end well. */
static GVariant *parse(const char *text)
{
    return g_variant_parse(G_VARIANT_TYPE(KS_ONLINE_TYPE), text, NULL, NULL, NULL);
}

/* It bounds its time and what it says itself. */
static GVariant *ask(const char *url, const GPtrArray *interfaces, char **ret_message)
{
    static const char *const environment[] = { "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", NULL };
    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE);
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    g_autoptr(GSubprocess) process = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *said = NULL;
    GVariant *answers = NULL;

    g_ptr_array_add(words, (void *) (KS_LIBEXECDIR "/" KS_ONLINE_PROGRAM));
    g_ptr_array_add(words, (void *) url);
    for (unsigned i = 0; i < interfaces->len; i++)
        g_ptr_array_add(words, g_ptr_array_index(interfaces, i));
    g_ptr_array_add(words, NULL);
    g_subprocess_launcher_set_environ(launcher, (char **) environment);
    process = g_subprocess_launcher_spawnv(launcher, (const char *const *) words->pdata, &error);
    if (!process && g_error_matches(error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT)) {
        *ret_message = g_strdup_printf(_("“%s” is not installed: this nm-killswitch was built "
                                         "without libcurl."),
                                       KS_ONLINE_PROGRAM);
        return NULL;
    }
    if (process && g_subprocess_communicate_utf8(process, NULL, NULL, &said, NULL, &error) &&
        g_subprocess_get_successful(process))
        answers = parse(said);
    if (!answers)
        *ret_message = g_strdup_printf(_("“%s” could not ask the service, or not in time."),
                                       KS_ONLINE_PROGRAM);
    return answers;
}

/* ---- test --online ---- */

static KsExitStatus exit_status_of(GVariant *told)
{
    const char *verdict = ks_field_text(told, "verdict");

    if (strcmp(verdict, "leaked") == 0)
        return KS_EXIT_LEAKED;
    return strcmp(verdict, "closed") == 0 ? KS_EXIT_DONE : KS_EXIT_UNJUDGED;
}

static KsExitStatus tell(const KsCommandLine *line, GVariant *status, GVariant *after,
                         GVariant *answers)
{
    g_autoptr(GVariant) told = NULL;
    g_autofree char *text = NULL;
    const char *why;

    g_variant_get_child(answers, 0, "&s", &why);
    if (strcmp(why, "url") == 0)
        return ks_usage(NULL, _("“%s” must be followed by: %s"), "--online", "http://…, https://…");
    told = ks_online_tell(line->online, status, after, answers);
    if (ks_command_line_has(line, KS_OPTION_JSON)) {
        text = ks_json_leaks(told, false);
        ks_output_data(text);
    } else {
        text = ks_show_online(told, ks_output_has_colour());
        ks_output_print(text);
    }
    return exit_status_of(told);
}

KsExitStatus ks_test_online(const KsCommandLine *line)
{
    g_autoptr(GPtrArray) interfaces = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GVariant) status = NULL;
    g_autoptr(GVariant) after = NULL;
    g_autoptr(GVariant) answers = NULL;
    g_autofree char *message = NULL;
    KsExitStatus exit;
    int error;

    if (ks_command_line_has(line, KS_OPTION_WATCH) || ks_command_line_has(line, KS_OPTION_DROP))
        return ks_usage(NULL, _("“%s” has no option “%s”."), "test --online",
                        ks_command_line_has(line, KS_OPTION_WATCH) ? "--watch" : "--drop");
    exit = ks_client_get_status(line->client, &status, &message);
    if (exit != KS_EXIT_DONE)
        return ks_command_line_fail(line, exit, message, _("Nothing was asked."));
    add_tunnels(interfaces, status, "tunnels");
    error = add_uplinks(interfaces, status);
    if (error) {
        ks_output_complain(g_strerror(-error));
        return KS_EXIT_FAILED;
    }
    answers = ask(line->online, interfaces, &message);
    if (!answers) {
        ks_output_complain(message);
        return KS_EXIT_FAILED;
    }
    /* a lock that cannot be looked at again may have changed */
    if (ks_client_get_status(line->client, &after, &message) != KS_EXIT_DONE)
        after = g_variant_ref_sink(g_variant_new_array(G_VARIANT_TYPE("{sv}"), NULL, 0));
    return tell(line, status, after, answers);
}
