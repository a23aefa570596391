/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which DNS questions leave a locked machine, and which answers come in: packet by packet, judged
 * at the far end of the wire. Each question is sent three times: without a lock (then it must
 * arrive, or the test proves nothing), with a lock that knows some names, and with one that knows
 * none. */
#include "name-rows.h"
#include "namespace.h"
#include "traffic.h"

#include "kernel/netfilter.h"
#include "model/dns-name.h"
#include "rules/lock-table.h"
#include "rules/plan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HERE      "192.0.2.10"
#define HERE6     "2001:db8:1::10"
#define RESOLVER  "203.0.113.53"
#define RESOLVER6 "2001:db8:9::53"

#define BATCH 64u /* packets under way: what a socket's buffer surely holds */

enum { PORT_DNS = 53, PORT_HERE = 5000 };
/* ---- messages ---- */

typedef struct {
    uint8_t bytes[PACKET_BYTES_MAX];
    size_t size;
} Message;

static void put(Message *message, const void *bytes, size_t size)
{
    g_assert_cmpuint(message->size + size, <=, sizeof(message->bytes));
    if (size > 0)
        memcpy(message->bytes + message->size, bytes, size);
    message->size += size;
}

static void put16(Message *message, unsigned value)
{
    uint8_t bytes[2] = { (uint8_t) (value >> 8), (uint8_t) value };

    put(message, bytes, sizeof(bytes));
}

/* Also names that are not valid: this is not the product's own function. */
static void put_name(Message *message, const char *name)
{
    g_auto(GStrv) labels = g_strsplit(name, ".", -1);

    for (unsigned i = 0; labels[i]; i++) {
        uint8_t length = (uint8_t) strlen(labels[i]);

        put(message, &length, 1);
        put(message, labels[i], length);
    }
    put(message, "", 1);
}

static void write_question(const Row *row, Message *ret_message)
{
    static const uint16_t usual[4] = { 1, 0, 0, 0 };
    bool is_usual = row->counts[0] + row->counts[1] + row->counts[2] + row->counts[3] == 0;
    Message message = { .size = 2 }; /* the number */

    put16(&message, row->flags | (row->iterative ? 0u : RECURSE));
    for (unsigned i = 0; i < 4; i++)
        put16(&message, is_usual ? usual[i] : row->counts[i]);
    put_name(&message, row->name ? row->name : NAME);
    put16(&message, row->type ? row->type : TYPE_A);
    put16(&message, row->class ? row->class : CLASS_IN);
    put(&message, row->behind, row->behind_size);
    message.size -= row->cut;
    *ret_message = message;
}

/* ---- sending ---- */

/* One packet, and whether it may arrive while locked. */
typedef struct {
    Packet packet;
    Message message;
    bool passes;
    char *what;
} Case;

static void free_case(void *data)
{
    Case *one = data;

    g_free(one->what);
    g_free(one);
}

static Case *add_case(GPtrArray *cases, const Message *message, bool ipv6, bool passes, char *what)
{
    Case *one = g_new0(Case, 1);

    one->message = *message;
    one->packet = (Packet){ ipv6 ? HERE6 : HERE, ipv6 ? RESOLVER6 : RESOLVER,
                            IPPROTO_UDP,         0,
                            PORT_HERE,           PORT_DNS };
    one->packet.bytes = one->message.bytes;
    one->packet.size = one->message.size;
    one->passes = passes;
    one->what = what;
    g_ptr_array_add(cases, one);
    return one;
}

static GPtrArray *cases_new(void)
{
    return g_ptr_array_new_with_free_func(free_case);
}

typedef enum {
    NOTHING_PASSES,
    SOME_PASS,
    ALL_PASS,
} Expected;

static void send_cases(TrafficPath path, const GPtrArray *cases, Expected expected,
                       const char *when)
{
    for (unsigned first = 0; first < cases->len; first += BATCH) {
        unsigned count = MIN(BATCH, cases->len - first);
        const Packet *packets[BATCH];
        bool arrived[BATCH] = { false };

        for (unsigned i = 0; i < count; i++)
            packets[i] = &((const Case *) g_ptr_array_index(cases, first + i))->packet;
        traffic_send(path, packets, count, arrived);
        for (unsigned i = 0; i < count; i++) {
            const Case *one = g_ptr_array_index(cases, first + i);
            bool passes = expected == ALL_PASS || (expected == SOME_PASS && one->passes);

            if (arrived[i] == passes)
                continue;
            g_test_message("%s, %s: %s %s", when, packet_is_ipv6(&one->packet) ? "IPv6" : "IPv4",
                           one->what, arrived[i] ? "gets through" : "is blocked");
            g_test_fail();
        }
    }
}

