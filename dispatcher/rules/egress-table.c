/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/egress-table.h"

#include "model/names.h"
#include "rules/lock-table.h"
#include "rules/steps.h"

/* Not in the kernel headers of libnftnl's users (linux/netfilter.h, enum nf_dev_hooks). */
#define EGRESS_HOOK 1

/* Each uplink's chain: a jump, and the last rule. */
#define UPLINK_RULES 2

struct KsEgressTable {
    KsSkeleton skeleton;
    KsChain *chains;
    char **names; /* the chains', then the devices' */
    KsRule *rules;
    KsRuleSegment uplink_rules;
    const KsRuleSegment *segments[2];
};

static const char *const counters[KS_EGRESS_COUNTERS] = {
    [KS_EGRESS_BLOCKED] = "blocked_frames",
};

static const KsChain shared_chains[KS_EGRESS_CHAINS] = {
    [KS_EGRESS_ETHERNET] = { .name = "ethernet" }, [KS_EGRESS_BARE] = { .name = "bare" },
    [KS_EGRESS_IPV4] = { .name = "ipv4" },         [KS_EGRESS_IPV6] = { .name = "ipv6" },
    [KS_EGRESS_PPPOE] = { .name = "pppoe" },       [KS_EGRESS_LAN4] = { .name = "lan_out4" },
    [KS_EGRESS_LAN6] = { .name = "lan_out6" },
};

/* The lock's own sets, under the same names and, where a server's verdict is looked up, with the
 * same number beside the key: which of a machine's programs may send is the first layer's
 * business. */
static const struct {
    unsigned lock_set;
    const char *name;
} borrowed[KS_EGRESS_SET_MAX] = {
    [KS_EGRESS_SET_SERVERS4] = { KS_SET_SERVERS4, "servers4" },
    [KS_EGRESS_SET_SERVERS6] = { KS_SET_SERVERS6, "servers6" },
    [KS_EGRESS_SET_PROTOCOLS4] = { KS_SET_PROTOCOLS4, "protocols4" },
    [KS_EGRESS_SET_PROTOCOLS6] = { KS_SET_PROTOCOLS6, "protocols6" },
    [KS_EGRESS_SET_DHCP_SERVERS] = { KS_SET_DHCP_SERVERS, "dhcp_servers" },
    [KS_EGRESS_SET_LAN_UPLINKS] = { KS_SET_LAN_INTERFACES, "lan_uplinks" },
    [KS_EGRESS_SET_TUNNEL_ADDRESSES4] = { KS_SET_TUNNEL_ADDRESSES4, "tunnel_addresses4" },
    [KS_EGRESS_SET_TUNNEL_ADDRESSES6] = { KS_SET_TUNNEL_ADDRESSES6, "tunnel_addresses6" },
    [KS_EGRESS_SET_TUNNEL_ROUTES4] = { KS_SET_TUNNEL_ROUTES4, "tunnel_routes4" },
    [KS_EGRESS_SET_TUNNEL_ROUTES6] = { KS_SET_TUNNEL_ROUTES6, "tunnel_routes6" },
    [KS_EGRESS_SET_PAUSE] = { KS_NFT_SET_PAUSE, "pause" },
    [KS_EGRESS_SET_LAN4] = { KS_NFT_SET_LAN4, "lan4" },
    [KS_EGRESS_SET_LAN6] = { KS_NFT_SET_LAN6, "lan6" },
    [KS_EGRESS_SET_RESOLVER_PORTS] = { KS_NFT_SET_RESOLVER_PORTS, "resolver_ports" },
};

static const char *const numbered_types[KS_EGRESS_SET_MAX] = {
    [KS_EGRESS_SET_SERVERS4] = "ipv4_addr . inet_proto . inet_service : mark",
    [KS_EGRESS_SET_SERVERS6] = "ipv6_addr . inet_proto . inet_service : mark",
    [KS_EGRESS_SET_PROTOCOLS4] = "ipv4_addr . inet_proto : mark",
    [KS_EGRESS_SET_PROTOCOLS6] = "ipv6_addr . inet_proto : mark",
};

