/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/viewer.h"
#include "model/world.h"
#include "network/system-bus.h"

/* The names of VPN servers and what is known of them: asked for when it matters, a few at a time,
 * kept on disk, and put into the world that the engine sees. */

typedef struct KsNames KsNames;

/* `changed`: other addresses are let out now, or something else is to be told. */
KsNames *ks_names_new(KsSystemBus *bus, void (*changed)(void *data), void *data);
void ks_names_free(KsNames *names); /* saves what is new */

/* Gives every server in the world that has a name its addresses, one server each; a name that
 * nothing is known of stays as it is. Remembers which names are wanted, and how urgently; asks. */
void ks_names_apply(KsNames *names, KsWorld *world, bool locked);

/* Sentences for people; element-type char*, owned by the caller. Nothing of names that only private
 * profiles have which this viewer does not see. */
GPtrArray *ks_names_warnings(const KsNames *names, const KsViewer *viewer);
