/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-applet"

#include "applet/application.h"

#include "applet/activation-tokens.h"
#include "applet/applet-settings.h"
#include "applet/ask-actions.h"
#include "applet/escape.h"
#include "applet/lan.h"
#include "applet/main-window.h"
#include "applet/mode-choice.h"
#include "applet/notifier.h"
#include "applet/options.h"
#include "applet/presenter.h"
#include "applet/tray.h"
#include "applet/vpn-card.h"
#include "applet/vpn-client.h"
#include "applet/windows.h"
#include "config.h"
#include "model/names.h"
#include "network/system-bus.h"

/* After login a tray may come later than we do. Then the window is there instead. */
#define TRAY_GRACE 10u /* seconds */

struct _KsApplication {
    GtkApplication parent;

    KsAppletSettings *settings;
    KsNotifier *notifier;
    KsActivationTokens *activation;
    KsSystemBus *system_bus;
    KsGuardClient *guard; /* NULL until there is a system bus */
    KsVpnClient *vpns;    /* the same */
    KsTray *tray;
    GtkWindow *window;        /* the main one; NULL: not made yet */
    KsWindows *windows;       /* the others */
    KsGuardState *nothing;    /* shown while there is no guard client */
    GPtrArray *no_vpns;       /* the same */
    KsRequest wish;           /* asked for before there was a bus; KS_REQUEST_MAX: nothing */
    GVariant *wish_arguments; /* NULL: none */
    char *disconnected;       /* UUID of the VPN that the guard was last asked to disconnect; or
                               * NULL */
    guint age_source;
    guint grace_source;
    bool starts_hidden;    /* --hidden: no window unless there is no tray */
    bool is_hosted;        /* a tray shows us */
    bool window_stands_in; /* the window was opened because there is no tray */
    bool shows_first_steps;
};

G_DEFINE_TYPE(KsApplication, ks_application, GTK_TYPE_APPLICATION)

/* ---- what is known ---- */

static void describe(const KsApplication *self, KsModel *model)
{
    *model = (KsModel){
        .guard = self->guard ? ks_guard_client_state(self->guard) : self->nothing,
        .vpns = self->vpns ? ks_vpn_client_vpns(self->vpns) : self->no_vpns,
        .networks = self->vpns ? ks_vpn_client_networks(self->vpns) : self->no_vpns,
        .starts_guard = self->guard && ks_guard_client_is_starting(self->guard),
        .manager_ready = self->vpns && ks_vpn_client_is_ready(self->vpns),
        .asks_manager = self->vpns ? ks_vpn_client_is_asking(self->vpns)
                                   : self->nothing->state == KS_STATE_STARTING,
        .dropped = self->vpns ? ks_vpn_client_dropped(self->vpns) : "",
        .last = self->vpns ? ks_vpn_client_last(self->vpns) : "",
        .now = g_get_real_time() / G_USEC_PER_SEC,
    };
    for (unsigned i = 0; self->guard && i < KS_REQUEST_MAX; i++) {
        model->permissions[i] = ks_guard_client_permission(self->guard, i);
        model->busy[i] = ks_guard_client_is_busy(self->guard, i);
    }
}

/* ---- what follows from it ---- */

/* Declared ahead: what it starts calls it again later. */
static void refresh(KsApplication *self);

static gboolean on_age(gpointer data)
{
    KsApplication *self = data;

    self->age_source = 0;
    refresh(self);
    return G_SOURCE_REMOVE;
}

static void refresh(KsApplication *self)
{
    g_autoptr(KsView) view = NULL;
    unsigned seconds;
    KsModel model;

    describe(self, &model);
    view = ks_view_new(&model);
    if (model.guard->state != KS_STATE_STARTING)
        ks_tray_show(self->tray, view);
    if (self->window)
        ks_main_window_update(self->window, view, &model);
    ks_windows_update(self->windows, &model);
    ks_notifier_follow(self->notifier, &model);
    seconds = ks_view_ages_in(&model);
    g_clear_handle_id(&self->age_source, g_source_remove);
    if (seconds > 0)
        self->age_source = g_timeout_add_seconds(seconds, on_age, self);
}

