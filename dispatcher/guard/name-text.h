/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/address.h"
#include "model/name-book.h"
#include "model/resolv-conf.h"
#include "network/strict-dns.h"

#include <glib.h>

/* Why the name of a VPN's server is not found while locked, and what helps, in words: what is in
 * use here, and nothing else. */

/* Of whatever is asked for, while there is a name to ask for; adds to `warnings` (element-type
 * char *). */
void ks_name_text_in_the_way(GPtrArray *warnings, const KsResolvConf *conf,
                             const KsStrictDns *strict);

/* Nobody told its address. To be freed. */
char *ks_name_text_not_found(const char *host, const KsResolvConf *conf, const KsStrictDns *strict);

/* Programs do not find it, because an answer by UDP does not hold its addresses; `record` (may be
 * NULL) knows them. To be freed. */
char *ks_name_text_cut(const char *host, const KsNameRecord *record);

/* It has as many addresses as are let out of one name, or more. To be freed. */
char *ks_name_text_full(const char *host);

/* The answer was this address, which is not believed. To be freed. */
char *ks_name_text_refused(const char *host, const KsAddress *address);

/* It suddenly has other addresses than before. To be freed. */
char *ks_name_text_replaced(const char *host);

/* Programs look for it in the search list first. To be freed; NULL: they do not. */
char *ks_name_text_searched(const char *host, const KsResolvConf *conf);

/* To be freed; NULL: it is short enough to be asked for. */
char *ks_name_text_too_long(const char *host);
