/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "polkit/asker.h"

#include "model/names.h"
#include "polkit/authority.h"
#include "polkit/caller.h"

void ks_asker_refuse(KsAsker *asker, const char *error, const char *why)
{
    g_dbus_method_invocation_return_dbus_error(g_steal_pointer(&asker->invocation), error, why);
    asker->kind->gone(asker);
}

void ks_asker_refuse_unauthorised(KsAsker *asker, const GError *error)
{
    g_autofree char *why = NULL;

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    why = g_strdup_printf("Not authorised: %s.", error->message);
    ks_asker_refuse(asker, KS_BUS_ERROR("NotAuthorised"), why);
}

static unsigned count_of_user(const KsAsker *asker)
{
    unsigned count = 0;

    for (unsigned i = 0; i < asker->among->len; i++) {
        const KsAsker *other = g_ptr_array_index(asker->among, i);

        count += other->has_uid && other->uid == asker->uid;
    }
    return count;
}

static void on_uid(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    KsAsker *asker = data;
    guint32 uid;
    bool known = ks_caller_ask_uid_finish(G_DBUS_CONNECTION(source), result, &uid, &error);

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* it is gone */
    if (!known) {
        ks_asker_refuse(asker, KS_BUS_ERROR("NotAuthorised"), "The bus does not say who you are.");
        return;
    }
    asker->uid = uid;
    asker->has_uid = true;
    if (uid != 0 && count_of_user(asker) > asker->kind->per_user_max) {
        ks_asker_refuse(asker, "org.freedesktop.DBus.Error.LimitsExceeded", asker->kind->too_many);
        return;
    }
    asker->kind->known(asker);
}

static void on_gone(void *data)
{
    KsAsker *asker = data;

    asker->kind->gone(asker);
}

void ks_asker_begin(KsAsker *asker, const KsAskerKind *kind, const GPtrArray *among,
                    GDBusConnection *connection, GDBusMethodInvocation *invocation)
{
    asker->kind = kind;
    asker->among = among;
    asker->connection = g_object_ref(connection);
    asker->invocation = invocation;
    asker->name = g_strdup(g_dbus_method_invocation_get_sender(invocation));
    asker->cancellable = g_cancellable_new();
    asker->watch = ks_caller_watch(connection, asker->name, on_gone, asker);
    ks_caller_ask_uid(connection, asker->name, asker->cancellable, on_uid, asker);
}

void ks_asker_end(KsAsker *asker)
{
    g_cancellable_cancel(asker->cancellable);
    g_object_unref(asker->cancellable);
    g_dbus_connection_signal_unsubscribe(asker->connection, asker->watch);
    if (asker->invocation) /* its caller is gone, but it must not be left open */
        g_dbus_method_invocation_return_dbus_error(g_steal_pointer(&asker->invocation),
                                                   KS_BUS_ERROR("Failed"), asker->kind->ended);
    g_object_unref(asker->connection);
    g_free(asker->name);
}

void ks_asker_check(KsAsker *asker, const char *action, const char *method, bool interactive,
                    GAsyncReadyCallback callback)
{
    ks_authority_check(asker->connection, asker->name, action, method, interactive,
                       asker->cancellable, callback, asker);
}

bool ks_asker_may_ask_person(const KsAsker *asker)
{
    GDBusMessage *message = g_dbus_method_invocation_get_message(asker->invocation);

    return g_dbus_message_get_flags(message) & G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION;
}
