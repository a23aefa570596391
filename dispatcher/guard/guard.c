/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "guard/guard.h"

#include "config.h"
#include "guard/boot.h"
#include "guard/configuration-files.h"
#include "guard/engine.h"
#include "guard/keeper.h"
#include "guard/status.h"
#include "guard/store.h"
#include "kernel/links.h"
#include "kernel/netfilter.h"
#include "network/manager.h"
#include "rules/text.h"

#include <glib-unix.h>
#include <string.h>

/* How long the first events wait for libnm before they are answered from what the kernel alone
 * tells. NetworkManager answers within some 50 ms; a hook waits up to 5 s. */
#define READY_TIMEOUT_MS 2000

/* How often a kernel that could not be read is tried again. */
#define RETRY_SECONDS 5

struct KsGuard {
    KsConfiguration *configuration;
    KsStore *store;
    KsEngine *engine;
    KsWorld *world;
    KsManager *manager;
    KsLinks *links;

    KsKeeper *keeper;
    KsMonitor *monitor;

    char **known_up;                /* as it was saved last */
    void (*follow)(KsGuard *guard); /* follow_world(), which stands behind what calls it */
    bool has_taken_over;            /* what the kernel held when we began is known */
    bool boot_skipped;   /* the lock is open by the kernel's command line, for this boot only */
    char *state_problem; /* what was wrong with the saved state when we began */
    char *save_problem;  /* why the state could not be saved last */
    guint links_source;
    guint monitor_source;
    guint verify_source;
    guint ready_source;
    guint pause_source; /* when the kernel ends the pause */
    bool is_ready;
    KsGuardListener listener;
};

static void notify(KsGuard *guard)
{
    guard->listener.changed(guard->listener.data);
}

static KsStatusFacts status_facts(const KsGuard *guard)
{
    return (KsStatusFacts){
        .engine = guard->engine,
        .world = guard->world,
        .held = ks_keeper_held(guard->keeper),
        .trouble = ks_keeper_trouble(guard->keeper) != NULL,
        .pause_max = ks_configuration_pause_max(guard->configuration),
        .problems = { ks_keeper_trouble(guard->keeper), guard->state_problem, guard->save_problem },
        .configuration_warnings = ks_configuration_warnings(guard->configuration),
    };
}

static bool is_as_it_should_be(const KsGuard *guard)
{
    KsStatusFacts facts = status_facts(guard);

    return ks_status_verified(&facts);
}

static uint64_t pause_left(const KsGuard *guard)
{
    return ks_keeper_held(guard->keeper)->pause_ms;
}

/* ---- the kernel ---- */

static void save_settings(KsGuard *guard)
{
    g_autoptr(GError) error = NULL;
    KsSettings settings = *ks_engine_settings(guard->engine); /* borrows what it points to */

    settings.locked |= guard->boot_skipped;
    g_clear_pointer(&guard->save_problem, g_free);
    if (ks_store_save(guard->store, &settings, &error))
        return;
    guard->save_problem = g_strdup_printf("The state could not be saved, so what you see now will "
                                          "not outlast a reboot: %s.",
                                          error->message);
    g_warning("%s", guard->save_problem);
}

/* The kernel's command line opens this boot's lock, unless it was closed in this boot already. */
static void skip_boot_lock(KsGuard *guard)
{
    if (!ks_engine_settings(guard->engine)->locked || ks_store_was_closed(guard->store) ||
        !ks_boot_is_skipped())
        return;
    g_message("the kernel's command line says nmkillswitch=off: not locked in this boot, until "
              "someone locks or a VPN comes up");
    (void) ks_engine_set_locked(guard->engine, false);
    guard->boot_skipped = true;
}

/* What a guard or an early boot before us left in the kernel counts: it is never opened by our
 * start, whatever the state file says. Until it could be read, nothing is changed. */
