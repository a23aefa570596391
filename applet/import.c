/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-applet"

#include "applet/import.h"

#include "applet/text.h"
#include "applet/widgets.h"
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#define KINDS_MAX 3

/* What a file with such an ending may be, as nmcli calls it; the likeliest first. */
static const struct {
    const char *ending;
    const char *kinds[KINDS_MAX];
} endings[] = {
    { ".ovpn", { "openvpn" } },
    { ".pcf", { "vpnc" } },
    { ".conf", { "wireguard", "openvpn" } },
    { "", { "openvpn", "wireguard" } },
};

typedef struct {
    GWeakRef parent;
    char *path;
    const char *const *kind; /* the one that is tried now; NULL ends them */
    GString *said;           /* why those before were not it */
} Import;

static void import_free(Import *import)
{
    g_weak_ref_clear(&import->parent);
    g_free(import->path);
    (void) g_string_free(import->said, TRUE);
    g_free(import);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Import, import_free)

static const char *const *kinds_of(const char *path)
{
    g_autofree char *lower = g_utf8_strdown(path, -1);
    unsigned i = 0;

    while (!g_str_has_suffix(lower, endings[i].ending))
        i++;
    return endings[i].kinds;
}

static void fail(Import *import, const char *message)
{
    g_autoptr(GtkWindow) parent = g_weak_ref_get(&import->parent);
    g_autofree char *shown = ks_printable(message, KS_TEXT_SENTENCE_COLUMNS);

    ks_trouble_show(parent, _("The file could not be imported"), shown);
}

/* Declared ahead: the next kind is tried where one was wrong. */
static void try(Import *import);

static void on_ended(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(Import) import = data;
    g_autoptr(GError) error = NULL;
    g_autofree char *said = NULL;
    GSubprocess *nmcli = G_SUBPROCESS(source);

    if (!g_subprocess_communicate_utf8_finish(nmcli, result, NULL, &said, &error)) {
        fail(import, error->message);
        return;
    }
    if (g_subprocess_get_if_exited(nmcli) && g_subprocess_get_exit_status(nmcli) == 0)
        return;
    g_string_append_printf(import->said, "%s%s", import->said->len > 0 ? " " : "",
                           said ? g_strstrip(said) : "");
    if (*++import->kind)
        try(g_steal_pointer(&import));
    else
        fail(import, import->said->str);
}

/* Takes it. */
static void try(Import *import)
{
    g_autoptr(Import) owned = import;
    g_autoptr(GError) error = NULL;
    g_autoptr(GSubprocess) nmcli = g_subprocess_new(
        G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error, "nmcli",
        "connection", "import", "type", *import->kind, "file", import->path, NULL);

    if (nmcli)
        g_subprocess_communicate_utf8_async(nmcli, NULL, NULL, on_ended, g_steal_pointer(&owned));
    else
        fail(owned, error->message);
}

static void import_file(GFile *file, GtkWindow *parent)
{
    Import *import = g_new0(Import, 1);

    g_weak_ref_init(&import->parent, parent);
    import->path = g_file_get_path(file);
    import->said = g_string_new(NULL);
    if (!import->path) {
        fail(import, _("It is not on this computer."));
        import_free(import);
        return;
    }
    import->kind = kinds_of(import->path);
    try(import);
}

/* ---- which file ---- */

static void on_chosen(GtkNativeDialog *dialog, gint response, gpointer data)
{
    g_autoptr(GFile) file = gtk_file_chooser_get_file(GTK_FILE_CHOOSER(dialog));

    (void) data;
    if (response == GTK_RESPONSE_ACCEPT && file)
        import_file(file, gtk_native_dialog_get_transient_for(dialog));
    g_object_unref(dialog);
}

void ks_import_ask(GtkWindow *parent)
{
    GtkFileChooserNative *dialog = gtk_file_chooser_native_new(
        C_("title", "Import a VPN"), parent, GTK_FILE_CHOOSER_ACTION_OPEN, C_("button", "_Import"),
        C_("button", "_Cancel"));
    GtkFileFilter *filter = gtk_file_filter_new();

    gtk_file_filter_set_name(filter, _("VPN profiles"));
    for (unsigned i = 0; endings[i].ending[0]; i++) {
        g_autofree char *pattern = g_strconcat("*", endings[i].ending, NULL);

        gtk_file_filter_add_pattern(filter, pattern);
    }
    gtk_file_chooser_add_filter(GTK_FILE_CHOOSER(dialog), filter);
    g_signal_connect(dialog, "response", G_CALLBACK(on_chosen), NULL);
    gtk_native_dialog_show(GTK_NATIVE_DIALOG(dialog));
}

static void on_dropped(GtkWidget *window, GdkDragContext *context, int x, int y,
                       GtkSelectionData *dropped, guint info, guint time, gpointer data)
{
    g_auto(GStrv) uris = gtk_selection_data_get_uris(dropped);

    (void) x;
    (void) y;
    (void) info;
    (void) data;
    for (unsigned i = 0; uris && uris[i]; i++) {
        g_autoptr(GFile) file = g_file_new_for_uri(uris[i]);

        import_file(file, GTK_WINDOW(window));
    }
    gtk_drag_finish(context, uris != NULL, FALSE, time);
}

void ks_import_accept_drops(GtkWindow *window)
{
    gtk_drag_dest_set(GTK_WIDGET(window), GTK_DEST_DEFAULT_ALL, NULL, 0, GDK_ACTION_COPY);
    gtk_drag_dest_add_uri_targets(GTK_WIDGET(window));
    g_signal_connect(window, "drag-data-received", G_CALLBACK(on_dropped), NULL);
}
