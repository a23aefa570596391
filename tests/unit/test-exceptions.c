/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exceptions-fixture.h"
#include "files/exceptions-file.h"
#include "policy/draw.h"
#include "policy/error.h"

#include <glib/gstdio.h>
#include <netinet/in.h>
#include <string.h>

static KsExceptionWish wish_of(const char *name, const char *to, const char *protocol,
                               uint16_t first, uint16_t last)
{
    return (KsExceptionWish){
        .name = name, .to = to, .protocol = protocol, .first_port = first, .last_port = last
    };
}

static void test_refused(void)
{
    static const struct {
        const char *to;
        const char *protocol;
        uint16_t first;
        uint16_t last;
        int code; /* -1: it is made */
    } rows[] = {
        { "0.0.0.0/0", "tcp", 443, 443, KS_ERROR_INVALID_ARGUMENTS },
        { "::/0", "tcp", 443, 443, KS_ERROR_INVALID_ARGUMENTS },
        { "10.0.0.0/7", "tcp", 443, 443, KS_ERROR_INVALID_ARGUMENTS },
        { "10.0.0.0/8", "tcp", 443, 443, -1 },
        { "203.0.0.0/15", "tcp", 443, 443, KS_ERROR_INVALID_ARGUMENTS },
        { "203.0.113.0/23", "tcp", 443, 443, KS_ERROR_NOT_CONFIRMED },
        { "203.0.113.0/24", "tcp", 443, 443, -1 },
        { "198.51.0.0/16", "icmp", 0, 0, KS_ERROR_NOT_CONFIRMED },
        { "2001:db8::/47", "tcp", 443, 443, KS_ERROR_NOT_CONFIRMED },
        { "2001:db8::/48", "tcp", 443, 443, -1 },
        { "64:ff9b::cb00:7100/119", "tcp", 443, 443, KS_ERROR_NOT_CONFIRMED },
        { "64:ff9b::cb00:7100/120", "tcp", 443, 443, -1 },
        { "::ffff:0:0:0/96", "tcp", 443, 443, KS_ERROR_INVALID_ARGUMENTS },
        { "::ffff:0:203.0.113.0/111", "tcp", 443, 443, KS_ERROR_INVALID_ARGUMENTS },
        { "::ffff:0:203.0.113.9", "tcp", 443, 443, -1 },
        { "203.0.0.0/16", "tcp", 443, 443, KS_ERROR_NOT_CONFIRMED },
        { "2001:db8::/31", "tcp", 443, 443, KS_ERROR_INVALID_ARGUMENTS },
        { "2001:db8::/32", "tcp", 443, 443, KS_ERROR_NOT_CONFIRMED },
        { "fc00::/7", "tcp", 443, 443, -1 },
        { "64:ff9b::/32", "tcp", 443, 443, KS_ERROR_INVALID_ARGUMENTS },
        { "64:ff9b::/96", "tcp", 443, 443, KS_ERROR_INVALID_ARGUMENTS },
        { "64:ff9b::cb00:0/111", "tcp", 443, 443, KS_ERROR_INVALID_ARGUMENTS },
        { "64:ff9b::cb00:0/112", "tcp", 443, 443, KS_ERROR_NOT_CONFIRMED },
        { "64:ff9b:1::/48", "tcp", 443, 443, KS_ERROR_INVALID_ARGUMENTS },
        { "64:ff9b:1:2::/96", "tcp", 443, 443, KS_ERROR_INVALID_ARGUMENTS },
        { "64:ff9b:1:2::c000:205", "tcp", 443, 443, -1 },
        { "64:ff9b:2::/48", "tcp", 443, 443, -1 },
        { "2001::/32", "tcp", 443, 443, KS_ERROR_INVALID_ARGUMENTS },
        { "2001:0:1::/111", "tcp", 443, 443, KS_ERROR_INVALID_ARGUMENTS },
        { "2001:1::/32", "tcp", 443, 443, KS_ERROR_NOT_CONFIRMED },
        { "127.0.0.1", "", 0, 0, KS_ERROR_INVALID_ARGUMENTS },
        { "::1", "", 0, 0, KS_ERROR_INVALID_ARGUMENTS },
        { "::/96", "tcp", 443, 443, KS_ERROR_INVALID_ARGUMENTS },
        { "::ffff:0:0/96", "tcp", 443, 443, KS_ERROR_INVALID_ARGUMENTS },
        { "0.0.0.0/8", "tcp", 443, 443, KS_ERROR_INVALID_ARGUMENTS },
        { "224.0.0.251", "udp", 5353, 5353, KS_ERROR_INVALID_ARGUMENTS },
        { "ff02::fb", "udp", 5353, 5353, KS_ERROR_INVALID_ARGUMENTS },
        { "255.255.255.255", "udp", 9, 9, KS_ERROR_INVALID_ARGUMENTS },
        { "192.0.2.1/33", "tcp", 443, 443, KS_ERROR_INVALID_ARGUMENTS },
        { "192.0.2.1/", "tcp", 443, 443, KS_ERROR_INVALID_ARGUMENTS },
        { "192.0.2.1/08", "tcp", 443, 443, KS_ERROR_INVALID_ARGUMENTS },
        { "192.0.2.1/24/8", "tcp", 443, 443, KS_ERROR_INVALID_ARGUMENTS },
        { "nas.local", "tcp", 443, 443, KS_ERROR_INVALID_ARGUMENTS },
        { "", "tcp", 443, 443, KS_ERROR_INVALID_ARGUMENTS },
        { "192.0.2.1", "sctp", 443, 443, KS_ERROR_INVALID_ARGUMENTS },
        { "192.0.2.1", "", 443, 443, KS_ERROR_INVALID_ARGUMENTS },
        { "192.0.2.1", "icmp", 443, 443, KS_ERROR_INVALID_ARGUMENTS },
        { "192.0.2.1", "tcp", 443, 80, KS_ERROR_INVALID_ARGUMENTS },
        { "192.0.2.1", "tcp", 0, 80, KS_ERROR_INVALID_ARGUMENTS },
        { "192.0.2.1", "", 0, 0, KS_ERROR_NOT_CONFIRMED },
        { "192.0.2.1", "tcp", 0, 0, KS_ERROR_NOT_CONFIRMED },
        { "192.0.2.1", "tcp", 1000, 2023, -1 },
        { "192.0.2.1", "tcp", 1000, 2024, KS_ERROR_NOT_CONFIRMED },
        { "192.0.2.1", "udp", 854, 65535, KS_ERROR_NOT_CONFIRMED },
        { "2001:db8::1", "udp", 1024, 65535, KS_ERROR_NOT_CONFIRMED },
        { "192.0.2.1", "icmp", 0, 0, -1 },
        { "192.168.7.1", "", 0, 0, -1 },
        { "100.64.0.0/10", "tcp", 0, 0, -1 },
        { "192.168.7.1", "udp", 53, 53, KS_ERROR_NOT_CONFIRMED },
        { "192.168.7.1", "tcp", 800, 900, KS_ERROR_NOT_CONFIRMED },
        { "192.168.7.1", "tcp", 854, 65535, -1 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(KsExceptions) exceptions = ks_exceptions_new();
        KsExceptionWish wish =
            wish_of("one", rows[i].to, rows[i].protocol, rows[i].first, rows[i].last);
        int code = code_of(exceptions, &wish);

        g_test_message("%s %s %u", rows[i].to, rows[i].protocol, rows[i].first);
        g_assert_cmpint(code, ==, rows[i].code);
        g_assert_cmpuint(ks_exceptions_count(exceptions), ==, code == -1);
        wish.confirmed = true;
        if (code == KS_ERROR_NOT_CONFIRMED)
            g_assert_cmpint(code_of(exceptions, &wish), ==, -1);
    }
}

static void test_names_and_overlaps(void)
{
    g_autoptr(KsExceptions) exceptions = ks_exceptions_new();
    KsExceptionWish wish = wish_of("NAS", "192.0.2.5/24", "tcp", 443, 445);
    static const char *const bad_names[] = { "", " a", "a ", "-a", "a\nb", "\xff" };

    for (unsigned i = 0; i < G_N_ELEMENTS(bad_names); i++) {
        wish.name = bad_names[i];
        g_assert_cmpint(code_of(exceptions, &wish), ==, KS_ERROR_INVALID_ARGUMENTS);
    }
    wish.name = "NAS";
    g_assert_cmpint(code_of(exceptions, &wish), ==, -1);
    wish = wish_of("NAS", "198.51.100.1", "tcp", 1, 1);
    g_assert_cmpint(code_of(exceptions, &wish), ==, KS_ERROR_EXCEPTION_EXISTS);
    wish = wish_of("other", "192.0.2.200", "tcp", 445, 446);
    g_assert_cmpint(code_of(exceptions, &wish), ==, KS_ERROR_EXCEPTION_EXISTS);
    wish = wish_of("other", "192.0.2.200", "udp", 445, 446);
    g_assert_cmpint(code_of(exceptions, &wish), ==, -1);
    wish = wish_of("beside", "192.0.2.0/24", "tcp", 446, 446);
    g_assert_cmpint(code_of(exceptions, &wish), ==, -1);
    g_assert_true(ks_exceptions_remove(exceptions, "other", NULL));
    g_assert_false(ks_exceptions_remove(exceptions, "other", NULL));
    g_assert_cmpuint(ks_exceptions_count(exceptions), ==, 2);
}

static void test_bound(void)
{
    g_autoptr(KsExceptions) exceptions = ks_exceptions_new();
    g_autoptr(KsWorld) world = ks_world_new();
    g_autoptr(KsLock) lock = ks_lock_new();

    for (unsigned i = 0; i <= KS_EXCEPTIONS_MAX; i++) {
        g_autofree char *name = g_strdup_printf("e%u", i);
        g_autofree char *to = g_strdup_printf("192.168.0.%u", i);
        KsExceptionWish wish = wish_of(name, to, "", 0, 0);

        g_assert_cmpint(code_of(exceptions, &wish), ==,
                        i < KS_EXCEPTIONS_MAX ? -1 : KS_ERROR_INVALID_ARGUMENTS);
    }
    world->exceptions = exceptions;
    g_assert_true(ks_exceptions_draw(world, lock));
    ks_lock_seal(lock);
    g_assert_cmpuint(lock->sets[KS_SET_EXCEPTIONS4]->len, ==, 7 * KS_EXCEPTIONS_MAX);
}

static void test_ends(void)
{
    g_autoptr(KsExceptions) exceptions = ks_exceptions_new();
    KsExceptionWish first = wish_of("first", "192.0.2.1", "tcp", 1, 1);
    KsExceptionWish second = wish_of("second", "192.0.2.2", "tcp", 1, 1);
    KsExceptionWish lasting = wish_of("lasting", "192.0.2.3", "tcp", 1, 1);

    g_assert_true(ks_exceptions_add(exceptions, &second, NULL, 200, NULL));
    g_assert_true(ks_exceptions_add(exceptions, &first, NULL, 100, NULL));
    g_assert_true(ks_exceptions_add(exceptions, &lasting, NULL, 0, NULL));
    g_assert_cmpuint(ks_exceptions_next_end(exceptions), ==, 97);
    g_assert_false(ks_exceptions_end(exceptions, 96));
    g_assert_true(ks_exceptions_end(exceptions, 97));
    g_assert_cmpuint(ks_exceptions_next_end(exceptions), ==, 197);
    g_assert_true(ks_exceptions_end(exceptions, UINT32_MAX));
    g_assert_cmpuint(ks_exceptions_next_end(exceptions), ==, 0);
    g_assert_cmpstr(ks_exceptions_get(exceptions, 0)->name, ==, "lasting");
    for (uint32_t until = 1; until < 5; until++) { /* of a file: it is over at once */
        g_assert_true(ks_exceptions_add(exceptions, &first, NULL, until, NULL));
        g_assert_cmpuint(ks_exceptions_next_end(exceptions), ==, 1);
        g_assert_true(ks_exceptions_end(exceptions, 1));
    }
}

static void test_text(void)
{
    g_autoptr(KsExceptions) exceptions = ks_exceptions_new();
    g_autoptr(KsExceptions) read = ks_exceptions_new();
    KsExceptionWish while_ = wish_of("für eine Weile; [x]", "2001:db8::/48", "udp", 1, 9);
    KsExceptionWish lasting = wish_of("lasting", "192.168.2.3", "", 0, 0);
    g_autofree char *lasting_text = NULL;
    g_autofree char *ending_text = NULL;
    g_autofree char *again = NULL;
    static const char *const corrupt[] = {
        "",
        "nonsense",
        "[exceptions]\nversion=3\n",
        "[exceptions]\nversion=1\n[else]\nname=a\n",
        "[exceptions]\nversion=1\n[exception 1]\nname=a\nto=0.0.0.0/0\nprotocol=tcp\nports=1\n",
        "[exceptions]\nversion=1\n[exception 1]\nname=a\nto=192.0.2.1\nprotocol=tcp\nports=0\n",
        "[exceptions]\nversion=1\n[exception 1]\nname=a\nto=192.0.2.1\nprotocol=tcp\n",
        "[exceptions]\nversion=1\n[exception 1]\nname=a\nto=192.0.2.1\nprotocol=tcp\nports=1\nuntil=7\n",
    };

    g_assert_true(ks_exceptions_add(exceptions, &while_, NULL, 100, NULL));
    g_assert_true(ks_exceptions_add(exceptions, &lasting, NULL, 0, NULL));
    lasting_text = ks_exceptions_to_text(exceptions, false);
    ending_text = ks_exceptions_to_text(exceptions, true);
    g_assert_false(ks_exceptions_take_text(read, ending_text, strlen(ending_text), false, NULL));
    g_assert_false(ks_exceptions_take_text(read, lasting_text, strlen(lasting_text), true, NULL));
    g_assert_cmpuint(ks_exceptions_count(read), ==, 0);
    g_assert_true(ks_exceptions_take_text(read, ending_text, strlen(ending_text), true, NULL));
    g_assert_true(ks_exceptions_take_text(read, lasting_text, strlen(lasting_text), false, NULL));
    again = ks_exceptions_to_text(read, true);
    g_assert_cmpstr(again, ==, ending_text);
    g_assert_cmpuint(ks_exceptions_get(read, 0)->until, ==, 100);
    for (unsigned i = 0; i < G_N_ELEMENTS(corrupt); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(
            ks_exceptions_take_text(read, corrupt[i], strlen(corrupt[i]), false, &error));
        g_assert_nonnull(error);
        g_assert_cmpuint(ks_exceptions_count(read), ==, 2);
    }
}

/* The ends that clocks differ by are the same; others are put right. */
static void test_lock(void)
{
    KsException what = { 0 };
    g_autoptr(KsLock) a = ks_lock_new();
    g_autoptr(KsLock) b = ks_lock_new();
    g_autoptr(GArray) come = g_array_new(FALSE, FALSE, sizeof(KsKey));
    g_autoptr(GArray) go = g_array_new(FALSE, FALSE, sizeof(KsKey));
    KsKeyChange change = { .come = come, .go = go };
    g_autofree char *text = NULL;

    g_assert_true(ks_exception_read_to("192.0.2.77/24", &what));
    g_assert_true(ks_exception_read_protocol("tcp", &what));
    g_assert_true(ks_exception_read_ports("8000-8010", &what));
    g_assert_true(ks_lock_add_exception(a, &what, 1000, 0));
    g_assert_true(ks_lock_add_exception(b, &what, 1002, 0));
    ks_lock_seal(a);
    ks_lock_seal(b);
    g_assert_true(ks_lock_equal(a, b));
    ks_lock_compare_set(a, b, KS_SET_EXCEPTIONS4, &change);
    g_assert_cmpuint(come->len + go->len, ==, 0);
    ks_lock_clear(b);
    g_assert_true(ks_lock_add_exception(b, &what, 1003, 0));
    ks_lock_seal(b);
    g_assert_false(ks_lock_equal(a, b));
    ks_lock_compare_set(a, b, KS_SET_EXCEPTIONS4, &change);
    g_assert_cmpuint(come->len, ==, 1);
    g_assert_cmpuint(go->len, ==, 1);
    text = ks_key_text(KS_SET_EXCEPTIONS4, &g_array_index(a->sets[KS_SET_EXCEPTIONS4], KsKey, 0));
    g_assert_cmpstr(text, ==, "192.0.2.0-192.0.2.255 . tcp . 8000-8010 . 0-2147483647");
    ks_lock_clear(b);
    g_assert_true(ks_lock_add_exception(b, &what, 0, 0));
    ks_lock_seal(b);
    g_assert_false(ks_lock_equal(a, b));
}

static void test_lets_out(void)
{
    KsException what = { 0 };
    KsAddress router;

    g_assert_true(ks_address_parse("192.168.7.1", &router));
    g_assert_true(ks_exception_read_to("192.168.7.0/24", &what));
    g_assert_true(ks_exception_lets_out(&what, &router, IPPROTO_TCP, 443));
    g_assert_true(ks_exception_lets_out(&what, &router, IPPROTO_ICMP, 0));
    g_assert_false(ks_exception_lets_out(&what, &router, IPPROTO_UDP, 53));
    g_assert_true(ks_exception_read_protocol("udp", &what));
    g_assert_true(ks_exception_read_ports("53", &what));
    g_assert_true(ks_exception_lets_out(&what, &router, IPPROTO_UDP, 53));
    g_assert_false(ks_exception_lets_out(&what, &router, IPPROTO_TCP, 53));
}

/* What the network makes of an address, as it is known now: all machines on it, or all of IPv4. */
static void test_network(void)
{
    static const struct {
        const char *to;
        bool suits;
        unsigned drawn;
    } rows[] = {
        { "192.168.1.255", false, 0 },    { "192.168.1.254", true, 1 },
        { "192.168.1.0/24", true, 1 },    { "192.168.2.255", true, 1 },
        { "2001:db8:64::/96", false, 1 }, { "2001:db8:64::cb00:0/111", false, 1 },
        { "2001:db8:64::/48", false, 1 }, { "2001:db8:64::cb00:0/112", true, 1 },
        { "2001:db8:65::/96", true, 1 },
    };
    g_autoptr(KsWorld) world = ks_world_new();
    KsAddress broadcast = { AF_INET, { 192, 168, 1, 255 } };

    g_array_append_val(world->broadcasts, broadcast);
    world->translations[0] =
        (KsTranslation){ .bytes = { 0x20, 1, 0xd, 0xb8, 0, 0x64 }, .length = 96 };
    world->translations_count = 1;
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(KsExceptions) exceptions = ks_exceptions_new();
        g_autoptr(KsLock) lock = ks_lock_new();
        g_autoptr(GError) error = NULL;
        KsExceptionWish wish = wish_of("one", rows[i].to, "tcp", 443, 443);

        g_test_message("%s", rows[i].to);
        g_assert_true(ks_exceptions_add(exceptions, &wish, world, 0, &error) == rows[i].suits);
        g_assert_true(!error == rows[i].suits);
        if (!rows[i].suits) /* on a network that came later */
            g_assert_true(ks_exceptions_add(exceptions, &wish, NULL, 0, NULL));
        world->exceptions = exceptions;
        g_assert_true(ks_exceptions_draw(world, lock));
        g_assert_cmpuint(lock->sets[KS_SET_EXCEPTIONS4]->len + lock->sets[KS_SET_EXCEPTIONS6]->len,
                         ==, rows[i].drawn);
    }
}

