/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/notifier.h"

/* One notification of each stands at a time. */
typedef enum {
    NOTICE_STATE,
    NOTICE_ANSWER,
    NOTICE_ALWAYS_ON,
    NOTICES,
} Subject;

static const char *const ids[NOTICES] = {
    [NOTICE_STATE] = "state",
    [NOTICE_ANSWER] = "answer",
    [NOTICE_ALWAYS_ON] = "always-on",
};

/* What changes at once is told once. */
#define SETTLE_MS 150u
#define DAEMON_MS 2000 /* one that hangs must not keep the news from the others */

struct KsNotifier {
    GApplication *application;
    KsAppletSettings *settings;
    KsTold told;
    KsNotice *waiting[NOTICES]; /* shown soon; NULL: nothing is */
    guint settle_source;
    GCancellable *cancellable; /* the daemon is asked for; NULL: it is not */
    bool person_locked;        /* the lock was closed from here */
    bool answered;             /* what did not work is shown: */
    KsState then;              /* in this state, */
    char *failed;              /* about the VPN with this UUID; NULL: about none */
    bool is_of_disconnecting;  /* that VPN */
    char *offered;             /* UUID of the VPN that may be always on; NULL: nothing is offered */
};

static void show(KsNotifier *notifier, Subject subject, const KsNotice *notice)
{
    g_autoptr(GNotification) shown = g_notification_new(notice->title);
    g_autoptr(GIcon) icon = g_themed_icon_new(notice->icon);

    g_notification_set_body(shown, notice->body);
    g_notification_set_icon(shown, icon);
    g_notification_set_priority(shown, notice->urgent ? G_NOTIFICATION_PRIORITY_URGENT
                                                      : G_NOTIFICATION_PRIORITY_NORMAL);
    g_notification_set_default_action(shown, "app.show");
    for (unsigned i = 0; i < notice->buttons_length; i++)
        g_notification_add_button_with_target_value(
            shown, notice->buttons[i].label, notice->buttons[i].action, notice->buttons[i].target);
    g_application_send_notification(notifier->application, ids[subject], shown);
}

/* GLib replaces and withdraws only what the daemon has answered to: what is sent twice before that
 * stands there twice, and for good. So the daemon has to run first. */
static void on_daemon(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    GVariant *answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    KsNotifier *notifier = data;

    g_clear_pointer(&answer, g_variant_unref);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* it may be freed */
    g_clear_object(&notifier->cancellable);
    for (int subject = 0; subject < NOTICES; subject++) {
        if (notifier->waiting[subject])
            show(notifier, (Subject) subject, notifier->waiting[subject]);
        g_clear_pointer(&notifier->waiting[subject], ks_notice_free);
    }
}

static gboolean on_settled(gpointer data)
{
    KsNotifier *notifier = data;
    GDBusConnection *bus = g_application_get_dbus_connection(notifier->application);

    notifier->settle_source = 0;
    if (!bus) /* nobody would hear of it */
        return G_SOURCE_REMOVE;
    notifier->cancellable = g_cancellable_new();
    g_dbus_connection_call(
        bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
        "StartServiceByName", g_variant_new("(su)", "org.freedesktop.Notifications", 0), NULL,
        G_DBUS_CALL_FLAGS_NONE, DAEMON_MS, notifier->cancellable, on_daemon, notifier);
    return G_SOURCE_REMOVE;
}

/* Takes the notice. */
static void show_soon(KsNotifier *notifier, Subject subject, KsNotice *notice)
{
    ks_notice_free(notifier->waiting[subject]);
    notifier->waiting[subject] = notice;
    if (notifier->settle_source == 0 && !notifier->cancellable)
        notifier->settle_source = g_timeout_add(SETTLE_MS, on_settled, notifier);
}

static void withdraw(KsNotifier *notifier, Subject subject)
{
    g_clear_pointer(&notifier->waiting[subject], ks_notice_free);
    g_application_withdraw_notification(notifier->application, ids[subject]);
}

/* ---- what is told ---- */

