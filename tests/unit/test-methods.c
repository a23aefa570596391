/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/methods.h"

#include <string.h>

/* Which request the administrator's configuration lets through, from where. The guard behind the
 * table is a stand-in that only counts. */

struct KsGuard {
    KsConfiguration *configuration;
    unsigned done;
    KsSettings settings;
    bool is_settled;
};

static bool do_it(KsGuard *guard)
{
    guard->done++;
    return true;
}

bool ks_guard_lock(KsGuard *guard, GError **error)
{
    (void) error;
    return do_it(guard);
}

bool ks_guard_unlock(KsGuard *guard, GError **error)
{
    (void) error;
    return do_it(guard);
}

bool ks_guard_set_lan(KsGuard *guard, bool lan, const char *const *networks, GError **error)
{
    (void) lan;
    (void) networks;
    (void) error;
    return do_it(guard);
}

bool ks_guard_lan_is(const KsGuard *guard, bool lan, const char *const *networks)
{
    (void) guard;
    (void) lan;
    (void) networks;
    return false;
}

bool ks_guard_set_auto_lock(KsGuard *guard, KsGuardDoing doing, bool auto_lock, GError **error)
{
    (void) auto_lock;
    (void) error;
    return doing == KS_GUARD_TRY || do_it(guard);
}

bool ks_guard_set_mode(KsGuard *guard, KsMode mode, GError **error)
{
    (void) error;
    g_assert_cmpint(mode, <, KS_MODE_MAX);
    return do_it(guard);
}

bool ks_guard_disconnect(KsGuard *guard, KsGuardDoing doing, const char *vpn, GError **error)
{
    (void) error;
    g_assert_cmpstr(vpn, ==, "Home");
    return doing == KS_GUARD_TRY || do_it(guard);
}

bool ks_guard_pause(KsGuard *guard, uint32_t seconds, GError **error)
{
    (void) seconds;
    (void) error;
    return do_it(guard);
}

bool ks_guard_resume(KsGuard *guard, GError **error)
{
    (void) error;
    return do_it(guard);
}

bool ks_guard_add_vpn(KsGuard *guard, KsGuardDoing doing, const KsByHand *what, GError **error)
{
    (void) error;
    g_assert_cmpstr(what->name, ==, "Home");
    g_assert_cmpstr(what->interface, ==, "wg0");
    g_assert_cmpstr(what->type, ==, "wireguard");
    g_assert_cmpuint(g_variant_n_children(what->servers), ==, what->overlay ? 0 : 1);
    return doing == KS_GUARD_TRY || do_it(guard);
}

bool ks_guard_remove_vpn(KsGuard *guard, KsGuardDoing doing, const char *vpn, GError **error)
{
    (void) error;
    g_assert_cmpstr(vpn, ==, "Home");
    return doing == KS_GUARD_TRY || do_it(guard);
}

bool ks_guard_set_servers(KsGuard *guard, KsGuardDoing doing, const char *vpn, GVariant *servers,
                          GError **error)
{
    (void) error;
    g_assert_cmpstr(vpn, ==, "Home");
    g_assert_cmpuint(g_variant_n_children(servers), ==, 0);
    return doing == KS_GUARD_TRY || do_it(guard);
}

bool ks_guard_set_vpn_locks(KsGuard *guard, KsGuardDoing doing, const char *vpn, KsVpnLocks locks,
                            GError **error)
{
    (void) error;
    g_assert_cmpstr(vpn, ==, "Home");
    g_assert_cmpint(locks, ==, KS_VPN_LOCKS_NO);
    return doing == KS_GUARD_TRY || do_it(guard);
}

#define NETWORK "3fd089f3-0a2d-5c12-9f7a-e3ade60d8ee6"

