/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people are shown is made from what the kernel holds: each state, and the kinds of the outer
 * contract's members. */
#include "status-fixture.h"

#include "model/server.h"
#include "rules/lock-table.h"
#include "rules/plan.h"

#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>
#include <string.h>

static const KsViewer root = { .everything = true };

static void test_states(Fixture *f, const void *data)
{
    (void) data;
    look(f);
    assert_state(f, "blocked");
    add_vpn(f->world);
    look(f);
    assert_state(f, "protected");
    f->held->pause = 1;
    assert_state(f, "paused");
    f->held->pause = 0;

    ks_engine_set_locked(f->engine, false);
    look(f);
    assert_state(f, "unlocked");
}

/* The tunnel has gone since the guard died: nothing gets out by what the kernel still names. */
static void test_without_guard(Fixture *f, const void *data)
{
    static const KsSetId ports[] = { KS_SET_WIREGUARD_PORTS, KS_SET_OPENVPN_PORTS };
    const KsLink stranger = { .index = 9, .name = "tun9", .up = true, .tunnel_kind = true };

    (void) data;
    add_vpn(f->world);
    look(f);
    f->facts.alone = true;
    assert_state(f, "protected");
    g_array_set_size(f->world->links, 2);
    (void) ks_engine_observe(f->engine, f->world);
    assert_state(f, "blocked");
    f->facts.alone = false; /* the guard would have taken it out */
    assert_state(f, "broken");
    f->facts.alone = true;

    ks_lock_open_interface(f->lock, stranger.index);
    ks_lock_seal(f->lock);
    assert_state(f, "blocked");
    g_array_append_val(f->world->links, stranger);
    assert_state(f, "broken");
    g_array_set_size(f->world->links, 2);
    assert_state(f, "blocked");
    for (unsigned i = 0; i < G_N_ELEMENTS(ports); i++) {
        g_assert_true(ks_lock_add_port(f->lock, ports[i], 51820));
        assert_state(f, "broken"); /* any program can take it now */
        g_array_set_size(f->lock->sets[ports[i]], 0);
        assert_state(f, "blocked");
    }
    ks_lock_add_people(f->lock, 5, 5);
    ks_lock_seal(f->lock);
    assert_state(f, "broken");
}

/* NetworkManager's word that IPsec is up is worth what the kernel has of it. */
static void test_ipsec(Fixture *f, const void *data)
{
    KsVpn *vpn = ks_vpn_new("u-3", "Office", "libreswan");
    KsServer *esp = ks_server_new("192.0.2.9", IPPROTO_ESP, 0, KS_SERVER_FROM_PROFILE);
    KsServer *ike = ks_server_new("192.0.2.9", IPPROTO_UDP, 500, KS_SERVER_FROM_PROFILE);

    (void) data;
    esp->sender = KS_SENDER_KERNEL;
    ike->sender = KS_SENDER_DAEMON;
    g_ptr_array_add(vpn->servers, esp);
    g_ptr_array_add(vpn->servers, ike);
    vpn->activity = KS_VPN_UP;
    g_ptr_array_add(f->world->vpns, vpn);
    look(f);
    assert_state(f, "blocked");
    g_array_append_val(f->world->ipsec_peers, esp->address);
    look(f);
    assert_state(f, "protected");
    vpn->activity = KS_VPN_CONNECTING;
    look(f);
    assert_state(f, "blocked");
    vpn->activity = KS_VPN_UP;
    g_array_set_size(f->world->ipsec_peers, 0); /* its daemon has died */
    look(f);
    assert_state(f, "blocked");
}

/* Whenever the kernel is not as it should be, nothing else is said. */
static void test_broken(Fixture *f, const void *data)
{
    (void) data;
    add_vpn(f->world);
    look(f);

    f->held->present = f->held->intact = false; /* somebody flushed it */
    assert_state(f, "broken");
    obey(f);
    f->held->intact = false;
    assert_state(f, "broken");
    f->held->pause = 1000; /* a pause explains nothing */
    assert_state(f, "broken");
    obey(f);
    f->facts.trouble = true; /* it could not be asked */
    assert_state(f, "broken");
    f->facts.trouble = false;
    assert_state(f, "protected");

    for (KsSetId set = 0; set < KS_SET_MAX; set++) { /* one key more */
        KsKey key = { .bytes = { 42, 42, 42, 42 } };

        obey(f);
        g_assert_true(ks_lock_add_key(f->lock, set, &key));
        ks_lock_sort(f->lock); /* as the kernel would tell it */
        assert_state(f, "broken");
    }
    obey(f);
    g_array_set_size(f->lock->sets[KS_SET_SERVERS4], 0); /* one less */
    assert_state(f, "broken");

    ks_engine_set_locked(f->engine, false); /* it should be open, and is not */
    (void) ks_engine_observe(f->engine, f->world);
    f->held->present = true;
    assert_state(f, "broken");
}

