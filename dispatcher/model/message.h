/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/event.h"

#include <stddef.h>
#include <stdint.h>

/* What crosses the guard's local socket: one SOCK_SEQPACKET record a message, at most
 * KS_MESSAGE_MAX bytes, fixed layout, host byte order (both ends are on one machine and of one
 * package; `version` says so). Plain C library only.
 *
 *   hook -> guard: KS_MESSAGE_EVENT, an event; answered by one KS_MESSAGE_REPLY without payload,
 *                  sent when the kernel has the rules that follow from it.
 *   ctl -> guard:  KS_MESSAGE_CALL, payload: a serialised GVariant "(sv)", a method of the bus
 *                  contract and its arguments as a tuple; answered by KS_MESSAGE_REPLY: the result
 *                  in `result`, the payload is a serialised GVariant "v" (the tuple of what the
 *                  method returns) on success and plain UTF-8 text on failure, in as many records
 *                  as it takes: `more` is set on all but the last.
 *   who looks at what is refused -> guard: KS_MESSAGE_TELL, without payload; answered by one
 *                  KS_MESSAGE_REPLY, with text on failure. The kernel tells KS_LOG_GROUP of what it
 *                  refuses until this connection ends. */

#define KS_MESSAGE_MAGIC   0x6b73u
#define KS_MESSAGE_VERSION 1u
#define KS_MESSAGE_MAX     16384u

typedef enum {
    KS_MESSAGE_EVENT = 1,
    KS_MESSAGE_CALL = 2,
    KS_MESSAGE_REPLY = 3,
    KS_MESSAGE_TELL = 4,
} KsMessageKind;

typedef struct {
    uint16_t magic;
    uint8_t version;
    uint8_t kind;        /* KsMessageKind */
    int32_t result;      /* replies: 0 or a negative errno; else 0 */
    uint8_t more;        /* replies: 1 when another record of the same reply follows; else 0 */
    uint8_t reserved[7]; /* zero */
} KsMessageHeader;

typedef struct {
    uint8_t action; /* KsAction */
    char uuid[KS_UUID_SIZE];
    char interface[IF_NAMESIZE];
    uint8_t reserved[6]; /* zero */
} KsEventRecord;

#define KS_MESSAGE_PAYLOAD_MAX (KS_MESSAGE_MAX - sizeof(KsMessageHeader))

/* Writes an event message; returns its size. */
size_t ks_message_write_event(const KsEvent *event,
                              uint8_t buffer[sizeof(KsMessageHeader) + sizeof(KsEventRecord)]);

/* Checks size, magic, version, kind and zeroes of a received record. Returns 0 or -EBADMSG, or
 * -EPROTONOSUPPORT for another version. `ret_payload` points into `record`. */
int ks_message_read(const void *record, size_t size, KsMessageHeader *ret_header,
                    const void **ret_payload, size_t *ret_payload_size);

/* Checks every field of an event's payload. Returns 0 or -EBADMSG. */
int ks_message_read_event(const void *payload, size_t size, KsEvent *ret_event);
