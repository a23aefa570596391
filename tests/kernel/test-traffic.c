/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules let through and what they do not, packet by packet. Three machines: this one,
 * which is locked, the world on the other end of a wire, and a guest behind this one. Every packet
 * is sent three times: without a lock (then it must arrive, or the test proves nothing), with the
 * lock, and with the lock and LAN access. */
#include "exception-rows.h"
#include "namespace.h"
#include "traffic-rows.h"
#include "traffic.h"

#include "kernel/netfilter.h"
#include "model/exception.h"
#include "rules/egress-table.h"
#include "rules/lock-table.h"
#include "rules/plan.h"

#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

typedef struct {
    KsNetfilter *netfilter;
    KsReadback *held;
    KsBatch batch;
    KsLock *lock;

    /* the second layer, on the hotspot alone */
    KsEgressTable *table;
    KsReadback *frames;
    KsLock *frames_lock;
} Lock;

/* What the interface towards the guest is known as. */
typedef enum {
    NOTHING,
    GUESTS,
    HOTSPOT,
    TRANSLATOR,
    CARD,            /* and the second layer on it */
    EXCEPTED,        /* with exceptions */
    EXCEPTED_FRAMES, /* ... and the second layer */
    HERE_ALONE,      /* with exceptions for the wire alone, and the second layer */
    ELSEWHERE,       /* ... for another card */
} Known;

static KsAddress address(const char *text)
{
    KsAddress parsed;

    g_assert_true(ks_address_parse(text, &parsed));
    return parsed;
}

static void commit(Lock *lock)
{
    g_assert_cmpint(ks_netfilter_commit(lock->netfilter, &lock->batch), ==, 0);
    g_assert_cmpint(ks_netfilter_read(lock->netfilter, lock->held), ==, 0);
}

static Lock lock_new(void)
{
    g_autoptr(GArray) uplinks = g_array_new(FALSE, TRUE, sizeof(KsUplink));
    KsUplink card = { .index = traffic_interface(TRAFFIC_WIRE), .form = KS_UPLINK_ETHERNET };
    KsUplink hotspot = { .index = traffic_interface(TRAFFIC_GUEST), .form = KS_UPLINK_HOTSPOT };
    Lock lock = { .held = ks_readback_new(&ks_lock_table), .lock = ks_lock_new() };

    g_assert_nonnull(if_indextoname(hotspot.index, hotspot.name));
    g_assert_nonnull(if_indextoname(card.index, card.name));
    g_array_append_val(uplinks, card);
    g_array_append_val(uplinks, hotspot);
    lock.table = ks_egress_table_new(uplinks, false);
    lock.frames = ks_readback_new(ks_egress_table_skeleton(lock.table));
    lock.frames_lock = ks_lock_new();
    g_assert_cmpint(ks_netfilter_open(&lock.netfilter), ==, 0);
    return lock;
}

static void lock_free(Lock *lock)
{
    ks_netfilter_close(lock->netfilter);
    ks_readback_free(lock->held);
    ks_readback_free(lock->frames);
    ks_egress_table_free(lock->table);
    ks_lock_free(lock->lock);
    ks_lock_free(lock->frames_lock);
    ks_batch_clear(&lock->batch);
}

static void close_second_layer(Lock *lock)
{
    g_autoptr(KsWorld) world = ks_world_new();
    KsLink card = { .index = traffic_interface(TRAFFIC_WIRE), .up = true };

    g_assert_nonnull(if_indextoname(card.index, card.name));
    g_array_append_val(world->links, card);
    g_assert_true(ks_uplinks_draw(world, lock->lock, lock->frames_lock));
    g_assert_cmpint(ks_plan_lock(&lock->batch, lock->frames, lock->frames_lock, 0), ==, 0);
    g_assert_cmpint(ks_netfilter_commit(lock->netfilter, &lock->batch), ==, 0);
    g_assert_cmpint(ks_netfilter_read(lock->netfilter, lock->frames), ==, 0);
    g_assert_true(ks_readback_is_intact(lock->frames));
}

