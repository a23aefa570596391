/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/held.h"
#include "rules/readback.h"

/* Of a readback of ks_lock_table, which must outlive the answer. */
KsHeld ks_held_of(const KsReadback *readback);
