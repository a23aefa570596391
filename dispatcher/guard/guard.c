/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "guard/guard.h"

#include "config.h"
#include "guard/boot.h"
#include "guard/configuration-files.h"
#include "guard/engine.h"
#include "guard/status.h"
#include "guard/store.h"
#include "kernel/links.h"
#include "kernel/netfilter.h"
#include "network/manager.h"
#include "rules/plan.h"
#include "rules/text.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>

/* How long the first events wait for libnm before they are answered from what the kernel alone
 * tells. NetworkManager answers within some 50 ms; a hook waits up to 5 s. */
#define READY_TIMEOUT_MS 2000

struct KsGuard {
    KsConfiguration *configuration;
    KsStore *store;
    KsEngine *engine;
    KsWorld *world;
    KsManager *manager;
    KsLinks *links;

    KsNetfilter *netfilter;
    KsMonitor *monitor;
    KsReadback *held; /* what the kernel holds, by its own word */
    KsBatch batch;
    uint32_t table_flags;
    char *trouble; /* why the kernel could not be read or changed */

    char **known_up;     /* as it was saved last */
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
        .held = guard->held,
        .trouble = guard->trouble != NULL,
        .pause_max = ks_configuration_pause_max(guard->configuration),
        .problems = { guard->trouble, guard->state_problem, guard->save_problem },
        .configuration_warnings = ks_configuration_warnings(guard->configuration),
    };
}

static void set_trouble(KsGuard *guard, const char *attempt, int error)
{
    g_autofree char *text = NULL;

    if (error == 0) {
        if (guard->trouble)
            g_message("the kernel takes the rules again");
        g_clear_pointer(&guard->trouble, g_free);
        return;
    }
    if (error == -EPROTONOSUPPORT || error == -EAFNOSUPPORT || error == -EOPNOTSUPP ||
        error == -EINVAL)
        text =
            g_strdup_printf("This kernel's nf_tables is missing or too old (%s: %s): nothing can "
                            "be locked here. Load the module nf_tables or use a kernel that has "
                            "it (CONFIG_NF_TABLES_INET).",
                            attempt, g_strerror(-error));
    else if (error == -EPERM)
        text = g_strdup_printf("The kernel does not let this guard %s: another one may be running. "
                               "What the kernel holds stays as it is.",
                               attempt);
    else
        text = g_strdup_printf("The kernel could not %s (%s). What it holds stays as it is.",
                               attempt, g_strerror(-error));
    if (g_strcmp0(text, guard->trouble) == 0)
        return;
    g_warning("%s", text);
    g_free(guard->trouble);
    guard->trouble = g_steal_pointer(&text);
}

/* ---- the kernel ---- */

static int open_netfilter(KsGuard *guard)
{
    int result;

    if (guard->netfilter)
        return 0;
    result = ks_netfilter_open(&guard->netfilter);
    if (result == 0)
        guard->table_flags = ks_netfilter_table_flags(guard->netfilter);
    return result;
}

static int read_held(KsGuard *guard)
{
    int result = open_netfilter(guard);

    if (result == 0)
        result = ks_netfilter_read(guard->netfilter, guard->held);
    return result;
}

static int plan_and_commit(KsGuard *guard, bool locked, const KsLock *want)
{
    int result = locked ? ks_plan_lock(&guard->batch, guard->held, want, guard->table_flags)
                        : ks_plan_unlock(&guard->batch, guard->held);

    return result < 0 ? result : ks_netfilter_commit(guard->netfilter, &guard->batch);
}

/* Makes the kernel hold what should be. After a change of keys alone the kernel's word is read
 * back a moment later, off the event's path; after anything else at once. */
static int commit(KsGuard *guard)
{
    bool locked = ks_engine_settings(guard->engine)->locked;
    const KsLock *want = ks_engine_lock(guard->engine);
    bool keys_only;
    int result = open_netfilter(guard);

    if (result < 0)
        return result;
    keys_only = locked && ks_readback_is_intact(guard->held);
    result = plan_and_commit(guard, locked, want);
    if (result < 0 && result != -EPERM) {
        /* somebody changed the table between our look and our change: look and try again, and if
         * what they left cannot be mended in place, put the whole table in its place */
        result = read_held(guard);
        if (result == 0)
            result = plan_and_commit(guard, locked, want);
        if (result < 0 && locked && guard->held->present) {
            result = ks_plan_replace(&guard->batch, guard->held, want, guard->table_flags);
            if (result == 0)
                result = ks_netfilter_commit(guard->netfilter, &guard->batch);
        }
        keys_only = false;
    }
    if (result < 0)
        return result;
    if (!keys_only)
        return read_held(guard);
    for (KsSetId set = 0; set < KS_SET_MAX; set++) {
        GArray *keys = guard->held->lock->sets[set];

        g_array_set_size(keys, 0);
        g_array_append_vals(keys, want->sets[set]->data, want->sets[set]->len);
    }
    return 0;
}

