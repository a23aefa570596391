/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/explain.h"

#include "config.h"
#include "ctl/field.h"
#include "ctl/rescue.h"
#include "ctl/show-exceptions.h"
#include "ctl/terminal-text.h"
#include "model/names.h"

#include <glib/gi18n.h>
#include <string.h>

#define CONNECT      "nmcli connection up "
#define ANOTHER      CONNECT "NAME"
#define CONNECT_ASK  "nmcli --ask connection up "
#define EDIT         "nmcli connection edit "
#define DISCONNECT   "nmcli connection down "
#define STEPS_MAX    2
#define COMMAND_LOCK KS_PROGRAM " lock"
#define COMMAND_OPEN KS_PROGRAM " unlock"

typedef struct {
    const char *what;
    const char *command; /* one that ends in a blank is completed by the VPN's name */
} StepText;

typedef struct {
    const char *reason; /* of the bus contract */
    const char *headline;
    const char *why;         /* where the VPN's name is not known */
    const char *why_by_name; /* with a %s for it; NULL: the same */
    StepText steps[STEPS_MAX];
} ReasonText;

#define HEADLINE_BLOCKED N_("Blocked: nothing leaves this machine, because no VPN is connected.")

/* TRANSLATORS: throughout, %s is the name of a VPN as its owner gave it. */
static const ReasonText reason_texts[] = {
    { .reason = "no-vpn",
      .headline = HEADLINE_BLOCKED,
      .why = N_("Only VPN servers can be reached, so that a VPN can connect."),
      .steps = { { N_("Connect a VPN in your desktop's network menu, or by:"), CONNECT } } },
    { .reason = "connecting",
      .headline = N_("Blocked: nothing leaves this machine until the VPN is connected."),
      .why = N_("The VPN is connecting."),
      .why_by_name = N_("“%s” is connecting."),
      .steps = { { N_("To see how it goes on:"), KS_PROGRAM " status --watch" } } },
    { .reason = "tunnel-gone",
      .headline = HEADLINE_BLOCKED,
      .why = N_("NetworkManager says that the VPN is connected, but it has no tunnel."),
      .why_by_name = N_("NetworkManager says that “%s” is connected, but it has no tunnel."),
      /* one that counts as connected cannot be connected again */
      .steps = { { N_("Disconnect it first:"), DISCONNECT },
                 { N_("Then connect the VPN again, or another one:"), CONNECT } } },
    { .reason = "login-failed",
      .headline = HEADLINE_BLOCKED,
      .why = N_("The VPN did not connect: its server refused the login."),
      .why_by_name = N_("“%s” did not connect: its server refused the login."),
      .steps = { { N_("Connect it again, and type the password once more:"), CONNECT_ASK },
                 /* nmcli asks for no password that is saved (libnmc-base/nm-secret-agent-simple.c,
                  * add_vpn_secret_helper()); desktops do */
                 { N_("If it does not ask, correct the saved password in your desktop's network "
                      "settings, or by (set vpn.secrets password=…):"),
                   EDIT } } },
    { .reason = "no-secrets",
      .headline = HEADLINE_BLOCKED,
      .why = N_("The VPN did not connect: a password is missing."),
      .why_by_name = N_("“%s” did not connect: a password is missing."),
      .steps = { { N_("Connect it and type what it asks for:"), CONNECT_ASK } } },
    { .reason = "server-unreachable",
      .headline = HEADLINE_BLOCKED,
      .why = N_("The VPN did not connect in time: its server did not answer, or the two did not "
                "agree."),
      .why_by_name = N_("“%s” did not connect in time: its server did not answer, or the two did "
                        "not agree."),
      .steps = { { N_("Check that this machine is connected to a network:"), "nmcli device" },
                 { N_("Then connect the VPN again, or another one:"), CONNECT } } },
    { .reason = "name-unresolved",
      .headline = HEADLINE_BLOCKED,
      .why = N_("The VPN cannot connect: the address of its server was not found."),
      .why_by_name = N_("“%s” cannot connect: the address of its server was not found."),
      .steps = { { N_("Check that this machine is connected to a network:"), "nmcli device" },
                 { N_("Then connect the VPN again, or another one:"), CONNECT } } },
    { .reason = "service-failed",
      .headline = HEADLINE_BLOCKED,
      .why = N_("The VPN did not connect: the program that runs it has failed."),
      .why_by_name = N_("“%s” did not connect: the program that runs it has failed."),
      .steps = { { N_("See what the program says:"), "journalctl -b -e -u NetworkManager" },
                 { N_("Connect the VPN again, or another one:"), CONNECT } } },
    { .reason = "server-refused",
      .headline = HEADLINE_BLOCKED,
      .why = N_("The VPN did not connect: its server can be reached, but refused the connection."),
      .why_by_name =
          N_("“%s” did not connect: its server can be reached, but refused the connection."),
      .steps = { { N_("Compare server, protocol and port with what the VPN's provider says:"),
                   KS_PROGRAM " vpn list" },
                 { N_("Then connect the VPN again, or another one:"), CONNECT } } },
    { .reason = "certificate",
      .headline = HEADLINE_BLOCKED,
      .why = N_("The VPN did not connect: a certificate, its own or its server's, is not trusted."),
      .why_by_name =
          N_("“%s” did not connect: a certificate, its own or its server's, is not trusted."),
      .steps = { { N_("See which one it is, and ask the VPN's provider for a new profile:"),
                   "journalctl -b -e -u NetworkManager" },
                 { N_("Or connect another VPN:"), ANOTHER } } },
    { .reason = "certificate-date",
      .headline = HEADLINE_BLOCKED,
      .why =
          N_("The VPN did not connect: by this machine's clock a certificate is not valid yet, or "
             "has expired."),
      .why_by_name = N_("“%s” did not connect: by this machine's clock a certificate is not valid "
                        "yet, or has expired."),
      .steps = { { N_("Look at the clock; time servers cannot be reached while locked, so set it by "
                      "hand (date --set) if it is wrong:"),
                   "date" },
                 { N_("Then connect the VPN again, or another one:"), CONNECT } } },
    { .reason = "login-needed",
      .headline = HEADLINE_BLOCKED,
      .why = N_("The VPN did not connect: its server wants a new login."),
      .why_by_name = N_("“%s” did not connect: its server wants a new login."),
      .steps = { { N_("Connect it and type what it asks for:"), CONNECT_ASK },
                 /* NetworkManager's OpenVPN shows nobody a page to log in at */
                 { N_("See what the program says:"), "journalctl -b -e -u NetworkManager" } } },
    { .reason = "program-missing",
      .headline = HEADLINE_BLOCKED,
      .why = N_("The VPN did not connect: a program that it needs is not installed."),
      .why_by_name = N_("“%s” did not connect: a program that it needs is not installed."),
      .steps = { { N_("See which one:"), "journalctl -b -e -u NetworkManager" },
                 { N_("Connect another VPN, or open the lock to install it:"), ANOTHER } } },
    { .reason = "tunnel-dead",
      .headline = N_("Blocked: nothing leaves this machine, because the VPN carries nothing."),
      .why =
          N_("The VPN's interface is there, but nothing is behind it: the program that runs it has "
             "ended, or its server is gone."),
      .why_by_name =
          N_("The interface of “%s” is there, but nothing is behind it: the program that "
             "runs it has ended, or its server is gone."),
      .steps = { { N_("Connect the VPN again, or another one:"), CONNECT } } },
    { .reason = "server-silent",
      .headline = N_("Blocked: nothing leaves this machine, because the VPN carries nothing."),
      .why = N_("The VPN's interface is there, but its server does not answer what is sent to it."),
      .why_by_name = N_("The interface of “%s” is there, but its server does not answer what is "
                        "sent to it."),
      .steps = { { N_("Check that this machine is connected to a network:"), "nmcli device" },
                 { N_("Then connect the VPN again, or another one:"), CONNECT } } },
    { .reason = "overlay-only",
      .headline = N_("Blocked: only an overlay network is up, and no VPN is connected."),
      .why = N_("An overlay network protects nothing, and works only while a VPN is connected."),
      .why_by_name =
          N_("“%s” is an overlay network. It protects nothing, and works only while a VPN is "
             "connected."),
      .steps = { { N_("Connect a VPN in your desktop's network menu, or by:"), CONNECT } } },
    { .reason = "no-interface",
      .headline = HEADLINE_BLOCKED,
      .why =
          N_("A VPN is connected that has no interface of its own: only programs that are set up "
             "for it use it, and it protects nothing."),
      .why_by_name =
          N_("“%s” is connected, but has no interface of its own: only programs that are "
             "set up for it use it, and it protects nothing."),
      .steps = { { N_("Connect a VPN in your desktop's network menu, or by:"), ANOTHER } } },
    { .reason = "manager-away",
      .headline = HEADLINE_BLOCKED,
      .why = N_("NetworkManager is not running, so no VPN can connect."),
      .steps = { { N_("Start it:"), "systemctl start NetworkManager" } } },
    { .reason = KS_REASON_GUARD_AWAY,
      .headline = HEADLINE_BLOCKED,
      .why = N_("The guard does not answer, so no VPN that connects now is let through."),
      .steps = { { N_("Start it:"), "systemctl restart " KS_GUARD_UNIT } } },
};

