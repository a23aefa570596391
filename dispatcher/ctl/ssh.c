/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/ssh.h"

#include "config.h"
#include "ctl/field.h"
#include "ctl/output.h"
#include "files/bounded-file.h"
#include "model/address.h"

#include <glib/gi18n.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* sshd(8): the client's address and port, the server's address and port */
#define VARIABLE "SSH_CONNECTION"
#define FIELDS   4u
#define CLIENT   0
#define SERVER   2

#define PARENTS_MAX      64u
#define ENVIRONMENT_MAX  (256u * 1024)
#define ANSWER_SIZE_MAX  16
#define STATUS_LINES_MAX 4096u

/* NULL: it is gone, or another person's. */
static char *read_of(pid_t pid, const char *name, gsize size_max, gsize *ret_size)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/%s", (int) pid, name);

    return ks_file_read_start(path, size_max, ret_size);
}

static pid_t parent_of(pid_t pid)
{
    gsize size;
    g_autofree char *text = read_of(pid, "status", STATUS_LINES_MAX, &size);
    const char *line = text ? strstr(text, "\nPPid:") : NULL;

    return line ? (pid_t) g_ascii_strtoll(line + strlen("\nPPid:"), NULL, 10) : 0;
}

static char *variable_of(pid_t pid)
{
    gsize size;
    g_autofree char *environment = read_of(pid, "environ", ENVIRONMENT_MAX, &size);

    for (gsize at = 0; environment && at < size; at += strlen(environment + at) + 1)
        if (g_str_has_prefix(environment + at, VARIABLE "="))
            return g_strdup(environment + at + strlen(VARIABLE "="));
    return NULL;
}

static char *find_connection(void)
{
    pid_t pid = getpid();

    for (unsigned i = 0; i < PARENTS_MAX && pid > 1; i++, pid = parent_of(pid)) {
        char *found = variable_of(pid);

        if (found)
            return found;
    }
    return NULL;
}

/* A link-local one comes with its zone. */
static bool parse_address(char *text, KsAddress *ret_address)
{
    char *zone = strchr(text, '%');

    if (zone)
        *zone = '\0';
    return ks_address_parse(text, ret_address);
}

static bool is_address_of(const KsAddress *address, const struct sockaddr *own)
{
    if (!own || own->sa_family != address->family)
        return false;
    return memcmp(address->bytes,
                  own->sa_family == AF_INET
                      ? (const void *) &((const struct sockaddr_in *) (const void *) own)->sin_addr
                      : &((const struct sockaddr_in6 *) (const void *) own)->sin6_addr,
                  ks_address_size(address)) == 0;
}

static bool is_tunnel(GVariant *status, const char *interface)
{
    g_autoptr(GVariant) tunnels = ks_field_list(status, "tunnels");

    for (gsize i = 0; i < g_variant_n_children(tunnels); i++) {
        g_autoptr(GVariant) tunnel = g_variant_get_child_value(tunnels, i);

        if (strcmp(ks_field_text(tunnel, "interface"), interface) == 0)
            return true;
    }
    return false;
}

/* This machine has the address, and on no tunnel. */
static bool is_on_uplink(GVariant *status, const KsAddress *address)
{
    struct ifaddrs *all;
    bool on_uplink = false;

    if (getifaddrs(&all) < 0)
        return false;
    for (const struct ifaddrs *one = all; one; one = one->ifa_next)
        on_uplink |= is_address_of(address, one->ifa_addr) && !is_tunnel(status, one->ifa_name);
    freeifaddrs(all);
    return on_uplink;
}

bool ks_ssh_is_there(void)
{
    g_autofree char *connection = find_connection();

    return connection != NULL;
}

char *ks_ssh_session_to_cut(GVariant *status)
{
    g_autofree char *connection = find_connection();
    g_auto(GStrv) fields = connection ? g_strsplit(connection, " ", FIELDS) : NULL;
    char text[KS_ADDRESS_TEXT_SIZE];
    KsAddress client;
    KsAddress server;

    if (!fields || g_strv_length(fields) != FIELDS || !parse_address(fields[CLIENT], &client) ||
        !parse_address(fields[SERVER], &server) || ks_address_is_loopback(&server) ||
        !is_on_uplink(status, &server))
        return NULL;
    /* in the local network it lives, as LAN access has it */
    if (ks_field_flag(status, "lan") && ks_address_is_private(&client))
        return NULL;
    return g_strdup(ks_address_text(&client, text));
}

GVariant *ks_ssh_warn(GVariant *status)
{
    const char *state = ks_field_text(status, "state");
    g_autofree char *session = NULL;
    g_auto(GStrv) warnings = NULL;
    g_autofree char *text = NULL;
    GVariantBuilder builder;
    GVariantDict fields;

    if (strcmp(state, "unlocked") == 0 || strcmp(state, "paused") == 0)
        session = ks_ssh_session_to_cut(status);
    if (!session)
        return g_variant_ref(status);
    text = g_strdup_printf(
        _("You are connected by SSH from %s, and not through a VPN: when the "
          "lock closes, by “lock” or by a VPN that comes up (auto-lock), this "
          "session is cut, and SSH cannot reach this machine until it is unlocked."),
        session);
    warnings = ks_field_texts(status, "warnings");
    g_variant_builder_init(&builder, G_VARIANT_TYPE_STRING_ARRAY);
    g_variant_builder_add(&builder, "s", text);
    for (unsigned i = 0; warnings[i]; i++)
        g_variant_builder_add(&builder, "s", warnings[i]);
    g_variant_dict_init(&fields, status);
    g_variant_dict_insert_value(&fields, "warnings", g_variant_builder_end(&builder));
    return g_variant_ref_sink(g_variant_dict_end(&fields));
}

bool ks_ssh_is_refused(const char *session)
{
    char answer[ANSWER_SIZE_MAX] = "";

    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return false; /* a program, which cannot answer */
    ks_output_complain_f(_("You are connected by SSH from %s, and not through a VPN: the lock cuts "
                           "this session, and SSH cannot reach this machine until it is unlocked."),
                         session);
    /* TRANSLATORS: a question on a terminal; the answer is the letter y in every language */
    (void) fputs(_("Lock all the same? [y/N] "), stderr);
    (void) fflush(stderr);
    return !fgets(answer, sizeof(answer), stdin) || g_ascii_tolower(answer[0]) != 'y';
}