/* ---- locking ---- */

typedef struct {
    KsNetfilter *netfilter;
    KsReadback *held;
    KsBatch batch;
    KsLock *lock;
} Lock;

static void commit(Lock *lock)
{
    g_assert_cmpint(ks_netfilter_commit(lock->netfilter, &lock->batch), ==, 0);
    g_assert_cmpint(ks_netfilter_read(lock->netfilter, lock->held), ==, 0);
}

/* Also lets out what traffic_send() sends behind the others. */
static void close_lock(Lock *lock, const char *const *names, unsigned count)
{
    KsAddress server;

    g_assert_true(ks_address_parse("198.51.100.1", &server));
    ks_lock_clear(lock->lock);
    ks_lock_add_server(lock->lock, &server, IPPROTO_UDP, 1194, KS_OPEN_TO_ALL);
    for (unsigned i = 0; i < count; i++)
        g_assert_true(ks_lock_add_name(lock->lock, names[i]));
    ks_lock_seal(lock->lock);
    g_assert_cmpint(ks_plan_lock(&lock->batch, lock->held, lock->lock, 0), ==, 0);
    commit(lock);
    g_assert_true(ks_readback_is_intact(lock->held));
    g_assert_true(ks_lock_equal(lock->held->lock, lock->lock));
}

static void set_up(Lock *lock)
{
    *lock = (Lock){ .held = ks_readback_new(&ks_lock_table), .lock = ks_lock_new() };
    g_assert_cmpint(ks_netfilter_open(&lock->netfilter), ==, 0);
    g_assert_cmpint(ks_netfilter_read(lock->netfilter, lock->held), ==, 0);
}

static void tear_down(Lock *lock)
{
    g_assert_cmpint(ks_plan_unlock(&lock->batch, lock->held), ==, 0);
    commit(lock);
    ks_netfilter_close(lock->netfilter);
    ks_readback_free(lock->held);
    ks_lock_free(lock->lock);
    ks_batch_clear(&lock->batch);
}

static void judge(const GPtrArray *cases, const char *const *names, unsigned count)
{
    Lock lock;

    set_up(&lock);
    send_cases(TRAFFIC_OUT, cases, ALL_PASS, "without a lock");
    close_lock(&lock, names, count);
    send_cases(TRAFFIC_OUT, cases, SOME_PASS, "locked");
    close_lock(&lock, NULL, 0);
    send_cases(TRAFFIC_OUT, cases, NOTHING_PASSES, "locked, no names");
    tear_down(&lock);
}

/* ---- tests ---- */

static void test_questions(void)
{
    g_autoptr(GPtrArray) cases = cases_new();

    for (unsigned i = 0; i < 2 * G_N_ELEMENTS(rows); i++) {
        const Row *row = &rows[i / 2];
        bool ipv6 = i % 2;
        Message message;
        Case *one;

        if (row->family && row->family != (ipv6 ? 6 : 4))
            continue;
        write_question(row, &message);
        one = add_case(cases, &message, ipv6, row->leaves, g_strdup(row->what));
        one->packet.target = row->port ? row->port : PORT_DNS;
        one->packet.source = row->from                        ? row->from
                             : one->packet.target == PORT_DNS ? PORT_HERE
                                                              : PORT_DNS;
        one->packet.first = row->first;
        one->packet.options = row->options;
        if (row->claims)
            one->packet.claims = (uint16_t) ((int) message.size + 8 + row->claims);
        if (row->protocol) {
            one->packet.protocol = row->protocol;
            one->packet.bytes = NULL; /* a SYN */
        }
    }
    judge(cases, known, G_N_ELEMENTS(known));
}

/* Every name that differs from a known one in one bit. Bit 0x20 is left out, because it tells
 * capitals; in a length, a digit or a hyphen it makes a name that nobody can register. */
