/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/held.h"
#include "model/lock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the constant part of a table of ours is made of: chains, counters, set definitions and
 * rules, as tables of data. The table itself is described in a file of its own (lock-table.h), its
 * rules in segments, each row in nft(8)'s own words beside the steps that the kernel runs.
 *
 * Chains, sets and rules carry comments, in which people read in nft(8)'s listing which part of the
 * promise they keep. They mean nothing: what is in the kernel is compared without them.
 *
 * Every base chain ends with an explicit verdict: a drop policy alone takes effect only after the
 * transaction that brought its chain (kernel: net/netfilter/nf_tables_api.c,
 * nft_chain_commit_drop_policy). */

/* Most bytes of a comment; the kernel takes 256 with what nft puts before, nft itself 128. */
#define KS_COMMENT_MAX 60

typedef struct {
    const char *name;
    bool base;
    uint32_t hook;    /* base chains only: enum nf_inet_hooks, or of the table's family */
    int32_t priority; /* base chains only */
    uint32_t policy;  /* base chains only: NF_DROP, which needs no word, or NF_ACCEPT */
    /* base chains of family netdev only: what they hang on, by its name or its name's beginning */
    const char *device;
    const char *const *beginnings; /* NULL-terminated */
    bool conditional; /* its rules are there only while the model's set `with` has a key */
    KsSetId with;
    const char *comment;
} KsChain;

/* What a lookup in a verdict map answers. */
typedef struct {
    int32_t code; /* NF_ACCEPT, NF_DROP, NFT_RETURN, NFT_JUMP, NFT_GOTO */
    int chain;    /* for the last two */
} KsVerdict;

/* One element of a constant set, as the kernel stores it. */
typedef struct {
    uint8_t key[16];
    uint32_t flags; /* NFT_SET_ELEM_INTERVAL_END closes a range */
    uint32_t value; /* of a map, as KsKey has it */
} KsConstantElement;

typedef enum {
    KS_SET_HOLDS_KEYS,      /* of the model's set `keys` */
    KS_SET_HOLDS_CONSTANTS, /* and never anything else */
    KS_SET_HOLDS_PAUSE,     /* IPv4 and IPv6 as elements with a timeout, while paused */
    KS_SET_HOLDS_QUESTIONS, /* what rules remember by themselves for a moment */
    KS_SET_HOLDS_TYPES,     /* the same of the types of frames that they dropped */
    KS_SET_HOLDS_FLOWS,     /* the same of what was sent by an exception */
    KS_SET_HOLDS_CLIENTS,   /* the same of who spoke to a service: as many as others like, so that
                             * nobody reads them */
} KsSetContents;

/* What stands beside a key. */
typedef enum {
    KS_DATA_NONE,    /* a set */
    KS_DATA_VERDICT, /* a verdict map: KsKey.value counts in `verdicts` */
} KsSetData;

/* A field of a key that nft has no type for, by what it is compared with. Kept beside the set in
 * the kernel, for nft alone (nftables, include/proto.h; *_build_udata() in src/payload.c and
 * src/meta.c). */
typedef enum {
    KS_FIELD_NONE,
    KS_FIELD_RAW,    /* bytes that are known by their place: `of` is enum proto_bases */
    KS_FIELD_HEADER, /* a header's: `of` is enum proto_desc_id */
    KS_FIELD_META,   /* `of` is enum nft_meta_keys */
} KsFieldKind;

typedef struct {
    KsFieldKind kind;
    uint8_t of;
    uint8_t field;   /* of the header's template */
    uint16_t offset; /* of raw bytes, in bits */
    uint16_t length; /* bits; of a header's field only where it is a plain number */
} KsField;

#define KS_FIELDS_MAX 4

typedef struct {
    const char *name;
    const char *nft_type; /* in nft's words; of a map "key : data"; with fields, of "typeof" */
    uint32_t key_type;    /* nft's number for them, only so that nft prints the set well */
    KsField fields[KS_FIELDS_MAX];          /* instead of types */
    uint32_t key_length;                    /* bytes */
    uint8_t field_sizes[KS_FIELDS_MAX + 1]; /* bytes of each, if it is a range of each; then 0 */
    uint32_t flags;                         /* NFT_SET_*; a map has NFT_SET_MAP */
    uint32_t size;      /* most elements, 0: any number. A bound makes lookups cheaper */
    bool host_order;    /* the key is a number in host byte order */
    bool holds_indices; /* of interfaces, each ^ KS_INDEX_FLIP */
    KsSetData data;
    const KsVerdict *verdicts;
    unsigned verdicts_count;
    KsSetContents holds;
    KsSetId keys;
    const KsConstantElement *constants;
    unsigned constants_count;
    const char *constants_text; /* in nft's words */
    uint8_t versions[2];        /* of a pause: the keys of IPv4 and IPv6, of one byte */
    const char *comment;
} KsSetDefinition;

/* From an index to what the set holds, and back; other keys stay. */
void ks_set_flip_index(const KsSetDefinition *definition, KsKey *key);

