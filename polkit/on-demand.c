/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "polkit/on-demand.h"

#include "config.h"
#include "model/names.h"

#include <glib-unix.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

/* Someone who tests at each change of the state asks again soon. */
#define IDLE_MS 30000

/* Calls that were under way to it when it gave its name back. */
#define LINGER_MS 200

typedef struct {
    const KsOnDemand *what;
    GMainLoop *loop;
    GDBusConnection *connection;
    void *made;
    guint name;
    guint idle_source;
    bool has_failed;
} Program;

/* A call that came in between has begun meanwhile: then it goes on without a name until that is
 * done. New calls start another one. */
static gboolean on_lingered(gpointer data)
{
    Program *program = data;

    if (program->what->is_busy(program->made))
        return G_SOURCE_CONTINUE;
    g_main_loop_quit(program->loop);
    return G_SOURCE_REMOVE;
}

static gboolean on_idle_for_long(gpointer data)
{
    Program *program = data;

    if (program->what->is_busy(program->made) || program->name == 0)
        return G_SOURCE_CONTINUE;
    program->idle_source = 0;
    g_bus_unown_name(program->name);
    program->name = 0;
    if (program->what->leave)
        program->what->leave(program->made);
    g_timeout_add(LINGER_MS, on_lingered, program);
    return G_SOURCE_REMOVE;
}

static void on_idle(void *data)
{
    Program *program = data;

    if (program->idle_source)
        g_source_remove(program->idle_source);
    program->idle_source = program->name ? g_timeout_add(IDLE_MS, on_idle_for_long, program) : 0;
}

static void on_name_lost(GDBusConnection *connection, const char *name, gpointer data)
{
    Program *program = data;

    (void) connection;
    g_warning("the bus does not give us the name %s", name);
    program->has_failed = true;
    g_main_loop_quit(program->loop);
}

static void on_closed(GDBusConnection *connection, gboolean vanished, GError *error, gpointer data)
{
    Program *program = data;

    (void) connection;
    (void) vanished;
    (void) error;
    g_main_loop_quit(program->loop);
}

static gboolean on_stop(gpointer data)
{
    Program *program = data;

    g_main_loop_quit(program->loop);
    return G_SOURCE_CONTINUE;
}

static int run(const KsOnDemand *what)
{
    g_autoptr(GError) error = NULL;
    Program program = { .what = what };

    program.connection = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, &error);
    if (!program.connection) {
        g_printerr("%s: the system bus cannot be reached: %s\n", what->program, error->message);
        return EXIT_FAILURE;
    }
    g_dbus_connection_set_exit_on_close(program.connection, FALSE);
    program.loop = g_main_loop_new(NULL, FALSE);
    g_unix_signal_add(SIGTERM, on_stop, &program);
    g_unix_signal_add(SIGINT, on_stop, &program);
    g_signal_connect(program.connection, "closed", G_CALLBACK(on_closed), &program);
    program.made = what->create(program.connection, on_idle, &program);
    program.name = g_bus_own_name_on_connection(program.connection, what->bus_name,
                                                G_BUS_NAME_OWNER_FLAGS_NONE, NULL, on_name_lost,
                                                &program, NULL);
    on_idle(&program);
    g_main_loop_run(program.loop);

    if (program.name)
        g_bus_unown_name(program.name);
    g_signal_handlers_disconnect_by_data(program.connection, &program);
    what->destroy(program.made);
    (void) g_dbus_connection_flush_sync(program.connection, NULL, NULL);
    g_object_unref(program.connection);
    g_main_loop_unref(program.loop);
    return program.has_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int ks_on_demand_main(const KsOnDemand *what, int argc, char **argv)
{
    setlocale(LC_ALL, "");
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        g_print("%s %s\n", what->program, KS_VERSION);
        return EXIT_SUCCESS;
    }
    if (argc > 1) {
        g_printerr("%s: the system bus starts me; people use \"%s %s\".\n", what->program,
                   KS_PROGRAM, what->command);
        return 2;
    }
    return run(what);
}
