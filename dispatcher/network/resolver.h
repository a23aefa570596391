/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/address.h"
#include "model/resolv-conf.h"

/* Asks the DNS for the addresses of host names, as /etc/resolv.conf and /etc/hosts say, without
 * ever waiting. By c-ares, because the C library's resolver waits and tells no lifetimes.
 *
 * The questions are plain: one name, A and AAAA, no search list, no options. That is the form which
 * the lock lets out for the names of VPN servers. Where more addresses may have been left out than
 * an answer by UDP holds, the same is asked by TCP, which the lock lets out for the guard alone. */

#define KS_RESOLVER_QUESTIONS_MAX 16u  /* names under way at the same time */
#define KS_RESOLVER_ADDRESSES_MAX 256u /* of one answer; more are left out */

typedef struct KsResolver KsResolver;

typedef enum {
    KS_RESOLVED,
    KS_RESOLVED_NOTHING, /* there is no such name, or it has no address */
    KS_RESOLVED_NOT,     /* no answer, or no usable one */
    KS_RESOLVED_ANEW,    /* ended because /etc/resolv.conf changed: ask again */
} KsResolved;

/* What programs of this machine get to know by UDP, which is all that the lock lets them ask by. */
typedef enum {
    KS_CUT_NOT,
    KS_CUT_SOME, /* the answer says that there is more */
    KS_CUT_ALL,  /* no address at all, although there are some */
} KsCut;

typedef struct {
    /* once for each ks_resolver_ask() that returned true, never from within it; `addresses` only
     * with KS_RESOLVED, `lifetime` in seconds */
    void (*answered)(const char *host, KsResolved result, const KsAddress *addresses,
                     unsigned count, uint32_t lifetime, KsCut cut, void *data);
    /* /etc/resolv.conf is another now */
    void (*changed)(void *data);
    void *data;
} KsResolverObserver;

KsResolver *ks_resolver_new(const KsResolverObserver *observer);

/* What is under way then is never answered. */
void ks_resolver_free(KsResolver *resolver);

/* False: as many questions as may be are under way. */
bool ks_resolver_ask(KsResolver *resolver, const char *host);
unsigned ks_resolver_under_way(const KsResolver *resolver);

/* How other programs of this machine ask, by resolv.conf. */
const KsResolvConf *ks_resolver_conf(const KsResolver *resolver);
