/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/json.h"

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static char *time_text(int64_t moment)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(moment);

    return time ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : NULL;
}

/* The member if it is an array; else NULL. */
static JsonArray *array_member(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);

    return node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

static const char *text_member(JsonObject *object, const char *name)
{
    return json_object_get_string_member_with_default(object, name, "");
}

static void tell_time(JsonObject *object, const char *name)
{
    gint64 moment = json_object_get_int_member_with_default(object, name, 0);
    g_autofree char *text = moment > 0 ? time_text(moment) : NULL;

    if (text)
        json_object_set_string_member(object, name, text);
    else
        json_object_set_null_member(object, name);
}

static void tell_ends(JsonObject *object, const char *key)
{
    JsonArray *exceptions = array_member(object, key);

    for (guint i = 0; exceptions && i < json_array_get_length(exceptions); i++)
        tell_time(json_array_get_object_element(exceptions, i), "until");
}

/* JSON can say "nothing" where D-Bus cannot: the contract's null for a pause that is not and for an
 * address that is not known. */
static JsonObject *to_object(GVariant *status)
{
    g_autoptr(JsonNode) node = json_gvariant_serialize(status);
    JsonObject *object = json_object_ref(json_node_get_object(node));
    JsonArray *servers = array_member(object, "servers");

    tell_ends(object, "exceptions");
    tell_ends(object, "exceptions_elsewhere");
    tell_time(object, "paused_until");
    tell_time(object, "silent_since");
    if (json_object_has_member(object, "always_on"))
        tell_time(json_object_get_object_member(object, "always_on"), "next_try");
    for (guint i = 0; servers && i < json_array_get_length(servers); i++) {
        JsonObject *server = json_array_get_object_element(servers, i);

        if (!text_member(server, "address")[0])
            json_object_set_null_member(server, "address");
    }
    return object;
}

/* json-glib leaves this one control character as it is (1.6: json_strescape() asks for < 0x1f), and
 * RFC 8259, 7 allows none. It stands only inside of strings: nothing else in JSON has it. */
static char *escape_unit_separator(const char *json)
{
    g_auto(GStrv) parts = g_strsplit(json, "\x1f", -1);

    return g_strjoinv("\\u001f", parts);
}

/* Takes the object. */
static char *to_text(JsonObject *object, bool pretty)
{
    g_autoptr(JsonNode) node = json_node_init_object(json_node_alloc(), object);
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autofree char *json = NULL;
    g_autofree char *escaped = NULL;

    json_object_unref(object);
    json_generator_set_root(generator, node);
    json_generator_set_pretty(generator, pretty);
    json = json_generator_to_data(generator, NULL);
    escaped = escape_unit_separator(json);
    return g_strconcat(escaped, "\n", NULL);
}

char *ks_json_status(GVariant *status)
{
    return to_text(to_object(status), true);
}

/* Takes the object. */
static char *to_line(JsonObject *object)
{
    g_autofree char *now = time_text(g_get_real_time() / G_USEC_PER_SEC);

    json_object_set_string_member(object, "time", now);
    return to_text(object, false);
}

char *ks_json_line(GVariant *status)
{
    return to_line(to_object(status));
}

char *ks_json_away(const char *reason)
{
    JsonObject *object = json_object_new();

    json_object_set_null_member(object, "state");
    json_object_set_string_member(object, "reason", reason);
    return to_line(object);
}

/* The VPN of that UUID in `vpns`, added if it is not there yet. */
static JsonObject *vpn_object(JsonArray *vpns, JsonObject *like)
{
    const char *uuid = text_member(like, "uuid");
    JsonObject *vpn;

    for (guint i = 0; i < json_array_get_length(vpns); i++) {
        vpn = json_array_get_object_element(vpns, i);
        if (strcmp(text_member(vpn, "uuid"), uuid) == 0)
            return vpn;
    }
    vpn = json_object_new();
    json_object_set_string_member(vpn, "uuid", uuid);
    json_object_set_string_member(vpn, "name", text_member(like, "name"));
    json_object_set_string_member(vpn, "type", text_member(like, "type"));
    json_object_set_null_member(vpn, "interface");
    json_object_set_boolean_member(vpn, "overlay", FALSE);
    json_object_set_array_member(vpn, "servers", json_array_new());
    json_array_add_object_element(vpns, vpn);
    return vpn;
}