static void add_exceptions(Lock *lock, Known known)
{
    uint32_t index = known == HERE_ALONE  ? traffic_interface(TRAFFIC_WIRE)
                     : known == ELSEWHERE ? traffic_interface(TRAFFIC_GUEST)
                                          : 0;

    for (unsigned i = 0; i < G_N_ELEMENTS(exceptions); i++) {
        KsException what = { .incoming = exceptions[i].incoming };

        g_assert_true(ks_exception_read_to(exceptions[i].to, &what));
        g_assert_true(ks_exception_read_protocol(exceptions[i].protocol, &what));
        g_assert_true(ks_exception_read_ports(exceptions[i].ports, &what));
        g_assert_true(ks_lock_add_exception(lock->lock, &what, 0, index));
    }
}

static void close_lock(Lock *lock, bool lan, Known known)
{
    KsAddress server = address(SERVER);
    KsAddress server6 = address(SERVER6);
    KsAddress dhcp = address(DHCP);
    KsAddress route = address("10.8.0.0");
    KsAddress route6 = address("fd01::");
    KsAddress own = address(TUNNEL_ADDRESS);
    KsAddress own6 = address(TUNNEL_ADDRESS6);

    ks_lock_clear(lock->lock);
    ks_lock_open_interface(lock->lock, traffic_interface(TRAFFIC_TUNNEL));
    if (known == GUESTS || known == TRANSLATOR) /* a guest's packet tells that all have come */
        ks_lock_add_guests(lock->lock, traffic_interface(TRAFFIC_GUEST));
    if (known == HOTSPOT)
        ks_lock_add_hotspot(lock->lock, traffic_interface(TRAFFIC_GUEST));
    if (known == TRANSLATOR) {
        ks_lock_add_translator(lock->lock, traffic_interface(TRAFFIC_GUEST));
        ks_lock_add_server(lock->lock, &server6, IPPROTO_UDP, 1195, KS_OPEN_TO_DAEMONS);
        ks_lock_add_server(lock->lock, &server6, IPPROTO_TCP, 443, KS_OPEN_TO_DAEMONS);
        ks_lock_add_server(lock->lock, &server6, IPPROTO_UDP, 4500, KS_OPEN_TO_IPSEC);
        ks_lock_add_server(lock->lock, &server6, IPPROTO_UDP, 1701, KS_OPEN_INSIDE_IPSEC);
    }
    ks_lock_add_server(lock->lock, &server, IPPROTO_UDP, 1194, KS_OPEN_TO_ALL);
    ks_lock_add_server(lock->lock, &server, IPPROTO_TCP, 443, KS_OPEN_TO_ALL);
    ks_lock_add_server(lock->lock, &server6, IPPROTO_UDP, 51820, KS_OPEN_TO_ALL);
    ks_lock_add_server(lock->lock, &server, IPPROTO_UDP, 51820, KS_OPEN_TO_WIREGUARD);
    ks_lock_add_server(lock->lock, &server6, IPPROTO_UDP, 51822, KS_OPEN_TO_WIREGUARD);
    ks_lock_add_server(lock->lock, &server, IPPROTO_ESP, 0, KS_OPEN_TO_ALL);
    ks_lock_add_server(lock->lock, &server6, IPPROTO_GRE, 0, KS_OPEN_TO_ALL);
    ks_lock_add_dhcp_server(lock->lock, &dhcp);
    ks_lock_add_tunnel_address(lock->lock, &own);
    ks_lock_add_tunnel_address(lock->lock, &own6);
    if (known >= EXCEPTED)
        add_exceptions(lock, known);
    if (lan)
        ks_lock_open_lan(lock->lock, traffic_interface(TRAFFIC_WIRE));
    if (lan || known >= EXCEPTED) {
        ks_lock_exclude_from_lan(lock->lock, &route, 16);
        ks_lock_exclude_from_lan(lock->lock, &route6, 48);
    }
    ks_lock_seal(lock->lock);
    g_assert_cmpint(ks_plan_lock(&lock->batch, lock->held, lock->lock, 0), ==, 0);
    commit(lock);
    g_assert_true(ks_readback_is_intact(lock->held));
    if (known == HOTSPOT || known == CARD || known >= EXCEPTED_FRAMES)
        close_second_layer(lock);
}

