/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "polkit/authority.h"

/* polkit's interface, as its reference manual has it: org.freedesktop.PolicyKit1.Authority, also in
 * /usr/share/dbus-1/interfaces where its development package is. */
#define POLKIT_NAME      "org.freedesktop.PolicyKit1"
#define POLKIT_PATH      "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"
#define MAY_INTERACT     1u /* CheckAuthorizationFlags.AllowUserInteraction */

/* A person needs time to find a password; nobody waits longer for an answer by rules alone. */
#define TIMEOUT_MS             10000
#define INTERACTIVE_TIMEOUT_MS (5 * 60 * 1000)

static void drop_question(GDBusConnection *connection, const char *id)
{
    g_dbus_connection_call(connection, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
                           "CancelCheckAuthorization", g_variant_new("(s)", id), NULL,
                           G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, NULL, NULL);
}

static void on_answer(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GTask) task = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) answer =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    g_autoptr(GVariant) details = NULL;
    gboolean authorised;
    gboolean challenge;
    const char *dismissed = NULL;

    if (!answer) {
        if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
            g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
            drop_question(G_DBUS_CONNECTION(source), g_task_get_task_data(task));
        g_dbus_error_strip_remote_error(error);
        g_task_return_error(task, g_steal_pointer(&error));
        return;
    }
    g_variant_get(answer, "((bb@a{ss}))", &authorised, &challenge, &details);
    if (authorised)
        g_task_return_boolean(task, TRUE);
    else if (g_variant_lookup(details, "polkit.dismissed", "&s", &dismissed))
        g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                                "the question was closed without a password");
    else if (challenge)
        g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                                "a password is needed, and there was no way to ask for it");
    else
        g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                                "polkit does not allow it");
}

void ks_authority_check(GDBusConnection *connection, const char *caller, const char *action,
                        const char *method, bool interactive, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer data)
{
    g_autofree char *id = g_uuid_string_random();
    GTask *task = g_task_new(connection, cancellable, callback, data);
    GVariantBuilder subject;
    GVariantBuilder details;

    g_variant_builder_init(&subject, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&subject, "{sv}", "name", g_variant_new_string(caller));
    g_variant_builder_init(&details, G_VARIANT_TYPE("a{ss}"));
    g_variant_builder_add(&details, "{ss}", "method", method);

    g_task_set_task_data(task, g_strdup(id), g_free);
    g_dbus_connection_call(
        connection, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE, "CheckAuthorization",
        g_variant_new("((sa{sv})sa{ss}us)", "system-bus-name", &subject, action, &details,
                      interactive ? MAY_INTERACT : 0u, id),
        G_VARIANT_TYPE("((bba{ss}))"), G_DBUS_CALL_FLAGS_NONE,
        interactive ? INTERACTIVE_TIMEOUT_MS : TIMEOUT_MS, cancellable, on_answer, task);
}

bool ks_authority_check_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}
