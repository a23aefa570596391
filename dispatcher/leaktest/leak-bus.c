/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-leak-test"

#include "leaktest/leak-bus.h"

#include "leak-test-interface-generated.h"
#include "leaktest/run.h"
#include "leaktest/surroundings.h"
#include "model/names.h"
#include "polkit/asker.h"
#include "polkit/authority.h"

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
    KsOnDemandIdle idle;
    void *idle_data;
    GPtrArray *calls; /* Call*, owned, in the order in which they came */
    KsRun *run;       /* for the first of them that is authorised */
    guint rest;       /* no test begins meanwhile */
    guint object;
};

typedef struct {
    KsAsker asker;
    KsTester *tester;
    bool is_authorised;
    bool is_running;
} Call;

static void free_call(gpointer data)
{
    Call *call = data;

    if (call->is_running)
        g_clear_pointer(&call->tester->run, ks_run_free);
    ks_asker_end(&call->asker);
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

static void on_run_done(void *data, GVariant *findings, const char *why)
{
    Call *call = data;

    if (!findings) {
        ks_asker_refuse(&call->asker, KS_BUS_ERROR("Failed"), why);
        return;
    }
    g_dbus_method_invocation_return_value(g_steal_pointer(&call->asker.invocation),
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
        guint32 uid = call->asker.uid;

        if (!call->is_authorised)
            continue;
        call->is_running = true;
        g_message("a test for %s, uid %u", call->asker.name, call->asker.uid);
        tester->run = ks_run_new(tester->connection, uid ? uid : ks_surroundings_ordinary_user(),
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
    Call *call = data;

    (void) source;
    if (ks_authority_check_finish(result, &error))
        authorise(call);
    else
        ks_asker_refuse_unauthorised(&call->asker, error);
}

static void on_known(void *asker)
{
    Call *call = asker;

    if (call->asker.uid == 0)
        authorise(call);
    else
        ks_asker_check(&call->asker, KS_ACTION_ID_TEST, "Run",
                       ks_asker_may_ask_person(&call->asker), on_polkit);
}

static void on_gone(void *asker)
{
    end_call(asker);
}

static bool may_wait(const KsTester *tester, const char *caller)
{
    unsigned of_caller = 0;

    for (unsigned i = 0; i < tester->calls->len; i++)
        of_caller += g_str_equal(((KsAsker *) g_ptr_array_index(tester->calls, i))->name, caller);
    return tester->calls->len < CALLS_MAX && of_caller < CALLS_PER_CALLER_MAX;
}

static void on_call(GDBusConnection *connection, const char *sender, const char *path,
                    const char *interface, const char *method, GVariant *arguments,
                    GDBusMethodInvocation *invocation, gpointer data)
{
    static const KsAskerKind kind = {
        .per_user_max = CALLS_PER_USER_MAX,
        .too_many = TOO_MANY,
        .ended = "The test was ended.",
        .known = on_known,
        .gone = on_gone,
    };
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
    g_ptr_array_add(tester->calls, call);
    ks_asker_begin(&call->asker, &kind, tester->calls, connection, invocation);
}

KsTester *ks_tester_new(GDBusConnection *connection, KsOnDemandIdle idle, void *data)
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
