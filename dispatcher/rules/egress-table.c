/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/egress-table.h"

#include "model/names.h"
#include "rules/lock-table.h"
#include "rules/steps.h"

/* Not in the kernel headers of libnftnl's users (linux/netfilter.h, enum nf_dev_hooks). */
#define EGRESS_HOOK 1

#define FORM_RULES_MAX 4

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
    [KS_EGRESS_ETHERNET] = { .name = "ethernet" },
    [KS_EGRESS_BARE] = { .name = "bare" },
    [KS_EGRESS_IPV4] = { .name = "ipv4" },
    [KS_EGRESS_IPV6] = { .name = "ipv6" },
    [KS_EGRESS_REPORTS] = { .name = "reports" },
    [KS_EGRESS_PPPOE] = { .name = "pppoe" },
    [KS_EGRESS_LAN4] = { .name = "lan_out4" },
    [KS_EGRESS_LAN6] = { .name = "lan_out6" },
    [KS_EGRESS_TO_HOTSPOT] = { .name = "to_hotspot" },
};

/* The lock's own sets, under the same names. */
static const struct {
    unsigned lock_set;
    const char *name;
} borrowed[KS_EGRESS_SET_MAX] = {
    [KS_EGRESS_SET_SERVERS4] = { KS_SET_SERVERS4, "servers4" },
    [KS_EGRESS_SET_SERVERS6] = { KS_SET_SERVERS6, "servers6" },
    [KS_EGRESS_SET_PROTOCOLS4] = { KS_SET_PROTOCOLS4, "protocols4" },
    [KS_EGRESS_SET_PROTOCOLS6] = { KS_SET_PROTOCOLS6, "protocols6" },
    [KS_EGRESS_SET_FRAGMENTS4] = { KS_SET_FRAGMENTS4, "fragments4" },
    [KS_EGRESS_SET_FRAGMENTS6] = { KS_SET_FRAGMENTS6, "fragments6" },
    [KS_EGRESS_SET_DHCP_SERVERS] = { KS_SET_DHCP_SERVERS, "dhcp_servers" },
    [KS_EGRESS_SET_LAN_UPLINKS] = { KS_SET_LAN_INTERFACES, "lan_uplinks" },
    [KS_EGRESS_SET_TUNNEL_SENDERS4] = { KS_SET_TUNNEL_SENDERS4, "tunnel_senders4" },
    [KS_EGRESS_SET_TUNNEL_TARGETS6] = { KS_SET_TUNNEL_TARGETS6, "tunnel_targets6" },
    [KS_EGRESS_SET_TUNNEL_ROUTES4] = { KS_SET_TUNNEL_ROUTES4, "tunnel_routes4" },
    [KS_EGRESS_SET_TUNNEL_ROUTES6] = { KS_SET_TUNNEL_ROUTES6, "tunnel_routes6" },
    [KS_EGRESS_SET_PPPOE_PEERS] = { KS_SET_PPPOE_PEERS, "pppoe_peers" },
    [KS_EGRESS_SET_PAUSE] = { KS_NFT_SET_PAUSE, "pause" },
    [KS_EGRESS_SET_LAN4] = { KS_NFT_SET_LAN4, "lan4" },
    [KS_EGRESS_SET_LAN6] = { KS_NFT_SET_LAN6, "lan6" },
    [KS_EGRESS_SET_RESOLVER_PORTS] = { KS_NFT_SET_RESOLVER_PORTS, "resolver_ports" },
    [KS_EGRESS_SET_LINK_GROUPS] = { KS_NFT_SET_LINK_GROUPS, "link_groups" },
    [KS_EGRESS_SET_REPORT_LENGTHS] = { KS_NFT_SET_REPORT_LENGTHS, "report_lengths" },
};

#define TO4 RAW_NETWORK(8 * IPV4_DESTINATION, 32)
#define TO6 RAW_NETWORK(8 * IPV6_DESTINATION, 128)

