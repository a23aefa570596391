/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/client.h"
#include "ctl/report/paper.h"

#include <gio/gio.h>

/* What a report is made of. */

typedef struct {
    KsPaper *paper;
    KsClient *client;
    GDBusConnection *bus; /* NULL: none, `no_bus` says why */
    char *no_bus;
    bool full;        /* with all names */
    bool names_known; /* what people call their networks is learned */
    bool verified;    /* the kernel holds what it should: what is in our chains is ours */
} KsReport;

/* Writes every section, in the order of the report. */
void ks_report_write(KsReport *report);

/* network-manager.c: what it knows, and whose profiles' names are to be replaced. */
void ks_report_network_manager(KsReport *report);
