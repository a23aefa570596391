/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/applet-settings.h"
#include "applet/notice.h"

/* Shows notices as the desktop's notifications: one on how things are, one on what did not work,
 * each in the place of the one before, and an offer to keep a VPN connected. Each goes when it is
 * no longer true. */

typedef struct KsNotifier KsNotifier;

/* Both outlive it. */
KsNotifier *ks_notifier_new(GApplication *application, KsAppletSettings *settings);
void ks_notifier_free(KsNotifier *notifier);

/* How things are now. */
void ks_notifier_follow(KsNotifier *notifier, const KsModel *model);

/* A person asked for the lock here: it needs no explanation when it closes. */
void ks_notifier_expect_lock(KsNotifier *notifier);

/* What did not work, which it takes; NULL: nothing any more. */
void ks_notifier_answer(KsNotifier *notifier, KsNotice *notice);

/* The same as the program ends: at once, for nobody waits any more. Takes nothing. */
void ks_notifier_say_last(KsNotifier *notifier, const KsNotice *notice);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsNotifier, ks_notifier_free)