static void on_changed(void *data)
{
    refresh(data);
}

static void on_answered(KsRequest request, KsAnswer answer, const char *message, void *data)
{
    KsApplication *self = data;
    const char *vpn = request == KS_REQUEST_DISCONNECT ? self->disconnected : NULL;

    if (!ks_windows_answer(self->windows, request, answer, message))
        ks_notifier_answer(self->notifier, ks_notice_for_answer(request, answer, message, vpn));
}

static void on_not_started(const char *message, void *data)
{
    KsApplication *self = data;

    ks_notifier_answer(self->notifier, ks_notice_for_no_start(message));
}

static void on_vpn_failed(const char *uuid, const char *message, void *data)
{
    KsApplication *self = data;
    KsModel model;

    describe(self, &model);
    ks_notifier_answer(self->notifier, ks_notice_for_vpn(&model, uuid, message));
}

/* ---- the window ---- */

static gboolean on_window_closed(GtkWidget *window, GdkEvent *event, gpointer data)
{
    KsApplication *self = data;

    (void) event;
    /* without a tray nothing would be left of us to see: then closing means to end */
    if (self->is_hosted)
        ks_main_window_hide(GTK_WINDOW(window));
    else
        g_action_group_activate_action(G_ACTION_GROUP(self), "quit", NULL);
    return GDK_EVENT_STOP;
}

static void show_window(KsApplication *self, KsPage page)
{
    if (!self->window) {
        self->window = ks_main_window_new(GTK_APPLICATION(self), on_changed, self);
        g_signal_connect(self->window, "delete-event", G_CALLBACK(on_window_closed), self);
        ks_windows_set_main(self->windows, self->window);
        refresh(self);
    }
    ks_main_window_turn(self->window, page);
    ks_main_window_set_hint(self->window, self->window_stands_in);
    ks_windows_give_way(self->windows);
    gtk_window_present(self->window);
}

static gboolean on_no_tray(gpointer data)
{
    KsApplication *self = data;

    self->grace_source = 0;
    if (self->window && gtk_widget_get_visible(GTK_WIDGET(self->window)))
        return G_SOURCE_REMOVE;
    self->window_stands_in = true;
    if (!self->shows_first_steps) /* it follows them, and does not take the keyboard from them */
        show_window(self, KS_PAGE_STATUS);
    return G_SOURCE_REMOVE;
}

static void on_hosted(bool is_hosted, void *data)
{
    KsApplication *self = data;

    self->is_hosted = is_hosted;
    g_clear_handle_id(&self->grace_source, g_source_remove);
    if (!is_hosted) {
        self->grace_source = g_timeout_add_seconds(TRAY_GRACE, on_no_tray, self);
        return;
    }
    /* preferences that a person turned to stay */
    if (self->window_stands_in && self->window &&
        ks_main_window_page(self->window) == KS_PAGE_STATUS)
        ks_main_window_hide(self->window);
    self->window_stands_in = false;
    if (self->window)
        ks_main_window_set_hint(self->window, false);
}

/* ---- actions ---- */

static void ask(KsApplication *self, KsRequest request, GVariant *arguments)
{
    g_autoptr(GVariant) sunk = arguments ? g_variant_ref_sink(arguments) : NULL;

    if (self->guard) {
        (void) ks_guard_client_ask(self->guard, request, sunk);
        return;
    }
    if (self->nothing->state != KS_STATE_STARTING) {
        on_answered(request, KS_ANSWER_AWAY, "", self);
        return;
    }
    /* as from the command line or the launcher, which start this program for it */
    g_clear_pointer(&self->wish_arguments, g_variant_unref);
    self->wish = request;
    self->wish_arguments = g_steal_pointer(&sunk);
}

static void do_lock(GSimpleAction *action, GVariant *target, gpointer data)
{
    KsApplication *self = data;

    (void) action;
    (void) target;
    ks_notifier_expect_lock(self->notifier);
    ask(self, KS_REQUEST_LOCK, NULL);
}

static void do_unlock(GSimpleAction *action, GVariant *target, gpointer data)
{
    (void) action;
    (void) target;
    ask(data, KS_REQUEST_UNLOCK, NULL);
}

