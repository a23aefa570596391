/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-refused"

#include "refused/refused-bus.h"

#include "kernel/clock.h"
#include "model/names.h"
#include "polkit/asker.h"
#include "polkit/authority.h"
#include "refused-interface-generated.h"
#include "refused/keepers.h"
#include "refused/watch.h"

#include <string.h>

#define TOO_MANY "Too many look already."
#define LEAVING  "This program ends just now: call it again."
#define TOO_LONG "It is kept for an hour at most, and for so many users."

#define LOOKERS_MAX          64u
#define LOOKERS_PER_USER_MAX 4u

/* However much is refused, those who look are woken no more often than this. */
#define CHANGED_DELAY_MS 300

/* The kernel goes on telling for so long when nobody looks any more: one who looks and stops all
 * the time has the guard change its rules no more often. */
#define LINGER_SECONDS 5

/* What polkit said counts for so long: a session ends, and so does what it keeps of a password. */
#define ALLOWED_US (3 * G_USEC_PER_SEC)

struct KsRefused {
    GDBusConnection *connection;
    KsOnDemandIdle idle;
    void *idle_data;
    GPtrArray *lookers; /* Looker*, owned */
    KsKeepers *keepers;
    KsRefusedWatch *watch; /* while somebody looks who may or has it kept, and a moment longer */
    guint keep_source;     /* for the end of what is kept */
    guint changed_source;
    guint linger_source; /* while nobody does, and `watch` is there */
    guint guard_watch;
    guint object;
    bool leaves; /* its name is another's: what it kept, nobody would find */
};

typedef struct {
    KsAsker asker;
    KsRefused *refused;
    bool is_authorised; /* it looks */
    bool keeps;         /* its call is Keep, for so long */
    guint32 keep_seconds;
    bool by_person; /* somebody was asked for a password, which is for all of this look */
    gint64 allowed; /* monotonic: when polkit said so last */
    bool sees_everything;
} Looker;

static void free_looker(gpointer data)
{
    Looker *looker = data;

    ks_asker_end(&looker->asker);
    g_free(looker);
}

static bool somebody_looks(const KsRefused *refused)
{
    for (unsigned i = 0; i < refused->lookers->len; i++)
        if (((Looker *) g_ptr_array_index(refused->lookers, i))->is_authorised)
            return true;
    return false;
}

static int64_t seconds_now(void)
{
    return ks_clock_now() / G_USEC_PER_SEC;
}

static bool may_see(void *data, bool has_uid, uint32_t uid)
{
    const KsRefused *refused = data;

    for (unsigned i = 0; i < refused->lookers->len; i++) {
        const Looker *looker = g_ptr_array_index(refused->lookers, i);

        if (looker->is_authorised &&
            (looker->sees_everything || (has_uid && looker->asker.uid == uid)))
            return true;
    }
    return ks_keepers_want(refused->keepers, has_uid, uid);
}

static void forget(KsRefused *refused)
{
    bool all = !somebody_looks(refused) && !ks_keepers_are_there(refused->keepers);

    if (refused->watch)
        ks_refused_watch_forget(refused->watch, all);
}

/* Before what is kept is told or added to: the timer may not have seen an end in sleep yet. */
static void expire(KsRefused *refused)
{
    if (ks_keepers_expire(refused->keepers, seconds_now()))
        forget(refused);
}

/* One who looks is told how much of others' there is. */
static bool wants(void *data, bool has_uid, uint32_t uid)
{
    KsRefused *refused = data;

    expire(refused);
    return somebody_looks(refused) || ks_keepers_want(refused->keepers, has_uid, uid);
}

static void stop_watching(KsRefused *refused)
{
    g_clear_handle_id(&refused->changed_source, g_source_remove);
    g_clear_handle_id(&refused->linger_source, g_source_remove);
    g_clear_pointer(&refused->watch, ks_refused_watch_free);
}

static gboolean on_lingered(gpointer data)
{
    KsRefused *refused = data;

    refused->linger_source = 0;
    stop_watching(refused);
    return G_SOURCE_REMOVE;
}

/* Nobody looks any more. What another program holds costs nobody anything, and may be free at the
 * next look. */
static void stop_watching_soon(KsRefused *refused)
{
    if (ks_keepers_are_there(refused->keepers))
        return;
    if (refused->watch && ks_refused_watch_state(refused->watch) == KS_REFUSED_TAKEN)
        stop_watching(refused);
    else if (refused->watch && refused->linger_source == 0)
        refused->linger_source = g_timeout_add_seconds(LINGER_SECONDS, on_lingered, refused);
}

