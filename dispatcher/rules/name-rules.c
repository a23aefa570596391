/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/dns-name.h"
#include "rules/lock-table.h"
#include "rules/steps.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Questions for the names of VPN servers, and no others (ADR 13).
 *
 * The kernel loads a number of bytes that the rule says, so that there are three rules for each
 * length of a name on the wire: for a question alone, and for one with an EDNS record behind it,
 * without options and with those of systemd-resolved. The packet's length says which of them are to
 * be asked; of all these rules one or two get as far as a lookup. */

#define PORT_DNS 53

/* Offsets behind the UDP header (RFC 1035, 4.1). */
#define DNS_COUNTS 12u /* of questions, answers, authorities, additional records */
#define DNS_NAME   20u
#define TYPE_CLASS 4u
#define EDNS       11u /* an OPT record without options, RFC 6891, 6.1.2 */
#define EDNS_REST  5u  /* where its version stands */
#define DNSSEC     23u /* options */

#define LENGTH_MIN 3u
#define LENGTHS    (KS_DNS_COMPARED_MAX - LENGTH_MIN + 1)
#define GATE_RULES 4u
#define RULES      (GATE_RULES + BEHIND_MAX * LENGTHS)
#define TEXT_MAX   1024
#define PIECE      16u

/* What UDP's length may say. */
#define UDP_MIN (DNS_NAME + LENGTH_MIN + TYPE_CLASS)
#define UDP_MAX (DNS_NAME + KS_DNS_COMPARED_MAX + TYPE_CLASS + EDNS + DNSSEC)

/* What may stand behind a question. */
typedef enum {
    BEHIND_NOTHING,
    BEHIND_EDNS,
    BEHIND_DNSSEC, /* EDNS and options */
    BEHIND_MAX,
} Behind;

static const unsigned sizes[BEHIND_MAX] = {
    [BEHIND_EDNS] = EDNS,
    [BEHIND_DNSSEC] = EDNS + DNSSEC,
};

/* clang-format off */
static KsRule rules[RULES] = {
    /* The packet is its headers and what UDP counts, nothing more. */
    { KS_CHAIN_LEAVING,
      "udp dport 53 meta nfproto . meta length . udp length @question_lengths jump names_out",
      DO(IS_PROTOCOL(IPPROTO_UDP), TRANSPORT(DESTINATION_PORT, 2, R1), COMPARE(EQ, 2, 0, PORT_DNS),
         META(NFPROTO, R1), META(LEN, R1_1), TRANSPORT(UDP_LENGTH, 2, R1_2),
         LOOKUP(KS_NFT_SET_QUESTION_LENGTHS), JUMP(KS_CHAIN_NAMES_OUT)) },
    /* A question like those that resolvers ask: none of an answer's bits, one question, no answers.
     * The bits that may be either way are set before the comparison. */
    { KS_CHAIN_NAMES_OUT, "@th,80,16 | 0x130 != 0x130 return",
      DO(TRANSPORT(DNS_FLAGS, 2, R1), SET_BITS(2, 0x01, 0x30), COMPARE(NEQ, 2, 0x01, 0x30),
         RETURN) },
    { KS_CHAIN_NAMES_OUT, "@th,96,64 0x1000000000001 jump names_edns_out",
      DO(TRANSPORT(DNS_COUNTS, 8, R1), COMPARE(EQ, 8, 0, 1, 0, 0, 0, 0, 0, 1),
         JUMP(KS_CHAIN_NAMES_EDNS_OUT)) },
    { KS_CHAIN_NAMES_OUT, "@th,96,64 != 0x1000000000000 return",
      DO(TRANSPORT(DNS_COUNTS, 8, R1), COMPARE(NEQ, 8, 0, 1), RETURN) },
};
/* clang-format on */

const KsRuleSegment ks_name_rules = { rules, RULES };

typedef struct {
    KsStep *steps;
    unsigned count;
    char *text; /* where the rule's text goes on */
    char *end;
} Writer;

static void put(Writer *writer, KsStep step)
{
    g_assert(writer->count + 1 < KS_RULE_STEPS_MAX); /* an end comes last */
    writer->steps[writer->count++] = step;
}

__attribute__((format(printf, 2, 3))) static void say(Writer *writer, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(writer->text, (size_t) (writer->end - writer->text), format, arguments);
    va_end(arguments);
    writer->text += MIN(length, writer->end - writer->text - 1);
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
    say(writer, " @%s", ks_lock_table.sets[set].name);
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
    put(writer, (KsStep) TRANSPORT(at, EDNS - EDNS_REST, R1));
    put(writer, (KsStep) SET_BITS(EDNS - EDNS_REST, 0, 0, 0x80));
    put(writer, (KsStep) COMPARE(EQ, EDNS - EDNS_REST, 0, 0, 0x80));
    say(writer, " @th,%u,%u | 0x80000000 == 0x80000000", at * 8, (EDNS - EDNS_REST) * 8);
}

/* What systemd-resolved says it understands of DNSSEC where it does not insist on that
 * (DNSSEC=allow-downgrade): the options DAU, DHU and N3U (RFC 6975), the same bytes in each
 * question. None of them is free. */