static void test_bits(void)
{
    g_autoptr(GPtrArray) cases = cases_new();

    for (unsigned n = 0; n < G_N_ELEMENTS(known); n++) {
        size_t length = strlen(known[n]) + 2;
        Message message;

        write_question(&(Row){ .name = known[n] }, &message);
        for (unsigned bit = 0; bit < length * 8; bit++) {
            unsigned byte = bit / 8;
            uint8_t mask = (uint8_t) (1u << bit % 8);
            Message changed = message;

            changed.bytes[12 + byte] ^= mask;
            add_case(cases, &changed, n % 2, mask == 0x20 && byte < length - 1,
                     g_strdup_printf("%s with byte %u ^ 0x%02x", known[n], byte, mask));
        }
    }
    judge(cases, known, G_N_ELEMENTS(known));
}

/* Where in a name of this length no dot stands, so that each label is short enough. */
static char letter(unsigned length, unsigned place)
{
    if (place % 40 == 39 && place + 1 < length)
        return '.';
    return "abcdefghijklmnopqrstuvwxyz"[(place * 7 + length) % 26];
}

/* Every EDNS record that differs in one bit from one which leaves. Free are its sender's buffer,
 * and without options the wish for DNSSEC. */
static void test_edns_bits(void)
{
    static const Row with_edns[] = {
        { "EDNS", true, .counts = { 1, 0, 0, 1 }, BYTES(OPT_PLAIN) },
        { "EDNS with resolved's options", true, .counts = { 1, 0, 0, 1 }, BYTES(OPT_RESOLVED) },
    };
    g_autoptr(GPtrArray) cases = cases_new();

    for (unsigned n = 0; n < G_N_ELEMENTS(with_edns); n++) {
        const Row *row = &with_edns[n];
        Message message;

        write_question(row, &message);
        for (unsigned bit = 0; bit < row->behind_size * 8; bit++) {
            unsigned byte = bit / 8;
            uint8_t mask = (uint8_t) (1u << bit % 8);
            bool is_free = byte == 3 || byte == 4 || (n == 0 && byte == 7 && mask == 0x80);
            Message changed = message;

            changed.bytes[message.size - row->behind_size + byte] ^= mask;
            add_case(cases, &changed, bit % 2, is_free,
                     g_strdup_printf("%s with byte %u ^ 0x%02x", row->what, byte, mask));
        }
    }
    judge(cases, known, G_N_ELEMENTS(known));
}

/* A name of each length that can be compared, with what may stand behind it, beside names that
 * differ in one letter. */
static void test_lengths(void)
{
    static const Row behind[] = {
        { .what = "nothing" },
        { .counts = { 1, 0, 0, 1 }, BYTES(OPT_PLAIN) },
        { .counts = { 1, 0, 0, 1 }, BYTES(OPT_RESOLVED) },
    };
    g_autoptr(GPtrArray) cases = cases_new();
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    for (unsigned length = 1; length <= KS_DNS_COMPARED_MAX - 2; length++) {
        unsigned changed[] = { 0, length / 2, length - 1 };
        char *name = g_strnfill(length, 'x');

        for (unsigned i = 0; i < length; i++)
            name[i] = letter(length, i);
        g_ptr_array_add(names, name);
        for (unsigned n = 0; n < G_N_ELEMENTS(behind); n++) {
            Row row = behind[n];
            Message message;

            row.name = name;
            write_question(&row, &message);
            add_case(cases, &message, length % 2, true, g_strdup(name));
            for (unsigned i = 0; i < G_N_ELEMENTS(changed); i++) {
                Message other = message;

                other.bytes[12 + 1 + changed[i]] ^= 1;
                add_case(cases, &other, length % 2, false,
                         g_strdup_printf("%s with letter %u changed", name, changed[i]));
            }
        }
    }
    judge(cases, (const char *const *) names->pdata, names->len);
}

/* ---- answers ---- */

enum { TCP_SYN = 0x02, TCP_ACK = 0x10 };

typedef struct {
    const char *what;
    bool passes; /* after the question */
    uint16_t flags;
    uint16_t questions;
    uint16_t to;
    uint16_t from;
    bool other; /* machine */
    uint8_t tcp_flags;
} Answer;

