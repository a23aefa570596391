/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/methods.h"

#include "service/exception-methods.h"

#include "model/duration.h"
#include "model/names.h"
#include "service/bounds.h"

#include <string.h>

/* No key of the configuration rules it out. */
#define ALLOWED KS_CONFIGURATION_KEYS

struct KsMethod {
    const char *name;
    const char *signature;  /* of the arguments, as a tuple */
    const char *action;     /* NULL: anybody may */
    const char *action_off; /* ... if the call turns protection off; NULL: the same */
    bool (*turns_off)(GVariant *arguments); /* it does; may be NULL */
    bool (*is_valid)(GVariant *arguments);  /* beyond the signature; may be NULL */
    bool (*is_so)(const KsGuard *guard, GVariant *arguments); /* may be NULL */
    KsConfigurationKey ruled_out_by;                          /* ALLOWED: nothing can */
    KsConfigurationKey ruled_out_by_off;                      /* ... if turns_off() */
    bool (*opens_lan)(GVariant *arguments); /* ... and by what rules out LAN access; may be NULL */
    bool makes_exception;                   /* ... and by what rules out exceptions */
    bool opens_all;                         /* as "unlock" does */
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

static bool first_flag_is_off(GVariant *arguments)
{
    return !first_flag(arguments);
}

/* Once is_valid() has looked. */
static KsMode first_mode(GVariant *arguments)
{
    KsMode mode = KS_MODE_OFF;
    const char *name;

    g_variant_get_child(arguments, 0, "&s", &name);
    (void) ks_mode_parse(name, &mode);
    return mode;
}

static bool first_list_is_empty(GVariant *arguments)
{
    g_autoptr(GVariant) list = g_variant_get_child_value(arguments, 0);

    return g_variant_n_children(list) == 0;
}

/* Neither is a mode in which a VPN that comes up locks. */
static bool mode_turns_auto_lock_off(GVariant *arguments)
{
    return !ks_mode_auto_locks(first_mode(arguments));
}

static GVariant *nothing(bool done)
{
    return done ? g_variant_ref_sink(g_variant_new_tuple(NULL, 0)) : NULL;
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
    return ks_mode_auto_locks(ks_guard_settings(guard)->mode) == first_flag(arguments);
}

static bool is_mode_so(const KsGuard *guard, GVariant *arguments)
{
    KsMode mode = ks_guard_settings(guard)->mode;

    return mode == first_mode(arguments) && (mode != KS_MODE_ALWAYS || is_locked(guard, arguments));
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

static bool set_auto_lock(KsGuard *guard, KsGuardDoing doing, GVariant *arguments, GError **error)
{
    return ks_guard_set_auto_lock(guard, doing, first_flag(arguments), error);
}

static GVariant *run_set_mode(KsGuard *guard, GVariant *arguments, GError **error)
{
    return nothing(ks_guard_set_mode(guard, first_mode(arguments), error));
}

static bool disconnect(KsGuard *guard, KsGuardDoing doing, GVariant *arguments, GError **error)
{
    const char *vpn;

    g_variant_get_child(arguments, 0, "&s", &vpn);
    return ks_guard_disconnect(guard, doing, vpn, error);
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
    (void) ks_vpn_locks_parse(word, &locks); /* ks_bounds_of_locks() */
    return ks_guard_set_vpn_locks(guard, doing, vpn, locks, error);
}

static bool set_always_on(KsGuard *guard, KsGuardDoing doing, GVariant *arguments, GError **error)
{
    g_autofree const char **vpns = NULL;

    g_variant_get_child(arguments, 0, "^a&s", &vpns);
    return doing == KS_GUARD_DO ? ks_guard_set_always_on(guard, vpns, error)
                                : ks_guard_could_set_always_on(guard, vpns, error);
}

static bool set_always_on_here(KsGuard *guard, KsGuardDoing doing, GVariant *arguments,
                               GError **error)
{
    g_autofree const char **networks = NULL;
    const char *vpn;

    g_variant_get_child(arguments, 0, "&s", &vpn);
    g_variant_get_child(arguments, 1, "^a&s", &networks);
    return ks_guard_set_always_on_here(guard, doing, vpn, networks, error);
}

static bool set_sharing(KsGuard *guard, KsGuardDoing doing, GVariant *arguments, GError **error)
{
    g_autofree const char **cards = NULL;

    g_variant_get_child(arguments, 0, "^a&s", &cards);
    return ks_guard_set_sharing(guard, doing, cards, error);
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

TRY_AND_RUN(set_auto_lock)
TRY_AND_RUN(disconnect)
TRY_AND_RUN(add_vpn)
TRY_AND_RUN(add_overlay)
TRY_AND_RUN(remove_vpn)
TRY_AND_RUN(set_servers)
TRY_AND_RUN(set_vpn_locks)
TRY_AND_RUN(set_always_on)
TRY_AND_RUN(set_always_on_here)
TRY_AND_RUN(set_sharing)

#define add_exception    ks_method_add_exception
#define add_service      ks_method_add_service
#define remove_exception ks_method_remove_exception
TRY_AND_RUN(add_exception)
TRY_AND_RUN(add_service)
TRY_AND_RUN(remove_exception)

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
    { .name = "Lock",
      .signature = "()",
      .action = KS_ACTION_ID_LOCK,
      .ruled_out_by = ALLOWED,
      .is_so = is_locked,
      .run = run_lock },
    { .name = "Unlock",
      .signature = "()",
      .action = KS_ACTION_ID_UNLOCK,
      .ruled_out_by = KS_CONFIGURATION_ALLOW_UNLOCK,
      .opens_all = true,
      .is_so = is_unlocked,
      .run = run_unlock },
    { .name = "SetLanAccess",
      .signature = "(bas)",
      .action = KS_ACTION_ID_LAN_ACCESS,
      .action_off = KS_ACTION_ID_LOCK, /* what closes is as free as locking */
      .turns_off = first_flag_is_off,
      .ruled_out_by = KS_CONFIGURATION_ALLOW_LAN_ACCESS,
      .ruled_out_by_off = ALLOWED,
      .is_valid = ks_bounds_of_networks,
      .is_so = is_lan_so,
      .run = run_set_lan_access },
    { .name = "SetAutoLock",
      .signature = "(b)",
      .action = KS_ACTION_ID_LOCK,
      .action_off = KS_ACTION_ID_CONFIGURE,
      .turns_off = first_flag_is_off,
      .ruled_out_by = KS_CONFIGURATION_MODE,
      .ruled_out_by_off = KS_CONFIGURATION_ALLOW_AUTO_LOCK_OFF,
      .is_so = is_auto_lock_so,
      .could = could_set_auto_lock,
      .run = run_set_auto_lock },
    { .name = "SetMode",
      .signature = "(s)",
      .action = KS_ACTION_ID_CONFIGURE,
      .turns_off = mode_turns_auto_lock_off,
      .ruled_out_by = KS_CONFIGURATION_MODE,
      .ruled_out_by_off = KS_CONFIGURATION_ALLOW_AUTO_LOCK_OFF,
      .is_valid = ks_bounds_of_mode,
      .is_so = is_mode_so,
      .run = run_set_mode },
    { .name = "Disconnect",
      .signature = "(s)",
      .action = KS_ACTION_ID_UNLOCK, /* whatever the mode is by the time it is done */
      .ruled_out_by = KS_CONFIGURATION_ALLOW_UNLOCK,
      .opens_all = true,
      .could = could_disconnect,
      .run = run_disconnect },
    { .name = "Pause",
      .signature = "(u)",
      .action = KS_ACTION_ID_PAUSE,
      .ruled_out_by = KS_CONFIGURATION_ALLOW_PAUSE,
      .is_valid = ks_bounds_of_seconds,
      .run = run_pause },
    { .name = "Resume",
      .signature = "()",
      .action = KS_ACTION_ID_LOCK,
      .ruled_out_by = ALLOWED,
      .is_so = is_locked,
      .run = run_resume },
    { .name = "AddVpn",
      .signature = "(sssa(ssq))",
      .action = KS_ACTION_ID_CONFIGURE,
      .ruled_out_by = ALLOWED,
      .could = could_add_vpn,
      .run = run_add_vpn },
    { .name = "AddOverlay",
      .signature = "(sssa(ssq))",
      .action = KS_ACTION_ID_CONFIGURE,
      .ruled_out_by = ALLOWED,
      .could = could_add_overlay,
      .run = run_add_overlay },
    { .name = "RemoveVpn",
      .signature = "(s)",
      .action = KS_ACTION_ID_CONFIGURE,
      .ruled_out_by = ALLOWED,
      .could = could_remove_vpn,
      .run = run_remove_vpn },
    { .name = "SetServers",
      .signature = "(sa(ssq))",
      .action = KS_ACTION_ID_CONFIGURE,
      .ruled_out_by = ALLOWED,
      .could = could_set_servers,
      .run = run_set_servers },
    { .name = "SetVpnLocks",
      .signature = "(ss)",
      .action = KS_ACTION_ID_CONFIGURE,
      .ruled_out_by = ALLOWED,
      .is_valid = ks_bounds_of_locks,
      .could = could_set_vpn_locks,
      .run = run_set_vpn_locks },
    { .name = "SetAlwaysOn",
      .signature = "(as)",
      .action = KS_ACTION_ID_CONFIGURE,
      .ruled_out_by = KS_CONFIGURATION_ALLOW_ALWAYS_ON,
      .is_valid = ks_bounds_of_always_on,
      .could = could_set_always_on,
      .run = run_set_always_on },
    { .name = "SetAlwaysOnHere",
      .signature = "(sas)",
      .action = KS_ACTION_ID_CONFIGURE,
      .ruled_out_by = KS_CONFIGURATION_ALLOW_ALWAYS_ON,
      .is_valid = ks_bounds_of_here,
      .could = could_set_always_on_here,
      .run = run_set_always_on_here },
    { .name = "SetSharing",
      .signature = "(as)",
      .action = KS_ACTION_ID_CONFIGURE,
      .action_off = KS_ACTION_ID_LOCK, /* what closes is as free as locking */
      .turns_off = first_list_is_empty,
      .ruled_out_by = KS_CONFIGURATION_ALLOW_SHARING,
      .ruled_out_by_off = ALLOWED,
      .is_valid = ks_bounds_of_cards,
      .could = could_set_sharing,
      .run = run_set_sharing },
    { .name = "AddException",
      .signature = "(sssqqub)",
      .action = KS_ACTION_ID_CONFIGURE,
      .ruled_out_by = KS_CONFIGURATION_ALLOW_UNLOCK,
      .opens_lan = ks_method_is_private_exception,
      .makes_exception = true,
      .could = could_add_exception,
      .run = run_add_exception },
    { .name = "AddService",
      .signature = "(sssqqub)",
      .action = KS_ACTION_ID_CONFIGURE,
      .ruled_out_by = KS_CONFIGURATION_ALLOW_UNLOCK,
      .opens_lan = ks_method_is_private_service,
      .makes_exception = true,
      .could = could_add_service,
      .run = run_add_service },
    { .name = "AddExceptionOn",
      .signature = "(sssqqubs)",
      .action = KS_ACTION_ID_CONFIGURE,
      .ruled_out_by = KS_CONFIGURATION_ALLOW_UNLOCK,
      .opens_lan = ks_method_is_private_exception,
      .makes_exception = true,
      .is_valid = ks_bounds_of_exception_on,
      .could = could_add_exception,
      .run = run_add_exception },
    { .name = "AddServiceOn",
      .signature = "(sssqqubs)",
      .action = KS_ACTION_ID_CONFIGURE,
      .ruled_out_by = KS_CONFIGURATION_ALLOW_UNLOCK,
      .opens_lan = ks_method_is_private_service,
      .makes_exception = true,
      .is_valid = ks_bounds_of_exception_on,
      .could = could_add_service,
      .run = run_add_service },
    { .name = "RemoveException",
      .signature = "(s)",
      .action = KS_ACTION_ID_CONFIGURE,
      .ruled_out_by = ALLOWED,
      .could = could_remove_exception,
      .run = run_remove_exception },
    { .name = "GetStatus", .signature = "()", .ruled_out_by = ALLOWED, .look = look_at_status },
    { .name = "GetRules", .signature = "()", .ruled_out_by = ALLOWED, .look = look_at_rules },
};

/* Its other columns count. */
static bool turns_off(const KsMethod *method, GVariant *arguments)
{
    return method->turns_off && method->turns_off(arguments);
}

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
    return method->action_off && turns_off(method, arguments) ? method->action_off : method->action;
}

bool ks_method_is_so(const KsMethod *method, const KsGuard *guard, GVariant *arguments)
{
    return method->is_so && method->is_so(guard, arguments);
}

/* Nor does anybody's being root help, but to unlock. */
static bool is_ruled_out(const KsMethod *method, const KsGuard *guard, KsCaller caller,
                         KsConfigurationKey key, GError **error)
{
    g_autofree char *refusal = NULL;

    if (key == ALLOWED || (key == KS_CONFIGURATION_ALLOW_UNLOCK && caller == KS_CALLER_SOCKET))
        return false;
    refusal = ks_configuration_refusal(ks_guard_configuration(guard), key);
    if (refusal)
        g_set_error(error, KS_ERROR, KS_ERROR_FORBIDDEN, "%s%s", refusal,
                    method->opens_all ? " Root can still do it from a terminal: sudo " KS_PROGRAM
                                        " unlock"
                                      : "");
    return refusal != NULL;
}

bool ks_method_is_permitted(const KsMethod *method, const KsGuard *guard, KsCaller caller,
                            GVariant *arguments, GError **error)
{
    KsConfigurationKey key =
        turns_off(method, arguments) ? method->ruled_out_by_off : method->ruled_out_by;

    if (method->makes_exception &&
        is_ruled_out(method, guard, caller, KS_CONFIGURATION_ALLOW_EXCEPTIONS, error))
        return false;
    if (is_ruled_out(method, guard, caller, key, error))
        return false;
    if (method->opens_lan && method->opens_lan(arguments) &&
        is_ruled_out(method, guard, caller, KS_CONFIGURATION_ALLOW_LAN_ACCESS, error))
        return false;
    return key != KS_CONFIGURATION_ALLOW_PAUSE ||
           pause_is_short_enough(ks_guard_configuration(guard), arguments, error);
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