/* What differs in this table: nft knows no header here, only its bytes. */
static const struct {
    const char *nft_type;
    KsField fields[KS_FIELDS_MAX];
    uint32_t key_type;
    const char *constants_text;
} own[KS_EGRESS_SET_MAX] = {
    [KS_EGRESS_SET_SERVERS4] = {
        "@nh,128,32 . meta l4proto . th dport",
        { TO4, META_FIELD(L4PROTO), DESTINATION_PORT_FIELD },
        CONCAT3(TYPE_INTEGER, TYPE_INET_PROTO, TYPE_INET_SERVICE),
    },
    [KS_EGRESS_SET_SERVERS6] = {
        "@nh,192,128 . meta l4proto . th dport",
        { TO6, META_FIELD(L4PROTO), DESTINATION_PORT_FIELD },
        CONCAT3(TYPE_INTEGER, TYPE_INET_PROTO, TYPE_INET_SERVICE),
    },
    [KS_EGRESS_SET_PROTOCOLS4] = {
        "@nh,128,32 . meta l4proto",
        { TO4, META_FIELD(L4PROTO) },
        CONCAT(TYPE_INTEGER, TYPE_INET_PROTO),
    },
    [KS_EGRESS_SET_PROTOCOLS6] = {
        "@nh,192,128 . meta l4proto",
        { TO6, META_FIELD(L4PROTO) },
        CONCAT(TYPE_INTEGER, TYPE_INET_PROTO),
    },
    [KS_EGRESS_SET_DHCP_SERVERS] = { "@nh,128,32", { TO4 }, TYPE_INTEGER },
    [KS_EGRESS_SET_TUNNEL_ROUTES4] = { "@nh,128,32", { TO4 }, TYPE_INTEGER },
    [KS_EGRESS_SET_TUNNEL_ROUTES6] = { "@nh,192,128", { TO6 }, TYPE_INTEGER },
    [KS_EGRESS_SET_PPPOE_PEERS] = { "@ll,0,48", { RAW_LINK(0, 48) }, TYPE_INTEGER },
    [KS_EGRESS_SET_PAUSE] = { "@nh,0,8", { RAW_NETWORK(0, 8) }, TYPE_INTEGER },
    [KS_EGRESS_SET_LAN4] = {
        "@nh,128,32",
        { TO4 },
        TYPE_INTEGER,
        .constants_text = "0xa000000-0xaffffff, 0xa9fe0000-0xa9feffff, 0xac100000-0xac1fffff, "
                          "0xc0a80000-0xc0a8ffff, 0xe0000000-0xe00000ff, 0xef000000-0xefffffff, "
                          "0xffffffff",
    },
    [KS_EGRESS_SET_LAN6] = {
        "@nh,192,128",
        { TO6 },
        TYPE_INTEGER,
        .constants_text =
            "0xfc000000000000000000000000000000-0xfdffffffffffffffffffffffffffffff, "
            "0xfe800000000000000000000000000000-0xfebfffffffffffffffffffffffffffff, "
            "0xff020000000000000000000000000000-0xff02ffffffffffffffffffffffffffff, "
            "0xff050000000000000000000000000000-0xff05ffffffffffffffffffffffffffff",
    },
};

static void make_own(KsSetDefinition *set, unsigned id)
{
    if (!own[id].nft_type)
        return;
    set->nft_type = own[id].nft_type;
    memcpy(set->fields, own[id].fields, sizeof(set->fields));
    set->key_type = own[id].key_type;
    set->host_order = false;
    if (own[id].constants_text)
        set->constants_text = own[id].constants_text;
    /* which of a machine's programs may send to a server is the first layer's business */
    set->data = KS_DATA_NONE;
    set->flags &= ~(uint32_t) NFT_SET_MAP;
    set->verdicts = NULL;
    set->verdicts_count = 0;
}

static const KsSetDefinition *set_definitions(void)
{
    static KsSetDefinition *made;

    if (g_once_init_enter(&made)) {
        static const uint8_t versions[] = { 0x4f, 0x6f }; /* what a packet begins with, | 0x0f */
        KsSetDefinition *sets = g_new0(KsSetDefinition, KS_EGRESS_SET_MAX);

        for (unsigned i = 0; i < KS_EGRESS_SET_MAX; i++) {
            sets[i] = ks_lock_table.sets[borrowed[i].lock_set];
            sets[i].name = borrowed[i].name;
            make_own(&sets[i], i);
        }
        memcpy(sets[KS_EGRESS_SET_PAUSE].versions, versions, sizeof(versions));
        g_once_init_leave(&made, sets);
    }
    return made;
}

