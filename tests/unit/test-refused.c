/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel tells of refused packets, and what is told of that. */
#include "ctl/json.h"
#include "ctl/show-refused.h"
#include "kernel/packet-log.h"
#include "kernel/sockets.h"
#include "model/names.h"
#include "model/refused-words.h"
#include "refused/keepers.h"
#include "refused/list.h"

#include <netinet/in.h>

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/sock_diag.h>
#include <string.h>

#define NOBODY UINT32_MAX

static const uint8_t udp4[] = {
    0x45, 0,    0, 29, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 203, 0, 113, 9, /* IPv4 */
    0x9c, 0x40, 0, 53, 0, 9, 0, 0, 'x'                                         /* UDP 40000 -> 53 */
};

static const uint8_t tcp6[] = {
    0x60, 0,    0,    0,    0, 28, 0, 64, /* IPv6, hop-by-hop options first */
    0x20, 1,    0x0d, 0xb8, 0, 0,  0, 0,  0, 0, 0, 0, 0,    0, 0, 1, /* from */
    0x20, 1,    0x0d, 0xb8, 0, 0,  0, 0,  0, 0, 0, 0, 0,    0, 0, 9, /* to */
    6,    0,    0,    0,    0, 0,  0, 0,                             /* then TCP */
    0x9c, 0x40, 0x01, 0xbb, 0, 0,  0, 0,  0, 0, 0, 0, 0x50, 2, 0, 0, 0, 0, 0, 0,
};

static struct nlmsghdr *message_of(uint8_t *buffer, uint8_t family, uint8_t hook, uint32_t uid,
                                   uint32_t in, uint32_t out, const void *bytes, size_t size)
{
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
    struct nfulnl_msg_packet_hdr header = { .hook = hook };
    struct nfgenmsg *general;

    message->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET;
    general = mnl_nlmsg_put_extra_header(message, sizeof(*general));
    general->nfgen_family = family;
    mnl_attr_put(message, NFULA_PACKET_HDR, sizeof(header), &header);
    if (uid != NOBODY)
        mnl_attr_put_u32(message, NFULA_UID, htonl(uid));
    if (in != 0)
        mnl_attr_put_u32(message, NFULA_IFINDEX_INDEV, htonl(in));
    mnl_attr_put_u32(message, NFULA_IFINDEX_OUTDEV, htonl(out));
    mnl_attr_put(message, NFULA_PAYLOAD, size, bytes);
    return message;
}

/* As message_of() says by which it leaves. */
#define LEAVES      1u
#define LEAVES_BARE 2u

static bool is_bare(uint32_t interface)
{
    return interface == LEAVES_BARE;
}

static KsRefusedPacket read_leaving(uint8_t family, uint8_t hook, uint32_t uid, uint32_t in,
                                    uint32_t out, const void *bytes, size_t size)
{
    _Alignas(struct nlmsghdr) uint8_t buffer[1024];
    struct nlmsghdr *message = message_of(buffer, family, hook, uid, in, out, bytes, size);
    KsRefusedPacket packet;

    g_assert_cmpint(ks_packet_log_read(message, is_bare, &packet), ==, 0);
    return packet;
}

static KsRefusedPacket read_packet(uint8_t family, uint8_t hook, uint32_t uid, uint32_t in,
                                   const void *bytes, size_t size)
{
    return read_leaving(family, hook, uid, in, LEAVES, bytes, size);
}

static void check(const KsRefusedPacket *packet, const char *destination, unsigned port,
                  const char *rule)
{
    char text[KS_ADDRESS_TEXT_SIZE];

    g_assert_cmpstr(ks_address_text(&packet->destination, text), ==, destination);
    g_assert_cmpuint(packet->port, ==, port);
    g_assert_cmpstr(ks_refused_packet_rule(packet), ==, rule);
}