/* Where there is a network, the first step is another. */
static const struct {
    const char *reason;
    StepText step;
} steps_if_connected[] = {
    /* NetworkManager says no more than that the time was over. The program has said why. */
    { "server-unreachable",
      { N_("See what the VPN's program says, of a certificate or this machine's clock for example:"),
        "journalctl -b -e -u NetworkManager" } },
    /* WireGuard has no program */
    { "server-silent",
      { N_("Compare server, protocol and port with what the VPN's provider says:"),
        KS_PROGRAM " vpn list" } },
};

static const ReasonText no_servers_text = {
    .headline = N_("Blocked: nothing leaves this machine, and no VPN can connect."),
    .why = N_("No VPN with a known server is set up in NetworkManager."),
    .steps = { { N_("Open the lock until a VPN is set up:"), COMMAND_OPEN },
               { N_("Then add a VPN in your desktop's network settings, or from its file:"),
                 "nmcli connection import type openvpn file FILE" } },
};

static const ReasonText unknown_reason_text = {
    .headline = HEADLINE_BLOCKED,
    .steps = { { N_("Connect a VPN in your desktop's network menu, or by:"), CONNECT } },
};

/* LAN access is on, and not limited to other networks than those of now. */
static bool lan_reaches_here(GVariant *status)
{
    g_auto(GStrv) limited_to = ks_field_texts(status, "lan_networks");
    g_autoptr(GVariant) networks = ks_field_list(status, "networks");

    if (!ks_field_flag(status, "lan"))
        return false;
    for (gsize i = 0; limited_to[0] && i < g_variant_n_children(networks); i++) {
        g_autoptr(GVariant) network = g_variant_get_child_value(networks, i);

        if (g_strv_contains((const char *const *) limited_to, ks_field_text(network, "uuid")))
            return true;
    }
    return !limited_to[0];
}