static bool take_over(KsGuard *guard)
{
    if (guard->has_taken_over)
        return true;
    if (!ks_keeper_read(guard->keeper))
        return false;
    guard->has_taken_over = true;
    if (!ks_keeper_held(guard->keeper)->present) {
        skip_boot_lock(guard);
        return true;
    }
    ks_engine_adopt(guard->engine, ks_keeper_held(guard->keeper)->lock);
    if (ks_engine_set_locked(guard->engine, true))
        save_settings(guard);
    return ks_keeper_adopt(guard->keeper);
}

static bool hold_what_should_be(KsGuard *guard)
{
    return ks_keeper_hold(guard->keeper, ks_engine_settings(guard->engine)->locked,
                          ks_engine_lock(guard->engine));
}

static gboolean on_pause_ended(gpointer data)
{
    KsGuard *guard = data;

    guard->pause_source = 0;
    (void) ks_keeper_read(guard->keeper);
    g_message("the pause has ended");
    notify(guard);
    return G_SOURCE_REMOVE;
}

/* The kernel ends a pause by itself; we only look again then, so that people see it. */
static void watch_pause(KsGuard *guard)
{
    g_clear_handle_id(&guard->pause_source, g_source_remove);
    if (pause_left(guard) > 0)
        guard->pause_source =
            g_timeout_add((guint) MIN(pause_left(guard) + 1, G_MAXINT), on_pause_ended, guard);
}

/* For the next guard; not on an event's path, since losing it only locks once more. */
static void remember_known_up(KsGuard *guard)
{
    g_auto(GStrv) known_up = ks_engine_known_up(guard->engine);

    if (guard->known_up &&
        g_strv_equal((const char *const *) guard->known_up, (const char *const *) known_up))
        return;
    ks_store_save_known_up(guard->store, (const char *const *) known_up);
    g_strfreev(guard->known_up);
    guard->known_up = g_steal_pointer(&known_up);
}

/* Tries to take over once more; what follows from it is worked out like any change of the world. */
static gboolean retry(gpointer data)
{
    KsGuard *guard = data;

    guard->verify_source = 0;
    guard->follow(guard);
    return G_SOURCE_REMOVE;
}

/* What happens a moment after each change, off the event's path. */
static gboolean verify(gpointer data)
{
    KsGuard *guard = data;

    guard->verify_source = 0;
    if (!guard->has_taken_over) { /* changing what we do not know could open it */
        guard->verify_source = g_timeout_add_seconds(RETRY_SECONDS, retry, guard);
        notify(guard);
        return G_SOURCE_REMOVE;
    }
    if (ks_keeper_read(guard->keeper) && !is_as_it_should_be(guard)) {
        g_warning("the kernel does not hold the lock as it should; putting it right");
        (void) hold_what_should_be(guard);
    }
    watch_pause(guard);
    remember_known_up(guard);
    notify(guard);
    return G_SOURCE_REMOVE;
}

static void verify_soon(KsGuard *guard)
{
    if (guard->verify_source == 0)
        guard->verify_source = g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, verify, guard, NULL);
}

/* ---- from the world to the kernel ---- */

static void describe_world(KsGuard *guard)
{
    int result = guard->links ? 0 : ks_links_open(&guard->links);

    if (result == 0)
        result = ks_links_describe(guard->links, guard->world);
    if (result < 0) {
        /* an interface that we cannot see is no tunnel */
        g_array_set_size(guard->world->links, 0);
        g_array_set_size(guard->world->link_addresses, 0);
        g_array_set_size(guard->world->link_routes, 0);
        g_warning("the kernel's interfaces cannot be read: %s", g_strerror(-result));
    }
    if (guard->manager)
        ks_manager_describe(guard->manager, guard->world);
}

static void log_auto_lock(KsGuard *guard)
{
    g_message("locked, because the VPN \"%s\" came up and carries all traffic; it stays locked "
              "until someone runs: nm-killswitch unlock",
              ks_engine_locked_by(guard->engine));
}

