/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* A status (a{sv}, the object of the contract) for people and for programs; owned by the caller. */
char *ks_show_status(GVariant *status);
char *ks_show_json(GVariant *status);
