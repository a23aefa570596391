/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/rules-text.h"

#include "model/server.h"
#include "rules/lock-table.h"
#include "rules/steps.h"

#include <inttypes.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

static const char *const hook_names[] = {
    [NF_INET_PRE_ROUTING] = "prerouting",   [NF_INET_LOCAL_IN] = "input",
    [NF_INET_FORWARD] = "forward",          [NF_INET_LOCAL_OUT] = "output",
    [NF_INET_POST_ROUTING] = "postrouting",
};

/* Names interfaces. */
typedef struct {
    const char *(*name_interface)(uint32_t index, const void *data); /* NULL: they stay numbers */
    const void *data;
} Namer;

/* A number as nft writes one that it knows no type of. */
static void append_number(GString *text, const uint8_t *bytes, unsigned size)
{
    unsigned zeros = 0;

    while (zeros + 1 < size && bytes[zeros] == 0)
        zeros++;
    g_string_append_printf(text, "0x%x", bytes[zeros]);
    for (unsigned i = zeros + 1; i < size; i++)
        g_string_append_printf(text, "%02x", bytes[i]);
}

/* As the kernel keeps one of four bytes. */
static uint32_t kernels_number(const uint8_t *bytes)
{
    uint32_t number;

    memcpy(&number, bytes, sizeof(number));
    return number;
}

static uint32_t wires_number(const uint8_t *bytes)
{
    return ntohl(kernels_number(bytes));
}

/* Returns the field's length in the key, with what fills it up. */
static unsigned append_field(GString *text, const KsField *field, const uint8_t *bytes)
{
    unsigned size = field->kind == KS_FIELD_RAW ? field->length / 8 : 0;
    char protocol[4];

    if (field->kind == KS_FIELD_RAW)
        append_number(text, bytes, size);
    else if (field->kind == KS_FIELD_META && field->of == NFT_META_NFPROTO)
        g_string_append(text, bytes[0] == NFPROTO_IPV4 ? "ipv4" : "ipv6");
    else if (field->kind == KS_FIELD_META && field->of == NFT_META_OIF)
        g_string_append_printf(text, "%u", wires_number(bytes));
    else if (field->kind == KS_FIELD_META && field->of == NFT_META_LEN)
        g_string_append_printf(text, "%u", kernels_number(bytes));
    else if (field->kind == KS_FIELD_META)
        g_string_append(text, ks_protocol_name(bytes[0], protocol));
    else
        g_string_append_printf(text, "%u", (unsigned) bytes[0] << 8 | bytes[1]);
    return size > 0 ? (size + 3) / 4 * 4 : 4;
}

static char *fields_text(const KsSetDefinition *definition, const uint8_t *bytes)
{
    GString *text = g_string_new(NULL);
    const KsField *fields = definition->fields;

    for (unsigned i = 0; i < ks_set_fields(definition); i++) {
        if (i > 0)
            g_string_append(text, " . ");
        bytes += append_field(text, &fields[i], bytes);
    }
    return g_string_free(text, FALSE);
}

static char *number_range_text(const KsSetDefinition *definition, const KsKey *key)
{
    uint8_t bytes[KS_KEY_SIZE_MAX];
    g_autofree char *first = fields_text(definition, key->bytes);
    g_autofree char *last = NULL;

    ks_key_last(definition->keys, key, bytes);
    last = fields_text(definition, bytes);
    return strcmp(first, last) == 0 ? g_strdup(first) : g_strdup_printf("%s-%s", first, last);
}

/* A range of each field that is one. */
static char *box_text(const KsSetDefinition *definition, const KsKey *key)
{
    const uint8_t *first = key->bytes;
    const uint8_t *last = key->bytes + definition->key_length;
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < ks_set_fields(definition); i++) {
        g_autoptr(GString) from = g_string_new(NULL);
        g_autoptr(GString) to = g_string_new(NULL);

        g_string_append(text, i > 0 ? " . " : "");
        first += append_field(from, &definition->fields[i], first);
        last += append_field(to, &definition->fields[i], last);
        g_string_append(text, from->str);
        if (!g_string_equal(from, to))
            g_string_append_printf(text, "-%s", to->str);
    }
    return g_string_free(text, FALSE);
}

static char *key_text_of(const KsSetDefinition *definition, const KsKey *key)
{
    KsKey held = *key;

    ks_set_flip_index(definition, &held);
    if (ks_set_fields(definition) == 0)
        return ks_key_text(definition->keys, &held);
    if (ks_set_is_box(definition->keys))
        return box_text(definition, key);
    return ks_set_is_range(definition->keys) ? number_range_text(definition, key)
                                             : fields_text(definition, key->bytes);
}

