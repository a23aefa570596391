/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/egress-table.h"

#include "model/names.h"
#include "rules/lock-table.h"
#include "rules/steps.h"

#include <linux/if_arp.h>

#define FORM_RULES_MAX 6

/* More than the rate lets in before they end. */
#define TOLD_FRAMES_MAX 1024u

#define HARDWARE_ETHER HOST_ORDER16(ARPHRD_ETHER)

struct KsEgressTable {
    KsSkeleton skeleton;
    KsChain *chains;
    char **names; /* the chains', then the devices' */
    KsRule *rules;
    KsRuleSegment own_rules;
    const KsRuleSegment *segments[2];
};

static const char *const counters[KS_EGRESS_COUNTERS] = {
    [KS_EGRESS_BLOCKED] = "blocked_frames",
};

static const KsChain shared_chains[KS_EGRESS_CHAINS] = {
    [KS_EGRESS_ETHERNET] = { .name = "ethernet",
                             .comment = "by the type that a frame itself names" },
    [KS_EGRESS_BARE] = { .name = "bare", .comment = "what has no Ethernet header" },
    [KS_EGRESS_IPV4] = { .name = "ipv4", .comment = "IPv4 that may leave" },
    [KS_EGRESS_IPV6] = { .name = "ipv6", .comment = "IPv6 that may leave" },
    [KS_EGRESS_REPORTS] = { .name = "reports",
                            .comment = "multicast reports: link upkeep's groups only" },
    [KS_EGRESS_PPPOE] = { .name = "pppoe", .comment = "PPPoE, to our provider only" },
    [KS_EGRESS_WRAPPED] = { .name = "wrapped", .comment = "frames that a link above has judged" },
    [KS_EGRESS_UNCOMMON] = { .name = "uncommon",
                             .comment = "types of dropped frames, to tell them" },
    [KS_EGRESS_RELAYED] = { .name = "relayed",
                            .comment = "what the kernel sends for a ring or a mesh" },
    [KS_EGRESS_LAN4] = { .name = "lan_out4",
                         .comment = "LAN access: private addresses, never DNS" },
    [KS_EGRESS_LAN6] = { .name = "lan_out6",
                         .comment = "LAN access: private addresses, never DNS" },
    [KS_EGRESS_TO_HOTSPOT] = { .name = "to_hotspot",
                               .comment = "what the hotspot's users may receive" },
    [KS_EGRESS_REFUSED] = { .name = "refused",
                            .conditional = true,
                            .with = KS_SET_TELLING,
                            .comment = "tells of what is refused, while somebody looks" },
    [KS_EGRESS_TELLING] = { .name = "telling",
                            .conditional = true,
                            .with = KS_SET_TELLING,
                            .comment = "what is told" },
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
    [KS_EGRESS_SET_WRAPPING_UPLINKS] = { KS_SET_WRAPPING_UPLINKS, "wrapping_uplinks" },
    [KS_EGRESS_SET_RELAYING_UPLINKS] = { KS_SET_RELAYING_UPLINKS, "relaying_uplinks" },
    [KS_EGRESS_SET_TELLING] = { KS_SET_TELLING, "told_versions" },
    [KS_EGRESS_SET_PAUSE] = { KS_NFT_SET_PAUSE, "pause" },
    [KS_EGRESS_SET_LAN4] = { KS_NFT_SET_LAN4, "lan4" },
    [KS_EGRESS_SET_LAN6] = { KS_NFT_SET_LAN6, "lan6" },
    [KS_EGRESS_SET_RESOLVER_PORTS] = { KS_NFT_SET_RESOLVER_PORTS, "resolver_ports" },
    [KS_EGRESS_SET_LINK_GROUPS] = { KS_NFT_SET_LINK_GROUPS, "link_groups" },
    [KS_EGRESS_SET_REPORT_LENGTHS] = { KS_NFT_SET_REPORT_LENGTHS, "report_lengths" },
    [KS_EGRESS_SET_EXCEPTIONS4] = { KS_SET_EXCEPTIONS4, "allowed_to4" },
    [KS_EGRESS_SET_EXCEPTIONS6] = { KS_SET_EXCEPTIONS6, "allowed_to6" },
    [KS_EGRESS_SET_SERVICES4] = { KS_SET_SERVICES4, "allowed_from4" },
    [KS_EGRESS_SET_SERVICES6] = { KS_SET_SERVICES6, "allowed_from6" },
    [KS_EGRESS_SET_BLOCKED_TYPES] = { KS_NFT_SET_COUNTED, "blocked_types" },
    [KS_EGRESS_SET_TOLD_FRAMES] = { KS_NFT_SET_COUNTED, "told_frames" },
    [KS_EGRESS_SET_TOLD_FROM] = { KS_NFT_SET_TOLD_FROM, "told_from" },
    [KS_EGRESS_SET_OPEN] = { KS_SET_OPEN_INTERFACES, "open_interfaces" },
};

