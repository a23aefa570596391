/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/error.h"

GQuark ks_error_quark(void)
{
    return g_quark_from_static_string("ks-error-quark");
}
