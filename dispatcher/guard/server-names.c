/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "guard/server-names.h"

#include "files/name-cache.h"
#include "guard/name-text.h"
#include "guard/translations.h"
#include "model/dns-name.h"
#include "model/name-policy.h"
#include "model/server.h"
#include "network/resolver.h"
#include "network/strict-dns.h"

/* Names of VPNs that are not in use are asked for so slowly: ten thousand of them are no flood. */
#define IDLE_INTERVAL_US (G_USEC_PER_SEC / 2)

/* A VPN that begins to connect is asked for again, unless it was just now. */
#define FRESH_US (3 * G_USEC_PER_SEC)

#define SAVE_SECONDS 2
#define TOLD_MAX     8u /* warnings; beyond them there is only a number */

typedef struct {
    char *host;
    KsNameUrgency urgency;
    int64_t due;       /* monotonic, µs */
    int64_t asked;     /* likewise; 0: never */
    unsigned failures; /* in a row */
    bool under_way;
    bool is_cut; /* programs do not find it: it has more addresses than an answer by UDP holds */
    bool wanted;
    char **users; /* of the private profile that wants it; NULL: one for everybody does */
} Entry;

struct KsNames {
    void (*changed)(void *data);
    void *data;
    KsNameBook *book;
    KsTranslations *translations;
    KsResolver *resolver;
    KsStrictDns *strict;
    GHashTable *entries; /* char *host (the entry's) -> Entry */
    GPtrArray *replaced; /* element-type GPtrArray of KsServer: where those stand; likewise */
    GHashTable *known;   /* set of char *host, of the VPNs' servers: only while they are applied */
    int64_t idle_next;   /* monotonic, µs: when the next idle name may be asked for */
    char *load_problem;
    char *save_problem;
    guint tick_source;
    guint save_source;
    guint network; /* what it was like when names were asked for last */
    int64_t moved; /* monotonic, µs: when that became another; 0: never */
    bool locked;
};

static void free_entry(void *data)
{
    Entry *entry = data;

    g_free(entry->host);
    g_strfreev(entry->users);
    g_free(entry);
}

static int64_t now_seconds(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

/* ---- on disk ---- */

static gboolean save(gpointer data)
{
    KsNames *names = data;

    names->save_source = 0;
    g_free(names->save_problem);
    names->save_problem = ks_name_cache_save(names->book);
    if (names->save_problem)
        g_warning("%s", names->save_problem);
    return G_SOURCE_REMOVE;
}

static void save_soon(KsNames *names)
{
    if (names->save_source == 0)
        names->save_source = g_timeout_add_seconds(SAVE_SECONDS, save, names);
}

/* ---- asking ---- */

static void look_again_at(KsNames *names, int64_t when);

/* Of two names that are due, which one first. */
static bool is_before(const Entry *a, const Entry *b)
{
    return a->urgency != b->urgency ? a->urgency > b->urgency : a->due < b->due;
}

/* The next name to ask for, or NULL; then `ret_when` (never less than what it is) says when there
 * may be one. */
static Entry *next_due(KsNames *names, int64_t now, int64_t *ret_when)
{
    GHashTableIter iterator;
    Entry *best = NULL;
    void *value;

    g_hash_table_iter_init(&iterator, names->entries);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        Entry *entry = value;
        int64_t due = entry->due;

        if (entry->under_way)
            continue;
        if (entry->urgency == KS_NAME_IDLE)
            due = MAX(due, names->idle_next);
        if (due > now)
            *ret_when = MIN(*ret_when, due);
        else if (!best || is_before(entry, best))
            best = entry;
    }
    return best;
}

static void ask(KsNames *names)
{
    int64_t now = g_get_monotonic_time();
    int64_t when = INT64_MAX;
    Entry *entry;

    while ((entry = next_due(names, now, &when))) {
        if (!ks_resolver_ask(names->resolver, entry->host)) {
            when = now + G_USEC_PER_SEC;
            break;
        }
        entry->under_way = true;
        entry->asked = now;
        if (entry->urgency == KS_NAME_IDLE)
            names->idle_next = now + IDLE_INTERVAL_US;
        when = INT64_MAX;
    }
    if (when != INT64_MAX)
        look_again_at(names, when);
}

