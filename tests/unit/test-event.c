/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/event.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#define UUID      "4c6a0ecb-1c1d-4bc5-9f20-5c1d2f6cfb1a"
#define UUID_LINE "CONNECTION_UUID=" UUID
#define LONG_UUID "0123456789abcdef0123456789abcdef01234567" /* 40: the longest */

#define VARIABLES_MAX 6
#define BAD_BOTH      (KS_EVENT_BAD_UUID | KS_EVENT_BAD_INTERFACE)

static const struct {
    const char *action;
    const char *environment[VARIABLES_MAX + 1];
    const char *uuid;
    const char *interface;
    unsigned bad;
} rows[] = {
    /* as NetworkManager's dispatcher runs us */
    { "vpn-up", { UUID_LINE, "VPN_IP_IFACE=tun0", "DEVICE_IP_IFACE=eth0" }, UUID, "tun0", 0 },
    { "vpn-pre-up", { "DEVICE_IP_IFACE=eth0", "VPN_IP_IFACE=tun0", UUID_LINE }, UUID, "tun0", 0 },
    { "up", { UUID_LINE, "DEVICE_IFACE=ttyUSB0", "DEVICE_IP_IFACE=wwan0" }, UUID, "wwan0", 0 },
    { "down", { UUID_LINE, "DEVICE_IP_IFACE=wg0" }, UUID, "wg0", 0 },
    /* a VPN without an interface, or whose interface is gone: the parent device is not it */
    { "vpn-down", { UUID_LINE, "DEVICE_IP_IFACE=eth0" }, UUID, "", 0 },
    { "up", { UUID_LINE, "VPN_IP_IFACE=tun0" }, UUID, "", 0 },
    { "connectivity-change", { "CONNECTIVITY_STATE=FULL" }, "", "", 0 },
    { "dns-change", { NULL }, "", "", 0 },

    /* names that only look like ours, and entries that are no variables */
    { "up", { "XCONNECTION_UUID=a", "CONNECTION_UUIDX=b", "DEVICE_IP_IFACEX=c" }, "", "", 0 },
    { "up", { "CONNECTION_UUID", "DEVICE_IP_IFACE", "=", "" }, "", "", 0 },
    { "up", { "connection_uuid=a", " CONNECTION_UUID=b" }, "", "", 0 },
    /* empty is absent */
    { "up", { "CONNECTION_UUID=", "DEVICE_IP_IFACE=" }, "", "", 0 },
    /* the first of two counts, as for getenv(3) */
    { "up",
      { "CONNECTION_UUID=a1", "CONNECTION_UUID=b2", "DEVICE_IP_IFACE=a", "DEVICE_IP_IFACE=b" },
      "a1",
      "a",
      0 },
    { "up", { "DEVICE_IP_IFACE=a b", "DEVICE_IP_IFACE=good" }, "", "", KS_EVENT_BAD_INTERFACE },

    /* bounds */
    { "up", { "CONNECTION_UUID=" LONG_UUID }, LONG_UUID, "", 0 },
    { "up", { "CONNECTION_UUID=" LONG_UUID "8" }, "", "", KS_EVENT_BAD_UUID },
    { "up", { "DEVICE_IP_IFACE=fifteen-letters" }, "", "fifteen-letters", 0 },
    { "up", { "DEVICE_IP_IFACE=sixteen-letters-" }, "", "", KS_EVENT_BAD_INTERFACE },

    /* what the kernel does not take for a name, and what no terminal should see */
    { "up", { "CONNECTION_UUID=x", "DEVICE_IP_IFACE=." }, "", "", BAD_BOTH },
    { "up", { "CONNECTION_UUID=a_b", "DEVICE_IP_IFACE=.." }, "", "", BAD_BOTH },
    { "up", { "CONNECTION_UUID=a b", "DEVICE_IP_IFACE=a/b" }, "", "", BAD_BOTH },
    { "up", { "CONNECTION_UUID=a\n", "DEVICE_IP_IFACE=a:b" }, "", "", BAD_BOTH },
    { "up", { "CONNECTION_UUID=\x01", "DEVICE_IP_IFACE=a\tb" }, "", "", BAD_BOTH },
    { "up", { "CONNECTION_UUID=\x1b[2J", "DEVICE_IP_IFACE=\x1b[2J" }, "", "", BAD_BOTH },
    { "up", { "CONNECTION_UUID=\x7f", "DEVICE_IP_IFACE=\x7f" }, "", "", BAD_BOTH },
    { "up", { "CONNECTION_UUID=\xc3\xa4", "DEVICE_IP_IFACE=\xc3\xa4" }, "", "", BAD_BOTH },
    { "up", { "CONNECTION_UUID=\xff", "DEVICE_IP_IFACE=\xff" }, "", "", BAD_BOTH },
    /* odd, and the kernel takes it */
    { "up", { "DEVICE_IP_IFACE=--help;$(id)" }, "", "--help;$(id)", 0 },
};

static void test_rows(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *const argv[] = { "hook", "eth9", rows[i].action, NULL };
        KsEvent event;
        unsigned bad;

        g_test_message("row %zu", i);
        g_assert_cmpint(ks_event_parse(3, argv, rows[i].environment, &event, &bad), ==, 0);
        g_assert_cmpstr(ks_action_name(event.action), ==, rows[i].action);
        g_assert_cmpstr(event.uuid, ==, rows[i].uuid);
        g_assert_cmpstr(event.interface, ==, rows[i].interface);
        g_assert_cmpuint(bad, ==, rows[i].bad);
    }
}

