/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/leak-result.h"

#include <string.h>

/* Leaves what is not there, or too long, empty. */
static void take_word(GVariant *dictionary, const char *name, char *ret_word, size_t size)
{
    const char *word;

    ret_word[0] = '\0';
    if (g_variant_lookup(dictionary, name, "&s", &word) && strlen(word) < size)
        g_strlcpy(ret_word, word, size);
}

static KsLeakVerdict verdict_of(const char *word)
{
    if (strcmp(word, "leaked") == 0)
        return KS_LEAK_LEAKED;
    return strcmp(word, "closed") == 0 ? KS_LEAK_CLOSED : KS_LEAK_UNJUDGED;
}

static KsLeakRow *find_row(KsLeakResult *result, const char *what, const char *interface)
{
    KsLeakRow new = { 0 };

    for (unsigned i = 0; i < result->rows->len; i++) {
        KsLeakRow *row = &g_array_index(result->rows, KsLeakRow, i);

        if (strcmp(row->what, what) == 0 && strcmp(row->interface, interface) == 0)
            return row;
    }
    g_strlcpy(new.what, what, sizeof(new.what));
    g_strlcpy(new.interface, interface, sizeof(new.interface));
    g_array_append_val(result->rows, new);
    return &g_array_index(result->rows, KsLeakRow, result->rows->len - 1);
}

static KsLeakCell add_up(KsLeakCell before, KsLeakCell now)
{
    bool left = before >= KS_LEAK_CELL_LEFT_ROOT && now >= KS_LEAK_CELL_LEFT_ROOT;

    if (left && before != now)
        return KS_LEAK_CELL_LEFT;
    return MAX(before, now);
}

static void take_probe(KsLeakResult *result, GVariant *probe)
{
    char what[KS_LEAK_WORD_SIZE];
    char interface[IF_NAMESIZE];
    char sender[KS_LEAK_WORD_SIZE];
    char fate[KS_LEAK_WORD_SIZE];
    KsLeakCell cell = KS_LEAK_CELL_HELD;
    guint32 family = 0;
    KsLeakRow *row;

    take_word(probe, "what", what, sizeof(what));
    take_word(probe, "interface", interface, sizeof(interface));
    take_word(probe, "sender", sender, sizeof(sender));
    take_word(probe, "fate", fate, sizeof(fate));
    (void) g_variant_lookup(probe, "family", "u", &family);
    if (!what[0] || (family != 4 && family != 6))
        return;
    if (strcmp(fate, "no-way") == 0)
        cell = KS_LEAK_CELL_NO_WAY;
    else if (strcmp(fate, "vpn") == 0)
        cell = KS_LEAK_CELL_VPN;
    else if (strcmp(fate, "exception") == 0)
        cell = KS_LEAK_CELL_EXCEPTION;
    else if (strcmp(fate, "left") == 0)
        cell = strcmp(sender, "root") == 0 ? KS_LEAK_CELL_LEFT_ROOT : KS_LEAK_CELL_LEFT_USER;
    else if (strcmp(fate, "held") != 0 && strcmp(fate, "refused") != 0)
        result->verdict = KS_LEAK_UNJUDGED; /* of a version that knows more */
    result->tried += cell != KS_LEAK_CELL_NO_WAY;
    result->excepted += cell == KS_LEAK_CELL_EXCEPTION;
    result->leaks += cell >= KS_LEAK_CELL_LEFT_ROOT;
    row = find_row(result, what, interface);
    row->cells[family == 4 ? KS_IPV4 : KS_IPV6] =
        add_up(row->cells[family == 4 ? KS_IPV4 : KS_IPV6], cell);
}

KsLeakResult *ks_leak_result_read(GVariant *told)
{
    KsLeakResult *result = g_new0(KsLeakResult, 1);
    g_autoptr(GVariant) probes = g_variant_lookup_value(told, "probes", G_VARIANT_TYPE("aa{sv}"));
    char verdict[KS_LEAK_WORD_SIZE];

    result->rows = g_array_new(FALSE, TRUE, sizeof(KsLeakRow));
    take_word(told, "verdict", verdict, sizeof(verdict));
    take_word(told, "doubt", result->doubt, sizeof(result->doubt));
    take_word(told, "state", result->state, sizeof(result->state));
    take_word(told, "resolver", result->resolver, sizeof(result->resolver));
    take_word(told, "server", result->server, sizeof(result->server));
    (void) g_variant_lookup(told, "user", "u", &result->user);
    result->verdict = verdict_of(verdict);
    for (gsize i = 0; probes && i < MIN(g_variant_n_children(probes), KS_LEAK_PROBES_MAX); i++) {
        g_autoptr(GVariant) probe = g_variant_get_child_value(probes, i);

        take_probe(result, probe);
    }
    /* what was seen outweighs the word */
    if (result->leaks > 0)
        result->verdict = KS_LEAK_LEAKED;
    else if (result->tried == 0 && result->verdict == KS_LEAK_CLOSED)
        result->verdict = KS_LEAK_UNJUDGED;
    else if (result->excepted > 0 && result->verdict == KS_LEAK_CLOSED) {
        result->verdict = KS_LEAK_UNJUDGED;
        g_strlcpy(result->doubt, KS_LEAK_DOUBT_EXCEPTION, sizeof(result->doubt));
    }
    return result;
}

void ks_leak_result_free(KsLeakResult *result)
{
    if (!result)
        return;
    g_array_unref(result->rows);
    g_free(result);
}
