/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* A status (a{sv}, as GetStatus returns it) for people: lines of at most 80 columns, translated,
 * names in it made harmless. `colour`: with the escape sequences of a terminal; colours never say
 * anything that words do not. Results are owned by the caller. */

typedef enum {
    KS_SHOW_ALL,   /* what is so, why, what to do next; then each setting and each VPN */
    KS_SHOW_STATE, /* only what is so, why, what to do next */
    KS_SHOW_HEADLINE,
    KS_SHOW_LAN, /* what is so, and LAN access */
    KS_SHOW_MODE,
    KS_SHOW_ALWAYS_ON,
    KS_SHOW_SHARING,
} KsShowPart;

char *ks_show_status(GVariant *status, KsShowPart part, bool colour);

/* What there is to say of it, a sentence each, NULL-terminated: compared with those of another
 * moment they tell what changed. The first says what is so. */
char **ks_show_facts(GVariant *status);

/* The VPNs with their servers. */
char *ks_show_vpns(GVariant *status);
