/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every order of events. The engine is pure, so all sequences of up to SEQUENCE_MAX letters of the
 * alphabet below are tried, and the promise is checked after each letter.
 *
 * That many sequences cannot be run one by one. They need not: what follows a sequence depends on
 * the state it led to and on nothing else. So states are walked through breadth first, each once,
 * and every letter is tried in each of them. This is sound because a state here is all there is:
 * the world, what the promise remembers, and every field of the engine, packed, and unpacked again
 * for each letter; test-engine-pack.c does not compile when it misses a field.
 *
 * Each mode is walked through by itself, and once with all changes of the mode: vpn, which most
 * machines have, to the full length, the others a letter or two shorter. */
#include "test-engine-orders.h"

#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#define SEQUENCE_MAX 6u
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SEQUENCE_MAX 6u
#endif
#endif
#ifndef SEQUENCE_MAX
#define SEQUENCE_MAX 7u
#endif

/* ---- the alphabet ---- */

typedef enum {
    WORD, /* of NetworkManager's: `value` for `vpn` */
    LINK_COMES,
    LINK_GOES,
    LINK_DOWN,
    LINK_REPLACED, /* between two looks */
    ROUTE,         /* comes and goes */
    PROFILE,       /* gets and loses a second server */
    MANAGER,
    HOOK,
    LOCK,
    UNLOCK,
    LAN,
    LAN_AT_HOME, /* LAN access limited to one network */
    ELSEWHERE,   /* the uplink is connected to another network */
    MODE,
    DISCONNECT, /* by a person, here; what becomes of the VPN is told by other letters */
    END,        /* NetworkManager's word, too: it is down, because a person wanted that */
    RESTART,    /* of the guard */
    REBOOT,
} LetterKind;

typedef struct {
    const char *text;
    LetterKind kind;
    unsigned vpn; /* VPNS: one that nobody knows */
    int value;
    const char *interface;
} Letter;

static const Letter alphabet[] = {
    { "full VPN up", WORD, FULL, KS_VPN_UP, NULL },
    { "full VPN connecting", WORD, FULL, KS_VPN_CONNECTING, NULL },
    { "full VPN down", WORD, FULL, KS_VPN_DOWN, NULL },
    { "split VPN up", WORD, SPLIT, KS_VPN_UP, NULL },
    { "split VPN down", WORD, SPLIT, KS_VPN_DOWN, NULL },
    { "tun0 comes", LINK_COMES, FULL, 0, NULL },
    { "tun0 deleted", LINK_GOES, FULL, 0, NULL },
    { "tun0 set down", LINK_DOWN, FULL, 0, NULL },
    { "tun0 replaced", LINK_REPLACED, FULL, 0, NULL },
    { "tun0 gets or loses the default route", ROUTE, FULL, 0, NULL },
    { "tun1 comes", LINK_COMES, SPLIT, 0, NULL },
    { "tun1 deleted", LINK_GOES, SPLIT, 0, NULL },
    { "NetworkManager gone", MANAGER, 0, AWAY, NULL },
    { "NetworkManager starting", MANAGER, 0, STARTING, NULL },
    { "NetworkManager settled", MANAGER, 0, SETTLED, NULL },
    { "profile edited", PROFILE, FULL, 0, NULL },
    { "hook: full vpn-pre-up tun0", HOOK, FULL, KS_ACTION_VPN_PRE_UP, "tun0" },
    { "hook: full vpn-pre-up tun1", HOOK, FULL, KS_ACTION_VPN_PRE_UP, "tun1" },
    { "hook: full vpn-pre-up tun9", HOOK, FULL, KS_ACTION_VPN_PRE_UP, "tun9" },
    { "hook: full vpn-pre-up eth0", HOOK, FULL, KS_ACTION_VPN_PRE_UP, "eth0" },
    { "hook: full pre-up lo", HOOK, FULL, KS_ACTION_PRE_UP, "lo" },
    { "hook: full vpn-up tun0", HOOK, FULL, KS_ACTION_VPN_UP, "tun0" },
    { "hook: full vpn-up tun1", HOOK, FULL, KS_ACTION_VPN_UP, "tun1" },
    { "hook: full vpn-pre-down tun0", HOOK, FULL, KS_ACTION_VPN_PRE_DOWN, "tun0" },
    { "hook: full vpn-down", HOOK, FULL, KS_ACTION_VPN_DOWN, "" },
    { "hook: full vpn-down eth0", HOOK, FULL, KS_ACTION_VPN_DOWN, "eth0" },
    { "hook: split vpn-pre-up tun1", HOOK, SPLIT, KS_ACTION_VPN_PRE_UP, "tun1" },
    { "hook: split vpn-down tun1", HOOK, SPLIT, KS_ACTION_VPN_DOWN, "tun1" },
    { "hook: unknown vpn-pre-up tun0", HOOK, VPNS, KS_ACTION_VPN_PRE_UP, "tun0" },
    { "hook: unknown vpn-down", HOOK, VPNS, KS_ACTION_VPN_DOWN, "" },
    { "lock", LOCK, 0, 0, NULL },
    { "unlock", UNLOCK, 0, 0, NULL },
    { "LAN on or off", LAN, 0, 0, NULL },
    { "LAN access only at home or everywhere", LAN_AT_HOME, 0, 0, NULL },
    { "at home or elsewhere", ELSEWHERE, 0, 0, NULL },
    { "mode off", MODE, 0, KS_MODE_OFF, NULL },
    { "mode drops", MODE, 0, KS_MODE_DROPS, NULL },
    { "mode vpn", MODE, 0, KS_MODE_VPN, NULL },
    { "mode always", MODE, 0, KS_MODE_ALWAYS, NULL },
    { "a person disconnects the full VPN here", DISCONNECT, FULL, 0, NULL },
    { "a person disconnects the split VPN here", DISCONNECT, SPLIT, 0, NULL },
    { "a person disconnects here, and none is connected", DISCONNECT, VPNS, 0, NULL },
    { "a person disconnects the full VPN elsewhere", END, FULL, KS_VPN_DOWN, NULL },
    { "a person disconnects the split VPN elsewhere", END, SPLIT, KS_VPN_DOWN, NULL },
    { "guard restarted", RESTART, 0, 0, NULL },
    { "machine restarted", REBOOT, 0, 0, NULL },
};