static void open_lock(Lock *lock)
{
    g_assert_cmpint(ks_plan_unlock(&lock->batch, lock->held), ==, 0);
    commit(lock);
    g_assert_cmpint(ks_plan_unlock(&lock->batch, lock->frames), ==, 0);
    g_assert_cmpint(ks_netfilter_commit(lock->netfilter, &lock->batch), ==, 0);
    g_assert_cmpint(ks_netfilter_read(lock->netfilter, lock->frames), ==, 0);
}

#define COUNTED_AS_FRAMES KS_COUNTER_MAX

#define ROWS(array) array, G_N_ELEMENTS(array)

static const struct {
    const char *name;
    const Row *rows;
    unsigned count;
    TrafficPath path;
    int counter; /* which counts what is blocked; -1: nothing is */
    Known known;
} paths[] = {
    { "output", ROWS(output), TRAFFIC_OUT, KS_COUNTER_BLOCKED_OUT, NOTHING },
    { "input", ROWS(input), TRAFFIC_IN, KS_COUNTER_BLOCKED_IN, NOTHING },
    { "forward", ROWS(forward), TRAFFIC_THROUGH, KS_COUNTER_BLOCKED_FORWARD, GUESTS },
    { "forward-to-tunnel", ROWS(forward_to_tunnel), TRAFFIC_THROUGH_TO_TUNNEL, -1, GUESTS },
    { "guest-to-guest", ROWS(guest_to_guest), TRAFFIC_GUEST_TO_GUEST, -1, GUESTS },
    { "from-guest", ROWS(from_guest), TRAFFIC_FROM_GUEST, -1, GUESTS },
    { "to-guest", ROWS(to_guest), TRAFFIC_TO_GUEST, -1, GUESTS },
    { "tunnel-to-guest", ROWS(tunnel_to_guest), TRAFFIC_TUNNEL_TO_GUEST, KS_COUNTER_BLOCKED_FORWARD,
      GUESTS },
    { "wire-to-guest", ROWS(wire_to_guest), TRAFFIC_WIRE_TO_GUEST, KS_COUNTER_BLOCKED_FORWARD,
      GUESTS },
    { "wire-to-tunnel", ROWS(wire_to_tunnel), TRAFFIC_WIRE_TO_TUNNEL, KS_COUNTER_BLOCKED_FORWARD,
      GUESTS },
    { "in-for-tunnel", ROWS(in_for_tunnel), TRAFFIC_IN, KS_COUNTER_BLOCKED_IN, GUESTS },
    { "tunnel-for-tunnel", ROWS(tunnel_for_tunnel), TRAFFIC_OUT_OF_TUNNEL, -1, NOTHING },
    { "guest-for-tunnel", ROWS(guest_for_tunnel), TRAFFIC_FROM_GUEST, -1, GUESTS },
    { "hotspot-forward", ROWS(forward), TRAFFIC_THROUGH, KS_COUNTER_BLOCKED_FORWARD, HOTSPOT },
    { "hotspot-to-tunnel", ROWS(forward_to_tunnel), TRAFFIC_THROUGH_TO_TUNNEL, -1, HOTSPOT },
    { "hotspot-to-hotspot", ROWS(hotspot_to_hotspot), TRAFFIC_GUEST_TO_GUEST, -1, HOTSPOT },
    { "from-hotspot", ROWS(from_hotspot), TRAFFIC_FROM_GUEST, KS_COUNTER_BLOCKED_IN, HOTSPOT },
    { "to-hotspot", ROWS(to_hotspot), TRAFFIC_TO_GUEST, KS_COUNTER_BLOCKED_OUT, HOTSPOT },
    { "frames-to-hotspot", ROWS(frames_to_hotspot), TRAFFIC_FRAME_TO_GUEST, COUNTED_AS_FRAMES,
      HOTSPOT },
    { "frames-out", ROWS(frames_out), TRAFFIC_FRAME_OUT, COUNTED_AS_FRAMES, CARD },
    { "excepted-out", ROWS(excepted_out), TRAFFIC_OUT, KS_COUNTER_BLOCKED_OUT, EXCEPTED },
    { "excepted-in", ROWS(excepted_in), TRAFFIC_IN, KS_COUNTER_BLOCKED_IN, EXCEPTED },
    { "excepted-frames", ROWS(excepted_out), TRAFFIC_FRAME_OUT, COUNTED_AS_FRAMES,
      EXCEPTED_FRAMES },
    { "here-alone-out", ROWS(excepted_out), TRAFFIC_OUT, KS_COUNTER_BLOCKED_OUT, HERE_ALONE },
    { "here-alone-in", ROWS(excepted_in), TRAFFIC_IN, KS_COUNTER_BLOCKED_IN, HERE_ALONE },
    { "here-alone-frames", ROWS(excepted_out), TRAFFIC_FRAME_OUT, COUNTED_AS_FRAMES, HERE_ALONE },
    { "tunnel-to-hotspot", ROWS(tunnel_to_guest), TRAFFIC_TUNNEL_TO_GUEST,
      KS_COUNTER_BLOCKED_FORWARD, HOTSPOT },
    { "wire-to-hotspot", ROWS(wire_to_guest), TRAFFIC_WIRE_TO_GUEST, KS_COUNTER_BLOCKED_FORWARD,
      HOTSPOT },
    { "hotspot-for-tunnel", ROWS(hotspot_for_tunnel), TRAFFIC_FROM_GUEST, KS_COUNTER_BLOCKED_IN,
      HOTSPOT },
    { "out-of-translator", ROWS(out_of_translator), TRAFFIC_THROUGH, KS_COUNTER_BLOCKED_FORWARD,
      TRANSLATOR },
    { "into-translator", ROWS(into_translator), TRAFFIC_WIRE_TO_GUEST, KS_COUNTER_BLOCKED_FORWARD,
      TRANSLATOR },
    { "into-tunnel", ROWS(into_tunnel), TRAFFIC_INTO_TUNNEL, -1, NOTHING },
    { "out-of-tunnel", ROWS(out_of_tunnel), TRAFFIC_OUT_OF_TUNNEL, -1, NOTHING },
};

