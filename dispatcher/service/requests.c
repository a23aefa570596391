/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "service/requests.h"

#include "model/names.h"
#include "polkit/authority.h"
#include "polkit/caller.h"
#include "service/methods.h"

#include <pwd.h>

struct KsRequests {
    KsGuard *guard;
    void (*done)(void *data);
    void *done_data;
    GHashTable *waiting;   /* set of Request*, owned: for the bus or polkit to answer */
    GHashTable *questions; /* uid -> how many of its requests wait for polkit */
    guint all_questions;
};

typedef struct {
    KsRequests *requests;
    GDBusMethodInvocation *invocation; /* NULL once it is answered */
    GDBusConnection *connection;
    GCancellable *cancellable;
    bool is_question; /* counted as one of `uid` */
    guint32 uid;
    guint watch; /* for the caller's leaving the bus */
} Request;

static const char *caller_of(const Request *request)
{
    return g_dbus_method_invocation_get_sender(request->invocation);
}

static const char *method_name_of(const Request *request)
{
    return g_dbus_method_invocation_get_method_name(request->invocation);
}

static GVariant *arguments_of(const Request *request)
{
    return g_dbus_method_invocation_get_parameters(request->invocation);
}

static void answer(Request *request, GVariant *result)
{
    /* as plain bytes, not as a tree of hundreds of values, while it waits to be sent */
    if (result)
        (void) g_variant_get_data(result);
    g_dbus_method_invocation_return_value(g_steal_pointer(&request->invocation), result);
}

static void answer_error(Request *request, const GError *error)
{
    g_dbus_method_invocation_return_gerror(g_steal_pointer(&request->invocation), error);
}

static guint questions_of(const KsRequests *requests, guint32 uid)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(requests->questions, GUINT_TO_POINTER(uid)));
}

static void count_question(Request *request, int change)
{
    KsRequests *requests = request->requests;
    guint count = questions_of(requests, request->uid) + (guint) change;

    requests->all_questions += (guint) change;
    if (count > 0)
        g_hash_table_insert(requests->questions, GUINT_TO_POINTER(request->uid),
                            GUINT_TO_POINTER(count));
    else
        g_hash_table_remove(requests->questions, GUINT_TO_POINTER(request->uid));
    request->is_question = change > 0;
}

static void free_request(gpointer data)
{
    Request *request = data;

    if (request->is_question)
        count_question(request, -1);
    if (request->watch)
        g_dbus_connection_signal_unsubscribe(request->connection, request->watch);
    g_assert(!request->invocation);
    g_object_unref(request->connection);
    g_object_unref(request->cancellable);
    g_free(request);
}

static void finish(Request *request)
{
    g_hash_table_remove(request->requests->waiting, request);
}

/* What is left to do, or NULL if the answer is clear already and has been given. Whether it could
 * be done says which VPNs there are: `tries` only for someone who sees all of them, or who may. */
static const KsMethod *consider(Request *request, bool tries)
{
    KsGuard *guard = request->requests->guard;
    GVariant *arguments = arguments_of(request);
    g_autoptr(GError) error = NULL;
    const KsMethod *method = ks_method_find(method_name_of(request), arguments, &error);

    if (!method) {
        answer_error(request, error);
        return NULL;
    }
    if (ks_method_is_so(method, guard, arguments)) {
        answer(request, NULL);
        return NULL;
    }
    if (!ks_method_is_permitted(method, guard, KS_CALLER_BUS, arguments, &error) ||
        (tries && !ks_method_could(method, guard, arguments, &error))) {
        answer_error(request, error);
        return NULL;
    }
    return method;
}

static void run(Request *request, const KsMethod *method)
{
    KsRequests *requests = request->requests;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) result =
        ks_method_run(method, requests->guard, KS_CALLER_BUS, arguments_of(request), &error);

    if (ks_method_action(method, arguments_of(request))) {
        g_autofree char *arguments = g_variant_print(arguments_of(request), FALSE);

        g_message("%s%s for %s, uid %u: %s", method_name_of(request), arguments, caller_of(request),
                  request->uid, result ? "done" : error->message);
        requests->done(requests->done_data);
    }
    if (result)
        answer(request, result);
    else
        answer_error(request, error);
}

/* ---- what only looks ---- */

static void look(Request *request, const KsViewer *viewer)
{
    const KsMethod *method = consider(request, true);
    g_autoptr(GVariant) result = NULL;
    g_autoptr(GError) error = NULL;

    if (!method)
        return;
    result = ks_method_look(method, request->requests->guard, viewer, &error);
    if (result)
        answer(request, result);
    else
        answer_error(request, error);
}

/* As NetworkManager finds out whom a profile is for. Good until the next call. */
static KsViewer viewer_of(const Request *request)
{
    struct passwd *entry = getpwuid(request->uid);

    return (KsViewer){
        .everything = request->uid == 0,
        .user = entry ? entry->pw_name : NULL,
    };
}

static void on_polkit_of_look(GObject *source, GAsyncResult *result, gpointer data)
{
    Request *request = data;
    KsViewer viewer = viewer_of(request);

    (void) source;
    viewer.everything |= ks_authority_check_finish(result, NULL);
    look(request, &viewer);
    finish(request);
}

static bool may_ask(const KsRequests *requests, guint32 uid)
{
    return questions_of(requests, uid) < KS_QUESTIONS_PER_USER &&
           requests->all_questions < KS_QUESTIONS_MAX;
}

