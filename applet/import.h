/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* Providers' files (.ovpn, .conf, .pcf) become profiles of NetworkManager's, by the importers of
 * NetworkManager's own plugins, which nmcli runs: no foreign file is read in this process. One at a
 * time; what it came to is said in a dialog. */

typedef struct KsImport KsImport;

/* Adds the actions "import", which asks for a file, and "import-files" (their URIs, "as") to the
 * application, which must outlive it. Both are disabled while an import is under way. */
KsImport *ks_import_new(GtkApplication *application);

/* What nmcli has begun goes on in NetworkManager; nothing is said about it any more. */
void ks_import_free(KsImport *import);

/* Files that are dropped on the window are imported. It must belong to the application. */
void ks_import_accept_drops(GtkWindow *window);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsImport, ks_import_free)