/* The whole way of an event, in one direction. */
static bool follow_world(KsGuard *guard)
{
    bool settings_changed;
    bool taken_over;
    bool held;

    taken_over = take_over(guard);
    describe_world(guard);
    settings_changed = ks_engine_observe(guard->engine, guard->world);
    held = taken_over && hold_what_should_be(guard);
    if (ks_engine_settings(guard->engine)->locked)
        ks_store_note_closed(guard->store);
    if (settings_changed) {
        log_auto_lock(guard);
        save_settings(guard);
    }
    verify_soon(guard);
    return held;
}

static void follow(KsGuard *guard)
{
    (void) follow_world(guard);
}

static void become_ready(KsGuard *guard)
{
    g_clear_handle_id(&guard->ready_source, g_source_remove);
    if (!guard->is_ready)
        guard->listener.ready(guard->listener.data);
    guard->is_ready = true;
}

static void on_manager_changed(void *data)
{
    KsGuard *guard = data;

    (void) follow_world(guard);
    if (ks_manager_is_ready(guard->manager))
        become_ready(guard);
}

static gboolean on_ready_timeout(gpointer data)
{
    KsGuard *guard = data;

    guard->ready_source = 0;
    g_message("NetworkManager has not answered yet; going on without it");
    become_ready(guard);
    return G_SOURCE_REMOVE;
}

static gboolean on_links_changed(gint fd, GIOCondition condition, gpointer data)
{
    (void) fd;
    (void) condition;
    (void) follow_world(data);
    return G_SOURCE_CONTINUE;
}

static gboolean on_tables_changed(gint fd, GIOCondition condition, gpointer data)
{
    KsGuard *guard = data;
    char process[16];

    (void) fd;
    (void) condition;
    if (!ks_monitor_drain(guard->monitor, ks_keeper_port(guard->keeper), process))
        return G_SOURCE_CONTINUE;
    if (guard->has_taken_over && ks_keeper_read(guard->keeper) && !is_as_it_should_be(guard)) {
        g_autofree char *who = g_strescape(process[0] ? process : "another program", NULL);

        g_warning("%s changed the lock in the kernel; putting it right", who);
        notify(guard); /* "broken" is a state that people see, however short */
        (void) hold_what_should_be(guard);
    }
    verify_soon(guard);
    return G_SOURCE_CONTINUE;
}

/* ---- what the administrator laid down ---- */

static KsConfiguration *read_configuration(void)
{
    KsConfiguration *configuration =
        ks_configuration_load(KS_VENDOR_DIRECTORY, ks_configuration_local_folder());
    const GPtrArray *warnings = ks_configuration_warnings(configuration);

    for (unsigned i = 0; i < warnings->len; i++)
        g_warning("%s", (char *) g_ptr_array_index(warnings, i));
    return configuration;
}

static bool is_ruled_out(const KsGuard *guard, KsConfigurationKey key)
{
    g_autofree char *refusal = ks_configuration_refusal(guard->configuration, key);

    return refusal;
}

/* What may not be turned on or off does not stay so either. Closes only. True if that changed a
 * setting. */
static bool obey_configuration(KsGuard *guard)
{
    bool changed = false;

    if (is_ruled_out(guard, KS_CONFIGURATION_ALLOW_LAN_ACCESS) &&
        ks_engine_set_lan(guard->engine, false)) {
        g_message("LAN access closed: the administrator has ruled it out");
        changed = true;
    }
    if (is_ruled_out(guard, KS_CONFIGURATION_ALLOW_AUTO_LOCK_OFF) &&
        ks_engine_set_auto_lock(guard->engine, true)) {
        g_message("auto-lock turned on: the administrator has ruled out that it is off");
        changed = true;
    }
    return changed;
}

/* ---- beginning and end ---- */

static void watch_kernel(KsGuard *guard)
{
    if (ks_links_open(&guard->links) == 0)
        guard->links_source =
            g_unix_fd_add(ks_links_fd(guard->links), G_IO_IN, on_links_changed, guard);
    if (ks_monitor_open(&guard->monitor) == 0)
        guard->monitor_source =
            g_unix_fd_add(ks_monitor_fd(guard->monitor), G_IO_IN, on_tables_changed, guard);
}

