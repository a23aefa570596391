/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/allow-draft.h"

#include "config.h"

#include <glib/gi18n.h>
#include <netinet/in.h>
#include <string.h>

/* " 65", behind a name that others have already. */
#define NUMBER_SIZE 3u

const char *ks_allow_refusal(const KsRefusedEntry *entry, KsException *ret_what)
{
    KsException what = { 0 };

    if (strcmp(entry->way, "forwarded") == 0)
        return _(
            "An exception would not help: what guests and containers send gets nothing of it.");
    if (!entry->protocol[0] || !ks_exception_read_protocol(entry->protocol, &what) ||
        !ks_exception_read_to(entry->destination, &what) || entry->port > UINT16_MAX ||
        (entry->port == 0) != (what.protocol == IPPROTO_ICMP))
        return _("Exceptions are for TCP, UDP and ping only.");
    what.first_port = what.last_port = (uint16_t) entry->port;
    if (ks_exception_refusal(&what))
        return _("Exceptions are for the address of one other machine, not for a group of them.");
    if (ks_exception_leak(&what))
        return _("This is a question to a name server, which would show what you visit.");
    *ret_what = what;
    return NULL;
}

char *ks_allow_where(const KsException *what)
{
    char to[KS_EXCEPTION_TO_TEXT_SIZE];
    g_autofree char *protocol = g_ascii_strup(ks_exception_protocol_name(what), -1);

    (void) ks_exception_to_text(what, to);
    if (what->protocol == IPPROTO_ICMP)
        /* TRANSLATORS: an address */
        return g_strdup_printf(_("%s, ping"), to);
    if (what->protocol == 0)
        /* TRANSLATORS: an address */
        return g_strdup_printf(_("%s, everything but questions to name servers"), to);
    if (what->first_port == 0)
        /* TRANSLATORS: address, protocol */
        return g_strdup_printf(_("%s, all ports but those of name servers, %s"), to, protocol);
    if (what->first_port != what->last_port)
        /* TRANSLATORS: address, the first and the last port number, protocol */
        return g_strdup_printf(_("%s, ports %u to %u, %s"), to, (unsigned) what->first_port,
                               (unsigned) what->last_port, protocol);
    /* TRANSLATORS: address, port number, protocol */
    return g_strdup_printf(_("%s, port %u, %s"), to, (unsigned) what->first_port, protocol);
}

/* ---- what a person writes ---- */

const char *const ks_allow_protocols[] = { "tcp", "udp", NULL };

const KsAllowService *ks_allow_services(unsigned *ret_length)
{
    static const KsAllowService services[] = {
        { NC_("service", "Web pages (TCP, port 443)"), "tcp", "443", .out = true, .in = true },
        { NC_("service", "Files (TCP, port 445)"), "tcp", "445", .out = true, .in = true },
        { NC_("service", "Remote login by SSH (TCP, port 22)"), "tcp", "22", .out = true,
          .in = true },
        { NC_("service", "Printing (TCP, port 631)"), "tcp", "631", .out = true },
        { NC_("service", "The time (UDP, port 123)"), "udp", "123", .out = true },
        { NC_("service", "Ping"), "icmp", "", .out = true },
        { NC_("service", "Everything there"), "", "", .out = true },
        { NC_("service", "Something else"), NULL, NULL, .out = true, .in = true },
    };

    *ret_length = G_N_ELEMENTS(services);
    return services;
}

const char *ks_allow_service_label(const KsAllowService *service)
{
    return g_dpgettext2(GETTEXT_PACKAGE, "service", service->label);
}

const char *ks_allow_draft_complaint(const KsAllowDraft *draft, KsException *ret_what,
                                     KsAllowField *ret_field)
{
    g_autofree char *address = g_strstrip(g_strdup(draft->address));
    g_autofree char *port = g_strstrip(g_strdup(draft->port));
    KsException what = { .incoming = draft->incoming };
    const char *refusal;

    *ret_field = KS_ALLOW_ADDRESS;
    if (!ks_exception_read_to(address, &what))
        /* as the guard says it */
        return _("An exception is for an address or a range: 192.0.2.5, 192.0.2.0/24 or "
                 "2001:db8::/64. Names have no place here.");
    (void) ks_exception_read_protocol(draft->protocol, &what);
    *ret_field = KS_ALLOW_PORT;
    if (!ks_exception_read_ports(port, &what))
        return _("A port is a number from 1 to 65535, a range two of them, the lower one first.");
    *ret_field = draft->incoming && what.first_port == 0 ? KS_ALLOW_PORT : KS_ALLOW_ADDRESS;
    refusal = ks_exception_refusal(&what);
    if (refusal)
        return _(refusal);
    *ret_what = what;
    return NULL;
}

