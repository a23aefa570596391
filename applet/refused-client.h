/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/refused-report.h"

#include <gio/gio.h>

/* Looks at what is refused (data/io.github.nmkillswitch.Refused1.xml), on a bus connection of its
 * own: leaving the bus is what ends the look. The kernel tells of refused packets as long as this
 * lives. */

typedef struct KsRefusedClient KsRefusedClient;

/* `changed` is called from the main loop, never from these functions. */
KsRefusedClient *ks_refused_client_new(void (*changed)(void *data), void *data);

/* Ends the look; nothing is called any more. */
void ks_refused_client_free(KsRefusedClient *client);

/* Begins a new look, after an error. */
void ks_refused_client_retry(KsRefusedClient *client);

/* What was told last, and why nothing is told any more: at most one is not NULL. Valid until the
 * main loop runs again. */
const KsRefusedReport *ks_refused_client_report(const KsRefusedClient *client);
const GError *ks_refused_client_error(const KsRefusedClient *client);