static const Answer answers[] = {
    { "an answer", true, RESPONSE | RECURSE | RECURSIVE, 1, PORT_HERE, PORT_DNS },
    { "that there is no such name", true, RESPONSE | RECURSE | RECURSIVE | NO_NAME, 1, PORT_HERE,
      PORT_DNS },
    { "a cut answer", true, RESPONSE | TRUNCATED, 1, PORT_HERE, PORT_DNS },
    { "a question", false, RECURSE, 1, PORT_HERE, PORT_DNS },
    { "an answer to no question", false, RESPONSE, 0, PORT_HERE, PORT_DNS },
    { "an answer to two questions", false, RESPONSE, 2, PORT_HERE, PORT_DNS },
    { "a notification's answer", false, RESPONSE | OPCODE_NOTIFY, 1, PORT_HERE, PORT_DNS },
    { "to another port", false, RESPONSE | RECURSE | RECURSIVE, 1, PORT_HERE + 1, PORT_DNS },
    { "from another port", false, RESPONSE | RECURSE | RECURSIVE, 1, PORT_HERE, PORT_DNS + 1 },
    { "from another machine", false, RESPONSE | RECURSE | RECURSIVE, 1, PORT_HERE, PORT_DNS, true },
    { "to port 53", false, RESPONSE | RECURSE | RECURSIVE, 1, PORT_DNS, PORT_DNS },
    { "by TCP", true, 0, 0, PORT_HERE, PORT_DNS, .tcp_flags = TCP_ACK },
    { "that it listens by TCP", true, 0, 0, PORT_HERE, PORT_DNS, .tcp_flags = TCP_SYN | TCP_ACK },
    { "a connection", false, 0, 0, PORT_HERE, PORT_DNS, .tcp_flags = TCP_SYN },
    { "by TCP to another port", false, 0, 0, PORT_HERE + 1, PORT_DNS, .tcp_flags = TCP_ACK },
    { "by TCP from another port", false, 0, 0, PORT_HERE, PORT_DNS + 1, .tcp_flags = TCP_ACK },
    { "by TCP from another machine", false, 0, 0, PORT_HERE, PORT_DNS, true, TCP_ACK },
    { "to port 68", false, RESPONSE | RECURSE | RECURSIVE, 1, 68, PORT_DNS },
};

static GPtrArray *answer_cases(bool ipv6)
{
    GPtrArray *cases = cases_new();

    for (unsigned i = 0; i < G_N_ELEMENTS(answers); i++) {
        const Answer *answer = &answers[i];
        Message message;
        Case *one;

        write_question(&(Row){ .flags = answer->flags,
                               .iterative = true,
                               .counts = { answer->questions, 1, 0, 0 },
                               BYTES("\xc0\x0c\0\1\0\1\0\0\0\1\0\4\xc6\x33\x64\1") },
                       &message);
        one = add_case(cases, &message, ipv6, answer->passes, g_strdup(answer->what));
        one->packet.to = ipv6 ? HERE6 : HERE;
        one->packet.from = answer->other ? (ipv6 ? "2001:db8:9::54" : "203.0.113.54")
                                         : (ipv6 ? RESOLVER6 : RESOLVER);
        one->packet.source = answer->from;
        one->packet.target = answer->to;
        if (answer->tcp_flags) {
            one->packet.protocol = IPPROTO_TCP;
            one->packet.tcp_flags = answer->tcp_flags;
            one->packet.bytes = NULL;
        }
    }
    return cases;
}

/* Only who was asked answers, to the port that asked; a question that did not leave changes
 * nothing. */
static void test_answers(const void *data)
{
    bool ipv6 = GPOINTER_TO_INT(data);
    g_autoptr(GPtrArray) cases = answer_cases(ipv6);
    g_autoptr(GPtrArray) question = cases_new();
    Message message;
    Lock lock;

    set_up(&lock);
    send_cases(TRAFFIC_IN, cases, ALL_PASS, "without a lock");
    close_lock(&lock, known, G_N_ELEMENTS(known));
    send_cases(TRAFFIC_IN, cases, NOTHING_PASSES, "before the question");

    write_question(&(Row){ .name = "evil.test" }, &message);
    add_case(question, &message, ipv6, false, g_strdup("another question"));
    send_cases(TRAFFIC_OUT, question, SOME_PASS, "locked");
    send_cases(TRAFFIC_IN, cases, NOTHING_PASSES, "after another question");

    g_ptr_array_set_size(question, 0);
    write_question(&(Row){ .what = NULL }, &message);
    add_case(question, &message, ipv6, true, g_strdup("the question"));
    send_cases(TRAFFIC_OUT, question, SOME_PASS, "locked");
    send_cases(TRAFFIC_IN, cases, SOME_PASS, "after the question");

    /* the kernel's own notes are nothing wrong */
    g_assert_cmpint(ks_netfilter_read(lock.netfilter, lock.held), ==, 0);
    g_assert_true(ks_readback_is_intact(lock.held));
    tear_down(&lock);
}