bool ks_guard_add_exception(KsGuard *guard, KsGuardDoing doing, const KsExceptionWish *wish,
                            uint32_t seconds, GError **error)
{
    static const char *const to[] = { "192.0.2.5", "192.168.0.0/16", "192.168.1.5", "fe80::1",
                                      "0.0.0.0/0", "fc00::/6",       NULL };

    (void) error;
    g_assert_cmpstr(wish->name, ==, "NAS");
    g_assert_true(!wish->to != !wish->from);
    g_assert_true(g_strv_contains(to, wish->to ? wish->to : wish->from));
    g_assert_cmpstr(wish->protocol, ==, "tcp");
    g_assert_cmpuint(wish->first_port, ==, 443);
    g_assert_cmpuint(wish->last_port, ==, 445);
    g_assert_cmpuint(seconds, ==, 60);
    g_assert_true(wish->confirmed);
    g_assert_true(!wish->on.uuid || g_str_equal(wish->on.uuid, NETWORK));
    return doing == KS_GUARD_TRY || do_it(guard);
}

bool ks_guard_remove_exception(KsGuard *guard, KsGuardDoing doing, const char *name, GError **error)
{
    (void) error;
    g_assert_cmpstr(name, ==, "NAS");
    return doing == KS_GUARD_TRY || do_it(guard);
}

bool ks_guard_set_always_on(KsGuard *guard, const char *const *vpns, GError **error)
{
    (void) error;
    g_assert_cmpstr(vpns[0], ==, "Home");
    return do_it(guard);
}

bool ks_guard_could_set_always_on(KsGuard *guard, const char *const *vpns, GError **error)
{
    (void) guard;
    (void) vpns;
    (void) error;
    return true;
}

bool ks_guard_set_always_on_here(KsGuard *guard, KsGuardDoing doing, const char *vpn,
                                 const char *const *networks, GError **error)
{
    (void) error;
    g_assert_cmpstr(vpn, ==, "Home");
    g_assert_true(ks_uuid_is_valid(networks[0]));
    return doing == KS_GUARD_TRY || do_it(guard);
}

bool ks_guard_set_sharing(KsGuard *guard, KsGuardDoing doing, const char *const *cards,
                          GError **error)
{
    (void) error;
    g_assert_true(!cards[0] || g_str_equal(cards[0], "eth1"));
    return doing == KS_GUARD_TRY || do_it(guard);
}

const KsSettings *ks_guard_settings(const KsGuard *guard)
{
    return &guard->settings;
}

const KsConfiguration *ks_guard_configuration(const KsGuard *guard)
{
    return guard->configuration;
}

bool ks_guard_is_settled(const KsGuard *guard)
{
    return guard->is_settled;
}

GVariant *ks_guard_status(KsGuard *guard, const KsViewer *viewer, bool fresh)
{
    (void) viewer;
    (void) fresh;
    (void) do_it(guard);
    return g_variant_ref_sink(g_variant_new("a{sv}", NULL));
}

char *ks_guard_rules(KsGuard *guard, const KsViewer *viewer, GError **error)
{
    (void) viewer;
    (void) error;
    (void) do_it(guard);
    return g_strdup("");
}

#define ALL_RULED_OUT "[allow]\nunlock=no\npause=no\nlan-access=no\nauto-lock-off=no\n"
#define DONE          (-1)

