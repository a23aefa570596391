/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "polkit/on-demand.h"

/* The leak test on the system bus, as data/io.github.nmkillswitch.LeakTest1.xml has it. */

typedef struct KsTester KsTester;

KsTester *ks_tester_new(GDBusConnection *connection, KsOnDemandIdle idle, void *data);

/* Somebody waits for an answer. */
bool ks_tester_is_busy(const KsTester *tester);

void ks_tester_free(KsTester *tester);
