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
#define DNS_FLAGS  10u /* then how many questions, answers, authorities, additional records */
#define DNS_NAME   20u
#define TYPE_CLASS 4u
#define EDNS       11u /* an OPT record without options, RFC 6891, 6.1.2 */
#define DNSSEC     23u /* options */

#define LENGTH_MIN 3u
#define LENGTHS    (KS_DNS_COMPARED_MAX - LENGTH_MIN + 1)
#define GATE_RULES 3u
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

/* A question like those that resolvers ask: none of an answer's bits, one question, no answers. */
#define HEADER(additional)                                                    \
    TRANSPORT(DNS_FLAGS, 10, R1),                                             \
        MASK(10, 0xfe, 0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), \
        COMPARE(EQ, 10, 0, 0, 0, 1, 0, 0, 0, 0, 0, additional)

/* clang-format off */
static KsRule rules[RULES] = {
    /* The packet is its headers and what UDP counts, nothing more. */
    { KS_CHAIN_LEAVING,
      "udp dport 53 meta nfproto . meta length . udp length @question_lengths jump names_out",
      { IS_PROTOCOL(IPPROTO_UDP), TRANSPORT(DESTINATION_PORT, 2, R1), COMPARE(EQ, 2, 0, PORT_DNS),
        META(NFPROTO, R1), META(LEN, R1_1), TRANSPORT(UDP_LENGTH, 2, R1_2),
        LOOKUP(KS_NFT_SET_QUESTION_LENGTHS), JUMP(KS_CHAIN_NAMES_OUT) } },
    { KS_CHAIN_NAMES_OUT,
      "@th,80,80 & 0xfecfffffffffffffffff == 0x1000000000001 jump names_edns_out",
      { HEADER(1), JUMP(KS_CHAIN_NAMES_EDNS_OUT) } },
    { KS_CHAIN_NAMES_OUT, "@th,80,80 & 0xfecfffffffffffffffff != 0x1000000000000 return",
      { TRANSPORT(DNS_FLAGS, 10, R1),
        MASK(10, 0xfe, 0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
        COMPARE(NEQ, 10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0), RETURN } },
};
/* clang-format on */

const KsRuleSegment ks_name_rules = { rules, RULES };

typedef struct {
    KsRule *rule;
    unsigned steps;
    char *text; /* where the rule's text goes on */
    char *end;
} Writer;

static void put(Writer *writer, KsStep step)
{
    writer->rule->steps[writer->steps++] = step;
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

/* Compares `length` bytes of the packet with the keys of a set, leaving out what tells upper from
 * lower case in all of them, or in all but the last one. */
static void put_lookup(Writer *writer, unsigned at, unsigned length, bool ends, unsigned set)
{
    unsigned used = (length + 3) / 4 * 4; /* the kernel fills up a word with zeros by itself */
    unsigned filled = (used + PIECE - 1) / PIECE * PIECE;

    for (unsigned done = 0; done < length; done += PIECE) {
        unsigned size = MIN(PIECE, length - done);
        KsStep mask = {
            .kind = KS_STEP_MASK, .reg = place(done), .to = place(done), .length = size
        };

        memset(mask.data, KS_DNS_FOLD, size);
        if (ends && done + size == length)
            mask.data[size - 1] = 0xff;
        put(writer, (KsStep) TRANSPORT(at + done, size, place(done)));
        say(writer, "%s@th,%u,%u", done > 0 ? " . " : " ", (at + done) * 8, size * 8);
        if (size == 1 && mask.data[0] == 0xff)
            continue;
        put(writer, mask);
        say(writer, " & 0x");
        for (unsigned i = 0; i < size; i++)
            say(writer, "%02x", mask.data[i]);
    }
    if (used < filled)
        put(writer, (KsStep) IMMEDIATE(place(used), filled - used, 0));
    for (unsigned byte = filled; byte < KS_DNS_PIECE; byte += PIECE)
        put(writer, (KsStep) IMMEDIATE(place(byte), PIECE, 0));
    /* nft(8) has no type for what fills a key up */
    for (unsigned i = (used < filled) + (KS_DNS_PIECE - filled) / PIECE; i > 0; i--)
        say(writer, " . 0x0 [invalid type]");
    put(writer, (KsStep) LOOKUP(set));
    say(writer, " @%s", ks_lock_table.sets[set].name);
}

/* The record has no version but 0; its sender's buffer is free (RFC 6891, 6.1.2 and 6.1.3). Without
 * options, so is the wish for DNSSEC (RFC 3225). */
static void put_edns(Writer *writer, unsigned at)
{
    put(writer, (KsStep) TRANSPORT(at, EDNS, R1));
    put(writer, (KsStep) MASK(EDNS, 0xff, 0xff, 0xff, 0, 0, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff));
    put(writer, (KsStep) COMPARE(EQ, EDNS, 0, 0, 41));
    say(writer, " @th,%u,%u & 0xffffff0000ffff7fffffff == 0x290000000000000000", at * 8, EDNS * 8);
}

/* What systemd-resolved says it understands of DNSSEC where it does not insist on that
 * (DNSSEC=allow-downgrade): the options DAU, DHU and N3U (RFC 6975), the same bytes in each
 * question. None of them is free. */
static void put_dnssec(Writer *writer, unsigned at)
{
    put(writer, (KsStep) TRANSPORT(at, EDNS, R1));
    put(writer, (KsStep) MASK(EDNS, 0xff, 0xff, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff));
    put(writer, (KsStep) COMPARE(EQ, EDNS, 0, 0, 41, 0, 0, 0, 0, 0x80, 0, 0, DNSSEC));
    say(writer, " @th,%u,%u & 0xffffff0000ffffffffffff == 0x290000000080000017", at * 8, EDNS * 8);
    at += EDNS;
    put(writer, (KsStep) TRANSPORT(at, PIECE, R1));
    put(writer, (KsStep) COMPARE(EQ, PIECE, 0, 5, 0, 7, 5, 7, 8, 10, 13, 14, 15, 0, 6, 0, 3, 1));
    say(writer, " @th,%u,%u 0x500070507080a0d0e0f0006000301", at * 8, PIECE * 8);
    at += PIECE;
    put(writer, (KsStep) TRANSPORT(at, DNSSEC - PIECE, R1));
    put(writer, (KsStep) COMPARE(EQ, DNSSEC - PIECE, 2, 4, 0, 7, 0, 1, 1));
    say(writer, " @th,%u,%u 0x2040007000101", at * 8, (DNSSEC - PIECE) * 8);
}

static void write_rule(KsRule *rule, unsigned length, Behind behind, char text[TEXT_MAX])
{
    static void (*const put_behind[BEHIND_MAX])(Writer * writer, unsigned at) = {
        [BEHIND_EDNS] = put_edns,
        [BEHIND_DNSSEC] = put_dnssec,
    };
    Writer writer = { .rule = rule, .text = text, .end = text + TEXT_MAX };
    unsigned size = DNS_NAME + length + TYPE_CLASS + sizes[behind];
    unsigned type = DNS_NAME + length;

    rule->chain = behind == BEHIND_NOTHING ? KS_CHAIN_NAMES_OUT : KS_CHAIN_NAMES_EDNS_OUT;
    rule->text = text;
    put(&writer, (KsStep) TRANSPORT(UDP_LENGTH, 2, R1));
    put(&writer, (KsStep) COMPARE(EQ, 2, (uint8_t) (size >> 8), (uint8_t) size));
    put(&writer, (KsStep) TRANSPORT(type, TYPE_CLASS, R1));
    put(&writer, (KsStep) LOOKUP(KS_NFT_SET_QUESTION_TYPES));
    say(&writer, "@th,32,16 0x%x @th,%u,32 @question_types", size, type * 8);
    if (put_behind[behind])
        put_behind[behind](&writer, type + TYPE_CLASS);
    if (length <= KS_DNS_PIECE) {
        put_lookup(&writer, DNS_NAME, length, true, KS_SET_NAMES);
    } else {
        put_lookup(&writer, DNS_NAME, KS_DNS_PIECE, false, KS_SET_NAME_HEADS);
        put_lookup(&writer, DNS_NAME + length - KS_DNS_PIECE, KS_DNS_PIECE, true,
                   KS_SET_NAME_TAILS);
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
            text += snprintf(text, LENGTH_TEXT, "%s%s . 0x%08x . %u",
                             element == ks_question_lengths ? "" : ", ", families[family].name,
                             length, udp);
        }
    }
}

/* Rows that differ by a length alone are written when the program starts. */
__attribute__((constructor)) static void write_rules(void)
{
    static char texts[BEHIND_MAX * LENGTHS][TEXT_MAX];

    for (unsigned i = 0; i < BEHIND_MAX * LENGTHS; i++)
        write_rule(&rules[GATE_RULES + i], LENGTH_MIN + i % LENGTHS, i / LENGTHS, texts[i]);
    write_lengths();
}
