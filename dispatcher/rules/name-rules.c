/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/dns-name.h"
#include "rules/lock-table.h"
#include "rules/steps.h"

#include <stdarg.h>
#include <string.h>

/* Questions for the names of VPN servers, and no others (ADR 13).
 *
 * The kernel loads a number of bytes that the rule says, so that there are three rules for each
 * length that a name has on the wire: for a question alone, and for one with an EDNS record behind
 * it, without options and with those of systemd-resolved. They are there while a name is (ADR 29).
 * The packet's length says which of them are to be asked; one or two get as far as a lookup. */

#define PORT_DNS 53

/* Offsets behind the UDP header (RFC 1035, 4.1). */
#define DNS_COUNTS 12u /* of questions, answers, authorities, additional records */
#define DNS_NAME   20u
#define TYPE_CLASS 4u
#define EDNS_REST  5u /* where the version of an EDNS record stands */

#define PIECE 16u

/* clang-format off */
static const KsRule rules[] = {
    /* The packet is its headers and what UDP counts, nothing more. */
    { KS_CHAIN_LEAVING,
      "udp dport 53 meta nfproto . meta length . udp length @question_lengths jump names_out",
      DO(IS_PROTOCOL(IPPROTO_UDP), TRANSPORT(DESTINATION_PORT, 2, R1), COMPARE(EQ, 2, 0, PORT_DNS),
         META(NFPROTO, R1), META(LEN, R1_1), TRANSPORT(UDP_LENGTH, 2, R1_2),
         LOOKUP(KS_SET_QUESTION_LENGTHS), JUMP(KS_CHAIN_NAMES_OUT)),
      "a question as long as one for a VPN server's name" },
    /* A question like those that resolvers ask: none of an answer's bits, one question, no answers.
     * The bits that may be either way are set before the comparison. */
    { KS_CHAIN_NAMES_OUT, "@th,80,16 | 0x130 != 0x130 return",
      DO(TRANSPORT(DNS_FLAGS, 2, R1), SET_BITS(2, 0x01, 0x30), COMPARE(NEQ, 2, 0x01, 0x30),
         RETURN), "not a plain question" },
    { KS_CHAIN_NAMES_OUT, "@th,96,64 0x1000000000001 jump names_edns_out",
      DO(TRANSPORT(DNS_COUNTS, 8, R1), COMPARE(EQ, 8, 0, 1, 0, 0, 0, 0, 0, 1),
         JUMP(KS_CHAIN_NAMES_EDNS_OUT)), "with an EDNS record behind it" },
    { KS_CHAIN_NAMES_OUT, "@th,96,64 != 0x1000000000000 return",
      DO(TRANSPORT(DNS_COUNTS, 8, R1), COMPARE(NEQ, 8, 0, 1), RETURN), "not one question alone" },
};
/* clang-format on */

const KsRuleSegment ks_name_rules = { rules, G_N_ELEMENTS(rules) };

typedef struct {
    KsStep steps[KS_RULE_STEPS_MAX];
    unsigned count;
    GString *text;
} Writer;

static void put(Writer *writer, KsStep step)
{
    g_assert(writer->count + 1 < KS_RULE_STEPS_MAX); /* an end comes last */
    writer->steps[writer->count++] = step;
}

__attribute__((format(printf, 2, 3))) static void say(Writer *writer, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_string_append_vprintf(writer->text, format, arguments);
    va_end(arguments);
}

/* The register that holds this byte of a key, as the kernel reports it. */
static uint32_t place(unsigned byte)
{
    return byte % PIECE == 0 ? NFT_REG_1 + byte / PIECE : NFT_REG32_00 + byte / 4;
}

/* Compares the `length` bytes of the packet up to here, which end a name or do not, with the keys
 * of a set: in pieces, each loaded with what stands before it, with the bits set that a key has
 * set. Of a piece in which nothing counts any bytes do. */