static gboolean on_tick(gpointer data)
{
    KsNames *names = data;

    names->tick_source = 0;
    ask(names);
    return G_SOURCE_REMOVE;
}

static void look_again_at(KsNames *names, int64_t when)
{
    int64_t left = MAX(when - g_get_monotonic_time(), 0) / 1000 + 1;

    g_clear_handle_id(&names->tick_source, g_source_remove);
    names->tick_source = g_timeout_add((guint) MIN(left, 3600 * 1000), on_tick, names);
}

/* A quarter more or less, so that many names do not come due together. */
static int64_t jittered(uint32_t seconds)
{
    return (int64_t) seconds * g_random_int_range(750, 1250) * 1000;
}

static unsigned count_refused(const KsNames *names, const char *host)
{
    const KsNameRecord *record = ks_name_book_find(names->book, host);

    return record ? record->refused->len : 0;
}

/* It is asked for to know the network, and no VPN's. */
static bool is_of_network(const Entry *entry)
{
    return strcmp(entry->host, KS_TRANSLATION_NAME) == 0;
}

/* `own`: what is asked to know the network, too. Else it waits for its time: a network whose
 * answer is another one each time must not keep us busy. */
static void mark_due(KsNames *names, bool own)
{
    int64_t now = g_get_monotonic_time();
    GHashTableIter iterator;
    void *value;

    g_hash_table_iter_init(&iterator, names->entries);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        Entry *entry = value;

        if (is_of_network(entry) && !own)
            continue;
        entry->due = now;
        entry->failures = MIN(entry->failures, 1);
    }
}

static void on_answer_of_network(KsNames *names, Entry *entry, const KsAddress *addresses,
                                 unsigned count, uint32_t lifetime)
{
    bool any = false;
    bool news = ks_translations_learn(names->translations, addresses, count, &any);

    entry->failures = any ? 0 : entry->failures + 1;
    entry->due = g_get_monotonic_time() + jittered(any ? ks_name_refresh(entry->urgency, lifetime)
                                                       : ks_name_retry(entry->failures));
    if (news) {
        names->changed(names->data);
        mark_due(names, false); /* addresses of a local prefix were refused before it was known */
    }
    ask(names);
}

static bool learn(KsNames *names, const char *host, const KsAddress *addresses, unsigned count,
                  uint32_t lifetime)
{
    g_autoptr(GArray) read = ks_translations_read(names->translations, addresses, count);

    return ks_name_book_learn(names->book, host,
                              &(KsNameAnswer){ .addresses = (const KsAddress *) (void *) read->data,
                                               .count = read->len,
                                               .lifetime = lifetime,
                                               .now = now_seconds(),
                                               .locked = names->locked });
}

