/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/show-exceptions.h"

#include "config.h"
#include "ctl/field.h"
#include "ctl/terminal-text.h"
#include "model/exception.h"

#include <glib/gi18n.h>
#include <string.h>

#define SOURCE_COLUMNS 200

static char *ports_text(GVariant *exception)
{
    unsigned first = (unsigned) ks_field_number(exception, "first_port");
    unsigned last = (unsigned) ks_field_number(exception, "last_port");
    const char *protocol = ks_field_text(exception, "protocol");

    if (first == 0)
        return g_strdup(protocol[0] ? protocol : _("tcp, udp and icmp"));
    return first == last ? g_strdup_printf("%s %u", protocol, first)
                         : g_strdup_printf("%s %u-%u", protocol, first, last);
}

static char *other_end(GVariant *exception)
{
    g_autofree char *from = ks_printable_name(ks_field_text(exception, "from"));

    if (!from[0])
        return ks_printable_name(ks_field_text(exception, "to"));
    /* TRANSLATORS: an address, of who may reach a service of this machine */
    return g_strdup_printf(_("from %s"), from);
}

static bool is_for_one_network(GVariant *exception)
{
    g_autoptr(GVariant) network =
        g_variant_lookup_value(exception, "network", G_VARIANT_TYPE_STRING);

    return network != NULL;
}

/* Takes over what is shown so far. */
static char *with_network(GVariant *exception, char *shown)
{
    g_autofree char *what = shown;
    g_autofree char *name = ks_printable_name(ks_field_text(exception, "network_name"));

    if (!is_for_one_network(exception))
        return g_steal_pointer(&what);
    if (!name[0])
        /* TRANSLATORS: what an exception lets out; the network's name is another person's */
        return g_strdup_printf(_("%s, on one network"), what);
    /* TRANSLATORS: what an exception lets out, and the name of the only network where it does */
    return g_strdup_printf(_("%s, on %s"), what, name);
}

static char *show_what(GVariant *exception)
{
    uint64_t until = ks_field_number(exception, "until");
    g_autofree char *to = other_end(exception);
    g_autofree char *raw = ports_text(exception);
    g_autofree char *ports = ks_printable_name(raw);
    g_autofree char *end = NULL;

    if (until == 0)
        return with_network(exception, g_strdup_printf("%s, %s", to, ports));
    end = ks_terminal_moment((int64_t) until);
    /* TRANSLATORS: an address, a protocol with its ports, and a time of day */
    return with_network(exception, g_strdup_printf(_("%s, %s, until %s"), to, ports, end));
}

char *ks_show_exception(GVariant *exception)
{
    g_autofree char *name = ks_printable_name(ks_field_text(exception, "name"));
    g_autofree char *what = show_what(exception);
    g_autofree char *source = ks_printable(ks_field_text(exception, "source"), SOURCE_COLUMNS);
    g_autofree char *whole =
        source[0] ? g_strdup_printf(_("%s (set in %s)"), what, source) : g_strdup(what);

    return g_strdup_printf(_("%s: %s"), name, whole);
}

char *ks_show_exception_answers(GVariant *status, GVariant *exception)
{
    KsException what = { .incoming = true };

    if (strcmp(ks_field_text(status, "state"), "protected") != 0 ||
        ks_field_text(status, "reason")[0] /* it carries some networks only */ ||
        !ks_exception_read_to(ks_field_text(exception, "from"), &what) ||
        ks_exception_is_private(&what))
        return NULL;
    return g_strdup(_("While a VPN carries all traffic, answers beyond the local network go into "
                      "it, and mostly do not arrive. “man nm-killswitch” says under “allow add” "
                      "how to lead them back."));
}

/* `status`: of those that are in force; NULL: of the others. */
static void append_list(GString *out, GVariant *exceptions, GVariant *status)
{
    for (gsize i = 0; i < g_variant_n_children(exceptions); i++) {
        g_autoptr(GVariant) exception = g_variant_get_child_value(exceptions, i);
        g_autofree char *shown = ks_show_exception(exception);
        g_autofree char *line =
            status ? g_strdup(shown)
                   /* TRANSLATORS: an exception, and what it would let out where it holds */
                   : g_strdup_printf(_("%s (closed: that network is not here)"), shown);
        g_autofree char *answers = status ? ks_show_exception_answers(status, exception) : NULL;

        ks_terminal_append_wrapped(out, "", 2, line);
        if (answers)
            ks_terminal_append_wrapped(out, "  ", 2, answers);
    }
}

char *ks_show_exceptions(GVariant *status)
{
    g_autoptr(GVariant) exceptions = ks_field_list(status, "exceptions");
    g_autoptr(GVariant) elsewhere = ks_field_list(status, "exceptions_elsewhere");
    GString *out = g_string_new(NULL);

    if (g_variant_n_children(exceptions) + g_variant_n_children(elsewhere) == 0)
        ks_terminal_append_wrapped(out, "", 0, _("There are no exceptions from the lock."));
    append_list(out, exceptions, status);
    append_list(out, elsewhere, NULL);
    return g_string_free(out, FALSE);
}

char *ks_show_exceptions_count(GVariant *status)
{
    g_autoptr(GVariant) exceptions = ks_field_list(status, "exceptions");
    unsigned count = (unsigned) g_variant_n_children(exceptions);
    const char *state = ks_field_text(status, "state");

    if (count == 0 || (strcmp(state, "protected") != 0 && strcmp(state, "blocked") != 0))
        return NULL;
    return g_strdup_printf(
        ngettext("%u exception lets more out.", "%u exceptions let more out.", count), count);
}