static void offer_always_on(KsNotifier *notifier, const KsModel *model)
{
    g_autoptr(KsNotice) notice = NULL;

    if (!ks_applet_settings_get(notifier->settings, KS_APPLET_SETTING_RECONNECT) ||
        !ks_notice_offer_always_on(model, &notice))
        return;
    if (notice) {
        notifier->offered = g_strdup(notice->vpn);
        show_soon(notifier, NOTICE_ALWAYS_ON, g_steal_pointer(&notice));
    }
    ks_applet_settings_set(notifier->settings, KS_APPLET_SETTING_RECONNECT, false);
}

/* What was said of another moment goes with it, and so does what an earlier run left. */
static void withdraw_what_is_over(KsNotifier *notifier, const KsModel *model)
{
    bool heard_first = !notifier->told.told && model->guard->state != KS_STATE_STARTING;

    if (heard_first && notifier->answered)
        notifier->then = model->guard->state; /* asked for before anything was known */
    else if (heard_first ||
             (notifier->answered && ks_notice_is_over(notifier->then, notifier->failed,
                                                      notifier->is_of_disconnecting, model)))
        ks_notifier_answer(notifier, NULL);
    if (notifier->offered && ks_notice_is_over_always_on(notifier->offered, model)) {
        withdraw(notifier, NOTICE_ALWAYS_ON);
        g_clear_pointer(&notifier->offered, g_free);
    }
}

void ks_notifier_follow(KsNotifier *notifier, const KsModel *model)
{
    bool explain =
        !notifier->person_locked && model->guard->auto_lock &&
        !ks_applet_settings_get(notifier->settings, KS_APPLET_SETTING_FIRST_LOCK_IS_TOLD);
    g_autoptr(KsNotice) notice = NULL;

    withdraw_what_is_over(notifier, model);
    offer_always_on(notifier, model);
    switch (ks_notice_for(model, explain, &notifier->told, &notice)) {
    case KS_NOTICE_KEEP:
        return;
    case KS_NOTICE_WITHDRAW:
        withdraw(notifier, NOTICE_STATE);
        break;
    case KS_NOTICE_SHOW:
        show_soon(notifier, NOTICE_STATE, g_steal_pointer(&notice));
        break;
    }
    if (model->guard->state == KS_STATE_PROTECTED)
        ks_applet_settings_set(notifier->settings, KS_APPLET_SETTING_FIRST_LOCK_IS_TOLD, true);
    if (!model->guard->locked)
        notifier->person_locked = false;
}

void ks_notifier_expect_lock(KsNotifier *notifier)
{
    notifier->person_locked = true;
}

void ks_notifier_answer(KsNotifier *notifier, KsNotice *notice)
{
    g_clear_pointer(&notifier->failed, g_free);
    notifier->answered = notice;
    notifier->then = notifier->told.state;
    if (notice) {
        notifier->failed = g_strdup(notice->vpn);
        notifier->is_of_disconnecting = notice->is_of_disconnecting;
        show_soon(notifier, NOTICE_ANSWER, notice);
    } else {
        withdraw(notifier, NOTICE_ANSWER);
    }
}

void ks_notifier_say_last(KsNotifier *notifier, const KsNotice *notice)
{
    g_clear_pointer(&notifier->waiting[NOTICE_ANSWER], ks_notice_free);
    if (notice)
        show(notifier, NOTICE_ANSWER, notice);
    else
        withdraw(notifier, NOTICE_ANSWER);
}

KsNotifier *ks_notifier_new(GApplication *application, KsAppletSettings *settings)
{
    KsNotifier *notifier = g_new0(KsNotifier, 1);

    notifier->application = application;
    notifier->settings = settings;
    return notifier;
}

void ks_notifier_free(KsNotifier *notifier)
{
    if (!notifier)
        return;
    if (notifier->cancellable)
        g_cancellable_cancel(notifier->cancellable);
    g_clear_object(&notifier->cancellable);
    g_clear_handle_id(&notifier->settle_source, g_source_remove);
    for (int subject = 0; subject < NOTICES; subject++)
        ks_notice_free(notifier->waiting[subject]);
    ks_told_clear(&notifier->told);
    g_free(notifier->failed);
    g_free(notifier->offered);
    g_free(notifier);
}