static void on_answer(const char *host, KsResolved result, const KsAddress *addresses,
                      unsigned count, uint32_t lifetime, KsCut cut, void *data)
{
    KsNames *names = data;
    Entry *entry = g_hash_table_lookup(names->entries, host);
    int64_t now = g_get_monotonic_time();
    unsigned refused = count_refused(names, host);
    bool is_first;
    bool news = false;

    if (!entry)
        return; /* nobody wants it any more */
    entry->under_way = false;
    if (entry->asked < names->moved) /* of another network: what it says is nothing here */
        result = KS_RESOLVED_ANEW;
    if (is_of_network(entry) && result != KS_RESOLVED_ANEW) {
        on_answer_of_network(names, entry, addresses, result == KS_RESOLVED ? count : 0, lifetime);
        return;
    }
    if (result == KS_RESOLVED || result == KS_RESOLVED_NOTHING) {
        /* while locked, what is told as cut by IPv4 comes in as whole */
        bool is_cut = cut == KS_CUT_ALL || (cut == KS_CUT_SOME && names->locked);

        news = entry->is_cut != is_cut;
        entry->is_cut = is_cut;
    }
    switch (result) {
    case KS_RESOLVED:
        is_first = !ks_name_book_find(names->book, host);
        news |= entry->failures > 0;
        entry->failures = 0;
        entry->due = now + jittered(ks_name_refresh(entry->urgency, lifetime));
        if (learn(names, host, addresses, count, lifetime)) {
            g_message("\"%s\": %s", host,
                      is_first ? "its addresses are known now"
                               : "the addresses that it answers with are others now");
            save_soon(names);
            news = true;
        }
        news |= count_refused(names, host) != refused;
        break;
    case KS_RESOLVED_NOTHING:
    case KS_RESOLVED_NOT:
        news |= entry->failures == 0;
        entry->failures++;
        entry->due = now + jittered(ks_name_retry(entry->failures));
        break;
    case KS_RESOLVED_ANEW:
        entry->due = now;
        break;
    }
    if (news)
        names->changed(names->data);
    ask(names);
}

/* The network is another, or /etc/resolv.conf. */
static void ask_anew(void *data)
{
    KsNames *names = data;

    mark_due(names, true);
    ask(names);
}

/* ---- what is wanted ---- */

static KsNameUrgency urgency_of(const KsVpn *vpn)
{
    switch (vpn->activity) {
    case KS_VPN_CONNECTING:
        return KS_NAME_CONNECTING;
    case KS_VPN_UP:
        return KS_NAME_IN_USE;
    case KS_VPN_DOWN:
        break;
    }
    return KS_NAME_IDLE;
}

/* It matters more than it did: what was planned for an idle name would be hours away. */
static void hurry(const KsNames *names, Entry *entry, KsNameUrgency urgency, int64_t now)
{
    const KsNameRecord *record = ks_name_book_find(names->book, entry->host);
    int64_t due = entry->asked + jittered(ks_name_refresh(urgency, record ? record->lifetime : 0));

    if (urgency == KS_NAME_CONNECTING && now - entry->asked > FRESH_US)
        due = now;
    entry->due = MIN(entry->due, due);
}

static void want(KsNames *names, char **users, KsNameUrgency urgency, const char *host)
{
    Entry *entry = g_hash_table_lookup(names->entries, host);
    int64_t now = g_get_monotonic_time();

    /* a profile that people write without being asked makes nobody ask but while it is used */
    if (users && urgency == KS_NAME_IDLE)
        return;
    if (!entry) {
        if (g_hash_table_size(names->entries) >= KS_NAMES_MAX)
            return;
        entry = g_new0(Entry, 1);
        entry->host = g_strdup(host);
        entry->due = now;
        g_hash_table_insert(names->entries, entry->host, entry);
    }
    /* the most urgent of the VPNs that want it counts */
    if (!entry->wanted || urgency > entry->urgency) {
        if (urgency > entry->urgency)
            hurry(names, entry, urgency, now);
        entry->urgency = urgency;
    }
    if (!entry->wanted || (entry->users && !users)) {
        g_strfreev(entry->users);
        entry->users = g_strdupv(users);
    }
    entry->wanted = true;
}

/* The server as it was, and one for each of its addresses. */
static void add_addresses(const KsNames *names, const KsServer *server, GPtrArray *servers)
{
    const KsNameRecord *record = ks_name_book_find(names->book, server->host);

    if (!record || record->addresses->len == 0) {
        KsServer *one = ks_server_copy(server);

        one->refused = record && record->refused->len > 0;
        g_ptr_array_add(servers, one);
        return;
    }
    for (unsigned i = 0; i < record->addresses->len; i++) {
        KsServer *one = ks_server_copy(server);

        one->address = g_array_index(record->addresses, KsNameAddress, i).address;
        g_ptr_array_add(servers, one);
    }
}

static bool has_names(const KsVpn *vpn)
{
    for (unsigned i = 0; i < vpn->servers->len; i++)
        if (((const KsServer *) g_ptr_array_index(vpn->servers, i))->address.family == AF_UNSPEC)
            return true;
    return false;
}

