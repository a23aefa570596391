/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/exceptions.h"

/* What an administrator lays down as an exception (ADR 42): "from 192.0.2.0/24 tcp 22". `source`:
 * file and line. False with what is wrong, without a full stop, in ASCII; then nothing changed. */
bool ks_exceptions_lay_down(KsExceptions *exceptions, const char *name, const char *text,
                            const char *source, GError **error);
