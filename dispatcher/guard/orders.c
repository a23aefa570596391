/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "files/right-time.h"
#include "files/vpns-file.h"
#include "guard/guard-private.h"

#include "model/printable.h"
#include "model/uplink.h"
#include "policy/always-on-here.h"
#include "policy/draw.h"
#include "rules/rules-text.h"

#include <string.h>

bool ks_guard_event(KsGuard *guard, const KsEvent *event, GError **error)
{
    ks_engine_hear(guard->engine, event);
    return ks_guard_report(guard, ks_guard_follow(guard), error);
}

bool ks_guard_tell(KsGuard *guard, bool telling, GError **error)
{
    bool followed;

    if (telling == ks_engine_is_telling(guard->engine))
        return true;
    ks_engine_set_telling(guard->engine, telling);
    g_message(telling ? "somebody looks at what is refused: the kernel tells of it"
                      : "nobody looks at what is refused any more");
    followed = ks_guard_follow(guard);
    if (followed && telling == ks_engine_is_telling(guard->engine))
        return true;
    ks_engine_set_telling(guard->engine, false); /* nobody is there who would end it */
    if (!followed)
        return ks_guard_report(guard, false, error);
    if (guard->cannot_tell)
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                            "This kernel cannot tell of what it refuses (no nfnetlink_log).");
    else
        g_set_error_literal(error, KS_ERROR, KS_ERROR_KERNEL,
                            "The kernel did not take the rules that tell of what it refuses.");
    return false;
}

bool ks_guard_is_telling(const KsGuard *guard)
{
    return ks_engine_is_telling(guard->engine);
}

/* The kernel first, as ks_guard_follow_and_save() does. */
static bool close_now(KsGuard *guard, GError **error)
{
    bool held;

    guard->boot_skipped = false;
    (void) ks_engine_set_locked(guard->engine, true);
    held = ks_guard_report(guard, ks_guard_follow(guard), error) && ks_guard_resume(guard, error);
    ks_guard_save(guard);
    return held && ks_guard_report_saved(guard, error);
}

bool ks_guard_lock(KsGuard *guard, GError **error)
{
    if (!ks_engine_settings(guard->engine)->locked)
        g_message("locked on request");
    return close_now(guard, error);
}

/* Opening: the disk first, so that a power cut between the two does not undo a person's word. */
bool ks_guard_unlock(KsGuard *guard, GError **error)
{
    ks_guard_heed_word(guard);
    guard->has_taken_over = true; /* ... whatever the kernel holds */
    if (ks_engine_set_locked(guard->engine, false))
        g_message("unlocked on request");
    return ks_guard_save_and_follow(guard, error);
}

/* What the network is now; of one that is not connected, what it was. */
static const char *place_of(const KsGuard *guard, const char *uuid)
{
    const char *before = ks_settings_lan_place(ks_engine_settings(guard->engine), uuid);

    for (unsigned i = 0; i < ks_look_world(guard->look)->networks->len; i++) {
        const KsNetwork *network = g_ptr_array_index(ks_look_world(guard->look)->networks, i);

        if (strcmp(network->uuid, uuid) == 0 && network->place)
            return network->place;
    }
    return before ? before : "";
}

/* A new list, of one place for each. */
static char **places_of(const KsGuard *guard, const char *const *uuids)
{
    GPtrArray *places = g_ptr_array_new();

    for (unsigned i = 0; uuids[i]; i++)
        g_ptr_array_add(places, g_strdup(place_of(guard, uuids[i])));
    g_ptr_array_add(places, NULL);
    return (char **) g_ptr_array_free(places, FALSE);
}

static bool set_networks(KsGuard *guard, const char *const *uuids)
{
    g_auto(GStrv) places = places_of(guard, uuids);

    return ks_engine_set_lan_networks(guard->engine, uuids, (const char *const *) places);
}

/* An empty text stands for the networks that the caller was not told of: those of private profiles
 * stay. NULL: there are none, and nothing else was named. */