static const struct {
    const char *configuration;
    const char *method;
    const char *arguments;
    int on_bus; /* KsError, or DONE */
    int on_socket;
    const char *message; /* a part of it */
} rows[] = {
    { "", "Lock", "()", DONE, DONE, NULL },
    { "", "Unlock", "()", DONE, DONE, NULL },
    { "", "SetLanAccess", "(true, @as [])", DONE, DONE, NULL },
    { "", "SetAutoLock", "(false,)", DONE, DONE, NULL },
    { "", "SetMode", "('always',)", DONE, DONE, NULL },
    { "", "SetMode", "('drops',)", DONE, DONE, NULL },
    { "", "Disconnect", "('Home',)", DONE, DONE, NULL },
    { "", "Pause", "(uint32 3600,)", DONE, DONE, NULL },
    { "", "Resume", "()", DONE, DONE, NULL },
    { "", "AddVpn", "('Home', 'wg0', 'wireguard', [('vpn.example', 'udp', uint16 51820)])", DONE,
      DONE, NULL },
    { "", "AddOverlay", "('Home', 'wg0', 'wireguard', @a(ssq) [])", DONE, DONE, NULL },
    { "", "RemoveVpn", "('Home',)", DONE, DONE, NULL },
    { "", "SetServers", "('Home', @a(ssq) [])", DONE, DONE, NULL },
    { "", "SetVpnLocks", "('Home', 'no')", DONE, DONE, NULL },
    { "", "SetAlwaysOn", "(['Home', 'Work'],)", DONE, DONE, NULL },
    { "", "SetAlwaysOnHere", "('Home', ['3fd089f3-0a2d-5c12-9f7a-e3ade60d8ee6'])", DONE, DONE,
      NULL },
    { "", "SetSharing", "(['eth1', 'eth2'],)", DONE, DONE, NULL },
    { "", "AddException", "('NAS', '192.0.2.5', 'tcp', uint16 443, uint16 445, uint32 60, true)",
      DONE, DONE, NULL },
    { "", "AddService", "('NAS', '192.0.2.5', 'tcp', uint16 443, uint16 445, uint32 60, true)",
      DONE, DONE, NULL },
    { "", "AddExceptionOn",
      "('NAS', '192.0.2.5', 'tcp', uint16 443, uint16 445, uint32 60, true, '" NETWORK "')", DONE,
      DONE, NULL },
    { "", "AddServiceOn",
      "('NAS', '192.0.2.5', 'tcp', uint16 443, uint16 445, uint32 60, true, '" NETWORK "')", DONE,
      DONE, NULL },
    { "[allow]\nexceptions=no", "AddExceptionOn",
      "('NAS', '192.0.2.5', 'tcp', uint16 443, uint16 445, uint32 60, true, '" NETWORK "')",
      KS_ERROR_FORBIDDEN, KS_ERROR_FORBIDDEN, "ruled out exceptions from the lock (/etc/x:2)." },
    { "[allow]\nlan-access=no", "AddServiceOn",
      "('NAS', '192.168.1.5', 'tcp', uint16 443, uint16 445, uint32 60, true, '" NETWORK "')",
      KS_ERROR_FORBIDDEN, KS_ERROR_FORBIDDEN, "ruled out LAN access (/etc/x:2)." },
    { "", "RemoveException", "('NAS',)", DONE, DONE, NULL },
    { "", "GetStatus", "()", DONE, DONE, NULL },
    { "", "GetRules", "()", DONE, DONE, NULL },

    /* what protects cannot be ruled out */
    { ALL_RULED_OUT, "Lock", "()", DONE, DONE, NULL },
    { ALL_RULED_OUT, "SetLanAccess", "(false, @as [])", DONE, DONE, NULL },
    { ALL_RULED_OUT, "SetAutoLock", "(true,)", DONE, DONE, NULL },
    { ALL_RULED_OUT, "Resume", "()", DONE, DONE, NULL },
    { ALL_RULED_OUT, "RemoveException", "('NAS',)", DONE, DONE, NULL },
    { ALL_RULED_OUT, "GetStatus", "()", DONE, DONE, NULL },
    { ALL_RULED_OUT, "GetRules", "()", DONE, DONE, NULL },

    /* what lowers protection can, and root's way back in cannot */
    { ALL_RULED_OUT, "Unlock", "()", KS_ERROR_FORBIDDEN, DONE,
      "ruled out unlocking (/etc/x:2). Root can still do it from a terminal: sudo nm-killswitch "
      "unlock" },
    { ALL_RULED_OUT, "AddException",
      "('NAS', '192.0.2.5', 'tcp', uint16 443, uint16 445, uint32 60, true)", KS_ERROR_FORBIDDEN,
      DONE, "ruled out unlocking (/etc/x:2)." },
    { ALL_RULED_OUT, "AddService",
      "('NAS', '192.0.2.5', 'tcp', uint16 443, uint16 445, uint32 60, true)", KS_ERROR_FORBIDDEN,
      DONE, "ruled out unlocking (/etc/x:2)." },
    { ALL_RULED_OUT, "Pause", "(uint32 1,)", KS_ERROR_FORBIDDEN, KS_ERROR_FORBIDDEN,
      "ruled out pausing (/etc/x:3)." },
    { ALL_RULED_OUT, "SetLanAccess", "(true, @as [])", KS_ERROR_FORBIDDEN, KS_ERROR_FORBIDDEN,
      "ruled out LAN access (/etc/x:4)." },
    { ALL_RULED_OUT, "SetAutoLock", "(false,)", KS_ERROR_FORBIDDEN, KS_ERROR_FORBIDDEN,
      "ruled out turning auto-lock off (/etc/x:5)." },
    { ALL_RULED_OUT, "SetMode", "('off',)", KS_ERROR_FORBIDDEN, KS_ERROR_FORBIDDEN,
      "ruled out turning auto-lock off (/etc/x:5)." },
    { ALL_RULED_OUT, "SetMode", "('always',)", KS_ERROR_FORBIDDEN, KS_ERROR_FORBIDDEN,
      "ruled out turning auto-lock off (/etc/x:5)." },
    { ALL_RULED_OUT, "SetMode", "('drops',)", DONE, DONE, NULL },
    { ALL_RULED_OUT, "Disconnect", "('Home',)", KS_ERROR_FORBIDDEN, DONE,
      "ruled out unlocking (/etc/x:2)." },

    /* a mode that is laid down, no matter who asks */
    { "[lock]\nmode=drops", "SetMode", "('vpn',)", KS_ERROR_FORBIDDEN, KS_ERROR_FORBIDDEN,
      "laid down the mode drops (/etc/x:2)." },
    { "[lock]\nmode=drops", "SetMode", "('off',)", KS_ERROR_FORBIDDEN, KS_ERROR_FORBIDDEN,
      "laid down the mode drops (/etc/x:2)." },
    { "[lock]\nmode=always", "SetAutoLock", "(true,)", KS_ERROR_FORBIDDEN, KS_ERROR_FORBIDDEN,
      "laid down the mode always (/etc/x:2)." },
    { "[lock]\nmode=always", "SetAutoLock", "(false,)", KS_ERROR_FORBIDDEN, KS_ERROR_FORBIDDEN,
      "laid down the mode always (/etc/x:2)." },
    { "[lock]\nmode=vpn", "Unlock", "()", DONE, DONE, NULL },
    { "[lock]\nmode=alway", "SetMode", "('off',)", KS_ERROR_FORBIDDEN, KS_ERROR_FORBIDDEN,
      "about the mode cannot be understood (/etc/x:2)." },
    { "[lock]\nmode=alway", "SetAutoLock", "(true,)", KS_ERROR_FORBIDDEN, KS_ERROR_FORBIDDEN,
      "about the mode cannot be understood (/etc/x:2)." },

    /* what LAN access would open, at no address that it would not */
    { "[allow]\nlan-access=no", "AddException",
      "('NAS', '192.168.0.0/16', 'tcp', uint16 443, uint16 445, uint32 60, true)",
      KS_ERROR_FORBIDDEN, KS_ERROR_FORBIDDEN, "ruled out LAN access (/etc/x:2)." },
    { "[allow]\nlan-access=no", "AddException",
      "('NAS', 'fe80::1', 'tcp', uint16 443, uint16 445, uint32 60, true)", KS_ERROR_FORBIDDEN,
      KS_ERROR_FORBIDDEN, "ruled out LAN access (/etc/x:2)." },
    { "[allow]\nlan-access=no", "AddException",
      "('NAS', '192.0.2.5', 'tcp', uint16 443, uint16 445, uint32 60, true)", DONE, DONE, NULL },
    { "[allow]\nlan-access=no", "AddService",
      "('NAS', '0.0.0.0/0', 'tcp', uint16 443, uint16 445, uint32 60, true)", KS_ERROR_FORBIDDEN,
      KS_ERROR_FORBIDDEN, "ruled out LAN access (/etc/x:2)." },
    { "[allow]\nlan-access=no", "AddService",
      "('NAS', 'fc00::/6', 'tcp', uint16 443, uint16 445, uint32 60, true)", KS_ERROR_FORBIDDEN,
      KS_ERROR_FORBIDDEN, "ruled out LAN access (/etc/x:2)." },
    { "[allow]\nlan-access=no", "AddService",
      "('NAS', '192.0.2.5', 'tcp', uint16 443, uint16 445, uint32 60, true)", DONE, DONE, NULL },
    { "[allow]\nexceptions=no", "AddService",
      "('NAS', '192.0.2.5', 'tcp', uint16 443, uint16 445, uint32 60, true)", KS_ERROR_FORBIDDEN,
      KS_ERROR_FORBIDDEN, "ruled out exceptions from the lock (/etc/x:2)." },
    { "[allow]\nexceptions=no", "AddException",
      "('NAS', '192.0.2.5', 'tcp', uint16 443, uint16 445, uint32 60, true)", KS_ERROR_FORBIDDEN,
      KS_ERROR_FORBIDDEN, "ruled out exceptions from the lock (/etc/x:2)." },
    { "[allow]\nexceptions=no", "RemoveException", "('NAS',)", DONE, DONE, NULL },
    { "[allow]\nunlock=no", "AddException",
      "('NAS', '192.168.1.5', 'tcp', uint16 443, uint16 445, uint32 60, true)", KS_ERROR_FORBIDDEN,
      DONE, "ruled out unlocking (/etc/x:2)." },

    { "[allow]\npause=no", "Unlock", "()", DONE, DONE, NULL },
    { "[allow]\nunlock=no", "Pause", "(uint32 1,)", DONE, DONE, NULL },

    /* which VPN is always on: by an administrator's choice, or not at all */
    { "[allow]\nauto-connect=no", "SetAlwaysOn", "(['Home'],)", KS_ERROR_FORBIDDEN,
      KS_ERROR_FORBIDDEN, "ruled out connecting a VPN by itself (/etc/x:2)." },
    { "[vpn]\nalways-on=3fd089f3-0a2d-5c12-9f7a-e3ade60d8ee6", "SetAlwaysOn", "(['Home'],)",
      KS_ERROR_FORBIDDEN, KS_ERROR_FORBIDDEN, "laid down which VPN is always on (/etc/x:2)." },

    { "[allow]\nauto-connect=no", "SetAlwaysOnHere",
      "('Home', ['3fd089f3-0a2d-5c12-9f7a-e3ade60d8ee6'])", KS_ERROR_FORBIDDEN, KS_ERROR_FORBIDDEN,
      "ruled out connecting a VPN by itself (/etc/x:2)." },
    { "[allow]\nsharing=no", "SetSharing", "(['eth1'],)", KS_ERROR_FORBIDDEN, KS_ERROR_FORBIDDEN,
      "ruled out sharing by cable (/etc/x:2)." },
    { "[allow]\nsharing=no", "SetSharing", "(@as [],)", DONE, DONE, NULL },

    /* how long a pause may be */
    { "", "Pause", "(uint32 3601,)", KS_ERROR_INVALID_ARGUMENTS, KS_ERROR_INVALID_ARGUMENTS,
      "A pause can last 1h at most on this machine (the default)." },
    { "[pause]\nmax=90", "Pause", "(uint32 90,)", DONE, DONE, NULL },
    { "[pause]\nmax=90", "Pause", "(uint32 4294967295,)", KS_ERROR_INVALID_ARGUMENTS,
      KS_ERROR_INVALID_ARGUMENTS, "A pause can last 90s at most on this machine (/etc/x:2)." },
    { "[pause]\nmax=0", "Pause", "(uint32 1,)", KS_ERROR_FORBIDDEN, KS_ERROR_FORBIDDEN,
      "ruled out pausing (/etc/x:2)." },
};

