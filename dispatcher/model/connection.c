/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/connection.h"

#include "model/server.h"
#include "model/world.h"

#include <string.h>
#include <sys/socket.h>

/* On this machine, or one of its guests. */
static bool is_here(const KsAddress *address, const KsLock *lock, const GArray *own)
{
    if (ks_address_is_loopback(address))
        return true;
    for (unsigned i = 0; i < own->len; i++) {
        const KsLinkAddress *on_link = &g_array_index(own, KsLinkAddress, i);

        if (ks_address_compare(address, &on_link->address) == 0)
            return true;
        if (ks_lock_has_guests(lock, on_link->index) &&
            ks_address_is_in(address, &on_link->address, on_link->prefix))
            return true;
    }
    return false;
}

/* A server of ours, and it speaks as such. */
static bool is_server(const KsConnectionEnd *end, uint8_t protocol, const KsLock *lock)
{
    /* in GRE, what stands there is not a port */
    return ks_lock_has_server(lock, &end->address, protocol,
                              ks_protocol_has_ports(protocol) ? end->port : 0);
}

bool ks_connection_may_stay(const KsConnection *connection, const KsLock *lock, const GArray *own)
{
    const KsConnectionEnd *ends[] = { &connection->from, &connection->to, &connection->answers_from,
                                      &connection->answers_to };
    const KsAddress *from = &connection->from.address;
    const KsAddress *with = &connection->answers_from.address;

    for (unsigned i = 0; i < G_N_ELEMENTS(ends); i++)
        if (ks_address_size(&ends[i]->address) == 0 ||
            ks_lock_has_tunnel_address(lock, &ends[i]->address))
            return true; /* what cannot be read is left alone */
    if (is_server(&connection->from, connection->protocol, lock) ||
        is_server(&connection->answers_from, connection->protocol, lock))
        return true;
    if (is_here(from, lock, own) && is_here(with, lock, own))
        return true;
    return lock->sets[KS_SET_LAN_INTERFACES]->len > 0 && ks_address_is_private(from) &&
           ks_address_is_private(with);
}