static void load_state(KsGuard *guard)
{
    g_auto(GStrv) known_up = ks_store_load_known_up(guard->store);
    g_auto(KsSettings) settings = KS_SETTINGS_DEFAULT;
    KsStored stored = ks_store_load(guard->store, &settings, &guard->state_problem);
    bool obeyed;

    if (stored == KS_STORED_NOTHING)
        settings.auto_lock = ks_configuration_auto_lock(guard->configuration);
    if (guard->state_problem)
        g_warning("%s", guard->state_problem);
    guard->engine = ks_engine_new(&settings, (const char *const *) known_up);
    if (stored == KS_STORED_NOTHING && !known_up)
        ks_engine_spare_running(guard->engine);
    if (stored == KS_STORED_CORRUPT)
        ks_store_set_aside(guard->store);
    obeyed = obey_configuration(guard);
    if (stored == KS_STORED_CORRUPT || obeyed)
        save_settings(guard);
}

KsGuard *ks_guard_new(KsSystemBus *bus, const KsGuardListener *listener)
{
    KsGuard *guard = g_new0(KsGuard, 1);

    guard->listener = *listener;
    guard->follow = follow;
    guard->configuration = read_configuration();
    guard->store = ks_store_new();
    guard->world = ks_world_new();
    guard->keeper = ks_keeper_new();

    load_state(guard);
    /* before any other socket: the owner's port is then our process number, by which a rescue finds
     * a guard that hangs (kernel: net/netlink/af_netlink.c, netlink_autobind) */
    (void) take_over(guard);
    watch_kernel(guard);
    (void) follow_world(guard);
    guard->manager = ks_manager_new(bus, on_manager_changed, guard);
    guard->ready_source = g_timeout_add(READY_TIMEOUT_MS, on_ready_timeout, guard);
    return guard;
}

void ks_guard_free(KsGuard *guard)
{
    if (!guard)
        return;
    g_clear_handle_id(&guard->links_source, g_source_remove);
    g_clear_handle_id(&guard->monitor_source, g_source_remove);
    g_clear_handle_id(&guard->verify_source, g_source_remove);
    g_clear_handle_id(&guard->ready_source, g_source_remove);
    g_clear_handle_id(&guard->pause_source, g_source_remove);
    ks_manager_free(guard->manager);
    ks_links_close(guard->links);
    ks_monitor_close(guard->monitor);
    ks_keeper_free(guard->keeper);
    ks_engine_free(guard->engine);
    ks_world_free(guard->world);
    ks_store_free(guard->store);
    ks_configuration_free(guard->configuration);
    g_strfreev(guard->known_up);
    g_free(guard->state_problem);
    g_free(guard->save_problem);
    g_free(guard);
}

/* ---- what others ask of us ---- */

static bool report(const KsGuard *guard, bool done, GError **error)
{
    if (!done)
        g_set_error_literal(error, KS_ERROR, KS_ERROR_KERNEL, ks_keeper_trouble(guard->keeper));
    return done;
}

/* What was asked for is done in the kernel; whether it also outlasts a reboot is told apart. */
static bool report_saved(const KsGuard *guard, GError **error)
{
    if (guard->save_problem)
        g_set_error_literal(error, KS_ERROR, KS_ERROR_STATE, guard->save_problem);
    return !guard->save_problem;
}

static bool save_and_follow(KsGuard *guard, GError **error)
{
    save_settings(guard);
    return report(guard, follow_world(guard), error) && report_saved(guard, error);
}

bool ks_guard_event(KsGuard *guard, const KsEvent *event, GError **error)
{
    ks_engine_hear(guard->engine, event);
    return report(guard, follow_world(guard), error);
}

