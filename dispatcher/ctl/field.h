/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Fields of a status (a{sv}, data/io.github.nmkillswitch.Guard1.xml: GetStatus), which may come
 * from a guard of another version: what is not there, or of another type, is empty. */

const char *ks_field_text(GVariant *status, const char *name); /* "" if it is not there */
bool ks_field_flag(GVariant *status, const char *name);
uint64_t ks_field_number(GVariant *status, const char *name); /* of type q, u or t */

/* A field that is a dictionary itself, or a list (aa{sv}) of such; a new reference. */
GVariant *ks_field_dictionary(GVariant *status, const char *name);
GVariant *ks_field_list(GVariant *status, const char *name);

/* NULL-terminated, owned by the caller. */
char **ks_field_texts(GVariant *status, const char *name);

/* One of its `vpns`, by its UUID; a new reference, or NULL. */
GVariant *ks_field_vpn(GVariant *status, const char *uuid);
