/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/show-refused.h"

#include "ctl/terminal-text.h"
#include "model/refused-words.h"

#include <glib/gi18n.h>

#define INDENT "    "

static void append_entry(GString *out, const KsRefusedEntry *entry, bool colour)
{
    g_autofree char *who = ks_refused_who(entry);
    g_autofree char *else_known = ks_refused_who_else(entry);
    g_autofree char *where = ks_refused_where(entry);
    g_autofree char *often = ks_refused_how_often(entry);
    g_autofree char *when = ks_terminal_moment(entry->last);
    g_autofree char *title =
        else_known[0] ? g_strdup_printf("%s (%s)", who, else_known) : g_strdup(who);
    g_autofree char *target = g_strdup_printf("%s: %s", where, ks_refused_why(entry));
    /* TRANSLATORS: how often ("3 times"), and when it was last */
    g_autofree char *times = g_strdup_printf(_("%s, last at %s"), often, when);

    if (colour)
        g_string_append(out, "\033[1m");
    ks_terminal_append_wrapped(out, "", 0, title);
    if (colour)
        g_string_insert(out, (gssize) out->len - 1, "\033[0m");
    ks_terminal_append_wrapped(out, INDENT, sizeof(INDENT) - 1, target);
    ks_terminal_append_wrapped(out, INDENT, sizeof(INDENT) - 1, times);
}

static void append_kept(GString *out, const KsRefusedReport *report)
{
    g_autofree char *since = ks_terminal_moment(report->kept_since);
    g_autofree char *until = ks_terminal_moment(report->kept_until);
    /* TRANSLATORS: two times of day */
    g_autofree char *kept = g_strdup_printf(_("Kept since %s, until %s:"), since, until);

    ks_terminal_append_wrapped(out, "", 0, kept);
    g_string_append_c(out, '\n');
}

char *ks_show_refused(const KsRefusedReport *report, bool colour)
{
    GString *out = g_string_new(NULL);
    g_autofree char *missing = ks_refused_not_shown(report);

    if (report->kept_until > 0)
        append_kept(out, report);
    if (report->entries->len == 0)
        ks_terminal_append_wrapped(out, "", 0, ks_refused_nothing(report));
    for (unsigned i = 0; i < report->entries->len; i++)
        append_entry(out, g_ptr_array_index(report->entries, i), colour);
    if (missing) {
        g_string_append_c(out, '\n');
        ks_terminal_append_wrapped(out, "", 0, missing);
    }
    return g_string_free(out, FALSE);
}

char *ks_show_refused_line(const KsRefusedEntry *entry)
{
    g_autofree char *when = ks_terminal_moment(entry->last);
    g_autofree char *first = g_strdup_printf("%s  ", when);
    g_autofree char *who = ks_refused_who(entry);
    g_autofree char *where = ks_refused_where(entry);
    g_autofree char *line = g_strdup_printf("%s → %s: %s", who, where, ks_refused_why(entry));
    GString *out = g_string_new(NULL);

    ks_terminal_append_wrapped(out, first, ks_printable_columns(first), line);
    return g_string_free(out, FALSE);
}