/* One step of a rule: an nf_tables expression with its operands. */
typedef enum {
    KS_STEP_END,
    KS_STEP_META,      /* load meta `key` into `reg` */
    KS_STEP_MARK,      /* make `reg` the packet's mark */
    KS_STEP_TRACE,     /* the kernel tells what becomes of the packet, if `reg` has a byte of 1 */
    KS_STEP_ROUTE,     /* load rt `key` into `reg` */
    KS_STEP_TRACKED,   /* load ct `key` into `reg` */
    KS_STEP_LINK,      /* load `length` bytes at `offset` of the link-layer header into `reg` */
    KS_STEP_NETWORK,   /* the same of the network header */
    KS_STEP_TRANSPORT, /* the same of the transport header */
    KS_STEP_WRITE,     /* put `length` bytes from `reg` at `offset` of the transport header; the
                        * UDP checksum is not brought in line */
    KS_STEP_IMMEDIATE, /* load `length` bytes of data into `reg` */
    KS_STEP_EXTENSION, /* load `length` bytes at `offset` of the IPv6 extension header `key` */
    KS_STEP_PRESENCE,  /* load 1 into `reg` if there is an IPv6 extension header `key`, else 0 */
    KS_STEP_SWAP,      /* turn the four bytes of `reg` from host order to the wire's */
    KS_STEP_MASK,      /* clear the bits in `length` bytes of `reg` that are not in data */
    KS_STEP_SET_BITS,  /* set the bits of data in `length` bytes of `reg` */
    KS_STEP_FLIP_BITS, /* turn them over */
    KS_STEP_COMPARE,   /* go on only if reg `key` (NFT_CMP_*) data */
    KS_STEP_LOOKUP,    /* go on only if the set `key` holds what stands from reg on; with `length`
                        * NFT_LOOKUP_F_INV, only if it does not */
    KS_STEP_VMAP,      /* the same, and do what stands beside it */
    KS_STEP_REMEMBER,  /* put what stands from reg on into the set `key`, for `length` milliseconds
                        * from now; go on only if there is room */
    KS_STEP_LIMIT,     /* go on only `key` times a second, and up to `length` times at once */
    KS_STEP_LOG,       /* tell the NFLOG group `key` of the packet's first `length` bytes; with
                        * `offset`, that others like it are not told (KS_LOG_UNTOLD) */
    KS_STEP_COUNT,     /* add to the counter `key` */
    KS_STEP_VERDICT,   /* NF_ACCEPT, NF_DROP, NFT_RETURN */
    KS_STEP_JUMP,      /* to the chain `key` */
    KS_STEP_GOTO,      /* the same, and not back to this one */
    KS_STEP_REJECT,    /* tell the sender in the way of `key` (NFT_REJECT_*) and drop */
} KsStepKind;

typedef struct {
    KsStepKind kind;
    uint32_t reg;
    int32_t key;
    uint32_t offset;
    uint32_t length;
    uint8_t data[16];
} KsStep;

#define KS_RULE_STEPS_MAX 36 /* with the end */

typedef struct {
    unsigned chain;
    const char *text;    /* the rule as nft(8) writes it */
    const KsStep *steps; /* up to a KS_STEP_END */
    const char *comment; /* NULL: its text, or its chain's comment, says enough */
} KsRule;

/* Rules of one subject. Those of a chain stand in the order of the segments and of their rows. */
typedef struct {
    const KsRule *rules;
    unsigned count;
} KsRuleSegment;

/* Rules that differ by a number alone: one of each form for each key of a set of the model's, which
 * is a byte. They stand behind the constant rules of their chains, in the order of their numbers,
 * and come and go with the keys. */
typedef struct {
    KsSetId numbers;
    unsigned forms;                                        /* 8 at most */
    const unsigned *chains;                                /* where each form stands */
    const KsRule *(*rule)(unsigned number, unsigned form); /* made once, never freed */
    /* Whose rule of this form has these bytes in its first comparison; 0: nobody's. */
    unsigned (*number)(unsigned form, const uint8_t *bytes, size_t size);
} KsNumberedRules;

/* A table. Chains, sets and counters are named by their place in it. */
typedef struct {
    uint8_t family; /* NFPROTO_* */
    const char *name;
    const char *comment;
    const KsChain *chains;
    unsigned chains_count;
    const KsSetDefinition *sets;
    unsigned sets_count;
    const char *const *counters; /* names */
    unsigned counters_count;
    const KsRuleSegment *const *segments;
    unsigned segments_count;
    const KsNumberedRules *numbered; /* NULL: none */
} KsSkeleton;

/* All constant rules, as one list. */
unsigned ks_skeleton_rules(const KsSkeleton *skeleton);
const KsRule *ks_skeleton_rule(const KsSkeleton *skeleton, unsigned n);

/* Whether the constant rules of this chain are in the kernel along with this lock. */
bool ks_skeleton_chain_has_rules(const KsSkeleton *skeleton, unsigned chain, const KsLock *lock);

/* How many constant rules a chain has. */
unsigned ks_skeleton_chain_rules(const KsSkeleton *skeleton, unsigned chain);

/* The rules of a chain that are in the kernel along with this lock, in their order: element-type
 * const KsRule. The list is the caller's. */
GPtrArray *ks_skeleton_rules_of(const KsSkeleton *skeleton, unsigned chain, const KsLock *lock);

/* Whether those are the same along with both locks. */
bool ks_skeleton_rules_are_equal(const KsSkeleton *skeleton, unsigned chain, const KsLock *a,
                                 const KsLock *b);

/* How many fields a key has; 0: it is of types that nft has. */
unsigned ks_set_fields(const KsSetDefinition *definition);

/* "inet" or "netdev". */
const char *ks_skeleton_family_name(const KsSkeleton *skeleton);
