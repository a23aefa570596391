/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/arguments.h"

#include "config.h"
#include "ctl/commands.h"
#include "ctl/output.h"
#include "model/names.h"

#include <glib/gi18n.h>
#include <string.h>

/* A word that is as far from what was typed was not meant. */
#define DISTANCE_MAX 2

/* Nobody types longer ones. */
#define LENGTH_MAX 32

const KsOptionText ks_option_texts[] = {
    { "--json", KS_OPTION_JSON, N_("print JSON, for programs") },
    { "--check", KS_OPTION_CHECK,
      N_("exit with 0 only if it is locked and verified, else with 5") },
    { "--watch", KS_OPTION_WATCH, N_("go on and print every change, until Ctrl-C") },
    { "--only-here", KS_OPTION_ONLY_HERE, N_("only on the networks that are connected now") },
    { "--interface", KS_OPTION_INTERFACE, N_("the network interface that the VPN comes up on"),
      N_("INTERFACE") },
    { "--server", KS_OPTION_SERVER,
      N_("a server of the VPN: HOST:PORT/udp, HOST:PORT/tcp, [IPV6]:PORT/udp, HOST/esp; may be "
         "given several times"),
      N_("SERVER") },
    { "--type", KS_OPTION_TYPE, N_("the VPN's kind: wireguard, openvpn or another word"),
      N_("TYPE") },
    { "--overlay", KS_OPTION_OVERLAY,
      N_("it is an overlay network beside the VPN (Tailscale, ZeroTier), which protects nothing") },
    { "--locks", KS_OPTION_LOCKS,
      N_("whether it closes the lock as it comes up: auto if it carries all traffic"),
      "yes|no|auto" },
    { "--format", KS_OPTION_FORMAT, N_("which tool the script is for"), "nft|iptables" },
    { "--vpn", KS_OPTION_VPN,
      N_("which VPN, by its name or UUID; may be left out if there is one, or one that is up"),
      N_("NAME|UUID") },
    { "--or", KS_OPTION_OR,
      N_("a VPN that stands in while the one before cannot be connected; may be given several "
         "times"),
      N_("NAME|UUID") },
    { "--clear", KS_OPTION_CLEAR, N_("the servers that the profile names again") },
    { "--keep", KS_OPTION_KEEP,
      N_("have it kept for so long, though nobody looks; off: what was kept is forgotten"),
      N_("DURATION|off") },
    { "--output", KS_OPTION_OUTPUT, N_("a new file to write to, instead of standard output"),
      N_("FILE") },
    { "--full", KS_OPTION_FULL, N_("with all names and addresses as they are") },
    { "--drop", KS_OPTION_DROP,
      N_("over a drop: the VPN's interface is taken away, and the VPN connected again") },
    { "--online", KS_OPTION_ONLINE,
      N_("ask this service on the internet how it sees you, through the VPN and without"), "URL" },
    { "--yes", KS_OPTION_YES, N_("without asking first") },
    { "--to", KS_OPTION_TO, N_("where to: an address or a range"), N_("ADDRESS[/LENGTH]") },
    { "--from", KS_OPTION_FROM,
      N_("who may reach a service of this machine: an address or a range, 0.0.0.0/0 or ::/0 for "
         "anybody"),
      N_("ADDRESS[/LENGTH]") },
    { "--protocol", KS_OPTION_PROTOCOL, N_("by this protocol alone"), "tcp|udp|icmp" },
    { "--port", KS_OPTION_PORT,
      N_("to this port alone, or to a range of ports; with --from of this machine"),
      N_("PORT[-PORT]") },
    { "--for", KS_OPTION_FOR, N_("for so long; then the kernel ends it by itself"),
      N_("DURATION") },
    { "--on", KS_OPTION_ON,
      N_("on this network alone, by its name or UUID; here: the only one that is connected now"),
      N_("NETWORK|here") },
    { "--yes-it-leaks", KS_OPTION_LEAKS,
      N_("although it opens more than people think, which is said without this") },
    { "--no-ask-password", KS_OPTION_NO_ASK_PASSWORD, N_("never ask for a password") },
    { "--help", KS_OPTION_HELP, N_("explain the program, or a command") },
    { "--version", KS_OPTION_VERSION, N_("print the version") },
};

const unsigned ks_option_texts_count = G_N_ELEMENTS(ks_option_texts);

