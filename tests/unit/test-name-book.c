/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which answers are believed, for how long, and what of them outlasts a reboot. */
#include "files/name-cache.h"
#include "model/name-book.h"
#include "model/name-policy.h"

#include <glib/gstdio.h>
#include <string.h>

#define NOW  1700000000
#define DAY  (24 * 3600)
#define HOST "vpn.example"

static KsAddress address(const char *text)
{
    KsAddress parsed = { 0 };
    bool valid = ks_address_parse(text, &parsed);

    g_assert_true(valid);
    return parsed;
}

/* `texts` with blanks between. */
static bool tell(KsNameBook *book, const char *texts, int64_t now, bool locked)
{
    g_auto(GStrv) words = g_strsplit(texts, " ", -1);
    g_autoptr(GArray) addresses = g_array_new(FALSE, FALSE, sizeof(KsAddress));
    KsNameAnswer answer = { .lifetime = 300, .now = now, .locked = locked };

    for (unsigned i = 0; words[i]; i++) {
        KsAddress parsed = address(words[i]);

        g_array_append_val(addresses, parsed);
    }
    answer.addresses = (const KsAddress *) (void *) addresses->data;
    answer.count = addresses->len;
    return ks_name_book_learn(book, HOST, &answer);
}

static char *known(const KsNameBook *book)
{
    const KsNameRecord *record = ks_name_book_find(book, HOST);
    GString *texts = g_string_new(NULL);

    for (unsigned i = 0; record && i < record->addresses->len; i++) {
        char text[KS_ADDRESS_TEXT_SIZE];

        g_string_append_printf(
            texts, "%s%s", i > 0 ? " " : "",
            ks_address_text(&g_array_index(record->addresses, KsNameAddress, i).address, text));
    }
    return g_string_free(texts, FALSE);
}

static void assert_known(const KsNameBook *book, const char *texts)
{
    g_autofree char *is = known(book);

    g_assert_cmpstr(is, ==, texts);
}

static void test_ranges(void)
{
    static const char *const refused[] = {
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.9.9",
        "127.0.0.1",
        "127.0.0.53",
        "169.254.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.170",
        "192.168.1.1",
        "198.18.0.4",
        "198.19.255.255",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "fc00::1",
        "fdff::1",
        "ff02::1",
        "64:ff9b:1::1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::127.0.0.1",
        "2002:a00:1::1",
        "2002:7f00:1::",
        "100::1",
        "4000::1",
    };
    static const char *const believed[] = {
        "1.1.1.1",        "9.255.255.255",   "11.0.0.0",         "100.63.255.255",
        "100.128.0.0",    "126.255.255.255", "128.0.0.1",        "169.253.255.255",
        "172.15.255.255", "172.32.0.0",      "192.167.255.255",  "198.17.255.255",
        "198.20.0.0",     "203.0.113.5",     "223.255.255.255",  "2001:db8::1",
        "2a00::1",        "3fff:ffff::1",    "64:ff9b::1.1.1.1", "2002:101:101::1",
    };
    KsAddress nothing = { 0 };

    for (unsigned i = 0; i < G_N_ELEMENTS(refused); i++) {
        KsAddress parsed = address(refused[i]);

        if (!ks_name_refusal(&parsed))
            g_error("%s is believed", refused[i]);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(believed); i++) {
        KsAddress parsed = address(believed[i]);

        if (ks_name_refusal(&parsed))
            g_error("%s is not believed", believed[i]);
    }
    g_assert_nonnull(ks_name_refusal(&nothing));
}

static void test_times(void)
{
    g_assert_cmpuint(ks_name_retry(1), ==, 1);
    g_assert_cmpuint(ks_name_retry(2), ==, 2);
    g_assert_cmpuint(ks_name_retry(9), ==, 256);
    g_assert_cmpuint(ks_name_retry(10), ==, 300);
    g_assert_cmpuint(ks_name_retry(UINT_MAX), ==, 300);
    for (KsNameUrgency urgency = KS_NAME_IDLE; urgency <= KS_NAME_CONNECTING; urgency++) {
        g_assert_cmpuint(ks_name_refresh(urgency, 0), >=, 3);
        g_assert_cmpuint(ks_name_refresh(urgency, UINT32_MAX), <=, DAY);
    }
    g_assert_cmpuint(ks_name_refresh(KS_NAME_IN_USE, 600), ==, 600);
}