static void end_looker(Looker *looker)
{
    KsRefused *refused = looker->refused;
    bool looked = looker->is_authorised;

    g_ptr_array_remove(refused->lookers, looker);
    if (looked)
        forget(refused);
    if (!somebody_looks(refused))
        stop_watching_soon(refused);
    if (!ks_refused_is_busy(refused))
        refused->idle(refused->idle_data);
}

static gboolean on_changed(gpointer data)
{
    KsRefused *refused = data;

    refused->changed_source = 0;
    for (unsigned i = 0; i < refused->lookers->len; i++) {
        const Looker *looker = g_ptr_array_index(refused->lookers, i);

        if (looker->is_authorised)
            (void) g_dbus_connection_emit_signal(refused->connection, looker->asker.name,
                                                 KS_REFUSED_BUS_PATH, KS_REFUSED_BUS_INTERFACE,
                                                 "Changed", NULL, NULL);
    }
    return G_SOURCE_REMOVE;
}

static void changed(void *data)
{
    KsRefused *refused = data;

    if (refused->changed_source == 0)
        refused->changed_source = g_timeout_add(CHANGED_DELAY_MS, on_changed, refused);
}

/* As Unix time; 0 and 0: it is not kept. */
static void put_kept(const Looker *looker, GVariantDict *result)
{
    int64_t began = g_get_real_time() / G_USEC_PER_SEC - seconds_now();
    int64_t since;
    int64_t until;
    bool kept;

    kept = ks_keepers_find(looker->refused->keepers, looker->asker.uid, &since, &until);
    g_variant_dict_insert(result, "kept_since", "x", kept ? (gint64) (began + since) : 0);
    g_variant_dict_insert(result, "kept_until", "x", kept ? (gint64) (began + until) : 0);
}

static void tell(const Looker *looker, GDBusMethodInvocation *invocation)
{
    const KsRefusedWatch *watch = looker->refused->watch;
    GVariantDict result;
    unsigned hidden;

    expire(looker->refused);
    g_variant_dict_init(&result, NULL);
    put_kept(looker, &result);
    g_variant_dict_insert_value(&result, "entries",
                                ks_refused_list_tell(ks_refused_watch_list(watch),
                                                     looker->asker.uid, looker->sees_everything,
                                                     &hidden));
    g_variant_dict_insert(&result, "hidden", "u", (guint32) hidden);
    g_variant_dict_insert(&result, "lost", "b", ks_refused_watch_has_lost(watch));
    g_variant_dict_insert(&result, "state", "s",
                          ks_refused_state_name(ks_refused_watch_state(watch)));
    g_dbus_method_invocation_return_value(invocation,
                                          g_variant_new("(@a{sv})", g_variant_dict_end(&result)));
}

static void watch(KsRefused *refused)
{
    static const KsRefusedWatcher watcher = {
        .changed = changed,
        .wants = wants,
        .may_see = may_see,
    };

    g_clear_handle_id(&refused->linger_source, g_source_remove);
    if (!somebody_looks(refused))
        forget(refused); /* what was lost while it lingered */
    if (!refused->watch)
        refused->watch = ks_refused_watch_new(&watcher, refused);
}

/* ---- Keep ---- */

static void time_keepers(KsRefused *refused);

static gboolean on_kept(gpointer data)
{
    KsRefused *refused = data;

    refused->keep_source = 0;
    expire(refused);
    time_keepers(refused);
    if (!somebody_looks(refused))
        stop_watching_soon(refused);
    if (!ks_refused_is_busy(refused))
        refused->idle(refused->idle_data);
    return G_SOURCE_REMOVE;
}

static void time_keepers(KsRefused *refused)
{
    guint seconds = ks_keepers_timer(refused->keepers, seconds_now());

    g_clear_handle_id(&refused->keep_source, g_source_remove);
    if (seconds > 0)
        refused->keep_source = g_timeout_add_seconds(seconds, on_kept, refused);
}

static void answer_keep(Looker *looker, GDBusMethodInvocation *invocation)
{
    const KsRefusedWatch *watch = looker->refused->watch;
    GVariantDict result;

    g_variant_dict_init(&result, NULL);
    put_kept(looker, &result);
    g_variant_dict_insert(
        &result, "state", "s",
        ks_refused_state_name(watch ? ks_refused_watch_state(watch) : KS_REFUSED_ON));
    g_dbus_method_invocation_return_value(invocation,
                                          g_variant_new("(@a{sv})", g_variant_dict_end(&result)));
}

