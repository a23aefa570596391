/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-applet"

#include "applet/import.h"

#include "applet/widgets.h"
#include "applet/window-text.h"
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#define ASK       "import"
#define FILES     "import-files"
#define WIREGUARD "wireguard"
#define KINDS_MAX 3
#define LINES_MAX 10u /* that are told of the files of one import */

/* What a file with such an ending may be, as nmcli calls it; the likeliest first. */
static const struct {
    const char *ending;
    const char *kinds[KINDS_MAX];
} endings[] = {
    { ".ovpn", { "openvpn" } },
    { ".pcf", { "vpnc" } },
    { ".conf", { WIREGUARD, "openvpn" } },
    { "", { "openvpn", WIREGUARD } },
};

/* What is told of several files: a line for each. */
typedef struct {
    GString *lines;
    unsigned length;
} Report;

struct KsImport {
    GtkApplication *application;
    GCancellable *cancellable;
    GtkFileChooserNative *chooser; /* NULL: nobody is asked for a file */
    GQueue files;                  /* element-type GFile: those that come next */
    char *path;                    /* of the one that is imported; NULL: none is */
    const char *const *kind;       /* the one that is tried now; NULL ends them */
    GString *said;                 /* why those before were not it */
    Report added;
    Report failed;
    bool connects; /* NetworkManager connects one of those that were added by itself */
};

static const char *const *kinds_of(const char *path)
{
    g_autofree char *lower = g_ascii_strdown(path, -1); /* names may have any encoding */
    unsigned i = 0;

    while (!g_str_has_suffix(lower, endings[i].ending))
        i++;
    return endings[i].kinds;
}

static void set_enabled(const KsImport *import, bool enabled)
{
    static const char *const names[] = { ASK, FILES };

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
        g_simple_action_set_enabled(G_SIMPLE_ACTION(g_action_map_lookup_action(
                                        G_ACTION_MAP(import->application), names[i])),
                                    enabled);
}

/* ---- what it came to ---- */

static void add_line(Report *report, const char *path, const char *why)
{
    g_autofree char *name = g_filename_display_basename(path);
    g_autofree char *shown = ks_printable_name(name);
    g_autofree char *reason = why ? ks_printable(why, KS_TEXT_SENTENCE_COLUMNS) : NULL;
    const char *newline = report->length > 0 ? "\n" : "";

    if (report->length < LINES_MAX)
        g_string_append_printf(report->lines, "%s%s%s%s", newline, shown, reason ? ": " : "",
                               reason ? reason : "");
    else if (report->length == LINES_MAX)
        g_string_append_printf(report->lines, "%s…", newline);
    report->length++;
}

static void report_clear(Report *report)
{
    g_string_truncate(report->lines, 0);
    report->length = 0;
}

/* NULL: none shows. */
static GtkWindow *shown_window(const KsImport *import)
{
    GtkWindow *active = gtk_application_get_active_window(import->application);

    return active && gtk_widget_get_visible(GTK_WIDGET(active)) ? active : NULL;
}

static void tell(KsImport *import)
{
    GtkWindow *parent = shown_window(import);

    if (import->failed.length > 0)
        ks_message_show(parent, GTK_MESSAGE_ERROR, _("The file could not be imported"),
                        import->failed.lines->str);
    if (import->added.length == 0)
        return;
    if (import->connects)
        g_string_append_printf(import->added.lines, "\n\n%s",
                               _("NetworkManager connects a WireGuard VPN by itself, and the lock "
                                 "may close then."));
    ks_message_show(parent, GTK_MESSAGE_INFO,
                    g_dngettext(GETTEXT_PACKAGE, "The VPN was added", "The VPNs were added",
                                import->added.length),
                    import->added.lines->str);
}

/* ---- one file after another ---- */

/* Declared ahead: where one kind was wrong the next is tried, and then the next file. */
static void go_on(KsImport *import);

/* Not always UTF-8: the file's name is in it. */
static char *text_of(GBytes *said)
{
    gsize length = 0;
    const char *data = said ? g_bytes_get_data(said, &length) : NULL;

    return g_strstrip(g_strndup(data ? data : "", length));
}