static char **named_networks(const KsGuard *guard, const char *const *networks)
{
    GHashTable *users = ks_look_world(guard->look)->network_users;
    char **before = ks_engine_settings(guard->engine)->lan_networks;
    g_autoptr(GPtrArray) named = g_ptr_array_new_with_free_func(g_free);

    for (unsigned i = 0; networks[i]; i++)
        if (networks[i][0])
            g_ptr_array_add(named, g_strdup(networks[i]));
    for (unsigned i = 0; g_strv_contains(networks, "") && before && before[i]; i++) {
        void *of_network = NULL;
        bool is_known = g_hash_table_lookup_extended(users, before[i], NULL, &of_network);

        if ((!is_known || of_network) && !g_strv_contains(networks, before[i]))
            g_ptr_array_add(named, g_strdup(before[i]));
    }
    if (named->len == 0 && networks[0])
        return NULL; /* without networks it would be for all */
    g_ptr_array_add(named, NULL);
    return (char **) g_ptr_array_free(g_steal_pointer(&named), FALSE);
}

bool ks_guard_lan_is(const KsGuard *guard, bool lan, const char *const *networks)
{
    const KsSettings *settings = ks_engine_settings(guard->engine);
    g_auto(GStrv) named = named_networks(guard, networks);
    g_auto(GStrv) places = named ? places_of(guard, (const char *const *) named) : NULL;

    if (settings->lan != lan || !lan)
        return settings->lan == lan;
    return named && ks_engine_lan_networks_are(guard->engine, (const char *const *) named,
                                               (const char *const *) places);
}

bool ks_guard_set_lan(KsGuard *guard, bool lan, const char *const *networks, GError **error)
{
    g_auto(GStrv) named = named_networks(guard, networks);
    bool changed;

    if (lan && !named) {
        g_set_error_literal(error, KS_ERROR, KS_ERROR_INVALID_ARGUMENTS,
                            "The networks that this was about are gone.");
        return false;
    }
    changed = ks_engine_set_lan(guard->engine, lan);
    changed |= lan ? set_networks(guard, (const char *const *) named)
                   : ks_engine_set_lan_networks(guard->engine, NULL, NULL);
    if (changed)
        g_message("LAN access %s on request", !lan       ? "closed"
                                              : named[0] ? "opened on some networks"
                                                         : "opened");
    return lan ? ks_guard_save_and_follow(guard, error) : ks_guard_follow_and_save(guard, error);
}

bool ks_guard_set_mode(KsGuard *guard, KsMode mode, GError **error)
{
    if (ks_engine_set_mode(guard->engine, mode))
        g_message("the mode was set on request: %s", ks_mode_name(mode));
    return mode == KS_MODE_ALWAYS ? close_now(guard, error)
                                  : ks_guard_save_and_follow(guard, error);
}

bool ks_guard_set_auto_lock(KsGuard *guard, KsGuardDoing doing, bool auto_lock, GError **error)
{
    KsMode mode = ks_engine_settings(guard->engine)->mode;

    if (mode == KS_MODE_ALWAYS && auto_lock) {
        g_set_error_literal(error, KS_ERROR, KS_ERROR_FAILED,
                            "In the mode always no VPN locks by itself: this machine is locked "
                            "from each start on. To choose another: nm-killswitch mode vpn");
        return false;
    }
    if (doing == KS_GUARD_TRY || ks_mode_auto_locks(mode) == auto_lock)
        return true;
    return ks_guard_set_mode(guard, auto_lock ? KS_MODE_VPN : KS_MODE_OFF, error);
}

/* ---- of VPNs ---- */

/* Takes over `changed`. The disk first: what cannot be saved is not in force, or a reboot would
 * bring back what was taken away. That such a VPN is up already is no news. */
static bool hold_vpns(KsGuard *guard, KsVpns *changed, const char *uuid, GError **error)
{
    g_autoptr(KsVpns) now = changed;

    if (!ks_vpns_save(now, error)) {
        g_prefix_error(error, "Nothing was changed, because it could not be saved: ");
        return false;
    }
    g_clear_pointer(&guard->vpns_problem, g_free);
    ks_engine_spare(guard->engine, uuid);
    ks_vpns_free(guard->vpns);
    guard->vpns = g_steal_pointer(&now);
    return ks_guard_report(guard, ks_guard_follow(guard), error);
}