static const KsGuardState *guard_state(const KsApplication *self)
{
    return self->guard ? ks_guard_client_state(self->guard) : self->nothing;
}

static void do_lan(GSimpleAction *action, GVariant *target, gpointer data)
{
    bool on = g_variant_get_boolean(target);

    (void) action;
    ask(data, on ? KS_REQUEST_LAN_ON : KS_REQUEST_LAN_OFF, ks_lan_switch(guard_state(data), on));
}

/* Limits LAN access to the networks of now, besides those that it is limited to; or not at all. */
static void do_lan_here(GSimpleAction *action, GVariant *target, gpointer data)
{
    GVariant *arguments =
        g_variant_get_boolean(target) ? ks_lan_here(guard_state(data)) : ks_lan_everywhere();

    (void) action;
    if (arguments)
        ask(data, KS_REQUEST_LAN_ON, arguments);
}

static void do_lan_network(GSimpleAction *action, GVariant *target, gpointer data)
{
    const char *uuid;
    GVariant *arguments;
    gboolean on;
    gboolean stays;

    (void) action;
    g_variant_get(target, "(&sb)", &uuid, &on);
    arguments = ks_lan_network(guard_state(data), uuid, on);
    g_variant_get_child(arguments, 0, "b", &stays);
    ask(data, stays ? KS_REQUEST_LAN_ON : KS_REQUEST_LAN_OFF, arguments);
}

static void do_mode(GSimpleAction *action, GVariant *target, gpointer data)
{
    GVariant *arguments = NULL;
    KsRequest request =
        ks_mode_choice_request(guard_state(data), g_variant_get_string(target, NULL), &arguments);

    (void) action;
    if (request != KS_REQUEST_MAX)
        ask(data, request, arguments);
}

static void on_ask(KsRequest request, GVariant *arguments, void *data)
{
    ask(data, request, arguments);
}

static void do_pause(GSimpleAction *action, GVariant *target, gpointer data)
{
    (void) action;
    ask(data, KS_REQUEST_PAUSE, g_variant_new("(u)", g_variant_get_uint32(target)));
}

static void do_resume(GSimpleAction *action, GVariant *target, gpointer data)
{
    (void) action;
    (void) target;
    ask(data, KS_REQUEST_RESUME, NULL);
}

static void do_connect(GSimpleAction *action, GVariant *target, gpointer data)
{
    KsApplication *self = data;

    (void) action;
    ks_notifier_answer(self->notifier, NULL);
    if (self->vpns)
        ks_vpn_client_connect(self->vpns, g_variant_get_string(target, NULL));
}

/* In the mode drops the guard does it, for that opens the lock. */
static void do_disconnect(GSimpleAction *action, GVariant *target, gpointer data)
{
    KsApplication *self = data;
    const char *uuid = g_variant_get_string(target, NULL);

    (void) action;
    ks_notifier_answer(self->notifier, NULL);
    if (ks_guard_state_opens_by_disconnect(guard_state(self))) {
        g_free(self->disconnected);
        self->disconnected = g_strdup(uuid);
        ask(self, KS_REQUEST_DISCONNECT, g_variant_new("(s)", uuid));
    } else if (self->vpns) {
        ks_vpn_client_disconnect(self->vpns, uuid);
    }
}

static void do_always_on(GSimpleAction *action, GVariant *target, gpointer data)
{
    const char *uuid;
    gboolean on;

    (void) action;
    g_variant_get(target, "(&sb)", &uuid, &on);
    ask(data, KS_REQUEST_SET_ALWAYS_ON, ks_vpn_card_keep(guard_state(data), uuid, on));
}

static void do_start_guard(GSimpleAction *action, GVariant *target, gpointer data)
{
    KsApplication *self = data;

    (void) action;
    (void) target;
    if (self->guard)
        ks_guard_client_start_guard(self->guard);
}

static void do_show(GSimpleAction *action, GVariant *target, gpointer data)
{
    (void) action;
    (void) target;
    show_window(data, KS_PAGE_STATUS);
}