#define TO4 RAW_NETWORK(8 * IPV4_DESTINATION, 32)
#define TO6 RAW_NETWORK(8 * IPV6_DESTINATION, 128)

/* What differs in this table: nft knows no header here, only its bytes. */
static const struct {
    const char *nft_type;
    KsField fields[KS_FIELDS_MAX];
    uint32_t key_type;
    const char *constants_text;
    uint32_t key_length; /* 0, also below: the same */
    uint32_t size;
    KsSetContents holds;
    const char *comment;
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
    [KS_EGRESS_SET_EXCEPTIONS4] = {
        "@nh,128,32 . @nh,72,8 . th dport . oif",
        { TO4, RAW_NETWORK(8 * IPV4_PROTOCOL, 8), DESTINATION_PORT_FIELD, META_FIELD(OIF) },
        CONCAT(CONCAT3(TYPE_INTEGER, TYPE_INTEGER, TYPE_INET_SERVICE), TYPE_IFACE_INDEX),
    },
    [KS_EGRESS_SET_EXCEPTIONS6] = {
        "@nh,192,128 . @nh,48,8 . th dport . oif",
        { TO6, RAW_NETWORK(8 * IPV6_NEXT_HEADER, 8), DESTINATION_PORT_FIELD, META_FIELD(OIF) },
        CONCAT(CONCAT3(TYPE_INTEGER, TYPE_INTEGER, TYPE_INET_SERVICE), TYPE_IFACE_INDEX),
    },
    [KS_EGRESS_SET_SERVICES4] = {
        "@nh,128,32 . @nh,72,8 . th sport . oif",
        { TO4, RAW_NETWORK(8 * IPV4_PROTOCOL, 8), SOURCE_PORT_FIELD, META_FIELD(OIF) },
        CONCAT(CONCAT3(TYPE_INTEGER, TYPE_INTEGER, TYPE_INET_SERVICE), TYPE_IFACE_INDEX),
    },
    [KS_EGRESS_SET_SERVICES6] = {
        "@nh,192,128 . @nh,48,8 . th sport . oif",
        { TO6, RAW_NETWORK(8 * IPV6_NEXT_HEADER, 8), SOURCE_PORT_FIELD, META_FIELD(OIF) },
        CONCAT(CONCAT3(TYPE_INTEGER, TYPE_INTEGER, TYPE_INET_SERVICE), TYPE_IFACE_INDEX),
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
    [KS_EGRESS_SET_BLOCKED_TYPES] = {
        "@ll,96,16",
        { RAW_LINK(96, 16) },
        TYPE_INTEGER,
        .key_length = 2,
        .size = KS_FRAME_TYPES_MAX,
        .holds = KS_SET_HOLDS_TYPES,
        .comment = "types of frames that were dropped",
    },
    [KS_EGRESS_SET_TOLD_FRAMES] = {
        "@ll,48,64",
        { RAW_LINK(48, 64) },
        TYPE_INTEGER,
        .key_length = 8,
        .size = TOLD_FRAMES_MAX,
        .holds = KS_SET_HOLDS_QUESTIONS,
        .comment = "senders and types of frames that were told",
    },
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
    if (own[id].key_length) {
        set->key_length = own[id].key_length;
        set->size = own[id].size;
        set->holds = own[id].holds;
        set->comment = own[id].comment;
    }
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
                 META(PROTOCOL, R1), COMPARE(EQ, 2, 0x08, 0x00), ACCEPT), \
      .comment = "to a VPN server: the first layer knows who sends" }, \
    { .text = "@nh,192,128 . meta l4proto . th dport @servers6 meta protocol ip6 accept", \
      .steps = DO(NETWORK(IPV6_DESTINATION, 16, R1), META(L4PROTO, R2), \
                 TRANSPORT(DESTINATION_PORT, 2, R2_1), LOOKUP(KS_EGRESS_SET_SERVERS6), \
                 META(PROTOCOL, R1), COMPARE(EQ, 2, 0x86, 0xdd), ACCEPT), \
      .comment = "to a VPN server: the first layer knows who sends" }

