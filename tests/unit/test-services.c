/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions that come in (policy/exceptions.c): services of this machine. */
#include "exceptions-fixture.h"
#include "policy/error.h"
#include "policy/exceptions-in-force.h"

#include <netinet/in.h>
#include <string.h>

static KsExceptionWish wish_of(const char *name, const char *from, const char *protocol,
                               uint16_t first, uint16_t last)
{
    return (KsExceptionWish){
        .name = name, .from = from, .protocol = protocol, .first_port = first, .last_port = last
    };
}

static void test_refused(void)
{
    static const struct {
        const char *from;
        const char *protocol;
        uint16_t first;
        uint16_t last;
        int code; /* -1: it is made */
    } rows[] = {
        { "0.0.0.0/0", "tcp", 443, 443, KS_ERROR_NOT_CONFIRMED },
        { "::/0", "udp", 443, 443, KS_ERROR_NOT_CONFIRMED },
        { "128.0.0.0/1", "tcp", 443, 443, KS_ERROR_NOT_CONFIRMED },
        { "203.0.0.0/8", "tcp", 22, 22, KS_ERROR_NOT_CONFIRMED },
        { "203.0.113.0/23", "tcp", 22, 22, KS_ERROR_NOT_CONFIRMED },
        { "203.0.113.0/24", "tcp", 22, 22, -1 },
        { "2001:db8::/47", "tcp", 22, 22, KS_ERROR_NOT_CONFIRMED },
        { "2001:db8::/48", "tcp", 22, 22, -1 },
        { "203.0.113.9", "udp", 53, 53, -1 },
        { "203.0.113.9", "tcp", 1, 1024, -1 },
        { "203.0.113.9", "tcp", 1, 1025, KS_ERROR_NOT_CONFIRMED },
        { "192.168.0.0/16", "tcp", 1, 65535, -1 },
        { "fe80::/10", "udp", 1716, 1716, -1 },
        { "203.0.113.9", "tcp", 0, 0, KS_ERROR_INVALID_ARGUMENTS },
        { "203.0.113.9", "", 0, 0, KS_ERROR_INVALID_ARGUMENTS },
        { "203.0.113.9", "", 22, 22, KS_ERROR_INVALID_ARGUMENTS },
        { "203.0.113.9", "icmp", 0, 0, KS_ERROR_INVALID_ARGUMENTS },
        { "127.0.0.1", "tcp", 22, 22, KS_ERROR_INVALID_ARGUMENTS },
        { "0.0.0.0/8", "tcp", 22, 22, KS_ERROR_INVALID_ARGUMENTS },
        { "224.0.0.251", "udp", 5353, 5353, KS_ERROR_INVALID_ARGUMENTS },
        { "ff02::/16", "udp", 5353, 5353, KS_ERROR_INVALID_ARGUMENTS },
        { "client.example", "tcp", 22, 22, KS_ERROR_INVALID_ARGUMENTS },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(KsExceptions) exceptions = ks_exceptions_new();
        KsExceptionWish wish =
            wish_of("one", rows[i].from, rows[i].protocol, rows[i].first, rows[i].last);
        int code = code_of(exceptions, &wish);

        g_test_message("%s %s %u", rows[i].from, rows[i].protocol, rows[i].first);
        g_assert_cmpint(code, ==, rows[i].code);
        wish.confirmed = true;
        if (code == KS_ERROR_NOT_CONFIRMED)
            g_assert_cmpint(code_of(exceptions, &wish), ==, -1);
    }
}

/* Nothing begins here by one that comes in: the two stand side by side, and each goes alone. */
static void test_beside_others(void)
{
    g_autoptr(KsExceptions) exceptions = ks_exceptions_new();
    g_autoptr(KsExceptions) read = ks_exceptions_new();
    g_autoptr(KsWorld) world = ks_world_new();
    g_autoptr(KsLock) lock = ks_lock_new();
    g_autofree char *text = NULL;
    g_autofree char *key = NULL;
    KsExceptionWish out = { .name = "NAS", .to = "192.168.2.3", .protocol = "" };
    KsExceptionWish in = wish_of("SSH", "192.168.2.0/24", "tcp", 22, 23);
    KsExceptionWish again = wish_of("again", "192.168.2.3", "tcp", 23, 24);
    KsAddress there;

    g_assert_true(ks_address_parse("192.168.2.3", &there));
    g_assert_cmpint(code_of(exceptions, &out), ==, -1);
    g_assert_cmpint(code_of(exceptions, &in), ==, -1);
    g_assert_cmpint(code_of(exceptions, &again), ==, KS_ERROR_EXCEPTION_EXISTS);
    g_assert_true(ks_exceptions_remove(exceptions, "NAS", NULL));
    g_assert_nonnull(ks_exceptions_find(exceptions, "SSH"));
    g_assert_null(ks_exceptions_find(exceptions, "NAS"));
    g_assert_false(
        ks_exception_lets_out(&ks_exceptions_get(exceptions, 0)->what, &there, IPPROTO_TCP, 22));

    world->exceptions = exceptions;
    g_assert_true(ks_exceptions_draw(world, lock));
    ks_lock_seal(lock);
    g_assert_cmpuint(lock->sets[KS_SET_EXCEPTIONS4]->len, ==, 0);
    g_assert_cmpuint(lock->sets[KS_SET_SERVICES4]->len, ==, 1);
    key = ks_key_text(KS_SET_SERVICES4, &g_array_index(lock->sets[KS_SET_SERVICES4], KsKey, 0));
    g_assert_cmpstr(key, ==, "192.168.2.0-192.168.2.255 . tcp . 22-23 . 0-2147483647");

    text = ks_exceptions_to_text(exceptions, false);
    g_assert_true(ks_exceptions_take_text(read, text, strlen(text), false, NULL));
    g_assert_true(ks_exceptions_get(read, 0)->what.incoming);
}