/* Someone who may configure without being asked for more sees all, as root does. */
static void on_uid_of_look(GObject *source, GAsyncResult *result, gpointer data)
{
    Request *request = data;
    KsViewer viewer;

    if (!ks_caller_ask_uid_finish(G_DBUS_CONNECTION(source), result, &request->uid, NULL)) {
        look(request, NULL); /* who that was is gone, or not known */
        finish(request);
        return;
    }
    viewer = viewer_of(request);
    if (!ks_guard_hides(request->requests->guard, &viewer) ||
        !may_ask(request->requests, request->uid)) {
        look(request, &viewer);
        finish(request);
        return;
    }
    count_question(request, +1);
    ks_authority_check(request->connection, caller_of(request), KS_ACTION_ID_CONFIGURE,
                       method_name_of(request), false, request->cancellable, on_polkit_of_look,
                       request);
}

static void refuse(Request *request, const GError *why)
{
    g_autoptr(GError) error = NULL;

    if (g_error_matches(why, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
        error = g_error_new(KS_ERROR, KS_ERROR_NOT_AUTHORISED, "Not authorised: %s.", why->message);
    else if (g_error_matches(why, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        error = g_error_new_literal(KS_ERROR, KS_ERROR_NOT_AUTHORISED,
                                    "The question to polkit was dropped; nothing was changed.");
    else
        error = g_error_new(KS_ERROR, KS_ERROR_NOT_AUTHORISED,
                            "Not authorised, because polkit could not be asked (%s). Root needs "
                            "no polkit on a terminal: sudo " KS_PROGRAM,
                            why->message);
    g_info("%s for %s, uid %u: %s", method_name_of(request), caller_of(request), request->uid,
           error->message);
    answer_error(request, error);
}

static void on_polkit(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    Request *request = data;
    const KsMethod *method;

    (void) source;
    if (!ks_authority_check_finish(result, &error)) {
        refuse(request, error);
    } else {
        method = consider(request, true);
        if (method)
            run(request, method);
    }
    finish(request);
}

static void on_caller_gone(void *data)
{
    g_cancellable_cancel(((Request *) data)->cancellable);
}

static void ask(Request *request)
{
    GDBusMessage *message = g_dbus_method_invocation_get_message(request->invocation);
    const KsMethod *method = ks_method_find(method_name_of(request), arguments_of(request), NULL);
    const char *action = method ? ks_method_action(method, arguments_of(request)) : NULL;
    bool interactive =
        g_dbus_message_get_flags(message) & G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION;

    g_return_if_fail(action);
    count_question(request, +1);
    /* in this order: a caller that is gone before the watch is unknown to polkit */
    request->watch =
        ks_caller_watch(request->connection, caller_of(request), on_caller_gone, request);
    ks_authority_check(request->connection, caller_of(request), action, method_name_of(request),
                       interactive, request->cancellable, on_polkit, request);
}

/* Before anybody is asked for a password. */
static bool is_answered(Request *request)
{
    KsViewer viewer = viewer_of(request);

    return !consider(request, !ks_guard_hides(request->requests->guard, &viewer));
}

static void on_uid(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    Request *request = data;
    KsRequests *requests = request->requests;

    if (!ks_caller_ask_uid_finish(G_DBUS_CONNECTION(source), result, &request->uid, &error)) {
        refuse(request, error);
        finish(request);
        return;
    }
    if (is_answered(request)) {
        finish(request);
        return;
    }
    if (!may_ask(requests, request->uid)) {
        g_dbus_method_invocation_return_error(g_steal_pointer(&request->invocation), G_DBUS_ERROR,
                                              G_DBUS_ERROR_LIMITS_EXCEEDED,
                                              "Too many requests wait for polkit already.");
        finish(request);
        return;
    }
    ask(request);
}

static void ask_for_uid(Request *request, GAsyncReadyCallback callback)
{
    ks_caller_ask_uid(request->connection, caller_of(request), request->cancellable, callback,
                      request);
}

KsRequests *ks_requests_new(KsGuard *guard, void (*done)(void *data), void *data)
{
    KsRequests *requests = g_new0(KsRequests, 1);

    requests->guard = guard;
    requests->done = done;
    requests->done_data = data;
    requests->waiting = g_hash_table_new_full(NULL, NULL, free_request, NULL);
    requests->questions = g_hash_table_new(NULL, NULL);
    return requests;
}

void ks_requests_free(KsRequests *requests)
{
    GHashTableIter iterator;
    gpointer request;

    if (!requests)
        return;
    g_hash_table_iter_init(&iterator, requests->waiting);
    while (g_hash_table_iter_next(&iterator, &request, NULL))
        g_cancellable_cancel(((Request *) request)->cancellable);
    while (g_hash_table_size(requests->waiting) > 0)
        g_main_context_iteration(NULL, TRUE);
    g_hash_table_unref(requests->waiting);
    g_hash_table_unref(requests->questions);
    g_free(requests);
}

void ks_requests_take(KsRequests *requests, GDBusMethodInvocation *invocation)
{
    Request *request = g_new0(Request, 1);
    const KsMethod *method;

    request->requests = requests;
    request->invocation = invocation;
    request->connection = g_object_ref(g_dbus_method_invocation_get_connection(invocation));
    request->cancellable = g_cancellable_new();
    g_hash_table_add(requests->waiting, request);

    method = consider(request, !ks_guard_hides(requests->guard, NULL));
    if (!method) {
        finish(request);
    } else if (!ks_method_looks(method)) {
        /* for the log and for the bounds; polkit finds out itself whom it has to do with */
        ask_for_uid(request, on_uid);
    } else if (ks_guard_hides(requests->guard, NULL)) {
        ask_for_uid(request, on_uid_of_look);
    } else {
        look(request, NULL);
        finish(request);
    }
}
