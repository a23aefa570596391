/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/export/export-vpn.h"

/* The kill switch of one VPN as a shell script for a machine without NetworkManager. Its text is in
 * ctl/export/, with the values' places marked. Not translated: it is read on another machine. */

typedef enum {
    KS_EXPORT_NFT,
    KS_EXPORT_IPTABLES,
} KsExportFormat;

/* "nft", "iptables". */
bool ks_export_format_parse(const char *name, KsExportFormat *ret_format);

/* `date`: of today, as it shall stand there. Owned by the caller. */
char *ks_export_script(const KsExport *export, KsExportFormat format, const char *date);