static void append_key(GString *text, const KsSkeleton *skeleton, const KsSetDefinition *definition,
                       const KsKey *key)
{
    g_autofree char *key_text = key_text_of(definition, key);

    g_string_append(text, key_text);
    if (definition->data == KS_DATA_VERDICT && key->value < definition->verdicts_count) {
        const KsVerdict *verdict = &definition->verdicts[key->value];

        if (verdict->code == NFT_JUMP || verdict->code == NFT_GOTO)
            g_string_append_printf(text, " : %s %s", verdict->code == NFT_JUMP ? "jump" : "goto",
                                   skeleton->chains[verdict->chain].name);
        else
            g_string_append_printf(text, " : %s",
                                   verdict->code == NF_ACCEPT ? "accept"
                                   : verdict->code == NF_DROP ? "drop"
                                                              : "return");
    }
}

/* With `expires` alone, the kernel refuses a saved copy or keeps its elements; so it does with a
 * timeout that is shorter than a tick of its clock. */
static void append_timeout(GString *text, uint64_t milliseconds)
{
    uint64_t left = MAX(milliseconds, 1000);

    g_string_append_printf(text, " timeout %" PRIu64 "ms expires %" PRIu64 "ms", left, left);
}

static void append_pause(GString *text, const KsSetDefinition *definition, uint64_t milliseconds)
{
    bool typed = ks_set_fields(definition) == 0;
    g_autofree char *ipv4 = typed ? NULL : fields_text(definition, &definition->versions[0]);
    g_autofree char *ipv6 = typed ? NULL : fields_text(definition, &definition->versions[1]);

    g_string_append_printf(text, "\t\telements = { %s", typed ? "ipv4" : ipv4);
    append_timeout(text, milliseconds);
    g_string_append_printf(text, ", %s", typed ? "ipv6" : ipv6);
    append_timeout(text, milliseconds);
    g_string_append(text, " }\n");
}

/* What the kernel ends by itself, as it was left when it was read. */
static void append_end(GString *text, const KsReadback *readback, const KsKey *key)
{
    int64_t left = (int64_t) key->until * 1000 - readback->read_at / 1000;

    if (key->until > 0)
        append_timeout(text, (uint64_t) MAX(left, 0));
}

/* For people; to nft it is a comment. */
static void append_name(GString *text, const KsSetDefinition *definition, const KsKey *key,
                        const Namer *namer)
{
    const char *name = NULL;

    if (definition->holds_indices && namer->name_interface)
        name = namer->name_interface(ks_key_number(key), namer->data);
    if (name)
        g_string_append_printf(text, " # \"%s\"", name);
}

static void append_elements(GString *text, const KsReadback *readback,
                            const KsSetDefinition *definition, const Namer *namer)
{
    const GArray *keys = readback->lock->sets[definition->keys];

    switch (definition->holds) {
    case KS_SET_HOLDS_CONSTANTS: /* the kernel's elements were compared one by one */
        g_string_append_printf(text, "\t\telements = { %s }\n", definition->constants_text);
        break;
    case KS_SET_HOLDS_PAUSE:
        if (readback->pause_ms > 0)
            append_pause(text, definition, readback->pause_ms);
        break;
    case KS_SET_HOLDS_QUESTIONS: /* gone before they are read */
    case KS_SET_HOLDS_FLOWS:
    case KS_SET_HOLDS_CLIENTS:
    case KS_SET_HOLDS_TYPES:
        break;
    case KS_SET_HOLDS_KEYS:
        if (keys->len == 0)
            break;
        g_string_append(text, "\t\telements = { ");
        for (unsigned i = 0; i < keys->len; i++) {
            const KsKey *key = &g_array_index(keys, KsKey, i);

            if (i > 0)
                g_string_append(text, "\t\t\t     ");
            append_key(text, readback->skeleton, definition, key);
            append_end(text, readback, key);
            g_string_append(text, i + 1 < keys->len ? "," : " }");
            append_name(text, definition, key, namer);
            g_string_append_c(text, '\n');
        }
        break;
    }
}

/* On a line of its own: of a table, a chain, a set. */
static void append_comment(GString *text, const char *indent, const char *comment)
{
    if (comment)
        g_string_append_printf(text, "%scomment \"%s\"\n", indent, comment);
}

