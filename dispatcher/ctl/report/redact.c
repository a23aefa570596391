/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/report/redact.h"

#include "ctl/report/redact-look.h"

#include <glib.h>
#include <string.h>

/* Nobody is known by it, and a text without it says nothing. */
#define KNOWN_LENGTH_MIN 2u

struct KsRedactor {
    GHashTable *pseudonyms; /* char *value in small letters -> char *pseudonym, owned */
    GHashTable *learned;    /* the keys of `pseudonyms` that are looked for in texts, not owned */
    GArray *lengths;        /* element-type gsize: of what is learned, the longest first */
    unsigned counts[KS_IDENTITIES];
};

static const char *const labels[KS_IDENTITIES] = {
    [KS_IDENTITY_NAME] = "name", [KS_IDENTITY_HOST] = "host", [KS_IDENTITY_USER] = "user",
    [KS_IDENTITY_MAC] = "mac",   [KS_IDENTITY_UUID] = "uuid", [KS_IDENTITY_INTERFACE] = "link",
    [KS_IDENTITY_IP4] = "ip4",   [KS_IDENTITY_IP6] = "ip6",   [KS_IDENTITY_BYTES] = "bytes",
    [KS_IDENTITY_TEXT] = "text",
};

KsRedactor *ks_redactor_new(void)
{
    KsRedactor *redactor = g_new0(KsRedactor, 1);

    redactor->pseudonyms = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    redactor->learned = g_hash_table_new(g_str_hash, g_str_equal);
    redactor->lengths = g_array_new(FALSE, FALSE, sizeof(gsize));
    return redactor;
}

void ks_redactor_free(KsRedactor *redactor)
{
    if (!redactor)
        return;
    g_hash_table_unref(redactor->learned);
    g_hash_table_unref(redactor->pseudonyms);
    g_array_unref(redactor->lengths);
    g_free(redactor);
}

/* Owned by the redactor. */
static const char *pseudonym_of(KsRedactor *redactor, KsIdentity kind, const char *value)
{
    g_autofree char *key = g_ascii_strdown(value, -1);
    const char *known = g_hash_table_lookup(redactor->pseudonyms, key);
    const char *class;
    char *made;

    if (known)
        return known;
    kind = ks_identity_kind(kind, key); /* a server's host may be an address */
    class = ks_identity_class(kind, key);
    made = g_strdup_printf("[%s-%u%s%s]", labels[kind], ++redactor->counts[kind],
                           class[0] ? " " : "", class);
    g_hash_table_insert(redactor->pseudonyms, g_steal_pointer(&key), made);
    return made;
}

static int by_length(gconstpointer a, gconstpointer b)
{
    gsize first = *(const gsize *) a;
    gsize second = *(const gsize *) b;

    return first < second ? 1 : first > second ? -1 : 0;
}

static void remember_length(KsRedactor *redactor, gsize length)
{
    for (unsigned i = 0; i < redactor->lengths->len; i++)
        if (g_array_index(redactor->lengths, gsize, i) == length)
            return;
    g_array_append_val(redactor->lengths, length);
    g_array_sort(redactor->lengths, by_length);
}

void ks_redactor_learn(KsRedactor *redactor, KsIdentity kind, const char *value)
{
    g_autofree char *key = g_ascii_strdown(value, -1);
    gpointer kept;

    if (strlen(key) < KNOWN_LENGTH_MIN || ks_identity_is_harmless(kind, key))
        return;
    (void) pseudonym_of(redactor, kind, key);
    if (!g_hash_table_lookup_extended(redactor->pseudonyms, key, &kept, NULL))
        return;
    g_hash_table_add(redactor->learned, kept);
    remember_length(redactor, strlen(key));
}

char *ks_redactor_value(KsRedactor *redactor, KsIdentity kind, const char *value)
{
    if (!value[0] || ks_identity_is_harmless(kind, value))
        return g_strdup(value);
    return g_strdup(pseudonym_of(redactor, kind, value));
}

/* The longest of what is learned that stands here as a word of its own; 0: none does. `rest`: the
 * text in small letters from here on, of this length. */
static gsize match_learned(const KsRedactor *redactor, char *rest, gsize length)
{
    for (unsigned i = 0; i < redactor->lengths->len; i++) {
        gsize candidate = g_array_index(redactor->lengths, gsize, i);
        char behind;
        bool known;

        if (candidate > length ||
            (ks_identity_is_word(rest[candidate - 1]) && ks_identity_is_word(rest[candidate])))
            continue;
        behind = rest[candidate];
        rest[candidate] = '\0';
        known = g_hash_table_contains(redactor->learned, rest);
        rest[candidate] = behind;
        if (known)
            return candidate;
    }
    return 0;
}

static void put(KsRedactor *redactor, GString *out, const char *text, KsIdentityPlace look)
{
    g_autofree char *inner = g_strndup(text + look.before, look.length);
    g_autofree char *told = ks_redactor_value(redactor, look.kind, inner);

    g_string_append_len(out, text, (gssize) look.before);
    g_string_append(out, told);
    g_string_append_len(out, text + look.before + look.length, (gssize) look.behind);
}

char *ks_redactor_text(KsRedactor *redactor, const char *text)
{
    g_autofree char *small = g_ascii_strdown(text, -1);
    GString *out = g_string_new(NULL);
    gsize length = strlen(text);

    for (gsize at = 0; at < length;) {
        bool begins =
            at == 0 || !ks_identity_is_word(text[at - 1]) || !ks_identity_is_word(text[at]);
        gsize learned = begins ? match_learned(redactor, small + at, length - at) : 0;
        KsIdentityPlace look = ks_identity_at(text, at);

        if (learned > 0 && (look.length == 0 || learned >= look.before + look.length)) {
            g_autofree char *value = g_strndup(small + at, learned);

            g_string_append(out, g_hash_table_lookup(redactor->pseudonyms, value));
            at += learned;
        } else if (look.before + look.length > 0) {
            put(redactor, out, text + at, look);
            at += look.before + look.length + look.behind;
        } else {
            g_string_append_c(out, text[at++]);
        }
    }
    return g_string_free(out, FALSE);
}
