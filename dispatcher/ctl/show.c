/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/show.h"

#include "model/server.h"

#include <json-glib/json-glib.h>
#include <string.h>

/* More servers than fit a screen are counted, not listed. */
#define SERVERS_LISTED_MAX 12

typedef struct {
    const char *state;
    const char *headline;
    const char *meaning;
    const char *next;
} StateText;

static const StateText state_texts[] = {
    { "unlocked", "Unlocked: traffic leaves this machine freely, with or without a VPN.",
      "Nothing is blocked.", "To lock now:  nm-killswitch lock" },
    { "protected", "Protected: traffic leaves this machine only through the VPN.",
      "If the VPN drops, everything else stays blocked until it is back.",
      "To open the lock:  nm-killswitch unlock" },
    { "blocked", "Blocked: the lock is closed and no VPN is connected.",
      "Only VPN servers can be reached, so that a VPN can connect. Everything else is refused.",
      "Connect a VPN:  nmcli connection up NAME\nOr open the lock:  nm-killswitch unlock" },
    { "paused", "Paused: the lock lets everything through until the pause ends by itself.",
      "The kernel closes it again, even if no program of ours runs any more.",
      "To end the pause now:  nm-killswitch resume" },
    { "broken", "Broken: the kernel does not hold what it should.",
      "Do not rely on the lock until this is put right; the reasons are below.",
      "See the log:  journalctl -u nm-killswitch.service\n"
      "Try again:  nm-killswitch lock" },
};

static const StateText *find_state(const char *state)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(state_texts); i++)
        if (strcmp(state_texts[i].state, state) == 0)
            return &state_texts[i];
    return NULL;
}

static const char *look_up_text(GVariant *dictionary, const char *key)
{
    const char *text = NULL;

    return g_variant_lookup(dictionary, key, "&s", &text) ? text : "";
}

static gboolean look_up_flag(GVariant *dictionary, const char *key)
{
    gboolean flag = FALSE;

    return g_variant_lookup(dictionary, key, "b", &flag) && flag;
}

/* Names come from profiles: they must not steer the terminal. */
static char *printable(const char *text)
{
    GString *safe = g_string_new(NULL);

    for (const char *at = text; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);

        g_string_append_unichar(safe, g_unichar_isprint(c) ? c : 0xfffd);
    }
    return g_string_free(safe, FALSE);
}

static void append_lines(GString *text, const char *lines)
{
    g_auto(GStrv) each = g_strsplit(lines, "\n", -1);

    for (unsigned i = 0; each[i]; i++)
        g_string_append_printf(text, "  %s\n", each[i]);
}

static void append_tunnels(GString *text, GVariant *status)
{
    g_autoptr(GVariant) tunnels =
        g_variant_lookup_value(status, "tunnels", G_VARIANT_TYPE("aa{sv}"));
    gsize count = tunnels ? g_variant_n_children(tunnels) : 0;

    if (count == 0)
        g_string_append(text, "VPN          none is connected\n");
    for (gsize i = 0; i < count; i++) {
        g_autoptr(GVariant) tunnel = g_variant_get_child_value(tunnels, i);
        g_autofree char *name = printable(look_up_text(tunnel, "name"));

        g_string_append_printf(text, "%-12s %s (%s) on %s\n", i == 0 ? "VPN" : "", name,
                               look_up_text(tunnel, "type"), look_up_text(tunnel, "interface"));
    }
}

static void append_servers(GString *text, GVariant *status)
{
    g_autoptr(GVariant) servers =
        g_variant_lookup_value(status, "servers", G_VARIANT_TYPE("aa{sv}"));
    gsize count = servers ? g_variant_n_children(servers) : 0;

    if (count == 0)
        g_string_append(text, "Servers      none is known: no VPN could connect while locked\n");
    for (gsize i = 0; i < MIN(count, SERVERS_LISTED_MAX); i++) {
        g_autoptr(GVariant) server = g_variant_get_child_value(servers, i);
        g_autofree char *name = printable(look_up_text(server, "name"));
        const char *address;
        guint16 port = 0;

        address = look_up_text(server, "address");
        (void) g_variant_lookup(server, "port", "q", &port);
        g_string_append_printf(text, "%-12s %s %s %u, of %s%s\n", i == 0 ? "Servers" : "",
                               address[0] ? address : look_up_text(server, "host"),
                               look_up_text(server, "protocol"), port, name,
                               address[0] ? "" : " (its address is not known yet)");
    }
    if (count > SERVERS_LISTED_MAX)
        g_string_append_printf(text, "%-12s and %" G_GSIZE_FORMAT " more\n", "",
                               count - SERVERS_LISTED_MAX);
}

