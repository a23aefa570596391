/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-applet"

#include "applet/windows.h"

#include "applet/first-steps.h"
#include "applet/help-window.h"
#include "applet/import.h"
#include "applet/keys-window.h"
#include "applet/leak-window.h"
#include "applet/main-window.h"
#include "applet/network-settings.h"
#include "applet/preferences.h"
#include "applet/refused-window.h"
#include "applet/vpns-window.h"
#include "applet/widgets.h"
#include "config.h"

#include <glib/gi18n.h>

typedef enum {
    VPNS,
    FIRST_STEPS,
    REFUSED,
    HELP,
    KINDS,
} Kind;

static const struct {
    GtkWindow *(*make)(GtkApplication *application);
    void (*update)(GtkWindow *window,
                   const KsModel *model); /* NULL: the model says nothing to it */
} kinds[KINDS] = {
    [VPNS] = { ks_vpns_window_new, ks_vpns_window_update },
    [FIRST_STEPS] = { ks_first_steps_new, ks_first_steps_update },
    [REFUSED] = { ks_refused_window_new, ks_refused_window_update },
    [HELP] = { .make = ks_help_new },
};

struct KsWindows {
    GtkApplication *application;
    KsWindowsObserver observer;
    KsImport *import;
    GtkWindow *main;
    GtkWindow *open[KINDS]; /* NULL: not open */
    bool is_tested;         /* the last leak test found that nothing leaks, and the lock has been
                             * closed since */
};

static void on_destroyed(GtkWidget *window, gpointer data)
{
    KsWindows *windows = data;

    for (int kind = 0; kind < KINDS; kind++)
        if (GTK_WIDGET(windows->open[kind]) == window) {
            windows->open[kind] = NULL;
            if (kind == FIRST_STEPS)
                windows->observer.first_steps(false, windows->observer.data);
        }
}

/* Above the main window where that shows, or a window manager puts it anywhere. */
static void place(const KsWindows *windows, GtkWindow *window)
{
    bool shows = windows->main && gtk_widget_get_visible(GTK_WIDGET(windows->main));

    gtk_window_set_position(window, shows ? GTK_WIN_POS_CENTER_ON_PARENT : GTK_WIN_POS_CENTER);
    gtk_window_set_transient_for(window, shows ? windows->main : NULL);
}

static void update(const KsWindows *windows, Kind kind, const KsModel *model)
{
    if (windows->open[kind] && kinds[kind].update)
        kinds[kind].update(windows->open[kind], model);
}

static void show(KsWindows *windows, Kind kind)
{
    KsModel model;

    if (!windows->open[kind]) {
        windows->open[kind] = kinds[kind].make(windows->application);
        g_signal_connect(windows->open[kind], "destroy", G_CALLBACK(on_destroyed), windows);
        windows->observer.describe(&model, windows->observer.data);
        update(windows, kind, &model);
        place(windows, windows->open[kind]);
        if (kind == FIRST_STEPS)
            ks_first_steps_set_tested(windows->open[kind], windows->is_tested);
        if (kind == FIRST_STEPS)
            windows->observer.first_steps(true, windows->observer.data);
    }
    gtk_window_present(windows->open[kind]);
}

/* ---- actions ---- */

static void do_preferences(GSimpleAction *action, GVariant *target, gpointer data)
{
    KsWindows *windows = data;

    (void) action;
    (void) target;
    windows->observer.show_preferences(windows->observer.data);
}

static void do_vpns(GSimpleAction *action, GVariant *target, gpointer data)
{
    (void) action;
    (void) target;
    show(data, VPNS);
}

static void do_first_steps(GSimpleAction *action, GVariant *target, gpointer data)
{
    (void) action;
    (void) target;
    show(data, FIRST_STEPS);
}

static void do_edit_vpn(GSimpleAction *action, GVariant *target, gpointer data)
{
    KsWindows *windows = data;
    KsModel model;

    (void) action;
    windows->observer.show_preferences(windows->observer.data);
    windows->observer.describe(&model, windows->observer.data);
    ks_preferences_edit_vpn(ks_main_window_preferences(windows->main), &model,
                            g_variant_get_string(target, NULL));
}

static void do_new_exception(GSimpleAction *action, GVariant *target, gpointer data)
{
    KsWindows *windows = data;
    KsModel model;

    (void) action;
    (void) target;
    windows->observer.show_preferences(windows->observer.data);
    windows->observer.describe(&model, windows->observer.data);
    ks_preferences_add_exception(ks_main_window_preferences(windows->main), &model);
}