/* For LAN access and for exceptions; while there is neither, the kernel holds none of them. */
static void test_tunnel_routes(void)
{
    static const KsExceptionWish wish = { .name = "NAS", .to = "10.8.1.1", .protocol = "icmp" };
    g_autoptr(KsExceptions) exceptions = ks_exceptions_new();
    g_autoptr(GArray) tunnels = g_array_new(FALSE, FALSE, sizeof(KsTunnel));
    g_autoptr(GPtrArray) kept = g_ptr_array_new();
    g_autoptr(KsLock) lasting = ks_lock_new();
    g_autoptr(KsLock) told = ks_lock_new();
    g_autoptr(KsLock) lock = ks_lock_new();
    g_autoptr(KsWorld) world = ks_world_new();
    KsSettings settings = KS_SETTINGS_DEFAULT;
    KsDrawing drawing = { &settings, world, tunnels, told, lasting, kept };
    KsTunnel tunnel = { .uuid = (char *) "openvpn", .index = 7 };
    KsLinkRoute routes[] = {
        { .index = 7, .destination = { AF_INET, { 10, 8 } }, .prefix = 16 },
        { .index = 7, .destination = { AF_INET6, { 0xfd, 1 } }, .prefix = 48 },
        { .index = 8, .destination = { AF_INET, { 10, 9 } }, .prefix = 16 },
    };

    g_array_append_vals(world->link_routes, routes, G_N_ELEMENTS(routes));
    g_assert_true(ks_exceptions_add(exceptions, &wish, NULL, 0, NULL));
    for (unsigned asked = 0; asked < 8; asked++) {
        unsigned there = (asked & 4) && (asked & 3);

        settings.lan = asked & 1;
        world->exceptions = asked & 2 ? exceptions : NULL;
        g_array_set_size(tunnels, 0);
        if (asked & 4)
            g_array_append_val(tunnels, tunnel);
        g_assert_true(ks_draw_lock(lock, &drawing));
        g_assert_cmpuint(lock->sets[KS_SET_TUNNEL_ROUTES4]->len, ==, there);
        g_assert_cmpuint(lock->sets[KS_SET_TUNNEL_ROUTES6]->len, ==, there);
    }
}