/* ---- what it is called ---- */

const KsGuardException *ks_allow_by(const GPtrArray *exceptions, const KsException *what)
{
    const KsGuardException *found = NULL;

    for (unsigned i = 0; i < exceptions->len; i++) {
        const KsGuardException *one = g_ptr_array_index(exceptions, i);

        if ((!found || !one->on_one) &&
            ks_exception_lets_out(&one->what, &what->address, what->protocol, what->first_port))
            found = one;
    }
    return found;
}

/* NetworkManager's profiles say what a network is; without it the guard has to refuse what cannot
 * be meant. */
static bool may_be_meant(const KsModel *model, const KsGuardNetwork *network)
{
    for (unsigned i = 0; model->manager_ready && i < model->networks->len; i++) {
        const KsGuardNetwork *set_up = g_ptr_array_index(model->networks, i);

        if (strcmp(set_up->uuid, network->uuid) == 0)
            return !set_up->never_meant;
    }
    return !model->manager_ready;
}

const KsGuardNetwork *ks_allow_network(const KsModel *model)
{
    const KsGuardNetwork *found = NULL;

    for (unsigned i = 0; i < model->guard->networks->len; i++) {
        const KsGuardNetwork *network = g_ptr_array_index(model->guard->networks, i);

        if (!may_be_meant(model, network))
            continue;
        if (found && strcmp(found->uuid, network->uuid) != 0)
            return NULL;
        found = network;
    }
    return found;
}

static void take_names(GPtrArray *names, const GPtrArray *exceptions)
{
    for (unsigned i = 0; i < exceptions->len; i++)
        g_ptr_array_add(names,
                        g_strdup(((KsGuardException *) g_ptr_array_index(exceptions, i))->name));
}

char **ks_allow_taken(const KsGuardState *guard)
{
    GPtrArray *names = g_ptr_array_new();

    take_names(names, guard->exceptions);
    take_names(names, guard->elsewhere);
    g_ptr_array_add(names, NULL);
    return (char **) g_ptr_array_free(names, FALSE);
}

/* As the guard wants names: no blanks around them, no "-" before them. */
static char *trim(const char *sender)
{
    const char *begin = sender + strspn(sender, " -");
    char *name = g_strndup(begin, KS_EXCEPTION_NAME_MAX - NUMBER_SIZE);
    const char *end;

    (void) g_utf8_validate(name, -1, &end); /* may be cut within a letter */
    name[end - name] = '\0';
    return g_strchomp(name);
}

char *ks_allow_name(const char *const *taken, const KsException *what, const char *sender)
{
    char to[KS_EXCEPTION_TO_TEXT_SIZE];
    g_autofree char *trimmed = trim(sender);
    g_autofree char *base = g_strdup(trimmed[0] ? trimmed : ks_exception_to_text(what, to));
    char *name = g_strdup(base);

    for (unsigned number = 2; g_strv_contains(taken, name); number++) {
        g_free(name);
        name = g_strdup_printf("%s %u", base, number);
    }
    return name;
}

bool ks_allow_name_fits(const char *name)
{
    return name[0] && strlen(name) <= KS_EXCEPTION_NAME_MAX;
}

KsRequest ks_allow_request(const KsAllowWish *wish)
{
    if (wish->what->incoming)
        return wish->network ? KS_REQUEST_ADD_SERVICE_ON : KS_REQUEST_ADD_SERVICE;
    return wish->network ? KS_REQUEST_ADD_EXCEPTION_ON : KS_REQUEST_ADD_EXCEPTION;
}

const char *ks_allow_action(const KsAllowWish *wish)
{
    if (wish->what->incoming)
        return wish->network ? "add-service-on" : "add-service";
    return wish->network ? "add-exception-on" : "add-exception";
}

GVariant *ks_allow_arguments(const KsAllowWish *wish)
{
    const KsException *what = wish->what;
    char to[KS_EXCEPTION_TO_TEXT_SIZE];
    const char *address = ks_exception_to_text(what, to);
    const char *protocol = ks_exception_protocol_name(what);

    if (!wish->network)
        return g_variant_new("(sssqqub)", wish->name, address, protocol, what->first_port,
                             what->last_port, wish->seconds, wish->confirmed);
    return g_variant_new("(sssqqubs)", wish->name, address, protocol, what->first_port,
                         what->last_port, wish->seconds, wish->confirmed, wish->network);
}
