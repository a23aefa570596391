/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/lock.h"

/* An exception: what a person who may configure lets past the lock, to one destination (ADR 42) or,
 * incoming, to a service of this machine (ADR 45). A plain value. */

#define KS_EXCEPTIONS_MAX          64u  /* of a machine */
#define KS_EXCEPTION_NAME_MAX      128u /* bytes of UTF-8 */
#define KS_EXCEPTION_TO_TEXT_SIZE  (KS_ADDRESS_TEXT_SIZE + 4)
#define KS_EXCEPTION_PORT_TEXT_MAX 12

typedef struct {
    bool incoming;     /* others begin it */
    KsAddress address; /* of the other end: the first one of the range */
    uint8_t prefix;
    uint8_t protocol;    /* IPPROTO_TCP, _UDP or _ICMP (IPv6: ICMPv6's); 0: these three */
    uint16_t first_port; /* of the other end; incoming: of this one. 0: all, without those of name
                          * servers */
    uint16_t last_port;
} KsException;

/* "192.0.2.5" or "192.0.2.0/24"; bits behind the prefix are cleared. False: that is no address, or
 * no length for it. */
bool ks_exception_read_to(const char *text, KsException *ret_exception);
const char *ks_exception_to_text(const KsException *exception,
                                 char text[KS_EXCEPTION_TO_TEXT_SIZE]);

/* "tcp", "udp", "icmp", or "" for all three. */
bool ks_exception_read_protocol(const char *word, KsException *ret_exception);
const char *ks_exception_protocol_name(const KsException *exception);

/* "443" or "8000-8010", or "" for all. Only TCP and UDP have ports. */
bool ks_exception_read_ports(const char *text, KsException *ret_exception);
const char *ks_exception_ports_text(const KsException *exception,
                                    char text[KS_EXCEPTION_PORT_TEXT_MAX]);

/* Some packet goes by both. Never of two of which one is incoming: each of them can be taken back
 * alone, and what belongs to the other's flows goes on. */
bool ks_exceptions_overlap(const KsException *a, const KsException *b);

/* Why it is not for an exception, a whole sentence; NULL: it may be one. */
const char *ks_exception_refusal(const KsException *exception);

/* What leaks by it beyond what it is for, as a whole sentence, so that it is to be confirmed; NULL:
 * nothing more than anybody would think. */
const char *ks_exception_leak(const KsException *exception);

/* All of it is in a private range. No exception that goes out is so in part. */
bool ks_exception_is_private(const KsException *exception);
bool ks_exception_holds_private(const KsException *exception); /* some of it */

/* Whether a packet that begins here is let out to there. `port`: 0 where the protocol has none. */
bool ks_exception_lets_out(const KsException *exception, const KsAddress *to, uint8_t protocol,
                           uint16_t port);

/* Into KS_SET_EXCEPTIONS4 or 6, incoming KS_SET_SERVICES4 or 6. `until`: when the kernel takes it
 * out again, in seconds since the boot, sleep included; 0: never. `index`: of the only interface by
 * which it is; 0: by any. What overlaps something in the lock already is left out. */
bool ks_lock_add_exception(KsLock *lock, const KsException *exception, uint32_t until,
                           uint32_t index);
