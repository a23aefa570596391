/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Which questions are sent, and which of them leave: the rows of test-names.c. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TYPE_A = 1, TYPE_NS, TYPE_TXT = 16, TYPE_AAAA = 28, TYPE_HTTPS = 65, TYPE_ANY = 255 };
enum { CLASS_IN = 1, CLASS_CH = 3, CLASS_ANY = 255 };
enum {
    RESPONSE = 0x8000,
    OPCODE_STATUS = 0x1000,
    OPCODE_NOTIFY = 0x2000,
    AUTHORITATIVE = 0x400,
    TRUNCATED = 0x200,
    RECURSE = 0x100,
    RECURSIVE = 0x80,
    ZERO = 0x40,
    AUTHENTIC = 0x20,
    UNCHECKED = 0x10,
    NO_NAME = 3,
};

#define TEN   "abcdefghij"
#define FIFTY TEN TEN TEN TEN TEN

/* What the lock knows. */
#define NAME         "vpn.example"
#define DIGITS       "node-17.vpn2.example"
#define SHORTEST     "a"
#define ONE_KEY      FIFTY "." TEN "a"  /* 64 bytes on the wire, the most that one key holds */
#define TWO_KEYS     FIFTY "." TEN "ab" /* one more */
#define LONGEST      FIFTY "." FIFTY "." TEN "." TEN "abc"
#define LABEL        TEN TEN TEN TEN TEN TEN "abc" /* the longest label */
#define MIDDLE       TEN TEN TEN TEN TEN
#define HEAD_A       "aaaaaaaaaa" TEN TEN TEN TEN
#define HEAD_B       "bbbbbbbbbb" TEN TEN TEN TEN
#define HEAD_C       "cccccccccc" TEN TEN TEN TEN
#define OTHER_MIDDLE TEN TEN TEN TEN "klmnopqrst"
#define LONG_A       HEAD_A "." MIDDLE ".vpn.example.org"
#define LONG_B       HEAD_B "." MIDDLE ".vpn.example.net"
#define LONG_C       HEAD_C "." OTHER_MIDDLE ".vpn.example.com"

static const char *const known[] = {
    NAME, DIGITS, SHORTEST, ONE_KEY, TWO_KEYS, LONGEST, LABEL ".example", LONG_A, LONG_B, LONG_C,
};

#define BYTES(text) .behind = (text), .behind_size = sizeof(text) - 1

/* OPT records, RFC 6891, 6.1.2: the root's name, type 41, size, code and version, flags, length */
#define OPT(size, code, flags, length) "\0\0\x29" size code flags length
#define OPT_PLAIN                      OPT("\x10\0", "\0\0", "\0\0", "\0\0")
#define OPT_DNSSEC                     OPT("\x04\xd0", "\0\0", "\x80\0", "\0\0")
#define OPT_COOKIE                          \
    OPT("\x10\0", "\0\0", "\0\0", "\0\x0c") \
    "\0\x0a\0\x08"                          \
    "12345678"
/* as systemd-resolved 252 asks with DNSSEC=allow-downgrade */
#define RESOLVED                       \
    "\0\5\0\7\5\7\x08\x0a\x0d\x0e\x0f" \
    "\0\6\0\3\1\2\4"                   \
    "\0\7\0\1\1"
#define OPT_RESOLVED   OPT("\x05\xc0", "\0\0", "\x80\0", "\0\x17") RESOLVED
#define OPT_UNWISHED   OPT("\x05\xc0", "\0\0", "\0\0", "\0\x17") RESOLVED
#define OPT_ALGORITHMS OPT("\x05\xc0", "\0\0", "\x80\0", "\0\x0b") "\0\5\0\7free it"
#define OPT_SUBNET                          \
    OPT("\x10\0", "\0\0", "\0\0", "\0\x0c") \
    "\0\x08\0\x08\0\1\x20\0"                \
    "\xc0\0\2\1"
#define OPT_LENGTH  OPT("\x10\0", "\0\0", "\0\0", "\0\4")
#define OPT_VERSION OPT("\x10\0", "\0\1", "\0\0", "\0\0")
#define OPT_CODE    OPT("\x10\0", "\1\0", "\0\0", "\0\0")
#define OPT_FLAGS   OPT("\x10\0", "\0\0", "\x40\0", "\0\0")
#define OPT_LOWER   OPT("\x10\0", "\0\0", "\0\1", "\0\0")
#define OPT_NAMED   "\1" OPT("\x10\0", "\0\0", "\0\0", "\0")
#define NO_OPT      "\0\0\x10\x10\0\0\0\0\0\0\0" /* of type TXT */
#define TRAILING    "hello, you!"                /* as long as an OPT record */