/* clang-format off */
/* Each uplink's own rules. Nearly all that leaves goes to a server, so that comes first, and by the
 * kernel's word, which costs less than the frame's own: who lies to it can address a frame to the
 * server's port as well. That word comes last in the rule: where it stands first, nft says the
 * bytes in words of the header, for which it wants another type of set. */
#define TO_SERVERS \
    { .text = "@nh,128,32 . meta l4proto . th dport @servers4 meta protocol ip accept", \
      .steps = DO(NETWORK(IPV4_DESTINATION, 4, R1), META(L4PROTO, R1_1), \
                 TRANSPORT(DESTINATION_PORT, 2, R1_2), LOOKUP(KS_EGRESS_SET_SERVERS4), \
                 META(PROTOCOL, R1), COMPARE(EQ, 2, 0x08, 0x00), ACCEPT) }, \
    { .text = "@nh,192,128 . meta l4proto . th dport @servers6 meta protocol ip6 accept", \
      .steps = DO(NETWORK(IPV6_DESTINATION, 16, R1), META(L4PROTO, R2), \
                 TRANSPORT(DESTINATION_PORT, 2, R2_1), LOOKUP(KS_EGRESS_SET_SERVERS6), \
                 META(PROTOCOL, R1), COMPARE(EQ, 2, 0x86, 0xdd), ACCEPT) }

static const KsRule by_form[][FORM_RULES_MAX] = {
    [KS_UPLINK_ETHERNET] = {
        TO_SERVERS,
        { .text = "jump ethernet", .steps = DO(JUMP(KS_EGRESS_ETHERNET)) },
    },
    [KS_UPLINK_HOTSPOT] = {
        TO_SERVERS,
        { .text = "jump ethernet", .steps = DO(JUMP(KS_EGRESS_ETHERNET)) },
        { .text = "jump to_hotspot", .steps = DO(JUMP(KS_EGRESS_TO_HOTSPOT)) },
    },
    [KS_UPLINK_BARE] = { { .text = "jump bare", .steps = DO(JUMP(KS_EGRESS_BARE)) } },
    /* who may send into one session by loopback sends into another, and out */
    [KS_UPLINK_LOOPBACK] = {
        { .text = "meta protocol != 0x8864 accept",
          .steps = DO(META(PROTOCOL, R1), COMPARE(NEQ, 2, 0x88, 0x64), ACCEPT) },
    },
    [KS_UPLINK_OTHER] = { { .text = NULL } },
};

static const KsRule last = { .text = "counter name \"blocked_frames\" drop",
                             .steps = DO(COUNT(KS_EGRESS_BLOCKED), DROP) };
/* clang-format on */

static void add_uplink_rules(KsEgressTable *table, KsUplinkForm form, unsigned chain)
{
    for (unsigned i = 0; i <= FORM_RULES_MAX; i++) {
        bool is_last = i == FORM_RULES_MAX || !by_form[form][i].text;
        KsRule *rule = &table->rules[table->uplink_rules.count++];

        *rule = is_last ? last : by_form[form][i];
        rule->chain = chain;
        if (is_last)
            break;
    }
}

KsEgressTable *ks_egress_table_new(const GArray *uplinks)
{
    KsEgressTable *table = g_new0(KsEgressTable, 1);

    table->chains = g_new0(KsChain, KS_EGRESS_CHAINS + uplinks->len);
    table->names = g_new0(char *, 2 * uplinks->len + 1);
    table->rules = g_new0(KsRule, (FORM_RULES_MAX + 1) * uplinks->len + 1);
    table->uplink_rules.rules = table->rules;
    memcpy(table->chains, shared_chains, sizeof(shared_chains));
    for (unsigned i = 0; i < uplinks->len; i++) {
        const KsUplink *uplink = &g_array_index(uplinks, KsUplink, i);

        table->names[2 * i] = g_strdup_printf("uplink_%u", uplink->index);
        table->names[2 * i + 1] = g_strdup(uplink->name);
        table->chains[KS_EGRESS_CHAINS + i] = (KsChain){
            .name = table->names[2 * i],
            .base = true,
            .hook = EGRESS_HOOK,
            .priority = KS_PRIORITY_FILTER,
            .device = table->names[2 * i + 1],
        };
        add_uplink_rules(table, uplink->form, KS_EGRESS_CHAINS + i);
    }
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
