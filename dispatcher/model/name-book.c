/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/name-book.h"

#include "model/dns-name.h"
#include "model/name-policy.h"

#define STEADY_MAX 1000u

struct KsNameBook {
    GHashTable *records; /* char *host (the record's) -> KsNameRecord */
};

static void free_record(void *data)
{
    KsNameRecord *record = data;

    g_free(record->host);
    g_array_unref(record->addresses);
    g_array_unref(record->refused);
    g_free(record);
}

static KsNameRecord *record_new(const char *host)
{
    KsNameRecord *record = g_new0(KsNameRecord, 1);

    record->host = g_strdup(host);
    record->addresses = g_array_new(FALSE, FALSE, sizeof(KsNameAddress));
    record->refused = g_array_new(FALSE, FALSE, sizeof(KsAddress));
    return record;
}

static KsNameAddress *address_at(const KsNameRecord *record, unsigned i)
{
    return &g_array_index(record->addresses, KsNameAddress, i);
}

static KsNameAddress *find_address(const KsNameRecord *record, const KsAddress *address)
{
    for (unsigned i = 0; i < record->addresses->len; i++)
        if (ks_address_compare(&address_at(record, i)->address, address) == 0)
            return address_at(record, i);
    return NULL;
}

KsNameBook *ks_name_book_new(void)
{
    KsNameBook *book = g_new0(KsNameBook, 1);

    book->records = g_hash_table_new_full(ks_host_hash, ks_host_equal, NULL, free_record);
    return book;
}

void ks_name_book_free(KsNameBook *book)
{
    if (!book)
        return;
    g_hash_table_unref(book->records);
    g_free(book);
}

const KsNameRecord *ks_name_book_find(const KsNameBook *book, const char *host)
{
    return g_hash_table_lookup(book->records, host);
}

unsigned ks_name_book_count(const KsNameBook *book)
{
    return g_hash_table_size(book->records);
}

GPtrArray *ks_name_book_records(const KsNameBook *book)
{
    GPtrArray *records = g_ptr_array_sized_new(g_hash_table_size(book->records));
    GHashTableIter iterator;
    void *record;

    g_hash_table_iter_init(&iterator, book->records);
    while (g_hash_table_iter_next(&iterator, NULL, &record))
        g_ptr_array_add(records, record);
    return records;
}

/* NULL: the book is full. */
static KsNameRecord *open_record(KsNameBook *book, const char *host)
{
    KsNameRecord *record = g_hash_table_lookup(book->records, host);

    if (record || g_hash_table_size(book->records) >= KS_NAMES_MAX)
        return record;
    record = record_new(host);
    g_hash_table_insert(book->records, record->host, record);
    return record;
}

static bool is_told(const KsNameAnswer *answer, const KsAddress *address)
{
    for (unsigned i = 0; i < answer->count; i++)
        if (ks_address_compare(&answer->addresses[i], address) == 0)
            return true;
    return false;
}

/* What must not be let out is only noted. Returns how many addresses are left. */
static unsigned note_refused(KsNameRecord *record, const KsNameAnswer *answer)
{
    unsigned believed = 0;

    g_array_set_size(record->refused, 0);
    for (unsigned i = 0; i < answer->count; i++) {
        if (!ks_name_refusal(&answer->addresses[i]))
            believed++;
        else if (record->refused->len < KS_NAME_REFUSED_MAX)
            g_array_append_val(record->refused, answer->addresses[i]);
    }
    return believed;
}

/* The one that was told the longest time ago makes room. False: all are of this answer. */
static bool make_room(KsNameRecord *record, const KsNameAnswer *answer)
{
    const KsNameAddress *oldest = NULL;
    unsigned place = 0;

    if (record->addresses->len < KS_NAME_ADDRESSES_MAX)
        return true;
    for (unsigned i = 0; i < record->addresses->len; i++) {
        const KsNameAddress *known = address_at(record, i);

        if (is_told(answer, &known->address) || (oldest && oldest->seen <= known->seen))
            continue;
        oldest = known;
        place = i;
    }
    if (oldest)
        g_array_remove_index(record->addresses, place);
    return oldest;
}