/* data/doc/contract.md: the members of `status --json`, as the bus has them. More may come. */
static const struct {
    const char *name;
    const char *type;
} members[] = {
    { "version", "s" },  { "state", "s" },        { "locked", "b" },       { "auto_lock", "b" },
    { "lan", "b" },      { "tunnels", "aa{sv}" }, { "servers", "aa{sv}" }, { "layers", "a{sv}" },
    { "verified", "b" }, { "blocked", "a{sv}" },  { "warnings", "as" },
};

static const struct {
    const char *name;
    const char *type;
} tunnel_members[] = {
    { "interface", "s" },
    { "uuid", "s" },
    { "name", "s" },
    { "type", "s" },
}, server_members[] = {
    { "uuid", "s" },     { "name", "s" }, { "type", "s" },   { "host", "s" },
    { "protocol", "s" }, { "port", "q" }, { "source", "s" }, { "not_let_out", "s" },
}, layer_members[] = {
    { "inet", "b" },
    { "egress", "b" },
    { "owned", "b" },
}, blocked_members[] = {
    { "packets", "t" },
    { "bytes", "t" },
};

#define ASSERT_MEMBERS(dictionary, list)                                                      \
    for (unsigned n = 0; n < G_N_ELEMENTS(list); n++) {                                       \
        g_autoptr(GVariant) value = g_variant_lookup_value(dictionary, (list)[n].name, NULL); \
        if (!value)                                                                           \
            g_error("%s is missing", (list)[n].name);                                         \
        g_assert_cmpstr(g_variant_get_type_string(value), ==, (list)[n].type);                \
    }

static void assert_text(GVariant *dictionary, const char *name, const char *expected)
{
    g_autoptr(GVariant) value = member(dictionary, name);

    g_assert_cmpstr(g_variant_get_string(value, NULL), ==, expected);
}

static void test_members(Fixture *f, const void *data)
{
    g_autoptr(GVariant) status = NULL;
    g_autoptr(GVariant) tunnels = NULL;
    g_autoptr(GVariant) tunnel = NULL;
    g_autoptr(GVariant) servers = NULL;
    g_autoptr(GVariant) server = NULL;
    g_autoptr(GVariant) layers = NULL;
    g_autoptr(GVariant) blocked = NULL;
    guint64 packets;
    gboolean owned;

    (void) data;
    add_vpn(f->world);
    look(f);
    f->held->blocked_packets = 7;
    f->held->owned = true;
    status = ks_status_describe(&f->facts);
    g_assert_false(g_variant_is_floating(status));
    g_assert_true(g_variant_is_of_type(status, G_VARIANT_TYPE_VARDICT));
    ASSERT_MEMBERS(status, members);

    tunnels = member(status, "tunnels");
    g_assert_cmpuint(g_variant_n_children(tunnels), ==, 1);
    tunnel = g_variant_get_child_value(tunnels, 0);
    ASSERT_MEMBERS(tunnel, tunnel_members);
    assert_text(tunnel, "interface", "tun0");
    assert_text(tunnel, "uuid", "u-1");
    assert_text(tunnel, "name", "Work");

    servers = member(status, "servers");
    g_assert_cmpuint(g_variant_n_children(servers), ==, 2);
    server = g_variant_get_child_value(servers, 0);
    ASSERT_MEMBERS(server, server_members);
    assert_text(server, "host", "192.0.2.1");
    assert_text(server, "protocol", "udp");
    assert_text(server, "source", "profile");

    layers = member(status, "layers");
    ASSERT_MEMBERS(layers, layer_members);
    g_assert_true(g_variant_lookup(layers, "owned", "b", &owned) && owned);
    blocked = member(status, "blocked");
    ASSERT_MEMBERS(blocked, blocked_members);
    g_assert_true(g_variant_lookup(blocked, "packets", "t", &packets));
    g_assert_cmpuint(packets, ==, 7);
}

static void assert_not_let_out(const Fixture *f, unsigned n, const char *why)
{
    g_autoptr(GVariant) status = ks_status_describe(&f->facts);
    g_autoptr(GVariant) servers = member(status, "servers");
    g_autoptr(GVariant) server = g_variant_get_child_value(servers, n);

    assert_text(server, "not_let_out", why);
}