static GtkWindow *active(const KsWindows *windows)
{
    return gtk_application_get_active_window(windows->application);
}

static void do_add_profile(GSimpleAction *action, GVariant *target, gpointer data)
{
    g_autoptr(GError) error = NULL;

    (void) action;
    (void) target;
    if (!ks_network_settings_show(&error))
        ks_trouble_show(active(data), _("The network settings could not be opened"),
                        error->message);
}

static void on_tested(bool nothing_leaks, void *data)
{
    KsWindows *windows = data;

    windows->is_tested = nothing_leaks;
    if (windows->open[FIRST_STEPS])
        ks_first_steps_set_tested(windows->open[FIRST_STEPS], nothing_leaks);
}

static void do_test(GSimpleAction *action, GVariant *target, gpointer data)
{
    (void) action;
    (void) target;
    ks_leak_window_show(((KsWindows *) data)->application, on_tested, data);
}

static void do_refused(GSimpleAction *action, GVariant *target, gpointer data)
{
    (void) action;
    (void) target;
    show(data, REFUSED);
}

static void do_keys(GSimpleAction *action, GVariant *target, gpointer data)
{
    (void) action;
    (void) target;
    ks_keys_window_show(active(data));
}

static void do_help(GSimpleAction *action, GVariant *target, gpointer data)
{
    (void) action;
    (void) target;
    show(data, HELP);
}

static const GActionEntry actions[] = {
    { .name = "preferences", .activate = do_preferences },
    { .name = "vpns", .activate = do_vpns },
    { .name = "first-steps", .activate = do_first_steps },
    { .name = "edit-vpn", .parameter_type = "s", .activate = do_edit_vpn },
    { .name = "new-exception", .activate = do_new_exception },
    { .name = "add-profile", .activate = do_add_profile },
    { .name = "test", .activate = do_test },
    { .name = "refused", .activate = do_refused },
    { .name = "keys", .activate = do_keys },
    { .name = "help", .activate = do_help },
};

/* ---- for the application ---- */

KsWindows *ks_windows_new(GtkApplication *application, const KsWindowsObserver *observer)
{
    KsWindows *windows = g_new0(KsWindows, 1);

    windows->application = application;
    windows->observer = *observer;
    windows->import = ks_import_new(application);
    g_action_map_add_action_entries(G_ACTION_MAP(application), actions, G_N_ELEMENTS(actions),
                                    windows);
    return windows;
}

void ks_windows_free(KsWindows *windows)
{
    if (!windows)
        return;
    for (unsigned i = 0; i < G_N_ELEMENTS(actions); i++)
        g_action_map_remove_action(G_ACTION_MAP(windows->application), actions[i].name);
    ks_import_free(windows->import);
    for (int kind = 0; kind < KINDS; kind++) {
        if (!windows->open[kind])
            continue;
        g_signal_handlers_disconnect_by_data(windows->open[kind], windows);
        gtk_widget_destroy(GTK_WIDGET(windows->open[kind]));
    }
    g_free(windows);
}

void ks_windows_set_main(KsWindows *windows, GtkWindow *main)
{
    windows->main = main;
}

void ks_windows_give_way(const KsWindows *windows)
{
    if (gtk_grab_get_current()) /* a dialog's, which takes all clicks */
        return;
    for (int kind = 0; kind < KINDS; kind++)
        if (windows->open[kind])
            gtk_window_set_transient_for(windows->open[kind], NULL);
}

void ks_windows_update(KsWindows *windows, const KsModel *model)
{
    KsState state = model->guard->state;

    /* what was found of a closed lock says nothing of an open one */
    if (windows->is_tested && state != KS_STATE_PROTECTED && state != KS_STATE_BLOCKED)
        on_tested(false, windows);
    for (int kind = 0; kind < KINDS; kind++)
        update(windows, (Kind) kind, model);
}

bool ks_windows_answer(KsWindows *windows, KsRequest request, KsAnswer answer, const char *message)
{
    GtkWidget *preferences;

    if (windows->open[REFUSED] &&
        ks_refused_window_answer(windows->open[REFUSED], request, answer, message))
        return true;
    preferences = windows->main ? ks_main_window_preferences(windows->main) : NULL;
    return preferences && ks_preferences_answer(preferences, request, answer, message);
}