/* ---- on disk ---- */

typedef struct {
    char *folder;
    char *lasting;
    char *ending;
} Disk;

static Disk disk_new(void)
{
    Disk disk = { .folder = g_dir_make_tmp("ks-exceptions-XXXXXX", NULL) };

    g_assert_nonnull(disk.folder);
    disk.lasting = g_build_filename(disk.folder, "var", NULL);
    disk.ending = g_build_filename(disk.folder, "run", NULL);
    g_setenv("STATE_DIRECTORY", disk.lasting, TRUE);
    g_setenv("RUNTIME_DIRECTORY", disk.ending, TRUE);
    return disk;
}

/* What is to be written there fails, as on a disk that is full. */
static void disk_break(const Disk *disk, bool lasting)
{
    const char *folder = lasting ? disk->lasting : disk->ending;
    g_autofree char *kept = g_strconcat(folder, ".kept", NULL);

    (void) g_rename(folder, kept);
    g_assert_true(g_file_set_contents(folder, "no folder", -1, NULL));
}

static void disk_mend(const Disk *disk, bool lasting)
{
    const char *folder = lasting ? disk->lasting : disk->ending;
    g_autofree char *kept = g_strconcat(folder, ".kept", NULL);

    (void) g_remove(folder);
    (void) g_rename(kept, folder);
}