/* By what the kernel holds, never by what was wanted. */
static void test_let_out(Fixture *f, const void *data)
{
    static const char host[] =
        "a234567890123456789012345678901234567890.a23456789012345678901234567"
        "890.a2345678901234567890123456789012345678901234567890.vpn.example";
    KsVpn *own = ks_vpn_new("u-2", "Own", "openvpn");
    KsServer *server = ks_server_new("vpn.example.org", IPPROTO_UDP, 53, KS_SERVER_FROM_PROFILE);

    (void) data;
    add_vpn(f->world);
    own->users = g_strsplit("alice", " ", -1);
    f->facts.viewer = &root;
    g_ptr_array_add(own->servers,
                    ks_server_new("192.0.2.9", IPPROTO_UDP, 1194, KS_SERVER_FROM_PROFILE));
    g_ptr_array_add(own->servers,
                    ks_server_new("192.0.2.9", IPPROTO_UDP, 53, KS_SERVER_FROM_PROFILE));
    g_ptr_array_add(own->servers,
                    ks_server_new("192.0.2.1", IPPROTO_UDP, 1194, KS_SERVER_FROM_PROFILE));
    g_ptr_array_add(own->servers, server);
    g_ptr_array_add(own->servers, ks_server_new(host, IPPROTO_UDP, 1194, KS_SERVER_FROM_OVERRIDE));
    g_ptr_array_add(f->world->vpns, own);
    look(f);
    assert_not_let_out(f, 0, "");
    assert_not_let_out(f, 1, ""); /* its question */
    assert_not_let_out(f, 2, "inactive");
    assert_not_let_out(f, 3, "name-server-port");
    assert_not_let_out(f, 4, ""); /* another VPN's as well */
    assert_not_let_out(f, 5, "name-server-port");
    assert_not_let_out(f, 6, "name-too-long");
    own->activity = KS_VPN_CONNECTING;
    look(f);
    assert_not_let_out(f, 2, "");
    assert_not_let_out(f, 3, "name-server-port");
    server->refused = true;
    assert_not_let_out(f, 5, "refused-address");
    g_array_set_size(f->lock->sets[KS_SET_SERVERS4], 0);
    g_array_set_size(f->lock->sets[KS_SET_NAMES], 0);
    assert_not_let_out(f, 0, "not-in-kernel");
    assert_not_let_out(f, 1, "not-in-kernel");
    g_array_append_val(f->world->broadcasts,
                       ((KsServer *) g_ptr_array_index(own->servers, 2))->address);
    assert_not_let_out(f, 4, "broadcast-address");
}

static void test_warnings(Fixture *f, const void *data)
{
    (void) data;
    look(f);
    g_assert_false(warns(f, ""));
    add_vpn(f->world);
    look(f);
    g_assert_true(warns(f, "Work: One entry is odd."));
    f->facts.problems[0] = "The kernel said no.";
    g_assert_true(warns(f, "The kernel said no."));
    g_ptr_array_add(f->problems, g_strdup("a rule is missing"));
    g_assert_true(warns(f, "a rule is missing"));
    g_assert_false(warns(f, "NetworkManager"));
    f->world->manager_present = false;
    g_assert_true(warns(f, "NetworkManager"));

    /* more than fits in */
    f->world->manager_present = true;
    for (unsigned i = 0; i <= KS_LOCK_SERVERS_MAX + 2; i++) { /* name servers' ports are not open */
        KsVpn *vpn = g_ptr_array_index(f->world->vpns, 0);

        g_ptr_array_add(vpn->servers,
                        ks_server_new(i < 65535 ? "192.0.2.9" : "192.0.2.10", IPPROTO_UDP,
                                      (uint16_t) (1 + i % 65535), KS_SERVER_FROM_PROFILE));
    }
    look(f);
    g_assert_true(warns(f, "more VPN servers"));
}

/* What the reason says is not said again as a warning. */
static void test_said_once(Fixture *f, const void *data)
{
    (void) data;
    f->world->manager_present = false;
    look(f);
    assert_state(f, "blocked");
    g_assert_false(warns(f, "NetworkManager"));
    ks_engine_set_locked(f->engine, false);
    look(f);
    assert_state(f, "unlocked");
    g_assert_true(warns(f, "NetworkManager is not running"));
}

typedef struct {
    const char *what;
    bool warns;
    KsDns dns;
    const char *address; /* of the one server; NULL: there is none */
    const char *interface;
    bool of_vpn;
    bool neighbour;
} NameServerRow;