/* ---- while rules come and go ---- */

#define CHANGES 200

/* Asks for two names all the time, of which one may be asked for. */
typedef struct {
    int fd;
    Message known;
    Message other;
    int stop;
    unsigned asked;
    unsigned refused; /* questions for the one */
    unsigned leaked;  /* for the other */
} Asker;

static bool leaves(int fd, const Message *message)
{
    struct sockaddr_in resolver = { .sin_family = AF_INET, .sin_port = htons(PORT_DNS) };

    g_assert_cmpint(inet_pton(AF_INET, RESOLVER, &resolver.sin_addr), ==, 1);
    if (sendto(fd, message->bytes, message->size, 0, (struct sockaddr *) &resolver,
               sizeof(resolver)) >= 0)
        return true;
    g_assert_cmpint(errno, ==, EPERM);
    return false;
}

static gpointer ask(gpointer data)
{
    Asker *asker = data;

    while (!g_atomic_int_get(&asker->stop)) {
        asker->asked++;
        asker->refused += !leaves(asker->fd, &asker->known);
        asker->leaked += leaves(asker->fd, &asker->other);
    }
    return NULL;
}

static void set_up_asker(Asker *asker)
{
    char device[IF_NAMESIZE];

    *asker = (Asker){ .fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) };
    g_assert_cmpint(asker->fd, >=, 0);
    g_assert_nonnull(if_indextoname(traffic_interface(TRAFFIC_WIRE), device));
    g_assert_cmpint(setsockopt(asker->fd, SOL_SOCKET, SO_BINDTODEVICE, device, sizeof(device)), ==,
                    0);
    write_question(&(Row){ .name = NAME }, &asker->known);
    write_question(&(Row){ .name = "vpn5.example" }, &asker->other);
}

/* A name that stays may be asked for at each moment, and another one at none, while rules for names
 * of its length and of others come and go. */
static void test_changes(void)
{
    static const char *const names[] = { NAME, "vpn4.example", TWO_KEYS, LONGEST };
    GThread *thread;
    Asker asker;
    Lock lock;

    set_up(&lock);
    set_up_asker(&asker);
    g_assert_true(leaves(asker.fd, &asker.other));
    close_lock(&lock, NULL, 0);
    g_assert_false(leaves(asker.fd, &asker.known));
    close_lock(&lock, names, 1);
    thread = g_thread_new("asker", ask, &asker);
    for (unsigned i = 0; i < CHANGES; i++)
        close_lock(&lock, names, 1 + i % G_N_ELEMENTS(names));
    g_atomic_int_set(&asker.stop, 1);
    g_thread_join(thread);
    g_test_message("%u questions, %u refused, %u of others left", asker.asked, asker.refused,
                   asker.leaked);
    g_assert_cmpuint(asker.asked, >, CHANGES);
    g_assert_cmpuint(asker.refused, ==, 0);
    g_assert_cmpuint(asker.leaked, ==, 0);
    close(asker.fd);
    tear_down(&lock);
}

int main(int argc, char **argv)
{
    int status;

    namespace_enter();
    g_test_init(&argc, &argv, NULL);
    traffic_set_up();
    g_test_add_func("/names/questions", test_questions);
    g_test_add_func("/names/bits", test_bits);
    g_test_add_func("/names/edns-bits", test_edns_bits);
    g_test_add_func("/names/lengths", test_lengths);
    g_test_add_data_func("/names/answers/ipv4", GINT_TO_POINTER(false), test_answers);
    g_test_add_data_func("/names/answers/ipv6", GINT_TO_POINTER(true), test_answers);
    g_test_add_func("/names/while/rules-change", test_changes);
    status = g_test_run();
    traffic_tear_down();
    return status;
}