static void test_learning(void)
{
    g_autoptr(KsNameBook) book = ks_name_book_new();

    g_assert_true(tell(book, "203.0.113.5", NOW, false));
    g_assert_false(tell(book, "203.0.113.5", NOW + 1, false));
    g_assert_true(tell(book, "203.0.113.6 2001:db8::1", NOW + 2, false));
    assert_known(book, "203.0.113.5 203.0.113.6 2001:db8::1");
    g_assert_nonnull(ks_name_book_find(book, "VPN.Example."));
    g_assert_null(ks_name_book_find(book, "vpn.exampl"));
}

static void test_ageing(void)
{
    g_autoptr(KsNameBook) book = ks_name_book_new();

    tell(book, "203.0.113.5", NOW, false);
    tell(book, "203.0.113.6", NOW + 1, false);
    tell(book, "203.0.113.6", NOW + 7 * DAY, false); /* the last day of the other */
    assert_known(book, "203.0.113.5 203.0.113.6");
    g_assert_true(tell(book, "203.0.113.6", NOW + 7 * DAY + 1, false));
    assert_known(book, "203.0.113.6");
    /* nothing but something newer drops the last one */
    g_assert_false(tell(book, "10.0.0.1", NOW + 700 * DAY, false));
    assert_known(book, "203.0.113.6");
    g_assert_true(tell(book, "203.0.113.7", NOW + 700 * DAY, false));
    assert_known(book, "203.0.113.7");
}

static void test_not_believed(void)
{
    g_autoptr(KsNameBook) book = ks_name_book_new();
    const KsNameRecord *record;

    g_assert_false(tell(book, "192.168.1.1 127.0.0.1", NOW, false));
    assert_known(book, "");
    record = ks_name_book_find(book, HOST);
    g_assert_cmpuint(record->refused->len, ==, 2);
    g_assert_true(tell(book, "10.0.0.1 203.0.113.5", NOW + 1, false));
    assert_known(book, "203.0.113.5");
    g_assert_cmpuint(record->refused->len, ==, 1);
    g_assert_false(tell(book, "203.0.113.5", NOW + 2, false));
    g_assert_cmpuint(record->refused->len, ==, 0);
}

static void test_bounds(void)
{
    g_autoptr(KsNameBook) book = ks_name_book_new();
    g_autoptr(GString) many = g_string_new("203.0.113.1");
    const KsNameRecord *record;

    for (unsigned i = 2; i < 3 * KS_NAME_ADDRESSES_MAX; i++)
        g_string_append_printf(many, " 203.0.%u.%u", 114 + i / 256, i % 256);
    tell(book, many->str, NOW, false);
    record = ks_name_book_find(book, HOST);
    g_assert_cmpuint(record->addresses->len, ==, KS_NAME_ADDRESSES_MAX);
    tell(book, "203.0.113.250", NOW + 1, false); /* the new one comes in, an old one goes */
    g_assert_cmpuint(record->addresses->len, ==, KS_NAME_ADDRESSES_MAX);
    g_assert_cmpint(g_array_index(record->addresses, KsNameAddress, KS_NAME_ADDRESSES_MAX - 1).seen,
                    ==, NOW + 1);
    for (unsigned i = 0; i < KS_NAMES_MAX + 5; i++) {
        g_autofree char *host = g_strdup_printf("n%u.example", i);
        KsAddress one = address("203.0.113.9");

        (void) ks_name_book_learn(book, host, &(KsNameAnswer){ .addresses = &one, .count = 1 });
    }
    g_assert_cmpuint(ks_name_book_count(book), ==, KS_NAMES_MAX);
}

static int64_t replaced(const KsNameBook *book)
{
    return ks_name_book_find(book, HOST)->replaced;
}

/* A steady name that suddenly says something else while locked: both stay, and it is told. */
static void test_sudden_change(void)
{
    g_autoptr(KsNameBook) book = ks_name_book_new();

    for (unsigned i = 0; i <= KS_NAME_STEADY; i++)
        tell(book, "203.0.113.5", NOW + i, true);
    tell(book, "203.0.113.66", NOW + 100, true);
    g_assert_cmpint(replaced(book), ==, NOW + 100);
    assert_known(book, "203.0.113.5 203.0.113.66");
    tell(book, "203.0.113.66", NOW + 200, true);
    g_assert_cmpint(replaced(book), ==, NOW + 100);
    tell(book, "203.0.113.5", NOW + 300, true); /* it was no liar */
    g_assert_cmpint(replaced(book), ==, 0);
}