/* What the kernel cannot tell now is not kept for later: the caller hears of it, and what was asked
 * before goes on. False: it is too long, or for too many. */
static bool set_keeper(Looker *looker)
{
    KsRefused *refused = looker->refused;
    guint32 uid = looker->asker.uid;
    guint32 seconds = looker->keep_seconds;
    int64_t since;
    int64_t until;
    bool kept = ks_keepers_find(refused->keepers, uid, &since, &until);

    if (seconds > KS_REFUSED_KEEP_SECONDS_MAX)
        return false;
    if (seconds > 0) {
        watch(refused);
        if (ks_refused_watch_state(refused->watch) != KS_REFUSED_ON)
            return true;
    }
    if (!ks_keepers_set(refused->keepers, uid, looker->sees_everything, seconds_now(), seconds))
        return false;
    if (seconds > 0 && !kept)
        g_message("uid %u has what is refused kept for %u s", uid, seconds);
    forget(refused);
    return true;
}

static void keep(Looker *looker)
{
    GDBusMethodInvocation *invocation = g_steal_pointer(&looker->asker.invocation);
    KsRefused *refused = looker->refused;

    looker->keeps = false;
    expire(refused);
    if (refused->leaves) {
        g_dbus_method_invocation_return_dbus_error(invocation, KS_BUS_ERROR("Failed"), LEAVING);
    } else if (set_keeper(looker)) {
        answer_keep(looker, invocation);
    } else {
        g_dbus_method_invocation_return_error(invocation, G_DBUS_ERROR,
                                              G_DBUS_ERROR_LIMITS_EXCEEDED, TOO_LONG);
    }
    time_keepers(refused);
    if (!looker->is_authorised)
        end_looker(looker);
}

static void begin(Looker *looker)
{
    KsRefused *refused = looker->refused;

    if (looker->keeps) {
        keep(looker);
        return;
    }
    if (!somebody_looks(refused))
        g_message("%s, uid %u, looks at what is refused", looker->asker.name, looker->asker.uid);
    watch(refused);
    looker->is_authorised = true;
    looker->allowed = g_get_monotonic_time();
    tell(looker, g_steal_pointer(&looker->asker.invocation));
}

static void ask(Looker *looker, const char *action, bool interactive, GAsyncReadyCallback callback)
{
    ks_asker_check(&looker->asker, action, "Look", interactive, callback);
}

/* Someone who may configure without being asked for more sees all, as root does. */
static void on_may_configure(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    bool may = ks_authority_check_finish(result, &error);
    Looker *looker = data;

    (void) source;
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* the looker is gone */
    looker->sees_everything = may;
    begin(looker);
}

static void on_may_look(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    Looker *looker = data;
    bool may = ks_authority_check_finish(result, &error);

    (void) source;
    if (may) {
        ask(looker, KS_ACTION_ID_CONFIGURE, false, on_may_configure);
        return;
    }
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* the looker is gone */
    if (!looker->by_person && ks_asker_may_ask_person(&looker->asker)) {
        looker->by_person = true;
        ask(looker, KS_ACTION_ID_REFUSED, true, on_may_look);
        return;
    }
    ks_asker_refuse_unauthorised(&looker->asker, error);
}

static void on_known(void *asker)
{
    Looker *looker = asker;

    if (looker->asker.uid != 0) {
        ask(looker, KS_ACTION_ID_REFUSED, false, on_may_look);
        return;
    }
    looker->sees_everything = true;
    begin(looker);
}

static void on_gone(void *asker)
{
    end_looker(asker);
}

static Looker *find(const KsRefused *refused, const char *caller)
{
    for (unsigned i = 0; i < refused->lookers->len; i++) {
        Looker *looker = g_ptr_array_index(refused->lookers, i);

        if (g_str_equal(looker->asker.name, caller))
            return looker;
    }
    return NULL;
}

/* Asks polkit, whatever it said of a look before. */
static void check(Looker *looker)
{
    if (looker->asker.uid == 0)
        begin(looker);
    else if (looker->by_person)
        ask(looker, KS_ACTION_ID_CONFIGURE, false, on_may_configure);
    else
        ask(looker, KS_ACTION_ID_REFUSED, false, on_may_look);
}

