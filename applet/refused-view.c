/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/refused-view.h"

#include "applet/allow-draft.h"
#include "applet/window-text.h"
#include "config.h"
#include "model/bus-error.h"
#include "model/names.h"
#include "model/refused-words.h"

#include <glib/gi18n.h>
#include <string.h>

static void free_row(void *data)
{
    KsRefusedRow *row = data;

    g_free(row->key);
    g_free(row->app);
    g_free(row->title);
    g_free(row->who);
    g_free(row->target);
    g_free(row->times);
    g_free(row->program);
    g_free(row);
}

void ks_refused_view_free(KsRefusedView *view)
{
    if (!view)
        return;
    g_free(view->headline);
    g_free(view->note);
    g_ptr_array_unref(view->rows);
    g_free(view);
}

/* ---- why nothing is told ---- */

static char *explain(const GError *error)
{
    g_autofree char *name = g_dbus_error_get_remote_error(error);
    g_autoptr(GError) plain = g_error_copy(error);

    if (name && strcmp(name, KS_BUS_ERROR("NotAuthorised")) == 0)
        return g_strdup(_("You may not see it without a password."));
    if (name && ks_bus_error_is_away(name))
        return ks_refused_not_started();
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        return ks_refused_silent();
    if (name && strcmp(name, "org.freedesktop.DBus.Error.LimitsExceeded") == 0)
        return g_strdup(_("Too many programs are watching already."));
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CLOSED))
        return g_strdup(_("The system bus is gone, so the guard cannot be reached. What was "
                          "locked stays locked."));
    (void) g_dbus_error_strip_remote_error(plain);
    return ks_printable(plain->message, KS_TEXT_SENTENCE_COLUMNS);
}

/* ---- what is told ---- */

static KsRefusedRow *new_row(const KsRefusedEntry *entry, KsNameApp name_app, void *data)
{
    KsRefusedRow *row = g_new0(KsRefusedRow, 1);
    KsRefusedEntry named = *entry;
    g_autofree char *found = entry->app[0] ? name_app(entry->app, data) : NULL;
    g_autofree char *name = found ? ks_printable(found, KS_TEXT_SENTENCE_COLUMNS) : NULL;
    g_autofree char *where = ks_refused_where(entry);
    g_autofree char *often = ks_refused_how_often(entry);
    g_autofree char *when = ks_text_moment(entry->last);

    if (name)
        named.app = name;
    row->key = g_strdup(entry->key);
    row->app = g_strdup(entry->app);
    row->title = ks_refused_who(entry);
    row->who = ks_refused_who_else(&named);
    row->target = g_strdup_printf("%s: %s", where, ks_refused_why(entry));
    row->times = g_strdup_printf(_("%s, last at %s"), often, when);
    row->program = g_strdup(entry->program);
    row->no_exception = ks_allow_refusal(entry, &row->what);
    return row;
}

/* What there is besides the rows. */
static char *note_of(const KsRefusedReport *report)
{
    g_autofree char *missing = ks_refused_not_shown(report);
    g_autofree char *more = NULL;

    if (report->entries->len > KS_REFUSED_SHOWN_MAX)
        more = g_strdup_printf(_("The latest %u of %u are shown."), KS_REFUSED_SHOWN_MAX,
                               report->entries->len);
    else if (report->kept_until == 0 && report->entries->len == 0 && report->hidden == 0)
        more = g_strdup(_("What a program tries to send past the VPN while the lock is closed "
                          "appears here. What was refused before cannot be seen any more."));
    if (!more)
        return missing ? g_steal_pointer(&missing) : g_strdup("");
    return missing ? g_strdup_printf("%s %s", more, missing) : g_steal_pointer(&more);
}

/* What somebody had kept came before the window opened. */
static char *headline_of_kept(const KsRefusedReport *report)
{
    g_autofree char *since = ks_text_moment(report->kept_since);
    g_autofree char *until = ks_text_moment(report->kept_until);
    g_autofree char *kept = g_strdup_printf(_("Kept since %s, until %s:"), since, until);

    return report->entries->len > 0 ? g_steal_pointer(&kept)
                                    : g_strdup_printf("%s %s", kept, ks_refused_nothing(report));
}

static char *headline_of(const KsRefusedReport *report)
{
    if (report->kept_until > 0)
        return headline_of_kept(report);
    if (report->entries->len > 0)
        return g_strdup(_("Refused since this window opened:"));
    return g_strdup(report->hidden > 0
                        ? _("Nothing of your programs has been refused since this window opened.")
                        : _("Nothing has been refused since this window opened."));
}

static void add_rows(KsRefusedView *view, const KsRefusedReport *report, KsNameApp name_app,
                     void *data)
{
    for (unsigned i = 0; i < MIN(report->entries->len, KS_REFUSED_SHOWN_MAX); i++)
        g_ptr_array_add(view->rows, new_row(g_ptr_array_index(report->entries, i), name_app, data));
}

KsRefusedView *ks_refused_view_new(const KsRefusedReport *report, const GError *error,
                                   KsNameApp name_app, void *data)
{
    KsRefusedView *view = g_new0(KsRefusedView, 1);
    const char *trouble = report ? ks_refused_trouble(report) : NULL;

    view->rows = g_ptr_array_new_with_free_func(free_row);
    view->has_failed = error != NULL;
    if (error || trouble) {
        view->headline = g_strdup(_("What is refused cannot be seen."));
        if (error)
            view->note = explain(error);
        else
            view->note = g_strdup(strcmp(trouble, view->headline) != 0 ? trouble : "");
    } else {
        view->headline = report ? headline_of(report) : g_strdup(_("Looking…"));
        view->note = report ? note_of(report) : g_strdup("");
    }
    if (report)
        add_rows(view, report, name_app, data);
    return view;
}

char *ks_refused_row_text(const KsRefusedRow *row)
{
    return row->who[0]
               ? g_strdup_printf("%s (%s)\n%s\n%s", row->title, row->who, row->target, row->times)
               : g_strdup_printf("%s\n%s\n%s", row->title, row->target, row->times);
}

char *ks_refused_view_text(const KsRefusedView *view)
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < view->rows->len; i++) {
        g_autofree char *row = ks_refused_row_text(g_ptr_array_index(view->rows, i));

        g_string_append_printf(text, "%s%s\n", i > 0 ? "\n" : "", row);
    }
    return g_string_free(text, FALSE);
}