/* How many letters must be changed, put in, left out (Levenshtein). */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[LENGTH_MAX + 1];
    size_t columns = strlen(b);

    if (columns > LENGTH_MAX || strlen(a) > LENGTH_MAX)
        return LENGTH_MAX;
    for (unsigned j = 0; j <= columns; j++)
        row[j] = j;
    for (unsigned i = 1; a[i - 1]; i++) {
        unsigned diagonal = row[0];

        row[0] = i;
        for (unsigned j = 1; j <= columns; j++) {
            unsigned change = diagonal + (a[i - 1] != b[j - 1]);

            diagonal = row[j];
            row[j] = MIN(change, MIN(row[j], row[j - 1]) + 1);
        }
    }
    return row[columns];
}

static void consider(const char *typed, const char *known, const char **best, unsigned *least)
{
    unsigned far = distance(typed, known);

    /* a word of two letters is near to every other */
    if (far < *least && far < strlen(known) / 2 + 1) {
        *best = known;
        *least = far;
    }
}

static KsExitStatus unknown_option(const char *typed)
{
    unsigned least = DISTANCE_MAX + 1;
    const char *meant = NULL;

    for (unsigned i = 0; i < ks_option_texts_count; i++)
        consider(typed, ks_option_texts[i].name, &meant, &least);
    if (meant)
        return ks_usage(NULL, _("There is no option “%s”. Did you mean “%s”?"), typed, meant);
    return ks_usage(KS_PROGRAM " --help", _("There is no option “%s”."), typed);
}

static KsExitStatus unknown_command(const char *typed)
{
    unsigned least = DISTANCE_MAX + 1;
    const char *meant = NULL;

    for (unsigned i = 0; i < ks_commands_count; i++)
        consider(typed, ks_commands[i].name, &meant, &least);
    if (strcmp(typed, "help") == 0)
        meant = "--help";
    if (meant)
        return ks_usage(NULL, _("There is no command “%s”. Did you mean “%s”?"), typed, meant);
    return ks_usage(KS_PROGRAM " --help", _("There is no command “%s”."), typed);
}

/* NULL: there is none. `ret_value`: what stands behind a "=", else NULL. */
static const KsOptionText *find_option(const char *typed, const char **ret_value)
{
    const char *equals = strchr(typed, '=');
    g_autofree char *name = equals ? g_strndup(typed, (gsize) (equals - typed))
                                   : g_strdup(strcmp(typed, "-h") == 0 ? "--help" : typed);

    *ret_value = equals ? equals + 1 : NULL;
    for (unsigned i = 0; i < ks_option_texts_count; i++)
        if (strcmp(ks_option_texts[i].name, name) == 0 && (!equals || ks_option_texts[i].value))
            return &ks_option_texts[i];
    return NULL;
}

static void take_value(KsCommandLine *line, unsigned option, const char *value)
{
    if (option == KS_OPTION_SERVER)
        g_ptr_array_add(line->servers, (void *) value);
    else if (option == KS_OPTION_OR)
        g_ptr_array_add(line->others, (void *) value);
    else if (option == KS_OPTION_INTERFACE)
        line->interface = value;
    else if (option == KS_OPTION_TYPE)
        line->type = value;
    else if (option == KS_OPTION_LOCKS)
        line->locks = value;
    else if (option == KS_OPTION_FORMAT)
        line->format = value;
    else if (option == KS_OPTION_VPN)
        line->vpn = value;
    else if (option == KS_OPTION_OUTPUT)
        line->output = value;
    else if (option == KS_OPTION_KEEP)
        line->keep = value;
    else if (option == KS_OPTION_ONLINE)
        line->online = value;
    else if (option == KS_OPTION_TO)
        line->to = value;
    else if (option == KS_OPTION_FROM)
        line->from = value;
    else if (option == KS_OPTION_PROTOCOL)
        line->protocol = value;
    else if (option == KS_OPTION_PORT)
        line->port = value;
    else if (option == KS_OPTION_FOR)
        line->how_long = value;
    else if (option == KS_OPTION_ON)
        line->on = value;
}

/* How many of the words the command's name takes; 0: it is another one. */
static unsigned match(const KsCommand *command, const GPtrArray *words)
{
    g_auto(GStrv) name = g_strsplit(command->name, " ", -1);
    unsigned length = g_strv_length(name);

    if (words->len < length)
        return 0;
    for (unsigned i = 0; i < length; i++)
        if (strcmp(name[i], g_ptr_array_index(words, i)) != 0)
            return 0;
    return length;
}

