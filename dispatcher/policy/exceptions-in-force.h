/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/configuration.h"
#include "policy/exceptions.h"

/* Those of the administrator, and those of people's that are not ruled out, do not open the same
 * and find room (KS_EXCEPTIONS_MAX). Owned by the caller. `ret_left_out`: a sentence that names the
 * others, or NULL. */
KsExceptions *ks_exceptions_in_force(const KsConfiguration *configuration,
                                     const KsExceptions *people, char **ret_left_out);