/* Of what a program sends to everybody, this machine's own copy is a packet more behind the output
 * hook (net/ipv4/ip_output.c, ip_mc_output()). Of one that is split the first fragment is a frame,
 * too, and by an exception IPv6's is refused as well. */
static unsigned packets_of(unsigned path, const Packet *packet)
{
    if (paths[path].path == TRAFFIC_FRAME_OUT && packet->split && packet_is_ipv6(packet))
        return 2;
    return paths[path].path == TRAFFIC_OUT && g_str_equal(packet->to, "255.255.255.255") ? 2 : 1;
}

/* Sends all rows and says of each whether it arrived as expected. Returns how many packets were
 * blocked. */
static unsigned send_rows(unsigned path, Verdict least, const char *when)
{
    g_autofree bool *arrived = g_new0(bool, paths[path].count);
    g_autofree const Packet **packets = g_new0(const Packet *, paths[path].count);
    unsigned blocked = 0;

    for (unsigned i = 0; i < paths[path].count; i++)
        packets[i] = &paths[path].rows[i].packet;
    traffic_send(paths[path].path, packets, paths[path].count, arrived);
    for (unsigned i = 0; i < paths[path].count; i++) {
        const Row *row = &paths[path].rows[i];

        if (!arrived[i])
            blocked += packets_of(path, &row->packet);
        if (arrived[i] == (row->verdict >= least))
            continue;
        g_test_message("%s: %s > %s protocol %u (%u, %u) hops %u %s", when, row->packet.from,
                       row->packet.to, row->packet.protocol, row->packet.source, row->packet.target,
                       row->packet.hops, arrived[i] ? "gets through" : "is blocked");
        g_test_fail();
    }
    return blocked;
}