static const KsSetDefinition *set_definitions(void)
{
    static KsSetDefinition *made;

    if (g_once_init_enter(&made)) {
        KsSetDefinition *sets = g_new0(KsSetDefinition, KS_EGRESS_SET_MAX);

        for (unsigned i = 0; i < KS_EGRESS_SET_MAX; i++) {
            sets[i] = ks_lock_table.sets[borrowed[i].lock_set];
            sets[i].name = borrowed[i].name;
            if (!numbered_types[i])
                continue;
            sets[i].nft_type = numbered_types[i];
            sets[i].data = KS_DATA_NUMBER;
            sets[i].verdicts = NULL;
            sets[i].verdicts_count = 0;
        }
        g_once_init_leave(&made, sets);
    }
    return made;
}

/* clang-format off */
static const KsRule by_form[] = {
    [KS_UPLINK_ETHERNET] = { .text = "jump ethernet", .steps = { JUMP(KS_EGRESS_ETHERNET) } },
    [KS_UPLINK_BARE] = { .text = "jump bare", .steps = { JUMP(KS_EGRESS_BARE) } },
    [KS_UPLINK_OTHER] = { .text = "counter name \"blocked_frames\" drop",
                          .steps = { COUNT(KS_EGRESS_BLOCKED), DROP } },
};

static const KsRule last = { .text = "counter name \"blocked_frames\" drop",
                             .steps = { COUNT(KS_EGRESS_BLOCKED), DROP } };
/* clang-format on */

KsEgressTable *ks_egress_table_new(const GArray *uplinks)
{
    KsEgressTable *table = g_new0(KsEgressTable, 1);

    table->chains = g_new0(KsChain, KS_EGRESS_CHAINS + uplinks->len);
    table->names = g_new0(char *, 2 * uplinks->len + 1);
    table->rules = g_new0(KsRule, UPLINK_RULES * uplinks->len + 1);
    memcpy(table->chains, shared_chains, sizeof(shared_chains));
    for (unsigned i = 0; i < uplinks->len; i++) {
        const KsUplink *uplink = &g_array_index(uplinks, KsUplink, i);
        KsRule *rules = &table->rules[UPLINK_RULES * i];

        table->names[2 * i] = g_strdup_printf("uplink_%u", uplink->index);
        table->names[2 * i + 1] = g_strdup(uplink->name);
        table->chains[KS_EGRESS_CHAINS + i] = (KsChain){
            .name = table->names[2 * i],
            .base = true,
            .hook = EGRESS_HOOK,
            .priority = KS_PRIORITY_FILTER,
            .device = table->names[2 * i + 1],
        };
        rules[0] = by_form[uplink->form];
        rules[1] = last;
        rules[0].chain = rules[1].chain = KS_EGRESS_CHAINS + i;
    }
    table->uplink_rules = (KsRuleSegment){ table->rules, UPLINK_RULES * uplinks->len };
    table->segments[0] = &ks_egress_rules;
    table->segments[1] = &table->uplink_rules;
    table->skeleton = (KsSkeleton){
        .family = NFPROTO_NETDEV,
        .name = KS_TABLE,
        .chains = table->chains,
        .chains_count = KS_EGRESS_CHAINS + uplinks->len,
        .sets = set_definitions(),
        .sets_count = KS_EGRESS_SET_MAX,
        .counters = counters,
        .counters_count = KS_EGRESS_COUNTERS,
        .segments = table->segments,
        .segments_count = G_N_ELEMENTS(table->segments),
    };
    return table;
}

void ks_egress_table_free(KsEgressTable *table)
{
    if (!table)
        return;
    g_strfreev(table->names);
    g_free(table->chains);
    g_free(table->rules);
    g_free(table);
}

const KsSkeleton *ks_egress_table_skeleton(const KsEgressTable *table)
{
    return &table->skeleton;
}
