/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: one record of the guard's socket. */
#include "fuzz.h"
#include "model/message.h"

#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t again[sizeof(KsMessageHeader) + sizeof(KsEventRecord)];
    KsMessageHeader header;
    const void *payload;
    size_t payload_size;
    KsEvent event;
    int result;

    result = ks_message_read(data, size, &header, &payload, &payload_size);
    FUZZ_CHECK(result == 0 || result == -EBADMSG || result == -EPROTONOSUPPORT);
    if (result < 0)
        return 0;
    FUZZ_CHECK((const uint8_t *) payload == data + sizeof(header));
    FUZZ_CHECK(payload_size == size - sizeof(header) && payload_size <= KS_MESSAGE_PAYLOAD_MAX);
    FUZZ_CHECK(header.result <= 0);
    FUZZ_CHECK(header.kind == KS_MESSAGE_REPLY || (header.result == 0 && header.more == 0));

    result = ks_message_read_event(payload, payload_size, &event);
    FUZZ_CHECK(result == 0 || result == -EBADMSG);
    if (result < 0 || header.kind != KS_MESSAGE_EVENT)
        return 0;
    /* there is one way to write an event */
    FUZZ_CHECK(ks_message_write_event(&event, again) == size);
    FUZZ_CHECK(memcmp(again, data, size) == 0);
    return 0;
}
