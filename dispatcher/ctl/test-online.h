/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/command-line.h"

/* test --online: has a service that a person names say how this machine is seen, through the VPN
 * and by each network card that leads out. */
KsExitStatus ks_test_online(const KsCommandLine *line);
