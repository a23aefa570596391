/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/show-always-on.h"

#include "config.h"
#include "ctl/field.h"
#include "model/duration.h"
#include "model/printable.h"

#include <glib/gi18n.h>
#include <string.h>

/* A path may be longer than a name. */
#define SOURCE_COLUMNS 200

/* Why it waits (contract.md), as the end of a sentence. */
static const struct {
    const char *word;
    const char *text;
} reasons[] = {
    { "manager-away", N_("NetworkManager does not run") },
    { "no-network", N_("there is no network") },
    { "portal", N_("the network wants a login in a browser first") },
    { "disconnected", N_("somebody disconnected it; to connect it: nm-killswitch always-on NAME") },
    { "other-vpn", N_("another VPN is connected") },
    { "no-profile", N_("there is no such VPN for all users any more") },
    { "nobody-logged-in", N_("its password is a person’s, and nobody is logged in") },
    { "dropped", N_("it was connected, and dropped") },
    { "login-failed", N_("the server refused the login") },
    { "no-secrets", N_("a password is missing") },
    { "server-unreachable", N_("the server does not answer") },
    { "service-failed", N_("the VPN’s program failed") },
    { "server-refused", N_("the server refused the connection") },
    { "name-unresolved", N_("the server’s name was not found") },
    { "certificate", N_("a certificate is not trusted") },
    { "certificate-date", N_("a certificate is not valid by this machine’s clock") },
    { "login-needed", N_("the server wants a new login") },
    { "program-missing", N_("a program is not installed") },
    { "failed", N_("the last attempt failed") },
    { "needs-person", N_("the last attempt failed") },
};

static const char *reason_text(GVariant *always)
{
    const char *words[] = { ks_field_text(always, "failure"), ks_field_text(always, "reason") };

    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
        for (unsigned j = 0; words[i][0] && j < G_N_ELEMENTS(reasons); j++)
            if (strcmp(reasons[j].word, words[i]) == 0)
                return _(reasons[j].text);
    return words[1];
}

/* Their names, “Home”, “Work”; of one that is gone, its UUID. */
static char *names_text(GVariant *vpns, const char *only)
{
    GString *names = g_string_new(NULL);

    for (gsize i = 0; i < g_variant_n_children(vpns); i++) {
        g_autoptr(GVariant) vpn = g_variant_get_child_value(vpns, i);
        const char *uuid = ks_field_text(vpn, "uuid");
        g_autofree char *name = ks_printable_name(ks_field_text(vpn, "name"));

        if (only && strcmp(uuid, only) != 0)
            continue;
        /* TRANSLATORS: one of a list of names: “Home”, “Office” */
        g_string_append_printf(names, names->len > 0 ? ", “%s”" : "“%s”", name[0] ? name : uuid);
    }
    return g_string_free(names, FALSE);
}

static char *state_text(GVariant *always, const char *names, const char *vpn)
{
    int64_t next = (int64_t) ks_field_number(always, "next_try");
    int64_t left = next - g_get_real_time() / G_USEC_PER_SEC;
    const char *state = ks_field_text(always, "state");
    char in[KS_DURATION_TEXT_SIZE];

    (void) ks_duration_text((uint32_t) CLAMP(left, 1, 24 * 60 * 60), in);
    if (strcmp(state, "connecting") == 0)
        /* TRANSLATORS: names of VPNs, and of the one that connects */
        return g_strdup_printf(_("%s: connecting %s"), names, vpn);
    if (strcmp(state, "up") == 0)
        return next > 0
                   /* TRANSLATORS: names of VPNs, the one that is connected, and a duration (40s) */
                   ? g_strdup_printf(_("%s: %s stands in; the first is tried again in %s"), names,
                                     vpn, in)
                   /* TRANSLATORS: names of VPNs, and of the one that is connected */
                   : g_strdup_printf(_("%s: %s is connected"), names, vpn);
    if (next > 0)
        /* TRANSLATORS: names of VPNs, a duration (40s), and why, as the end of the sentence */
        return g_strdup_printf(_("%s: next try in %s, because %s"), names, in, reason_text(always));
    /* TRANSLATORS: names of VPNs, and why, as the end of the sentence */
    return g_strdup_printf(_("%s: waits, because %s"), names, reason_text(always));
}

static char *line_of_state(GVariant *always)
{
    g_autoptr(GVariant) usual = ks_field_list(always, "vpns");
    g_autoptr(GVariant) here = ks_field_list(always, "here");
    GVariant *vpns = g_variant_n_children(here) > 0 ? here : usual;
    g_autofree char *names = names_text(vpns, NULL);
    g_autofree char *vpn = names_text(vpns, ks_field_text(always, "vpn"));
    g_autofree char *source = ks_printable(ks_field_text(always, "source"), SOURCE_COLUMNS);
    g_autofree char *text = names[0] ? state_text(always, names, vpn)
                                     : g_strdup(_("off: you connect your VPN yourself"));

    /* TRANSLATORS: what is so, and the administrator's file that decides it */
    return source[0] ? g_strdup_printf(_("%s (set in %s)"), text, source) : g_steal_pointer(&text);
}

/* NULL: it has no VPN of its own. */
static char *line_of_network(GVariant *status, GVariant *network)
{
    const char *uuid = ks_field_text(network, "vpn");
    g_autoptr(GVariant) vpn = ks_field_vpn(status, uuid);
    g_autofree char *vpn_name = ks_printable_name(vpn ? ks_field_text(vpn, "name") : uuid);
    g_autofree char *name = ks_printable_name(ks_field_text(network, "name"));

    if (!uuid[0])
        return NULL;
    /* TRANSLATORS: the name of a network, and of the VPN that is connected there */
    return g_strdup_printf(_("on the network “%s”: “%s”"),
                           name[0] ? name : ks_field_text(network, "uuid"), vpn_name);
}

char **ks_show_always_on(GVariant *status)
{
    g_autoptr(GVariant) always = ks_field_dictionary(status, "always_on");
    g_autoptr(GVariant) networks = ks_field_list(status, "known_networks");
    g_autoptr(GPtrArray) lines = g_ptr_array_new();

    if (ks_field_text(always, "state")[0])
        g_ptr_array_add(lines, line_of_state(always));
    for (gsize i = 0; lines->len > 0 && i < g_variant_n_children(networks); i++) {
        g_autoptr(GVariant) network = g_variant_get_child_value(networks, i);
        char *line = line_of_network(status, network);

        if (line)
            g_ptr_array_add(lines, line);
    }
    g_ptr_array_add(lines, NULL);
    return (char **) g_ptr_array_free(g_steal_pointer(&lines), FALSE);
}
