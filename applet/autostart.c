/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/autostart.h"

#include "config.h"
#include "model/names.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>

#define FILE_NAME KS_BUS_NAME ".desktop"
#define GROUP     G_KEY_FILE_DESKTOP_GROUP
#define HIDDEN    G_KEY_FILE_DESKTOP_KEY_HIDDEN
#define COMMAND   "nm-killswitch-applet --hidden"

static char *path_in(const char *configuration)
{
    return g_build_filename(configuration, "autostart", FILE_NAME, NULL);
}

static bool starts(const char *path, bool *ret_on)
{
    g_autoptr(GKeyFile) file = g_key_file_new();

    if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL))
        return false;
    *ret_on = !g_key_file_get_boolean(file, GROUP, HIDDEN, NULL);
    return true;
}

static bool starts_for_everybody(void)
{
    const char *const *folders = g_get_system_config_dirs();
    bool on = false;

    for (unsigned i = 0; folders[i]; i++) {
        g_autofree char *path = path_in(folders[i]);

        if (starts(path, &on))
            return on;
    }
    return false;
}

bool ks_autostart_is_on(void)
{
    g_autofree char *own = path_in(g_get_user_config_dir());
    bool on;

    return starts(own, &on) ? on : starts_for_everybody();
}

bool ks_autostart_set(bool on, GError **error)
{
    g_autofree char *own = path_in(g_get_user_config_dir());
    g_autofree char *folder = g_path_get_dirname(own);
    g_autoptr(GKeyFile) file = g_key_file_new();

    if (on && g_unlink(own) != 0 && errno != ENOENT) {
        int number = errno;

        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(number), "%s: %s", own,
                    g_strerror(number));
        return false;
    }
    if (ks_autostart_is_on() == on)
        return true;
    g_key_file_set_string(file, GROUP, G_KEY_FILE_DESKTOP_KEY_TYPE, "Application");
    g_key_file_set_string(file, GROUP, G_KEY_FILE_DESKTOP_KEY_NAME, KS_PROGRAM);
    g_key_file_set_string(file, GROUP, G_KEY_FILE_DESKTOP_KEY_EXEC, COMMAND);
    if (!on)
        g_key_file_set_boolean(file, GROUP, HIDDEN, TRUE);
    (void) g_mkdir_with_parents(folder, 0700);
    return g_key_file_save_to_file(file, own, error);
}
