/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "network/strict-dns.h"

#include <inttypes.h>
#include <string.h>

#define RESOLVED     "org.freedesktop.resolve1"
#define MANAGER      RESOLVED ".Manager"
#define MANAGER_PATH "/org/freedesktop/resolve1"
#define LINK         RESOLVED ".Link"
#define LINKS_MAX    64u /* uplinks; nobody has so many */

static const struct {
    const char *property;
    const char *value;
} ways[KS_STRICT_MAX] = {
    [KS_STRICT_OVER_TLS] = { "DNSOverTLS", "yes" },
    [KS_STRICT_DNSSEC] = { "DNSSEC", "yes" },
    [KS_STRICT_DOWNGRADE] = { "DNSSEC", "allow-downgrade" },
};

struct KsStrictDns {
    KsSystemBus *bus;
    void (*changed)(void *data);
    void *data;
    GDBusConnection *connection; /* while the bus and resolved are there */
    GCancellable *cancellable;   /* of the questions under way */
    guint watch;
    GArray *links; /* element-type uint32_t */
    unsigned under_way;
    bool said[KS_STRICT_MAX]; /* by the answers up to now */
    bool insists[KS_STRICT_MAX];
};

typedef struct {
    KsStrictDns *strict;
    KsStrict on;
} Question;

static void conclude(KsStrictDns *strict)
{
    if (memcmp(strict->insists, strict->said, sizeof(strict->insists)) == 0)
        return;
    memcpy(strict->insists, strict->said, sizeof(strict->insists));
    strict->changed(strict->data);
}

static bool is_strict(KsStrict on, GVariant *value)
{
    return g_variant_is_of_type(value, G_VARIANT_TYPE_STRING) &&
           g_strcmp0(g_variant_get_string(value, NULL), ways[on].value) == 0;
}

static void on_answer(GObject *source, GAsyncResult *result, void *data)
{
    g_autofree Question *question = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    g_autoptr(GVariant) value = NULL;

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* `strict` may be gone */
    if (reply)
        g_variant_get(reply, "(v)", &value);
    /* what has no such property does not insist on it */
    if (value && is_strict(question->on, value))
        question->strict->said[question->on] = true;
    if (--question->strict->under_way == 0)
        conclude(question->strict);
}

static void ask(KsStrictDns *strict, const char *path, const char *interface)
{
    for (KsStrict on = 0; on < KS_STRICT_MAX; on++) {
        Question *question = g_new0(Question, 1);

        question->strict = strict;
        question->on = on;
        strict->under_way++;
        g_dbus_connection_call(
            strict->connection, RESOLVED, path, "org.freedesktop.DBus.Properties", "Get",
            g_variant_new("(ss)", interface, ways[on].property), G_VARIANT_TYPE("(v)"),
            G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, strict->cancellable, on_answer, question);
    }
}

static void drop_questions(KsStrictDns *strict)
{
    g_cancellable_cancel(strict->cancellable);
    g_clear_object(&strict->cancellable);
    strict->under_way = 0;
    memset(strict->said, 0, sizeof(strict->said));
}

static void look(KsStrictDns *strict)
{
    drop_questions(strict);
    if (!strict->connection) {
        conclude(strict);
        return;
    }
    strict->cancellable = g_cancellable_new();
    ask(strict, MANAGER_PATH, MANAGER);
    for (unsigned i = 0; i < strict->links->len; i++) {
        g_autofree char *number =
            g_strdup_printf("%" PRIu32, g_array_index(strict->links, uint32_t, i));
        /* sd_bus_path_encode(3): a digit at the beginning is written as its code */
        g_autofree char *path =
            g_strdup_printf(MANAGER_PATH "/link/_%02x%s", (unsigned) number[0], number + 1);

        ask(strict, path, LINK);
    }
}

static void on_appeared(GDBusConnection *connection, const char *name, const char *owner,
                        void *data)
{
    KsStrictDns *strict = data;

    (void) name;
    (void) owner;
    g_set_object(&strict->connection, connection);
    look(strict);
}

static void on_vanished(GDBusConnection *connection, const char *name, void *data)
{
    KsStrictDns *strict = data;

    (void) connection;
    (void) name;
    g_clear_object(&strict->connection);
    look(strict);
}

static void on_connected(GDBusConnection *connection, void *data)
{
    KsStrictDns *strict = data;

    g_clear_handle_id(&strict->watch, g_bus_unwatch_name);
    strict->watch =
        g_bus_watch_name_on_connection(connection, RESOLVED, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                       on_appeared, on_vanished, strict, NULL);
}

static void on_gone(void *data)
{
    KsStrictDns *strict = data;

    g_clear_handle_id(&strict->watch, g_bus_unwatch_name);
    g_clear_object(&strict->connection);
    look(strict);
}

KsStrictDns *ks_strict_dns_new(KsSystemBus *bus, void (*changed)(void *data), void *data)
{
    KsStrictDns *strict = g_new0(KsStrictDns, 1);

    strict->bus = bus;
    strict->changed = changed;
    strict->data = data;
    strict->links = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    ks_system_bus_observe(bus, &(KsSystemBusObserver){
                                   .connected = on_connected,
                                   .gone = on_gone,
                                   .data = strict,
                               });
    return strict;
}

void ks_strict_dns_free(KsStrictDns *strict)
{
    if (!strict)
        return;
    ks_system_bus_forget(strict->bus, strict);
    g_clear_handle_id(&strict->watch, g_bus_unwatch_name);
    drop_questions(strict);
    g_clear_object(&strict->connection);
    g_array_unref(strict->links);
    g_free(strict);
}

void ks_strict_dns_look(KsStrictDns *strict, const uint32_t *links, unsigned count)
{
    g_array_set_size(strict->links, 0);
    g_array_append_vals(strict->links, links, MIN(count, LINKS_MAX));
    look(strict);
}

bool ks_strict_dns_is_there(const KsStrictDns *strict)
{
    return strict->connection != NULL;
}

bool ks_strict_dns_insists(const KsStrictDns *strict, KsStrict on)
{
    return strict->insists[on];
}