static void test_change_that_is_none(void)
{
    g_autoptr(KsNameBook) book = ks_name_book_new();

    for (unsigned i = 1; i < 20; i++) { /* a large pool: always another */
        g_autofree char *text = g_strdup_printf("203.0.113.%u", i);

        tell(book, text, NOW + i, true);
        g_assert_cmpint(replaced(book), ==, 0);
    }
    for (unsigned i = 0; i <= KS_NAME_STEADY; i++)
        tell(book, "203.0.113.1", NOW + 100 + i, false);
    tell(book, "203.0.113.77 203.0.113.1", NOW + 200, true); /* one more, not another */
    g_assert_cmpint(replaced(book), ==, 0);
    for (unsigned i = 0; i <= KS_NAME_STEADY; i++)
        tell(book, "203.0.113.1", NOW + 300 + i, false);
    tell(book, "203.0.113.88", NOW + 400, false); /* not locked */
    g_assert_cmpint(replaced(book), ==, 0);
}

static void test_change_settles(void)
{
    g_autoptr(KsNameBook) book = ks_name_book_new();

    for (unsigned i = 0; i <= KS_NAME_STEADY; i++)
        tell(book, "203.0.113.5", NOW, true);
    tell(book, "203.0.113.66", NOW + 100, true);
    tell(book, "203.0.113.66", NOW + 8 * DAY, true);
    assert_known(book, "203.0.113.66");
    g_assert_cmpint(replaced(book), ==, 0);
}

static void test_retaining(void)
{
    g_autoptr(KsNameBook) book = ks_name_book_new();
    g_autoptr(GHashTable) wanted = g_hash_table_new(g_str_hash, g_str_equal);

    tell(book, "203.0.113.5", NOW, false);
    g_hash_table_add(wanted, (char *) HOST);
    g_assert_false(ks_name_book_retain(book, wanted));
    g_hash_table_remove_all(wanted);
    g_assert_true(ks_name_book_retain(book, wanted));
    g_assert_null(ks_name_book_find(book, HOST));
}

/* ---- on disk ---- */

static unsigned take(const char *text, KsNameBook *book)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    unsigned left_out = 0;
    bool read = g_key_file_load_from_data(file, text, (gsize) -1, G_KEY_FILE_NONE, NULL);

    g_assert_true(read);
    ks_name_cache_take(file, book, NOW, &left_out);
    return left_out;
}

static void test_cache_round_trip(void)
{
    g_autoptr(KsNameBook) book = ks_name_book_new();
    g_autoptr(KsNameBook) again = ks_name_book_new();
    g_autoptr(GKeyFile) file = NULL;
    g_autofree char *text = NULL;
    const KsNameRecord *record;

    for (unsigned i = 0; i <= KS_NAME_STEADY; i++)
        tell(book, "203.0.113.5 2001:db8::1", NOW - 9, true);
    tell(book, "203.0.113.66", NOW - 5, true);
    file = ks_name_cache_make(book);
    text = g_key_file_to_data(file, NULL, NULL);
    g_assert_cmpuint(take(text, again), ==, 0);
    assert_known(again, "203.0.113.5 2001:db8::1 203.0.113.66");
    record = ks_name_book_find(again, HOST);
    g_assert_cmpint(record->answered, ==, NOW - 5);
    g_assert_cmpint(record->replaced, ==, NOW - 5);
    g_assert_cmpuint(record->lifetime, ==, 300);
    g_assert_cmpint(g_array_index(record->addresses, KsNameAddress, 0).learned, ==, NOW - 9);
}

static void test_cache_foreign(void)
{
    static const char *const useless[] = {
        "[vpn.example]\n",
        "[vpn.example]\naddresses=\n",
        "[vpn.example]\naddresses=203.0.113.5\n",
        "[vpn.example]\naddresses=203.0.113.5 1\n",
        "[vpn.example]\naddresses=203.0.113.5 1 2 3\n",
        "[vpn.example]\naddresses=203.0.113.5 -1 2\n",
        "[vpn.example]\naddresses=203.0.113.5 1 99999999999999999999\n",
        "[vpn.example]\naddresses=10.0.0.1 1 2;127.0.0.1 1 2\n",
        "[vpn.example]\naddresses=\xff 1 2\n",
        "[192.0.2.1]\naddresses=203.0.113.5 1 2\n",
        "[a b]\naddresses=203.0.113.5 1 2\n",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(useless); i++) {
        g_autoptr(KsNameBook) book = ks_name_book_new();

        g_assert_cmpuint(take(useless[i], book), ==, 1);
        g_assert_cmpuint(ks_name_book_count(book), ==, 0);
    }
}

