/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/trace.h"

#include "rules/trace-table.h"

#include <arpa/inet.h> /* before the kernel's, which then leave out what it has */
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

/* Packets that are on their way at a time; the oldest is forgotten first. */
#define PACKETS_MAX 256u

/* Refused, and none let through, before it is said. One packet of a server's may be a late answer
 * to a program that has ended, and a few into a tunnel just what a person wants kept in. */
static const unsigned enough[] = {
    [KS_TRACED_TO_SERVER] = 1,
    [KS_TRACED_FROM_SERVER] = 2,
    [KS_TRACED_TO_TUNNEL] = 3,
    [KS_TRACED_FROM_TUNNEL] = 3,
};

typedef enum {
    ON_ITS_WAY,
    QUEUED, /* by `by` */
    PASSED,
    ENDED, /* or judged by the lock itself */
} State;

typedef struct {
    char family[8];
    char table[KS_REFUSAL_NAME_SIZE];
    char chain[KS_REFUSAL_NAME_SIZE];
} Place;

typedef struct {
    bool used;
    uint32_t id;
    unsigned subject;
    State state;
    Place by;
} Packet;

typedef struct {
    KsTraced traced;
    unsigned seen;
    unsigned passed;
    unsigned refused;
    unsigned own; /* by the lock */
    Place by;     /* that refused last */
} Subject;

struct KsTrace {
    Subject *subjects;
    unsigned subjects_count;
    Packet packets[PACKETS_MAX];
    unsigned next;
};

/* A message, as far as it counts here. */
typedef struct {
    uint32_t id;
    bool has_id;
    bool is_verdict; /* `verdict` counts */
    int32_t verdict;
    Place place;
} Event;

KsTrace *ks_trace_new(const GArray *traced)
{
    KsTrace *trace = g_new0(KsTrace, 1);

    trace->subjects_count = MIN(traced->len, KS_TRACED_MAX);
    trace->subjects = g_new0(Subject, trace->subjects_count + 1);
    for (unsigned i = 0; i < trace->subjects_count; i++)
        trace->subjects[i].traced = g_array_index(traced, KsTraced, i);
    return trace;
}

void ks_trace_free(KsTrace *trace)
{
    if (!trace)
        return;
    g_free(trace->subjects);
    g_free(trace);
}

/* ---- the message ---- */

static const char *family_name(uint8_t family)
{
    switch (family) {
    case NFPROTO_INET:
        return "inet";
    case NFPROTO_IPV4:
        return "ip";
    case NFPROTO_IPV6:
        return "ip6";
    case NFPROTO_ARP:
        return "arp";
    case NFPROTO_NETDEV:
        return "netdev";
    case NFPROTO_BRIDGE:
        return "bridge";
    default:
        return "?";
    }
}

static void read_name(const struct nlattr *attribute, char name[KS_REFUSAL_NAME_SIZE])
{
    if (mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) < 0)
        return;
    g_strlcpy(name, mnl_attr_get_str(attribute), KS_REFUSAL_NAME_SIZE);
    for (char *at = name; *at; at++)
        if (!g_ascii_isalnum(*at) && !strchr("_-./", *at))
            *at = '?';
}

static bool read_number(const struct nlattr *attribute, uint32_t *ret_number)
{
    if (mnl_attr_validate(attribute, MNL_TYPE_U32) < 0)
        return false;
    *ret_number = ntohl(mnl_attr_get_u32(attribute));
    return true;
}

static void read_verdict(const struct nlattr *nest, Event *event)
{
    const struct nlattr *attribute;
    uint32_t code;

    if (mnl_attr_validate(nest, MNL_TYPE_NESTED) < 0)
        return;
    mnl_attr_for_each_nested(attribute, nest)
        if (mnl_attr_get_type(attribute) == NFTA_VERDICT_CODE && read_number(attribute, &code)) {
            event->is_verdict = true;
            event->verdict = (int32_t) code;
        }
}

static void read_attribute(const struct nlattr *attribute, Event *event)
{
    uint32_t number;

    switch (mnl_attr_get_type(attribute)) {
    case NFTA_TRACE_TABLE:
        read_name(attribute, event->place.table);
        break;
    case NFTA_TRACE_CHAIN:
        read_name(attribute, event->place.chain);
        break;
    case NFTA_TRACE_ID:
        if (mnl_attr_validate(attribute, MNL_TYPE_U32) == 0) {
            event->id = mnl_attr_get_u32(attribute); /* only compared */
            event->has_id = true;
        }
        break;
    case NFTA_TRACE_VERDICT:
        read_verdict(attribute, event);
        break;
    case NFTA_TRACE_POLICY:
        if (read_number(attribute, &number)) {
            event->is_verdict = true;
            event->verdict = (int32_t) number;
        }
        break;
    default:
        break;
    }
}

static bool read_message(const struct nlmsghdr *message, Event *event)
{
    const struct nfgenmsg *generic = mnl_nlmsg_get_payload(message);
    const struct nlattr *attribute;

    memset(event, 0, sizeof(*event));
    if (message->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_TRACE) ||
        mnl_nlmsg_get_payload_len(message) < sizeof(*generic))
        return false;
    g_strlcpy(event->place.family, family_name(generic->nfgen_family), sizeof(event->place.family));
    mnl_attr_for_each(attribute, message, sizeof(*generic))
        read_attribute(attribute, event);
    return event->has_id && event->place.table[0] && event->place.chain[0];
}

/* ---- the packets ---- */