static void test_packets(void)
{
    uint8_t frame[14 + sizeof(udp4)] = { [12] = 0x08, [13] = 0x00 };
    uint8_t local[sizeof(udp4)];
    KsRefusedPacket packet;

    packet = read_packet(NFPROTO_IPV4, NF_INET_POST_ROUTING, 1000, 0, udp4, sizeof(udp4));
    check(&packet, "203.0.113.9", 53, "dns");
    g_assert_true(packet.has_uid && packet.uid == 1000 && packet.source_port == 40000);
    packet = read_packet(NFPROTO_IPV6, NF_INET_LOCAL_OUT, 0, 0, tcp6, sizeof(tcp6));
    check(&packet, "2001:db8::9", 443, "outside");
    g_assert_true(packet.has_uid && packet.protocol == IPPROTO_TCP);
    packet = read_packet(NFPROTO_IPV4, NF_INET_FORWARD, NOBODY, 7, udp4, sizeof(udp4));
    check(&packet, "203.0.113.9", 53, "forwarded");
    memcpy(frame + 14, udp4, sizeof(udp4));
    packet = read_packet(NFPROTO_NETDEV, 1, NOBODY, 0, frame, sizeof(frame));
    check(&packet, "203.0.113.9", 53, "frame");
    frame[12] = 0x88;
    frame[13] = 0xcc;
    packet = read_packet(NFPROTO_NETDEV, 1, NOBODY, 0, frame, sizeof(frame));
    check(&packet, "", 0, "frame");
    g_assert_cmpuint(packet.frame_type, ==, 0x88cc);
    packet = read_leaving(NFPROTO_NETDEV, 1, 1000, 0, LEAVES_BARE, udp4, sizeof(udp4));
    check(&packet, "203.0.113.9", 53, "frame");
    g_assert_cmpuint(packet.frame_type, ==, 0);
    packet = read_leaving(NFPROTO_NETDEV, 1, 1000, 0, LEAVES_BARE, tcp6, sizeof(tcp6));
    check(&packet, "2001:db8::9", 443, "frame");
    g_assert_false(packet.others_untold);
    memcpy(local, udp4, sizeof(udp4));
    local[16] = 10;
    local[23] = 80;
    packet = read_packet(NFPROTO_IPV4, NF_INET_POST_ROUTING, 1000, 0, local, sizeof(local));
    check(&packet, "10.0.113.9", 80, "local");
}

/* What says that others were not told, and what another program's rule says. */
static void test_untold(void)
{
    static const struct {
        const char *prefix;
        size_t size;
        bool untold;
    } rows[] = {
        { KS_LOG_UNTOLD, sizeof(KS_LOG_UNTOLD), true }, /* as the kernel writes it */
        { KS_LOG_UNTOLD, sizeof(KS_LOG_UNTOLD) - 1, true },
        { KS_LOG_UNTOLD, 3, false },
        { KS_LOG_UNTOLD "s", sizeof(KS_LOG_UNTOLD "s"), false },
        { "", 1, false },
        { "", 0, false },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        _Alignas(struct nlmsghdr) uint8_t buffer[1024];
        struct nlmsghdr *message = message_of(buffer, NFPROTO_IPV4, NF_INET_POST_ROUTING, 1000, 0,
                                              LEAVES, udp4, sizeof(udp4));
        KsRefusedPacket packet;

        mnl_attr_put(message, NFULA_PREFIX, rows[i].size, rows[i].prefix);
        g_assert_cmpint(ks_packet_log_read(message, is_bare, &packet), ==, 0);
        g_assert_cmpint(packet.others_untold, ==, rows[i].untold);
    }
}

/* Of every length; nothing is read that is not there (run under ASan). */
static void test_cut(void)
{
    for (size_t size = 0; size < sizeof(tcp6); size++) {
        g_autofree uint8_t *copy = g_malloc(MAX(size, 1));
        KsRefusedPacket packet = { .way = KS_REFUSED_SENT };

        memcpy(copy, tcp6, size);
        ks_refused_packet_read(&packet, copy, size);
        g_assert_cmpuint(packet.port, ==, size < 52 ? 0 : 443);
        packet = (KsRefusedPacket){ .way = KS_REFUSED_FRAME };
        ks_refused_packet_read(&packet, copy, size);
    }
}