static void apply_to(KsNames *names, KsVpn *vpn)
{
    GPtrArray *servers;

    if (!has_names(vpn))
        return;
    servers = g_ptr_array_new_with_free_func((GDestroyNotify) ks_server_free);
    for (unsigned i = 0; i < vpn->servers->len; i++) {
        const KsServer *server = g_ptr_array_index(vpn->servers, i);

        if (server->address.family == AF_UNSPEC) {
            g_hash_table_add(names->known, server->host);
            want(names, vpn->users, urgency_of(vpn), server->host);
            add_addresses(names, server, servers);
        } else {
            g_ptr_array_add(servers, ks_server_copy(server));
        }
    }
    g_ptr_array_add(names->replaced, vpn->servers); /* whose names are in `known` */
    vpn->servers = servers;
}

/* Someone who answers on the links that lead out may insist on more than plain questions. */
static void look_at_links(KsNames *names, const KsWorld *world)
{
    g_autoptr(GArray) links = g_array_new(FALSE, FALSE, sizeof(uint32_t));

    for (unsigned i = 0; i < world->networks->len; i++) {
        const KsNetwork *network = g_ptr_array_index(world->networks, i);
        const KsLink *link = ks_world_link_by_index(world, network->index);

        if (link && !network->external)
            g_array_append_val(links, link->index);
    }
    ks_strict_dns_look(names->strict, (const uint32_t *) (void *) links->data, links->len);
}

/* Another network may mean other answers. */
static guint describe_network(const KsWorld *world)
{
    guint network = 0;

    for (unsigned i = 0; i < world->networks->len; i++) {
        const KsNetwork *one = g_ptr_array_index(world->networks, i);

        if (!one->external)
            network += g_str_hash(one->uuid) ^ (g_str_hash(one->place ? one->place : "") << 1);
    }
    return network;
}

/* Nobody asks for them any more. The addresses of those that a VPN has stay in the book: a
 * person's own profile is wanted only while it is used. */
static void forget_unwanted(KsNames *names)
{
    GHashTableIter iterator;
    void *value;

    g_hash_table_iter_init(&iterator, names->entries);
    while (g_hash_table_iter_next(&iterator, NULL, &value))
        if (!((Entry *) value)->wanted)
            g_hash_table_iter_remove(&iterator);
    if (ks_name_book_retain(names->book, names->known))
        save_soon(names);
}

void ks_names_apply(KsNames *names, KsWorld *world, bool locked)
{
    guint network = describe_network(world);
    GHashTableIter iterator;
    bool is_complete;
    void *value;

    names->locked = locked;
    g_hash_table_iter_init(&iterator, names->entries);
    while (g_hash_table_iter_next(&iterator, NULL, &value))
        ((Entry *) value)->wanted = false;
    names->known = g_hash_table_new(ks_host_hash, ks_host_equal);
    names->replaced = g_ptr_array_new_with_free_func((GDestroyNotify) g_ptr_array_unref);
    for (unsigned i = 0; i < world->vpns->len; i++)
        apply_to(names, g_ptr_array_index(world->vpns, i));
    if (world->vpns->len > 0 && world->ipv6_only)
        want(names, NULL, KS_NAME_IN_USE, KS_TRANSLATION_NAME);
    /* else it has not told all names yet; they are asked for when it has */
    is_complete = world->manager_present && world->manager_settled;
    if (is_complete)
        forget_unwanted(names);
    g_clear_pointer(&names->known, g_hash_table_unref);
    g_clear_pointer(&names->replaced, g_ptr_array_unref);
    if (is_complete && network != names->network) {
        names->network = network;
        names->moved = g_get_monotonic_time();
        ks_translations_forget(names->translations);
        look_at_links(names, world);
        ask_anew(names);
    } else if (is_complete) {
        ask(names);
    }
    ks_translations_apply(names->translations, world);
}

