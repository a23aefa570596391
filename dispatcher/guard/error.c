/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/error.h"

static const GDBusErrorEntry entries[] = {
    { KS_ERROR_FAILED, "io.github.nmkillswitch.Error.Failed" },
    { KS_ERROR_INVALID_ARGUMENTS, "io.github.nmkillswitch.Error.InvalidArguments" },
    { KS_ERROR_UNKNOWN_METHOD, "io.github.nmkillswitch.Error.UnknownMethod" },
    { KS_ERROR_KERNEL, "io.github.nmkillswitch.Error.Kernel" },
    { KS_ERROR_STATE, "io.github.nmkillswitch.Error.State" },
};

GQuark ks_error_quark(void)
{
    static gsize quark;

    g_dbus_error_register_error_domain("ks-error-quark", &quark, entries, G_N_ELEMENTS(entries));
    return (GQuark) quark;
}