/* Closing: the kernel first, because it must not wait for a disk. */
bool ks_guard_lock(KsGuard *guard, GError **error)
{
    guard->boot_skipped = false;
    if (ks_engine_set_locked(guard->engine, true))
        g_message("locked on request");
    if (!report(guard, follow_world(guard), error) || !ks_guard_resume(guard, error))
        return false;
    save_settings(guard);
    return report_saved(guard, error);
}

/* Opening: the disk first, so that a power cut between the two finds the lock closed. */
bool ks_guard_unlock(KsGuard *guard, GError **error)
{
    guard->boot_skipped = false;
    guard->has_taken_over = true; /* a person's word counts whatever the kernel holds */
    if (ks_engine_set_locked(guard->engine, false))
        g_message("unlocked on request");
    g_clear_pointer(&guard->state_problem, g_free); /* someone has decided */
    return save_and_follow(guard, error);
}

bool ks_guard_set_lan(KsGuard *guard, bool lan, const char *const *networks, GError **error)
{
    bool changed = ks_engine_set_lan(guard->engine, lan);

    changed |= ks_engine_set_lan_networks(guard->engine, lan ? networks : NULL);
    if (changed)
        g_message("LAN access %s on request", !lan          ? "closed"
                                              : networks[0] ? "opened on some networks"
                                                            : "opened");
    return save_and_follow(guard, error);
}

bool ks_guard_set_auto_lock(KsGuard *guard, bool auto_lock, GError **error)
{
    if (ks_engine_set_auto_lock(guard->engine, auto_lock))
        g_message("auto-lock turned %s on request", auto_lock ? "on" : "off");
    return save_and_follow(guard, error);
}

/* The state of a pause is the kernel's alone: nothing of it is remembered here. */
static bool change_pause(KsGuard *guard, uint64_t milliseconds, GError **error)
{
    bool done = ks_keeper_pause(guard->keeper, milliseconds);

    watch_pause(guard);
    notify(guard);
    return report(guard, done, error);
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

    if (!report(guard, ks_keeper_read(guard->keeper), error))
        return false;
    paused = pause_left(guard) > 0;
    if (paused && !change_pause(guard, 0, error))
        return false;
    if (paused)
        g_message("the pause was ended on request");
    return true;
}

void ks_guard_reload_config(KsGuard *guard)
{
    uint64_t pause_max_ms;

    ks_configuration_free(guard->configuration);
    guard->configuration = read_configuration();
    g_message("the configuration was read again");
    if (obey_configuration(guard))
        save_settings(guard);
    (void) follow_world(guard);
    pause_max_ms = (uint64_t) ks_configuration_pause_max(guard->configuration) * 1000;
    if (ks_keeper_read(guard->keeper) && pause_left(guard) > pause_max_ms)
        (void) change_pause(guard, pause_max_ms, NULL);
    notify(guard);
}

const KsConfiguration *ks_guard_configuration(const KsGuard *guard)
{
    return guard->configuration;
}

const KsSettings *ks_guard_settings(const KsGuard *guard)
{
    return ks_engine_settings(guard->engine);
}

bool ks_guard_is_closed(const KsGuard *guard)
{
    return is_as_it_should_be(guard) && pause_left(guard) == 0;
}

GVariant *ks_guard_status(KsGuard *guard, bool fresh)
{
    KsStatusFacts facts;

    /* what is left of a pause is known for the moment of reading only */
    if (fresh || pause_left(guard) > 0)
        (void) ks_keeper_read(guard->keeper);
    facts = status_facts(guard);
    return ks_status_describe(&facts);
}

static const char *name_interface(uint32_t index, const void *data)
{
    const KsLink *link = ks_world_link_by_index(data, index);

    return link ? link->name : NULL;
}

char *ks_guard_rules(KsGuard *guard, GError **error)
{
    if (!report(guard, ks_keeper_read(guard->keeper), error))
        return NULL;
    return ks_rules_text(ks_keeper_held(guard->keeper), name_interface, guard->world);
}
