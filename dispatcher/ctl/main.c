/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"
#include "ctl/client.h"
#include "ctl/rescue.h"
#include "ctl/show.h"
#include "model/names.h"

#include <locale.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    const char *name;
    const char *arguments; /* as shown in the help */
    const char *help;
    KsExitStatus (*run)(int argc, char **argv);
} Command;

static void say_failure(const char *message)
{
    g_printerr("%s: %s\n", KS_PROGRAM, message);
}

static KsExitStatus usage(const char *format, ...) G_GNUC_PRINTF(1, 2);

static KsExitStatus usage(const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list arguments;

    va_start(arguments, format);
    message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_printerr("%s: %s\nSee: %s --help\n", KS_PROGRAM, message, KS_PROGRAM);
    return KS_EXIT_USAGE;
}

static bool is_root(void)
{
    return geteuid() == 0;
}

/* Without the guard only root can go on. */
static KsExitStatus no_guard(KsExitStatus status, const char *message, const char *what_holds)
{
    say_failure(message);
    if (status == KS_EXIT_NO_GUARD)
        g_printerr("%s\nStart it with: systemctl start %s\n", what_holds, KS_GUARD_UNIT);
    return status;
}

static KsExitStatus get_status(GVariant **ret_status, char **ret_message)
{
    g_autoptr(GVariant) result = NULL;
    KsExitStatus status = ks_client_call("GetStatus", NULL, &result, ret_message);

    if (status == KS_EXIT_DONE)
        g_variant_get(result, "(@a{sv})", ret_status);
    return status;
}

/* Does what was asked for, and shows what that made of it. */
static KsExitStatus ask_and_show(const char *method, GVariant *arguments, const char *what_holds)
{
    g_autoptr(GVariant) result = NULL;
    g_autoptr(GVariant) state = NULL;
    g_autofree char *message = NULL;
    g_autofree char *text = NULL;
    KsExitStatus status = ks_client_call(method, arguments, &result, &message);

    if (status == KS_EXIT_DONE)
        status = get_status(&state, &message);
    if (status != KS_EXIT_DONE)
        return no_guard(status, message, what_holds);
    text = ks_show_status(state);
    g_print("%s", text);
    return KS_EXIT_DONE;
}

static KsExitStatus no_arguments(int argc, char **argv)
{
    return argc > 1 ? usage("“%s” takes no “%s”", argv[0], argv[1]) : KS_EXIT_DONE;
}

/* Returns KS_EXIT_DONE with the switch's position, or KS_EXIT_USAGE. */
static KsExitStatus parse_switch(int argc, char **argv, bool *ret_on)
{
    if (argc != 2 || (strcmp(argv[1], "on") != 0 && strcmp(argv[1], "off") != 0))
        return usage("“%s” needs “on” or “off”", argv[0]);
    *ret_on = strcmp(argv[1], "on") == 0;
    return KS_EXIT_DONE;
}

static KsExitStatus run_lock(int argc, char **argv)
{
    KsExitStatus status = no_arguments(argc, argv);

    return status != KS_EXIT_DONE
               ? status
               : ask_and_show("Lock", NULL, "Nothing was changed: what was open is still open.");
}

static KsExitStatus run_unlock(int argc, char **argv)
{
    g_autoptr(GVariant) result = NULL;
    g_autofree char *message = NULL;
    KsExitStatus status = no_arguments(argc, argv);

    if (status != KS_EXIT_DONE)
        return status;
    if (is_root() && ks_client_call("GetStatus", NULL, &result, &message) == KS_EXIT_NO_GUARD)
        return ks_rescue_unlock();
    return ask_and_show("Unlock", NULL,
                        "What was locked stays locked. Root can open it without the guard: sudo "
                        "nm-killswitch unlock");
}

static KsExitStatus run_lan(int argc, char **argv)
{
    bool on = false;
    KsExitStatus status = parse_switch(argc, argv, &on);

    return status != KS_EXIT_DONE ? status
                                  : ask_and_show("SetLanAccess", g_variant_new("(bas)", on, NULL),
                                                 "LAN access was not changed.");
}

