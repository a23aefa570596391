/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-leak-test"

#include "leaktest/bus.h"

#include "leak-test-interface-generated.h"
#include "leaktest/run.h"
#include "leaktest/surroundings.h"
#include "model/names.h"
#include "polkit/authority.h"
#include "polkit/caller.h"

/* Anyone else who asks is told to come again; one user cannot take all of it (the system bus gives
 * each some hundred connections). */
#define TOO_MANY "Too many tests wait already."

#define CALLS_MAX            64u
#define CALLS_PER_CALLER_MAX 1u
#define CALLS_PER_USER_MAX   4u

/* From the end of one test to the beginning of the next: anyone who asks without end sends some
 * dozen packets to nobody every few seconds. */
#define REST_MS 2000

struct KsTester {
    GDBusConnection *connection;
    KsTesterIdle idle;
    void *idle_data;
    GPtrArray *calls; /* Call*, owned, in the order in which they came */
    KsRun *run;       /* for the first of them that is authorised */
    guint rest;       /* no test begins meanwhile */
    guint object;
};

typedef struct {
    KsTester *tester;
    GDBusMethodInvocation *invocation; /* NULL once it is answered */
    GCancellable *cancellable;
    guint watch; /* for the caller's leaving the bus */
    guint32 uid;
    bool has_uid;
    bool is_authorised;
    bool is_running;
} Call;

static const char *caller_of(const Call *call)
{
    return g_dbus_method_invocation_get_sender(call->invocation);
}

static void free_call(gpointer data)
{
    Call *call = data;

    if (call->is_running)
        g_clear_pointer(&call->tester->run, ks_run_free);
    g_cancellable_cancel(call->cancellable);
    g_object_unref(call->cancellable);
    g_dbus_connection_signal_unsubscribe(call->tester->connection, call->watch);
    if (call->invocation) /* its caller is gone, but it must not be left open */
        g_dbus_method_invocation_return_dbus_error(g_steal_pointer(&call->invocation),
                                                   KS_BUS_ERROR("Failed"), "The test was ended.");
    g_free(call);
}

/* Declared here because a test that ends has the next one begin. */
static void begin_next(KsTester *tester);

static gboolean on_rested(gpointer data)
{
    KsTester *tester = data;

    tester->rest = 0;
    begin_next(tester);
    return G_SOURCE_REMOVE;
}

/* It is answered, or nobody waits for it. */
static void end_call(Call *call)
{
    KsTester *tester = call->tester;

    if (call->is_running && tester->rest == 0)
        tester->rest = g_timeout_add(REST_MS, on_rested, tester);
    g_ptr_array_remove(tester->calls, call);
    begin_next(tester);
    if (!ks_tester_is_busy(tester))
        tester->idle(tester->idle_data);
}

static void refuse(Call *call, const char *error, const char *why)
{
    g_dbus_method_invocation_return_dbus_error(g_steal_pointer(&call->invocation), error, why);
    end_call(call);
}

static void on_run_done(void *data, GVariant *findings, const char *why)
{
    Call *call = data;

    if (!findings) {
        refuse(call, KS_BUS_ERROR("Failed"), why);
        return;
    }
    g_dbus_method_invocation_return_value(g_steal_pointer(&call->invocation),
                                          g_variant_new("(@a{sv})", findings));
    end_call(call);
}

/* One at a time: two would each see the other's packets, and count them as neither's. */
static void begin_next(KsTester *tester)
{
    if (tester->run || tester->rest)
        return;
    for (unsigned i = 0; i < tester->calls->len; i++) {
        Call *call = g_ptr_array_index(tester->calls, i);

        if (!call->is_authorised)
            continue;
        call->is_running = true;
        g_message("a test for %s, uid %u", caller_of(call), call->uid);
        tester->run =
            ks_run_new(tester->connection, call->uid ? call->uid : ks_surroundings_ordinary_user(),
                       on_run_done, call);
        return;
    }
}

static void authorise(Call *call)
{
    call->is_authorised = true;
    begin_next(call->tester);
}

