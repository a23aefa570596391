/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/exceptions.h"

/* What comes of adding this one: the code of KS_ERROR; -1: it is made. */
int code_of(KsExceptions *exceptions, const KsExceptionWish *wish);