static void on_ended(GObject *source, GAsyncResult *result, gpointer data)
{
    KsImport *import = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) said = NULL;
    g_autofree char *text = NULL;
    GSubprocess *nmcli = G_SUBPROCESS(source);

    (void) g_subprocess_communicate_finish(nmcli, result, NULL, &said, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* it is freed */
    text = error ? g_strdup(error->message) : text_of(said);
    if (!error && g_subprocess_get_if_exited(nmcli) && g_subprocess_get_exit_status(nmcli) == 0) {
        add_line(&import->added, import->path, NULL);
        import->connects = import->connects || strcmp(*import->kind, WIREGUARD) == 0;
        g_clear_pointer(&import->path, g_free);
    } else {
        g_string_append_printf(import->said, "%s%s", import->said->len > 0 ? " " : "", text);
        import->kind++;
    }
    go_on(import);
}

/* False: it does not even begin. */
static bool run_nmcli(KsImport *import)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSubprocess) nmcli = g_subprocess_new(
        G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error, "nmcli",
        "connection", "import", "type", *import->kind, "file", import->path, NULL);

    if (!nmcli) {
        g_string_assign(import->said, error->message);
        return false;
    }
    g_subprocess_communicate_async(nmcli, NULL, import->cancellable, on_ended, import);
    return true;
}

/* Nothing is opened that may keep nmcli waiting, as a pipe does that nobody writes to. */
static void on_looked_at(GObject *source, GAsyncResult *result, gpointer data)
{
    KsImport *import = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GFileInfo) info = g_file_query_info_finish(G_FILE(source), result, &error);

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* it is freed */
    if (info && g_file_info_get_file_type(info) == G_FILE_TYPE_REGULAR) {
        import->kind = kinds_of(import->path);
        g_string_truncate(import->said, 0);
    } else {
        add_line(&import->failed, import->path,
                 error ? error->message : _("It is not an ordinary file."));
        g_clear_pointer(&import->path, g_free);
    }
    go_on(import);
}

/* The next file becomes the one that is imported, and is looked at. False: there are no more. */
static bool take_next(KsImport *import)
{
    GFile *next;

    while ((next = g_queue_pop_head(&import->files))) {
        g_autoptr(GFile) file = next;
        g_autofree char *uri = g_file_get_uri(file);

        import->path = g_file_get_path(file);
        if (import->path) {
            g_file_query_info_async(file, G_FILE_ATTRIBUTE_STANDARD_TYPE, G_FILE_QUERY_INFO_NONE,
                                    G_PRIORITY_DEFAULT, import->cancellable, on_looked_at, import);
            return true;
        }
        add_line(&import->failed, uri, _("It is not on this computer."));
    }
    return false;
}

static void go_on(KsImport *import)
{
    while (import->path) {
        if (*import->kind && run_nmcli(import))
            return;
        add_line(&import->failed, import->path, import->said->str);
        g_clear_pointer(&import->path, g_free);
    }
    if (take_next(import))
        return;
    set_enabled(import, true);
    tell(import);
}

static void start(KsImport *import)
{
    set_enabled(import, false);
    report_clear(&import->added);
    report_clear(&import->failed);
    import->connects = false;
    go_on(import);
}

/* ---- which files ---- */

static void on_chosen(GtkNativeDialog *dialog, gint response, gpointer data)
{
    KsImport *import = data;
    GFile *file = gtk_file_chooser_get_file(GTK_FILE_CHOOSER(dialog));

    g_clear_object(&import->chooser);
    if (response == GTK_RESPONSE_ACCEPT && file) {
        g_queue_push_tail(&import->files, file);
        start(import);
        return;
    }
    g_clear_object(&file);
    set_enabled(import, true);
}

