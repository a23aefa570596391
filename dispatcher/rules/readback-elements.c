/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/readback-elements.h"

#include "rules/egress-table.h"
#include "rules/lock-table.h"

#include <libnftnl/set.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

static bool is_constant_of(const KsSetDefinition *definition, const void *key, uint32_t flags,
                           uint32_t value)
{
    for (unsigned i = 0; i < definition->constants_count; i++)
        if (memcmp(definition->constants[i].key, key, definition->key_length) == 0 &&
            definition->constants[i].flags == flags && definition->constants[i].value == value)
            return true;
    return false;
}

/* What stands beside the key. False: nothing that we would put there. */
static bool read_data(const KsSkeleton *skeleton, const KsSetDefinition *definition,
                      struct nftnl_set_elem *element, uint32_t *ret_value)
{
    const char *chain;
    int32_t code;

    *ret_value = 0;
    if (definition->data == KS_DATA_NONE)
        return true;
    if (!nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_VERDICT))
        return false;
    code = (int32_t) nftnl_set_elem_get_u32(element, NFTNL_SET_ELEM_VERDICT);
    chain = nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_CHAIN)
                ? nftnl_set_elem_get_str(element, NFTNL_SET_ELEM_CHAIN)
                : NULL;
    for (; *ret_value < definition->verdicts_count; ++*ret_value) {
        const KsVerdict *verdict = &definition->verdicts[*ret_value];
        bool leads = verdict->code == NFT_JUMP || verdict->code == NFT_GOTO;

        if (verdict->code == code &&
            g_strcmp0(leads ? skeleton->chains[verdict->chain].name : NULL, chain) == 0)
            return true;
    }
    return false;
}

/* One end of a range: its first address, or the first behind it. */
typedef struct {
    uint8_t address[16];
    bool end;
} Boundary;

const unsigned ks_readback_boundary_size = sizeof(Boundary);

static int compare_boundaries(const void *a, const void *b)
{
    const Boundary *first = a;
    const Boundary *second = b;
    int order = memcmp(first->address, second->address, sizeof(first->address));

    return order ? order : (int) second->end - (int) first->end; /* an end before a beginning */
}

/* The kernel tells the two ends of a range apart, in any order. */
void ks_readback_join_ranges(KsReadback *readback, KsSetId set)
{
    GArray *boundaries = readback->boundaries[set];
    size_t size = ks_key_size(set) / 2;
    KsKey key = { 0 };
    bool open = false;

    g_array_sort(boundaries, compare_boundaries);
    for (unsigned i = 0; i < boundaries->len; i++) {
        const Boundary *boundary = &g_array_index(boundaries, Boundary, i);

        if (boundary->end && !open) {
            continue; /* closes what lies before the first range, as nft(8) writes it */
        } else if (boundary->end) {
            memcpy(key.bytes + size, boundary->address, size);
            ks_lock_add_key(readback->lock, set, &key);
        } else {
            memset(&key, 0, sizeof(key));
            memcpy(key.bytes, boundary->address, size);
        }
        open = !boundary->end;
    }
    if (open)
        ks_lock_add_key(readback->lock, set, &key);
}

static void judge_foreign_element(KsReadback *readback, unsigned id)
{
    readback->sets[id].wrong = true;
    ks_readback_problem(readback, "the set %s has an element that is not ours",
                        readback->skeleton->sets[id].name);
}

static void take_pause(KsReadback *readback, unsigned id, const struct nftnl_set_elem *element)
{
    bool ends = nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_EXPIRATION);
    uint64_t left =
        ends ? nftnl_set_elem_get_u64((struct nftnl_set_elem *) element, NFTNL_SET_ELEM_EXPIRATION)
             : 0;

    if (!ends) /* nothing of ours opens for ever */
        ks_readback_problem(readback, "the pause has no end");
    readback->sets[id].wrong |= !ends;
    readback->pause_ms = MAX(readback->pause_ms, left);
}

/* No question is waited for longer than our rules say. */
static bool is_remembered(const struct nftnl_set_elem *element, uint64_t milliseconds)
{
    return nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_EXPIRATION) &&
           nftnl_set_elem_get_u64((struct nftnl_set_elem *) element, NFTNL_SET_ELEM_EXPIRATION) <=
               milliseconds;
}

static void take_frame_type(KsReadback *readback, const uint8_t *key)
{
    if (readback->frame_types_count < KS_FRAME_TYPES_MAX)
        readback->frame_types[readback->frame_types_count++] = (uint16_t) (key[0] << 8 | key[1]);
}