static void test_what_is_no_packet(void)
{
    _Alignas(struct nlmsghdr) uint8_t buffer[1024];
    struct nlmsghdr *message =
        message_of(buffer, NFPROTO_IPV4, 0, 0, 0, LEAVES, udp4, sizeof(udp4));
    struct inet_diag_msg *found;
    KsRefusedPacket packet;

    message->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG;
    g_assert_cmpint(ks_packet_log_read(message, is_bare, &packet), ==, -EBADMSG);
    message->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET;
    message->nlmsg_len = MNL_NLMSG_HDRLEN + sizeof(struct nfgenmsg);
    g_assert_cmpint(ks_packet_log_read(message, is_bare, &packet), ==, -EBADMSG);
    message->nlmsg_len = MNL_NLMSG_HDRLEN;
    g_assert_cmpint(ks_packet_log_read(message, is_bare, &packet), ==, -EBADMSG);

    message = mnl_nlmsg_put_header(buffer);
    message->nlmsg_type = SOCK_DIAG_BY_FAMILY;
    g_assert_cmpuint(ks_sockets_read(message, 0), ==, 0);
    found = mnl_nlmsg_put_extra_header(message, sizeof(*found));
    found->idiag_inode = 4711;
    found->idiag_uid = 1000;
    g_assert_cmpuint(ks_sockets_read(message, 1000), ==, 4711);
    g_assert_cmpuint(ks_sockets_read(message, 1001), ==, 0); /* another user's, on the same port */
}

static const struct {
    const char *text;
    const char *unit;
    const char *app;
} cgroups[] = {
    { "0::/system.slice/cups.service\n", "cups.service", "" },
    { "0::/user.slice/user-1000.slice/user@1000.service/app.slice/"
      "app-gnome-org.mozilla.firefox-4242.scope\n",
      "app-gnome-org.mozilla.firefox-4242.scope", "org.mozilla.firefox" },
    { "0::/user.slice/user@1000.service/app.slice/app-org.kde.kmail@12ab.service/x\n",
      "app-org.kde.kmail@12ab.service", "org.kde.kmail" },
    { "0::/user.slice/user@1000.service/app.slice/app-gnome-my\\x2dapp-7.scope\n",
      "app-gnome-my\\x2dapp-7.scope", "my-app" },
    { "12:cpu:/a.service\n0::/b.scope\n", "b.scope", "" },
    { "0::/\n", "", "" },
    { "0::", "", "" },
    { "", "", "" },
    { "0::/app-.scope\n", "app-.scope", "" },
    { "0::/app-.service\n", "app-.service", "" },
};

static void test_cgroups(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(cgroups); i++) {
        g_autofree char *unit = NULL;
        g_autofree char *app = NULL;

        ks_program_read_cgroup(cgroups[i].text, &unit, &app);
        g_assert_cmpstr(unit, ==, cgroups[i].unit);
        g_assert_cmpstr(app, ==, cgroups[i].app);
    }
}

static KsRefusedPacket packet_of(uint32_t uid, uint16_t port)
{
    KsRefusedPacket packet =
        read_packet(NFPROTO_IPV4, NF_INET_POST_ROUTING, uid, 0, udp4, sizeof(udp4));

    packet.port = port;
    return packet;
}

static GVariant *tell(const KsRefusedList *list, uint32_t uid, bool everything,
                      unsigned *ret_hidden)
{
    GVariantDict result;

    g_variant_dict_init(&result, NULL);
    g_variant_dict_insert_value(&result, "entries",
                                ks_refused_list_tell(list, uid, everything, ret_hidden));
    g_variant_dict_insert(&result, "hidden", "u", *ret_hidden);
    g_variant_dict_insert(&result, "state", "s", "on");
    return g_variant_ref_sink(g_variant_dict_end(&result));
}

