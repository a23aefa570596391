/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/bus-limits.h"

#include <malloc.h>

#define LIMIT_ERROR "org.freedesktop.DBus.Error.LimitsExceeded"

#define TRIM_DELAY_MS 100

/* Used by GDBus's thread and, when a message is freed, by any. */
typedef struct {
    gatomicrefcount references; /* the filter's, each counted message's and each refusal's */
    GMutex mutex;
    GHashTable *callers; /* char *unique name -> number of its calls under way, never 0 */
    guint calls;         /* of all callers */
    guint refusals;
} Limits;

/* Lives as long as its message: no matter who answers it, the place is free when it is freed. */
typedef struct {
    Limits *limits;
    char *caller;
} Place;

static void unref_limits(gpointer data)
{
    Limits *limits = data;

    if (!g_atomic_ref_count_dec(&limits->references))
        return;
    g_hash_table_unref(limits->callers);
    g_mutex_clear(&limits->mutex);
    g_free(limits);
}

static void free_place(gpointer data)
{
    Place *place = data;
    Limits *limits = place->limits;
    guint calls;

    g_mutex_lock(&limits->mutex);
    calls = GPOINTER_TO_UINT(g_hash_table_lookup(limits->callers, place->caller));
    if (calls > 1)
        g_hash_table_insert(limits->callers, g_strdup(place->caller), GUINT_TO_POINTER(calls - 1));
    else
        g_hash_table_remove(limits->callers, place->caller);
    limits->calls--;
    g_mutex_unlock(&limits->mutex);
    unref_limits(limits);
    g_free(place->caller);
    g_free(place);
}

static gboolean take_place(Limits *limits, GDBusMessage *message, const char *caller)
{
    gboolean taken;
    Place *place;
    guint calls;

    g_mutex_lock(&limits->mutex);
    calls = GPOINTER_TO_UINT(g_hash_table_lookup(limits->callers, caller));
    taken = calls < KS_BUS_CALLS_PER_CALLER && limits->calls < KS_BUS_CALLS_MAX;
    if (taken) {
        g_hash_table_insert(limits->callers, g_strdup(caller), GUINT_TO_POINTER(calls + 1));
        limits->calls++;
    }
    g_mutex_unlock(&limits->mutex);
    if (!taken)
        return FALSE;

    g_atomic_ref_count_inc(&limits->references);
    place = g_new0(Place, 1);
    place->limits = limits;
    place->caller = g_strdup(caller);
    g_object_set_data_full(G_OBJECT(message), "ks-place", place, free_place);
    return TRUE;
}

/* When a refusal has been sent, or never will be. */
static void free_refusal(gpointer data)
{
    Limits *limits = data;

    g_mutex_lock(&limits->mutex);
    limits->refusals--;
    g_mutex_unlock(&limits->mutex);
    unref_limits(limits);
}

static void refuse(Limits *limits, GDBusConnection *connection, GDBusMessage *message,
                   const char *why)
{
    g_autoptr(GDBusMessage) answer = NULL;
    gboolean too_many;

    if (g_dbus_message_get_flags(message) & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED)
        return;
    g_mutex_lock(&limits->mutex);
    too_many = limits->refusals >= KS_BUS_REFUSALS_MAX;
    limits->refusals += !too_many;
    g_mutex_unlock(&limits->mutex);
    if (too_many)
        return;
    answer = g_dbus_message_new_method_error_literal(message, LIMIT_ERROR, why);
    g_atomic_ref_count_inc(&limits->references);
    g_object_set_data_full(G_OBJECT(answer), "ks-refusal", limits, free_refusal);
    (void) g_dbus_connection_send_message(connection, answer, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL,
                                          NULL);
}

/* GDBus frees the message only when its thread is done with it. */
static gboolean give_memory_back(gpointer data)
{
    (void) data;
#ifdef __GLIBC__
    (void) malloc_trim(0);
#endif
    return G_SOURCE_REMOVE;
}

static GDBusMessage *on_message(GDBusConnection *connection, GDBusMessage *message,
                                gboolean incoming, gpointer data)
{
    const char *caller = g_dbus_message_get_sender(message);
    GVariant *body = g_dbus_message_get_body(message);

    if (!incoming || g_dbus_message_get_message_type(message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL ||
        !caller)
        return message;
    /* files that come along would use ours up while the call waits for its turn */
    if (g_dbus_message_get_unix_fd_list(message)) {
        refuse(data, connection, message, "No method here takes files.");
        g_object_unref(message);
        return NULL;
    }
    if (body && g_variant_get_size(body) > KS_BUS_ARGUMENTS_MAX) {
        refuse(data, connection, message, "The arguments are too long.");
        g_object_unref(message);
        (void) g_timeout_add(TRIM_DELAY_MS, give_memory_back, NULL);
        return NULL;
    }
    if (take_place(data, message, caller))
        return message;
    refuse(data, connection, message, "Too many calls at a time: wait for the answers first.");
    g_object_unref(message);
    return NULL;
}

guint ks_bus_limits_add(GDBusConnection *connection)
{
    Limits *limits = g_new0(Limits, 1);

    g_atomic_ref_count_init(&limits->references);
    g_mutex_init(&limits->mutex);
    limits->callers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return g_dbus_connection_add_filter(connection, on_message, limits, unref_limits);
}