/* A range of each field. Its end by itself is told as what is left of it. */
static bool take_box(KsReadback *readback, unsigned id, const struct nftnl_set_elem *element)
{
    const KsSetDefinition *definition = &readback->skeleton->sets[id];
    struct nftnl_set_elem *readable = (struct nftnl_set_elem *) element;
    bool ends = nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_EXPIRATION);
    uint64_t left = ends ? nftnl_set_elem_get_u64(readable, NFTNL_SET_ELEM_EXPIRATION) : 0;
    uint64_t until = (uint64_t) readback->read_at / 1000000 + left / 1000;
    KsKey key = { .value = ends, .until = ends ? (uint32_t) MIN(until, UINT32_MAX) : 0 };
    uint32_t length = 0;
    const void *first = nftnl_set_elem_get(readable, NFTNL_SET_ELEM_KEY, &length);
    const void *last = nftnl_set_elem_get(readable, NFTNL_SET_ELEM_KEY_END, &length);

    if (!last || length < definition->key_length)
        last = first; /* one value alone */
    memcpy(key.bytes, first, definition->key_length);
    memcpy(key.bytes + definition->key_length, last, definition->key_length);
    return ks_lock_add_key(readback->lock, definition->keys, &key);
}

static void take_key(KsReadback *readback, unsigned id, const void *bytes, uint32_t flags,
                     uint32_t value)
{
    const KsSetDefinition *definition = &readback->skeleton->sets[id];
    KsKey key = { .value = value };

    if (ks_set_is_range(definition->keys)) {
        Boundary boundary = { .end = flags & NFT_SET_ELEM_INTERVAL_END };

        memcpy(boundary.address, bytes, MIN(definition->key_length, sizeof(boundary.address)));
        g_array_append_val(readback->boundaries[definition->keys], boundary);
        return;
    }
    memcpy(key.bytes, bytes, definition->key_length);
    if (definition->holds_indices && ks_key_number(&key) <= KS_LOCK_INDEX_MAX)
        judge_foreign_element(readback, id); /* an index as it is: a version before wrote it */
    else
        ks_set_flip_index(definition, &key);
    if (!ks_lock_add_key(readback->lock, definition->keys, &key))
        judge_foreign_element(readback, id); /* more than we ever put in */
}

void ks_readback_judge_element(KsReadback *readback, unsigned id,
                               const struct nftnl_set_elem *element)
{
    const KsSetDefinition *definition = &readback->skeleton->sets[id];
    struct nftnl_set_elem *readable = (struct nftnl_set_elem *) element;
    uint32_t flags = nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_FLAGS)
                         ? nftnl_set_elem_get_u32(readable, NFTNL_SET_ELEM_FLAGS)
                         : 0;
    uint32_t length = 0;
    uint32_t value;
    const void *key = nftnl_set_elem_get(readable, NFTNL_SET_ELEM_KEY, &length);

    /* "*", which is everything, has no key */
    if (!key || length < definition->key_length ||
        !read_data(readback->skeleton, definition, readable, &value)) {
        judge_foreign_element(readback, id);
        return;
    }
    switch (definition->holds) {
    case KS_SET_HOLDS_KEYS:
        if (!ks_set_is_box(definition->keys))
            take_key(readback, id, key, flags, value);
        else if (!take_box(readback, id, element))
            judge_foreign_element(readback, id); /* more than we ever put in */
        break;
    case KS_SET_HOLDS_PAUSE:
        take_pause(readback, id, element);
        break;
    case KS_SET_HOLDS_QUESTIONS:
        if (!is_remembered(element, KS_ASKED_MS))
            judge_foreign_element(readback, id);
        break;
    case KS_SET_HOLDS_FLOWS:
        if (!is_remembered(element, KS_FLOW_MS))
            judge_foreign_element(readback, id);
        break;
    case KS_SET_HOLDS_CLIENTS:
        break;
    case KS_SET_HOLDS_TYPES:
        if (is_remembered(element, KS_FRAME_TYPE_MS))
            take_frame_type(readback, key);
        else
            judge_foreign_element(readback, id);
        break;
    case KS_SET_HOLDS_CONSTANTS:
        if (is_constant_of(definition, key, flags, value))
            readback->sets[id].constants_seen++;
        else
            judge_foreign_element(readback, id);
        break;
    }
}