static void append_blocked(GString *text, GVariant *status)
{
    g_autoptr(GVariant) blocked = g_variant_lookup_value(status, "blocked", G_VARIANT_TYPE_VARDICT);
    guint64 packets = 0;
    guint64 bytes = 0;
    g_autofree char *size = NULL;

    if (blocked) {
        (void) g_variant_lookup(blocked, "packets", "t", &packets);
        (void) g_variant_lookup(blocked, "bytes", "t", &bytes);
    }
    size = g_format_size(bytes);
    g_string_append_printf(text,
                           "Refused      %" G_GUINT64_FORMAT " packets, %s, since it was locked\n",
                           packets, size);
}

static void append_lock(GString *text, GVariant *status)
{
    g_autoptr(GVariant) layers = g_variant_lookup_value(status, "layers", G_VARIANT_TYPE_VARDICT);

    if (!look_up_flag(status, "verified"))
        g_string_append(text, "Kernel       NOT as it should be\n");
    else if (layers && look_up_flag(layers, "owned"))
        g_string_append(text, "Kernel       rules read back and right; no other program can change "
                              "them\n");
    else
        g_string_append(text, "Kernel       rules read back and right; other root programs could "
                              "change them, which is noticed\n");
}

static void append_warnings(GString *text, GVariant *status)
{
    g_autoptr(GVariant) warnings =
        g_variant_lookup_value(status, "warnings", G_VARIANT_TYPE_STRING_ARRAY);
    gsize count = warnings ? g_variant_n_children(warnings) : 0;

    for (gsize i = 0; i < count; i++) {
        const char *warning;
        g_autofree char *safe = NULL;

        g_variant_get_child(warnings, i, "&s", &warning);
        safe = printable(warning);
        g_string_append_printf(text, "%s! %s\n", i == 0 ? "\n" : "", safe);
    }
}

char *ks_show_status(GVariant *status)
{
    const StateText *state = find_state(look_up_text(status, "state"));
    GString *text = g_string_new(NULL);

    if (state) {
        g_string_append_printf(text, "%s\n%s\n", state->headline, state->meaning);
        append_lines(text, state->next);
        g_string_append_c(text, '\n');
    }
    append_tunnels(text, status);
    append_servers(text, status);
    g_string_append_printf(text, "Auto-lock    %s\n",
                           look_up_flag(status, "auto_lock")
                               ? "on: a VPN that carries all traffic closes the lock as it comes up"
                               : "off: only you close the lock");
    g_string_append_printf(text, "LAN access   %s\n",
                           look_up_flag(status, "lan")
                               ? "on: private addresses of the local network can be reached"
                               : "off");
    if (look_up_flag(status, "locked")) {
        append_blocked(text, status);
        append_lock(text, status);
    }
    append_warnings(text, status);
    return g_string_free(text, FALSE);
}

/* JSON can say "nothing" where D-Bus cannot: the contract's null for a pause that is not and for an
 * address that is not known. */
static void say_nothing(JsonArray *array, guint index, JsonNode *node, gpointer data)
{
    JsonObject *server = json_node_get_object(node);

    (void) array;
    (void) index;
    (void) data;
    if (!json_object_get_string_member(server, "address")[0])
        json_object_set_null_member(server, "address");
}

static void put_in_terms_of_json(JsonObject *status)
{
    gint64 until = json_object_get_int_member(status, "paused_until");
    g_autoptr(GDateTime) end = until > 0 ? g_date_time_new_from_unix_utc(until) : NULL;
    g_autofree char *text = end ? g_date_time_format(end, "%Y-%m-%dT%H:%M:%SZ") : NULL;

    if (text)
        json_object_set_string_member(status, "paused_until", text);
    else
        json_object_set_null_member(status, "paused_until");
    json_array_foreach_element(json_object_get_array_member(status, "servers"), say_nothing, NULL);
}

char *ks_show_json(GVariant *status)
{
    g_autoptr(JsonNode) node = json_gvariant_serialize(status);
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autofree char *json = NULL;

    put_in_terms_of_json(json_node_get_object(node));
    json_generator_set_root(generator, node);
    json_generator_set_pretty(generator, TRUE);
    json = json_generator_to_data(generator, NULL);
    return g_strconcat(json, "\n", NULL);
}
