/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What answers of one network may do on another. The test stands in for the resolver. */
#include "guard/server-names.h"

#include "model/server.h"
#include "model/translation.h"
#include "network/resolver.h"
#include "network/strict-dns.h"

#include <glib/gstdio.h>
#include <netinet/in.h>
#include <string.h>

#define HOST "vpn.example"

static KsResolverObserver observer;
static char *folder;
static GPtrArray *asked; /* element-type char*: hosts under way */

KsResolver *ks_resolver_new(const KsResolverObserver *from)
{
    observer = *from;
    return (KsResolver *) &observer;
}

void ks_resolver_free(KsResolver *resolver)
{
    (void) resolver;
}

bool ks_resolver_ask(KsResolver *resolver, const char *host)
{
    (void) resolver;
    g_ptr_array_add(asked, g_strdup(host));
    return true;
}

const KsResolvConf *ks_resolver_conf(const KsResolver *resolver)
{
    static const KsResolvConf conf;

    (void) resolver;
    return &conf;
}

KsStrictDns *ks_strict_dns_new(KsSystemBus *bus, void (*changed)(void *data), void *data)
{
    (void) bus;
    (void) changed;
    (void) data;
    return NULL;
}

void ks_strict_dns_free(KsStrictDns *strict)
{
    (void) strict;
}

void ks_strict_dns_look(KsStrictDns *strict, const uint32_t *links, unsigned count)
{
    (void) strict;
    (void) links;
    (void) count;
}

bool ks_strict_dns_is_there(const KsStrictDns *strict)
{
    (void) strict;
    return false;
}

bool ks_strict_dns_insists(const KsStrictDns *strict, KsStrict on)
{
    (void) strict;
    (void) on;
    return false;
}

static void on_changed(void *data)
{
    (void) data;
}

/* Of an IPv6-only network, with a VPN whose server has a name and one whose has an address. */
static KsWorld *world_on(const char *network)
{
    KsWorld *world = ks_world_new();
    KsVpn *vpn = ks_vpn_new("u", "n", "openvpn");

    world->manager_present = world->manager_settled = world->ipv6_only = true;
    vpn->activity = KS_VPN_CONNECTING;
    g_ptr_array_add(vpn->servers, ks_server_new(HOST, IPPROTO_UDP, 1, KS_SERVER_FROM_PROFILE));
    g_ptr_array_add(vpn->servers,
                    ks_server_new("198.51.100.1", IPPROTO_UDP, 1, KS_SERVER_FROM_PROFILE));
    g_ptr_array_add(world->vpns, vpn);
    g_ptr_array_add(world->networks, ks_network_new(network, network, "eth0"));
    return world;
}

/* The addresses that are let out on this network. */
static char *let_out(KsNames *names, const char *network)
{
    g_autoptr(KsWorld) world = world_on(network);
    const KsVpn *vpn = g_ptr_array_index(world->vpns, 0);
    GString *texts = g_string_new(NULL);
    char text[KS_ADDRESS_TEXT_SIZE];

    ks_names_apply(names, world, true);
    for (unsigned i = 0; i < vpn->servers->len; i++) {
        const KsServer *server = g_ptr_array_index(vpn->servers, i);

        if (server->address.family != AF_UNSPEC)
            g_string_append_printf(texts, "%s ", ks_address_text(&server->address, text));
    }
    return g_string_free(texts, FALSE);
}

static void assert_let_out(KsNames *names, const char *network, const char *expected)
{
    g_autofree char *texts = let_out(names, network);

    g_assert_cmpstr(texts, ==, expected);
}

static void answer(const char *host, const char *address)
{
    KsAddress told;
    unsigned at = 0;

    g_assert_true(ks_address_parse(address, &told));
    while (at < asked->len && strcmp(g_ptr_array_index(asked, at), host) != 0)
        at++;
    g_assert_cmpuint(at, <, asked->len); /* it was asked for */
    g_ptr_array_remove_index(asked, at);
    observer.answered(host, KS_RESOLVED, &told, 1, 60, KS_CUT_NOT, observer.data);
}

/* Each with nothing known. */
static KsNames *begin(void)
{
    asked = g_ptr_array_new_with_free_func(g_free);
    folder = g_dir_make_tmp("ks-names-XXXXXX", NULL);
    g_setenv("STATE_DIRECTORY", folder, TRUE);
    return ks_names_new(NULL, on_changed, NULL);
}

static void end(KsNames *names)
{
    g_autofree char *cache = g_build_filename(folder, "names", NULL);

    ks_names_free(names);
    (void) g_unlink(cache);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
    g_clear_pointer(&folder, g_free);
    g_clear_pointer(&asked, g_ptr_array_unref);
}

/* The control: on the same network, both kinds of answers count. */
static void test_same_network(void)
{
    KsNames *names = begin();

    assert_let_out(names, "a", "198.51.100.1 64:ff9b::c633:6401 ");
    answer(KS_TRANSLATION_NAME, "2600:a::192.0.0.170");
    answer(HOST, "198.51.100.2");
    assert_let_out(names, "a",
                   "198.51.100.2 64:ff9b::c633:6402 2600:a::c633:6402 "
                   "198.51.100.1 64:ff9b::c633:6401 2600:a::c633:6401 ");
    end(names);
}

/* Asked on one network, answered on the next: asked for once more, and believed then. */
static void test_other_network(void)
{
    KsNames *names = begin();

    assert_let_out(names, "a", "198.51.100.1 64:ff9b::c633:6401 ");
    assert_let_out(names, "b", "198.51.100.1 64:ff9b::c633:6401 ");
    answer(KS_TRANSLATION_NAME, "2600:a::192.0.0.170");
    answer(HOST, "198.51.100.2");
    assert_let_out(names, "b", "198.51.100.1 64:ff9b::c633:6401 ");
    answer(KS_TRANSLATION_NAME, "2600:b::192.0.0.170");
    answer(HOST, "198.51.100.3");
    assert_let_out(names, "b",
                   "198.51.100.3 64:ff9b::c633:6403 2600:b::c633:6403 "
                   "198.51.100.1 64:ff9b::c633:6401 2600:b::c633:6401 ");
    end(names);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/server-names/other-network", test_other_network);
    g_test_add_func("/server-names/same-network", test_same_network);
    return g_test_run();
}