/* The menu has it as an item of its own, which says what it does; a key just changes it. */
static void do_toggle(GSimpleAction *action, GVariant *target, gpointer data)
{
    if (guard_state(data)->locked)
        do_unlock(action, target, data);
    else
        do_lock(action, target, data);
}

static void do_quit(GSimpleAction *action, GVariant *target, gpointer data)
{
    KsApplication *self = data;
    g_autoptr(KsNotice) notice = NULL;
    KsModel model;

    (void) action;
    (void) target;
    describe(self, &model);
    notice = ks_notice_for_quit(&model);
    ks_notifier_say_last(self->notifier, notice);
    g_application_quit(data);
}

static const GActionEntry actions[] = {
    { .name = "lock", .activate = do_lock },
    { .name = "unlock", .activate = do_unlock },
    { .name = "toggle", .activate = do_toggle },
    { .name = "lan", .parameter_type = "b", .activate = do_lan },
    { .name = "lan-here", .parameter_type = "b", .activate = do_lan_here },
    { .name = "lan-network", .parameter_type = "(sb)", .activate = do_lan_network },
    { .name = "mode", .parameter_type = "s", .activate = do_mode },
    { .name = "pause", .parameter_type = "u", .activate = do_pause },
    { .name = "resume", .activate = do_resume },
    { .name = "connect", .parameter_type = "s", .activate = do_connect },
    { .name = "disconnect", .parameter_type = "s", .activate = do_disconnect },
    { .name = "always-on", .parameter_type = "(sb)", .activate = do_always_on },
    { .name = "start-guard", .activate = do_start_guard },
    { .name = "show", .activate = do_show },
    { .name = "quit", .activate = do_quit },
};

static const struct {
    const char *action;
    const char *accelerators[3];
} keys[] = {
    { "app.toggle", { "<Primary>l" } }, { "app.vpns", { "<Primary>f" } },
    { "app.test", { "<Primary>t" } },   { "app.refused", { "<Primary>r" } },
    { "app.help", { "F1" } },           { "app.keys", { "<Primary>F1" } },
    { "app.quit", { "<Primary>q" } },   { "app.preferences", { "<Primary>comma" } },
};

/* ---- its life ---- */

static void on_first_steps(bool open, void *data)
{
    KsApplication *self = data;

    self->shows_first_steps = open;
    if (open)
        ks_applet_settings_set(self->settings, KS_APPLET_SETTING_FIRST_STEPS_ARE_SHOWN, true);
    else
        show_window(self, KS_PAGE_STATUS);
}

static void on_preferences(void *data)
{
    show_window(data, KS_PAGE_PREFERENCES);
}

static void describe_for_windows(KsModel *ret_model, void *data)
{
    describe(data, ret_model);
}

static void ask_at_last(KsApplication *self)
{
    g_autoptr(GVariant) arguments = g_steal_pointer(&self->wish_arguments);
    KsRequest wish = self->wish;

    self->wish = KS_REQUEST_MAX;
    if (wish != KS_REQUEST_MAX)
        ask(self, wish, arguments);
}

static void on_bus(GDBusConnection *bus, void *data)
{
    KsApplication *self = data;

    self->guard = ks_guard_client_new(bus, &(KsGuardClientObserver){ .changed = on_changed,
                                                                     .answered = on_answered,
                                                                     .not_started = on_not_started,
                                                                     .data = self });
    self->vpns = ks_vpn_client_new(
        bus,
        &(KsVpnClientObserver){ .changed = on_changed, .failed = on_vpn_failed, .data = self });
    ask_at_last(self);
}

/* Nothing can be heard until there is a bus again. */
static void on_no_bus(void *data)
{
    KsApplication *self = data;

    g_clear_pointer(&self->vpns, ks_vpn_client_free);
    g_clear_pointer(&self->guard, ks_guard_client_free);
    ks_guard_state_free(self->nothing);
    self->nothing = ks_guard_state_new(KS_STATE_AWAY);
    ask_at_last(self);
    refresh(self);
}