/* ---- one letter ---- */

static void new_link(Scene *scene, unsigned vpn)
{
    scene->index[vpn] = scene->next_index++;
    g_assert_cmpuint(scene->next_index, <, INDEX_MAX);
}

static void hear(KsEngine *engine, Promise *promise, const Letter *letter)
{
    KsEvent event = { .action = (KsAction) letter->value };

    g_strlcpy(event.uuid, letter->vpn < VPNS ? order_uuids[letter->vpn] : "dead",
              sizeof(event.uuid));
    g_strlcpy(event.interface, letter->interface, sizeof(event.interface));
    ks_engine_hear(engine, &event);
    if (letter->vpn == VPNS || letter->value == KS_ACTION_VPN_PRE_DOWN)
        return;
    /* only the first word names a link: by the second, the name may be a stranger's */
    if (letter->value == KS_ACTION_VPN_UP && promise->told[letter->vpn] == TOLD_UP)
        return;
    promise->told[letter->vpn] = letter->value == KS_ACTION_VPN_DOWN ? TOLD_DOWN : TOLD_UP;
    promise->told_name[letter->vpn] =
        letter->value == KS_ACTION_VPN_PRE_UP || letter->value == KS_ACTION_PRE_UP
            ? order_number(letter->interface)
            : 0;
    promise->told_index[letter->vpn] = 0;
}

/* As a guard begins (follow.c, ks_guard_take_over()): what persists, and what the kernel holds. */
static KsEngine *restart(KsEngine *engine, Promise *promise, bool reboot)
{
    g_auto(GStrv) known_up = ks_engine_known_up(engine);
    g_auto(KsSettings) settings = { 0 };
    bool adopts = promise->locked && !reboot;
    KsEngine *started;

    ks_settings_copy(ks_engine_settings(engine), &settings);
    if (reboot)
        ks_settings_boot(&settings);
    promise->locked |= reboot && promise->mode == KS_MODE_ALWAYS;
    started = ks_engine_new(&settings, reboot ? NULL : (const char *const *) known_up);
    if (adopts)
        ks_engine_adopt(started, ks_engine_lock(engine));
    ks_engine_free(engine);
    memset(promise->told, 0, sizeof(promise->told));
    memset(promise->told_name, 0, sizeof(promise->told_name));
    memset(promise->told_index, 0, sizeof(promise->told_index));
    memset(promise->stood, 0, sizeof(promise->stood));
    if (reboot)
        memset(promise->old_news, 0, sizeof(promise->old_news));
    if (!adopts) {
        memset(promise->open, 0, sizeof(promise->open));
        promise->settled = 0;
    }
    for (unsigned i = 0; i < OPEN_MAX; i++)
        if (promise->open[i].index > 0)
            promise->open[i].owner = VPNS;
    return started;
}

/* What never closed the lock does not open it, nor does one that leaves another. */
static bool is_last(const Promise *promise, unsigned vpn)
{
    for (unsigned i = 0; i < VPNS; i++)
        if ((promise->old_news[i] > 0) != (i == vpn))
            return false;
    return true;
}

