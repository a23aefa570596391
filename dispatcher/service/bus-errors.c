/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/bus-errors.h"

#include "model/names.h"
#include "policy/error.h"

#include <gio/gio.h>

static const GDBusErrorEntry entries[] = {
    { KS_ERROR_FAILED, KS_BUS_ERROR("Failed") },
    { KS_ERROR_INVALID_ARGUMENTS, KS_BUS_ERROR("InvalidArguments") },
    { KS_ERROR_UNKNOWN_METHOD, KS_BUS_ERROR("UnknownMethod") },
    { KS_ERROR_NOT_AUTHORISED, KS_BUS_ERROR("NotAuthorised") },
    { KS_ERROR_FORBIDDEN, KS_BUS_ERROR("Forbidden") },
    { KS_ERROR_KERNEL, KS_BUS_ERROR("Kernel") },
    { KS_ERROR_STATE, KS_BUS_ERROR("State") },
    { KS_ERROR_NO_SUCH_VPN, KS_BUS_ERROR("NoSuchVpn") },
    { KS_ERROR_VPN_EXISTS, KS_BUS_ERROR("VpnExists") },
    { KS_ERROR_NO_SUCH_EXCEPTION, KS_BUS_ERROR("NoSuchException") },
    { KS_ERROR_EXCEPTION_EXISTS, KS_BUS_ERROR("ExceptionExists") },
    { KS_ERROR_NOT_CONFIRMED, KS_BUS_ERROR("NotConfirmed") },
};

void ks_bus_errors_register(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(entries); i++)
        (void) g_dbus_error_register_error(KS_ERROR, entries[i].error_code,
                                           entries[i].dbus_error_name);
}
