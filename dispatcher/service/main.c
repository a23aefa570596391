/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "config.h"
#include "files/only-one.h"
#include "guard/guard.h"
#include "guard/restore.h"
#include "model/names.h"
#include "service/guard-bus.h"
#include "service/socket.h"
#include "service/watchdog.h"

#include <glib-unix.h>
#include <locale.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

/* What is longer goes back to the kernel as soon as it is free. */
#define MEMORY_KEPT_MAX (64 << 10)

typedef struct {
    GMainLoop *loop;
    KsSystemBus *system_bus;
    KsGuard *guard;
    KsSocket *socket;
    KsBus *bus; /* NULL until the guard is ready */
} Program;

static void on_ready(void *data)
{
    Program *program = data;

    ks_socket_start(program->socket);
    program->bus = ks_bus_new(program->system_bus, program->guard);
}

static void on_changed(bool now, void *data)
{
    Program *program = data;

    if (program->socket)
        ks_socket_follow(program->socket);
    if (program->bus)
        ks_bus_changed(program->bus, now);
}

static gboolean on_reload(gpointer data)
{
    Program *program = data;

    ks_guard_reload_config(program->guard);
    return G_SOURCE_CONTINUE;
}

static gboolean on_stop(gpointer data)
{
    Program *program = data;

    g_main_loop_quit(program->loop);
    return G_SOURCE_CONTINUE;
}

/* The bus library's threads would each keep a heap of their own. glibc raises both bounds by itself
 * after the first long list, and keeps what the longest one took. */
static void keep_little_memory(void)
{
#ifdef __GLIBC__
    (void) mallopt(M_ARENA_MAX, 1);
    (void) mallopt(M_MMAP_THRESHOLD, MEMORY_KEPT_MAX);
    (void) mallopt(M_TRIM_THRESHOLD, MEMORY_KEPT_MAX);
#endif
}

static int run(void)
{
    g_autoptr(GError) error = NULL;
    Program program = { 0 };

    keep_little_memory();

    if (ks_only_one(&error) == KS_ONLY_ONE)
        program.socket = ks_socket_new(&program.guard, &error);
    if (!program.socket) {
        g_printerr("%s: %s. What the kernel holds stays as it is.\n", KS_GUARD_PROGRAM,
                   error->message);
        return EXIT_FAILURE;
    }
    program.loop = g_main_loop_new(NULL, FALSE);
    g_unix_signal_add(SIGTERM, on_stop, &program);
    g_unix_signal_add(SIGINT, on_stop, &program);
    g_unix_signal_add(SIGHUP, on_reload, &program);
    program.system_bus = ks_system_bus_new();
    program.guard = ks_guard_new(program.system_bus, &(KsGuardObserver){
                                                         .ready = on_ready,
                                                         .changed = on_changed,
                                                         .data = &program,
                                                     });
    /* the saved lock is in the kernel: a slow bus or NetworkManager must not hold up the boot */
    (void) sd_notify(0, "READY=1");
    (void) ks_watchdog_start();
    g_main_loop_run(program.loop);

    (void) sd_notify(0, "STOPPING=1");
    /* the guard may still tell of changes */
    g_clear_pointer(&program.bus, ks_bus_free);
    g_clear_pointer(&program.socket, ks_socket_free);
    ks_guard_free(program.guard);
    ks_system_bus_free(program.system_bus);
    g_main_loop_unref(program.loop);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    gboolean version = FALSE;
    gboolean restore = FALSE;
    GOptionEntry entries[] = {
        { "restore", 0, 0, G_OPTION_ARG_NONE, &restore,
          "Put the saved lock into the kernel and exit (when the machine starts)", NULL },
        { "version", 0, 0, G_OPTION_ARG_NONE, &version, "Print the version and exit", NULL },
        { NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;

    setlocale(LC_ALL, "");
    g_option_context_set_summary(context,
                                 "The guard of nm-killswitch: keeps the VPN kill switch in the "
                                 "kernel as it should be.\nsystemd starts it; people use "
                                 "nm-killswitch(1).");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || argc > 1) {
        g_printerr("%s: %s\n", KS_GUARD_PROGRAM, error ? error->message : "no arguments expected");
        return 2;
    }
    if (version) {
        g_print("%s %s\n", KS_GUARD_PROGRAM, KS_VERSION);
        return EXIT_SUCCESS;
    }
    if (geteuid() != 0) {
        g_printerr("%s: only root can keep the lock; systemd starts me as root.\n",
                   KS_GUARD_PROGRAM);
        return EXIT_FAILURE;
    }
    return restore ? ks_restore() : run();
}
