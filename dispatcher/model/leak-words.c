/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/leak-words.h"

#include "config.h"
#include "model/printable.h"

#include <glib/gi18n.h>
#include <string.h>

typedef struct {
    const char *word;
    const char *text; /* to be translated */
} Meaning;

static const char *meaning_of(const Meaning *meanings, const char *word)
{
    for (; meanings->word; meanings++)
        if (strcmp(meanings->word, word) == 0)
            return _(meanings->text);
    return meanings->text ? _(meanings->text) : word;
}

/* ---- the sentence ---- */

static const char *why_unjudged(const char *doubt)
{
    static const Meaning meanings[] = {
        { "no-card", N_("It cannot be said whether this machine leaks: no network card is up.") },
        { "too-many-cards",
          N_("It cannot be said whether this machine leaks: it has more network cards than the "
             "test watches.") },
        { "no-guard",
          N_("It cannot be said whether this machine leaks: the guard does not run, and without it "
             "nobody knows whether a ppp interface is a VPN or a modem.") },
        { "no-control",
          N_("It cannot be said whether this machine leaks: what may leave was not seen on a "
             "network card, so what may not would not have been seen either.") },
        { "lost",
          N_("It cannot be said whether this machine leaks: there was too much traffic to watch "
             "all of it. Try again while less is going on.") },
        { "changed",
          N_("It cannot be said whether this machine leaks: the lock changed during the test. Try "
             "again.") },
        { "nothing-sent",
          N_("It cannot be said whether this machine leaks: it has no way to send anything now.") },
        { NULL, N_("It cannot be said whether this machine leaks.") },
    };

    return meaning_of(meanings, doubt);
}

static char *leaked(const KsLeakResult *result)
{
    if (strcmp(result->state, "unlocked") == 0)
        return g_strdup_printf(_("The lock is open, and %u of %u attempts to get out without a VPN "
                                 "left this machine."),
                               result->leaks, result->tried);
    if (strcmp(result->state, "paused") == 0)
        return g_strdup_printf(_("The lock is paused, and %u of %u attempts to get out without a "
                                 "VPN left this machine."),
                               result->leaks, result->tried);
    return g_strdup_printf(
        _("This machine leaks: %u of %u attempts to get out without a VPN left it."), result->leaks,
        result->tried);
}

char *ks_leak_headline(const KsLeakResult *result)
{
    bool is_excepted = strcmp(result->doubt, KS_LEAK_DOUBT_EXCEPTION) == 0;
    g_autofree char *sentence = NULL;

    if (result->verdict == KS_LEAK_UNJUDGED && is_excepted)
        return g_strdup_printf(_("Nothing leaks but what exceptions let out: %u of %u attempts to "
                                 "get out without a VPN."),
                               result->excepted, result->tried);
    if (result->verdict == KS_LEAK_UNJUDGED)
        return g_strdup(why_unjudged(result->doubt));
    if (result->verdict == KS_LEAK_CLOSED)
        return g_strdup_printf(
            ngettext("Nothing leaks: %u attempt to get out without a VPN, and it "
                     "reached no network card.",
                     "Nothing leaks: %u attempts to get out without a VPN, and "
                     "none reached a network card.",
                     result->tried),
            result->tried);
    sentence = leaked(result);
    return result->doubt[0] && !is_excepted
               ? g_strdup_printf("%s %s", sentence, _("Not all of it could be judged."))
               : g_steal_pointer(&sentence);
}

char *ks_leak_attempt(const KsLeakRow *row)
{
    static const Meaning meanings[] = {
        { "tcp", "TCP" },
        { "udp", "UDP" },
        { "icmp", N_("ping") },
        { "dns-network", N_("DNS, the network's name server") },
        { "dns-public", N_("DNS, a public name server") },
        { "dns-tunnel", N_("DNS, the VPN's name server") },
        { "frame", N_("a frame made by hand") },
        { NULL, NULL },
    };
    const char *what = meaning_of(meanings, row->what);
    g_autofree char *told = NULL;

    /* TRANSLATORS: what was sent, tied to this network interface: "ping, by eth0" */
    told =
        row->interface[0] ? g_strdup_printf(_("%s, by %s"), what, row->interface) : g_strdup(what);
    return ks_printable(told, KS_LEAK_ATTEMPT_COLUMNS);
}

const char *ks_leak_cell_text(KsLeakCell cell)
{
    static const char *const texts[] = {
        [KS_LEAK_CELL_NONE] = "–",
        /* TRANSLATORS: in a table, what became of an attempt to get out */
        [KS_LEAK_CELL_NO_WAY] = N_("no way"),
        [KS_LEAK_CELL_VPN] = N_("by the VPN"),
        [KS_LEAK_CELL_HELD] = N_("held"),
        /* TRANSLATORS: an exception from the lock, which a person made, let it out */
        [KS_LEAK_CELL_EXCEPTION] = N_("exception"),
        [KS_LEAK_CELL_LEFT_ROOT] = N_("LEFT (root)"),
        [KS_LEAK_CELL_LEFT_USER] = N_("LEFT (user)"),
        [KS_LEAK_CELL_LEFT] = N_("LEFT"),
    };

    return cell == KS_LEAK_CELL_NONE ? texts[cell] : _(texts[cell]);
}

const char *ks_leak_server_text(const KsLeakResult *result)
{
    static const Meaning servers[] = {
        { "reached", N_("The VPN's server was reached.") },
        { "silent", N_("The VPN's server did not answer.") },
        { NULL, N_("Whether the VPN's server is reached was not judged.") },
    };

    return meaning_of(servers, result->server);
}

const char *ks_leak_resolver_text(const KsLeakResult *result)
{
    static const Meaning resolvers[] = {
        { "answers", N_("The VPN's name server answers.") },
        { "silent", N_("The VPN's name server did not answer.") },
        { NULL, N_("Whether the VPN's name server answers was not judged.") },
    };

    return meaning_of(resolvers, result->resolver);
}

char *ks_leak_footnote(const KsLeakResult *result)
{
    return g_strdup_printf(_("Tried as root and as an ordinary user (user id %u). What is seen is "
                             "what is handed to a network card's driver."),
                           result->user);
}