static void put_lookup(Writer *writer, unsigned up_to, unsigned length, bool ends, unsigned set)
{
    for (unsigned done = 0; done < KS_DNS_PIECE; done += PIECE) {
        unsigned left = KS_DNS_PIECE - done; /* from the piece's first byte to the end */
        unsigned fill = left > length ? MIN(left - length, PIECE) : 0;
        unsigned at = fill == PIECE ? DNS_FLAGS : up_to - left;
        KsStep bits = { .kind = KS_STEP_SET_BITS, .reg = place(done), .length = PIECE };

        memset(bits.data, KS_DNS_FOLD, PIECE);
        memset(bits.data, KS_DNS_FILL, fill);
        if (ends && left == PIECE)
            bits.data[PIECE - 1] = 0;
        put(writer, (KsStep) TRANSPORT(at, PIECE, place(done)));
        put(writer, bits);
        say(writer, "%s@th,%u,%u | 0x", done > 0 ? " . " : " ", at * 8, PIECE * 8);
        for (unsigned i = 0; i < PIECE; i++)
            say(writer, "%02x", bits.data[i]);
    }
    put(writer, (KsStep) LOOKUP(set));
    say(writer, " @%s", ks_lock_sets[set].name);
}

/* A record of EDNS begins with the root's name, its type and the sender's buffer, which is free;
 * then come the version, 0, flags, and the length of what follows (RFC 6891, 6.1.2, 6.1.3). */
static void put_edns_type(Writer *writer, unsigned at)
{
    put(writer, (KsStep) TRANSPORT(at, EDNS_REST, R1));
    put(writer, (KsStep) SET_BITS(EDNS_REST, 0, 0, 0, 0xff, 0xff));
    put(writer, (KsStep) COMPARE(EQ, EDNS_REST, 0, 0, 41, 0xff, 0xff));
    say(writer, " @th,%u,%u | 0xffff == 0x29ffff", at * 8, EDNS_REST * 8);
}

/* Without options; the wish for DNSSEC is free (RFC 3225). */
static void put_edns(Writer *writer, unsigned at)
{
    put_edns_type(writer, at);
    at += EDNS_REST;
    put(writer, (KsStep) TRANSPORT(at, KS_DNS_EDNS - EDNS_REST, R1));
    put(writer, (KsStep) SET_BITS(KS_DNS_EDNS - EDNS_REST, 0, 0, 0x80));
    put(writer, (KsStep) COMPARE(EQ, KS_DNS_EDNS - EDNS_REST, 0, 0, 0x80));
    say(writer, " @th,%u,%u | 0x80000000 == 0x80000000", at * 8, (KS_DNS_EDNS - EDNS_REST) * 8);
}

/* What systemd-resolved says it understands of DNSSEC where it does not insist on that
 * (DNSSEC=allow-downgrade): the options DAU, DHU and N3U (RFC 6975), the same bytes in each
 * question. None of them is free. */
static void put_dnssec(Writer *writer, unsigned at)
{
    put_edns_type(writer, at);
    at += EDNS_REST;
    put(writer, (KsStep) TRANSPORT(at, KS_DNS_EDNS - EDNS_REST, R1));
    put(writer, (KsStep) COMPARE(EQ, KS_DNS_EDNS - EDNS_REST, 0, 0, 0x80, 0, 0, KS_DNS_OPTIONS));
    say(writer, " @th,%u,%u 0x80000017", at * 8, (KS_DNS_EDNS - EDNS_REST) * 8);
    at += KS_DNS_EDNS - EDNS_REST;
    put(writer, (KsStep) TRANSPORT(at, PIECE, R1));
    put(writer, (KsStep) COMPARE(EQ, PIECE, 0, 5, 0, 7, 5, 7, 8, 10, 13, 14, 15, 0, 6, 0, 3, 1));
    say(writer, " @th,%u,%u 0x500070507080a0d0e0f0006000301", at * 8, PIECE * 8);
    at += PIECE;
    put(writer, (KsStep) TRANSPORT(at, KS_DNS_OPTIONS - PIECE, R1));
    put(writer, (KsStep) COMPARE(EQ, KS_DNS_OPTIONS - PIECE, 2, 4, 0, 7, 0, 1, 1));
    say(writer, " @th,%u,%u 0x2040007000101", at * 8, (KS_DNS_OPTIONS - PIECE) * 8);
}