/* NetworkManager-dispatcher(8), as far as they are ours. */
static void test_actions(void)
{
    static const struct {
        const char *name;
        bool ours;
    } names[] = {
        { "pre-up", true },
        { "up", true },
        { "pre-down", true },
        { "down", true },
        { "vpn-pre-up", true },
        { "vpn-up", true },
        { "vpn-pre-down", true },
        { "vpn-down", true },
        { "dhcp4-change", true },
        { "dhcp6-change", true },
        { "connectivity-change", true },
        { "dns-change", true },
        { "reapply", true },
        { "hostname", false },
        { "device-add", false },
        { "device-delete", false },
        { "", false },
        { "UP", false },
        { "up ", false },
        { "up\n", false },
        { "vpn-up2", false },
    };
    unsigned ours = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *const argv[] = { "hook", "eth0", names[i].name, NULL };
        KsEvent event;
        unsigned bad;

        g_test_message("action %zu", i);
        g_assert_cmpint(ks_event_parse(3, argv, NULL, &event, &bad), ==,
                        names[i].ours ? 0 : -ENOENT);
        ours += names[i].ours;
    }
    g_assert_cmpuint(ours, ==, KS_ACTION_MAX);
    g_assert_cmpstr(ks_action_name(KS_ACTION_MAX), ==, "unknown");
    g_assert_cmpstr(ks_action_interface_variable(KS_ACTION_VPN_UP), ==, "VPN_IP_IFACE");
    g_assert_cmpstr(ks_action_interface_variable(KS_ACTION_UP), ==, "DEVICE_IP_IFACE");
}

static void test_arguments(void)
{
    const char *const argv[] = { "hook", "eth0", NULL, NULL };
    KsEvent event = { .uuid = "kept" };
    unsigned bad = 77;

    for (int argc = 0; argc <= 3; argc++)
        g_assert_cmpint(ks_event_parse(argc, argv, NULL, &event, &bad), ==, -EINVAL);
    g_assert_cmpstr(event.uuid, ==, "kept");
    g_assert_cmpuint(bad, ==, 77);
}

/* 10 kB in each variable that we read, and in ten thousand that we do not. */
static void test_absurd(void)
{
    const char *const argv[] = { "hook", "eth0", "up", NULL };
    g_autofree char *absurd = g_strnfill(10000, 'a');
    g_autofree char *uuid = g_strconcat("CONNECTION_UUID=", absurd, NULL);
    g_autofree char *interface = g_strconcat("DEVICE_IP_IFACE=", absurd, NULL);
    g_autoptr(GPtrArray) environment = g_ptr_array_new();
    KsEvent event;
    unsigned bad;

    for (unsigned i = 0; i < 10000; i++)
        g_ptr_array_add(environment, absurd);
    g_ptr_array_add(environment, uuid);
    g_ptr_array_add(environment, interface);
    g_ptr_array_add(environment, NULL);

    g_assert_cmpint(ks_event_parse(3, argv, (const char *const *) environment->pdata, &event, &bad),
                    ==, 0);
    g_assert_cmpuint(bad, ==, BAD_BOTH);
    g_assert_cmpstr(event.uuid, ==, "");
    g_assert_cmpstr(event.interface, ==, "");
}

/* Every byte in every place of a value: it is taken whole or not at all. */
static void test_every_byte(void)
{
    const char *const argv[] = { "hook", "eth0", "up", NULL };

    for (unsigned place = 0; place < 3; place++) {
        for (unsigned byte = 1; byte <= UINT8_MAX; byte++) {
            char uuid[] = "CONNECTION_UUID=abc";
            char interface[] = "DEVICE_IP_IFACE=abc";
            const char *const environment[] = { uuid, interface, NULL };
            KsEvent event;
            unsigned bad;

            uuid[strlen("CONNECTION_UUID=") + place] = (char) byte;
            interface[strlen("DEVICE_IP_IFACE=") + place] = (char) byte;
            g_assert_cmpint(ks_event_parse(3, argv, environment, &event, &bad), ==, 0);
            g_assert_cmpint((bad & KS_EVENT_BAD_UUID) == 0, ==,
                            g_ascii_isxdigit((char) byte) || byte == '-');
            g_assert_cmpint((bad & KS_EVENT_BAD_INTERFACE) == 0, ==,
                            g_ascii_isgraph((char) byte) && byte != '/' && byte != ':');
            g_assert_cmpstr(event.uuid, ==,
                            bad & KS_EVENT_BAD_UUID ? "" : uuid + strlen("CONNECTION_UUID="));
            g_assert_cmpstr(event.interface, ==,
                            bad & KS_EVENT_BAD_INTERFACE ? ""
                                                         : interface + strlen("DEVICE_IP_IFACE="));
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/event/rows", test_rows);
    g_test_add_func("/event/actions", test_actions);
    g_test_add_func("/event/arguments", test_arguments);
    g_test_add_func("/event/absurd", test_absurd);
    g_test_add_func("/event/every-byte", test_every_byte);
    return g_test_run();
}