/* The same is added up; another user's is not told; names cannot steer a terminal. */
static void test_list(void)
{
    char name[] = "evil\033[2J\xe2\x80\xae\xff";
    char path[] = "/usr/bin/evil";
    char none[] = "";
    KsProgram program = { 7, 1000, name, path, none, none };
    KsRefusedList *list = ks_refused_list_new();
    KsRefusedPacket packet = packet_of(1000, 443);
    KsRefusedPacket other = packet_of(1001, 443);
    KsRefusedPacket nobodys = packet_of(NOBODY, 443);
    g_autoptr(KsRefusedReport) report = NULL;
    g_autoptr(GVariant) told = NULL;
    g_autofree char *shown = NULL;
    g_autofree char *json = NULL;
    unsigned hidden;

    for (unsigned i = 0; i < 3; i++)
        ks_refused_list_add(list, &packet, &program, 1000 + i);
    ks_refused_list_add(list, &other, NULL, 1010);
    ks_refused_list_add(list, &nobodys, NULL, 1020);
    told = tell(list, 1000, false, &hidden);
    report = ks_refused_report_read(told);
    g_assert_cmpuint(hidden, ==, 2);
    g_assert_cmpuint(report->hidden, ==, 2);
    g_assert_cmpuint(report->entries->len, ==, 1);
    g_assert_cmpuint(((KsRefusedEntry *) g_ptr_array_index(report->entries, 0))->count, ==, 3);
    shown = ks_show_refused(report, false);
    g_assert_nonnull(strstr(shown, "203.0.113.9, port 443, UDP"));
    g_assert_nonnull(strstr(shown, "3 times"));
    g_assert_null(strchr(shown, '\033'));
    g_assert_true(g_utf8_validate(shown, -1, NULL));
    json = ks_json_refused(told);
    g_assert_nonnull(strstr(json, "1970-01-01T00:16:42Z"));
    g_clear_pointer(&told, g_variant_unref);
    told = tell(list, 0, true, &hidden);
    g_assert_cmpuint(hidden, ==, 0);
    g_clear_pointer(&report, ks_refused_report_free);
    report = ks_refused_report_read(told);
    g_assert_cmpuint(report->entries->len, ==, 3);
    ks_refused_list_free(list);
}

/* Of a program of somebody else's that was handed the socket, its user is told nothing; root is. */
static void test_handed_socket(void)
{
    char name[] = "daemon";
    char path[] = "/usr/sbin/daemon";
    char unit[] = "daemon.service";
    char none[] = "";
    const KsProgram programs[] = { { 7, 0, name, path, unit, none },
                                   { 8, KS_PROGRAM_MIXED, name, path, unit, none } };
    KsRefusedPacket packet = packet_of(1000, 443);

    for (unsigned i = 0; i < G_N_ELEMENTS(programs); i++)
        for (unsigned everything = 0; everything < 2; everything++) {
            KsRefusedList *list = ks_refused_list_new();
            g_autoptr(GVariant) told = NULL;
            g_autoptr(KsRefusedReport) report = NULL;
            const KsRefusedEntry *entry;
            unsigned hidden;

            ks_refused_list_add(list, &packet, &programs[i], 1000);
            told = tell(list, 1000, everything == 1, &hidden);
            report = ks_refused_report_read(told);
            entry = g_ptr_array_index(report->entries, 0);
            g_assert_cmpstr(entry->program, ==, everything ? "daemon" : "");
            g_assert_cmpstr(entry->path, ==, everything ? path : "");
            g_assert_cmpstr(entry->unit, ==, everything ? unit : "");
            ks_refused_list_free(list);
        }
}