static KsEngine *apply(const Letter *letter, KsEngine *engine, Scene *scene, Promise *promise)
{
    static const char *const places[] = { "wired eth0", NULL };
    static const char *const home[] = { HOME, NULL };
    unsigned vpn = letter->vpn;

    switch (letter->kind) {
    case WORD:
    case END:
        scene->word[vpn] = (uint8_t) letter->value;
        scene->by_person[vpn] = promise->ends = letter->kind == END;
        break;
    case LINK_COMES:
        if (scene->index[vpn] == 0)
            new_link(scene, vpn);
        scene->up[vpn] = true;
        scene->route[vpn] = vpn == FULL;
        break;
    case LINK_GOES:
        scene->index[vpn] = scene->up[vpn] = scene->route[vpn] = 0;
        break;
    case LINK_DOWN:
        scene->up[vpn] = scene->route[vpn] = 0;
        break;
    case LINK_REPLACED:
        if (scene->index[vpn] > 0)
            new_link(scene, vpn);
        break;
    case ROUTE:
        scene->route[vpn] = scene->up[vpn] && !scene->route[vpn];
        break;
    case PROFILE:
        scene->second_server = !scene->second_server;
        break;
    case MANAGER:
        scene->manager = (uint8_t) letter->value;
        break;
    case HOOK:
        hear(engine, promise, letter);
        break;
    case LOCK:
    case UNLOCK:
        ks_engine_set_locked(engine, letter->kind == LOCK);
        promise->locked = letter->kind == LOCK;
        break;
    case LAN:
        promise->lan = !promise->lan;
        ks_engine_set_lan(engine, promise->lan);
        break;
    case LAN_AT_HOME:
        promise->lan_at_home = !promise->lan_at_home;
        ks_engine_set_lan_networks(engine, promise->lan_at_home ? home : NULL,
                                   promise->lan_at_home ? places : NULL);
        break;
    case ELSEWHERE:
        scene->elsewhere = !scene->elsewhere;
        break;
    case MODE:
        promise->locked |= letter->value == KS_MODE_ALWAYS && promise->mode != KS_MODE_ALWAYS;
        promise->mode = (uint8_t) letter->value;
        ks_engine_set_mode(engine, (KsMode) letter->value);
        break;
    case DISCONNECT:
        if (promise->mode == KS_MODE_DROPS && is_last(promise, vpn))
            promise->locked = false;
        ks_engine_disconnect(engine, vpn < VPNS ? order_uuids[vpn] : "");
        break;
    case RESTART:
        engine = restart(engine, promise, false);
        break;
    case REBOOT:
        memset(scene->index, 0, sizeof(scene->index));
        memset(scene->up, 0, sizeof(scene->up));
        memset(scene->route, 0, sizeof(scene->route));
        memset(scene->word, KS_VPN_DOWN, sizeof(scene->word));
        memset(scene->by_person, 0, sizeof(scene->by_person));
        scene->manager = AWAY;
        engine = restart(engine, promise, true);
        break;
    }
    return engine;
}

/* ---- all sequences ---- */

typedef struct {
    State state;
    uint32_t from; /* the node before this one, and the letter between */
    uint8_t letter;
} Node;

static unsigned hash_state(const void *data)
{
    const uint8_t *bytes = data;
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */

    for (size_t i = 0; i < sizeof(State); i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return (unsigned) (hash ^ hash >> 32);
}

static gboolean equal_states(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(State)) == 0;
}

typedef struct {
    GPtrArray *nodes; /* Node */
    GHashTable *seen; /* of their states */
    KsWorld *world;
    KsEngine *engine;
    Node *next; /* the one being tried */
    bool changes_mode;
    bool ends_count;
} Walk;

static void print_sequence(const Walk *walk, const Node *from, unsigned letter)
{
    const Node *path[SEQUENCE_MAX];
    unsigned length = 0;
    int line;
    const char *broken = order_broken(&line);

    for (const Node *node = from; node != g_ptr_array_index(walk->nodes, 0);
         node = g_ptr_array_index(walk->nodes, node->from))
        path[length++] = node;
    g_test_message("test-engine-promise.c:%d: %s does not hold after", line, broken);
    while (length > 0)
        g_test_message("  %s", alphabet[path[--length]->letter].text);
    g_test_message("  %s", alphabet[letter].text);
}

static void keep_if_new(Walk *walk, uint32_t from, unsigned letter)
{
    if (g_hash_table_contains(walk->seen, &walk->next->state))
        return;
    walk->next->from = from;
    walk->next->letter = (uint8_t) letter;
    g_ptr_array_add(walk->nodes, walk->next);
    g_hash_table_add(walk->seen, &walk->next->state);
    walk->next = g_new0(Node, 1);
}