static void call(unsigned row, KsCaller caller, int expected)
{
    KsGuard guard = {
        .configuration = ks_configuration_new(),
        .settings = { .mode = KS_MODE_VPN },
        .is_settled = true,
    };
    g_autoptr(GVariant) arguments = g_variant_ref_sink(g_variant_new_parsed(rows[row].arguments));
    g_autoptr(GVariant) result = NULL;
    g_autoptr(GError) early = NULL;
    g_autoptr(GError) error = NULL;
    const KsMethod *method;
    bool permitted;

    g_test_message("%s %s from the %s with \"%s\"", rows[row].method, rows[row].arguments,
                   caller == KS_CALLER_BUS ? "bus" : "socket", rows[row].configuration);
    ks_configuration_read(guard.configuration, "/etc/x", rows[row].configuration,
                          strlen(rows[row].configuration));
    method = ks_method_find(rows[row].method, arguments, &error);
    g_assert_no_error(error);
    permitted = ks_method_is_permitted(method, &guard, caller, arguments, &early);
    g_assert_true(ks_method_could(method, &guard, arguments, &error));
    g_assert_cmpuint(guard.done, ==, 0);
    result = ks_method_run(method, &guard, caller, arguments, &error);
    if (expected == DONE) {
        g_assert_no_error(error);
        g_assert_nonnull(result);
        g_assert_true(permitted);
    } else {
        g_assert_false(permitted);
        g_assert_error(early, KS_ERROR, expected);
        g_assert_error(error, KS_ERROR, expected);
        g_assert_null(result);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, rows[row].message));
    }
    g_assert_cmpuint(guard.done, ==, expected == DONE ? 1 : 0);
    ks_configuration_free(guard.configuration);
}

