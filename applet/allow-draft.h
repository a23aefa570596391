/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/model.h"
#include "model/exception.h"
#include "model/refused-report.h"

/* Exceptions before the guard hears of them: the one that would have let a refused packet out, and
 * those that a person writes; and what they are in words. Pure. */

/* As many seconds last those that a person makes for a while. */
#define KS_ALLOW_SECONDS 3600u

/* Why there can be no exception for it, a sentence, not owned; NULL: there can, and this is it. */
const char *ks_allow_refusal(const KsRefusedEntry *entry, KsException *ret_what);

/* "203.0.113.9, port 443, TCP": the other end's address, and the ports. Owned by the caller. */
char *ks_allow_where(const KsException *what);

/* What a person chooses instead of protocol and ports. */
typedef struct {
    const char *label; /* not translated yet */
    const char *protocol;
    const char *port;
    bool out; /* for exceptions that go out */
    bool in;  /* for services of this machine */
} KsAllowService;

/* The last has a label alone: protocol and ports are written. */
const KsAllowService *ks_allow_services(unsigned *ret_length);
const char *ks_allow_service_label(const KsAllowService *service);

/* "tcp", "udp", NULL: those that have ports to be written. */
extern const char *const ks_allow_protocols[];

typedef struct {
    bool incoming;
    const char *address;
    const char *protocol;
    const char *port;
} KsAllowDraft;

/* The part of a draft that a complaint is about. */
typedef enum {
    KS_ALLOW_ADDRESS,
    KS_ALLOW_PORT,
} KsAllowField;

/* What is wrong with it, a whole sentence, not owned; NULL: nothing is, and this is it. */
const char *ks_allow_draft_complaint(const KsAllowDraft *draft, KsException *ret_what,
                                     KsAllowField *ret_field);

/* The exception of now that lets it out, if there is one rather one for all networks; NULL: none
 * does. */
const KsGuardException *ks_allow_by(const GPtrArray *exceptions, const KsException *what);

/* The network that "only here" means: the only one that is connected and can be known again. NULL:
 * there is none, or several. */
const KsGuardNetwork *ks_allow_network(const KsModel *model);

/* The names that others have, also of those whose network is elsewhere. Owned by the caller. */
char **ks_allow_taken(const KsGuardState *guard);

/* What to call it: like its sender or the other end, and like no other one. `sender`: "": not
 * known. Owned by the caller. */
char *ks_allow_name(const char *const *taken, const KsException *what, const char *sender);

/* The guard would take neither none nor more. */
bool ks_allow_name_fits(const char *name);

/* What the guard is asked for. */
typedef struct {
    const KsException *what;
    const char *name;
    const char *network; /* its UUID; NULL: all */
    uint32_t seconds;    /* 0: until somebody removes it */
    bool confirmed;      /* the person has read what leaks by it */
} KsAllowWish;

KsRequest ks_allow_request(const KsAllowWish *wish);
const char *ks_allow_action(const KsAllowWish *wish);  /* the application's, that asks for it */
GVariant *ks_allow_arguments(const KsAllowWish *wish); /* of both; floating */
