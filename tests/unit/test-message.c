/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/message.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#define EVENT_SIZE (sizeof(KsMessageHeader) + sizeof(KsEventRecord))
#define ERRNO_MAX  4095

static const KsEvent whole_event = {
    .action = KS_ACTION_VPN_UP,
    .uuid = "4c6a0ecb-1c1d-4bc5-9f20-5c1d2f6cfb1a",
    .interface = "tun0",
};

static void assert_events_equal(const KsEvent *a, const KsEvent *b)
{
    g_assert_cmpint(a->action, ==, b->action);
    g_assert_cmpstr(a->uuid, ==, b->uuid);
    g_assert_cmpstr(a->interface, ==, b->interface);
}

/* Reads a record as the guard does. Whatever it takes must be an event that could have been sent:
 * written again it gives the same bytes. */
static bool read_event(const uint8_t *record, size_t size, KsEvent *ret_event)
{
    uint8_t again[EVENT_SIZE];
    KsMessageHeader header;
    const void *payload;
    size_t payload_size;
    KsEvent event;

    if (ks_message_read(record, size, &header, &payload, &payload_size) < 0 ||
        header.kind != KS_MESSAGE_EVENT || ks_message_read_event(payload, payload_size, &event) < 0)
        return false;

    g_assert_cmpint(event.action, <, KS_ACTION_MAX);
    g_assert_true(event.uuid[0] == '\0' || ks_uuid_is_valid(event.uuid));
    g_assert_true(event.interface[0] == '\0' || ks_interface_name_is_valid(event.interface));
    g_assert_cmpmem(record, size, again, ks_message_write_event(&event, again));
    *ret_event = event;
    return true;
}

static void test_round_trip(void)
{
    static const KsEvent events[] = {
        { .action = KS_ACTION_PRE_UP },
        { .action = KS_ACTION_REAPPLY, .interface = "wg0" },
        { .action = KS_ACTION_DOWN, .uuid = "0123456789abcdef0123456789abcdef01234567" },
        { .action = KS_ACTION_UP, .interface = "fifteen-letters" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(events); i++) {
        uint8_t record[EVENT_SIZE];
        KsEvent event;

        g_assert_cmpuint(ks_message_write_event(&events[i], record), ==, sizeof(record));
        g_assert_true(read_event(record, sizeof(record), &event));
        assert_events_equal(&event, &events[i]);
    }
}

static void test_truncated(void)
{
    uint8_t record[EVENT_SIZE + 1] = { 0 };
    KsEvent event;

    ks_message_write_event(&whole_event, record);
    for (size_t size = 0; size <= sizeof(record); size++) {
        /* a copy of exactly that size, so that reading past it is seen by the sanitizer */
        g_autofree uint8_t *cut = g_malloc(MAX(size, 1));

        memcpy(cut, record, size);
        g_assert_cmpint(read_event(cut, size, &event), ==, size == EVENT_SIZE);
    }
}

static void test_corrupted(void)
{
    uint8_t record[EVENT_SIZE];
    KsEvent event;
    unsigned taken = 0;

    ks_message_write_event(&whole_event, record);
    for (size_t place = 0; place < sizeof(record); place++) {
        uint8_t right = record[place];

        for (unsigned byte = 0; byte <= UINT8_MAX; byte++) {
            record[place] = (uint8_t) byte;
            taken += read_event(record, sizeof(record), &event);
        }
        record[place] = right;
    }
    /* another action, letter or digit is still an event */
    g_assert_cmpuint(taken, >, 0);
    g_assert_cmpuint(taken, <, sizeof(record) * UINT8_MAX / 2);
}

static const struct {
    KsMessageHeader header;
    int result;
} headers[] = {
    { { KS_MESSAGE_MAGIC, KS_MESSAGE_VERSION, KS_MESSAGE_EVENT, 0, 0, { 0 } }, 0 },
    { { KS_MESSAGE_MAGIC, KS_MESSAGE_VERSION, KS_MESSAGE_CALL, 0, 0, { 0 } }, 0 },
    { { KS_MESSAGE_MAGIC, KS_MESSAGE_VERSION, KS_MESSAGE_REPLY, 0, 0, { 0 } }, 0 },
    { { KS_MESSAGE_MAGIC, KS_MESSAGE_VERSION, KS_MESSAGE_REPLY, 0, 1, { 0 } }, 0 },
    { { KS_MESSAGE_MAGIC, KS_MESSAGE_VERSION, KS_MESSAGE_REPLY, -EPERM, 0, { 0 } }, 0 },
    { { KS_MESSAGE_MAGIC, KS_MESSAGE_VERSION, KS_MESSAGE_REPLY, -ERRNO_MAX, 1, { 0 } }, 0 },
    { { KS_MESSAGE_MAGIC + 1, KS_MESSAGE_VERSION, KS_MESSAGE_REPLY, 0, 0, { 0 } }, -EBADMSG },
    { { KS_MESSAGE_MAGIC, KS_MESSAGE_VERSION + 1, KS_MESSAGE_REPLY, 0, 0, { 0 } },
      -EPROTONOSUPPORT },
    { { KS_MESSAGE_MAGIC, 0, 200, 0, 0, { 0 } }, -EPROTONOSUPPORT },
    { { KS_MESSAGE_MAGIC, KS_MESSAGE_VERSION, 0, 0, 0, { 0 } }, -EBADMSG },
    { { KS_MESSAGE_MAGIC, KS_MESSAGE_VERSION, KS_MESSAGE_TELL + 1, 0, 0, { 0 } }, -EBADMSG },
    { { KS_MESSAGE_MAGIC, KS_MESSAGE_VERSION, KS_MESSAGE_REPLY, 1, 0, { 0 } }, -EBADMSG },
    { { KS_MESSAGE_MAGIC, KS_MESSAGE_VERSION, KS_MESSAGE_REPLY, -ERRNO_MAX - 1, 0, { 0 } },
      -EBADMSG },
    { { KS_MESSAGE_MAGIC, KS_MESSAGE_VERSION, KS_MESSAGE_REPLY, INT32_MIN, 0, { 0 } }, -EBADMSG },
    { { KS_MESSAGE_MAGIC, KS_MESSAGE_VERSION, KS_MESSAGE_REPLY, 0, 2, { 0 } }, -EBADMSG },
    { { KS_MESSAGE_MAGIC, KS_MESSAGE_VERSION, KS_MESSAGE_EVENT, 0, 1, { 0 } }, -EBADMSG },
    { { KS_MESSAGE_MAGIC, KS_MESSAGE_VERSION, KS_MESSAGE_CALL, -EPERM, 0, { 0 } }, -EBADMSG },
    { { KS_MESSAGE_MAGIC, KS_MESSAGE_VERSION, KS_MESSAGE_CALL, 0, 0, { [6] = 1 } }, -EBADMSG },
};

static void test_headers(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(headers); i++) {
        KsMessageHeader header = { .kind = 77 };
        const void *payload = NULL;
        size_t size = 77;

        g_test_message("row %zu", i);
        g_assert_cmpint(
            ks_message_read(&headers[i].header, sizeof(header), &header, &payload, &size), ==,
            headers[i].result);
        if (headers[i].result == 0) {
            g_assert_cmpmem(&header, sizeof(header), &headers[i].header, sizeof(header));
            g_assert_cmpuint(size, ==, 0);
        } else {
            g_assert_cmpuint(header.kind, ==, 77);
            g_assert_null(payload);
            g_assert_cmpuint(size, ==, 77);
        }
    }
}