static void test_permitted(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        call(i, KS_CALLER_BUS, rows[i].on_bus);
        call(i, KS_CALLER_SOCKET, rows[i].on_socket);
    }
}

/* What is so already is answered without asking anybody. A pause is not closed. */
static void test_is_so(void)
{
    static const struct {
        const char *method;
        const char *arguments;
        KsSettings settings;
        bool is_settled;
        bool is_so;
    } said[] = {
        { "SetMode", "('always',)", { .mode = KS_MODE_ALWAYS, .locked = true }, true, true },
        { "SetMode", "('always',)", { .mode = KS_MODE_ALWAYS, .locked = true }, false, false },
        { "SetMode", "('always',)", { .mode = KS_MODE_ALWAYS, .locked = false }, true, false },
        { "SetMode", "('always',)", { .mode = KS_MODE_VPN, .locked = true }, true, false },
        { "SetMode", "('vpn',)", { .mode = KS_MODE_VPN, .locked = true }, false, true },
        { "Lock", "()", { .locked = true }, true, true },
        { "Lock", "()", { .locked = true }, false, false },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(said); i++) {
        const KsGuard guard = { .settings = said[i].settings, .is_settled = said[i].is_settled };
        g_autoptr(GVariant) arguments = g_variant_ref_sink(g_variant_new_parsed(said[i].arguments));
        g_autoptr(GError) error = NULL;
        const KsMethod *method = ks_method_find(said[i].method, arguments, &error);

        g_assert_no_error(error);
        g_test_message("row %u", i);
        g_assert_cmpint(ks_method_is_so(method, &guard, arguments), ==, said[i].is_so);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/methods/permitted", test_permitted);
    g_test_add_func("/methods/is-so", test_is_so);
    return g_test_run();
}
