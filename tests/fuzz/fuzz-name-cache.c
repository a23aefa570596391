/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: <state>/names. */
#include "files/name-cache.h"
#include "fuzz.h"
#include "model/name-policy.h"
#include "model/server.h"

#define NOW 1700000000

static void check_record(const KsNameRecord *record)
{
    FUZZ_CHECK(ks_server_host_is_valid(record->host));
    FUZZ_CHECK(record->addresses->len > 0 && record->addresses->len <= KS_NAME_ADDRESSES_MAX);
    FUZZ_CHECK(record->answered >= 0 && record->answered <= NOW);
    FUZZ_CHECK(record->replaced >= 0 && record->replaced <= NOW);
    for (unsigned i = 0; i < record->addresses->len; i++) {
        const KsNameAddress *known = &g_array_index(record->addresses, KsNameAddress, i);

        FUZZ_CHECK(!ks_name_refusal(&known->address));
        FUZZ_CHECK(known->learned >= 0 && known->learned <= known->seen && known->seen <= NOW);
        for (unsigned j = 0; j < i; j++)
            FUZZ_CHECK(ks_address_compare(
                &known->address, &g_array_index(record->addresses, KsNameAddress, j).address));
    }
}

/* What was read is written so that it is read as the same again. */
static void check_written(const KsNameBook *book, const GPtrArray *records)
{
    g_autoptr(GKeyFile) file = ks_name_cache_make(book);
    g_autoptr(KsNameBook) again = ks_name_book_new();
    unsigned left_out;

    ks_name_cache_take(file, again, NOW, &left_out);
    FUZZ_CHECK(left_out == 0 && ks_name_book_count(again) == records->len);
    for (unsigned i = 0; i < records->len; i++) {
        const KsNameRecord *record = g_ptr_array_index(records, i);
        const KsNameRecord *other = ks_name_book_find(again, record->host);

        FUZZ_CHECK(other && other->addresses->len == record->addresses->len);
        FUZZ_CHECK(other->answered == record->answered && other->lifetime == record->lifetime);
        FUZZ_CHECK(other->steady == record->steady && other->replaced == record->replaced);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(KsNameBook) book = ks_name_book_new();
    g_autoptr(GPtrArray) records = NULL;
    unsigned left_out;

    if (size == 0 ||
        !g_key_file_load_from_data(file, (const char *) data, size, G_KEY_FILE_NONE, NULL))
        return 0;
    ks_name_cache_take(file, book, NOW, &left_out);
    records = ks_name_book_records(book);
    for (unsigned i = 0; i < records->len; i++)
        check_record(g_ptr_array_index(records, i));
    check_written(book, records);
    return 0;
}
