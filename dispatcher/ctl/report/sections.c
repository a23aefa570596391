/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/report/sections.h"

#include "config.h"
#include "ctl/field.h"
#include "ctl/leak-call.h"
#include "ctl/leaks.h"
#include "ctl/report/run-program.h"
#include "ctl/rescue.h"
#include "kernel/links.h"
#include "model/names.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <pwd.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define LOG_LINES      "300"
#define OS_RELEASE_MAX (16u * 1024)

/* Whose accounts are people's, for their names. */
#define USERS_MAX 4096u

/* Said by a program; else why not. `silent`: why it may say nothing. */
static void put_program(KsReport *report, const char *const *arguments, const char *silent)
{
    g_autofree char *why = NULL;
    g_autofree char *said = ks_program_run(arguments, &why);

    if (said && said[0])
        ks_paper_put_text(report->paper, said);
    else
        ks_paper_lacks(report->paper, "%s", said ? silent : g_strchomp(why));
}

/* ---- system ---- */

/* Names that may stand anywhere. */
static void learn_people(KsReport *report)
{
    struct passwd *user;
    unsigned count = 0;

    setpwent();
    while (count < USERS_MAX && (user = getpwent())) {
        bool is_person = user->pw_uid >= 1000 && user->pw_uid < 65000;

        if (!is_person)
            continue;
        count++;
        ks_paper_learn(report->paper, KS_IDENTITY_USER, user->pw_name);
        if (user->pw_gecos && user->pw_gecos[0]) {
            g_auto(GStrv) parts = g_strsplit(user->pw_gecos, ",", -1);

            for (unsigned i = 0; parts[i]; i++)
                ks_paper_learn(report->paper, KS_IDENTITY_USER, parts[i]);
        }
    }
    endpwent();
}

static void learn_machine(KsReport *report, const struct utsname *system)
{
    g_auto(GStrv) labels = g_strsplit(system->nodename, ".", 2);

    ks_paper_learn(report->paper, KS_IDENTITY_HOST, system->nodename);
    ks_paper_learn(report->paper, KS_IDENTITY_HOST, labels[0]);
}

static void put_distribution(KsReport *report)
{
    static const char *const fields[] = { "PRETTY_NAME=", "ID=", "VERSION_ID=", "VARIANT_ID=" };
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    gsize length = 0;

    if (!g_file_get_contents("/etc/os-release", &text, &length, NULL) || length > OS_RELEASE_MAX) {
        ks_paper_put(report->paper, "distribution: not known (no /etc/os-release)\n");
        return;
    }
    lines = g_strsplit(text, "\n", -1);
    for (unsigned i = 0; lines[i]; i++)
        for (unsigned j = 0; j < G_N_ELEMENTS(fields); j++)
            if (g_str_has_prefix(lines[i], fields[j])) {
                char *value = lines[i] + strlen(fields[j]);

                g_strdelimit(value, "\"'", ' ');
                ks_paper_put(report->paper, "%s ", fields[j]);
                ks_paper_put_text(report->paper, g_strstrip(value));
                ks_paper_put(report->paper, "\n");
            }
}

static void put_system(KsReport *report)
{
    static const char *const virtualisation[] = { "systemd-detect-virt", NULL };
    static const char *const environment[] = { "XDG_CURRENT_DESKTOP", "XDG_SESSION_TYPE", "LANG" };
    struct utsname system;
    g_autofree char *why = NULL;
    g_autofree char *virt = ks_program_run(virtualisation, &why);

    ks_paper_put(report->paper, "nm-killswitch: %s\n", KS_VERSION);
    if (uname(&system) == 0) {
        learn_machine(report, &system);
        ks_paper_put(report->paper, "kernel: ");
        ks_paper_put_text(report->paper, system.release);
        ks_paper_put(report->paper, " (%s, ", system.machine);
        ks_paper_put_text(report->paper, system.version);
        ks_paper_put(report->paper, ")\n");
    }
    put_distribution(report);
    ks_paper_put(report->paper, "GLib: %u.%u.%u\n", glib_major_version, glib_minor_version,
                 glib_micro_version);
    ks_paper_put(report->paper, "virtualisation: ");
    ks_paper_put_text(report->paper, g_strchomp(virt ? virt : why));
    ks_paper_put(report->paper, "\n");
    for (unsigned i = 0; i < G_N_ELEMENTS(environment); i++) {
        const char *value = g_getenv(environment[i]);

        if (value) {
            ks_paper_put(report->paper, "%s: ", environment[i]);
            ks_paper_put_text(report->paper, value);
            ks_paper_put(report->paper, "\n");
        }
    }
    learn_people(report);
}

