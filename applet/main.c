/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/application.h"
#include "config.h"
#include "model/names.h"

#include <glib/gi18n.h>
#include <locale.h>

int main(int argc, char **argv)
{
    g_autoptr(KsApplication) application = NULL;

    (void) setlocale(LC_ALL, "");
    (void) bindtextdomain(GETTEXT_PACKAGE, KS_LOCALEDIR);
    (void) bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");
    (void) textdomain(GETTEXT_PACKAGE);
    /* what the desktop knows our windows by: the desktop entry's name */
    g_set_prgname(KS_BUS_NAME);
    g_set_application_name(_("VPN Kill Switch"));

    application = ks_application_new();
    return g_application_run(G_APPLICATION(application), argc, argv);
}