/* A question as resolvers ask it, but for what a row says. */
typedef struct {
    const char *what;
    bool leaves;
    const char *name;   /* NULL: NAME */
    uint16_t type;      /* 0: A */
    uint16_t class;     /* 0: IN */
    uint16_t flags;     /* beside "recursion desired" */
    bool iterative;     /* without that one */
    uint16_t counts[4]; /* questions, answers, authorities, additional; all 0: 1, 0, 0, 0 */
    const char *behind; /* bytes behind the question */
    size_t behind_size;
    unsigned cut; /* so many bytes less */
    int claims;   /* what UDP's length says, beside the truth */
    uint16_t port;
    uint16_t from;
    uint8_t protocol; /* 0: UDP */
    bool first;       /* calls itself a first fragment */
    bool options;     /* with options of IP */
    uint8_t family;   /* 4 or 6 only; 0: both */
} Row;

static const Row rows[] = {
    { "the name", true },
    { "the name, AAAA", true, .type = TYPE_AAAA },
    { "capitals", true, .name = "VPN.EXAMPLE" },
    { "mixed letters", true, .name = "vPn.eXAmpLE" },
    { "mixed letters of a long one", true,
      .name = "AAaaAaaaaa" TEN TEN TEN TEN "." MIDDLE ".vPn.Example.ORG" },
    { "digits and a hyphen", true, .name = DIGITS },
    { "one letter", true, .name = SHORTEST },
    { "one letter, a capital", true, .name = "A" },
    { "64 bytes", true, .name = ONE_KEY },
    { "65 bytes", true, .name = TWO_KEYS },
    { "the longest", true, .name = LONGEST },
    { "the longest, AAAA", true, .name = LONGEST, .type = TYPE_AAAA },
    { "the longest label", true, .name = LABEL ".example" },
    { "iterative", true, .iterative = true },
    { "AD", true, .flags = AUTHENTIC },
    { "CD", true, .flags = UNCHECKED },
    { "EDNS", true, .counts = { 1, 0, 0, 1 }, BYTES(OPT_PLAIN) },
    { "EDNS, DNSSEC wanted", true, .counts = { 1, 0, 0, 1 }, BYTES(OPT_DNSSEC) },
    { "EDNS, longest", true, .name = LONGEST, .counts = { 1, 0, 0, 1 }, BYTES(OPT_PLAIN) },
    { "EDNS, shortest", true, .name = SHORTEST, .counts = { 1, 0, 0, 1 }, BYTES(OPT_PLAIN) },
    { "EDNS with resolved's options", true, .flags = UNCHECKED, .counts = { 1, 0, 0, 1 },
      BYTES(OPT_RESOLVED) },
    { "EDNS with resolved's options, longest", true, .name = LONGEST, .counts = { 1, 0, 0, 1 },
      BYTES(OPT_RESOLVED) },
    { "EDNS with resolved's options, shortest", true, .name = SHORTEST, .counts = { 1, 0, 0, 1 },
      BYTES(OPT_RESOLVED) },
    { "from port 1", true, .from = 1 },
    { "from port 53", true, .from = 53 },
    { "from port 65535", true, .from = 65535 },

    { "another name", false, .name = "evil.test" },
    { "another letter", false, .name = "vpm.example" },
    { "a part in front", false, .name = "xvpn.example" },
    { "a label in front", false, .name = "x.vpn.example" },
    { "a part behind", false, .name = "vpn.examplex" },
    { "a label behind", false, .name = "vpn.example.com" },
    { "without its first letter", false, .name = "pn.example" },
    { "without its last letter", false, .name = "vpn.exampl" },
    { "its first label", false, .name = "vpn" },
    { "its last label", false, .name = "example" },
    { "a sibling", false, .name = "www.example" },
    { "dots elsewhere", false, .name = "vp.nexample" },
    { "a hyphen for a dot", false, .name = "vpn-example" },
    { "another digit", false, .name = "node-18.vpn2.example" },
    { "another one-letter name", false, .name = "b" },
    { "the root", false, .name = "" },
    { "its head only", false, .name = FIFTY "." TEN },
    { "one letter longer than the longest", false, .name = LONGEST "d" },
    /* (ADR 13: these two have the middle in common) */
    { "a long one, head of another", true, .name = HEAD_A "." OTHER_MIDDLE ".vpn.example.com" },
    { "a long one, tail of another", false, .name = HEAD_C "." OTHER_MIDDLE ".vpn.example.org" },
    { "a long one, another middle", false, .name = HEAD_A "." OTHER_MIDDLE ".vpn.example.org" },
    { "a long one, short tail", false, .name = HEAD_A "." MIDDLE },

    { "TXT", false, .type = TYPE_TXT },
    { "NS", false, .type = TYPE_NS },
    { "HTTPS", false, .type = TYPE_HTTPS },
    { "ANY", false, .type = TYPE_ANY },
    { "type 257", false, .type = 0x101 },
    { "type 7169: AAAA, bytes swapped", false, .type = 0x1c00 },
    { "class CH", false, .class = CLASS_CH },
    { "class ANY", false, .class = CLASS_ANY },
    { "mDNS' unicast bit", false, .class = 0x8001 },

    { "an answer", false, .flags = RESPONSE },
    { "STATUS", false, .flags = OPCODE_STATUS },
    { "NOTIFY", false, .flags = OPCODE_NOTIFY },
    { "AA", false, .flags = AUTHORITATIVE },
    { "TC", false, .flags = TRUNCATED },
    { "RA", false, .flags = RECURSIVE },
    { "Z", false, .flags = ZERO },
    { "NXDOMAIN", false, .flags = NO_NAME },
    { "no question", false, .counts = { 0, 0, 0, 1 } },
    { "two questions, says it", false, .counts = { 2, 0, 0, 0 } },
    { "two questions", false, .counts = { 2, 0, 0, 0 }, BYTES("\4evil\4test\0\0\1\0\1") },
    { "two questions, says one", false, BYTES("\4evil\4test\0\0\1\0\1") },
    { "257 questions", false, .counts = { 0x101, 0, 0, 0 } },
    { "an answer's record", false, .counts = { 1, 1, 0, 0 }, BYTES(OPT_PLAIN) },
    { "an authority's record", false, .counts = { 1, 0, 1, 0 }, BYTES(OPT_PLAIN) },
    { "two additional records", false, .counts = { 1, 0, 0, 2 }, BYTES(OPT_PLAIN OPT_PLAIN) },
    { "two additional records, one there", false, .counts = { 1, 0, 0, 2 }, BYTES(OPT_PLAIN) },
    { "an additional record, none there", false, .counts = { 1, 0, 0, 1 } },
    { "EDNS not announced", false, BYTES(OPT_PLAIN) },
    { "EDNS with a cookie", false, .counts = { 1, 0, 0, 1 }, BYTES(OPT_COOKIE) },
    { "EDNS with a subnet", false, .counts = { 1, 0, 0, 1 }, BYTES(OPT_SUBNET) },
    { "EDNS with other algorithms", false, .counts = { 1, 0, 0, 1 }, BYTES(OPT_ALGORITHMS) },
    { "EDNS with resolved's options, without its wish", false, .counts = { 1, 0, 0, 1 },
      BYTES(OPT_UNWISHED) },
    { "EDNS with resolved's options and more", false, .counts = { 1, 0, 0, 1 },
      BYTES(OPT_RESOLVED "x") },
    { "EDNS with resolved's options, another name", false, .name = "evil.test",
      .counts = { 1, 0, 0, 1 }, BYTES(OPT_RESOLVED) },
    { "EDNS with resolved's options that UDP does not count", false, .counts = { 1, 0, 0, 1 },
      BYTES(OPT_RESOLVED), .claims = -23 },
    { "EDNS, says it has options", false, .counts = { 1, 0, 0, 1 }, BYTES(OPT_LENGTH) },
    { "EDNS, another version", false, .counts = { 1, 0, 0, 1 }, BYTES(OPT_VERSION) },
    { "EDNS, a code", false, .counts = { 1, 0, 0, 1 }, BYTES(OPT_CODE) },
    { "EDNS, other flags", false, .counts = { 1, 0, 0, 1 }, BYTES(OPT_FLAGS) },
    { "EDNS, last flag", false, .counts = { 1, 0, 0, 1 }, BYTES(OPT_LOWER) },
    { "EDNS, not of the root", false, .counts = { 1, 0, 0, 1 }, BYTES(OPT_NAMED) },
    { "EDNS, of another type", false, .counts = { 1, 0, 0, 1 }, BYTES(NO_OPT) },
    { "EDNS and more", false, .counts = { 1, 0, 0, 1 }, BYTES(OPT_PLAIN "x") },
    { "EDNS cut", false, .counts = { 1, 0, 0, 1 }, BYTES(OPT_PLAIN), .cut = 1 },
    { "text for EDNS", false, .counts = { 1, 0, 0, 1 }, BYTES(TRAILING) },
    { "a byte behind", false, BYTES("x") },
    { "eleven bytes behind", false, BYTES(TRAILING) },
    { "twelve bytes behind", false, BYTES("x" TRAILING) },
    { "cut in its class", false, .cut = 1 },
    { "cut in its name", false, .cut = 6 },
    { "only a header", false, .cut = 17 },
    { "a byte that UDP does not count", false, BYTES("x"), .claims = -1 },
    { "bytes that UDP does not count", false, BYTES(TRAILING), .claims = -11 },
    { "EDNS that UDP does not count", false, .counts = { 1, 0, 0, 1 }, BYTES(OPT_PLAIN),
      .claims = -11 },
    { "bytes that are not there", false, .claims = 11 },
    { "options of IP", false, .options = true },
    { "a first fragment", true, .first = true, .family = 4 }, /* which is all that leaves of it */
    { "a first fragment", false, .first = true, .family = 6 },

    { "to port 54", false, .port = 54 },
    { "to port 853", false, .port = 853 },
    { "to port 5353", false, .port = 5353 },
    { "by TCP", false, .protocol = IPPROTO_TCP },
};