#define UNCOMMON { .text = "jump uncommon", .steps = DO(JUMP(KS_EGRESS_UNCOMMON)) }

static const char *const form_comments[] = {
    [KS_UPLINK_ETHERNET] = "every frame of this card",
    [KS_UPLINK_HOTSPOT] = "every frame of this hotspot's card",
    [KS_UPLINK_WRAPPED] = "every frame, before this link wraps it",
    [KS_UPLINK_BARE] = "every packet of this link",
    [KS_UPLINK_LOOPBACK] = "no PPPoE by loopback",
    [KS_UPLINK_OTHER] = "nothing is known to be safe here",
};

static const KsRule by_form[][FORM_RULES_MAX] = {
    [KS_UPLINK_ETHERNET] = {
        TO_SERVERS,
        { .text = "jump ethernet", .steps = DO(JUMP(KS_EGRESS_ETHERNET)) },
        { .text = "jump wrapped", .steps = DO(JUMP(KS_EGRESS_WRAPPED)) },
        UNCOMMON,
    },
    [KS_UPLINK_HOTSPOT] = {
        TO_SERVERS,
        { .text = "jump ethernet", .steps = DO(JUMP(KS_EGRESS_ETHERNET)) },
        { .text = "jump to_hotspot", .steps = DO(JUMP(KS_EGRESS_TO_HOTSPOT)) },
        { .text = "jump wrapped", .steps = DO(JUMP(KS_EGRESS_WRAPPED)) },
        UNCOMMON,
    },
    /* Marked before it goes into what the card below sends; never over another mark of ours, which
     * says more. What a link above wrapped comes first: it has its mark from there. */
    [KS_UPLINK_WRAPPED] = {
        { .text = "jump wrapped", .steps = DO(JUMP(KS_EGRESS_WRAPPED)) },
        { .text = "meta mark != 0x6b73646e meta mark != 0x6b737070 meta mark set 0x6b737772",
          .steps = DO(META(MARK, R1), COMPARE(NEQ, 4, ASKED_MARK), META(MARK, R1),
                     COMPARE(NEQ, 4, JUDGED_MARK), IMMEDIATE(R1, 4, WRAPPED_MARK), SET_MARK),
          .comment = "judged here: the card below knows by the mark" },
        TO_SERVERS,
        { .text = "jump ethernet", .steps = DO(JUMP(KS_EGRESS_ETHERNET)) },
        UNCOMMON,
    },
    [KS_UPLINK_BARE] = { { .text = "jump bare", .steps = DO(JUMP(KS_EGRESS_BARE)) } },
    /* who may send into one session by loopback sends into another, and out */
    [KS_UPLINK_LOOPBACK] = {
        { .text = "meta protocol != 0x8864 accept",
          .steps = DO(META(PROTOCOL, R1), COMPARE(NEQ, 2, 0x88, 0x64), ACCEPT) },
    },
    [KS_UPLINK_OTHER] = { { .text = NULL } },
};

/* Of what came a moment ago nothing is known but what the kernel says: frames without an Ethernet
 * header wait for the guard. */
