/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gio/gio.h>

/* One leak test from its beginning to its end, some three seconds, on the main loop. */

typedef struct KsRun KsRun;

/* `findings`: as ks_findings_tell(); floating. NULL: the test could not be made; `why` says why.
 * Called once, from the main loop; the run is over then, and may be freed in it. */
typedef void (*KsRunDone)(void *data, GVariant *findings, const char *why);

/* `uid`: of the ordinary user whose probes are tried. */
KsRun *ks_run_new(GDBusConnection *connection, uid_t uid, KsRunDone done, void *data);

/* Nothing of it is left, wherever it stands; `done` is not called any more. */
void ks_run_free(KsRun *run);
