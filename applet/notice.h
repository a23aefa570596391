/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/presenter.h"

/* Which notification a change of state is worth: one, which replaces the one before; none while all
 * is well. Pure. */

#define KS_NOTICE_BUTTONS_MAX 2u

typedef struct {
    char *label;
    const char *action; /* "app.unlock" and the like, static */
    GVariant *target;   /* owned; NULL: none */
} KsNoticeButton;

typedef struct {
    char *title;
    char *body;
    const char *icon; /* static */
    bool urgent;
    unsigned buttons_length;
    KsNoticeButton buttons[KS_NOTICE_BUTTONS_MAX];
} KsNotice;

typedef enum {
    KS_NOTICE_KEEP,     /* what is shown stays */
    KS_NOTICE_WITHDRAW, /* all is well: nothing needs to be shown */
    KS_NOTICE_SHOW,     /* instead of what is shown */
} KsNoticeVerdict;

/* What was told last. Zeroed: nothing yet. */
typedef struct {
    KsState state;
    bool settled; /* and not still connecting, nor with some networks only */
    bool dropped; /* and a VPN can be connected again */
    bool offers;  /* with a button that connects a VPN */
    bool told;    /* a first state was heard */
} KsTold;

/* `told` becomes what is told now. `explain` asks for the words that only the first lock that
 * closed by itself needs. */
KsNoticeVerdict ks_notice_for(const KsModel *model, bool explain, KsTold *told,
                              KsNotice **ret_notice);

/* For a person who had this program reconnect VPNs, which the guard does now: true if nothing is
 * left to be said, with a notice if that is to be shown. */
bool ks_notice_offer_always_on(const KsModel *model, KsNotice **ret_notice);

/* A request that did not work, in a person's words; NULL if they know already (they closed the
 * prompt themselves). */
KsNotice *ks_notice_for_answer(KsRequest request, KsAnswer answer, const char *message);

/* What somebody should know who ends the tray; NULL: nothing, the lock is open. */
KsNotice *ks_notice_for_quit(const KsModel *model);

void ks_notice_free(KsNotice *notice);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsNotice, ks_notice_free)