static gboolean on_pause_ended(gpointer data)
{
    KsGuard *guard = data;

    guard->pause_source = 0;
    set_trouble(guard, "read the rules back", read_held(guard));
    g_message("the pause has ended");
    notify(guard);
    return G_SOURCE_REMOVE;
}

/* The kernel ends a pause by itself; we only look again then, so that people see it. */
static void watch_pause(KsGuard *guard)
{
    g_clear_handle_id(&guard->pause_source, g_source_remove);
    if (guard->held->pause_ms > 0)
        guard->pause_source =
            g_timeout_add((guint) MIN(guard->held->pause_ms + 1, G_MAXINT), on_pause_ended, guard);
}

/* For the next guard; not on an event's path, since losing it only locks once more. */
static void remember_known_up(KsGuard *guard)
{
    g_auto(GStrv) known_up = ks_engine_known_up(guard->engine);

    if (guard->known_up && g_strv_equal((const char *const *) guard->known_up,
                                        (const char *const *) known_up))
        return;
    ks_store_save_known_up(guard->store, (const char *const *) known_up);
    g_strfreev(guard->known_up);
    guard->known_up = g_steal_pointer(&known_up);
}

/* What happens a moment after each change, off the event's path. */
static gboolean verify(gpointer data)
{
    KsGuard *guard = data;
    KsStatusFacts facts;
    int result;

    guard->verify_source = 0;
    result = read_held(guard);
    set_trouble(guard, "read the rules back", result);
    facts = status_facts(guard);
    if (result == 0 && !ks_status_verified(&facts)) {
        g_warning("the kernel does not hold the lock as it should; putting it right");
        result = commit(guard);
        set_trouble(guard, "take the rules", result);
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

static void describe_world(KsGuard *guard)
{
    int result = guard->links ? 0 : ks_links_open(&guard->links);

    if (result == 0)
        result = ks_links_describe(guard->links, guard->world);
    if (result < 0) {
        /* an interface that we cannot see is no tunnel */
        g_array_set_size(guard->world->links, 0);
        g_array_set_size(guard->world->link_addresses, 0);
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
static int follow_world(KsGuard *guard)
{
    bool settings_changed;
    int result;

    describe_world(guard);
    settings_changed = ks_engine_observe(guard->engine, guard->world);
    result = commit(guard);
    set_trouble(guard, "take the rules", result);
    if (settings_changed) {
        log_auto_lock(guard);
        save_settings(guard);
    }
    verify_soon(guard);
    return result;
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
    KsStatusFacts facts;
    char process[16];
    int result;

    (void) fd;
    (void) condition;
    if (!ks_monitor_drain(guard->monitor, ks_netfilter_port(guard->netfilter), process))
        return G_SOURCE_CONTINUE;
    result = read_held(guard);
    set_trouble(guard, "read the rules back", result);
    facts = status_facts(guard);
    if (result == 0 && !ks_status_verified(&facts)) {
        g_autofree char *who = g_strescape(process[0] ? process : "another program", NULL);

        g_warning("%s changed the lock in the kernel; putting it right", who);
        notify(guard); /* "broken" is a state that people see, however short */
        result = commit(guard);
        set_trouble(guard, "take the rules", result);
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
    if (guard->netfilter && ks_monitor_open(&guard->monitor) == 0)
        guard->monitor_source =
            g_unix_fd_add(ks_monitor_fd(guard->monitor), G_IO_IN, on_tables_changed, guard);
}

/* What a guard or an early boot before us left in the kernel counts: it is never opened by our
 * start, whatever the state file says. */
static void take_over(KsGuard *guard)
{
    g_auto(GStrv) known_up = ks_store_load_known_up(guard->store);
    g_auto(KsSettings) settings = KS_SETTINGS_DEFAULT;
    KsStored stored = ks_store_load(guard->store, &settings, &guard->state_problem);
    int result = read_held(guard);
    bool saved_open = !settings.locked;
    bool obeyed;

    if (stored == KS_STORED_NOTHING)
        settings.auto_lock = ks_configuration_auto_lock(guard->configuration);
    if (guard->state_problem)
        g_warning("%s", guard->state_problem);
    if (result == 0 && guard->held->present) {
        settings.locked = true;
        result = ks_plan_adopt(&guard->batch, guard->held);
        if (result == 0)
            result = ks_netfilter_commit(guard->netfilter, &guard->batch);
        if (result == 0)
            result = read_held(guard);
    }
    if (settings.locked && !guard->held->present && ks_boot_is_skipped()) {
        g_message("the kernel's command line says nmkillswitch=off: not locked in this boot, until "
                  "someone locks or a VPN comes up");
        settings.locked = false;
        guard->boot_skipped = true;
    }
    guard->engine = ks_engine_new(&settings, (const char *const *) known_up);
    if (stored == KS_STORED_NOTHING && !known_up)
        ks_engine_spare_running(guard->engine);
    if (guard->held->present)
        ks_engine_adopt(guard->engine, guard->held->lock);
    if (stored == KS_STORED_CORRUPT)
        ks_store_set_aside(guard->store);
    obeyed = obey_configuration(guard);
    if (stored == KS_STORED_CORRUPT || (settings.locked && saved_open) || obeyed)
        save_settings(guard);
    set_trouble(guard, "adopt the rules", result);
}

KsGuard *ks_guard_new(KsSystemBus *bus, const KsGuardListener *listener)
{
    KsGuard *guard = g_new0(KsGuard, 1);

    guard->listener = *listener;
    guard->configuration = read_configuration();
    guard->store = ks_store_new();
    guard->world = ks_world_new();
    guard->held = ks_readback_new();

    take_over(guard);
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
    ks_netfilter_close(guard->netfilter);
    ks_engine_free(guard->engine);
    ks_world_free(guard->world);
    ks_readback_free(guard->held);
    ks_store_free(guard->store);
    ks_configuration_free(guard->configuration);
    ks_batch_clear(&guard->batch);
    g_strfreev(guard->known_up);
    g_free(guard->state_problem);
    g_free(guard->save_problem);
    g_free(guard->trouble);
    g_free(guard);
}

/* ---- what others ask of us ---- */

static bool report(KsGuard *guard, int result, GError **error)
{
    if (result == 0)
        return true;
    g_set_error_literal(error, KS_ERROR, KS_ERROR_KERNEL, guard->trouble);
    return false;
}

/* What was asked for is done in the kernel; whether it also outlasts a reboot is told apart. */
static bool finish(KsGuard *guard, GError **error)
{
    if (!report(guard, follow_world(guard), error))
        return false;
    if (!guard->save_problem)
        return true;
    g_set_error_literal(error, KS_ERROR, KS_ERROR_STATE, guard->save_problem);
    return false;
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
    return finish(guard, error);
}

/* Opening: the disk first, so that a power cut between the two finds the lock closed. */
bool ks_guard_unlock(KsGuard *guard, GError **error)
{
    guard->boot_skipped = false;
    if (ks_engine_set_locked(guard->engine, false))
        g_message("unlocked on request");
    g_clear_pointer(&guard->state_problem, g_free); /* someone has decided */
    save_settings(guard);
    return finish(guard, error);
}

bool ks_guard_set_lan(KsGuard *guard, bool lan, const char *const *networks, GError **error)
{
    bool changed = ks_engine_set_lan(guard->engine, lan);

    changed |= ks_engine_set_lan_networks(guard->engine, lan ? networks : NULL);
    if (changed)
        g_message("LAN access %s on request", !lan          ? "closed"
                                              : networks[0] ? "opened on some networks"
                                                            : "opened");
    save_settings(guard);
    return finish(guard, error);
}

bool ks_guard_set_auto_lock(KsGuard *guard, bool auto_lock, GError **error)
{
    if (ks_engine_set_auto_lock(guard->engine, auto_lock))
        g_message("auto-lock turned %s on request", auto_lock ? "on" : "off");
    save_settings(guard);
    return finish(guard, error);
}

/* The state of a pause is the kernel's alone: nothing of it is remembered here. */
static bool change_pause(KsGuard *guard, uint64_t milliseconds, GError **error)
{
    int result = -EAGAIN;

    /* twice: a pause may have ended by itself between our look and our change */
    for (unsigned attempt = 0; result != 0 && attempt < 2; attempt++) {
        result = read_held(guard);
        if (result == 0)
            result = ks_plan_pause(&guard->batch, guard->held, milliseconds);
        if (result == 0)
            result = ks_netfilter_commit(guard->netfilter, &guard->batch);
    }
    if (result == 0)
        result = read_held(guard);
    set_trouble(guard, "take the pause", result);
    watch_pause(guard);
    notify(guard);
    return report(guard, result, error);
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

    if (!report(guard, read_held(guard), error))
        return false;
    paused = guard->held->pause_ms > 0;
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
    if (read_held(guard) == 0 && guard->held->pause_ms > pause_max_ms)
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
    KsStatusFacts facts = status_facts(guard);

    return ks_status_verified(&facts) && guard->held->pause_ms == 0;
}

GVariant *ks_guard_status(KsGuard *guard, bool fresh)
{
    KsStatusFacts facts;

    /* what is left of a pause is known for the moment of reading only */
    if (fresh || guard->held->pause_ms > 0)
        set_trouble(guard, "read the rules back", read_held(guard));
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
    int result = read_held(guard);

    set_trouble(guard, "read the rules back", result);
    if (!report(guard, result, error))
        return NULL;
    return ks_rules_text(guard->held, name_interface, guard->world);
}