static void remove_in(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    (void) g_remove(path);
}

static void disk_free(Disk *disk)
{
    const char *folders[] = { disk->lasting, disk->ending };

    for (unsigned i = 0; i < G_N_ELEMENTS(folders); i++) {
        remove_in(folders[i], "exceptions");
        remove_in(folders[i], "exceptions.corrupt");
        remove_in(folders[i], "exceptions.newer");
        (void) g_remove(folders[i]);
    }
    g_assert_cmpint(g_remove(disk->folder), ==, 0);
    g_free(disk->folder);
    g_free(disk->lasting);
    g_free(disk->ending);
}

static unsigned loaded(uint32_t now, bool whole)
{
    g_autofree char *problem = NULL;
    g_autoptr(KsExceptions) read = ks_exceptions_load(now, &problem);

    g_assert_true(whole == !problem);
    return ks_exceptions_count(read);
}

/* What could not be saved is not there after a restart, whichever of the two places fails, and
 * whatever is to be saved in the other one. */
static void test_disk_fails(void)
{
    KsExceptionWish lasting = wish_of("lasting", "192.0.2.1", "tcp", 1, 1);
    KsExceptionWish ending = wish_of("ending", "192.0.2.2", "tcp", 1, 1);

    for (unsigned wrong = 0; wrong < 4; wrong++) {
        Disk disk = disk_new();
        g_autoptr(KsExceptions) one = ks_exceptions_new();
        g_autoptr(KsExceptions) both = NULL;
        bool of_lasting = wrong & 1;
        bool saved_before = wrong & 2;

        g_assert_true(ks_exceptions_add(one, of_lasting ? &ending : &lasting, NULL,
                                        of_lasting ? 100 : 0, NULL));
        both = ks_exceptions_copy(one);
        g_assert_true(ks_exceptions_add(both, of_lasting ? &lasting : &ending, NULL,
                                        of_lasting ? 0 : 100, NULL));
        if (saved_before)
            g_assert_true(ks_exceptions_save(one, of_lasting, NULL));
        disk_break(&disk, of_lasting);

        g_assert_false(ks_exceptions_save(both, !of_lasting, NULL));
        g_assert_true(ks_exceptions_save(one, of_lasting, NULL)); /* it is in the other place */
        disk_mend(&disk, of_lasting);
        g_assert_cmpuint(loaded(1, true), ==, 1);
        g_assert_true(ks_exceptions_save(both, !of_lasting, NULL));
        g_assert_cmpuint(loaded(1, true), ==, 2);
        g_assert_cmpuint(loaded(100, true), ==, 1);
        disk_free(&disk);
    }
}