static void test_cache_odd_values(void)
{
    g_autoptr(KsNameBook) book = ks_name_book_new();
    const KsNameRecord *record;

    g_assert_cmpuint(take("[vpn.example]\n"
                          "addresses=203.0.113.5 9000000000000000000 9000000000000000000;"
                          "203.0.113.5 1 2;10.0.0.1 1 2;2001:db8::1 7 3\n"
                          "answered=9000000000000000000\nlifetime=x\nsteady=4000000000\n",
                          book),
                     ==, 0);
    assert_known(book, "203.0.113.5 2001:db8::1");
    record = ks_name_book_find(book, HOST);
    g_assert_cmpint(record->answered, ==, NOW);
    g_assert_cmpint(g_array_index(record->addresses, KsNameAddress, 0).seen, ==, NOW);
    g_assert_cmpint(g_array_index(record->addresses, KsNameAddress, 1).learned, ==, 3);
    g_assert_cmpuint(record->lifetime, ==, 0);
}

/* What was written is read again; what is broken is ignored and told. */
static void test_cache_file(void)
{
    g_autofree char *folder = g_dir_make_tmp("ks-names-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "names", NULL);
    g_autoptr(KsNameBook) book = ks_name_book_new();
    g_autoptr(KsNameBook) again = ks_name_book_new();
    g_autofree char *broken = NULL;
    g_autofree char *empty = NULL;
    g_autofree char *unwritable = NULL;

    g_setenv("STATE_DIRECTORY", folder, TRUE);
    empty = ks_name_cache_load(book, NOW);
    g_assert_null(empty);
    tell(book, "203.0.113.5", NOW, false);
    g_assert_null(ks_name_cache_save(book));
    g_assert_null(ks_name_cache_load(again, NOW));
    assert_known(again, "203.0.113.5");

    g_file_set_contents(path, "[vpn.example\n", -1, NULL);
    broken = ks_name_cache_load(again, NOW);
    g_assert_nonnull(strstr(broken, "looked up again"));
    g_remove(path);
    g_mkdir(path, 0700);
    unwritable = ks_name_cache_save(book);
    g_assert_nonnull(strstr(unwritable, "could not be saved"));
    g_rmdir(path);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

/* However much there is, what is written can be read again. */
static void test_cache_is_bounded(void)
{
    g_autoptr(KsNameBook) book = ks_name_book_new();
    g_autofree char *label = g_strnfill(60, 'a');
    KsAddress addresses[KS_NAME_ADDRESSES_MAX];
    g_autoptr(GKeyFile) file = NULL;
    g_autofree char *text = NULL;
    gsize length;

    for (unsigned i = 0; i < KS_NAME_ADDRESSES_MAX; i++) {
        addresses[i] = address("2001:db8:1111:1111:1111:1111:1111:1111");
        addresses[i].bytes[15] = (uint8_t) i;
    }
    for (unsigned i = 0; i < KS_NAMES_MAX / 8; i++) {
        g_autofree char *host = g_strdup_printf("n%u.%s.%s.%s.example", i, label, label, label);

        (void) ks_name_book_learn(book, host,
                                  &(KsNameAnswer){ .addresses = addresses,
                                                   .count = KS_NAME_ADDRESSES_MAX,
                                                   .now = G_MAXINT64 / 2 });
    }
    file = ks_name_cache_make(book);
    text = g_key_file_to_data(file, &length, NULL);
    g_assert_nonnull(text);
    g_assert_cmpuint(length, <=, KS_NAME_CACHE_SIZE_MAX);
    g_assert_cmpuint(length, >, KS_NAME_CACHE_SIZE_MAX / 4);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/names/ranges", test_ranges);
    g_test_add_func("/names/times", test_times);
    g_test_add_func("/names/learning", test_learning);
    g_test_add_func("/names/ageing", test_ageing);
    g_test_add_func("/names/not-believed", test_not_believed);
    g_test_add_func("/names/bounds", test_bounds);
    g_test_add_func("/names/sudden-change", test_sudden_change);
    g_test_add_func("/names/no-change", test_change_that_is_none);
    g_test_add_func("/names/change-settles", test_change_settles);
    g_test_add_func("/names/retaining", test_retaining);
    g_test_add_func("/names/cache/round-trip", test_cache_round_trip);
    g_test_add_func("/names/cache/foreign", test_cache_foreign);
    g_test_add_func("/names/cache/odd-values", test_cache_odd_values);
    g_test_add_func("/names/cache/file", test_cache_file);
    g_test_add_func("/names/cache/bounded", test_cache_is_bounded);
    return g_test_run();
}
