/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/methods.h"

#include "model/duration.h"
#include "model/names.h"

#include <string.h>

/* No key of the configuration rules it out. */
#define ALLOWED KS_CONFIGURATION_KEYS

struct KsMethod {
    const char *name;
    const char *signature;                      /* of the arguments, as a tuple */
    const char *(*action)(GVariant *arguments); /* NULL: anybody may */
    bool (*is_valid)(GVariant *arguments);      /* beyond the signature; may be NULL */
    bool (*is_so)(const KsGuard *guard, GVariant *arguments);              /* may be NULL */
    KsConfigurationKey (*ruled_out_by)(GVariant *arguments);               /* NULL: nothing can */
    GVariant *(*run)(KsGuard *guard, GVariant *arguments, GError **error); /* NULL: it looks */
    /* whether it could be done, as far as that can be said before; may be NULL */
    bool (*could)(KsGuard *guard, GVariant *arguments, GError **error);
    /* what is answered depends on who asks; NULL: it runs */
    GVariant *(*look)(KsGuard *guard, const KsViewer *viewer, GError **error);
};

static bool first_flag(GVariant *arguments)
{
    gboolean flag;

    g_variant_get_child(arguments, 0, "b", &flag);
    return flag;
}

static GVariant *nothing(bool done)
{
    return done ? g_variant_ref_sink(g_variant_new_tuple(NULL, 0)) : NULL;
}

/* ---- which action ---- */

static const char *action_lock(GVariant *arguments)
{
    (void) arguments;
    return KS_ACTION_ID_LOCK;
}

static const char *action_unlock(GVariant *arguments)
{
    (void) arguments;
    return KS_ACTION_ID_UNLOCK;
}

static const char *action_pause(GVariant *arguments)
{
    (void) arguments;
    return KS_ACTION_ID_PAUSE;
}

static const char *action_configure(GVariant *arguments)
{
    (void) arguments;
    return KS_ACTION_ID_CONFIGURE;
}

/* What closes is as free as locking. */
static const char *action_lan(GVariant *arguments)
{
    return first_flag(arguments) ? KS_ACTION_ID_LAN_ACCESS : KS_ACTION_ID_LOCK;
}

static const char *action_auto_lock(GVariant *arguments)
{
    return first_flag(arguments) ? KS_ACTION_ID_LOCK : KS_ACTION_ID_CONFIGURE;
}

/* ---- bounds ---- */

static bool networks_are_valid(GVariant *arguments)
{
    g_autofree const char **networks = NULL;

    g_variant_get_child(arguments, 1, "^a&s", &networks);
    if (g_strv_length((char **) networks) > KS_LAN_NETWORKS_MAX)
        return false;
    for (unsigned i = 0; networks[i]; i++)
        if (networks[i][0] && !ks_uuid_is_valid(networks[i]))
            return false;
    return true;
}

static bool seconds_are_valid(GVariant *arguments)
{
    guint32 seconds;

    g_variant_get_child(arguments, 0, "u", &seconds);
    return seconds > 0;
}

static bool locks_are_valid(GVariant *arguments)
{
    KsVpnLocks locks;
    const char *word;

    g_variant_get_child(arguments, 1, "&s", &word);
    return ks_vpn_locks_parse(word, &locks);
}

/* ---- already so? ---- */

static bool is_locked(const KsGuard *guard, GVariant *arguments)
{
    (void) arguments;
    return ks_guard_settings(guard)->locked && ks_guard_is_settled(guard);
}

static bool is_unlocked(const KsGuard *guard, GVariant *arguments)
{
    (void) arguments;
    return !ks_guard_settings(guard)->locked && ks_guard_is_settled(guard);
}

static bool is_lan_so(const KsGuard *guard, GVariant *arguments)
{
    g_autofree const char **networks = NULL;

    g_variant_get_child(arguments, 1, "^a&s", &networks);
    return ks_guard_lan_is(guard, first_flag(arguments), networks);
}

static bool is_auto_lock_so(const KsGuard *guard, GVariant *arguments)
{
    return ks_guard_settings(guard)->auto_lock == first_flag(arguments);
}

/* ---- which key of the configuration can rule it out ---- */

static KsConfigurationKey unlock_ruled_out_by(GVariant *arguments)
{
    (void) arguments;
    return KS_CONFIGURATION_ALLOW_UNLOCK;
}

static KsConfigurationKey pause_ruled_out_by(GVariant *arguments)
{
    (void) arguments;
    return KS_CONFIGURATION_ALLOW_PAUSE;
}

static KsConfigurationKey lan_ruled_out_by(GVariant *arguments)
{
    return first_flag(arguments) ? KS_CONFIGURATION_ALLOW_LAN_ACCESS : ALLOWED;
}

static KsConfigurationKey auto_lock_ruled_out_by(GVariant *arguments)
{
    return first_flag(arguments) ? ALLOWED : KS_CONFIGURATION_ALLOW_AUTO_LOCK_OFF;
}