static uint64_t counted(Lock *lock, int counter)
{
    g_assert_cmpint(ks_netfilter_read(lock->netfilter, lock->held), ==, 0);
    if (counter == COUNTED_AS_FRAMES) {
        g_assert_cmpint(ks_netfilter_read(lock->netfilter, lock->frames), ==, 0);
        return lock->frames->counters[KS_EGRESS_BLOCKED].packets;
    }
    return counter < 0 ? 0 : lock->held->counters[counter].packets;
}

/* Of what one user asks within a second, one packet for each port counts; how many seconds this
 * takes is the machine's. */
static unsigned may_not_count(unsigned path)
{
    unsigned questions = 0;

    for (unsigned i = 0; i < paths[path].count; i++)
        questions +=
            paths[path].rows[i].packet.target == 53 || paths[path].rows[i].packet.target == 853;
    return paths[path].counter == KS_COUNTER_BLOCKED_OUT ? questions : 0;
}

static void test_path(const void *data)
{
    unsigned path = GPOINTER_TO_UINT(data);
    Lock lock = lock_new();

    g_assert_cmpuint(send_rows(path, NEVER, "without a lock"), ==, 0);
    for (unsigned lan = 0; lan < 2; lan++) {
        uint64_t before;
        unsigned blocked;

        close_lock(&lock, lan, paths[path].known);
        before = counted(&lock, paths[path].counter);
        blocked = send_rows(path, lan ? ON_LAN : ALWAYS, lan ? "with LAN access" : "locked");
        before = counted(&lock, paths[path].counter) - before;
        g_assert_cmpuint(before, <=, blocked);
        g_assert_cmpuint(before + may_not_count(path), >=, blocked);
    }
    open_lock(&lock);
    g_assert_cmpuint(send_rows(path, NEVER, "unlocked again"), ==, 0);

    lock_free(&lock);
}

/* Whom a guest, or a hotspot's user, spoke to may answer, and be told of on the way; who else, may
 * not. */
static void test_replies(const void *data)
{
    static const Packet question = UDP(GUEST, 5000, IN_TUN, 53);
    static const Packet question6 = UDP(GUEST6, 5000, IN_TUN6, 53);
    static const Packet answers[] = {
        UDP(IN_TUN, 53, GUEST, 5000),
        UDP(IN_TUN6, 53, GUEST6, 5000),
        { "10.8.2.2", GUEST, IPPROTO_ICMP, 0, 3, 4, &question },
        UDP(IN_TUN, 54, GUEST, 5000),
        UDP(IN_TUN, 53, GUEST, 5001),
        UDP("10.8.2.2", 53, GUEST, 5000),
    };
    static const bool expected[] = { true, true, true, false, false, false };
    const Packet *questions[] = { &question, &question6 };
    const Packet *sent[G_N_ELEMENTS(answers)];
    bool arrived[G_N_ELEMENTS(answers)] = { false };
    Lock lock = lock_new();

    for (unsigned i = 0; i < G_N_ELEMENTS(answers); i++)
        sent[i] = &answers[i];
    close_lock(&lock, false, GPOINTER_TO_INT(data));
    traffic_send(TRAFFIC_THROUGH_TO_TUNNEL, questions, G_N_ELEMENTS(questions), arrived);
    g_assert_true(arrived[0] && arrived[1]);
    memset(arrived, 0, sizeof(arrived));
    traffic_send(TRAFFIC_TUNNEL_TO_GUEST, sent, G_N_ELEMENTS(answers), arrived);
    for (unsigned i = 0; i < G_N_ELEMENTS(answers); i++)
        g_assert_cmpint(arrived[i], ==, expected[i]);

    open_lock(&lock);
    lock_free(&lock);
}

