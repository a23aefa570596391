/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"
#include "ctl/field.h"
#include "ctl/json.h"
#include "ctl/network-choice.h"
#include "ctl/output.h"
#include "ctl/rescue.h"
#include "ctl/run-command.h"
#include "ctl/show.h"
#include "ctl/ssh.h"
#include "model/duration.h"
#include "model/event.h"
#include "model/mode.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>

static void print_status(const KsCommandLine *line, GVariant *status, KsShowPart part)
{
    g_autofree char *text = NULL;

    if (ks_command_line_has(line, KS_OPTION_JSON)) {
        text = ks_json_status(status);
        ks_output_data(text);
    } else {
        text = ks_show_status(status, part, ks_output_has_colour());
        ks_output_print(text);
    }
}

/* Shows what a change that is done has made of it. */
static KsExitStatus show(const KsCommandLine *line, KsShowPart part)
{
    g_autoptr(GVariant) state = NULL;
    KsExitStatus status = ks_command_line_get_status(
        line, NULL, _("What was asked for was done before that."), &state);

    if (status == KS_EXIT_DONE)
        print_status(line, state, part);
    return status;
}

static KsExitStatus change(const KsCommandLine *line, const char *method, GVariant *arguments,
                           KsShowPart part, const char *what_holds)
{
    KsExitStatus status = ks_command_line_call(line, method, arguments, what_holds);

    return status == KS_EXIT_DONE ? show(line, part) : status;
}

/* That the guard does not answer is said by what follows; who comes by no SSH does not wait for it
 * twice. */
static bool cuts_who_asks(const KsCommandLine *line)
{
    g_autoptr(GVariant) state = NULL;
    g_autofree char *message = NULL;
    g_autofree char *session = NULL;

    if (!ks_ssh_is_there() ||
        ks_client_get_status(line->client, &state, &message) != KS_EXIT_DONE ||
        (ks_field_flag(state, "locked") && strcmp(ks_field_text(state, "state"), "paused") != 0))
        return false;
    session = ks_ssh_session_to_cut(state);
    return session && ks_ssh_is_refused(session);
}

/* What closes the lock. */
static KsExitStatus close_lock(const KsCommandLine *line, const char *method, GVariant *arguments,
                               KsShowPart part)
{
    const char *what_holds = _("Nothing was changed: what was open is still open.");
    g_autoptr(GVariant) held = arguments ? g_variant_ref_sink(arguments) : NULL;

    if (cuts_who_asks(line)) {
        ks_output_add(what_holds);
        return KS_EXIT_FAILED;
    }
    return change(line, method, held, part, what_holds);
}

KsExitStatus ks_run_lock(const KsCommandLine *line)
{
    return close_lock(line, "Lock", NULL, KS_SHOW_STATE);
}

/* Shows what the rescue, without the guard, has made of it. */
static KsExitStatus show_rescue(const KsCommandLine *line, KsExitStatus status, const char *note)
{
    g_autoptr(GVariant) state = NULL;

    if (status == KS_EXIT_DONE)
        status = ks_rescue_status(&state);
    if (status != KS_EXIT_DONE)
        return status;
    if (ks_command_line_has(line, KS_OPTION_JSON)) {
        print_status(line, state, KS_SHOW_STATE);
        return KS_EXIT_DONE;
    }
    print_status(line, state, KS_SHOW_HEADLINE);
    ks_output_print(note);
    return KS_EXIT_DONE;
}

KsExitStatus ks_run_unlock(const KsCommandLine *line)
{
    g_autoptr(GVariant) result = NULL;
    g_autofree char *message = NULL;
    KsExitStatus status = ks_client_call(line->client, "Unlock", NULL, &result, &message);

    if (status == KS_EXIT_NO_GUARD && ks_client_is_root())
        return show_rescue(line, ks_rescue_unlock(),
                           _("This was done without the guard, which does not answer. It stays "
                             "unlocked when\nthe guard is back.\n"));
    if (status == KS_EXIT_DONE)
        return show(line, KS_SHOW_STATE);
    return ks_command_line_fail(line, status, message, _("What was locked stays locked."));
}

KsExitStatus ks_run_pause(const KsCommandLine *line)
{
    const char *duration = ks_command_line_word(line, 0);
    uint32_t seconds = 0;
    int error = ks_duration_parse(duration, &seconds);

    if (error == -ERANGE)
        return ks_usage(NULL,
                        _("“%s” is too long for a pause. To open the lock: nm-killswitch unlock"),
                        duration);
    if (error < 0)
        return ks_usage(NULL,
                        _("“%s” is no duration. Write seconds (90 or 90s), minutes (5m) or hours "
                          "(2h)."),
                        duration);
    if (seconds == 0)
        return ks_usage(NULL, _("A pause must last at least a second."));
    return change(line, "Pause", g_variant_new("(u)", seconds), KS_SHOW_STATE,
                  _("Nothing was changed: what was locked stays locked."));
}