/* ---- what is told ---- */

typedef struct {
    GPtrArray *warnings; /* element-type char* */
    unsigned count;      /* of what there is to say; some of it may be left out */
} Told;

/* Takes `text`; NULL: nothing. */
static void tell(Told *told, char *text)
{
    if (text && ++told->count <= TOLD_MAX)
        g_ptr_array_add(told->warnings, text);
    else
        g_free(text);
}

/* Why it is not found, or not as programs ask for it. To be freed; NULL: it is. */
static char *missing_text(const KsNames *names, const Entry *entry, const KsNameRecord *record)
{
    if (record && record->refused->len > 0)
        return ks_name_text_refused(entry->host, &g_array_index(record->refused, KsAddress, 0));
    if (entry->is_cut)
        return ks_name_text_cut(entry->host, record);
    if (entry->failures > 1 && (!record || record->addresses->len == 0))
        return ks_name_text_not_found(entry->host, ks_resolver_conf(names->resolver),
                                      names->strict);
    return NULL;
}

static void tell_of(const KsNames *names, const Entry *entry, Told *told)
{
    const KsNameRecord *record = ks_name_book_find(names->book, entry->host);

    tell(told, missing_text(names, entry, record));
    if (record && record->addresses->len >= KS_NAME_ADDRESSES_MAX)
        tell(told, ks_name_text_full(entry->host));
    if (record && record->replaced)
        tell(told, ks_name_text_replaced(entry->host));
    tell(told, ks_name_text_searched(entry->host, ks_resolver_conf(names->resolver)));
    tell(told, ks_name_text_too_long(entry->host));
}

GPtrArray *ks_names_warnings(const KsNames *names, const KsViewer *viewer)
{
    Told told = { .warnings = g_ptr_array_new_with_free_func(g_free) };
    GHashTableIter iterator;
    void *value;

    if (names->load_problem)
        g_ptr_array_add(told.warnings, g_strdup(names->load_problem));
    if (names->save_problem)
        g_ptr_array_add(told.warnings, g_strdup(names->save_problem));
    if (g_hash_table_size(names->entries) > 0)
        ks_name_text_in_the_way(told.warnings, ks_resolver_conf(names->resolver), names->strict);
    g_hash_table_iter_init(&iterator, names->entries);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        const Entry *entry = value;

        if (!is_of_network(entry) && ks_viewer_sees(viewer, entry->users))
            tell_of(names, entry, &told);
    }
    if (told.count > TOLD_MAX)
        g_ptr_array_add(told.warnings,
                        g_strdup_printf("%u other names of VPN servers have such problems, too.",
                                        told.count - TOLD_MAX));
    return told.warnings;
}

KsNames *ks_names_new(KsSystemBus *bus, void (*changed)(void *data), void *data)
{
    KsNames *names = g_new0(KsNames, 1);

    names->changed = changed;
    names->data = data;
    names->book = ks_name_book_new();
    names->translations = ks_translations_new();
    names->entries = g_hash_table_new_full(ks_host_hash, ks_host_equal, NULL, free_entry);
    names->load_problem = ks_name_cache_load(names->book, now_seconds());
    if (names->load_problem)
        g_warning("%s", names->load_problem);
    names->resolver = ks_resolver_new(&(KsResolverObserver){
        .answered = on_answer,
        .changed = ask_anew,
        .data = names,
    });
    names->strict = ks_strict_dns_new(bus, changed, data);
    return names;
}

void ks_names_free(KsNames *names)
{
    if (!names)
        return;
    ks_strict_dns_free(names->strict);
    ks_resolver_free(names->resolver);
    if (names->save_source) {
        g_clear_handle_id(&names->save_source, g_source_remove);
        (void) save(names);
    }
    g_clear_handle_id(&names->tick_source, g_source_remove);
    g_hash_table_unref(names->entries);
    ks_name_book_free(names->book);
    ks_translations_free(names->translations);
    g_free(names->load_problem);
    g_free(names->save_problem);
    g_free(names);
}
