/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

/* The leak test on the system bus, as data/io.github.nmkillswitch.LeakTest1.xml has it. */

typedef struct KsTester KsTester;

/* Nobody wants anything any more, now or since it began. */
typedef void (*KsTesterIdle)(void *data);

KsTester *ks_tester_new(GDBusConnection *connection, KsTesterIdle idle, void *data);

/* Somebody waits for an answer. */
bool ks_tester_is_busy(const KsTester *tester);

void ks_tester_free(KsTester *tester);