static const NameServerRow name_server_rows[] = {
    { "the VPN's", false, KS_DNS_BY_ROUTE, "10.8.0.1", "tun0" },
    { "the VPN's, asked there", false, KS_DNS_BY_LINK, "10.8.0.1", "tun0" },
    { "a VPN's without an interface", false, KS_DNS_BY_LINK, "10.8.0.1", "eth0", .of_vpn = true },
    { "none", true, KS_DNS_BY_ROUTE },
    { "none that is known", false, KS_DNS_BY_OTHERS },
    { "the router", true, KS_DNS_BY_ROUTE, "192.168.1.1", "eth0", .neighbour = true },
    { "a router with a public address", true, KS_DNS_BY_ROUTE, "2001:db8::1", "eth0",
      .neighbour = true },
    { "a private one behind it", true, KS_DNS_BY_ROUTE, "10.0.0.1", "eth0" },
    { "the provider's, by the default route", false, KS_DNS_BY_ROUTE, "203.0.113.53", "eth0" },
    { "the provider's, asked there", true, KS_DNS_BY_LINK, "203.0.113.53", "eth0" },
    { "one for everything", false, KS_DNS_BY_LINK, "203.0.113.53" },
    { "one on this machine", false, KS_DNS_BY_LINK, "127.0.0.1", "eth0" },
    { "one by IPv6 on this machine", false, KS_DNS_BY_ROUTE, "::1" },
    { "one that is not understood", false, KS_DNS_BY_LINK, "", "eth0" },
};

static void test_name_servers(Fixture *f, const void *data)
{
    (void) data;
    add_vpn(f->world);
    for (unsigned i = 0; i < G_N_ELEMENTS(name_server_rows); i++) {
        const NameServerRow *row = &name_server_rows[i];
        KsNameServer server = { .of_vpn = row->of_vpn, .neighbour = row->neighbour };

        f->world->dns = row->dns;
        g_array_set_size(f->world->name_servers, 0);
        if (row->address) {
            (void) ks_address_parse(row->address, &server.address);
            g_strlcpy(server.interface, row->interface ? row->interface : "",
                      sizeof(server.interface));
            g_array_append_val(f->world->name_servers, server);
        }
        look(f);
        if (warns(f, "name server") != row->warns) {
            g_test_message("%s", row->what);
            g_test_fail();
        }
        f->held->pause = 1;
        g_assert_false(warns(f, "name server"));
        f->held->pause = 0;
    }
    g_array_set_size(f->world->name_servers, 0);
    f->world->dns = KS_DNS_BY_LINK;
    look(f);
    g_assert_true(warns(f, "name server"));
    ((KsVpn *) g_ptr_array_index(f->world->vpns, 0))->manual = true;
    look(f);
    g_assert_false(warns(f, "name server"));
    ((KsVpn *) g_ptr_array_index(f->world->vpns, 0))->manual = false;
    ks_engine_set_locked(f->engine, false);
    look(f);
    g_assert_false(warns(f, "name server"));
}

/* Names that NetworkManager takes: any UTF-8, and they end in JSON and on terminals. */
static void test_odd_names(Fixture *f, const void *data)
{
    g_autoptr(GVariant) status = NULL;
    g_autofree char *printed = NULL;
    KsVpn *vpn = ks_vpn_new("u-2", "a\"b\\c\n\x1b[31m\xe2\x80\xae", "");

    (void) data;
    g_ptr_array_add(vpn->warnings, g_strdup(""));
    g_ptr_array_add(f->world->vpns, vpn);
    look(f);
    status = ks_status_describe(&f->facts);
    g_assert_true(g_variant_is_normal_form(status));
    printed = g_variant_print(status, TRUE);
    g_assert_nonnull(printed);
}

/* Of two that failed, the later one. */
static void test_last_failure(Fixture *f, const void *data)
{
    static const struct {
        unsigned attempts[2];
        const char *reason;
    } rows[] = {
        { { 1, 2 }, "certificate-date" },
        { { 2, 1 }, "server-refused" },
    };
    KsVpn *one = ks_vpn_new("one", "one", "openvpn");
    KsVpn *other = ks_vpn_new("other", "other", "openvpn");

    (void) data;
    g_ptr_array_set_size(f->world->vpns, 0);
    g_ptr_array_add(f->world->vpns, one);
    g_ptr_array_add(f->world->vpns, other);
    one->failure = KS_FAILURE_REFUSED;
    other->failure = KS_FAILURE_CERTIFICATE_DATE;
    look(f);
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GVariant) status = NULL;
        g_autoptr(GVariant) reason = NULL;

        one->attempt = rows[i].attempts[0];
        other->attempt = rows[i].attempts[1];
        status = ks_status_describe(&f->facts);
        reason = member(status, "reason");
        g_assert_cmpstr(g_variant_get_string(reason, NULL), ==, rows[i].reason);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    CASE("last-failure", test_last_failure);
    CASE("states", test_states);
    CASE("without-guard", test_without_guard);
    CASE("ipsec", test_ipsec);
    CASE("broken", test_broken);
    CASE("members", test_members);
    CASE("let-out", test_let_out);
    CASE("warnings", test_warnings);
    CASE("said-once", test_said_once);
    CASE("name-servers", test_name_servers);
    CASE("odd-names", test_odd_names);
    return g_test_run();
}