/* ---- state and rules ---- */

static void put_state(KsReport *report)
{
    static const KsPaperKey keys[] = {
        { "name", KS_IDENTITY_NAME },
        { "uuid", KS_IDENTITY_UUID },
        { "network_name", KS_IDENTITY_NAME },
        { "network", KS_IDENTITY_UUID },
        { "interfaces", KS_IDENTITY_INTERFACE },
        { "host", KS_IDENTITY_HOST },
        { "interface", KS_IDENTITY_INTERFACE },
        { "always_on", KS_IDENTITY_UUID },
        { "connection", KS_IDENTITY_NAME },
        { NULL, 0 },
    };
    g_autoptr(GVariant) state = NULL;
    g_autofree char *why = NULL;
    KsExitStatus status = ks_client_get_status(report->client, &state, &why);

    if (status != KS_EXIT_DONE) {
        ks_paper_lacks(report->paper, "%s", why);
        if (status != KS_EXIT_NO_GUARD || !ks_client_is_root() ||
            ks_rescue_status(&state) != KS_EXIT_DONE)
            return;
        ks_paper_put(report->paper, "What the kernel holds:\n");
    }
    report->verified = ks_field_flag(state, "verified");
    ks_paper_put_variant(report->paper, state, keys, 0);
}

/* In chains, constant sets and comments stands what this program was built with. */
static void put_listing(KsReport *report, const char *rules)
{
    g_auto(GStrv) lines = g_strsplit(rules, "\n", -1);
    bool in_chain = false;
    bool constant = false;

    for (unsigned i = 0; lines[i]; i++) {
        const char *line = g_strdelimit(lines[i], "\t", ' ');
        bool begins = g_str_has_suffix(line, "{");

        if (begins) {
            in_chain = strstr(line, "chain ") != NULL;
            constant = false;
        } else if (strstr(line, " flags constant")) {
            constant = true;
        }
        if (report->verified && !begins && !strstr(line, "device ") &&
            (in_chain || constant || strstr(line, " comment \"")))
            ks_paper_put(report->paper, "%s", line);
        else
            ks_paper_put_text(report->paper, line);
        ks_paper_put(report->paper, "\n");
    }
}

static void put_rules(KsReport *report)
{
    g_autoptr(GVariant) result = NULL;
    g_autofree char *why = NULL;
    g_autofree char *rules = NULL;
    KsExitStatus status = ks_client_call(report->client, "GetRules", NULL, &result, &why);

    if (status == KS_EXIT_NO_GUARD && ks_client_is_root())
        (void) ks_rescue_rules(&rules);
    else if (status == KS_EXIT_DONE && g_variant_is_of_type(result, G_VARIANT_TYPE("(s)")))
        g_variant_get(result, "(s)", &rules);
    if (!rules)
        ks_paper_lacks(report->paper, "%s", why ? why : "the rules cannot be read");
    else if (!rules[0])
        ks_paper_put(report->paper, "none\n");
    else
        put_listing(report, rules);
}

/* ---- links ---- */