static void append_set(GString *text, const KsReadback *readback, unsigned set, const Namer *namer)
{
    const KsSetDefinition *definition = &readback->skeleton->sets[set];
    const struct {
        uint32_t flag;
        const char *name;
    } flags[] = {
        { NFT_SET_CONSTANT, "constant" },
        { NFT_SET_INTERVAL, "interval" },
        { NFT_SET_EVAL, "dynamic" },
        { NFT_SET_TIMEOUT, "timeout" },
    };
    const char *separator = "\t\tflags ";
    size_t before;

    g_string_append_printf(
        text, "\t%s %s {\n\t\t%s %s\n", definition->data == KS_DATA_NONE ? "set" : "map",
        definition->name, ks_set_fields(definition) == 0 ? "type" : "typeof", definition->nft_type);
    if (definition->size)
        g_string_append_printf(text, "\t\tsize %u\n", definition->size);
    before = text->len;
    for (unsigned i = 0; i < G_N_ELEMENTS(flags); i++) {
        if (!(definition->flags & flags[i].flag))
            continue;
        g_string_append_printf(text, "%s%s", separator, flags[i].name);
        separator = ",";
    }
    if (text->len > before)
        g_string_append_c(text, '\n');
    append_comment(text, "\t\t", definition->comment);
    append_elements(text, readback, definition, namer);
    g_string_append(text, "\t}\n\n");
}

static void append_rule(GString *text, const KsRule *rule)
{
    g_string_append_printf(text, "\t\t%s", rule->text);
    if (rule->comment)
        g_string_append_printf(text, " comment \"%s\"", rule->comment);
    g_string_append_c(text, '\n');
}

static void append_chain(GString *text, const KsReadback *readback, unsigned id)
{
    const KsSkeleton *skeleton = readback->skeleton;
    const KsChain *chain = &skeleton->chains[id];
    g_autoptr(GPtrArray) rules = ks_skeleton_rules_of(skeleton, id, readback->lock);

    g_string_append_printf(text, "\tchain %s {\n", chain->name);
    append_comment(text, "\t\t", chain->comment);
    if (chain->base && chain->beginnings) {
        g_autofree char *devices = g_strjoinv("*\", \"", (char **) chain->beginnings);

        g_string_append_printf(text,
                               "\t\ttype filter hook egress devices = { \"%s*\" } "
                               "priority filter; policy drop;\n",
                               devices);
    } else if (chain->base && chain->device) {
        g_autofree char *device = g_strescape(chain->device, NULL);

        g_string_append_printf(
            text, "\t\ttype filter hook egress device \"%s\" priority filter; policy drop;\n",
            device);
    } else if (chain->base)
        g_string_append_printf(text, "\t\ttype filter hook %s priority %s; policy %s;\n",
                               hook_names[chain->hook],
                               chain->priority == KS_PRIORITY_FILTER ? "filter"
                               : chain->priority == KS_PRIORITY_RAW  ? "raw"
                                                                     : "300",
                               chain->policy == NF_DROP ? "drop" : "accept");
    for (unsigned i = 0; i < rules->len; i++)
        append_rule(text, g_ptr_array_index(rules, i));
    g_string_append_printf(text, "\t}\n%s", id + 1 < skeleton->chains_count ? "\n" : "");
}

char *ks_rules_text(const KsReadback *readback,
                    const char *(*name_interface)(uint32_t index, const void *data),
                    const void *data)
{
    const KsSkeleton *skeleton = readback->skeleton;
    Namer namer = { name_interface, data };
    GString *text = g_string_new(NULL);

    if (!readback->present)
        return g_string_free(text, FALSE);

    for (unsigned i = 0; i < readback->problems->len; i++)
        g_string_append_printf(text, "# NOT AS IT SHOULD BE: %s\n",
                               (const char *) g_ptr_array_index(readback->problems, i));
    g_string_append_printf(text, "table %s %s {", ks_skeleton_family_name(skeleton),
                           skeleton->name);
    if (readback->flags & NFT_TABLE_F_OWNER)
        g_string_append_printf(text, " # flags owner%s, netlink port %u",
                               ks_readback_is_owned(readback) ? ",persist" : "", readback->owner);
    g_string_append_c(text, '\n');
    append_comment(text, "\t", skeleton->comment);
    for (unsigned i = 0; i < skeleton->counters_count; i++)
        g_string_append_printf(
            text, "\tcounter %s {\n\t\tpackets %" PRIu64 " bytes %" PRIu64 "\n\t}\n\n",
            skeleton->counters[i], readback->counters[i].packets, readback->counters[i].bytes);
    for (unsigned set = 0; set < skeleton->sets_count; set++)
        append_set(text, readback, set, &namer);
    for (unsigned chain = 0; chain < skeleton->chains_count; chain++)
        append_chain(text, readback, chain);
    g_string_append(text, "}\n");
    return g_string_free(text, FALSE);
}
