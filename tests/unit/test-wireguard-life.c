/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a WireGuard server still answers, judged by looks at the counters that a small model of
 * the protocol makes: its timers as drivers/net/wireguard/timers.c has them, a second at a time. */
#include "model/wireguard-life.h"

#include <glib.h>

#define SECOND INT64_C(1000000)
#define START  (1000 * SECOND)
#define HOUR   3600

/* drivers/net/wireguard/messages.h */
#define REKEY_AFTER    120
#define REJECT_AFTER   180
#define NEW_HANDSHAKE  15 /* after data that nothing came back for */
#define RETRY_EVERY    5
#define RETRIES_MAX    18
#define KEEPALIVE      10 /* of the one who has nothing else to answer */
#define INITIATION     148
#define RESPONSE       92
#define KEEPALIVE_SIZE 32
#define DATA           1408

typedef struct {
    /* what the case says */
    bool answers;      /* the server is there */
    bool starts;       /* the server is the one that makes new sessions */
    unsigned lost;     /* packets of 100, each way */
    unsigned interval; /* of our keepalives; 0: none */

    GRand *random;
    int now;
    int session; /* when it began; negative: there is none */
    int since;   /* of data that nothing came back for; negative: none */
    int tried;   /* the last initiation; negative: none is under way */
    int tries;   /* of these */
    int owed;    /* when the server's keepalive is due; negative: none */
    int kept;    /* our last keepalive */
    KsWireguardTraffic traffic;
    KsWireguardLife life;
} Tunnel;

static Tunnel begin(unsigned interval)
{
    Tunnel tunnel = {
        .answers = true,
        .interval = interval,
        .random = g_rand_new_with_seed(7),
        .session = -1,
        .since = -1,
        .tried = -1,
        .owed = -1,
        .traffic = { .peers = 1 },
    };

    tunnel.traffic.keepers = interval > 0;
    tunnel.traffic.keepalives = interval > 0 ? KEEPALIVE_SIZE * 1000 / interval : 0;
    return tunnel;
}

static bool arrives(Tunnel *tunnel)
{
    return tunnel->answers && (unsigned) g_rand_int_range(tunnel->random, 0, 100) >= tunnel->lost;
}

static void receive(Tunnel *tunnel, unsigned bytes)
{
    tunnel->traffic.received += bytes;
    tunnel->since = -1;
}

static void begin_session(Tunnel *tunnel)
{
    tunnel->session = tunnel->now;
    tunnel->tried = -1;
}

static void initiate(Tunnel *tunnel)
{
    tunnel->traffic.sent += INITIATION;
    tunnel->tried = tunnel->now;
    if (!arrives(tunnel) || !arrives(tunnel))
        return;
    receive(tunnel, RESPONSE);
    begin_session(tunnel);
}

static bool has_session(const Tunnel *tunnel)
{
    return tunnel->session >= 0 && tunnel->now - tunnel->session < REJECT_AFTER;
}

static void send(Tunnel *tunnel, unsigned bytes)
{
    if (!has_session(tunnel) && tunnel->tried < 0) {
        tunnel->tries = 0;
        initiate(tunnel);
    }
    if (!has_session(tunnel))
        return;
    tunnel->traffic.sent += bytes;
    if (!tunnel->starts && tunnel->now - tunnel->session >= REKEY_AFTER && tunnel->tried < 0) {
        tunnel->tries = 0;
        initiate(tunnel);
    }
    if (bytes == KEEPALIVE_SIZE)
        return;
    if (tunnel->since < 0)
        tunnel->since = tunnel->now;
    if (arrives(tunnel) && tunnel->owed < 0)
        tunnel->owed = tunnel->now + KEEPALIVE;
}

static void tick(Tunnel *tunnel, bool sends)
{
    tunnel->now++;
    if (tunnel->owed >= 0 && tunnel->now >= tunnel->owed) {
        tunnel->owed = -1;
        if (arrives(tunnel))
            receive(tunnel, KEEPALIVE_SIZE);
    }
    if (tunnel->tried >= 0 && tunnel->now - tunnel->tried >= RETRY_EVERY) {
        if (++tunnel->tries > RETRIES_MAX)
            tunnel->tried = -1;
        else
            initiate(tunnel);
    }
    if (tunnel->since >= 0 && tunnel->now - tunnel->since >= NEW_HANDSHAKE && tunnel->tried < 0) {
        tunnel->since = -1;
        tunnel->tries = 0;
        initiate(tunnel);
    }
    if (tunnel->interval > 0 && tunnel->now - tunnel->kept >= (int) tunnel->interval) {
        tunnel->kept = tunnel->now;
        send(tunnel, KEEPALIVE_SIZE);
    }
    if (sends)
        send(tunnel, DATA);
}