static void put_addresses(KsReport *report, const char *name, const struct ifaddrs *all)
{
    for (const struct ifaddrs *each = all; each; each = each->ifa_next) {
        char text[KS_ADDRESS_TEXT_SIZE];
        KsAddress address = { 0 };

        if (!each->ifa_addr || strcmp(each->ifa_name, name) != 0 ||
            (each->ifa_addr->sa_family != AF_INET && each->ifa_addr->sa_family != AF_INET6))
            continue;
        address.family = (uint8_t) each->ifa_addr->sa_family;
        if (address.family == AF_INET)
            memcpy(address.bytes, &((struct sockaddr_in *) (void *) each->ifa_addr)->sin_addr, 4);
        else
            memcpy(address.bytes, &((struct sockaddr_in6 *) (void *) each->ifa_addr)->sin6_addr,
                   16);
        ks_paper_put(report->paper, "    ");
        ks_paper_put_text(report->paper, ks_address_text(&address, text));
        ks_paper_put(report->paper, "\n");
    }
}

static void put_link(KsReport *report, const KsLink *link, const KsWorld *world)
{
    static const char *const carried[] = { "nothing", "some", "all" };
    const struct {
        bool is;
        const char *word;
    } words[] = {
        { link->up, "up" },
        { link->no_carrier, "no carrier" },
        { link->loopback, "loopback" },
        { link->tunnel_kind, "can carry a VPN" },
        { link->default_route, "default route" },
        { link->leads_out, "leads out" },
        { link->access_point, "access point" },
        { link->lower_elsewhere, "stands on a link of another namespace" },
    };
    const KsLink *master = ks_world_link_by_index(world, link->master);
    const KsLink *lower = ks_world_link_by_index(world, link->lower);

    ks_paper_put_value(report->paper, KS_IDENTITY_INTERFACE, link->name);
    ks_paper_put(report->paper, ": index %u, kind %s, hardware %u, carries %s of IPv4, %s of IPv6",
                 link->index, link->kind[0] ? link->kind : "none", link->hardware,
                 carried[link->carried[KS_IPV4]], carried[link->carried[KS_IPV6]]);
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
        if (words[i].is)
            ks_paper_put(report->paper, ", %s", words[i].word);
    if (master) {
        ks_paper_put(report->paper, ", port of ");
        ks_paper_put_value(report->paper, KS_IDENTITY_INTERFACE, master->name);
    }
    if (lower && !link->lower_elsewhere) {
        ks_paper_put(report->paper, ", on ");
        ks_paper_put_value(report->paper, KS_IDENTITY_INTERFACE, lower->name);
    }
    ks_paper_put(report->paper, "\n");
}

static void put_links(KsReport *report)
{
    g_autoptr(KsWorld) world = ks_world_new();
    struct ifaddrs *addresses = NULL;
    int error = ks_links_look(world);

    if (error) {
        ks_paper_lacks(report->paper, "the kernel's links cannot be read: %s", g_strerror(-error));
        return;
    }
    if (getifaddrs(&addresses) != 0)
        addresses = NULL;
    for (unsigned i = 0; i < world->links->len; i++) {
        const KsLink *link = &g_array_index(world->links, KsLink, i);

        put_link(report, link, world);
        put_addresses(report, link->name, addresses);
    }
    if (addresses)
        freeifaddrs(addresses);
}

/* ---- other programs ---- */

static void put_firewalls(KsReport *report)
{
    static const char *const list[] = { "nft", "list", "tables", NULL };
    g_autofree char *why = NULL;
    g_autofree char *said = NULL;
    g_auto(GStrv) lines = NULL;

    if (!ks_client_is_root()) {
        ks_paper_lacks(report->paper, "only root may list them");
        return;
    }
    said = ks_program_run(list, &why);
    if (!said) {
        ks_paper_lacks(report->paper, "%s", g_strchomp(why));
        return;
    }
    lines = g_strsplit(said, "\n", -1);
    for (unsigned i = 0; lines[i]; i++) {
        g_auto(GStrv) words = g_strsplit(g_strstrip(lines[i]), " ", 3);

        if (g_strv_length(words) != 3)
            continue;
        ks_paper_put(report->paper, "table ");
        ks_paper_put_text(report->paper, words[1]);
        ks_paper_put(report->paper, " ");
        ks_paper_put_value(report->paper, KS_IDENTITY_TEXT, words[2]);
        ks_paper_put(report->paper, "\n");
    }
}

