/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leaktest/verdict.h"

#include <string.h>

static unsigned count(const KsFindings *findings, KsFate fate)
{
    unsigned count = 0;

    for (unsigned i = 0; i < findings->probes->len; i++)
        count += g_array_index(findings->probes, KsProbe, i).fate == fate;
    return count;
}

unsigned ks_findings_leaks(const KsFindings *findings)
{
    return count(findings, KS_FATE_LEFT);
}

KsDoubt ks_findings_doubt(const KsFindings *findings)
{
    bool lost = false;

    if (findings->too_many_cards)
        return KS_DOUBT_TOO_MANY_CARDS;
    if (findings->has_unknown_ppp)
        return KS_DOUBT_NO_GUARD;
    if (findings->watches->len == 0)
        return KS_DOUBT_NO_CARD;
    for (unsigned i = 0; i < findings->watches->len; i++) {
        const KsWatch *watch = &g_array_index(findings->watches, KsWatch, i);

        if (watch->card.ethernet ? !watch->control_seen : !watch->frames_seen)
            return KS_DOUBT_NO_CONTROL;
        lost |= watch->lost > 0;
    }
    if (lost)
        return KS_DOUBT_LOST;
    if (findings->exceptions_changed || strcmp(findings->state, findings->after) != 0)
        return KS_DOUBT_CHANGED;
    if (count(findings, KS_FATE_EXCEPTION) > 0)
        return KS_DOUBT_EXCEPTION;
    return count(findings, KS_FATE_NO_WAY) == findings->probes->len ? KS_DOUBT_NOTHING_SENT
                                                                    : KS_DOUBT_NONE;
}

static const char *doubt_word(KsDoubt doubt)
{
    static const char *const words[] = {
        [KS_DOUBT_NONE] = "",
        [KS_DOUBT_NO_CARD] = "no-card",
        [KS_DOUBT_TOO_MANY_CARDS] = "too-many-cards",
        [KS_DOUBT_NO_GUARD] = "no-guard",
        [KS_DOUBT_NO_CONTROL] = "no-control",
        [KS_DOUBT_LOST] = "lost",
        [KS_DOUBT_CHANGED] = "changed",
        [KS_DOUBT_EXCEPTION] = "exception",
        [KS_DOUBT_NOTHING_SENT] = "nothing-sent",
    };

    return words[doubt];
}

/* "silent" is no leak: the name server may have its reasons. */
static const char *resolver_word(const KsFindings *findings)
{
    const char *word = "unknown";

    for (unsigned i = 0; i < findings->probes->len; i++) {
        const KsProbe *probe = &g_array_index(findings->probes, KsProbe, i);

        if (probe->kind != KS_PROBE_DNS_TUNNEL)
            continue;
        if (probe->answered)
            return "answers";
        word = "silent";
    }
    return word;
}

/* Nobody owes an answer to the other probes, and so a server may have nothing to send. */
static bool asked_inside(const KsFindings *findings)
{
    for (unsigned i = 0; i < findings->probes->len; i++) {
        const KsProbe *probe = &g_array_index(findings->probes, KsProbe, i);

        if (probe->kind == KS_PROBE_DNS_TUNNEL && probe->fate == KS_FATE_VPN)
            return true;
    }
    return false;
}

static const char *server_word(const KsFindings *findings)
{
    if (!findings->tunnel_is_up || !findings->server_sent)
        return "unknown";
    if (findings->server_came)
        return "reached";
    return asked_inside(findings) ? "silent" : "unknown";
}

/* Who opens the lock during the test sees what leaves an open lock. */
static const char *state_word(const KsFindings *findings)
{
    static const char *const open[] = { "unlocked", "paused" };

    for (unsigned i = 0; i < G_N_ELEMENTS(open); i++)
        if (strcmp(findings->after, open[i]) == 0)
            return findings->after;
    return findings->state;
}

static GVariant *tell_watches(const KsFindings *findings)
{
    GVariantBuilder list;

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    for (unsigned i = 0; i < findings->watches->len; i++) {
        const KsWatch *watch = &g_array_index(findings->watches, KsWatch, i);

        g_variant_builder_open(&list, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(&list, "{sv}", "interface", g_variant_new_string(watch->card.name));
        g_variant_builder_add(&list, "{sv}", "control",
                              g_variant_new_boolean(watch->control_seen ||
                                                    (!watch->card.ethernet && watch->frames_seen)));
        g_variant_builder_add(&list, "{sv}", "lost", g_variant_new_uint32(watch->lost));
        g_variant_builder_close(&list);
    }
    return g_variant_builder_end(&list);
}

static void tell_probe(GVariantBuilder *list, const KsProbe *probe)
{
    char mark[2 * KS_MARK_SIZE + 1] = "";

    for (size_t i = 0; i < probe->mark_size; i++)
        (void) g_snprintf(mark + 2 * i, 3, "%02x", probe->mark[i]);
    g_variant_builder_open(list, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(list, "{sv}", "what",
                          g_variant_new_string(ks_probe_kind_word(probe->kind)));
    g_variant_builder_add(list, "{sv}", "family",
                          g_variant_new_uint32(probe->family == KS_IPV4 ? 4 : 6));
    g_variant_builder_add(list, "{sv}", "interface", g_variant_new_string(probe->interface));
    g_variant_builder_add(list, "{sv}", "sender",
                          g_variant_new_string(probe->by_root ? "root" : "user"));
    g_variant_builder_add(list, "{sv}", "fate", g_variant_new_string(ks_fate_word(probe->fate)));
    g_variant_builder_add(list, "{sv}", "seen_on", g_variant_new_string(probe->seen_on));
    g_variant_builder_add(list, "{sv}", "mark", g_variant_new_string(mark));
    g_variant_builder_add(list, "{sv}", "error",
                          g_variant_new_string(probe->error ? g_strerror(probe->error) : ""));
    g_variant_builder_close(list);
}

GVariant *ks_findings_tell(const KsFindings *findings)
{
    unsigned leaks = ks_findings_leaks(findings);
    KsDoubt doubt = ks_findings_doubt(findings);
    GVariantBuilder told;
    GVariantBuilder list;

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    for (unsigned i = 0; i < findings->probes->len; i++)
        tell_probe(&list, &g_array_index(findings->probes, KsProbe, i));
    g_variant_builder_init(&told, G_VARIANT_TYPE_VARDICT);
    /* what was seen was seen, however little of the rest can be judged */
    g_variant_builder_add(&told, "{sv}", "verdict",
                          g_variant_new_string(leaks   ? "leaked"
                                               : doubt ? "unjudged"
                                                       : "closed"));
    g_variant_builder_add(&told, "{sv}", "doubt", g_variant_new_string(doubt_word(doubt)));
    g_variant_builder_add(&told, "{sv}", "state", g_variant_new_string(state_word(findings)));
    g_variant_builder_add(&told, "{sv}", "leaks", g_variant_new_uint32(leaks));
    g_variant_builder_add(&told, "{sv}", "user", g_variant_new_uint32((guint32) findings->user));
    g_variant_builder_add(&told, "{sv}", "seconds", g_variant_new_double(findings->seconds));
    g_variant_builder_add(&told, "{sv}", "resolver", g_variant_new_string(resolver_word(findings)));
    g_variant_builder_add(&told, "{sv}", "server", g_variant_new_string(server_word(findings)));
    g_variant_builder_add(&told, "{sv}", "cards", tell_watches(findings));
    g_variant_builder_add(&told, "{sv}", "probes", g_variant_builder_end(&list));
    return g_variant_builder_end(&told);
}