static void write_steps(Writer *writer, unsigned length, KsDnsBehind behind)
{
    static void (*const put_behind[KS_DNS_BEHIND_MAX])(Writer * writer, unsigned at) = {
        [KS_DNS_BEHIND_EDNS] = put_edns,
        [KS_DNS_BEHIND_DNSSEC] = put_dnssec,
    };
    unsigned size = ks_dns_question_size(length, behind);
    unsigned type = DNS_NAME + length;

    put(writer, (KsStep) TRANSPORT(UDP_LENGTH, 2, R1));
    put(writer, (KsStep) COMPARE(EQ, 2, (uint8_t) (size >> 8), (uint8_t) size));
    put(writer, (KsStep) TRANSPORT(type, TYPE_CLASS, R1));
    put(writer, (KsStep) LOOKUP(KS_NFT_SET_QUESTION_TYPES));
    say(writer, "@th,32,16 0x%x @th,%u,32 @question_types", size, type * 8);
    if (put_behind[behind])
        put_behind[behind](writer, type + TYPE_CLASS);
    if (length <= KS_DNS_PIECE) {
        put_lookup(writer, type, length, true, KS_SET_NAMES);
    } else {
        put_lookup(writer, DNS_NAME + KS_DNS_PIECE, KS_DNS_PIECE, false, KS_SET_NAME_HEADS);
        put_lookup(writer, type, KS_DNS_PIECE, true, KS_SET_NAME_TAILS);
    }
    put(writer, (KsStep) JUMP(KS_CHAIN_ASKED));
    say(writer, " jump asked");
}

static const unsigned chains[KS_DNS_BEHIND_MAX] = {
    [KS_DNS_BEHIND_NOTHING] = KS_CHAIN_NAMES_OUT,
    [KS_DNS_BEHIND_EDNS] = KS_CHAIN_NAMES_EDNS_OUT,
    [KS_DNS_BEHIND_DNSSEC] = KS_CHAIN_NAMES_EDNS_OUT,
};

static const char *const comments[KS_DNS_BEHIND_MAX] = {
    [KS_DNS_BEHIND_NOTHING] = "a server's name of one length",
    [KS_DNS_BEHIND_EDNS] = "the same with an EDNS record",
    [KS_DNS_BEHIND_DNSSEC] = "the same as systemd-resolved asks",
};

/* Made when it is needed first: a machine has names of few lengths. */
static const KsRule *rule_for(unsigned length, unsigned behind)
{
    static KsRule *made[KS_DNS_BEHIND_MAX][KS_DNS_COMPARED_MAX + 1];
    KsRule *rule = made[behind][length];
    Writer writer = { .text = NULL };
    KsStep *steps;

    if (rule)
        return rule;
    writer.text = g_string_new(NULL);
    write_steps(&writer, length, (KsDnsBehind) behind);
    rule = g_new(KsRule, 1);
    rule->chain = chains[behind];
    rule->text = g_string_free(writer.text, FALSE);
    rule->comment = comments[behind];
    steps = g_new(KsStep, writer.count + 1);
    memcpy(steps, writer.steps, (writer.count + 1) * sizeof(*steps));
    rule->steps = steps;
    made[behind][length] = rule;
    return rule;
}

static unsigned length_of(unsigned behind, const uint8_t *bytes, size_t size)
{
    unsigned said = size == 2 ? (unsigned) bytes[0] << 8 | bytes[1] : 0;
    unsigned shortest = ks_dns_question_size(KS_DNS_COMPARED_MIN, (KsDnsBehind) behind);
    unsigned longest = ks_dns_question_size(KS_DNS_COMPARED_MAX, (KsDnsBehind) behind);

    return said >= shortest && said <= longest ? said - shortest + KS_DNS_COMPARED_MIN : 0;
}

const KsNumberedRules ks_numbered_name_rules = {
    .numbers = KS_SET_NAME_LENGTHS,
    .forms = KS_DNS_BEHIND_MAX,
    .chains = chains,
    .rule = rule_for,
    .number = length_of,
};
