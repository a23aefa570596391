/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/refused-words.h"

#include <glib/gi18n.h>
#include <string.h>

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

char *ks_refused_who(const KsRefusedEntry *entry)
{
    if (entry->program[0])
        return g_strdup(entry->program);
    if (is(entry->way, "forwarded"))
        /* TRANSLATORS: an address, and the network interface that leads to it */
        return g_strdup_printf(_("%s, behind %s"), entry->source, entry->from);
    if (entry->uid >= 0)
        return g_strdup(_("a program that is not known"));
    return g_strdup(is(entry->way, "frame") ? _("below the network layer, sender not known")
                                            : _("the kernel, or a program that has ended"));
}

char *ks_refused_who_else(const KsRefusedEntry *entry)
{
    g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(g_free);
    const char *last = entry->app[0] ? entry->app : entry->unit;

    if (entry->path[0])
        g_ptr_array_add(parts, g_strdup(entry->path));
    if (entry->user[0])
        g_ptr_array_add(parts, g_strdup_printf(_("user %s"), entry->user));
    else if (entry->uid >= 0)
        g_ptr_array_add(parts, g_strdup_printf(_("user number %u"), (unsigned) entry->uid));
    if (last[0])
        g_ptr_array_add(parts, g_strdup(last));
    g_ptr_array_add(parts, NULL);
    return g_strjoinv(", ", (char **) parts->pdata);
}

static char *protocol_text(const KsRefusedEntry *entry)
{
    if (is(entry->protocol, "tcp") || is(entry->protocol, "udp"))
        return g_ascii_strup(entry->protocol, -1);
    if (is(entry->protocol, "icmp"))
        return g_strdup(_("ICMP (ping and the like)"));
    if (g_str_has_prefix(entry->protocol, "0x"))
        return g_strdup_printf(_("frames of type %s"), entry->protocol);
    return g_strdup_printf(_("IP protocol %s"), entry->protocol);
}

char *ks_refused_where(const KsRefusedEntry *entry)
{
    g_autofree char *protocol = protocol_text(entry);

    if (!entry->destination[0])
        return g_steal_pointer(&protocol);
    if (entry->port == 0)
        return g_strdup_printf("%s, %s", entry->destination, protocol);
    /* TRANSLATORS: address, port number, protocol */
    return g_strdup_printf(_("%s, port %u, %s"), entry->destination, entry->port, protocol);
}

const char *ks_refused_why(const KsRefusedEntry *entry)
{
    if (is(entry->rule, "dns"))
        return _("a name server outside of the VPN");
    if (is(entry->rule, "local"))
        return _("the local network, which LAN access does not open here");
    if (is(entry->rule, "forwarded"))
        return _("guests and containers get out through a VPN only");
    if (is(entry->rule, "frame"))
        return _("sent past the network layer to a network card");
    if (is(entry->rule, "outside"))
        return _("it was not going through a VPN");
    return _("refused");
}

char *ks_refused_how_often(const KsRefusedEntry *entry)
{
    unsigned long count = (unsigned long) entry->count;

    return g_strdup_printf(ngettext("%lu time", "%lu times", count), count);
}

#define SEE_LOG "journalctl -u nm-killswitch-refused.service"

char *ks_refused_not_started(void)
{
    return g_strdup_printf(
        _("The program that shows refused packets could not be started. Its log: %s"), SEE_LOG);
}

char *ks_refused_silent(void)
{
    return g_strdup_printf(_("The program that shows refused packets does not answer. Its log: %s"),
                           SEE_LOG);
}

const char *ks_refused_trouble(const KsRefusedReport *report)
{
    switch (report->state) {
    case KS_REFUSED_ON:
        return NULL;
    case KS_REFUSED_NO_GUARD:
        return _("The guard does not answer, so nothing can be seen of what is refused. What was "
                 "locked stays locked.");
    case KS_REFUSED_NO_KERNEL:
        return _("This kernel cannot tell what is refused: it has no nfnetlink_log.");
    case KS_REFUSED_TAKEN:
        return _("Another program already hears what the kernel tells of refused packets.");
    case KS_REFUSED_STATES:
        break;
    }
    return _("What is refused cannot be seen.");
}

const char *ks_refused_nothing(const KsRefusedReport *report)
{
    if (report->kept_until > 0)
        /* TRANSLATORS: since the first of the two times of day that stand above it */
        return report->hidden > 0 ? _("Nothing of your programs was refused since then.")
                                  : _("Nothing was refused since then.");
    return report->hidden > 0
               ? _("Nothing of your programs was refused while this looked.")
               : _("Nothing was refused while this looked: no program tried to get out past the "
                   "VPN, or the lock was open. What was refused before cannot be seen any more.");
}

char *ks_refused_not_shown(const KsRefusedReport *report)
{
    g_autofree char *hidden = NULL;
    const char *lost;

    if (report->hidden > 0)
        hidden = g_strdup_printf(
            ngettext("%u more is another user's, or of a sender that is not known: only an "
                     "administrator sees it (sudo nm-killswitch refused).",
                     "%u more are other users', or of senders that are not known: only an "
                     "administrator sees them (sudo nm-killswitch refused).",
                     report->hidden),
            report->hidden);
    if (!report->lost)
        return g_steal_pointer(&hidden);
    lost = _("Some may be missing: there were too many, or the guard was away for a while.");
    return hidden ? g_strdup_printf("%s %s", hidden, lost) : g_strdup(lost);
}