static void free_step(gpointer data)
{
    KsAdvice *step = data;

    g_free(step->what);
    g_free(step->command);
    g_free(step);
}

static void add_step(KsExplanation *explanation, const char *what, const char *command)
{
    KsAdvice *step = g_new0(KsAdvice, 1);

    step->what = g_strdup(what);
    step->command = g_strdup(command);
    g_ptr_array_add(explanation->steps, step);
}

/* The name as an argument of nmcli, to be copied into a shell; NAME where it is not known or is one
 * that nobody should copy. */
static char *argument_of(const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+";
    static const char *const keywords[] = { "id", "uuid", "path", "apath", "ifname", "help", NULL };
    g_autofree char *safe = ks_printable_name(name);
    g_autofree char *quoted = NULL;

    /* TRANSLATORS: in a command, where the name of a VPN must be put */
    if (!name[0] || strcmp(safe, name) != 0)
        return g_strdup(_("NAME"));
    if (name[0] == '-' || g_strv_contains(keywords, name)) {
        quoted = g_shell_quote(name);
        return g_strconcat("id ", quoted, NULL);
    }
    return strspn(name, plain) == strlen(name) ? g_strdup(name) : g_shell_quote(name);
}

/* No program of NetworkManager's brings one up that was set up by hand. */
static bool is_by_hand(GVariant *status, const char *name)
{
    g_autoptr(GVariant) vpns = ks_field_list(status, "vpns");

    for (gsize i = 0; i < g_variant_n_children(vpns); i++) {
        g_autoptr(GVariant) vpn = g_variant_get_child_value(vpns, i);

        if (ks_field_flag(vpn, "manual") && strcmp(ks_field_text(vpn, "name"), name) == 0)
            return true;
    }
    return false;
}