static Packet *find(KsTrace *trace, uint32_t id)
{
    for (unsigned i = 0; i < PACKETS_MAX; i++)
        if (trace->packets[i].used && trace->packets[i].id == id)
            return &trace->packets[i];
    return NULL;
}

/* In a chain of ours: "traced_3". */
static void begin(KsTrace *trace, const Event *event)
{
    const char *digits = event->place.chain + strlen(KS_TRACE_OWN_CHAIN);
    guint64 subject;
    Packet *packet;

    if (!g_str_has_prefix(event->place.chain, KS_TRACE_OWN_CHAIN) || trace->subjects_count == 0 ||
        !g_ascii_string_to_unsigned(digits, 10, 0, trace->subjects_count - 1, &subject, NULL))
        return;
    packet = find(trace, event->id); /* an id comes again, and is another packet's then */
    if (!packet) {
        packet = &trace->packets[trace->next];
        trace->next = (trace->next + 1) % PACKETS_MAX;
    }
    *packet = (Packet){ .used = true, .id = event->id, .subject = (unsigned) subject };
    trace->subjects[subject].seen++;
}

static void pass(KsTrace *trace, Packet *packet)
{
    if (packet->state == ON_ITS_WAY || packet->state == QUEUED) {
        trace->subjects[packet->subject].passed++;
        packet->state = PASSED;
    }
}

/* Also behind the last hook of IP: on the card, say. */
static void refuse(KsTrace *trace, Packet *packet, const Place *by)
{
    Subject *subject = &trace->subjects[packet->subject];

    if (packet->state == PASSED && !ks_traced_leaves(&subject->traced)) {
        packet->state = ENDED; /* it came in: what IPsec had inside is another packet */
        return;
    }
    if (packet->state == PASSED)
        subject->passed--;
    packet->state = ENDED;
    if (strcmp(by->table, KS_TABLE) == 0) {
        subject->own++;
        return;
    }
    subject->refused++;
    subject->by = *by;
}

void ks_trace_take(KsTrace *trace, const struct nlmsghdr *message)
{
    Packet *packet;
    Event event;

    if (!read_message(message, &event))
        return;
    if (strcmp(event.place.table, KS_TRACE_TABLE) == 0 &&
        g_str_has_prefix(event.place.chain, KS_TRACE_OWN_CHAIN)) {
        begin(trace, &event);
        return;
    }
    packet = find(trace, event.id);
    if (!packet || packet->state == ENDED)
        return;
    if (strcmp(event.place.table, KS_TRACE_TABLE) == 0) {
        if (strcmp(event.place.chain, ks_trace_chains[KS_TRACE_SENT]) == 0 ||
            strcmp(event.place.chain, ks_trace_chains[KS_TRACE_RECEIVED]) == 0)
            pass(trace, packet);
        return;
    }
    if (packet->state == QUEUED)
        packet->state = ON_ITS_WAY; /* it was given back */
    if (!event.is_verdict)
        return;
    /* beyond a verdict's low bits stands the number of the queue, or an errno */
    if (event.verdict >= 0 && (event.verdict & NF_VERDICT_MASK) == NF_DROP) {
        refuse(trace, packet, &event.place);
    } else if (event.verdict >= 0 && (event.verdict & NF_VERDICT_MASK) == NF_QUEUE &&
               packet->state == ON_ITS_WAY) {
        packet->state = QUEUED;
        packet->by = event.place;
    }
}

/* ---- the judgement ---- */

static void add(GArray *refusals, const KsTraced *traced, KsRefusalHow how, const Place *by)
{
    KsRefusal refusal = { .traced = *traced, .how = how };

    if (by) {
        g_strlcpy(refusal.family, by->family, sizeof(refusal.family));
        g_strlcpy(refusal.table, by->table, sizeof(refusal.table));
        g_strlcpy(refusal.chain, by->chain, sizeof(refusal.chain));
    }
    g_array_append_val(refusals, refusal);
}

/* Packets of a subject in a state that they have had for the whole time now. */
static unsigned count(const KsTrace *trace, unsigned subject, State state, const Place **ret_by)
{
    unsigned found = 0;

    for (unsigned i = 0; i < PACKETS_MAX; i++) {
        const Packet *packet = &trace->packets[i];

        if (!packet->used || packet->subject != subject || packet->state != state)
            continue;
        found++;
        if (ret_by)
            *ret_by = &packet->by;
    }
    return found;
}

void ks_trace_judge(const KsTrace *trace, bool ended, bool has_unseen_tables, GArray *refusals)
{
    g_array_set_size(refusals, 0);
    for (unsigned i = 0; i < trace->subjects_count; i++) {
        const Subject *subject = &trace->subjects[i];
        unsigned wanted = enough[subject->traced.kind];
        const Place *by = NULL;

        if (subject->passed > 0)
            continue;
        if (subject->refused >= wanted)
            add(refusals, &subject->traced, KS_REFUSAL_DROPS, &subject->by);
        else if (!ended || subject->own > 0)
            continue;
        else if (count(trace, i, QUEUED, &by) >= wanted)
            add(refusals, &subject->traced, KS_REFUSAL_QUEUES, by);
        else if (has_unseen_tables && ks_traced_leaves(&subject->traced) &&
                 count(trace, i, ON_ITS_WAY, NULL) >= wanted)
            add(refusals, &subject->traced, KS_REFUSAL_UNSEEN, NULL);
    }
}

bool ks_trace_has_seen(const KsTrace *trace, const KsTraced *traced)
{
    for (unsigned i = 0; i < trace->subjects_count; i++)
        if (ks_traced_is_same(&trace->subjects[i].traced, traced))
            return trace->subjects[i].seen > 0;
    return false;
}