/* What people made gives way to what an administrator laid down, and is not forgotten. */
static void test_in_force(void)
{
    static const struct {
        const char *file;
        const char *in_force; /* names */
        const char *left_out; /* a part of the sentence; NULL: there is none */
    } rows[] = {
        { "", "SSH NAS", NULL },
        { "[allow]\nexceptions=no", "", "not in force until that is changed: \"SSH\", \"NAS\"." },
        { "[exceptions]\nweb=from 192.0.2.1 tcp 443", "web SSH NAS", NULL },
        { "[exceptions]\nours=from 192.168.2.3 tcp 20-22", "ours NAS", "changed: \"SSH\"." },
        { "[exceptions]\nNAS=from 192.0.2.1 tcp 443", "NAS SSH", "changed: \"NAS\"." },
        { "[allow]\nexceptions=no\n[exceptions]\nweb=from 192.0.2.1 tcp 443", "web", "\"SSH\"" },
    };
    g_autoptr(KsExceptions) people = ks_exceptions_new();
    KsExceptionWish in = wish_of("SSH", "192.168.2.0/24", "tcp", 22, 22);
    KsExceptionWish out = { .name = "NAS", .to = "192.168.2.3", .protocol = "" };

    g_assert_cmpint(code_of(people, &in), ==, -1);
    g_assert_cmpint(code_of(people, &out), ==, -1);
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(KsConfiguration) configuration = ks_configuration_new();
        g_autoptr(KsExceptions) exceptions = NULL;
        g_autoptr(GString) names = g_string_new(NULL);
        g_autofree char *left_out = NULL;

        ks_configuration_read(configuration, "/x", rows[i].file, strlen(rows[i].file));
        exceptions = ks_exceptions_in_force(configuration, people, &left_out);
        for (unsigned n = 0; n < ks_exceptions_count(exceptions); n++)
            g_string_append_printf(names, "%s%s", n > 0 ? " " : "",
                                   ks_exceptions_get(exceptions, n)->name);
        g_assert_cmpstr(names->str, ==, rows[i].in_force);
        g_assert_true(!left_out == !rows[i].left_out);
        g_assert_true(!left_out || strstr(left_out, rows[i].left_out));
    }
}

/* What comes after the 64th is left out, and told why. */
static void test_no_room(void)
{
    g_autoptr(KsExceptions) people = ks_exceptions_new();
    g_autoptr(KsConfiguration) configuration = ks_configuration_new();
    g_autoptr(KsExceptions) exceptions = NULL;
    g_autoptr(GString) file = g_string_new("[exceptions]\n");
    g_autofree char *left_out = NULL;
    KsExceptionWish first = wish_of("SSH", "192.168.2.0/24", "tcp", 22, 22);
    KsExceptionWish second = wish_of("web", "192.168.2.0/24", "tcp", 443, 443);

    for (unsigned i = 1; i < KS_EXCEPTIONS_MAX; i++)
        g_string_append_printf(file, "laid%u=from 192.0.2.%u tcp 443\n", i, i);
    ks_configuration_read(configuration, "/x", file->str, file->len);
    g_assert_cmpint(code_of(people, &first), ==, -1);
    g_assert_cmpint(code_of(people, &second), ==, -1);
    exceptions = ks_exceptions_in_force(configuration, people, &left_out);
    g_assert_cmpuint(ks_exceptions_count(exceptions), ==, KS_EXCEPTIONS_MAX);
    g_assert_nonnull(strstr(left_out, "leave no room (64 are the most)."));
    g_assert_nonnull(strstr(left_out, "changed: \"web\"."));
}

#define BEGIN "[exceptions]\nversion=1\n[exception 1]\nname=a\n"

/* Of a file: either to or from. */
static void test_corrupt(void)
{
    static const char *const corrupt[] = {
        BEGIN "to=192.0.2.1\nfrom=192.0.2.1\nprotocol=tcp\nports=1\n",
        BEGIN "protocol=tcp\nports=1\n",
        BEGIN "from=192.0.2.1\nprotocol=tcp\nports=\n",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(corrupt); i++) {
        g_autoptr(KsExceptions) read = ks_exceptions_new();

        g_assert_false(ks_exceptions_take_text(read, corrupt[i], strlen(corrupt[i]), false, NULL));
        g_assert_cmpuint(ks_exceptions_count(read), ==, 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/services/refused", test_refused);
    g_test_add_func("/services/beside-others", test_beside_others);
    g_test_add_func("/services/in-force", test_in_force);
    g_test_add_func("/services/no-room", test_no_room);
    g_test_add_func("/services/corrupt", test_corrupt);
    return g_test_run();
}