KsExitStatus ks_run_resume(const KsCommandLine *line)
{
    g_autoptr(GVariant) result = NULL;
    g_autofree char *message = NULL;
    KsExitStatus status = ks_client_call(line->client, "Resume", NULL, &result, &message);

    if (status == KS_EXIT_NO_GUARD && ks_client_is_root())
        return show_rescue(line, ks_rescue_resume(), "");
    if (status == KS_EXIT_DONE)
        return show(line, KS_SHOW_STATE);
    return ks_command_line_fail(line, status, message,
                                _("Nothing was changed: a pause that is running ends by itself."));
}

/* Returns KS_EXIT_DONE with the switch's position, or KS_EXIT_USAGE. */
static KsExitStatus parse_switch(const KsCommandLine *line, bool *ret_on)
{
    const char *word = ks_command_line_word(line, 0);

    if (strcmp(word, "on") != 0 && strcmp(word, "off") != 0)
        return ks_usage(NULL, _("“%s” must be followed by “on” or “off”, not by “%s”."),
                        line->command->name, word);
    *ret_on = strcmp(word, "on") == 0;
    return KS_EXIT_DONE;
}

/* UUIDs of the networks that are connected now; NULL, with a complaint, if that cannot be. */
static GVariant *networks_here(const KsCommandLine *line, const char *what_holds,
                               KsExitStatus *ret_status)
{
    g_autoptr(GVariant) state = NULL;
    g_autoptr(GVariant) networks = NULL;
    g_autofree char *message = NULL;
    GVariantBuilder uuids;

    *ret_status = ks_client_get_status(line->client, &state, &message);
    if (*ret_status != KS_EXIT_DONE) {
        (void) ks_command_line_fail(line, *ret_status, message, what_holds);
        return NULL;
    }
    networks = ks_field_list(state, "networks");
    if (g_variant_n_children(networks) == 0) {
        ks_output_complain(_("No network is connected, so there is no “here”."));
        *ret_status = KS_EXIT_FAILED;
        return NULL;
    }
    g_variant_builder_init(&uuids, G_VARIANT_TYPE_STRING_ARRAY);
    for (gsize i = 0; i < g_variant_n_children(networks); i++) {
        g_autoptr(GVariant) network = g_variant_get_child_value(networks, i);

        g_variant_builder_add(&uuids, "s", ks_field_text(network, "uuid"));
    }
    return g_variant_builder_end(&uuids);
}

KsExitStatus ks_run_lan(const KsCommandLine *line)
{
    const char *what_holds = _("LAN access was not changed.");
    GVariant *networks = NULL;
    bool on = false;
    KsExitStatus status = parse_switch(line, &on);

    if (status != KS_EXIT_DONE)
        return status;
    if (ks_command_line_has(line, KS_OPTION_ONLY_HERE) && !on)
        return ks_usage(NULL, _("“--only-here” goes with “lan on” only: off is off everywhere."));
    if (ks_command_line_has(line, KS_OPTION_ONLY_HERE))
        networks = networks_here(line, what_holds, &status);
    else
        networks = g_variant_new_strv(NULL, 0);
    if (!networks)
        return status;
    return change(line, "SetLanAccess", g_variant_new("(b@as)", on, networks), KS_SHOW_LAN,
                  what_holds);
}

KsExitStatus ks_run_auto(const KsCommandLine *line)
{
    bool on = false;
    KsExitStatus status = parse_switch(line, &on);

    if (status != KS_EXIT_DONE)
        return status;
    return change(line, "SetAutoLock", g_variant_new("(b)", on), KS_SHOW_MODE,
                  _("Auto-lock was not changed."));
}

static bool only_raises(const KsCommandLine *line, KsMode mode)
{
    g_autoptr(GVariant) state = NULL;
    g_autofree char *message = NULL;
    KsMode now;

    return ks_mode_only_raises(KS_MODE_OFF, mode) &&
           ks_client_get_status(line->client, &state, &message) == KS_EXIT_DONE &&
           ks_mode_parse(ks_field_text(state, "mode"), &now) && ks_mode_only_raises(now, mode);
}