static bool pause_is_short_enough(const KsConfiguration *configuration, GVariant *arguments,
                                  GError **error)
{
    const char *source = ks_configuration_source(configuration, KS_CONFIGURATION_PAUSE_MAX);
    uint32_t max = ks_configuration_pause_max(configuration);
    char text[KS_DURATION_TEXT_SIZE];
    guint32 seconds;

    g_variant_get_child(arguments, 0, "u", &seconds);
    if (seconds <= max)
        return true;
    g_set_error(error, KS_ERROR, KS_ERROR_INVALID_ARGUMENTS,
                "A pause can last %s at most on this machine (%s).", ks_duration_text(max, text),
                source ? source : "the default");
    return false;
}

/* ---- doing it ---- */

static GVariant *run_lock(KsGuard *guard, GVariant *arguments, GError **error)
{
    (void) arguments;
    return nothing(ks_guard_lock(guard, error));
}

static GVariant *run_unlock(KsGuard *guard, GVariant *arguments, GError **error)
{
    (void) arguments;
    return nothing(ks_guard_unlock(guard, error));
}

static GVariant *run_set_lan_access(KsGuard *guard, GVariant *arguments, GError **error)
{
    g_autofree const char **networks = NULL;

    g_variant_get_child(arguments, 1, "^a&s", &networks);
    return nothing(ks_guard_set_lan(guard, first_flag(arguments), networks, error));
}

static GVariant *run_set_auto_lock(KsGuard *guard, GVariant *arguments, GError **error)
{
    return nothing(ks_guard_set_auto_lock(guard, first_flag(arguments), error));
}

static GVariant *run_pause(KsGuard *guard, GVariant *arguments, GError **error)
{
    guint32 seconds;

    g_variant_get_child(arguments, 0, "u", &seconds);
    return nothing(ks_guard_pause(guard, seconds, error));
}

static GVariant *run_resume(KsGuard *guard, GVariant *arguments, GError **error)
{
    (void) arguments;
    return nothing(ks_guard_resume(guard, error));
}

static bool add_by_hand(KsGuard *guard, KsGuardDoing doing, GVariant *arguments, bool overlay,
                        GError **error)
{
    g_autoptr(GVariant) servers = g_variant_get_child_value(arguments, 3);
    KsByHand what = { .servers = servers, .overlay = overlay };

    g_variant_get_child(arguments, 0, "&s", &what.name);
    g_variant_get_child(arguments, 1, "&s", &what.interface);
    g_variant_get_child(arguments, 2, "&s", &what.type);
    return ks_guard_add_vpn(guard, doing, &what, error);
}

static bool add_vpn(KsGuard *guard, KsGuardDoing doing, GVariant *arguments, GError **error)
{
    return add_by_hand(guard, doing, arguments, false, error);
}

static bool add_overlay(KsGuard *guard, KsGuardDoing doing, GVariant *arguments, GError **error)
{
    return add_by_hand(guard, doing, arguments, true, error);
}

static bool remove_vpn(KsGuard *guard, KsGuardDoing doing, GVariant *arguments, GError **error)
{
    const char *vpn;

    g_variant_get_child(arguments, 0, "&s", &vpn);
    return ks_guard_remove_vpn(guard, doing, vpn, error);
}

static bool set_servers(KsGuard *guard, KsGuardDoing doing, GVariant *arguments, GError **error)
{
    g_autoptr(GVariant) servers = g_variant_get_child_value(arguments, 1);
    const char *vpn;

    g_variant_get_child(arguments, 0, "&s", &vpn);
    return ks_guard_set_servers(guard, doing, vpn, servers, error);
}

static bool set_vpn_locks(KsGuard *guard, KsGuardDoing doing, GVariant *arguments, GError **error)
{
    KsVpnLocks locks = KS_VPN_LOCKS_AUTO;
    const char *vpn;
    const char *word;

    g_variant_get_child(arguments, 0, "&s", &vpn);
    g_variant_get_child(arguments, 1, "&s", &word);
    (void) ks_vpn_locks_parse(word, &locks); /* locks_are_valid() */
    return ks_guard_set_vpn_locks(guard, doing, vpn, locks, error);
}

/* The two ways of such a function. */
#define TRY_AND_RUN(change)                                                            \
    static bool could_##change(KsGuard *guard, GVariant *arguments, GError **error)    \
    {                                                                                  \
        return change(guard, KS_GUARD_TRY, arguments, error);                          \
    }                                                                                  \
                                                                                       \
    static GVariant *run_##change(KsGuard *guard, GVariant *arguments, GError **error) \
    {                                                                                  \
        return nothing(change(guard, KS_GUARD_DO, arguments, error));                  \
    }

TRY_AND_RUN(add_vpn)
TRY_AND_RUN(add_overlay)
TRY_AND_RUN(remove_vpn)
TRY_AND_RUN(set_servers)
TRY_AND_RUN(set_vpn_locks)

static GVariant *look_at_status(KsGuard *guard, const KsViewer *viewer, GError **error)
{
    g_autoptr(GVariant) status = ks_guard_status(guard, viewer, true);

    (void) error;
    return g_variant_ref_sink(g_variant_new_tuple(&status, 1));
}