/* What was closed, and the disk did not take, is not open again after a restart of the guard; what
 * is made meanwhile is, or nothing was changed. */
static void test_disk_full_while_closing(void)
{
    Disk disk = disk_new();
    g_autoptr(KsExceptions) exceptions = ks_exceptions_new();
    g_autoptr(KsExceptions) more = NULL;
    KsExceptionWish closed = wish_of("closed", "192.0.2.1", "tcp", 1, 1);
    KsExceptionWish stays = wish_of("stays", "192.0.2.2", "tcp", 1, 1);
    KsExceptionWish ending = wish_of("ending", "192.0.2.3", "tcp", 1, 1);
    KsExceptionWish refused = wish_of("refused", "192.0.2.4", "tcp", 1, 1);

    g_assert_true(ks_exceptions_add(exceptions, &closed, NULL, 0, NULL));
    g_assert_true(ks_exceptions_add(exceptions, &stays, NULL, 0, NULL));
    g_assert_true(ks_exceptions_save(exceptions, false, NULL));
    disk_break(&disk, true);
    g_assert_true(ks_exceptions_remove(exceptions, "closed", NULL));
    g_assert_false(ks_exceptions_save_closed(exceptions, NULL));
    g_assert_true(ks_exceptions_add(exceptions, &ending, NULL, 100, NULL));
    g_assert_true(ks_exceptions_save(exceptions, true, NULL));
    more = ks_exceptions_copy(exceptions);
    g_assert_true(ks_exceptions_add(more, &refused, NULL, 0, NULL));
    g_assert_false(ks_exceptions_save(more, false, NULL));
    disk_mend(&disk, true);
    g_assert_true(ks_exceptions_are_unsaved());
    g_assert_true(ks_exceptions_are_saved_with("closed"));
    g_assert_true(ks_exceptions_are_saved_with("ending"));
    g_assert_false(ks_exceptions_are_saved_with("refused"));
    g_assert_cmpuint(loaded(1, true), ==, 2);
    g_assert_cmpuint(loaded(100, true), ==, 1);
    g_assert_true(ks_exceptions_save_closed(exceptions, NULL));
    g_assert_false(ks_exceptions_are_saved_with("closed"));
    g_assert_false(ks_exceptions_are_unsaved());
    g_assert_cmpuint(loaded(1, true), ==, 2);
    disk_free(&disk);
}