/* UDP comes in by an exception from where something was sent to, and to where it was sent from. */
static void test_noted_flows(void)
{
    static const Packet question = UDP(HERE, 9, MARKED, 5000);
    static const Packet question6 = UDP(HERE6, 9, PUBLIC6, 5000);
    static const Packet answers[] = {
        UDP(MARKED, 5000, HERE, 9),  UDP(PUBLIC6, 5000, HERE6, 9), UDP(MARKED, 5001, HERE, 9),
        UDP(MARKED, 5000, HERE, 10), UDP(PUBLIC6, 8000, HERE6, 9), UDP(PUBLIC6, 5000, HERE6, 10),
        UDP(ALL_OF, 5000, HERE, 9),
    };
    const Packet *questions[] = { &question, &question6 };
    const Packet *sent[G_N_ELEMENTS(answers)];
    Lock lock = lock_new();

    for (unsigned i = 0; i < G_N_ELEMENTS(answers); i++)
        sent[i] = &answers[i];
    close_lock(&lock, false, EXCEPTED);
    for (unsigned asked = 0; asked < 2; asked++) {
        bool arrived[G_N_ELEMENTS(answers)] = { false };

        if (asked)
            traffic_send(TRAFFIC_OUT, questions, G_N_ELEMENTS(questions), arrived);
        g_assert_true(arrived[0] == asked && arrived[1] == asked);
        memset(arrived, 0, sizeof(arrived));
        traffic_send(TRAFFIC_IN, sent, G_N_ELEMENTS(answers), arrived);
        for (unsigned i = 0; i < G_N_ELEMENTS(answers); i++)
            g_assert_cmpint(arrived[i], ==, asked && i < G_N_ELEMENTS(questions));
    }
    open_lock(&lock);
    lock_free(&lock);
}

static void send_to_see(TrafficPath path, const Packet *packets, unsigned count, bool expected)
{
    g_autofree const Packet **sent = g_new0(const Packet *, count);
    g_autofree bool *arrived = g_new0(bool, count);

    for (unsigned i = 0; i < count; i++)
        sent[i] = &packets[i];
    traffic_send(path, sent, count, arrived);
    for (unsigned i = 0; i < count; i++) {
        if (arrived[i] == expected)
            continue;
        g_test_message("%s %u > %s %u flags %x", packets[i].from, packets[i].source, packets[i].to,
                       packets[i].target, packets[i].tcp_flags);
        g_test_fail();
    }
}

/* Who began with a service is answered, by both layers, and nobody else; no frame that a program
 * makes is. Without the exception all of it ends. */
static void test_clients(void)
{
    Lock lock = lock_new();

    close_lock(&lock, false, EXCEPTED_FRAMES);
    send_to_see(TRAFFIC_IN, ROWS(clients_go_on), false);
    send_to_see(TRAFFIC_OUT, ROWS(clients_answers), false);
    send_to_see(TRAFFIC_IN, ROWS(clients_begin), true);
    send_to_see(TRAFFIC_IN, ROWS(clients_go_on), true);
    send_to_see(TRAFFIC_OUT, ROWS(clients_answers), true);
    send_to_see(TRAFFIC_OUT, ROWS(clients_never), false);
    send_to_see(TRAFFIC_FRAME_OUT, ROWS(clients_answers), false);
    send_to_see(TRAFFIC_IN, ROWS(clients_of_port_53), false);
    send_to_see(TRAFFIC_OUT, ROWS(clients_ask_back), false);
    close_lock(&lock, false, CARD);
    send_to_see(TRAFFIC_IN, ROWS(clients_of_port_53), false);
    send_to_see(TRAFFIC_IN, ROWS(clients_begin), false);
    send_to_see(TRAFFIC_IN, ROWS(clients_go_on), false);
    send_to_see(TRAFFIC_OUT, ROWS(clients_answers), false);
    open_lock(&lock);
    send_to_see(TRAFFIC_OUT, ROWS(clients_never), true);
    lock_free(&lock);
}