static bool is_overlay(GVariant *status, const char *uuid)
{
    g_autoptr(GVariant) vpn = ks_field_vpn(status, uuid);

    return vpn && ks_field_flag(vpn, "overlay");
}

/* The VPN that is meant if nobody says which: the only one, or "". */
static const char *only_vpn(GVariant *status)
{
    g_autoptr(GVariant) servers = ks_field_list(status, "servers");
    const char *uuid = NULL;
    const char *name = "";

    for (gsize i = 0; i < g_variant_n_children(servers); i++) {
        g_autoptr(GVariant) server = g_variant_get_child_value(servers, i);

        if (is_overlay(status, ks_field_text(server, "uuid")))
            continue;
        if (uuid && strcmp(uuid, ks_field_text(server, "uuid")) != 0)
            return "";
        uuid = ks_field_text(server, "uuid"); /* lives in `servers`, as `name` does */
        name = ks_field_text(server, "name");
    }
    return name;
}

static const ReasonText *find_reason(GVariant *status)
{
    const char *reason = ks_field_text(status, "reason");
    g_autoptr(GVariant) servers = ks_field_list(status, "servers");

    if (strcmp(reason, "no-servers") == 0 ||
        (strcmp(reason, "no-vpn") == 0 && g_variant_n_children(servers) == 0))
        return &no_servers_text;
    for (unsigned i = 0; i < G_N_ELEMENTS(reason_texts); i++)
        if (strcmp(reason_texts[i].reason, reason) == 0)
            return &reason_texts[i];
    return &unknown_reason_text;
}

/* Nobody is told to connect to a network that is connected. */
static const StepText *choose_step(const ReasonText *text, unsigned n, GVariant *status)
{
    g_autoptr(GVariant) networks = ks_field_list(status, "networks");

    if (n == 0 && g_variant_n_children(networks) > 0)
        for (unsigned i = 0; i < G_N_ELEMENTS(steps_if_connected); i++)
            if (g_strcmp0(text->reason, steps_if_connected[i].reason) == 0)
                return &steps_if_connected[i].step;
    return &text->steps[n];
}

static char *complete(const char *command, const char *argument)
{
    if (strcmp(command, ANOTHER) == 0)
        return g_strconcat(CONNECT, _("NAME"), NULL);
    return g_strconcat(command, g_str_has_suffix(command, " ") ? argument : "", NULL);
}

/* NULL: it is about something else, or less than a minute. */
static char *silent_text(GVariant *status)
{
    uint64_t since = ks_field_number(status, "silent_since");
    uint64_t now = (uint64_t) g_get_real_time() / G_USEC_PER_SEC;
    unsigned minutes = since > 0 && now > since ? (unsigned) MIN((now - since) / 60, UINT_MAX) : 0;

    if (minutes == 0)
        return NULL;
    return g_strdup_printf(ngettext("It has not answered for %u minute.",
                                    "It has not answered for %u minutes.", minutes),
                           minutes);
}

