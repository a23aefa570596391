/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/refused-report.h"

#include "model/printable.h"

#include <string.h>

#define TEXT_COLUMNS 256u

static char *take_text(GVariant *told, const char *name)
{
    const char *text = "";

    (void) g_variant_lookup(told, name, "&s", &text);
    return ks_printable(text, TEXT_COLUMNS);
}

static void free_entry(void *data)
{
    KsRefusedEntry *entry = data;

    g_free(entry->key);
    g_free(entry->program);
    g_free(entry->path);
    g_free(entry->unit);
    g_free(entry->app);
    g_free(entry->user);
    g_free(entry->way);
    g_free(entry->from);
    g_free(entry->source);
    g_free(entry->destination);
    g_free(entry->protocol);
    g_free(entry->rule);
    g_free(entry);
}

static KsRefusedEntry *read_entry(GVariant *told)
{
    KsRefusedEntry *entry = g_new0(KsRefusedEntry, 1);

    entry->program = take_text(told, "program");
    entry->path = take_text(told, "path");
    entry->unit = take_text(told, "unit");
    entry->app = take_text(told, "app");
    entry->user = take_text(told, "user");
    entry->way = take_text(told, "way");
    entry->from = take_text(told, "from");
    entry->source = take_text(told, "source");
    entry->destination = take_text(told, "destination");
    entry->protocol = take_text(told, "protocol");
    entry->rule = take_text(told, "rule");
    entry->uid = -1;
    (void) g_variant_lookup(told, "uid", "x", &entry->uid);
    (void) g_variant_lookup(told, "port", "u", &entry->port);
    (void) g_variant_lookup(told, "count", "t", &entry->count);
    (void) g_variant_lookup(told, "last", "x", &entry->last);
    return entry;
}

static const char *const states[KS_REFUSED_STATES] = {
    [KS_REFUSED_ON] = "on",
    [KS_REFUSED_NO_GUARD] = "no-guard",
    [KS_REFUSED_NO_KERNEL] = "no-kernel",
    [KS_REFUSED_TAKEN] = "taken",
};

const char *ks_refused_state_name(KsRefusedState state)
{
    return states[state];
}

static KsRefusedState state_of(const char *word)
{
    KsRefusedState state = KS_REFUSED_ON;

    while (state < KS_REFUSED_STATES && strcmp(states[state], word) != 0)
        state++;
    return state;
}

/* Texts that were cut may be alike where what was said was not. */
static char *key_of(const KsRefusedEntry *entry, GHashTable *taken, gsize place)
{
    char *key =
        g_strdup_printf("%s\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n%u\n%" G_GINT64_FORMAT, entry->program,
                        entry->path, entry->unit, entry->way, entry->from, entry->source,
                        entry->destination, entry->protocol, entry->port, (gint64) entry->uid);

    if (g_hash_table_contains(taken, key)) {
        g_autofree char *same = key;

        key = g_strdup_printf("%s\n%zu", same, place);
    }
    (void) g_hash_table_add(taken, key);
    return key;
}

KsRefusedReport *ks_refused_report_read(GVariant *told)
{
    KsRefusedReport *report = g_new0(KsRefusedReport, 1);
    g_autoptr(GVariant) entries = g_variant_lookup_value(told, "entries", G_VARIANT_TYPE("aa{sv}"));
    g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
    const char *state = "";
    gboolean lost = FALSE;

    report->entries = g_ptr_array_new_with_free_func(free_entry);
    (void) g_variant_lookup(told, "state", "&s", &state);
    (void) g_variant_lookup(told, "lost", "b", &lost);
    (void) g_variant_lookup(told, "hidden", "u", &report->hidden);
    (void) g_variant_lookup(told, "kept_since", "x", &report->kept_since);
    (void) g_variant_lookup(told, "kept_until", "x", &report->kept_until);
    report->state = state_of(state);
    report->lost = lost;
    for (gsize i = 0; entries && i < MIN(g_variant_n_children(entries), KS_REFUSED_ENTRIES_MAX);
         i++) {
        g_autoptr(GVariant) entry_told = g_variant_get_child_value(entries, i);
        KsRefusedEntry *entry = read_entry(entry_told);

        entry->key = key_of(entry, keys, i);
        g_ptr_array_add(report->entries, entry);
    }
    return report;
}

void ks_refused_report_free(KsRefusedReport *report)
{
    if (!report)
        return;
    g_ptr_array_unref(report->entries);
    g_free(report);
}