static bool look(Tunnel *tunnel)
{
    return ks_wireguard_life_observe(&tunnel->life, START + tunnel->now * SECOND,
                                     &tunnel->traffic) != 0;
}

/* For so many seconds, with data every `every` seconds (0: none), looking as often as the guard
 * does. Returns after how many of them the server was called silent; 0: never. */
static int run(Tunnel *tunnel, int seconds, int every)
{
    int began = tunnel->now;

    while (tunnel->now - began < seconds) {
        tick(tunnel, every > 0 && tunnel->now % every == 0);
        if (tunnel->now % (int) KS_WIREGUARD_LOOK == 0 && look(tunnel))
            return tunnel->now - began;
    }
    return 0;
}

static void end(Tunnel *tunnel)
{
    g_rand_free(tunnel->random);
}

static void test_idle(void)
{
    static const unsigned intervals[] = { 0, 1, 25, 120, 200 };

    for (unsigned i = 0; i < G_N_ELEMENTS(intervals); i++) {
        Tunnel tunnel = begin(intervals[i]);

        g_assert_cmpint(run(&tunnel, HOUR, 0), ==, 0); /* a session only by keepalives */
        send(&tunnel, DATA);
        g_assert_cmpint(run(&tunnel, 12 * HOUR, 0), ==, 0);
        tunnel.starts = true; /* then a session lasts until it is over */
        g_assert_cmpint(run(&tunnel, 12 * HOUR, 0), ==, 0);
        end(&tunnel);
    }
}

/* ... and the server has gone: nobody can know. */
static void test_idle_without_a_server(void)
{
    Tunnel tunnel = begin(0);

    send(&tunnel, DATA);
    g_assert_cmpint(run(&tunnel, 60, 0), ==, 0);
    tunnel.answers = false;
    g_assert_cmpint(run(&tunnel, 12 * HOUR, 0), ==, 0);
    end(&tunnel);
}

static void test_in_use(void)
{
    static const int every[] = { 1, 7, 29, 31, 100, 179, 181, 400 };
    static const unsigned lost[] = { 0, 1, 10, 20 };

    for (unsigned i = 0; i < G_N_ELEMENTS(every); i++)
        for (unsigned j = 0; j < G_N_ELEMENTS(lost); j++) {
            Tunnel tunnel = begin(j % 2 ? 25 : 0);

            tunnel.lost = lost[j];
            tunnel.starts = i % 3 == 0;
            g_assert_cmpint(run(&tunnel, 12 * HOUR, every[i]), ==, 0);
            end(&tunnel);
        }
}

static void test_gone(void)
{
    static const int every[] = { 1, 5, 25, 60, 90 };
    static const unsigned intervals[] = { 0, 1, 25 };

    for (unsigned i = 0; i < G_N_ELEMENTS(every); i++)
        for (unsigned j = 0; j < G_N_ELEMENTS(intervals); j++) {
            Tunnel tunnel = begin(intervals[j]);
            int after;

            g_assert_cmpint(run(&tunnel, 400 + 17 * (int) i, every[i]), ==, 0);
            tunnel.answers = false;
            tunnel.owed = -1;
            after = run(&tunnel, HOUR, every[i]);
            g_test_message("gone: data every %d s, keepalive %u: silent after %d s", every[i],
                           intervals[j], after);
            g_assert_cmpint(after, >=, (int) KS_WIREGUARD_SILENCE);
            g_assert_cmpint(after, <=, every[i] + 4 * (int) KS_WIREGUARD_LOOK);
            g_assert_true(look(&tunnel)); /* and stays so, whether somebody sends or not */
            tick(&tunnel, false);
            g_assert_true(look(&tunnel));
            tunnel.answers = true;
            while (tunnel.traffic.received == tunnel.life.last.received)
                tick(&tunnel, true);
            g_assert_false(look(&tunnel));
            g_assert_cmpint(run(&tunnel, HOUR, every[i]), ==, 0);
            end(&tunnel);
        }
}

/* By keepalives alone: a session lasts for three minutes. */
static void test_gone_with_keepalives_alone(void)
{
    Tunnel tunnel = begin(25);
    int after;

    g_assert_cmpint(run(&tunnel, 300, 0), ==, 0);
    tunnel.answers = false;
    after = run(&tunnel, HOUR, 0);
    g_assert_cmpint(after, >=, (int) KS_WIREGUARD_SILENCE);
    g_assert_cmpint(after, <=, REJECT_AFTER + (int) (KS_WIREGUARD_SILENCE + 2 * KS_WIREGUARD_LOOK));
    end(&tunnel);
}