static bool try_letter(Walk *walk, const Node *node, unsigned letter)
{
    Scene *scene = &walk->next->state.scene;
    Promise *promise = &walk->next->state.promise;
    int line;

    walk->next->state = node->state;
    order_unpack(&node->state.engine, walk->engine);
    walk->engine = apply(&alphabet[letter], walk->engine, scene, promise);
    if (alphabet[letter].kind == RESTART) /* a guard looks at the links before it has a bus */
        order_observe(walk->engine, walk->world, promise, scene, AWAY);
    order_observe(walk->engine, walk->world, promise, scene, (Manager) scene->manager);
    if (order_broken(&line))
        return false;
    order_pack(walk->engine, &walk->next->state.engine);
    return true;
}

static bool try_all_letters(Walk *walk, uint32_t from, bool last)
{
    const Node *node = g_ptr_array_index(walk->nodes, from);
    Packed again;

    order_unpack(&node->state.engine, walk->engine);
    order_pack(walk->engine, &again);
    g_assert_cmpmem(&again, sizeof(again), &node->state.engine, sizeof(again));
    for (unsigned letter = 0; letter < G_N_ELEMENTS(alphabet); letter++) {
        if ((alphabet[letter].kind == MODE && !walk->changes_mode) ||
            (alphabet[letter].kind == END && !walk->ends_count))
            continue;
        if (!try_letter(walk, node, letter)) {
            print_sequence(walk, node, letter);
            return false;
        }
        if (!last)
            keep_if_new(walk, from, letter);
    }
    return true;
}

static void begin_walk(Walk *walk, const KsSettings *settings)
{
    walk->nodes = g_ptr_array_new_with_free_func(g_free);
    walk->seen = g_hash_table_new(hash_state, equal_states);
    walk->world = ks_world_new();
    walk->engine = ks_engine_new(settings, NULL);
    walk->next = g_new0(Node, 1);
    walk->next->state.scene = (Scene){ .manager = SETTLED, .next_index = FIRST_LINK };
    walk->next->state.promise.locked = settings->locked;
    walk->next->state.promise.mode = (uint8_t) settings->mode;
    walk->next->state.promise.ends_count = walk->ends_count;
    order_observe(walk->engine, walk->world, &walk->next->state.promise, &walk->next->state.scene,
                  SETTLED);
    order_pack(walk->engine, &walk->next->state.engine);
    keep_if_new(walk, 0, 0);
}

static void end_walk(Walk *walk)
{
    g_hash_table_unref(walk->seen);
    g_ptr_array_unref(walk->nodes);
    ks_world_free(walk->world);
    ks_engine_free(walk->engine);
    g_free(walk->next);
}

typedef struct {
    const char *path;
    KsMode mode; /* at the beginning */
    bool changes_mode;
    bool ends_count;
    unsigned shorter;
} Walked;

static const Walked walks[] = {
    { "/engine/longest/vpn", KS_MODE_VPN, false, false, 0 },
    { "/engine/orders/drops", KS_MODE_DROPS, false, true, 1 },
    { "/engine/orders/always", KS_MODE_ALWAYS, false, false, 1 },
    { "/engine/orders/off", KS_MODE_OFF, false, false, 2 },
    { "/engine/orders/modes", KS_MODE_VPN, true, true, 1 },
};

static void test_all_sequences(const void *data)
{
    const Walked *walked = data;
    KsSettings settings = KS_SETTINGS_DEFAULT;
    guint64 sequences = 1;
    unsigned first = 0;
    Walk walk = { .changes_mode = walked->changes_mode, .ends_count = walked->ends_count };
    unsigned longest = SEQUENCE_MAX - walked->shorter;
    bool holds = true;

    settings.mode = walked->mode;
    ks_settings_boot(&settings);
    begin_walk(&walk, &settings);
    for (unsigned length = 1; holds && length <= longest; length++) {
        unsigned end = walk.nodes->len;

        for (unsigned i = first; holds && i < end; i++)
            holds = try_all_letters(&walk, i, length == longest);
        sequences *= G_N_ELEMENTS(alphabet) - (walked->changes_mode ? 0 : (guint64) KS_MODE_MAX) -
                     (walked->ends_count ? 0 : (guint64) VPNS);
        g_test_message("%" G_GUINT64_FORMAT " sequences of length %u, by every letter in %u states",
                       sequences, length, end);
        first = end;
    }
    end_walk(&walk);
    g_assert_true(holds);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(walks); i++)
        g_test_add_data_func(walks[i].path, &walks[i], test_all_sequences);
    return g_test_run();
}
