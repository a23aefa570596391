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

static char *show_what(GVariant *exception)
{
    uint64_t until = ks_field_number(exception, "until");
    g_autofree char *to = other_end(exception);
    g_autofree char *raw = ports_text(exception);
    g_autofree char *ports = ks_printable_name(raw);
    g_autofree char *end = NULL;

    if (until == 0)
        return g_strdup_printf("%s, %s", to, ports);
    end = ks_terminal_moment((int64_t) until);
    /* TRANSLATORS: an address, a protocol with its ports, and a time of day */
    return g_strdup_printf(_("%s, %s, until %s"), to, ports, end);
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

char *ks_show_exceptions(GVariant *status)
{
    g_autoptr(GVariant) exceptions = ks_field_list(status, "exceptions");
    GString *out = g_string_new(NULL);

    if (g_variant_n_children(exceptions) == 0)
        ks_terminal_append_wrapped(out, "", 0, _("There are no exceptions from the lock."));
    for (gsize i = 0; i < g_variant_n_children(exceptions); i++) {
        g_autoptr(GVariant) exception = g_variant_get_child_value(exceptions, i);
        g_autofree char *line = ks_show_exception(exception);
        g_autofree char *answers = ks_show_exception_answers(status, exception);

        ks_terminal_append_wrapped(out, "", 2, line);
        if (answers)
            ks_terminal_append_wrapped(out, "  ", 2, answers);
    }
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
