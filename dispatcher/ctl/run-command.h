/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/command-line.h"

/* What runs for each command of the table in commands.c. */

/* look.c: what only looks. */
KsExitStatus ks_run_status(const KsCommandLine *line);
KsExitStatus ks_run_rules(const KsCommandLine *line);
KsExitStatus ks_run_vpn_list(const KsCommandLine *line);

/* test.c */
KsExitStatus ks_run_test(const KsCommandLine *line);

/* report/report.c */
KsExitStatus ks_run_report(const KsCommandLine *line);

/* refused.c */
KsExitStatus ks_run_refused(const KsCommandLine *line);

/* export/export.c */
KsExitStatus ks_run_export(const KsCommandLine *line);

/* change.c: what changes something. */
KsExitStatus ks_run_lock(const KsCommandLine *line);
KsExitStatus ks_run_unlock(const KsCommandLine *line);
KsExitStatus ks_run_lan(const KsCommandLine *line);
KsExitStatus ks_run_pause(const KsCommandLine *line);
KsExitStatus ks_run_resume(const KsCommandLine *line);
KsExitStatus ks_run_auto(const KsCommandLine *line);
KsExitStatus ks_run_mode(const KsCommandLine *line);
KsExitStatus ks_run_disconnect(const KsCommandLine *line);
KsExitStatus ks_run_always_on(const KsCommandLine *line);
KsExitStatus ks_run_share(const KsCommandLine *line);

/* vpn.c: what is said of VPNs. */
KsExitStatus ks_run_vpn_add(const KsCommandLine *line);
KsExitStatus ks_run_vpn_remove(const KsCommandLine *line);
KsExitStatus ks_run_vpn_set(const KsCommandLine *line);

/* allow.c: exceptions from the lock. */
KsExitStatus ks_run_allow_list(const KsCommandLine *line);
KsExitStatus ks_run_allow_add(const KsCommandLine *line);
KsExitStatus ks_run_allow_remove(const KsCommandLine *line);