/* Those without servers too. */
static void list_vpns(JsonObject *from, JsonArray *to)
{
    JsonArray *vpns = array_member(from, "vpns");

    for (guint i = 0; vpns && i < json_array_get_length(vpns); i++) {
        JsonObject *vpn = json_array_get_object_element(vpns, i);
        bool overlay = json_object_get_boolean_member_with_default(vpn, "overlay", FALSE);

        json_object_set_boolean_member(vpn_object(to, vpn), "overlay", overlay);
    }
}

/* On which interfaces they are up. */
static void take_interfaces(JsonArray *up, JsonArray *vpns)
{
    for (guint i = 0; up && i < json_array_get_length(up); i++) {
        JsonObject *tunnel = json_array_get_object_element(up, i);

        json_object_set_string_member(vpn_object(vpns, tunnel), "interface",
                                      text_member(tunnel, "interface"));
    }
}

char *ks_json_vpns(GVariant *status)
{
    JsonObject *from = to_object(status);
    JsonObject *to = json_object_new();
    JsonArray *vpns = json_array_new();
    JsonArray *servers = array_member(from, "servers");

    json_object_set_array_member(to, "vpns", vpns);
    for (guint i = 0; servers && i < json_array_get_length(servers); i++) {
        JsonObject *server = json_array_get_object_element(servers, i);
        JsonObject *vpn = vpn_object(vpns, server);

        json_array_add_object_element(array_member(vpn, "servers"), json_object_ref(server));
        json_object_remove_member(server, "uuid");
        json_object_remove_member(server, "name");
        json_object_remove_member(server, "type");
    }
    list_vpns(from, vpns);
    take_interfaces(array_member(from, "tunnels"), vpns);
    take_interfaces(array_member(from, "overlays"), vpns);
    json_object_unref(from);
    return to_text(to, true);
}

char *ks_json_exceptions(GVariant *status)
{
    JsonObject *from = to_object(status);
    JsonObject *to = json_object_new();
    static const char *const lists[] = { "exceptions", "exceptions_elsewhere" };

    for (unsigned i = 0; i < G_N_ELEMENTS(lists); i++) {
        JsonArray *list = array_member(from, lists[i]);

        json_object_set_array_member(to, lists[i], list ? json_array_ref(list) : json_array_new());
    }
    json_object_unref(from);
    return to_text(to, true);
}

static JsonObject *object_of(GVariant *dictionary)
{
    g_autoptr(JsonNode) node = json_gvariant_serialize(dictionary);

    return json_object_ref(json_node_get_object(node));
}

char *ks_json_leaks(GVariant *result, bool line)
{
    JsonObject *object = object_of(result);

    return line ? to_line(object) : to_text(object, true);
}

/* What is not known is null. */
static void tell_refused(JsonObject *entry)
{
    tell_time(entry, "first");
    tell_time(entry, "last");
    if (json_object_get_int_member_with_default(entry, "uid", -1) < 0)
        json_object_set_null_member(entry, "uid");
    if (json_object_get_int_member_with_default(entry, "pid", 0) == 0)
        json_object_set_null_member(entry, "pid");
}

/* One of an earlier version does not say. */
static void tell_kept(JsonObject *object, const char *name)
{
    if (json_object_get_int_member_with_default(object, name, 0) == 0)
        json_object_set_null_member(object, name);
    else
        tell_time(object, name);
}

char *ks_json_refused(GVariant *told)
{
    JsonObject *object = object_of(told);
    JsonArray *entries = array_member(object, "entries");

    tell_kept(object, "kept_since");
    tell_kept(object, "kept_until");
    for (guint i = 0; entries && i < json_array_get_length(entries); i++)
        tell_refused(json_array_get_object_element(entries, i));
    return to_text(object, true);
}

char *ks_json_refused_entry(GVariant *entry)
{
    JsonObject *object = object_of(entry);

    tell_refused(object);
    return to_line(object);
}