bool ks_guard_add_vpn(KsGuard *guard, KsGuardDoing doing, const KsByHand *what, GError **error)
{
    g_autoptr(KsVpns) vpns = ks_vpns_copy(guard->vpns);
    g_autofree char *interface = NULL;
    const char *uuid = ks_vpns_add(vpns, ks_look_world(guard->look), what, error);

    if (!uuid)
        return false;
    if (doing == KS_GUARD_TRY)
        return true;
    interface = ks_printable_quoted(what->interface);
    g_message("%s on %s was set up on request", what->overlay ? "an overlay network" : "a VPN",
              interface);
    return hold_vpns(guard, g_steal_pointer(&vpns), uuid, error);
}

bool ks_guard_remove_vpn(KsGuard *guard, KsGuardDoing doing, const char *name, GError **error)
{
    g_autoptr(KsVpns) vpns = ks_vpns_copy(guard->vpns);
    g_autofree char *uuid =
        g_strdup(ks_vpns_identify(vpns, ks_look_world(guard->look), name, error));

    if (!uuid || !ks_vpns_remove(vpns, uuid, error))
        return false;
    if (doing == KS_GUARD_TRY)
        return true;
    g_message("the VPN %s, set up by hand, was removed on request", uuid);
    return hold_vpns(guard, g_steal_pointer(&vpns), uuid, error);
}

bool ks_guard_set_servers(KsGuard *guard, KsGuardDoing doing, const char *name, GVariant *servers,
                          GError **error)
{
    g_autoptr(KsVpns) vpns = ks_vpns_copy(guard->vpns);
    g_autofree char *uuid =
        g_strdup(ks_vpns_identify(vpns, ks_look_world(guard->look), name, error));
    const KsVpn *vpn = uuid ? ks_world_vpn(ks_look_world(guard->look), uuid) : NULL;

    if (!uuid || !ks_vpns_set_servers(vpns, uuid, vpn ? vpn->type : "", servers, error))
        return false;
    if (doing == KS_GUARD_TRY)
        return true;
    g_message("%" G_GSIZE_FORMAT " servers of the VPN %s were set on request",
              g_variant_n_children(servers), uuid);
    return hold_vpns(guard, g_steal_pointer(&vpns), uuid, error);
}

bool ks_guard_set_vpn_locks(KsGuard *guard, KsGuardDoing doing, const char *name, KsVpnLocks locks,
                            GError **error)
{
    g_autoptr(KsVpns) vpns = ks_vpns_copy(guard->vpns);
    g_autofree char *uuid =
        g_strdup(ks_vpns_identify(vpns, ks_look_world(guard->look), name, error));

    if (!uuid || !ks_vpns_set_locks(vpns, uuid, locks, error))
        return false;
    if (doing == KS_GUARD_TRY)
        return true;
    g_message("whether the VPN %s locks was set to %s on request", uuid, ks_vpn_locks_name(locks));
    return hold_vpns(guard, g_steal_pointer(&vpns), uuid, error);
}

/* A name says its UUID or, of one that was chosen before, what has become of it since does not
 * matter: who adds another must not have to know that it was deleted. */
static const char *find_always_on(KsGuard *guard, const char *name, GError **error)
{
    char **chosen = ks_engine_settings(guard->engine)->always_on;
    const KsVpn *vpn;
    const char *uuid;

    for (unsigned i = 0; chosen && chosen[i]; i++)
        if (strcmp(chosen[i], name) == 0)
            return chosen[i];
    uuid = ks_vpns_identify(guard->vpns, ks_look_world(guard->look), name, error);
    vpn = uuid ? ks_world_vpn(ks_look_world(guard->look), uuid) : NULL;
    if (!uuid || (vpn && ks_always_on_may_be(vpn)))
        return uuid;
    g_set_error_literal(
        error, KS_ERROR, KS_ERROR_INVALID_ARGUMENTS,
        vpn && vpn->users
            ? "This VPN is for some users only; one that is always on is for everybody. "
              "Make it so in the network settings, or: nmcli connection modify NAME "
              "connection.permissions \"\""
            : "NetworkManager does not run this VPN, and so it cannot be connected here.");
    return NULL;
}

