/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/exceptions-view.h"

#include "applet/allow-draft.h"
#include "applet/window-text.h"
#include "config.h"

#include <glib/gi18n.h>
#include <sys/socket.h>

static void free_row(gpointer data)
{
    KsExceptionRow *row = data;

    g_free(row->name);
    g_free(row->what);
    g_free(row->lasts);
    g_free(row->on);
    g_free(row->question);
    g_free(row);
}

static char *say_what(const KsException *what)
{
    g_autofree char *where = NULL;

    if (what->address.family == AF_UNSPEC)
        return g_strdup(_("This program does not know what it lets past the lock."));
    where = ks_allow_where(what);
    if (!what->incoming)
        /* TRANSLATORS: %s is "203.0.113.9, port 443, TCP" */
        return g_strdup_printf(_("To %s"), where);
    if (what->prefix == 0)
        /* TRANSLATORS: %s is "0.0.0.0/0, port 22, TCP": all addresses, and a port here */
        return g_strdup_printf(_("From anybody to this computer: %s"), where);
    /* TRANSLATORS: %s is "192.0.2.0/24, port 22, TCP": addresses of others, and a port here */
    return g_strdup_printf(_("From others to this computer: %s"), where);
}

static char *say_how_long(const KsGuardException *exception, int64_t now)
{
    g_autofree char *moment = NULL;

    if (exception->source[0])
        /* TRANSLATORS: %s is a file and a line of it */
        return g_strdup_printf(_("The administrator has laid it down in %s"), exception->source);
    if (exception->until == 0)
        return g_strdup(_("Until somebody removes it"));
    moment = ks_text_moment_of_day(exception->until, now);
    /* TRANSLATORS: a time of day, with the day if that is not today */
    return g_strdup_printf(_("Until %s"), moment);
}

static char *say_where(const KsGuardException *exception, bool is_here)
{
    const char *network = exception->network;

    if (!exception->on_one)
        return NULL;
    if (is_here)
        /* TRANSLATORS: %s is the name of a network */
        return network[0] ? g_strdup_printf(_("Only on “%s”"), network)
                          : g_strdup(_("Only on a network that you cannot see"));
    /* TRANSLATORS: of an exception; %s is the name of a network */
    return network[0]
               ? g_strdup_printf(
                     _("Only on “%s”; closed: this computer is not connected to it now"), network)
               : g_strdup(_("Only on a network that you cannot see; closed: this computer is not "
                            "connected to it now"));
}

/* What would end by itself soon, and is nobody's way in now, can go at once. */
static const char *question_for(const KsGuardException *exception, bool is_here)
{
    if (!is_here)
        return exception->until > 0
                   ? NULL
                   : _("To have it again, you have to add it again while this computer is connected "
                       "to that network.");
    if (exception->what.incoming)
        return _(
            "Others cannot reach this service any more while the lock is closed. Connections by "
            "it end at once, yours as well if you are connected to this computer from afar.");
    if (exception->until == 0)
        return _("What it lets out is refused at once, connections that are open included. To have "
                 "it again, you have to add it again.");
    return NULL;
}

static KsExceptionRow *new_row(const KsModel *model, const KsGuardException *exception,
                               bool is_here)
{
    KsExceptionRow *row = g_new0(KsExceptionRow, 1);

    row->name = g_strdup(exception->name);
    row->what = say_what(&exception->what);
    row->lasts = say_how_long(exception, model->now);
    row->on = say_where(exception, is_here);
    row->question = g_strdup(question_for(exception, is_here));
    row->laid_down = exception->source[0];
    row->can_remove = !row->laid_down && !model->busy[KS_REQUEST_REMOVE_EXCEPTION] &&
                      model->permissions[KS_REQUEST_REMOVE_EXCEPTION] != KS_PERMISSION_NO;
    return row;
}

static const char *say_of_adding(const KsModel *model, bool *ret_can)
{
    KsPermission permission = model->permissions[KS_REQUEST_ADD_EXCEPTION];

    *ret_can = false;
    if (!ks_state_is_heard(model->guard->state))
        return _("Not known while the guard is not running");
    if (permission == KS_PERMISSION_NO)
        return _("The administrator of this computer does not allow it.");
    if (model->guard->exceptions->len + model->guard->elsewhere->len >= KS_EXCEPTIONS_MAX)
        return _("There are as many as there can be. Remove one first.");
    *ret_can = true;
    return permission == KS_PERMISSION_ASK
               ? _("To add or remove one, the guard asks for an administrator’s password.")
               : "";
}

KsExceptionsView *ks_exceptions_view_new(const KsModel *model)
{
    KsExceptionsView *view = g_new0(KsExceptionsView, 1);
    const GPtrArray *here = model->guard->exceptions;
    const GPtrArray *elsewhere = model->guard->elsewhere;

    view->rows = g_ptr_array_new_with_free_func(free_row);
    view->known = ks_state_is_heard(model->guard->state);
    view->busy = model->busy[KS_REQUEST_REMOVE_EXCEPTION];
    view->note = g_strdup(say_of_adding(model, &view->can_add));
    for (unsigned i = 0; i < here->len; i++)
        g_ptr_array_add(view->rows, new_row(model, g_ptr_array_index(here, i), true));
    for (unsigned i = 0; i < elsewhere->len; i++)
        g_ptr_array_add(view->rows, new_row(model, g_ptr_array_index(elsewhere, i), false));
    return view;
}

void ks_exceptions_view_free(KsExceptionsView *view)
{
    if (!view)
        return;
    g_ptr_array_unref(view->rows);
    g_free(view->note);
    g_free(view);
}

char *ks_exception_row_text(const KsExceptionRow *row)
{
    return g_strjoin("\n", row->name, row->what, row->lasts, row->on, NULL);
}
