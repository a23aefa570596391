/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-applet"

#include "applet/leak-window.h"

#include "applet/badge.h"
#include "applet/fit.h"
#include "applet/style.h"
#include "applet/widgets.h"
#include "applet/window-text.h"
#include "config.h"
#include "model/leak-words.h"
#include "model/names.h"

#include <glib/gi18n.h>
#include <string.h>

#define MARGIN       18
#define SPACING      6
#define COLUMNS      18
#define WIDTH        560
#define TABLE_HEIGHT 290
#define TEXT_WIDTH   56 /* characters */
#define SPINNER      48 /* pixels, as the small badge */

/* Some three seconds, and others' may come first; or somebody looks for the password. */
#define TIMEOUT_MS (5 * 60 * 1000)

typedef struct {
    GtkWidget *window;
    GtkWidget *headline;
    GtkWidget *spinner;
    KsBadge *badge; /* the verdict, in the place of the spinner */
    GtkWidget *table;
    GtkWidget *notes;
    GtkWidget *again;
    GtkWidget *scrolled;
    GCancellable *cancellable;
    KsLeakTested tested;
    void *data;
} Parts;

static const char *const looks[] = {
    [KS_LEAK_CLOSED] = "io.github.nmkillswitch-protected-symbolic",
    [KS_LEAK_LEAKED] = "io.github.nmkillswitch-broken-symbolic",
    [KS_LEAK_UNJUDGED] = "io.github.nmkillswitch-away-symbolic",
};

static GtkWidget *new_label(const char *text)
{
    GtkWidget *label = ks_label_new(text, TEXT_WIDTH);

    gtk_label_set_selectable(GTK_LABEL(label), TRUE);
    return label;
}

static GtkWidget *new_bold(const char *text)
{
    GtkWidget *label = new_label(text);

    ks_label_make_bold(label);
    return label;
}

/* ---- what was found ---- */

/* A cell alone says little to who hears it: its accessible name is the whole row's. */
static GtkWidget *new_cell(const KsLeakRow *row, const char *attempt, KsFamily family)
{
    const char *text = ks_leak_cell_text(row->cells[family]);
    g_autofree char *name =
        g_strdup_printf("%s, %s: %s", attempt, family == KS_IPV4 ? "IPv4" : "IPv6", text);
    GtkWidget *cell =
        row->cells[family] >= KS_LEAK_CELL_LEFT_ROOT ? new_bold(text) : new_label(text);

    atk_object_set_name(gtk_widget_get_accessible(cell), name);
    return cell;
}

static void show_table(Parts *parts, const KsLeakResult *result)
{
    GtkGrid *grid = GTK_GRID(parts->table);

    gtk_grid_attach(grid, new_bold("IPv4"), 1, 0, 1, 1);
    gtk_grid_attach(grid, new_bold("IPv6"), 2, 0, 1, 1);
    for (unsigned i = 0; i < result->rows->len; i++) {
        const KsLeakRow *row = &g_array_index(result->rows, KsLeakRow, i);
        g_autofree char *attempt = ks_leak_attempt(row);

        gtk_grid_attach(grid, new_label(attempt), 0, (int) i + 1, 1, 1);
        for (int family = 0; family < KS_FAMILIES; family++)
            gtk_grid_attach(grid, new_cell(row, attempt, (KsFamily) family), family + 1,
                            (int) i + 1, 1, 1);
    }
}

static void show_notes(Parts *parts, const KsLeakResult *result)
{
    g_autofree char *footnote = ks_leak_footnote(result);
    g_autofree char *text = g_strdup_printf("%s\n%s\n%s", ks_leak_server_text(result),
                                            ks_leak_resolver_text(result), footnote);

    gtk_label_set_text(GTK_LABEL(parts->notes), result->rows->len > 0 ? text : "");
}

static void show_verdict(Parts *parts, KsLeakVerdict verdict, const char *spoken)
{
    ks_badge_show(parts->badge, looks[verdict], spoken);
    gtk_widget_show(ks_badge_widget(parts->badge));
}

