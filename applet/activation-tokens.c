/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/activation-tokens.h"

#include <string.h>

#define NOTIFICATIONS      "org.freedesktop.Notifications"
#define NOTIFICATIONS_PATH "/org/freedesktop/Notifications"
#define ITEM               "org.kde.StatusNotifierItem"
#define TOKEN_MAX          256u /* bytes; those of today have fewer than 64 */

struct KsActivationTokens {
    GApplication *application;
    GDBusConnection *bus;
    guint subscription;
    guint filter;
};

/* As GTK gets one from a launcher: the next window that is presented uses it. */
static void use(GApplication *application, const char *token)
{
    GVariantDict dict;
    g_autoptr(GVariant) data = NULL;

    if (!token[0] || strlen(token) > TOKEN_MAX)
        return;
    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "desktop-startup-id", "s", token);
    g_variant_dict_insert(&dict, "activation-token", "s", token);
    data = g_variant_ref_sink(g_variant_dict_end(&dict));
    G_APPLICATION_GET_CLASS(application)->before_emit(application, data);
}

/* It comes before ActionInvoked. The server may send it to all: it is of no use to anybody but the
 * one it was made for. */
static void on_token(GDBusConnection *bus, const char *sender, const char *path,
                     const char *interface, const char *signal, GVariant *arguments, gpointer data)
{
    KsActivationTokens *activation = data;
    const char *token;

    (void) bus;
    (void) sender;
    (void) path;
    (void) interface;
    (void) signal;
    if (!g_variant_is_of_type(arguments, G_VARIANT_TYPE("(us)")))
        return;
    g_variant_get(arguments, "(u&s)", NULL, &token);
    use(activation->application, token);
}

typedef struct {
    GApplication *application;
    char *token;
} Given;

static gboolean on_given(gpointer data)
{
    const Given *given = data;

    use(given->application, given->token);
    return G_SOURCE_REMOVE;
}

static void given_free(gpointer data)
{
    Given *given = data;

    g_object_unref(given->application);
    g_free(given->token);
    g_free(given);
}

/* Runs in GDBus's own thread. AppIndicator does not know this method, which a panel calls before it
 * says what was clicked in the menu. */
static GDBusMessage *on_message(GDBusConnection *bus, GDBusMessage *message, gboolean incoming,
                                gpointer data)
{
    GVariant *arguments = g_dbus_message_get_body(message);
    g_autoptr(GDBusMessage) reply = NULL;
    Given *given;

    if (!incoming || g_dbus_message_get_message_type(message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL ||
        g_strcmp0(g_dbus_message_get_member(message), "ProvideXdgActivationToken") != 0 ||
        g_strcmp0(g_dbus_message_get_interface(message), ITEM) != 0 || !arguments ||
        !g_variant_is_of_type(arguments, G_VARIANT_TYPE("(s)")))
        return message;
    given = g_new0(Given, 1);
    given->application = g_object_ref(data);
    g_variant_get(arguments, "(s)", &given->token);
    /* ahead of the click, which comes by the same way */
    g_main_context_invoke_full(NULL, G_PRIORITY_HIGH, on_given, given, given_free);
    if (!(g_dbus_message_get_flags(message) & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED)) {
        reply = g_dbus_message_new_method_reply(message);
        (void) g_dbus_connection_send_message(bus, reply, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL,
                                              NULL);
    }
    g_object_unref(message);
    return NULL;
}

KsActivationTokens *ks_activation_tokens_new(GApplication *application)
{
    KsActivationTokens *activation = g_new0(KsActivationTokens, 1);
    GDBusConnection *bus = g_application_get_dbus_connection(application);

    activation->application = application;
    if (!bus)
        return activation;
    activation->bus = g_object_ref(bus);
    activation->subscription = g_dbus_connection_signal_subscribe(
        bus, NOTIFICATIONS, NOTIFICATIONS, "ActivationToken", NOTIFICATIONS_PATH, NULL,
        G_DBUS_SIGNAL_FLAGS_NONE, on_token, activation, NULL);
    activation->filter =
        g_dbus_connection_add_filter(bus, on_message, g_object_ref(application), g_object_unref);
    return activation;
}

void ks_activation_tokens_free(KsActivationTokens *activation)
{
    if (!activation)
        return;
    if (activation->bus) {
        g_dbus_connection_signal_unsubscribe(activation->bus, activation->subscription);
        g_dbus_connection_remove_filter(activation->bus, activation->filter);
        g_object_unref(activation->bus);
    }
    g_free(activation);
}