static void send_rows_to_see_none(TrafficPath path, const Row *rows, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        send_to_see(path, &rows[i].packet, 1, false);
}

/* What is for another card's network opens nothing by this one: neither layer, neither way; and who
 * began while it was for this one is not answered. */
static void test_elsewhere(void)
{
    Lock lock = lock_new();

    close_lock(&lock, false, HERE_ALONE);
    send_to_see(TRAFFIC_IN, ROWS(clients_begin), true);
    send_to_see(TRAFFIC_OUT, ROWS(clients_answers), true);
    close_lock(&lock, false, ELSEWHERE);
    send_to_see(TRAFFIC_IN, ROWS(clients_begin), false);
    send_to_see(TRAFFIC_IN, ROWS(clients_go_on), false);
    send_to_see(TRAFFIC_OUT, ROWS(clients_answers), false);
    send_rows_to_see_none(TRAFFIC_OUT, ROWS(excepted_out));
    send_rows_to_see_none(TRAFFIC_IN, ROWS(excepted_in));
    send_rows_to_see_none(TRAFFIC_FRAME_OUT, ROWS(excepted_out));
    open_lock(&lock);
    lock_free(&lock);
}

/* They are told at once that they are locked in: an error quotes what they sent, number and all; of
 * a reset, it is known that nothing blocked it. */
static void test_refused(void)
{
    static const Packet refused[] = { UDP(GUEST, 5000, PUBLIC, 53), UDP(GUEST6, 5000, PUBLIC6, 53),
                                      ICMP(GUEST, PUBLIC, 8, 0) };
    static const Packet reset[] = { TCP(GUEST, 5000, PUBLIC, 443),
                                    TCP(GUEST6, 5000, PUBLIC6, 443) };
    const Packet *sent[G_N_ELEMENTS(refused)];
    bool arrived[G_N_ELEMENTS(refused)] = { false };
    Lock lock = lock_new();

    for (unsigned i = 0; i < G_N_ELEMENTS(refused); i++)
        sent[i] = &refused[i];
    close_lock(&lock, false, HOTSPOT);
    traffic_send(TRAFFIC_GUEST_TO_GUEST, sent, G_N_ELEMENTS(refused), arrived);
    for (unsigned i = 0; i < G_N_ELEMENTS(refused); i++)
        g_assert_cmpint(arrived[i] ? (int) i : -1, ==, i); /* says which */
    for (unsigned i = 0; i < G_N_ELEMENTS(reset); i++) {
        sent[0] = &reset[i];
        traffic_send(TRAFFIC_GUEST_TO_GUEST, sent, 1, arrived);
    }
    g_assert_cmpuint(counted(&lock, KS_COUNTER_BLOCKED_FORWARD), ==,
                     G_N_ELEMENTS(refused) + G_N_ELEMENTS(reset));
    g_assert_cmpuint(counted(&lock, KS_COUNTER_BLOCKED_OUT), ==, 0);
    g_assert_cmpuint(counted(&lock, COUNTED_AS_FRAMES), ==, 0);
    open_lock(&lock);
    lock_free(&lock);
}

int main(int argc, char **argv)
{
    int status;

    namespace_enter();
    g_test_init(&argc, &argv, NULL);
    traffic_set_up();
    for (unsigned i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autofree char *name = g_strdup_printf("/traffic/%s", paths[i].name);

        g_test_add_data_func(name, GUINT_TO_POINTER(i), test_path);
    }
    g_test_add_data_func("/traffic/replies-to-guest", GINT_TO_POINTER(GUESTS), test_replies);
    g_test_add_data_func("/traffic/replies-to-hotspot", GINT_TO_POINTER(HOTSPOT), test_replies);
    g_test_add_func("/traffic/refused-to-hotspot", test_refused);
    g_test_add_func("/traffic/noted-flows", test_noted_flows);
    g_test_add_func("/traffic/clients", test_clients);
    g_test_add_func("/traffic/elsewhere", test_elsewhere);
    status = g_test_run();
    traffic_tear_down();
    return status;
}