/* UUIDs of what is named, each once; NULL with an error. */
static char **identify_always_on(KsGuard *guard, const char *const *names, GError **error)
{
    g_autoptr(GPtrArray) uuids = g_ptr_array_new_with_free_func(g_free);

    for (unsigned i = 0; names[i]; i++) {
        const char *uuid = find_always_on(guard, names[i], error);

        if (!uuid)
            return NULL;
        if (g_ptr_array_find_with_equal_func(uuids, uuid, g_str_equal, NULL)) {
            g_set_error_literal(error, KS_ERROR, KS_ERROR_INVALID_ARGUMENTS,
                                "The same VPN is named twice.");
            return NULL;
        }
        g_ptr_array_add(uuids, g_strdup(uuid));
    }
    g_ptr_array_add(uuids, NULL);
    return (char **) g_ptr_array_free(g_steal_pointer(&uuids), FALSE);
}

bool ks_guard_could_set_always_on(KsGuard *guard, const char *const *vpns, GError **error)
{
    g_auto(GStrv) uuids = identify_always_on(guard, vpns, error);

    return uuids != NULL;
}

bool ks_guard_set_always_on(KsGuard *guard, const char *const *vpns, GError **error)
{
    g_auto(GStrv) uuids = identify_always_on(guard, vpns, error);

    if (!uuids)
        return false;
    if (ks_engine_set_always_on(guard->engine, (const char *const *) uuids))
        g_message("which VPN is always on was set on request: %s", uuids[0] ? uuids[0] : "none");
    if (!uuids[0])
        ks_engine_set_here(guard->engine, NULL, NULL, NULL);
    ks_always_on_want(guard->always_on);
    return ks_guard_save_and_follow(guard, error);
}

bool ks_guard_set_always_on_here(KsGuard *guard, KsGuardDoing doing, const char *vpn,
                                 const char *const *networks, GError **error)
{
    const char *uuid = vpn[0] ? find_always_on(guard, vpn, error) : "";
    g_auto(KsHere) here = { 0 };
    g_autofree char *all = NULL;
    KsHereAnswer answer;

    if (!uuid)
        return false;
    answer = ks_always_on_change_here(ks_engine_settings(guard->engine), ks_look_world(guard->look),
                                      uuid, networks, &here);
    if (answer != KS_HERE_DONE) {
        g_set_error_literal(
            error, KS_ERROR, KS_ERROR_INVALID_ARGUMENTS,
            answer == KS_HERE_TOO_MANY
                ? "Too many networks have a VPN of their own already."
                : "One of these networks is not connected now, and has no LAN access, "
                  "exception or VPN of its own: which one it is is not known. Connect "
                  "it first.");
        return false;
    }
    if (doing == KS_GUARD_TRY)
        return true;
    all = g_strjoinv(" ", (char **) networks);
    g_message("the VPN that is wanted on these networks was set on request: %s: %s", all,
              uuid[0] ? uuid : "the usual one");
    ks_engine_set_here(guard->engine, (const char *const *) here.networks,
                       (const char *const *) here.places, (const char *const *) here.vpns);
    ks_always_on_want(guard->always_on);
    return ks_guard_save_and_follow(guard, error);
}

/* The state of a pause is the kernel's alone. What is remembered is when it must be over. */
static bool change_pause(KsGuard *guard, uint64_t milliseconds, GError **error)
{
    bool done = ks_keeper_pause(guard->keeper, milliseconds);

    ks_store_save_pause_end(guard->store, ks_keeper_pause_end(guard->keeper));
    ks_guard_watch_pause(guard);
    ks_guard_notify(guard);
    return ks_guard_report(guard, done, error);
}

bool ks_guard_pause(KsGuard *guard, uint32_t seconds, GError **error)
{
    if (!ks_engine_settings(guard->engine)->locked) {
        g_set_error_literal(error, KS_ERROR, KS_ERROR_FAILED,
                            "There is nothing to pause: the lock is open.");
        return false;
    }
    if (!change_pause(guard, (uint64_t) seconds * 1000, error))
        return false;
    g_message("paused for %u seconds on request", seconds);
    return true;
}

bool ks_guard_resume(KsGuard *guard, GError **error)
{
    bool paused;

    if (!ks_guard_report(guard, ks_keeper_read(guard->keeper), error))
        return false;
    paused = ks_guard_pause_left(guard) > 0;
    if (paused && !change_pause(guard, 0, error))
        return false;
    if (paused)
        g_message("the pause was ended on request");
    return true;
}