static void show_result(Parts *parts, const KsLeakResult *result)
{
    g_autofree char *headline = ks_leak_headline(result);

    gtk_label_set_text(GTK_LABEL(parts->headline), headline);
    gtk_window_set_icon_name(GTK_WINDOW(parts->window), looks[result->verdict]);
    show_verdict(parts, result->verdict, headline);
    if (result->rows->len > 0)
        show_table(parts, result);
    show_notes(parts, result);
}

static void show_error(Parts *parts, const GError *error)
{
    g_autofree char *name = g_dbus_error_get_remote_error(error);
    g_autoptr(GError) plain = g_error_copy(error);
    g_autofree char *said = NULL;

    parts->tested(false, parts->data);
    show_verdict(parts, KS_LEAK_UNJUDGED, _("The leak test could not be made."));
    if (name && strcmp(name, KS_BUS_ERROR("NotAuthorised")) == 0) {
        gtk_label_set_text(GTK_LABEL(parts->headline), _("You may not test without a password."));
        return;
    }
    (void) g_dbus_error_strip_remote_error(plain);
    said = ks_printable(plain->message, KS_TEXT_SENTENCE_COLUMNS);
    gtk_label_set_text(GTK_LABEL(parts->headline), _("The leak test could not be made."));
    gtk_label_set_text(GTK_LABEL(parts->notes), said);
}

/* ---- the test ---- */

static void set_running(Parts *parts, bool running)
{
    gtk_widget_set_visible(parts->spinner, running);
    g_object_set(parts->spinner, "active", running, NULL);
    gtk_widget_set_sensitive(parts->again, !running);
    /* else the first text has it, as if somebody wanted to mark it */
    gtk_window_set_focus(GTK_WINDOW(parts->window), running ? NULL : parts->again);
}

static void on_answer(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) answer =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    Parts *parts = data;

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* the window is gone */
    set_running(parts, false);
    if (answer) {
        g_autoptr(GVariant) told = g_variant_get_child_value(answer, 0);
        g_autoptr(KsLeakResult) found = ks_leak_result_read(told);

        show_result(parts, found);
        parts->tested(found->verdict == KS_LEAK_CLOSED, parts->data);
    } else {
        show_error(parts, error);
    }
    gtk_widget_show_all(parts->table);
    ks_fit(parts->scrolled, WIDTH);
}

/* A connection of its own: leaving the bus is what ends a test that nobody waits for. */
static void on_bus(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDBusConnection) bus = g_dbus_connection_new_for_address_finish(result, &error);
    Parts *parts = data;

    (void) source;
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    if (!bus) {
        set_running(parts, false);
        show_error(parts, error);
        return;
    }
    g_dbus_connection_set_exit_on_close(bus, FALSE);
    g_object_set_data_full(G_OBJECT(parts->window), "ks-bus", g_object_ref(bus), g_object_unref);
    g_dbus_connection_call(bus, KS_TEST_BUS_NAME, KS_TEST_BUS_PATH, KS_TEST_BUS_INTERFACE, "Run",
                           NULL, G_VARIANT_TYPE("(a{sv})"),
                           G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, TIMEOUT_MS,
                           parts->cancellable, on_answer, parts);
}

static void begin(Parts *parts)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *address = g_dbus_address_get_for_bus_sync(G_BUS_TYPE_SYSTEM, NULL, &error);

    gtk_widget_hide(ks_badge_widget(parts->badge));
    ks_container_empty(GTK_CONTAINER(parts->table));
    gtk_label_set_text(GTK_LABEL(parts->notes), "");
    gtk_label_set_text(GTK_LABEL(parts->headline),
                       _("Trying to get out past the VPN. This takes some seconds…"));
    if (!address) {
        show_error(parts, error);
        return;
    }
    set_running(parts, true);
    g_dbus_connection_new_for_address(address,
                                      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                          G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                      NULL, parts->cancellable, on_bus, parts);
}

static void on_again(GtkButton *button, gpointer data)
{
    (void) button;
    begin(data);
}

/* ---- the window ---- */

