/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/announcements.h"

GHashTable *ks_announcements_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static KsAnnouncement *begin(GHashTable *announcements, const char *uuid)
{
    KsAnnouncement *announcement = g_new0(KsAnnouncement, 1);

    g_hash_table_insert(announcements, g_strdup(uuid), announcement);
    return announcement;
}

/* The second word of a VPN that comes up confirms the first. */
static void confirm(GHashTable *announcements, const char *uuid, uint32_t known)
{
    const KsAnnouncement *announcement = g_hash_table_lookup(announcements, uuid);

    if (!announcement)
        begin(announcements, uuid)->index = known;
    else if (announcement->down) /* and the first was lost: it is not where it was */
        (void) begin(announcements, uuid);
}

void ks_announcements_hear(GHashTable *announcements, const KsEvent *event, uint32_t known)
{
    switch (event->action) {
    case KS_ACTION_PRE_UP:
    case KS_ACTION_VPN_PRE_UP:
        g_strlcpy(begin(announcements, event->uuid)->interface, event->interface, IF_NAMESIZE);
        break;
    case KS_ACTION_UP:
    case KS_ACTION_VPN_UP:
        confirm(announcements, event->uuid, known);
        break;
    case KS_ACTION_DOWN:
    case KS_ACTION_VPN_DOWN:
        begin(announcements, event->uuid)->down = true;
        break;
    case KS_ACTION_PRE_DOWN:
    case KS_ACTION_VPN_PRE_DOWN:
    case KS_ACTION_DHCP4_CHANGE:
    case KS_ACTION_DHCP6_CHANGE:
    case KS_ACTION_CONNECTIVITY_CHANGE:
    case KS_ACTION_DNS_CHANGE:
    case KS_ACTION_REAPPLY:
    case KS_ACTION_MAX:
        break;
    }
}

void ks_announcements_find_links(GHashTable *announcements, const KsWorld *world)
{
    GHashTableIter iterator;
    void *value;

    if (world->links->len == 0) /* they could not be read: that was no look */
        return;
    g_hash_table_iter_init(&iterator, announcements);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        KsAnnouncement *announcement = value;
        const KsLink *link = announcement->interface[0]
                                 ? ks_world_link_by_name(world, announcement->interface)
                                 : NULL;

        if (link)
            announcement->index = link->index;
        announcement->interface[0] = '\0';
    }
}

void ks_announcements_forget(GHashTable *announcements, const KsWorld *world)
{
    GHashTableIter iterator;
    void *uuid;

    g_hash_table_iter_init(&iterator, announcements);
    while (g_hash_table_iter_next(&iterator, &uuid, NULL)) {
        const KsVpn *vpn = ks_world_vpn(world, uuid);

        if (!vpn || vpn->manual || vpn->activity == KS_VPN_DOWN)
            g_hash_table_iter_remove(&iterator);
    }
}