static void explain_blocked(KsExplanation *explanation, GVariant *status)
{
    const ReasonText *text = find_reason(status);
    const char *vpn = ks_field_text(status, "reason_vpn");
    const char *meant = vpn[0] ? vpn : only_vpn(status);
    g_autofree char *name = ks_printable_name(vpn);
    g_autofree char *argument = argument_of(is_by_hand(status, meant) ? "" : meant);
    g_autofree char *silent = silent_text(status);

    explanation->mood = KS_MOOD_CAREFUL;
    explanation->headline = g_strdup(_(text->headline));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* checked as such in the table, by gettext */
    if (text->why_by_name && name[0])
        explanation->why = g_strdup_printf(_(text->why_by_name), name);
    else if (text->why)
        explanation->why = g_strdup(_(text->why));
#pragma GCC diagnostic pop
    if (explanation->why && silent) {
        char *why = explanation->why;

        explanation->why = g_strconcat(why, " ", silent, NULL);
        g_free(why);
    }
    if (lan_reaches_here(status))
        explanation->also = g_strdup(_("The local network can be reached (LAN access is on)."));
    for (unsigned i = 0; i < STEPS_MAX && text->steps[i].what; i++) {
        const StepText *step = choose_step(text, i, status);
        g_autofree char *whole = complete(step->command, argument);

        add_step(explanation, _(step->what), whole);
    }
    if (text != &no_servers_text)
        add_step(explanation, _("Or open the lock:"), COMMAND_OPEN);
}

static void explain_unlocked(KsExplanation *explanation, GVariant *status)
{
    g_autoptr(GVariant) tunnels = ks_field_list(status, "tunnels");

    if (g_variant_n_children(tunnels) > 0) {
        explanation->mood = KS_MOOD_CAREFUL;
        explanation->headline =
            g_strdup(_("Unlocked: traffic leaves this machine freely, with and without the VPN."));
        explanation->why = g_strdup(_("If the VPN drops, everything goes out without it."));
    } else {
        explanation->headline = g_strdup(_("Unlocked: traffic leaves this machine freely."));
        if (strcmp(ks_field_text(status, "mode"), "always") == 0)
            explanation->why =
                g_strdup(_("It is locked again from the next start of this machine on."));
        else if (ks_field_flag(status, "auto_lock"))
            explanation->why =
                g_strdup(_("The next VPN that carries all traffic closes the lock as it comes "
                           "up (auto-lock)."));
        else
            explanation->why = g_strdup(_("Auto-lock is off: only you close the lock."));
    }
    add_step(explanation, _("To let traffic out only through a VPN:"), COMMAND_LOCK);
}

/* A split tunnel alone: protected, but most pages do not load. */
static void explain_some_networks(KsExplanation *explanation, const char *name)
{
    g_autofree char *argument = argument_of("");
    g_autofree char *connect = g_strconcat(CONNECT, argument, NULL);

    explanation->mood = KS_MOOD_CAREFUL;
    if (name && name[0])
        explanation->headline = g_strdup_printf(
            _("Protected: only the networks of “%s” can be reached; the rest is blocked."), name);
    else
        explanation->headline = g_strdup(
            _("Protected: only the VPNs' own networks can be reached; the rest is blocked."));
    explanation->why = g_strdup(_("No VPN is connected that carries all traffic."));
    add_step(explanation, _("Connect a VPN that carries all traffic:"), connect);
    add_step(explanation, _("Or open the lock:"), COMMAND_OPEN);
}

static bool has_exceptions(GVariant *status)
{
    g_autofree char *count = ks_show_exceptions_count(status);

    return count != NULL;
}

static void explain_protected(KsExplanation *explanation, GVariant *status)
{
    g_autoptr(GVariant) tunnels = ks_field_list(status, "tunnels");
    g_autoptr(GVariant) overlay_list = ks_field_list(status, "overlays");
    unsigned overlays = (unsigned) g_variant_n_children(overlay_list);
    g_autoptr(GVariant) tunnel = NULL;
    g_autofree char *name = NULL;

    if (g_variant_n_children(tunnels) == 1) {
        tunnel = g_variant_get_child_value(tunnels, 0);
        name = ks_printable_name(ks_field_text(tunnel, "name"));
    }
    if (strcmp(ks_field_text(status, "reason"), "some-networks") == 0) {
        explain_some_networks(explanation, name);
        return;
    }
    explanation->mood = KS_MOOD_GOOD;
    if (overlays > 0)
        explanation->headline = g_strdup_printf(
            ngettext("Protected: nothing leaves this machine except through the VPN and %u overlay "
                     "network.",
                     "Protected: nothing leaves this machine except through the VPN and %u overlay "
                     "networks.",
                     overlays),
            overlays);
    else if (name && name[0])
        explanation->headline =
            g_strdup_printf(_("Protected: nothing leaves this machine except through “%s”."), name);
    else
        explanation->headline =
            g_strdup(_("Protected: nothing leaves this machine except through the VPN."));
    explanation->why =
        g_strdup(has_exceptions(status)
                     ? _("If the VPN drops, what the exceptions let out leaves without it; "
                         "everything else stays blocked until it is back.")
                     : _("If the VPN drops, everything stays blocked until it is back."));
    if (lan_reaches_here(status))
        explanation->also =
            g_strdup(_("The local network can be reached, too (LAN access is on)."));
    add_step(explanation, _("To let traffic out freely again:"), COMMAND_OPEN);
}