KsExitStatus ks_run_mode(const KsCommandLine *line)
{
    const char *what_holds = _("The mode was not changed.");
    const char *word = line->words->len > 0 ? ks_command_line_word(line, 0) : NULL;
    KsMode mode;

    if (!word)
        return show(line, KS_SHOW_MODE);
    if (!ks_mode_parse(word, &mode))
        return ks_usage(NULL, _("“%s” is no mode: choose always, vpn, drops or off."), word);
    if (mode == KS_MODE_ALWAYS)
        return close_lock(line, "SetMode", g_variant_new("(s)", word), KS_SHOW_MODE);
    if (only_raises(line, mode))
        return change(line, "SetAutoLock", g_variant_new("(b)", TRUE), KS_SHOW_MODE, what_holds);
    return change(line, "SetMode", g_variant_new("(s)", word), KS_SHOW_MODE, what_holds);
}

KsExitStatus ks_run_disconnect(const KsCommandLine *line)
{
    const char *vpn = line->words->len > 0 ? ks_command_line_word(line, 0) : "";

    return change(line, "Disconnect", g_variant_new("(s)", vpn), KS_SHOW_STATE,
                  _("Nothing was changed: what was locked stays locked."));
}

static GVariant *network_named(const KsCommandLine *line, const char *what_holds,
                               KsExitStatus *ret_status)
{
    g_autofree char *uuid = NULL;
    const char *uuids[1];

    *ret_status = ks_choose_network(line, KS_CHOICE_KNOWN, what_holds, &uuid);
    if (*ret_status != KS_EXIT_DONE)
        return NULL;
    uuids[0] = uuid;
    return g_variant_new_strv(uuids, G_N_ELEMENTS(uuids));
}

/* On some networks alone. */
static KsExitStatus always_on_there(const KsCommandLine *line, const char *vpn)
{
    const char *what_holds = _("Which VPN is always on was not changed.");
    GVariant *networks = NULL;
    KsExitStatus status;

    if (line->on && ks_command_line_has(line, KS_OPTION_ONLY_HERE))
        return ks_usage(NULL, _("“--on” and “--only-here” do not go together."));
    if (line->others->len > 0)
        return ks_usage(NULL, line->on ? _("“--or” and “--on” do not go together.")
                                       : _("“--or” and “--only-here” do not go together."));
    networks = line->on ? network_named(line, what_holds, &status)
                        : networks_here(line, what_holds, &status);
    if (!networks)
        return status;
    return change(line, "SetAlwaysOnHere", g_variant_new("(s@as)", vpn, networks),
                  KS_SHOW_ALWAYS_ON, what_holds);
}

KsExitStatus ks_run_always_on(const KsCommandLine *line)
{
    const char *first = ks_command_line_word(line, 0);
    bool off = strcmp(first, "off") == 0;
    GVariantBuilder vpns;

    if (off && line->others->len > 0)
        return ks_usage(NULL, _("“off” and “--or” do not go together."));
    if (line->on || ks_command_line_has(line, KS_OPTION_ONLY_HERE))
        return always_on_there(line, off ? "" : first);
    g_variant_builder_init(&vpns, G_VARIANT_TYPE_STRING_ARRAY);
    if (!off)
        g_variant_builder_add(&vpns, "s", first);
    for (unsigned i = 0; i < line->others->len; i++)
        g_variant_builder_add(&vpns, "s", (const char *) g_ptr_array_index(line->others, i));
    return change(line, "SetAlwaysOn", g_variant_new("(as)", &vpns), KS_SHOW_ALWAYS_ON,
                  _("Which VPN is always on was not changed."));
}

KsExitStatus ks_run_share(const KsCommandLine *line)
{
    bool off = strcmp(ks_command_line_word(line, 0), "off") == 0;
    GVariantBuilder cards;

    if (off && line->words->len > 1)
        return ks_usage(NULL, _("“off” goes with no interface: it is for all of them."));
    g_variant_builder_init(&cards, G_VARIANT_TYPE_STRING_ARRAY);
    for (unsigned i = 0; i < line->words->len && !off; i++) {
        const char *card = ks_command_line_word(line, i);

        if (!ks_interface_name_is_valid(card)) {
            g_variant_builder_clear(&cards);
            return ks_usage(NULL, _("“%s” cannot be the name of an interface."), card);
        }
        g_variant_builder_add(&cards, "s", card);
    }
    return change(line, "SetSharing", g_variant_new("(as)", &cards), KS_SHOW_SHARING,
                  _("By which cards this machine’s connection is shared was not changed."));
}
