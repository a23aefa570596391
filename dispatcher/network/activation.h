/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <NetworkManager.h>
#include <stdbool.h>

/* One request to NetworkManager to connect a VPN, or to disconnect it. */

typedef struct KsActivation KsActivation;

/* `error`: NULL, it was taken. */
typedef void (*KsActivationAnswered)(const char *uuid, const GError *error, void *data);

/* Of the profile of that UUID. `answered` is called once, from the main loop, when NetworkManager
 * has taken or refused it, or `cancellable` (NULL: none) was cancelled; the activation is
 * gone then. NULL: there is no such VPN, or nothing of it to disconnect, and nothing is called. */
KsActivation *ks_activation_begin(NMClient *client, const char *uuid, bool connect,
                                  GCancellable *cancellable, KsActivationAnswered answered,
                                  void *data);

/* The answer is not waited for: nothing is called. */
void ks_activation_forget(KsActivation *activation);