/* The word begins a name of two, and the second is missing or another one. */
static KsExitStatus no_command(const GPtrArray *words)
{
    const char *first = g_ptr_array_index(words, 0);
    g_autofree char *group = g_strconcat(first, " ", NULL);
    GString *names = NULL;
    g_autofree char *list = NULL;

    for (unsigned i = 0; i < ks_commands_count; i++) {
        if (!g_str_has_prefix(ks_commands[i].name, group))
            continue;
        if (!names)
            names = g_string_new(NULL);
        else
            g_string_append(names, _(", "));
        g_string_append_printf(names, _("“%s”"), ks_commands[i].name + strlen(group));
    }
    if (!names)
        return unknown_command(first);
    list = g_string_free(names, FALSE);
    if (words->len == 1)
        return ks_usage(NULL, _("“%s” must be followed by: %s"), first, list);
    return ks_usage(NULL, _("“%s” must be followed by one of these, not by “%s”: %s"), first,
                    (const char *) g_ptr_array_index(words, 1), list);
}

static KsExitStatus find_command(KsCommandLine *line)
{
    for (unsigned i = 0; i < ks_commands_count; i++) {
        unsigned taken = match(&ks_commands[i], line->words);

        if (taken == 0)
            continue;
        line->command = &ks_commands[i];
        g_ptr_array_remove_range(line->words, 0, taken);
        return KS_EXIT_DONE;
    }
    return no_command(line->words);
}

static KsExitStatus check_options(const KsCommandLine *line, const char *see)
{
    unsigned known = line->command->options | KS_OPTIONS_EVERYWHERE;

    for (unsigned i = 0; i < ks_option_texts_count; i++)
        if (line->options & ks_option_texts[i].option & ~known)
            return ks_usage(see, _("“%s” has no option “%s”."), line->command->name,
                            ks_option_texts[i].name);
    return KS_EXIT_DONE;
}

static KsExitStatus check_words(const KsCommandLine *line, const char *see)
{
    const KsCommand *command = line->command;

    if (line->words->len < command->words_min)
        return ks_usage(see, _("“%s” must be followed by: %s"), command->name,
                        _(command->arguments));
    if (line->words->len > command->words_max)
        return ks_usage(see, _("“%s” does not know what to do with “%s”."), command->name,
                        ks_command_line_word(line, command->words_max));
    return KS_EXIT_DONE;
}

KsExitStatus ks_arguments_parse(int argc, char **argv, KsCommandLine *ret_line)
{
    g_autofree char *see = NULL;
    bool options_end = false;
    KsExitStatus status;

    *ret_line = (KsCommandLine){ .words = g_ptr_array_new(),
                                 .servers = g_ptr_array_new(),
                                 .others = g_ptr_array_new() };
    for (int i = 1; i < argc; i++) {
        const KsOptionText *option;
        const char *value;

        if (options_end || argv[i][0] != '-' || argv[i][1] == '\0') {
            g_ptr_array_add(ret_line->words, argv[i]);
        } else if (strcmp(argv[i], "--") == 0) {
            options_end = true;
        } else {
            option = find_option(argv[i], &value);
            if (!option)
                return unknown_option(argv[i]);
            ret_line->options |= option->option;
            if (option->value && !value && i + 1 < argc)
                value = argv[++i];
            if (option->value && !value && !(ret_line->options & KS_OPTION_HELP))
                return ks_usage(NULL, _("“%s” must be followed by: %s"), option->name,
                                _(option->value));
            if (value)
                take_value(ret_line, option->option, value);
        }
    }
    if (ks_command_line_has(ret_line, KS_OPTION_VERSION) || ret_line->words->len == 0)
        return KS_EXIT_DONE;
    status = find_command(ret_line);
    if (status != KS_EXIT_DONE || ks_command_line_has(ret_line, KS_OPTION_HELP))
        return status;
    see = g_strdup_printf(KS_PROGRAM " %s --help", ret_line->command->name);
    status = check_options(ret_line, see);
    return status == KS_EXIT_DONE ? check_words(ret_line, see) : status;
}

void ks_command_line_clear(KsCommandLine *line)
{
    g_clear_pointer(&line->words, g_ptr_array_unref);
    g_clear_pointer(&line->servers, g_ptr_array_unref);
    g_clear_pointer(&line->others, g_ptr_array_unref);
    g_clear_pointer(&line->client, ks_client_free);
}