static GVariant *look_at_rules(KsGuard *guard, const KsViewer *viewer, GError **error)
{
    g_autofree char *rules = ks_guard_rules(guard, viewer, error);

    return rules ? g_variant_ref_sink(g_variant_new("(s)", rules)) : NULL;
}

static const KsMethod methods[] = {
    { "Lock", "()", action_lock, NULL, is_locked, NULL, run_lock, NULL },
    { "Unlock", "()", action_unlock, NULL, is_unlocked, unlock_ruled_out_by, run_unlock, NULL },
    { "SetLanAccess", "(bas)", action_lan, networks_are_valid, is_lan_so, lan_ruled_out_by,
      run_set_lan_access, NULL },
    { "SetAutoLock", "(b)", action_auto_lock, NULL, is_auto_lock_so, auto_lock_ruled_out_by,
      run_set_auto_lock, NULL },
    { "Pause", "(u)", action_pause, seconds_are_valid, NULL, pause_ruled_out_by, run_pause, NULL },
    { "Resume", "()", action_lock, NULL, is_locked, NULL, run_resume, NULL },
    { "AddVpn", "(sssa(ssq))", action_configure, NULL, NULL, NULL, run_add_vpn, could_add_vpn },
    { "AddOverlay", "(sssa(ssq))", action_configure, NULL, NULL, NULL, run_add_overlay,
      could_add_overlay },
    { "RemoveVpn", "(s)", action_configure, NULL, NULL, NULL, run_remove_vpn, could_remove_vpn },
    { "SetServers", "(sa(ssq))", action_configure, NULL, NULL, NULL, run_set_servers,
      could_set_servers },
    { "SetVpnLocks", "(ss)", action_configure, locks_are_valid, NULL, NULL, run_set_vpn_locks,
      could_set_vpn_locks },
    { "GetStatus", "()", NULL, NULL, NULL, NULL, NULL, NULL, look_at_status },
    { "GetRules", "()", NULL, NULL, NULL, NULL, NULL, NULL, look_at_rules },
};

const KsMethod *ks_method_find(const char *name, GVariant *arguments, GError **error)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(methods); i++) {
        if (strcmp(methods[i].name, name) != 0)
            continue;
        if (g_variant_is_of_type(arguments, G_VARIANT_TYPE(methods[i].signature)) &&
            (!methods[i].is_valid || methods[i].is_valid(arguments)))
            return &methods[i];
        g_set_error(error, KS_ERROR, KS_ERROR_INVALID_ARGUMENTS,
                    "%s was called with arguments that it does not take.", methods[i].name);
        return NULL;
    }
    g_set_error_literal(error, KS_ERROR, KS_ERROR_UNKNOWN_METHOD,
                        "The guard does not know this request; it may be older than the program "
                        "that asked.");
    return NULL;
}

const char *ks_method_action(const KsMethod *method, GVariant *arguments)
{
    return method->action ? method->action(arguments) : NULL;
}

bool ks_method_is_so(const KsMethod *method, const KsGuard *guard, GVariant *arguments)
{
    return method->is_so && method->is_so(guard, arguments);
}

bool ks_method_is_permitted(const KsMethod *method, const KsGuard *guard, KsCaller caller,
                            GVariant *arguments, GError **error)
{
    const KsConfiguration *configuration = ks_guard_configuration(guard);
    KsConfigurationKey key = method->ruled_out_by ? method->ruled_out_by(arguments) : ALLOWED;
    g_autofree char *refusal = NULL;

    if (key == ALLOWED || (key == KS_CONFIGURATION_ALLOW_UNLOCK && caller == KS_CALLER_SOCKET))
        return true;
    refusal = ks_configuration_refusal(configuration, key);
    if (refusal) {
        g_set_error(error, KS_ERROR, KS_ERROR_FORBIDDEN, "%s%s", refusal,
                    key == KS_CONFIGURATION_ALLOW_UNLOCK
                        ? " Root can still do it from a terminal: sudo " KS_PROGRAM " unlock"
                        : "");
        return false;
    }
    return key != KS_CONFIGURATION_ALLOW_PAUSE ||
           pause_is_short_enough(configuration, arguments, error);
}

bool ks_method_could(const KsMethod *method, KsGuard *guard, GVariant *arguments, GError **error)
{
    return !method->could || method->could(guard, arguments, error);
}

bool ks_method_looks(const KsMethod *method)
{
    return method->look != NULL;
}

GVariant *ks_method_look(const KsMethod *method, KsGuard *guard, const KsViewer *viewer,
                         GError **error)
{
    return method->look(guard, viewer, error);
}

GVariant *ks_method_run(const KsMethod *method, KsGuard *guard, KsCaller caller,
                        GVariant *arguments, GError **error)
{
    static const KsViewer root = { .everything = true };

    if (method->look)
        return method->look(guard, caller == KS_CALLER_SOCKET ? &root : NULL, error);
    return ks_method_is_permitted(method, guard, caller, arguments, error)
               ? method->run(guard, arguments, error)
               : NULL;
}
