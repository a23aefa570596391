/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: login.defs, a zero byte, and subuid. */
#include "files/people.h"
#include "fuzz.h"

#include <string.h>

/* Far more than the ranges that are kept; a file of a mebibyte has many more lines. */
#define RANGES_MAX 512u

static void hush(const char *domain, GLogLevelFlags level, const char *message, void *data)
{
    (void) domain;
    (void) level;
    (void) data;
    FUZZ_CHECK(g_utf8_validate(message, -1, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *login_defs = g_strndup((const char *) data, size);
    size_t length = strlen(login_defs);
    g_autofree char *subuid =
        length < size ? g_strndup((const char *) data + length + 1, size - length - 1) : NULL;
    g_autoptr(GArray) people = g_array_new(FALSE, FALSE, sizeof(KsUidRange));
    g_autoptr(GArray) usual = g_array_new(FALSE, FALSE, sizeof(KsUidRange));

    (void) g_log_set_default_handler(hush, NULL);
    ks_people_parse(usual, NULL, NULL);
    ks_people_parse(people, login_defs, subuid);
    FUZZ_CHECK(people->len >= usual->len && people->len <= RANGES_MAX);
    for (unsigned i = 0; i < people->len; i++) {
        const KsUidRange *range = &g_array_index(people, KsUidRange, i);

        FUZZ_CHECK(range->first > 0 && range->first <= range->last); /* root is nobody of them */
        FUZZ_CHECK(range->last < UINT32_MAX);
    }
    return 0;
}
