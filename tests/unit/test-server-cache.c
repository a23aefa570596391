/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The servers of the boot before: all of them, or none; never one that was not there. */
#include "files/server-cache.h"

#include "model/server.h"

#include <netinet/in.h>
#include <string.h>

static KsLock *lock_with_servers(unsigned count)
{
    KsLock *lock = ks_lock_new();

    for (unsigned i = 0; i < count; i++) {
        KsAddress four = { .family = AF_INET,
                           .bytes = { 203, 0, (uint8_t) (i >> 8), (uint8_t) i } };
        KsAddress six = { .family = AF_INET6,
                          .bytes = { 0x20, 0x01, 0x0d, 0xb8, (uint8_t) (i >> 8), (uint8_t) i } };

        g_assert_true(
            ks_lock_add_server(lock, i % 2 ? &four : &six, IPPROTO_UDP, 1194, KS_OPEN_TO_ALL));
    }
    ks_lock_seal(lock);
    return lock;
}

static void test_round(void)
{
    for (unsigned count = 0; count < 8; count++) {
        g_autoptr(KsLock) lock = lock_with_servers(count);
        g_autoptr(KsLock) read = ks_lock_new();
        g_autofree char *text = NULL;

        ks_lock_open_interface(lock, 77); /* is not remembered */
        ks_lock_seal(lock);
        text = ks_server_cache_write(lock);
        g_assert_cmpuint(strlen(text), <, KS_SERVER_CACHE_TEXT_MAX);
        g_assert_cmpuint(ks_server_cache_read(text, read), ==, count);
        g_assert_true(ks_lock_set_is_equal(lock, read, KS_SET_SERVERS4));
        g_assert_true(ks_lock_set_is_equal(lock, read, KS_SET_SERVERS6));
        g_assert_cmpuint(ks_lock_tunnels(read), ==, 0);
    }
}

/* Open only while their VPN is used. */
static void test_name_servers_ports(void)
{
    static const uint16_t ports[] = { 53, 853, 1194 };
    g_autoptr(KsLock) lock = ks_lock_new();
    g_autoptr(KsLock) read = ks_lock_new();
    g_autofree char *text = NULL;
    KsAddress server;

    g_assert_true(ks_address_parse("203.0.113.1", &server));
    for (unsigned i = 0; i < G_N_ELEMENTS(ports); i++)
        g_assert_true(ks_lock_add_server(lock, &server, IPPROTO_UDP, ports[i], KS_OPEN_TO_ALL));
    ks_lock_seal(lock);
    text = ks_server_cache_write(lock);
    g_assert_cmpuint(ks_server_cache_read(text, read), ==, 1);
    g_assert_true(ks_lock_has_server(read, &server, IPPROTO_UDP, 1194));
}

static void assert_nothing(const char *text)
{
    g_autoptr(KsLock) none = ks_lock_new();
    g_autoptr(KsLock) read = ks_lock_new();

    ks_lock_seal(none);
    g_assert_cmpuint(ks_server_cache_read(text, read), ==, 0);
    g_assert_true(ks_lock_equal(none, read));
}

static void test_damaged(void)
{
    g_autoptr(KsLock) lock = lock_with_servers(5);
    g_autofree char *text = ks_server_cache_write(lock);
    size_t size = strlen(text);

    assert_nothing(NULL);
    assert_nothing("");
    for (size_t i = 0; i < size; i++) {
        g_autofree char *cut = g_strndup(text, i);
        g_autofree char *changed = g_strdup(text);

        assert_nothing(cut);
        changed[i] ^= 1;
        assert_nothing(changed);
    }
}

/* As it was before private profiles' servers were left out. */
static void test_before(void)
{
    g_autoptr(KsLock) lock = lock_with_servers(5);
    g_autofree char *text = ks_server_cache_write(lock);
    g_auto(GStrv) parts = g_strsplit(text, " servers 2", 2);
    g_autofree char *before = g_strconcat(parts[0], parts[1], NULL);

    assert_nothing(before);
}

static void test_bounded(void)
{
    g_autoptr(KsLock) lock = lock_with_servers(KS_SERVER_CACHE_MAX + 100);
    g_autoptr(KsLock) read = ks_lock_new();
    g_autofree char *text = ks_server_cache_write(lock);

    g_assert_cmpuint(strlen(text), <, KS_SERVER_CACHE_TEXT_MAX);
    g_assert_cmpuint(ks_server_cache_read(text, read), ==, KS_SERVER_CACHE_MAX);
}

/* Its sum is right, and yet it must not open everything. */
static void test_no_server(void)
{
    static const uint8_t addresses[][4] = {
        { 0 }, { 127, 0, 0, 1 }, { 224, 0, 0, 1 }, { 255, 255, 255, 255 }
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(addresses); i++) {
        g_autoptr(KsLock) lock = ks_lock_new();
        g_autofree char *text = NULL;
        KsKey key = { .value = 1 };

        memcpy(key.bytes, addresses[i], sizeof(addresses[i]));
        g_assert_true(ks_lock_add_key(lock, KS_SET_SERVERS4, &key));
        text = ks_server_cache_write(lock);
        assert_nothing(text);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/server-cache/round", test_round);
    g_test_add_func("/server-cache/name-servers-ports", test_name_servers_ports);
    g_test_add_func("/server-cache/damaged", test_damaged);
    g_test_add_func("/server-cache/before", test_before);
    g_test_add_func("/server-cache/bounded", test_bounded);
    g_test_add_func("/server-cache/no-server", test_no_server);
    return g_test_run();
}