static KsExitStatus run_auto(int argc, char **argv)
{
    bool on = false;
    KsExitStatus status = parse_switch(argc, argv, &on);

    return status != KS_EXIT_DONE ? status
                                  : ask_and_show("SetAutoLock", g_variant_new("(b)", on),
                                                 "Auto-lock was not changed.");
}

static KsExitStatus run_rules(int argc, char **argv)
{
    g_autoptr(GVariant) result = NULL;
    g_autofree char *message = NULL;
    const char *rules;
    KsExitStatus status = no_arguments(argc, argv);

    if (status != KS_EXIT_DONE)
        return status;
    status = ks_client_call("GetRules", NULL, &result, &message);
    if (status == KS_EXIT_NO_GUARD && is_root())
        return ks_rescue_rules();
    if (status != KS_EXIT_DONE)
        return no_guard(status, message, "What was locked stays locked.");
    g_variant_get(result, "(&s)", &rules);
    g_print("%s", rules);
    return KS_EXIT_DONE;
}

/* Locked, and the kernel's own word says so. */
static bool is_locked_and_verified(GVariant *status)
{
    gboolean locked = FALSE;
    gboolean verified = FALSE;

    (void) g_variant_lookup(status, "locked", "b", &locked);
    (void) g_variant_lookup(status, "verified", "b", &verified);
    return locked && verified;
}

static KsExitStatus run_status(int argc, char **argv)
{
    g_autoptr(GVariant) result = NULL;
    g_autofree char *message = NULL;
    g_autofree char *text = NULL;
    KsExitStatus status;
    int locked = FALSE;
    bool json = false;
    bool check = false;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (strcmp(argv[i], "--check") == 0)
            check = true;
        else
            return usage("“status” does not know “%s”", argv[i]);
    }
    status = get_status(&result, &message);
    if (status == KS_EXIT_NO_GUARD && is_root()) {
        status = ks_rescue_status(json, &locked);
    } else if (status == KS_EXIT_DONE) {
        text = json ? ks_show_json(result) : ks_show_status(result);
        g_print("%s", text);
        locked = is_locked_and_verified(result);
    } else {
        return no_guard(status, message, "What was locked stays locked.");
    }
    return status == KS_EXIT_DONE && check && !locked ? KS_EXIT_NOT_LOCKED : status;
}

static const Command commands[] = {
    { "status", "[--json] [--check]", "what is locked, why, and what to do next", run_status },
    { "lock", "", "let traffic out only through a VPN", run_lock },
    { "unlock", "", "let traffic out freely again", run_unlock },
    { "lan", "on|off", "reach the local network while locked", run_lan },
    { "auto", "on|off", "lock by itself when a VPN that carries all traffic comes up", run_auto },
    { "rules", "", "print the rules that the kernel holds", run_rules },
};

static void print_help(void)
{
    g_print("Usage: %s COMMAND\n\n"
            "A VPN kill switch held by the kernel: while it is locked, nothing leaves this\n"
            "machine except through a VPN that NetworkManager has brought up.\n\n",
            KS_PROGRAM);
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autofree char *call = g_strdup_printf("%s %s", commands[i].name, commands[i].arguments);

        g_print("  %-28s %s\n", call, commands[i].help);
    }
    g_print(
        "  %-28s %s\n  %-28s %s\n\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage, 3 not authorised, 4 the guard cannot be\n"
        "reached, 5 with “status --check” when it is not locked or not verified.\n\n"
        "Locked out? As root, “%s unlock” works even if nothing else runs.\n",
        "--version", "print the version", "--help", "print this", KS_PROGRAM);
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "");
    if (argc < 2) {
        print_help();
        return KS_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help();
        return KS_EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        g_print("%s %s\n", KS_PROGRAM, KS_VERSION);
        return KS_EXIT_DONE;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return (int) commands[i].run(argc - 1, argv + 1);
    return (int) usage("there is no command “%s”", argv[1]);
}
