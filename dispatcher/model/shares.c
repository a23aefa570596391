/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/shares.h"

#include "model/server.h"

#include <sys/socket.h>

typedef struct {
    unsigned servers;
    unsigned names;
} Taken;

struct KsShares {
    Taken everybody;
    Taken private;
    GHashTable *users; /* char *user -> Taken, of private profiles */
};

KsShares *ks_shares_new(void)
{
    KsShares *shares = g_new0(KsShares, 1);

    shares->users = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return shares;
}

void ks_shares_free(KsShares *shares)
{
    if (!shares)
        return;
    g_hash_table_unref(shares->users);
    g_free(shares);
}

static unsigned rank(const KsVpn *vpn)
{
    static const unsigned of_activity[] = {
        [KS_VPN_UP] = 0,
        [KS_VPN_CONNECTING] = 1,
        [KS_VPN_DOWN] = 2,
    };

    return of_activity[vpn->activity] * 2 + (vpn->users != NULL);
}

int ks_shares_compare(const KsVpn *a, const KsVpn *b)
{
    unsigned ranks[] = { rank(a), rank(b) };
    unsigned users[] = { a->users ? g_strv_length(a->users) : 0,
                         b->users ? g_strv_length(b->users) : 0 };

    if (ranks[0] != ranks[1])
        return ranks[0] < ranks[1] ? -1 : 1;
    return users[0] < users[1] ? -1 : users[0] > users[1];
}

static bool fits(const Taken *taken, unsigned servers_max, unsigned names_max, bool is_name)
{
    return !taken || (taken->servers < servers_max && (!is_name || taken->names < names_max));
}

static bool has_room(const KsShares *shares, const KsVpn *vpn, bool is_name)
{
    if (!vpn->users)
        return fits(&shares->everybody, KS_SHARE_SERVERS, G_MAXUINT, false);
    if (!fits(&shares->private, KS_SHARE_SERVERS_PRIVATE, KS_SHARE_NAMES_PRIVATE, is_name))
        return false;
    for (unsigned i = 0; vpn->users[i]; i++)
        if (!fits(g_hash_table_lookup(shares->users, vpn->users[i]), KS_SHARE_SERVERS_USER,
                  KS_SHARE_NAMES_USER, is_name))
            return false;
    return true;
}

bool ks_shares_have_room(const KsShares *shares, const KsVpn *vpn)
{
    return has_room(shares, vpn, false);
}

static void count(Taken *taken, bool is_name)
{
    taken->servers++;
    taken->names += is_name;
}

static void take_private(KsShares *shares, const KsVpn *vpn, bool is_name)
{
    count(&shares->private, is_name);
    for (unsigned i = 0; vpn->users[i]; i++) {
        Taken *taken = g_hash_table_lookup(shares->users, vpn->users[i]);

        if (!taken) {
            taken = g_new0(Taken, 1);
            g_hash_table_insert(shares->users, g_strdup(vpn->users[i]), taken);
        }
        count(taken, is_name);
    }
}

/* All at once: there are tens of thousands. */
static unsigned take_for_everybody(KsShares *shares, unsigned wanted)
{
    unsigned kept = MIN(wanted, KS_SHARE_SERVERS - shares->everybody.servers);

    shares->everybody.servers += kept;
    return kept;
}

unsigned ks_shares_take(KsShares *shares, const KsVpn *vpn, const GPtrArray *servers)
{
    if (!vpn->users)
        return take_for_everybody(shares, servers->len);
    for (unsigned i = 0; i < servers->len; i++) {
        const KsServer *server = g_ptr_array_index(servers, i);
        /* nobody asks for the names of a private profile that is not in use */
        bool is_name = server->address.family == AF_UNSPEC && vpn->activity != KS_VPN_DOWN;

        if (!has_room(shares, vpn, is_name))
            return i;
        take_private(shares, vpn, is_name);
    }
    return servers->len;
}