/* `keep_seconds`: of Keep; NULL: the call is Look. */
static void look(KsRefused *refused, const char *caller, const guint32 *keep_seconds,
                 GDBusMethodInvocation *invocation)
{
    static const KsAskerKind kind = {
        .per_user_max = LOOKERS_PER_USER_MAX,
        .too_many = TOO_MANY,
        .ended = "It was ended.",
        .known = on_known,
        .gone = on_gone,
    };
    Looker *looker = find(refused, caller);

    if (looker && !looker->asker.invocation) {
        looker->asker.invocation = invocation;
        looker->keeps = keep_seconds != NULL;
        looker->keep_seconds = keep_seconds ? *keep_seconds : 0;
        if (looker->is_authorised && !looker->keeps &&
            g_get_monotonic_time() - looker->allowed < ALLOWED_US)
            tell(looker, g_steal_pointer(&looker->asker.invocation));
        else
            check(looker);
        return;
    }
    if (looker || refused->lookers->len >= LOOKERS_MAX) {
        g_dbus_method_invocation_return_error(invocation, G_DBUS_ERROR,
                                              G_DBUS_ERROR_LIMITS_EXCEEDED, TOO_MANY);
        return;
    }
    looker = g_new0(Looker, 1);
    looker->refused = refused;
    looker->keeps = keep_seconds != NULL;
    looker->keep_seconds = keep_seconds ? *keep_seconds : 0;
    g_ptr_array_add(refused->lookers, looker);
    ks_asker_begin(&looker->asker, &kind, refused->lookers, refused->connection, invocation);
}

static void on_call(GDBusConnection *connection, const char *sender, const char *path,
                    const char *interface, const char *method, GVariant *arguments,
                    GDBusMethodInvocation *invocation, gpointer data)
{
    KsRefused *refused = data;
    guint32 seconds;
    Looker *looker;

    (void) connection;
    (void) path;
    (void) interface;
    if (strcmp(method, "Look") == 0) {
        look(refused, sender, NULL, invocation);
        return;
    }
    if (strcmp(method, "Keep") == 0) {
        g_variant_get(arguments, "(u)", &seconds);
        look(refused, sender, &seconds, invocation);
        return;
    }
    looker = find(refused, sender);
    if (looker)
        end_looker(looker);
    g_dbus_method_invocation_return_value(invocation, NULL);
}

static void on_guard_appeared(GDBusConnection *connection, const char *name, const char *owner,
                              gpointer data)
{
    KsRefused *refused = data;

    (void) connection;
    (void) name;
    (void) owner;
    if (refused->watch)
        ks_refused_watch_ask_guard(refused->watch);
}

KsRefused *ks_refused_new(GDBusConnection *connection, KsOnDemandIdle idle, void *data)
{
    static const GDBusInterfaceVTable table = { .method_call = on_call };
    KsRefused *refused = g_new0(KsRefused, 1);
    g_autoptr(GError) error = NULL;

    refused->connection = g_object_ref(connection);
    refused->idle = idle;
    refused->idle_data = data;
    refused->lookers = g_ptr_array_new_with_free_func(free_looker);
    refused->keepers = ks_keepers_new();
    refused->object = g_dbus_connection_register_object(
        connection, KS_REFUSED_BUS_PATH, (GDBusInterfaceInfo *) &ks_refused1_interface, &table,
        refused, NULL, &error);
    if (refused->object == 0)
        g_warning("cannot export %s: %s", KS_REFUSED_BUS_PATH, error->message);
    refused->guard_watch =
        g_bus_watch_name_on_connection(connection, KS_BUS_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                       on_guard_appeared, NULL, refused, NULL);
    return refused;
}

bool ks_refused_is_busy(const KsRefused *refused)
{
    return refused->lookers->len > 0 || ks_keepers_are_there(refused->keepers);
}

void ks_refused_leave(KsRefused *refused)
{
    refused->leaves = true;
}

void ks_refused_free(KsRefused *refused)
{
    g_bus_unwatch_name(refused->guard_watch);
    g_dbus_connection_unregister_object(refused->connection, refused->object);
    stop_watching(refused);
    g_clear_handle_id(&refused->keep_source, g_source_remove);
    g_ptr_array_unref(refused->lookers);
    ks_keepers_free(refused->keepers);
    g_object_unref(refused->connection);
    g_free(refused);
}