static void ks_application_startup(GApplication *application)
{
    KsApplication *self = KS_APPLICATION(application);

    G_APPLICATION_CLASS(ks_application_parent_class)->startup(application);
    gtk_window_set_default_icon_name(KS_BUS_NAME);
    g_action_map_add_action_entries(G_ACTION_MAP(self), actions, G_N_ELEMENTS(actions), self);
    ks_ask_actions_add(G_ACTION_MAP(self), on_ask, self);
    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++)
        gtk_application_set_accels_for_action(GTK_APPLICATION(self), keys[i].action,
                                              keys[i].accelerators);
    self->nothing = ks_guard_state_new(KS_STATE_STARTING);
    self->no_vpns = g_ptr_array_new();
    self->settings = ks_applet_settings_new(on_changed, self);
    self->notifier = ks_notifier_new(application, self->settings);
    self->activation = ks_activation_tokens_new(application);
    self->windows = ks_windows_new(GTK_APPLICATION(self),
                                   &(KsWindowsObserver){ .describe = describe_for_windows,
                                                         .show_preferences = on_preferences,
                                                         .first_steps = on_first_steps,
                                                         .data = self });
    self->tray = ks_tray_new(G_ACTION_GROUP(self), on_hosted, self);
    g_application_hold(application);
    self->system_bus = ks_system_bus_new();
    ks_system_bus_observe(
        self->system_bus,
        &(KsSystemBusObserver){ .connected = on_bus, .gone = on_no_bus, .data = self });
}

static void ks_application_shutdown(GApplication *application)
{
    KsApplication *self = KS_APPLICATION(application);

    g_clear_handle_id(&self->age_source, g_source_remove);
    g_clear_handle_id(&self->grace_source, g_source_remove);
    g_clear_pointer(&self->windows, ks_windows_free);
    if (self->window)
        gtk_widget_destroy(GTK_WIDGET(self->window));
    self->window = NULL;
    g_clear_pointer(&self->tray, ks_tray_free);
    g_clear_pointer(&self->vpns, ks_vpn_client_free);
    g_clear_pointer(&self->guard, ks_guard_client_free);
    if (self->system_bus)
        ks_system_bus_forget(self->system_bus, self);
    g_clear_pointer(&self->system_bus, ks_system_bus_free);
    g_clear_pointer(&self->activation, ks_activation_tokens_free);
    g_clear_pointer(&self->notifier, ks_notifier_free);
    g_clear_pointer(&self->settings, ks_applet_settings_free);
    g_clear_pointer(&self->nothing, ks_guard_state_free);
    g_clear_pointer(&self->wish_arguments, g_variant_unref);
    g_clear_pointer(&self->disconnected, g_free);
    g_clear_pointer(&self->no_vpns, g_ptr_array_unref);
    G_APPLICATION_CLASS(ks_application_parent_class)->shutdown(application);
}

static void ks_application_activate(GApplication *application)
{
    KsApplication *self = KS_APPLICATION(application);

    if (self->starts_hidden) {
        self->starts_hidden = false; /* the next time a person asks for it */
        return;
    }
    if (ks_applet_settings_get(self->settings, KS_APPLET_SETTING_FIRST_STEPS_ARE_SHOWN))
        show_window(self, KS_PAGE_STATUS);
    else
        g_action_group_activate_action(G_ACTION_GROUP(self), "first-steps", NULL);
}

static gint ks_application_handle_local_options(GApplication *application, GVariantDict *options)
{
    return ks_options_handle(application, options, &KS_APPLICATION(application)->starts_hidden);
}

static void ks_application_class_init(KsApplicationClass *class)
{
    GApplicationClass *application = G_APPLICATION_CLASS(class);

    application->startup = ks_application_startup;
    application->shutdown = ks_application_shutdown;
    application->activate = ks_application_activate;
    application->handle_local_options = ks_application_handle_local_options;
}

static void ks_application_init(KsApplication *self)
{
    self->wish = KS_REQUEST_MAX;
    ks_options_add(G_APPLICATION(self));
    ks_escape_closes_windows(GTK_APPLICATION(self));
}

KsApplication *ks_application_new(void)
{
    return g_object_new(KS_TYPE_APPLICATION, "application-id", KS_BUS_NAME, NULL);
}