/* What is asked for is not answered into widgets that are gone. */
static void on_destroyed(GtkWidget *window, gpointer data)
{
    Parts *parts = data;

    g_cancellable_cancel(parts->cancellable);
    g_object_set_data(G_OBJECT(window), "ks-bus", NULL);
}

static void free_parts(gpointer data)
{
    Parts *parts = data;

    g_object_unref(parts->cancellable);
    ks_badge_free(parts->badge);
    g_free(parts);
}

static GtkWidget *new_page(Parts *parts)
{
    GtkWidget *page = gtk_box_new(GTK_ORIENTATION_VERTICAL, MARGIN);
    GtkWidget *top = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 2 * SPACING);

    parts->headline = new_bold(NULL);
    gtk_style_context_add_class(gtk_widget_get_style_context(parts->headline), "ks-verdict");
    parts->badge = ks_badge_new(KS_BADGE_SMALL);
    gtk_widget_show_all(ks_badge_widget(parts->badge));
    gtk_widget_set_no_show_all(ks_badge_widget(parts->badge), TRUE);
    parts->spinner = gtk_spinner_new();
    gtk_widget_set_size_request(parts->spinner, SPINNER, SPINNER);
    gtk_widget_set_no_show_all(parts->spinner, TRUE);
    parts->table = gtk_grid_new();
    gtk_grid_set_column_spacing(GTK_GRID(parts->table), COLUMNS);
    /* the room that a table takes is there from the beginning, or the window would grow off the
     * screen */
    gtk_widget_set_size_request(parts->table, -1, TABLE_HEIGHT);
    gtk_grid_set_row_spacing(GTK_GRID(parts->table), SPACING);
    parts->notes = new_label(NULL);
    parts->again = gtk_button_new_with_label(_("Test again"));
    gtk_widget_set_halign(parts->again, GTK_ALIGN_END);
    g_signal_connect(parts->again, "clicked", G_CALLBACK(on_again), parts);

    g_object_set(page, "margin", MARGIN, NULL);
    gtk_box_pack_start(GTK_BOX(top), parts->spinner, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(top), ks_badge_widget(parts->badge), FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(top), parts->headline, TRUE, TRUE, 0);
    gtk_container_add(GTK_CONTAINER(page), top);
    gtk_container_add(GTK_CONTAINER(page), parts->table);
    gtk_container_add(GTK_CONTAINER(page), parts->notes);
    gtk_container_add(GTK_CONTAINER(page), parts->again);
    return page;
}

static GtkWidget *new_window(GtkApplication *application, Parts *parts)
{
    GtkWidget *window = gtk_application_window_new(application);

    parts->window = window;
    parts->cancellable = g_cancellable_new();
    g_object_set_data_full(G_OBJECT(window), "ks-leak-test", parts, free_parts);
    g_signal_connect(window, "destroy", G_CALLBACK(on_destroyed), parts);
    (void) ks_style_title(GTK_WINDOW(window), C_("title", "Leak Test"), NULL);
    gtk_window_set_default_size(GTK_WINDOW(window), WIDTH, -1);
    parts->scrolled = ks_fit_new(new_page(parts));
    gtk_container_add(GTK_CONTAINER(window), parts->scrolled);
    gtk_widget_show_all(parts->scrolled);
    return window;
}

void ks_leak_window_show(GtkApplication *application, KsLeakTested tested, void *data)
{
    GtkWindow *shown = NULL;
    Parts *parts;

    for (GList *at = gtk_application_get_windows(application); at; at = at->next)
        if (g_object_get_data(G_OBJECT(at->data), "ks-leak-test"))
            shown = at->data;
    if (shown) {
        parts = g_object_get_data(G_OBJECT(shown), "ks-leak-test");
    } else {
        parts = g_new0(Parts, 1);
        parts->tested = tested;
        parts->data = data;
        shown = GTK_WINDOW(new_window(application, parts));
    }
    /* never an old verdict as if it were of now */
    if (gtk_widget_get_sensitive(parts->again)) {
        begin(parts);
        ks_fit(parts->scrolled, WIDTH);
    }
    gtk_window_present(shown);
    if (!gtk_widget_get_sensitive(parts->again))
        gtk_window_set_focus(shown, NULL);
}