static void test_uids(void)
{
    static const struct {
        const char *text;
        uint32_t uid;
    } rows[] = {
        { "Name:\tUid:\nUid:\t1000\t1000\t1000\t1000\nGid:\t5\t5\t5\t5\n", 1000 },
        { "Name:\tx\nUid:\t1000\t0\t0\t0\n", KS_PROGRAM_MIXED },
        { "Name:\tx\nUid:\t1000\t1000\t1000\n", KS_PROGRAM_MIXED },
        { "", KS_PROGRAM_MIXED },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpuint(ks_program_read_uid(rows[i].text), ==, rows[i].uid);
}

static void test_list_is_bounded(void)
{
    KsRefusedList *list = ks_refused_list_new();
    g_autoptr(GVariant) told = NULL;
    g_autoptr(KsRefusedReport) report = NULL;
    unsigned hidden;

    for (unsigned i = 0; i < KS_REFUSED_ROWS_MAX + 5; i++) {
        KsRefusedPacket packet = packet_of(1000, (uint16_t) (1000 + i));

        g_assert_true(ks_refused_list_add(list, &packet, NULL, i) == (i >= KS_REFUSED_ROWS_MAX));
    }
    told = tell(list, 1000, false, &hidden);
    report = ks_refused_report_read(told);
    g_assert_cmpuint(report->entries->len, ==, KS_REFUSED_ROWS_MAX);
    g_assert_cmpint(((KsRefusedEntry *) g_ptr_array_index(report->entries, 0))->last, ==,
                    KS_REFUSED_ROWS_MAX + 4);
    ks_refused_list_free(list);
}

/* For a flood nothing goes of one who has fewer rows, however old they are. */
static void test_one_floods(uint32_t few, uint32_t floods)
{
    KsRefusedList *list = ks_refused_list_new();
    g_autoptr(GVariant) told = NULL;
    unsigned hidden;

    for (unsigned i = 0; i < KS_REFUSED_ROWS_MAX / 2; i++) {
        KsRefusedPacket packet = packet_of(few, (uint16_t) (1000 + i));

        g_assert_false(ks_refused_list_add(list, &packet, NULL, i));
    }
    for (unsigned i = 0; i < 2 * KS_REFUSED_ROWS_MAX; i++) {
        KsRefusedPacket packet = packet_of(floods, (uint16_t) (1000 + i));
        bool is_full = i >= KS_REFUSED_ROWS_MAX / 2;

        g_assert_true(ks_refused_list_add(list, &packet, NULL, 10000 + i) == is_full);
    }
    told = tell(list, 1234, false, &hidden);
    g_assert_cmpuint(hidden, ==, KS_REFUSED_ROWS_MAX);
    g_variant_unref(g_steal_pointer(&told));
    told = tell(list, few == NOBODY ? floods : few, false, &hidden);
    g_assert_cmpuint(hidden, ==, KS_REFUSED_ROWS_MAX / 2);
    ks_refused_list_free(list);
}

static void test_floods(void)
{
    test_one_floods(0, 1000);
    test_one_floods(1000, 0);
    test_one_floods(1000, NOBODY);
    test_one_floods(NOBODY, 1000);
}

/* For a user's own programs, or for everybody's, and for no longer than was asked. */
static void test_keepers(void)
{
    KsKeepers *keepers = ks_keepers_new();
    int64_t since;
    int64_t until;

    g_assert_false(ks_keepers_want(keepers, true, 1000));
    g_assert_false(ks_keepers_are_there(keepers));
    g_assert_cmpuint(ks_keepers_timer(keepers, 100), ==, 0);
    g_assert_false(ks_keepers_set(keepers, 1000, false, 100, KS_REFUSED_KEEP_SECONDS_MAX + 1));
    g_assert_true(ks_keepers_set(keepers, 1000, false, 100, KS_REFUSED_KEEP_SECONDS_MAX));
    g_assert_true(ks_keepers_want(keepers, true, 1000));
    g_assert_false(ks_keepers_want(keepers, true, 0));
    g_assert_false(ks_keepers_want(keepers, false, 1000));
    g_assert_true(ks_keepers_set(keepers, 0, true, 150, 10));
    g_assert_true(ks_keepers_want(keepers, false, 0) && ks_keepers_want(keepers, true, 1001));
    g_assert_cmpuint(ks_keepers_timer(keepers, 150), ==, 10);
    g_assert_cmpuint(ks_keepers_timer(keepers, 170), ==, 1);
    g_assert_false(ks_keepers_expire(keepers, 159));
    g_assert_true(ks_keepers_expire(keepers, 160));
    g_assert_cmpuint(ks_keepers_timer(keepers, 160), ==, 30); /* timers stand still in sleep */
    g_assert_false(ks_keepers_want(keepers, true, 1001));

    /* again: from the first time on, for as long as was asked last */
    g_assert_true(ks_keepers_set(keepers, 1000, false, 200, 60));
    g_assert_true(ks_keepers_find(keepers, 1000, &since, &until));
    g_assert_cmpint(since, ==, 100);
    g_assert_cmpint(until, ==, 260);
    g_assert_true(ks_keepers_set(keepers, 1000, false, 210, 0));
    g_assert_false(ks_keepers_find(keepers, 1000, &since, &until));
    g_assert_false(ks_keepers_are_there(keepers));

    for (uint32_t uid = 0; ks_keepers_set(keepers, uid, false, 0, 10); uid++)
        g_assert_cmpuint(uid, <, 64);
    ks_keepers_free(keepers);
}

static bool is_of_1001(void *data, bool has_uid, uint32_t uid)
{
    (void) data;
    return has_uid && uid == 1001;
}

static void test_list_keeps_what_is_wanted(void)
{
    KsRefusedList *list = ks_refused_list_new();
    g_autoptr(GVariant) told = NULL;
    g_autoptr(KsRefusedReport) report = NULL;
    unsigned hidden;

    for (uint32_t uid = 1000; uid < 1003; uid++) {
        KsRefusedPacket packet = packet_of(uid, 443);

        ks_refused_list_add(list, &packet, NULL, 1);
    }
    ks_refused_list_keep(list, is_of_1001, NULL);
    told = tell(list, 0, true, &hidden);
    report = ks_refused_report_read(told);
    g_assert_cmpuint(report->entries->len, ==, 1);
    g_assert_cmpint(((KsRefusedEntry *) g_ptr_array_index(report->entries, 0))->uid, ==, 1001);
    ks_refused_list_free(list);
}

/* What is shown of a list that is kept and empty. */
static char *shown_of_kept(unsigned hidden)
{
    g_autoptr(GVariant) told = g_variant_ref_sink(
        g_variant_new_parsed("{'state': <'on'>, 'hidden': <%u>, 'kept_since': <@x 1000000000>, "
                             "'kept_until': <@x 1000001800>}",
                             hidden));
    g_autoptr(KsRefusedReport) report = ks_refused_report_read(told);

    return ks_show_refused(report, false);
}

/* What is kept says so, above what it holds; and if that is nothing, nothing of a look. */
static void test_kept_is_said(void)
{
    g_autoptr(GVariant) told = g_variant_ref_sink(g_variant_new_parsed(
        "{'state': <'on'>, 'kept_since': <@x 1000000000>, 'kept_until': <@x 1000001800>}"));
    g_autoptr(GVariant) plain = g_variant_ref_sink(g_variant_new_parsed("{'kept_until': <@x 0>}"));
    g_autoptr(KsRefusedReport) report = ks_refused_report_read(told);
    g_autofree char *shown = shown_of_kept(0);
    g_autofree char *shown_with_hidden = shown_of_kept(2);
    g_autofree char *json = ks_json_refused(told);
    g_autofree char *plain_json = ks_json_refused(plain);

    g_assert_cmpint(report->kept_since, ==, 1000000000);
    g_assert_true(g_str_has_prefix(shown, "Kept since "));
    g_assert_true(g_str_has_suffix(shown, ":\n\nNothing was refused since then.\n"));
    g_assert_nonnull(
        strstr(shown_with_hidden, ":\n\nNothing of your programs was refused since then.\n"));
    g_assert_nonnull(strstr(json, "\"kept_until\" : \"2001-09-09T02:16:40Z\""));
    g_assert_nonnull(strstr(plain_json, "\"kept_until\" : null"));
}

static void test_missing_is_said(void)
{
    g_autoptr(GVariant) told =
        g_variant_ref_sink(g_variant_new_parsed("{'state': <'on'>, 'lost': <true>}"));
    g_autoptr(KsRefusedReport) report = ks_refused_report_read(told);
    g_autofree char *missing = ks_refused_not_shown(report);

    g_assert_nonnull(strstr(missing, "may be missing"));
}

/* Each state has its words; one of a later version, too. */
static void test_words(void)
{
    static const char *const states[] = { "on", "no-guard", "no-kernel", "taken", "later" };

    for (unsigned i = 0; i < G_N_ELEMENTS(states); i++) {
        g_autoptr(GVariant) told =
            g_variant_ref_sink(g_variant_new_parsed("{'state': <%s>}", states[i]));
        g_autoptr(KsRefusedReport) report = ks_refused_report_read(told);
        g_autofree char *missing = ks_refused_not_shown(report);

        g_assert_true((ks_refused_trouble(report) == NULL) == (i == 0));
        g_assert_nonnull(ks_refused_nothing(report));
        g_assert_null(missing);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/refused/packets", test_packets);
    g_test_add_func("/refused/untold", test_untold);
    g_test_add_func("/refused/cut", test_cut);
    g_test_add_func("/refused/no-packet", test_what_is_no_packet);
    g_test_add_func("/refused/cgroups", test_cgroups);
    g_test_add_func("/refused/list", test_list);
    g_test_add_func("/refused/handed-socket", test_handed_socket);
    g_test_add_func("/refused/uids", test_uids);
    g_test_add_func("/refused/bounded", test_list_is_bounded);
    g_test_add_func("/refused/floods", test_floods);
    g_test_add_func("/refused/keepers", test_keepers);
    g_test_add_func("/refused/kept-rows", test_list_keeps_what_is_wanted);
    g_test_add_func("/refused/kept-words", test_kept_is_said);
    g_test_add_func("/refused/missing-words", test_missing_is_said);
    g_test_add_func("/refused/words", test_words);
    return g_test_run();
}
