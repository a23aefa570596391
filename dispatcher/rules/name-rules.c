/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/dns-name.h"
#include "rules/lock-table.h"
#include "rules/steps.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Questions for the names of VPN servers, and no others (ADR 13).
 *
 * The kernel loads a number of bytes that the rule says, so that there is one rule for each length
 * of a name on the wire. Which one it is the length of the packet tells, but for the options behind
 * the question: of all these rules at most a dozen get as far as a lookup. */

#define PORT_DNS 53

/* Offsets behind the UDP header (RFC 768, RFC 1035, 4.1). */
#define UDP_LENGTH  4u
#define DNS_FLAGS   10u /* then how many questions, answers, authorities */
#define DNS_MORE    18u /* how many additional records: EDNS(0)'s at most */
#define DNS_NAME    20u
#define TYPE_CLASS  4u
#define EDNS_OPTION 11u /* an OPT record without options, RFC 6891, 6.1.2 */

#define LENGTH_MIN 3u
#define LENGTHS    (KS_DNS_COMPARED_MAX - LENGTH_MIN + 1)
#define GATE_RULES 1u
#define RULES      (GATE_RULES + LENGTHS)
#define TEXT_MAX   1024
#define PIECE      16u

static KsRule rules[RULES] = {
    /* A question like those that resolvers ask: none of an answer's bits, one question, no answers,
     * at most one additional record. */
    { KS_CHAIN_LEAVING,
      "udp dport 53 @th,80,64 & 0xfecfffffffffffff == 0x100000000 @th,144,16 <= 0x1 jump "
      "names_out",
      { IS_PROTOCOL(IPPROTO_UDP), TRANSPORT(DESTINATION_PORT, 2, R1), COMPARE(EQ, 2, 0, PORT_DNS),
        TRANSPORT(DNS_FLAGS, 8, R1), MASK(8, 0xfe, 0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
        COMPARE(EQ, 8, 0, 0, 0, 1), TRANSPORT(DNS_MORE, 2, R1), COMPARE(LTE, 2, 0, 1),
        JUMP(KS_CHAIN_NAMES_OUT) } },
};

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

static void write_rule(KsRule *rule, unsigned length, char text[TEXT_MAX])
{
    Writer writer = { .rule = rule, .text = text, .end = text + TEXT_MAX };
    unsigned least = DNS_NAME + length + TYPE_CLASS;
    unsigned most = least + EDNS_OPTION;
    unsigned type = DNS_NAME + length;

    rule->chain = KS_CHAIN_NAMES_OUT;
    rule->text = text;
    put(&writer, (KsStep) TRANSPORT(UDP_LENGTH, 2, R1));
    put(&writer, (KsStep) RANGE(EQ, 2, (uint8_t) (least >> 8), (uint8_t) least,
                                (uint8_t) (most >> 8), (uint8_t) most));
    put(&writer, (KsStep) TRANSPORT(type, TYPE_CLASS, R1));
    put(&writer, (KsStep) LOOKUP(KS_NFT_SET_QUESTION_TYPES));
    say(&writer, "@th,32,16 0x%x-0x%x @th,%u,32 @question_types", least, most, type * 8);
    if (length <= KS_DNS_PIECE) {
        put_lookup(&writer, DNS_NAME, length, true, KS_SET_NAMES);
    } else {
        put_lookup(&writer, DNS_NAME, KS_DNS_PIECE, false, KS_SET_NAME_HEADS);
        put_lookup(&writer, DNS_NAME + length - KS_DNS_PIECE, KS_DNS_PIECE, true,
                   KS_SET_NAME_TAILS);
    }
    put(&writer, (KsStep) ACCEPT);
    say(&writer, " accept");
}

/* Rows that differ by their length alone are written when the program starts. */
__attribute__((constructor)) static void write_rules(void)
{
    static char texts[LENGTHS][TEXT_MAX];

    for (unsigned i = 0; i < LENGTHS; i++)
        write_rule(&rules[GATE_RULES + i], LENGTH_MIN + i, texts[i]);
}