static bool add_told(KsNameRecord *record, const KsNameAnswer *answer)
{
    bool changed = false;

    for (unsigned i = 0; i < answer->count; i++) {
        KsNameAddress new = {
            .address = answer->addresses[i],
            .learned = answer->now,
            .seen = answer->now,
        };
        KsNameAddress *known = find_address(record, &new.address);

        if (known) {
            known->seen = answer->now;
        } else if (!ks_name_refusal(&new.address) && make_room(record, answer)) {
            g_array_append_val(record->addresses, new);
            changed = true;
        }
    }
    return changed;
}

static bool drop_old(KsNameRecord *record, int64_t now)
{
    bool changed = false;

    for (unsigned i = record->addresses->len; i-- > 0;) {
        if (address_at(record, i)->seen >= now - KS_NAME_ADDRESS_AGE)
            continue;
        g_array_remove_index(record->addresses, i);
        changed = true;
    }
    return changed;
}

/* Whether this answer tells an address that was known before `time`. */
static bool tells_one_from_before(const KsNameRecord *record, const KsNameAnswer *answer,
                                  int64_t time)
{
    for (unsigned i = 0; i < answer->count; i++) {
        const KsNameAddress *known = find_address(record, &answer->addresses[i]);

        if (known && known->learned < time)
            return true;
    }
    return false;
}

static bool knows_one_from_before(const KsNameRecord *record, int64_t time)
{
    for (unsigned i = 0; i < record->addresses->len; i++)
        if (address_at(record, i)->learned < time)
            return true;
    return false;
}

bool ks_name_book_learn(KsNameBook *book, const char *host, const KsNameAnswer *answer)
{
    KsNameRecord *record = open_record(book, host);
    bool is_news;
    bool changed;

    if (!record || note_refused(record, answer) == 0)
        return false;
    is_news = answer->locked && record->steady >= KS_NAME_STEADY && record->addresses->len > 0 &&
              !tells_one_from_before(record, answer, INT64_MAX);
    if (record->replaced && tells_one_from_before(record, answer, record->replaced))
        record->replaced = 0;
    changed = add_told(record, answer);
    record->steady = changed ? 0 : MIN(record->steady + 1, STEADY_MAX);
    changed |= drop_old(record, answer->now);
    if (is_news)
        record->replaced = answer->now;
    else if (record->replaced && !knows_one_from_before(record, record->replaced))
        record->replaced = 0; /* what it answers now is all there is */
    record->answered = answer->now;
    record->lifetime = answer->lifetime;
    return changed;
}

bool ks_name_book_restore(KsNameBook *book, const KsNameRecord *record, int64_t now)
{
    KsNameRecord *restored = record_new(record->host);

    for (unsigned i = 0; i < record->addresses->len; i++) {
        KsNameAddress known = *address_at(record, i);

        if (restored->addresses->len >= KS_NAME_ADDRESSES_MAX || ks_name_refusal(&known.address) ||
            find_address(restored, &known.address))
            continue;
        known.seen = CLAMP(known.seen, 0, now);
        known.learned = CLAMP(known.learned, 0, known.seen);
        g_array_append_val(restored->addresses, known);
    }
    restored->answered = CLAMP(record->answered, 0, now);
    restored->lifetime = record->lifetime;
    restored->steady = MIN(record->steady, STEADY_MAX);
    restored->replaced = CLAMP(record->replaced, 0, now);
    if (restored->addresses->len == 0 || ks_name_book_find(book, record->host) ||
        ks_name_book_count(book) >= KS_NAMES_MAX) {
        free_record(restored);
        return false;
    }
    g_hash_table_insert(book->records, restored->host, restored);
    return true;
}

bool ks_name_book_retain(KsNameBook *book, GHashTable *wanted)
{
    GHashTableIter iterator;
    bool changed = false;
    void *host;

    g_hash_table_iter_init(&iterator, book->records);
    while (g_hash_table_iter_next(&iterator, &host, NULL)) {
        if (g_hash_table_contains(wanted, host))
            continue;
        g_hash_table_iter_remove(&iterator);
        changed = true;
    }
    return changed;
}