static void explain_paused(KsExplanation *explanation, GVariant *status)
{
    uint64_t until = ks_field_number(status, "paused_until");
    /* rounded up, as `until` is */
    uint64_t now = ((uint64_t) g_get_real_time() + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC;
    g_autofree char *end = ks_terminal_moment((int64_t) until);
    g_autofree char *left = ks_terminal_duration(until > now ? until - now : 0);

    explanation->mood = KS_MOOD_CAREFUL;
    /* TRANSLATORS: a time of day */
    explanation->headline =
        g_strdup_printf(_("Paused until %s: traffic leaves this machine freely."), end);
    /* TRANSLATORS: a duration, "4 min 12 s" */
    explanation->why =
        g_strdup_printf(_("In %s the kernel closes the lock again, whatever else happens."), left);
    add_step(explanation, _("To end the pause now:"), KS_PROGRAM " resume");
}

static void explain_broken(KsExplanation *explanation, GVariant *status)
{
    explanation->mood = KS_MOOD_BAD;
    if (ks_field_flag(status, "locked")) {
        explanation->headline =
            g_strdup(_("Broken: the lock in the kernel is not as it should be."));
        explanation->why = g_strdup(_("Do not rely on it until this is put right."));
    } else {
        explanation->headline = g_strdup(_("Broken: the kernel does not hold what it should."));
        explanation->why = g_strdup(
            _("Traffic may be leaving this machine freely. Do not rely on the lock until this is "
              "put right."));
    }
    add_step(explanation, _("Try to close the lock again:"), COMMAND_LOCK);
    add_step(explanation, _("See what the guard says:"), "journalctl -b -e -u " KS_GUARD_UNIT);
}

static const struct {
    const char *state;
    void (*explain)(KsExplanation *explanation, GVariant *status);
} states[] = {
    { "unlocked", explain_unlocked }, { "protected", explain_protected },
    { "blocked", explain_blocked },   { "paused", explain_paused },
    { "broken", explain_broken },
};

/* What is let past the lock stays in sight. */
static void count_exceptions(KsExplanation *explanation, GVariant *status)
{
    g_autofree char *count = ks_show_exceptions_count(status);
    g_autofree char *headline = explanation->headline;

    explanation->headline =
        count ? g_strdup_printf("%s %s", headline, count) : g_steal_pointer(&headline);
}

KsExplanation *ks_explain(GVariant *status)
{
    KsExplanation *explanation = g_new0(KsExplanation, 1);
    const char *state = ks_field_text(status, "state");
    g_autofree char *safe = ks_printable_name(state);

    explanation->steps = g_ptr_array_new_with_free_func(free_step);
    for (unsigned i = 0; i < G_N_ELEMENTS(states); i++)
        if (strcmp(states[i].state, state) == 0) {
            states[i].explain(explanation, status);
            count_exceptions(explanation, status);
            return explanation;
        }
    explanation->mood = KS_MOOD_CAREFUL;
    explanation->headline = g_strdup_printf(
        _("The guard says “%s”, which this program does not know: they are of different versions."),
        safe);
    return explanation;
}

void ks_explanation_free(KsExplanation *explanation)
{
    g_free(explanation->headline);
    g_free(explanation->why);
    g_free(explanation->also);
    g_ptr_array_unref(explanation->steps);
    g_free(explanation);
}