/* A newer version's exceptions are kept for it, and come back if nothing else was made. */
static void test_disk_newer(void)
{
    Disk disk = disk_new();
    g_autofree char *path = g_build_filename(disk.lasting, "exceptions", NULL);
    g_autofree char *newer = g_build_filename(disk.lasting, "exceptions.newer", NULL);
    g_autoptr(KsExceptions) others = ks_exceptions_new();
    KsExceptionWish other = wish_of("other", "192.0.2.2", "tcp", 1, 1);
    static const char ours[] = "[exceptions]\nversion=1\n[exception 1]\nname=a\nto=192.0.2.1\n"
                               "protocol=tcp\nports=1\n";

    g_assert_cmpint(g_mkdir(disk.lasting, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, "[exceptions]\nversion=3\n", -1, NULL));
    for (unsigned i = 0; i < 2; i++) {
        g_assert_cmpuint(loaded(1, false), ==, 0);
        g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
        g_assert_true(g_file_test(newer, G_FILE_TEST_EXISTS));
    }
    g_assert_true(ks_exceptions_add(others, &other, NULL, 0, NULL));
    g_assert_true(g_file_set_contents(newer, ours, -1, NULL));
    g_assert_true(ks_exceptions_save(others, false, NULL));
    g_assert_cmpuint(loaded(1, false), ==, 1);
    g_assert_true(g_file_test(newer, G_FILE_TEST_EXISTS));
    g_assert_cmpint(g_remove(path), ==, 0);
    g_assert_cmpuint(loaded(1, true), ==, 1);
    g_assert_false(g_file_test(newer, G_FILE_TEST_EXISTS));
    disk_free(&disk);
}