static void test_sizes(void)
{
    static const size_t sizes[] = { sizeof(KsMessageHeader), KS_MESSAGE_MAX, KS_MESSAGE_MAX + 1 };
    const KsMessageHeader call = {
        .magic = KS_MESSAGE_MAGIC,
        .version = KS_MESSAGE_VERSION,
        .kind = KS_MESSAGE_CALL,
    };

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autofree uint8_t *record = g_malloc0(sizes[i]);
        KsMessageHeader header;
        const void *payload;
        size_t size;
        int result;

        memcpy(record, &call, sizeof(call));
        result = ks_message_read(record, sizes[i], &header, &payload, &size);
        if (sizes[i] > KS_MESSAGE_MAX) {
            g_assert_cmpint(result, ==, -EBADMSG);
            continue;
        }
        g_assert_cmpint(result, ==, 0);
        g_assert_cmpuint(size, ==, sizes[i] - sizeof(header));
        g_assert_true(payload == record + sizeof(header));
    }
}

/* A record in the middle of a buffer is read from wherever it stands. */
static void test_unaligned(void)
{
    for (size_t shift = 0; shift < sizeof(uint64_t); shift++) {
        uint8_t buffer[EVENT_SIZE + sizeof(uint64_t)] = { 0 };
        KsEvent event;

        ks_message_write_event(&whole_event, buffer + shift);
        g_assert_true(read_event(buffer + shift, EVENT_SIZE, &event));
        assert_events_equal(&event, &whole_event);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/message/round-trip", test_round_trip);
    g_test_add_func("/message/truncated", test_truncated);
    g_test_add_func("/message/corrupted", test_corrupted);
    g_test_add_func("/message/headers", test_headers);
    g_test_add_func("/message/sizes", test_sizes);
    g_test_add_func("/message/unaligned", test_unaligned);
    return g_test_run();
}
