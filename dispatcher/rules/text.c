/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/text.h"

#include "model/names.h"

#include <inttypes.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

/* Constant sets in nft's words, for the reader; the kernel's elements were compared one by one. */
static const char *const constant_elements[KS_NFT_SET_MAX] = {
    [KS_NFT_SET_LAN4] = "10.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16, 224.0.0.0/24, "
                        "239.0.0.0/8, 255.255.255.255",
    [KS_NFT_SET_LAN6] = "fc00::/7, fe80::/10, ff02::/16, ff05::/16",
    [KS_NFT_SET_RESOLVER_PORTS] = "tcp . 53, udp . 53, tcp . 853, udp . 853",
};

static const char *const hook_names[] = {
    [NF_INET_PRE_ROUTING] = "prerouting",   [NF_INET_LOCAL_IN] = "input",
    [NF_INET_FORWARD] = "forward",          [NF_INET_LOCAL_OUT] = "output",
    [NF_INET_POST_ROUTING] = "postrouting",
};

static void append_key(GString *text, KsSetId set, const KsKey *key, KsInterfaceNamer namer,
                       const void *namer_data)
{
    g_autofree char *key_text = ks_key_text(set, key);
    const char *name = NULL;

    if ((set == KS_SET_OPEN_INTERFACES || set == KS_SET_LAN_INTERFACES) && namer)
        name = namer(ks_key_interface(key), namer_data);
    if (name)
        g_string_append_printf(text, "\"%s\"", name);
    else
        g_string_append(text, key_text);
}

static void append_elements(GString *text, const KsReadback *readback, KsNftSet set,
                            KsInterfaceNamer namer, const void *namer_data)
{
    if (constant_elements[set]) {
        g_string_append_printf(text, "\t\telements = { %s }\n", constant_elements[set]);
    } else if (set == KS_NFT_SET_PAUSE && readback->pause_ms > 0) {
        g_string_append_printf(
            text, "\t\telements = { ipv4 expires %" PRIu64 "ms, ipv6 expires %" PRIu64 "ms }\n",
            readback->pause_ms, readback->pause_ms);
    } else if ((unsigned) set < KS_SET_MAX && readback->lock->sets[set]->len > 0) {
        const GArray *keys = readback->lock->sets[set];

        g_string_append(text, "\t\telements = { ");
        for (unsigned i = 0; i < keys->len; i++) {
            if (i > 0)
                g_string_append(text, ",\n\t\t\t     ");
            append_key(text, (KsSetId) set, &g_array_index(keys, KsKey, i), namer, namer_data);
        }
        g_string_append(text, " }\n");
    }
}

static void append_set(GString *text, const KsReadback *readback, KsNftSet set,
                       KsInterfaceNamer namer, const void *namer_data)
{
    const KsSetDefinition *definition = &ks_set_definitions[set];
    const struct {
        uint32_t flag;
        const char *name;
    } flags[] = {
        { NFT_SET_CONSTANT, "constant" },
        { NFT_SET_INTERVAL, "interval" },
        { NFT_SET_TIMEOUT, "timeout" },
    };
    const char *separator = "\t\tflags ";

    g_string_append_printf(text, "\tset %s {\n\t\ttype %s\n", definition->name,
                           definition->nft_type);
    if (definition->size)
        g_string_append_printf(text, "\t\tsize %u\n", definition->size);
    for (unsigned i = 0; i < G_N_ELEMENTS(flags); i++) {
        if (!(definition->flags & flags[i].flag))
            continue;
        g_string_append_printf(text, "%s%s", separator, flags[i].name);
        separator = ",";
    }
    if (definition->flags)
        g_string_append_c(text, '\n');
    append_elements(text, readback, set, namer, namer_data);
    g_string_append(text, "\t}\n\n");
}

static void append_chain(GString *text, KsChainId chain)
{
    g_string_append_printf(text, "\tchain %s {\n", ks_chains[chain].name);
    if (ks_chains[chain].base)
        g_string_append_printf(text, "\t\ttype filter hook %s priority %s; policy drop;\n",
                               hook_names[ks_chains[chain].hook],
                               ks_chains[chain].priority == KS_PRIORITY_FILTER ? "filter" : "300");
    for (unsigned i = 0; i < ks_rules_count; i++)
        if (ks_rules[i].chain == chain)
            g_string_append_printf(text, "\t\t%s\n", ks_rules[i].text);
    g_string_append_printf(text, "\t}\n%s", chain + 1 < KS_CHAIN_MAX ? "\n" : "");
}

char *ks_rules_text(const KsReadback *readback, KsInterfaceNamer namer, const void *namer_data)
{
    GString *text = g_string_new(NULL);

    if (!readback->present)
        return g_string_free(text, FALSE);

    for (unsigned i = 0; i < readback->problems->len; i++)
        g_string_append_printf(text, "# NOT AS IT SHOULD BE: %s\n",
                               (const char *) g_ptr_array_index(readback->problems, i));
    g_string_append_printf(text, "table inet %s {", KS_TABLE);
    if (readback->flags & NFT_TABLE_F_OWNER)
        g_string_append_printf(text, " # flags owner%s, netlink port %u",
                               ks_readback_is_owned(readback) ? ",persist" : "", readback->owner);
    g_string_append_c(text, '\n');
    for (KsCounterId counter = 0; counter < KS_COUNTER_MAX; counter++)
        g_string_append_printf(
            text, "\tcounter %s {\n\t\tpackets %" PRIu64 " bytes %" PRIu64 "\n\t}\n\n",
            ks_counter_names[counter], readback->packets[counter], readback->bytes[counter]);
    for (KsNftSet set = 0; set < KS_NFT_SET_MAX; set++)
        append_set(text, readback, set, namer, namer_data);
    for (KsChainId chain = 0; chain < KS_CHAIN_MAX; chain++)
        append_chain(text, chain);
    g_string_append(text, "}\n");
    return g_string_free(text, FALSE);
}
