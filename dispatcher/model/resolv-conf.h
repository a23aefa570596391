/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

/* More of /etc/resolv.conf is not looked at. */
#define KS_RESOLV_CONF_SIZE_MAX (64u * 1024u)

/* The C library's limit for ndots (RES_MAXNDOTS). */
#define KS_RESOLV_CONF_DOTS_MAX 15u

/* From the text of resolv.conf(5), which need not end with a NUL: names with fewer dots than this
 * are looked for in a search list before they are asked for as they are. 0: there is no list.
 * `host_name` is the machine's: its domain is the list where the file names none. As glibc 2.36
 * reads it (resolv/res_init.c, resolv/res_query.c); LOCALDOMAIN and RES_OPTIONS of a program's own
 * environment are not known here. */
unsigned ks_resolv_conf_search_dots(const char *text, size_t size, const char *host_name);