static void put_dnssec(Writer *writer, unsigned at)
{
    put_edns_type(writer, at);
    at += EDNS_REST;
    put(writer, (KsStep) TRANSPORT(at, EDNS - EDNS_REST, R1));
    put(writer, (KsStep) COMPARE(EQ, EDNS - EDNS_REST, 0, 0, 0x80, 0, 0, DNSSEC));
    say(writer, " @th,%u,%u 0x80000017", at * 8, (EDNS - EDNS_REST) * 8);
    at += EDNS - EDNS_REST;
    put(writer, (KsStep) TRANSPORT(at, PIECE, R1));
    put(writer, (KsStep) COMPARE(EQ, PIECE, 0, 5, 0, 7, 5, 7, 8, 10, 13, 14, 15, 0, 6, 0, 3, 1));
    say(writer, " @th,%u,%u 0x500070507080a0d0e0f0006000301", at * 8, PIECE * 8);
    at += PIECE;
    put(writer, (KsStep) TRANSPORT(at, DNSSEC - PIECE, R1));
    put(writer, (KsStep) COMPARE(EQ, DNSSEC - PIECE, 2, 4, 0, 7, 0, 1, 1));
    say(writer, " @th,%u,%u 0x2040007000101", at * 8, (DNSSEC - PIECE) * 8);
}

static void write_rule(KsRule *rule, unsigned length, Behind behind,
                       KsStep steps[KS_RULE_STEPS_MAX], char text[TEXT_MAX])
{
    static void (*const put_behind[BEHIND_MAX])(Writer * writer, unsigned at) = {
        [BEHIND_EDNS] = put_edns,
        [BEHIND_DNSSEC] = put_dnssec,
    };
    Writer writer = { .steps = steps, .text = text, .end = text + TEXT_MAX };
    unsigned size = DNS_NAME + length + TYPE_CLASS + sizes[behind];
    unsigned type = DNS_NAME + length;

    rule->chain = behind == BEHIND_NOTHING ? KS_CHAIN_NAMES_OUT : KS_CHAIN_NAMES_EDNS_OUT;
    rule->text = text;
    rule->steps = steps;
    put(&writer, (KsStep) TRANSPORT(UDP_LENGTH, 2, R1));
    put(&writer, (KsStep) COMPARE(EQ, 2, (uint8_t) (size >> 8), (uint8_t) size));
    put(&writer, (KsStep) TRANSPORT(type, TYPE_CLASS, R1));
    put(&writer, (KsStep) LOOKUP(KS_NFT_SET_QUESTION_TYPES));
    say(&writer, "@th,32,16 0x%x @th,%u,32 @question_types", size, type * 8);
    if (put_behind[behind])
        put_behind[behind](&writer, type + TYPE_CLASS);
    if (length <= KS_DNS_PIECE) {
        put_lookup(&writer, type, length, true, KS_SET_NAMES);
    } else {
        put_lookup(&writer, DNS_NAME + KS_DNS_PIECE, KS_DNS_PIECE, false, KS_SET_NAME_HEADS);
        put_lookup(&writer, type, KS_DNS_PIECE, true, KS_SET_NAME_TAILS);
    }
    put(&writer, (KsStep) JUMP(KS_CHAIN_ASKED));
    say(&writer, " jump asked");
}

/* ---- how long a packet is, and what UDP says of it ---- */

#define FAMILIES    2u
#define LENGTH_TEXT 40u

KsConstantElement ks_question_lengths[KS_QUESTION_LENGTHS];
char ks_question_lengths_text[KS_QUESTION_LENGTHS * LENGTH_TEXT];

static void write_lengths(void)
{
    static const struct {
        uint8_t protocol;
        uint8_t header;
        const char *name;
    } families[FAMILIES] = { { NFPROTO_IPV4, IPV4_HEADER, "ipv4" },
                             { NFPROTO_IPV6, IPV6_HEADER, "ipv6" } };
    char *text = ks_question_lengths_text;
    KsConstantElement *element = ks_question_lengths;

    G_STATIC_ASSERT(KS_QUESTION_LENGTHS == FAMILIES * (UDP_MAX - UDP_MIN + 1));
    for (unsigned family = 0; family < FAMILIES; family++) {
        for (unsigned udp = UDP_MIN; udp <= UDP_MAX; udp++, element++) {
            uint32_t length = families[family].header + udp;

            element->key[0] = families[family].protocol;
            memcpy(element->key + 4, &length, sizeof(length));
            element->key[8] = (uint8_t) (udp >> 8);
            element->key[9] = (uint8_t) udp;
            text += snprintf(text, LENGTH_TEXT, "%s%s . %u . %u",
                             element == ks_question_lengths ? "" : ", ", families[family].name,
                             length, udp);
        }
    }
}

/* Rows that differ by a length alone are written when the program starts. */
__attribute__((constructor)) static void write_rules(void)
{
    static KsStep steps[BEHIND_MAX * LENGTHS][KS_RULE_STEPS_MAX];
    static char texts[BEHIND_MAX * LENGTHS][TEXT_MAX];

    for (unsigned i = 0; i < BEHIND_MAX * LENGTHS; i++)
        write_rule(&rules[GATE_RULES + i], LENGTH_MIN + i % LENGTHS, i / LENGTHS, steps[i],
                   texts[i]);
    write_lengths();
}
