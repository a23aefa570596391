/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: strings with a zero between them: the action, then the environment. */
#include "fuzz.h"
#include "model/event.h"
#include "model/message.h"

#include <errno.h>
#include <string.h>

#define VARIABLES_MAX 64

static void check_event(const KsEvent *event)
{
    uint8_t record[sizeof(KsMessageHeader) + sizeof(KsEventRecord)];
    size_t size = ks_message_write_event(event, record);
    KsMessageHeader header;
    const void *payload;
    size_t payload_size;
    KsEvent received;

    /* what the hook reads is what the guard gets */
    FUZZ_CHECK(ks_message_read(record, size, &header, &payload, &payload_size) == 0);
    FUZZ_CHECK(header.kind == KS_MESSAGE_EVENT);
    FUZZ_CHECK(ks_message_read_event(payload, payload_size, &received) == 0);
    FUZZ_CHECK(received.action == event->action);
    FUZZ_CHECK(strcmp(received.uuid, event->uuid) == 0);
    FUZZ_CHECK(strcmp(received.interface, event->interface) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *argv[] = { "hook", "eth0", NULL, NULL };
    const char *environment[VARIABLES_MAX + 1] = { NULL };
    char *text = malloc(size + 1);
    size_t count = 0;
    KsEvent event;
    unsigned bad;
    int result;

    FUZZ_CHECK(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';

    argv[2] = text;
    for (const char *next = text + strlen(text) + 1; next <= text + size && count < VARIABLES_MAX;
         next += strlen(next) + 1)
        environment[count++] = next;

    result = ks_event_parse(3, argv, environment, &event, &bad);
    FUZZ_CHECK(result == 0 || result == -ENOENT);
    if (result == 0) {
        FUZZ_CHECK(strcmp(ks_action_name(event.action), text) == 0);
        FUZZ_CHECK(!(bad & KS_EVENT_BAD_UUID) || event.uuid[0] == '\0');
        FUZZ_CHECK(!(bad & KS_EVENT_BAD_INTERFACE) || event.interface[0] == '\0');
        check_event(&event);
    }
    free(text);
    return 0;
}