static void on_polkit(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *why = NULL;
    Call *call = data;

    (void) source;
    if (ks_authority_check_finish(result, &error)) {
        authorise(call);
        return;
    }
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* the call is gone */
    why = g_strdup_printf("Not authorised: %s.", error->message);
    refuse(call, KS_BUS_ERROR("NotAuthorised"), why);
}

static unsigned calls_of_user(const KsTester *tester, guint32 uid)
{
    unsigned count = 0;

    for (unsigned i = 0; i < tester->calls->len; i++) {
        const Call *call = g_ptr_array_index(tester->calls, i);

        count += call->has_uid && call->uid == uid;
    }
    return count;
}

static void on_uid(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    GDBusMessage *message;
    Call *call = data;
    guint32 uid;
    bool known = ks_caller_ask_uid_finish(G_DBUS_CONNECTION(source), result, &uid, &error);

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* the call is gone */
    if (!known) {
        refuse(call, KS_BUS_ERROR("NotAuthorised"), "The bus does not say who you are.");
        return;
    }
    call->uid = uid;
    call->has_uid = true;
    if (call->uid == 0) {
        authorise(call);
        return;
    }
    if (calls_of_user(call->tester, call->uid) > CALLS_PER_USER_MAX) {
        refuse(call, "org.freedesktop.DBus.Error.LimitsExceeded", TOO_MANY);
        return;
    }
    message = g_dbus_method_invocation_get_message(call->invocation);
    ks_authority_check(call->tester->connection, caller_of(call), KS_ACTION_ID_TEST, "Run",
                       g_dbus_message_get_flags(message) &
                           G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION,
                       call->cancellable, on_polkit, call);
}

static void on_caller_gone(void *data)
{
    end_call(data);
}

static bool may_wait(const KsTester *tester, const char *caller)
{
    unsigned of_caller = 0;

    for (unsigned i = 0; i < tester->calls->len; i++)
        of_caller += g_str_equal(caller_of(g_ptr_array_index(tester->calls, i)), caller);
    return tester->calls->len < CALLS_MAX && of_caller < CALLS_PER_CALLER_MAX;
}

static void on_call(GDBusConnection *connection, const char *sender, const char *path,
                    const char *interface, const char *method, GVariant *arguments,
                    GDBusMethodInvocation *invocation, gpointer data)
{
    KsTester *tester = data;
    Call *call;

    (void) path;
    (void) interface;
    (void) method;
    (void) arguments;
    if (!may_wait(tester, sender)) {
        g_dbus_method_invocation_return_error(invocation, G_DBUS_ERROR,
                                              G_DBUS_ERROR_LIMITS_EXCEEDED, TOO_MANY);
        return;
    }
    call = g_new0(Call, 1);
    call->tester = tester;
    call->invocation = invocation;
    call->cancellable = g_cancellable_new();
    g_ptr_array_add(tester->calls, call);
    call->watch = ks_caller_watch(connection, sender, on_caller_gone, call);
    ks_caller_ask_uid(connection, sender, call->cancellable, on_uid, call);
}

KsTester *ks_tester_new(GDBusConnection *connection, KsTesterIdle idle, void *data)
{
    static const GDBusInterfaceVTable table = { .method_call = on_call };
    KsTester *tester = g_new0(KsTester, 1);
    g_autoptr(GError) error = NULL;

    tester->connection = g_object_ref(connection);
    tester->idle = idle;
    tester->idle_data = data;
    tester->calls = g_ptr_array_new_with_free_func(free_call);
    tester->object = g_dbus_connection_register_object(
        connection, KS_TEST_BUS_PATH, (GDBusInterfaceInfo *) &ks_leak_test1_interface, &table,
        tester, NULL, &error);
    if (tester->object == 0)
        g_warning("cannot export %s: %s", KS_TEST_BUS_PATH, error->message);
    return tester;
}

bool ks_tester_is_busy(const KsTester *tester)
{
    return tester->calls->len > 0;
}

void ks_tester_free(KsTester *tester)
{
    g_dbus_connection_unregister_object(tester->connection, tester->object);
    g_clear_handle_id(&tester->rest, g_source_remove);
    g_ptr_array_unref(tester->calls);
    g_object_unref(tester->connection);
    g_free(tester);
}
