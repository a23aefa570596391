/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/message.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* The kernel's own bound on an errno (include/linux/err.h, MAX_ERRNO). */
#define ERRNO_MAX 4095

/* Both ends are of one package, but a layout with holes would carry unset bytes. */
static_assert(sizeof(KsMessageHeader) == 16, "the header has no padding");
static_assert(sizeof(KsEventRecord) == 64, "the event has no padding");
static_assert(KS_ACTION_MAX <= UINT8_MAX, "an action fits its field");

static bool is_zero(const void *bytes, size_t size)
{
    const uint8_t *byte = bytes;

    for (size_t i = 0; i < size; i++)
        if (byte[i] != 0)
            return false;
    return true;
}

/* Whether a fixed field holds text with its final zero and nothing behind it. */
static bool is_text(const char *field, size_t size)
{
    size_t length = strnlen(field, size);

    return length < size && is_zero(field + length, size - length);
}

static bool header_is_valid(const KsMessageHeader *header)
{
    bool is_reply = header->kind == KS_MESSAGE_REPLY;

    if (header->kind < KS_MESSAGE_EVENT || header->kind > KS_MESSAGE_TELL)
        return false;
    if (header->result > 0 || header->result < -ERRNO_MAX || header->more > 1)
        return false;
    if (!is_reply && (header->result != 0 || header->more != 0))
        return false;
    return is_zero(header->reserved, sizeof(header->reserved));
}

size_t ks_message_write_event(const KsEvent *event,
                              uint8_t buffer[sizeof(KsMessageHeader) + sizeof(KsEventRecord)])
{
    KsMessageHeader header = {
        .magic = KS_MESSAGE_MAGIC,
        .version = KS_MESSAGE_VERSION,
        .kind = KS_MESSAGE_EVENT,
    };
    KsEventRecord record = { .action = (uint8_t) event->action };

    memcpy(record.uuid, event->uuid, strnlen(event->uuid, sizeof(record.uuid) - 1));
    memcpy(record.interface, event->interface,
           strnlen(event->interface, sizeof(record.interface) - 1));

    memcpy(buffer, &header, sizeof(header));
    memcpy(buffer + sizeof(header), &record, sizeof(record));
    return sizeof(header) + sizeof(record);
}

int ks_message_read(const void *record, size_t size, KsMessageHeader *ret_header,
                    const void **ret_payload, size_t *ret_payload_size)
{
    KsMessageHeader header;

    if (size < sizeof(header) || size > KS_MESSAGE_MAX)
        return -EBADMSG;
    memcpy(&header, record, sizeof(header));
    if (header.magic != KS_MESSAGE_MAGIC)
        return -EBADMSG;
    if (header.version != KS_MESSAGE_VERSION)
        return -EPROTONOSUPPORT;
    if (!header_is_valid(&header))
        return -EBADMSG;

    *ret_header = header;
    *ret_payload = (const uint8_t *) record + sizeof(header);
    *ret_payload_size = size - sizeof(header);
    return 0;
}

int ks_message_read_event(const void *payload, size_t size, KsEvent *ret_event)
{
    KsEvent event = { 0 };
    KsEventRecord record;

    if (size != sizeof(record))
        return -EBADMSG;
    memcpy(&record, payload, sizeof(record));

    if (record.action >= KS_ACTION_MAX || !is_zero(record.reserved, sizeof(record.reserved)))
        return -EBADMSG;
    if (!is_text(record.uuid, sizeof(record.uuid)) ||
        !is_text(record.interface, sizeof(record.interface)))
        return -EBADMSG;
    if (record.uuid[0] != '\0' && !ks_uuid_is_valid(record.uuid))
        return -EBADMSG;
    if (record.interface[0] != '\0' && !ks_interface_name_is_valid(record.interface))
        return -EBADMSG;

    event.action = (KsAction) record.action;
    memcpy(event.uuid, record.uuid, sizeof(event.uuid));
    memcpy(event.interface, record.interface, sizeof(event.interface));
    *ret_event = event;
    return 0;
}
