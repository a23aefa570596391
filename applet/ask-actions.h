/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/guard-client.h"

/* The actions that ask the guard for just what they are given: their target is the method's
 * arguments. */

typedef void KsAsk(KsRequest request, GVariant *arguments, void *data);

void ks_ask_actions_add(GActionMap *map, KsAsk *ask, void *data);