/* It says that the file is kept only where it is. */
static void test_disk_stays(void)
{
    Disk disk = disk_new();
    g_autofree char *path = g_build_filename(disk.lasting, "exceptions", NULL);
    g_autofree char *aside = g_build_filename(disk.lasting, "exceptions.corrupt", NULL);
    g_autofree char *problem = NULL;

    g_assert_cmpint(g_mkdir(disk.lasting, 0700), ==, 0);
    g_assert_cmpint(g_mkdir(aside, 0700), ==, 0); /* in the way */
    g_assert_true(g_file_set_contents(path, "nonsense", -1, NULL));
    ks_exceptions_free(ks_exceptions_load(1, &problem));
    g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
    g_assert_nonnull(problem);
    g_assert_null(strstr(problem, "kept as"));
    disk_free(&disk);
}

/* It opens nothing, and is kept. */
static void test_disk_corrupt(void)
{
    Disk disk = disk_new();
    g_autofree char *path = g_build_filename(disk.lasting, "exceptions", NULL);
    g_autofree char *aside = g_build_filename(disk.lasting, "exceptions.corrupt", NULL);

    g_assert_cmpint(g_mkdir(disk.lasting, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, "[exceptions]\nversion=1\n[exception 1]\n", -1, NULL));
    g_assert_cmpuint(loaded(1, false), ==, 0);
    g_assert_true(g_file_test(aside, G_FILE_TEST_EXISTS));
    g_assert_cmpuint(loaded(1, true), ==, 0);
    disk_free(&disk);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/exceptions/refused", test_refused);
    g_test_add_func("/exceptions/names-and-overlaps", test_names_and_overlaps);
    g_test_add_func("/exceptions/bound", test_bound);
    g_test_add_func("/exceptions/ends", test_ends);
    g_test_add_func("/exceptions/text", test_text);
    g_test_add_func("/exceptions/lock", test_lock);
    g_test_add_func("/exceptions/lets-out", test_lets_out);
    g_test_add_func("/exceptions/network", test_network);
    g_test_add_func("/exceptions/tunnel-routes", test_tunnel_routes);
    g_test_add_func("/exceptions/disk-fails", test_disk_fails);
    g_test_add_func("/exceptions/disk-full-while-closing", test_disk_full_while_closing);
    g_test_add_func("/exceptions/disk-newer", test_disk_newer);
    g_test_add_func("/exceptions/disk-stays", test_disk_stays);
    g_test_add_func("/exceptions/disk-corrupt", test_disk_corrupt);
    return g_test_run();
}