static const KsRule by_name_rules[] = {
    TO_SERVERS,
    { .text = "oif ^ 2000000000 == @open_interfaces accept",
      .steps = DO(OIF_IN(KS_EGRESS_SET_OPEN), ACCEPT),
      .comment = "no uplink, or judged by a chain of its own" },
    { .text = "meta oiftype ether jump ethernet",
      .steps = DO(META(OIFTYPE, R1), COMPARE(EQ, 2, HARDWARE_ETHER), JUMP(KS_EGRESS_ETHERNET)),
      .comment = "anything else waits for nm-killswitchd's word" },
    { .text = "jump wrapped", .steps = DO(JUMP(KS_EGRESS_WRAPPED)) },
    UNCOMMON,
};

static const KsRule telling = { .text = "jump refused", .steps = DO(JUMP(KS_EGRESS_REFUSED)) };
static const KsRule last = { .text = "counter name \"blocked_frames\" drop",
                             .steps = DO(COUNT(KS_EGRESS_BLOCKED), DROP),
                             .comment = "nothing else leaves" };
/* clang-format on */

static void add_rule(KsEgressTable *table, const KsRule *rule, unsigned chain)
{
    KsRule *added = &table->rules[table->own_rules.count++];

    *added = *rule;
    added->chain = chain;
}

static void add_chain(KsEgressTable *table, KsChain chain)
{
    chain.base = true;
    chain.hook = KS_EGRESS_HOOK;
    chain.priority = KS_PRIORITY_FILTER;
    table->chains[table->skeleton.chains_count++] = chain;
}

static void add_cards(KsEgressTable *table)
{
    unsigned chain = table->skeleton.chains_count;

    add_chain(table, (KsChain){ .name = "by_name",
                                .beginnings = ks_uplink_beginnings,
                                .comment = "every frame of what is called like a card" });
    for (unsigned i = 0; i < G_N_ELEMENTS(by_name_rules); i++)
        add_rule(table, &by_name_rules[i], chain);
    add_rule(table, &telling, chain);
    add_rule(table, &last, chain);
}

static void add_uplink(KsEgressTable *table, const KsUplink *uplink, unsigned n)
{
    char **names = table->names + 2 * (size_t) n;
    unsigned chain = table->skeleton.chains_count;

    names[0] = g_strdup_printf("uplink_%u", uplink->index);
    names[1] = g_strdup(uplink->name);
    add_chain(
        table,
        (KsChain){ .name = names[0], .device = names[1], .comment = form_comments[uplink->form] });
    for (unsigned i = 0; i < FORM_RULES_MAX && by_form[uplink->form][i].text; i++)
        add_rule(table, &by_form[uplink->form][i], chain);
    add_rule(table, &telling, chain);
    add_rule(table, &last, chain);
}

KsEgressTable *ks_egress_table_new(const GArray *uplinks, bool by_name)
{
    KsEgressTable *table = g_new0(KsEgressTable, 1);
    unsigned chains = 0;

    table->chains = g_new0(KsChain, KS_EGRESS_CHAINS + 1 + uplinks->len);
    table->names = g_new0(char *, 2 * uplinks->len + 1);
    table->rules = g_new0(KsRule, (FORM_RULES_MAX + 2) * (1 + uplinks->len));
    table->own_rules.rules = table->rules;
    memcpy(table->chains, shared_chains, sizeof(shared_chains));
    table->segments[0] = &ks_egress_rules;
    table->segments[1] = &table->own_rules;
    table->skeleton = (KsSkeleton){
        .family = NFPROTO_NETDEV,
        .name = KS_TABLE,
        .comment = KS_TABLE_COMMENT,
        .chains = table->chains,
        .chains_count = KS_EGRESS_CHAINS,
        .sets = set_definitions(),
        .sets_count = by_name ? KS_EGRESS_SET_MAX : KS_EGRESS_SET_OPEN,
        .counters = counters,
        .counters_count = KS_EGRESS_COUNTERS,
        .segments = table->segments,
        .segments_count = G_N_ELEMENTS(table->segments),
    };
    if (by_name)
        add_cards(table);
    for (unsigned i = 0; i < uplinks->len; i++) {
        const KsUplink *uplink = &g_array_index(uplinks, KsUplink, i);

        if (!by_name || uplink->form != KS_UPLINK_ETHERNET ||
            !ks_uplink_has_cards_name(uplink->name))
            add_uplink(table, uplink, chains++);
    }
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
