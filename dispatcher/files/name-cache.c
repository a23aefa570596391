/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/name-cache.h"

#include "files/key-file.h"
#include "files/store.h"
#include "model/server.h"

#include <inttypes.h>

#define KEY_ADDRESSES "addresses"
#define KEY_ANSWERED  "answered"
#define KEY_LIFETIME  "lifetime"
#define KEY_STEADY    "steady"
#define KEY_REPLACED  "replaced"

/* Most bytes of a name without its addresses, and of one address. */
#define NAME_SIZE_MAX    512u
#define ADDRESS_SIZE_MAX 88u

/* An address, when it was first told and when last: "203.0.113.5 1700000000 1700003600". */
static bool read_address(const char *text, KsNameAddress *ret_known)
{
    g_auto(GStrv) fields = g_strsplit(text, " ", 4);

    return g_strv_length(fields) == 3 && ks_address_parse(fields[0], &ret_known->address) &&
           g_ascii_string_to_unsigned(fields[1], 10, 0, G_MAXINT64, (guint64 *) &ret_known->learned,
                                      NULL) &&
           g_ascii_string_to_unsigned(fields[2], 10, 0, G_MAXINT64, (guint64 *) &ret_known->seen,
                                      NULL);
}

/* What is not there counts as 0, and so does what is no such number. */
static uint64_t read_number(GKeyFile *file, const char *host, const char *key, uint64_t most)
{
    g_autofree char *text = g_key_file_get_value(file, host, key, NULL);
    guint64 number = 0;

    if (text)
        (void) g_ascii_string_to_unsigned(text, 10, 0, most, &number, NULL);
    return number;
}

static bool take_name(GKeyFile *file, char *host, KsNameBook *book, int64_t now)
{
    g_auto(GStrv) texts = g_key_file_get_string_list(file, host, KEY_ADDRESSES, NULL, NULL);
    g_autoptr(GArray) addresses = g_array_new(FALSE, FALSE, sizeof(KsNameAddress));
    KsAddress literal;
    KsNameRecord record = {
        .host = host,
        .addresses = addresses,
        .answered = (int64_t) read_number(file, host, KEY_ANSWERED, G_MAXINT64),
        .lifetime = (uint32_t) read_number(file, host, KEY_LIFETIME, G_MAXUINT32),
        .steady = (unsigned) read_number(file, host, KEY_STEADY, G_MAXUINT32),
        .replaced = (int64_t) read_number(file, host, KEY_REPLACED, G_MAXINT64),
    };

    if (!ks_server_host_is_valid(host) || ks_address_parse(host, &literal))
        return false;
    for (unsigned i = 0; texts && texts[i] && i < KS_NAME_ADDRESSES_MAX; i++) {
        KsNameAddress known;

        if (read_address(texts[i], &known))
            g_array_append_val(addresses, known);
    }
    return ks_name_book_restore(book, &record, now);
}

void ks_name_cache_take(GKeyFile *file, KsNameBook *book, int64_t now, unsigned *ret_left_out)
{
    gsize count;
    g_auto(GStrv) hosts = g_key_file_get_groups(file, &count);

    *ret_left_out = 0;
    for (gsize i = 0; i < count; i++)
        if (!take_name(file, hosts[i], book, now))
            ++*ret_left_out;
}

/* How many addresses of each name fit, if all names are as long as names can be. */
static unsigned addresses_that_fit(unsigned names)
{
    return MIN((KS_NAME_CACHE_SIZE_MAX / MAX(names, 1) - NAME_SIZE_MAX) / ADDRESS_SIZE_MAX,
               KS_NAME_ADDRESSES_MAX);
}

static void make_name(GKeyFile *file, const KsNameRecord *record, unsigned most)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    unsigned first = record->addresses->len - MIN(record->addresses->len, most);

    for (unsigned i = first; i < record->addresses->len; i++) { /* the newest stand last */
        const KsNameAddress *known = &g_array_index(record->addresses, KsNameAddress, i);
        char address[KS_ADDRESS_TEXT_SIZE];

        g_ptr_array_add(texts, g_strdup_printf("%s %" PRId64 " %" PRId64,
                                               ks_address_text(&known->address, address),
                                               known->learned, known->seen));
    }
    g_key_file_set_string_list(file, record->host, KEY_ADDRESSES,
                               (const char *const *) texts->pdata, texts->len);
    g_key_file_set_int64(file, record->host, KEY_ANSWERED, record->answered);
    g_key_file_set_uint64(file, record->host, KEY_LIFETIME, record->lifetime);
    g_key_file_set_uint64(file, record->host, KEY_STEADY, record->steady);
    if (record->replaced)
        g_key_file_set_int64(file, record->host, KEY_REPLACED, record->replaced);
}

GKeyFile *ks_name_cache_make(const KsNameBook *book)
{
    g_autoptr(GPtrArray) records = ks_name_book_records(book);
    GKeyFile *file = g_key_file_new();

    for (unsigned i = 0; i < records->len; i++) {
        const KsNameRecord *record = g_ptr_array_index(records, i);

        if (record->addresses->len > 0)
            make_name(file, record, addresses_that_fit(records->len));
    }
    return file;
}

char *ks_name_cache_load(KsNameBook *book, int64_t now)
{
    g_autofree char *path = ks_store_path("names");
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) error = NULL;
    unsigned left_out;

    if (ks_key_file_read(path, file, KS_NAME_CACHE_SIZE_MAX, &error) < 0)
        return g_strdup_printf(
            "The saved addresses of VPN servers in %s cannot be read (%s). They are looked up "
            "again.",
            path, error->message);
    ks_name_cache_take(file, book, now, &left_out);
    if (left_out > 0)
        return g_strdup_printf(
            "%u names of VPN servers in %s have no usable address. They are looked up again.",
            left_out, path);
    return NULL;
}

char *ks_name_cache_save(const KsNameBook *book)
{
    g_autofree char *path = ks_store_path("names");
    g_autoptr(GKeyFile) file = ks_name_cache_make(book);
    g_autoptr(GError) error = NULL;

    if (ks_key_file_write(path, file, true, &error))
        return NULL;
    return g_strdup_printf("The addresses of VPN servers could not be saved, so that they must be "
                           "asked for after a reboot: %s.",
                           error->message);
}
