/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/model.h"

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
    char *vpn;                /* UUID of the VPN that it is about; NULL: about none */
    bool is_of_disconnecting; /* that VPN, which did not work */
    unsigned buttons_length;
    KsNoticeButton buttons[KS_NOTICE_BUTTONS_MAX];
} KsNotice;

typedef enum {
    KS_NOTICE_KEEP,     /* what is shown stays */
    KS_NOTICE_WITHDRAW, /* all is well: nothing needs to be shown */
    KS_NOTICE_SHOW,     /* instead of what is shown */
} KsNoticeVerdict;

/* What was told last. Zeroed: nothing yet; ks_told_clear() makes it so again. */
typedef struct {
    KsState state;
    bool settled; /* and not still connecting, nor with some networks only */
    bool dropped; /* and a VPN can be connected again */
    bool told;    /* a first state was heard */
    char *shown;  /* title, body and VPN of the notification; NULL: none is shown */
} KsTold;

void ks_told_clear(KsTold *told);

/* `told` becomes what is told now: a notification whose words are no longer true is replaced.
 * `explain` asks for the words that only the first lock that closed by itself needs. */
KsNoticeVerdict ks_notice_for(const KsModel *model, bool explain, KsTold *told,
                              KsNotice **ret_notice);

/* Of what did not work when the guard was in the state `then` nothing more needs to be said. About
 * a VPN (its UUID, or NULL): it was deleted, or it is up, or down if `is_of_disconnecting`. About
 * none: the state is another one. */
bool ks_notice_is_over(KsState then, const char *vpn, bool is_of_disconnecting,
                       const KsModel *model);

/* The same of the notice that follows. */
bool ks_notice_is_over_always_on(const char *vpn, const KsModel *model);

/* For a person who had this program reconnect VPNs, which the guard does now: true if nothing is
 * left to be said, with a notice if that is to be shown. */
bool ks_notice_offer_always_on(const KsModel *model, KsNotice **ret_notice);

/* A request that did not work, in a person's words; NULL if they know already (they closed the
 * prompt themselves). `vpn`: UUID of the one that KS_REQUEST_DISCONNECT was about, else NULL. */
KsNotice *ks_notice_for_answer(KsRequest request, KsAnswer answer, const char *message,
                               const char *vpn);

/* A VPN could not be connected, or disconnected if it is up; `message` is NetworkManager's. */
KsNotice *ks_notice_for_vpn(const KsModel *model, const char *uuid, const char *message);

/* The guard could not be started; `message` is the bus's. */
KsNotice *ks_notice_for_no_start(const char *message);

/* What somebody should know who ends the tray; NULL: nothing, the lock is open. */
KsNotice *ks_notice_for_quit(const KsModel *model);

void ks_notice_free(KsNotice *notice);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsNotice, ks_notice_free)
