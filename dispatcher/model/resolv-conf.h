/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* More of /etc/resolv.conf is not looked at. */
#define KS_RESOLV_CONF_SIZE_MAX (64u * 1024u)

/* The C library's limit for ndots (RES_MAXNDOTS). */
#define KS_RESOLV_CONF_DOTS_MAX 15u

/* How programs that follow resolv.conf(5) ask. */
typedef struct {
    unsigned search_dots; /* names with fewer dots than this are looked for in a search list before
                           * they are asked for as they are. 0: there is no list */
    bool by_tcp;          /* options use-vc */
    bool is_local;        /* only resolvers on this machine are asked, which ask others in turn */
} KsResolvConf;

/* `text` need not end with a NUL. `host_name` is the machine's: its domain is the search list where
 * the file names none. As glibc 2.36 reads it (resolv/res_init.c, resolv/res_query.c); LOCALDOMAIN
 * and RES_OPTIONS of a program's own environment are not known here. */
KsResolvConf ks_resolv_conf_read(const char *text, size_t size, const char *host_name);