static void put_units(KsReport *report)
{
    static const char *const show[] = {
        "systemctl",
        "show",
        "--no-pager",
        "--property=Id,LoadState,ActiveState,SubState,UnitFileState,Result,NRestarts,ExecMainStatus",
        KS_GUARD_UNIT,
        "nm-killswitch.socket",
        "nm-killswitch-early.service",
        "nm-killswitch-leak-test.service",
        "nm-killswitch-refused.service",
        "nm-killswitch-sleep.service",
        "NetworkManager.service",
        "NetworkManager-dispatcher.service",
        "systemd-resolved.service",
        "systemd-networkd.service",
        "dnsmasq.service",
        "unbound.service",
        "firewalld.service",
        "ufw.service",
        "nftables.service",
        "netfilter-persistent.service",
        "docker.service",
        "libvirtd.service",
        "tailscaled.service",
        NULL,
    };

    put_program(report, show, "no words");
}

static void put_log(KsReport *report)
{
    static const char *const show[] = {
        "journalctl",
        "--no-pager",
        "--quiet",
        "--boot",
        "--output=short-iso",
        "--no-hostname",
        "--lines=" LOG_LINES,
        "--unit=" KS_GUARD_UNIT,
        "--unit=nm-killswitch-early.service",
        "--unit=nm-killswitch-leak-test.service",
        "--unit=nm-killswitch-refused.service",
        NULL,
    };

    if (!report->full && !report->names_known) {
        ks_paper_lacks(
            report->paper,
            "NetworkManager did not tell the names of all profiles, which may stand there "
            "(--full has it)");
        return;
    }
    put_program(report, show,
                "no lines; only root and the groups adm and systemd-journal may read them");
}

static void put_leak_test(KsReport *report)
{
    static const char *const verdicts[] = {
        [KS_LEAK_CLOSED] = "closed",
        [KS_LEAK_LEAKED] = "leaked",
        [KS_LEAK_UNJUDGED] = "unjudged",
    };
    g_autoptr(GVariant) told = NULL;
    g_autofree char *why = NULL;
    g_autofree char *text = NULL;
    g_autofree char *words = NULL;
    g_autoptr(KsLeakResult) result = NULL;

    if (!report->bus) {
        ks_paper_lacks(report->paper, "it was not run: %s", report->no_bus);
        return;
    }
    if (ks_leak_call(report->bus, false, &told, &why) != KS_EXIT_DONE) {
        ks_paper_lacks(report->paper, "it was not run: %s", why);
        return;
    }
    result = ks_leak_result_read(told);
    text = ks_show_leaks(result, false);
    ks_paper_put_text(report->paper, text);
    words = g_strdup_printf("state: %s, resolver: %s, server: %s, doubt: %s\n", result->state,
                            result->resolver, result->server,
                            result->doubt[0] ? result->doubt : "none");
    ks_paper_put_text(report->paper, words);
    ks_paper_put(report->paper, "verdict: %s\n", verdicts[result->verdict]);
}

/* ---- all ---- */

static const struct {
    const char *title;
    void (*write)(KsReport *report);
} sections[] = {
    { "system", put_system },
    { "state, layers and warnings", put_state },
    { "links", put_links },
    { "NetworkManager", ks_report_network_manager },
    { "leak test", put_leak_test },
    { "units", put_units },
    { "firewalls' tables", put_firewalls },
    { "last log lines of this boot", put_log },
    { "rules", put_rules },
};

void ks_report_write(KsReport *report)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(sections); i++) {
        ks_paper_section(report->paper, sections[i].title);
        sections[i].write(report);
    }
}