static void test_never_there(void)
{
    Tunnel tunnel = begin(0);
    int after;

    tunnel.answers = false;
    g_assert_false(look(&tunnel));
    g_assert_cmpint(run(&tunnel, HOUR, 0), ==, 0); /* nobody has tried */
    after = run(&tunnel, HOUR, 1);
    g_assert_cmpint(after, >=, 15);
    g_assert_cmpint(after, <=, (int) KS_WIREGUARD_LOOK);
    end(&tunnel);

    tunnel = begin(0); /* a guard that has just started sees the same */
    tunnel.answers = false;
    for (unsigned i = 0; i < 10; i++)
        tick(&tunnel, true);
    g_assert_false(look(&tunnel)); /* a network that has just come loses some */
    for (unsigned i = 0; i < 30; i++)
        tick(&tunnel, true);
    g_assert_true(look(&tunnel));
    end(&tunnel);
}

/* Several looks in one moment, as a burst of events brings them. */
static void test_bursts(void)
{
    Tunnel tunnel = begin(25);

    tunnel.lost = 10;
    for (unsigned i = 0; i < 2 * HOUR; i++) {
        tick(&tunnel, i % 40 == 0);
        for (unsigned j = 0; j < 3; j++)
            g_assert_false(look(&tunnel));
    }
    end(&tunnel);
}

/* A peer that was made again begins at zero; so does a link of which nothing can be read. */
static void test_another(void)
{
    Tunnel tunnel = begin(0);
    static const KsWireguardTraffic nothing = { 0 };

    (void) run(&tunnel, 100, 1);
    tunnel.answers = false;
    g_assert_cmpint(run(&tunnel, HOUR, 1), >, 0);
    g_assert_cmpint(ks_wireguard_life_observe(&tunnel.life, START + HOUR * SECOND, &nothing), ==,
                    0);
    tunnel.life.silent = START;
    tunnel.traffic.received = 0;
    tunnel.traffic.sent = 148;
    tunnel.life.last = tunnel.traffic;
    tunnel.life.last.sent = 5000;
    g_assert_false(look(&tunnel));
    end(&tunnel);
}

/* What was received last is answered by keepalives, also where none are set up: nobody answers
 * these. Whenever the look comes. */
static void test_answers_of_ours(void)
{
    for (int last = 0; last < (int) KS_WIREGUARD_LOOK; last++) {
        KsWireguardTraffic traffic = { .peers = 1, .sent = 5000, .received = 9000 };
        KsWireguardLife life = { 0 };
        bool asked = false;

        for (int at = 0; at < 10 * (int) KS_WIREGUARD_LOOK; at++) {
            int64_t now = START + at * SECOND;

            if (at == last || at == last + 5)
                traffic.received += 100;
            if (at == last + 10 || at == last + 20)
                traffic.sent += KEEPALIVE_SIZE;
            if (at % (int) KS_WIREGUARD_LOOK == 0)
                g_assert_cmpint(ks_wireguard_life_observe(&life, now, &traffic), ==, 0);
        }
        /* the control: data that nobody answers, and what it makes WireGuard try */
        for (int at = 0; at < 10 * (int) KS_WIREGUARD_LOOK; at++) {
            if (at == 1)
                traffic.sent += DATA;
            if (at >= 16 && at < 106 && at % 5 == 1)
                traffic.sent += INITIATION;
            if (at % (int) KS_WIREGUARD_LOOK == 0)
                asked |=
                    ks_wireguard_life_observe(&life, START + (300 + at) * SECOND, &traffic) != 0;
        }
        g_assert_true(asked);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wireguard-life/idle", test_idle);
    g_test_add_func("/wireguard-life/answers-of-ours", test_answers_of_ours);
    g_test_add_func("/wireguard-life/idle-without-a-server", test_idle_without_a_server);
    g_test_add_func("/wireguard-life/in-use", test_in_use);
    g_test_add_func("/wireguard-life/gone", test_gone);
    g_test_add_func("/wireguard-life/gone-with-keepalives-alone", test_gone_with_keepalives_alone);
    g_test_add_func("/wireguard-life/never-there", test_never_there);
    g_test_add_func("/wireguard-life/bursts", test_bursts);
    g_test_add_func("/wireguard-life/another", test_another);
    return g_test_run();
}