const KsConfiguration *ks_guard_configuration(const KsGuard *guard)
{
    return guard->configuration;
}

const KsSettings *ks_guard_settings(const KsGuard *guard)
{
    return ks_engine_settings(guard->engine);
}

uint64_t ks_guard_private_mark(const KsGuard *guard)
{
    KsStatusFacts facts = ks_guard_facts(guard);

    return ks_status_private_mark(&facts);
}

bool ks_guard_hides(const KsGuard *guard, const KsViewer *viewer)
{
    return ks_status_hides(ks_look_world(guard->look), viewer);
}

/* Once: the status is told at every change. */
static void log_copy(KsGuard *guard, const char *copy)
{
    if (g_strcmp0(copy, guard->copy_told) == 0)
        return;
    if (copy)
        g_warning("%s", copy);
    g_free(guard->copy_told);
    guard->copy_told = g_strdup(copy);
}

/* A right clock stays right until it is set, which on_woken() hears. A wrong one may be judged
 * right once the hardware's clock was set, of which nobody tells us. */
static const char *doubt_clock(KsGuard *guard)
{
    if (!guard->clock_doubt && guard->clock_is_judged && guard->clock >= 0)
        return NULL;
    g_free(guard->clock_doubt);
    guard->clock_doubt = ks_right_time_look();
    guard->clock_is_judged = true;
    return guard->clock_doubt;
}

GVariant *ks_guard_status(KsGuard *guard, const KsViewer *viewer, bool fresh)
{
    g_autoptr(GPtrArray) name_warnings = ks_look_name_warnings(guard->look, viewer);
    g_autofree char *copy = ks_saved_copies_look(guard->copies);
    KsStatusFacts facts;

    log_copy(guard, copy);
    /* what is left of a pause is known for the moment of reading only */
    if (ks_guard_pause_left(guard) > 0)
        (void) ks_keeper_read(guard->keeper);
    else if (fresh)
        (void) ks_keeper_read_lately(guard->keeper);
    facts = ks_guard_facts(guard);
    facts.name_warnings = name_warnings;
    /* which ks_guard_facts() leaves free */
    facts.problems[KS_STATUS_PROBLEMS_MAX - 1] = doubt_clock(guard);
    facts.problems[KS_STATUS_PROBLEMS_MAX - 2] = copy;
    facts.viewer = viewer;
    facts.told = viewer ? NULL : &guard->told;
    return ks_status_describe(&facts);
}

static const char *name_interface(uint32_t index, const void *data)
{
    const KsLink *link = ks_world_link_by_index(data, index);

    return link ? link->name : NULL;
}

static char *rules_text(const KsGuard *guard, const KsReadback *held, KsLock *lock)
{
    KsReadback shown = *held;

    shown.lock = lock;
    return ks_rules_text(&shown, name_interface, ks_look_world(guard->look));
}

/* What the second layer makes of the first, without the servers that are not shown there. */
static KsLock *shown_of_second(const KsGuard *guard, const KsLock *first)
{
    const KsReadback *held = ks_second_layer_held(ks_keeper_second_layer(guard->keeper));
    g_autoptr(KsLock) seen = ks_lock_new();
    KsLock *shown = ks_lock_new();

    (void) ks_uplinks_draw(ks_look_world(guard->look), first, seen);
    ks_lock_copy(held->lock, shown);
    ks_draw_keep_servers(shown, seen);
    return shown;
}

char *ks_guard_rules(KsGuard *guard, const KsViewer *viewer, GError **error)
{
    g_autoptr(KsLock) of_first = NULL;
    g_autoptr(KsLock) of_second = NULL;
    g_autofree char *first = NULL;
    g_autofree char *second = NULL;

    if (!ks_guard_report(guard, ks_keeper_read(guard->keeper), error))
        return NULL;
    of_first = ks_engine_shown(guard->engine, ks_look_world(guard->look), viewer,
                               ks_keeper_held(guard->keeper)->lock);
    of_second = shown_of_second(guard, of_first);
    first = rules_text(guard, ks_keeper_held(guard->keeper), of_first);
    second =
        rules_text(guard, ks_second_layer_held(ks_keeper_second_layer(guard->keeper)), of_second);
    return g_strconcat(first, second[0] ? "\n" : "", second, NULL);
}