static void do_import(GSimpleAction *action, GVariant *target, gpointer data)
{
    KsImport *import = data;
    GtkFileFilter *filter = gtk_file_filter_new();

    (void) action;
    (void) target;
    set_enabled(import, false);
    import->chooser = gtk_file_chooser_native_new(C_("title", "Import a VPN"), shown_window(import),
                                                  GTK_FILE_CHOOSER_ACTION_OPEN,
                                                  C_("button", "_Import"), C_("button", "_Cancel"));
    gtk_native_dialog_set_modal(GTK_NATIVE_DIALOG(import->chooser), TRUE);
    gtk_file_filter_set_name(filter, _("VPN profiles"));
    for (unsigned i = 0; endings[i].ending[0]; i++) {
        g_autofree char *pattern = g_strconcat("*", endings[i].ending, NULL);

        gtk_file_filter_add_pattern(filter, pattern);
    }
    gtk_file_chooser_add_filter(GTK_FILE_CHOOSER(import->chooser), filter);
    g_signal_connect(import->chooser, "response", G_CALLBACK(on_chosen), import);
    gtk_native_dialog_show(GTK_NATIVE_DIALOG(import->chooser));
}

static void do_import_files(GSimpleAction *action, GVariant *target, gpointer data)
{
    g_autofree const char **uris = g_variant_get_strv(target, NULL);
    KsImport *import = data;

    (void) action;
    for (unsigned i = 0; uris[i]; i++)
        g_queue_push_tail(&import->files, g_file_new_for_uri(uris[i]));
    if (uris[0])
        start(import);
}

static void on_dropped(GtkWidget *window, GdkDragContext *context, int x, int y,
                       GtkSelectionData *dropped, guint info, guint time, gpointer data)
{
    GActionGroup *group = G_ACTION_GROUP(gtk_window_get_application(GTK_WINDOW(window)));
    g_auto(GStrv) uris = gtk_selection_data_get_uris(dropped);
    bool taken = uris && g_action_group_get_action_enabled(group, FILES);

    (void) x;
    (void) y;
    (void) info;
    (void) data;
    if (taken)
        g_action_group_activate_action(group, FILES,
                                       g_variant_new_strv((const char *const *) uris, -1));
    gtk_drag_finish(context, taken, FALSE, time);
}

void ks_import_accept_drops(GtkWindow *window)
{
    gtk_drag_dest_set(GTK_WIDGET(window), GTK_DEST_DEFAULT_ALL, NULL, 0, GDK_ACTION_COPY);
    gtk_drag_dest_add_uri_targets(GTK_WIDGET(window));
    g_signal_connect(window, "drag-data-received", G_CALLBACK(on_dropped), NULL);
}

/* ---- its life ---- */

static const GActionEntry actions[] = {
    { .name = ASK, .activate = do_import },
    { .name = FILES, .parameter_type = "as", .activate = do_import_files },
};

KsImport *ks_import_new(GtkApplication *application)
{
    KsImport *import = g_new0(KsImport, 1);

    import->application = application;
    import->cancellable = g_cancellable_new();
    import->said = g_string_new(NULL);
    import->added.lines = g_string_new(NULL);
    import->failed.lines = g_string_new(NULL);
    g_queue_init(&import->files);
    g_action_map_add_action_entries(G_ACTION_MAP(application), actions, G_N_ELEMENTS(actions),
                                    import);
    return import;
}

void ks_import_free(KsImport *import)
{
    if (!import)
        return;
    for (unsigned i = 0; i < G_N_ELEMENTS(actions); i++)
        g_action_map_remove_action(G_ACTION_MAP(import->application), actions[i].name);
    g_cancellable_cancel(import->cancellable);
    g_object_unref(import->cancellable);
    if (import->chooser) {
        g_signal_handlers_disconnect_by_data(import->chooser, import);
        gtk_native_dialog_destroy(GTK_NATIVE_DIALOG(import->chooser));
        g_object_unref(import->chooser);
    }
    g_queue_clear_full(&import->files, g_object_unref);
    g_free(import->path);
    (void) g_string_free(import->said, TRUE);
    (void) g_string_free(import->added.lines, TRUE);
    (void) g_string_free(import->failed.lines, TRUE);
    g_free(import);
}
