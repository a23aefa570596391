/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/report/paper.h"

#include "ctl/report/redact-look.h"
#include "model/address.h"
#include "model/printable.h"

#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#define INDENT         2u
#define KEY_LENGTH_MAX 48u

typedef enum { PIECE_WORDS, PIECE_TEXT, PIECE_ANSWER, PIECE_VALUE } PieceKind;

typedef struct {
    PieceKind kind;
    KsIdentity identity;
    char *text;
} Piece;

struct KsPaper {
    GArray *pieces; /* element-type Piece */
    KsRedactor *redactor;
    gsize room; /* of this section */
    bool cut;   /* it has had too little */
};

static void clear_piece(gpointer data)
{
    g_free(((Piece *) data)->text);
}

KsPaper *ks_paper_new(void)
{
    KsPaper *paper = g_new0(KsPaper, 1);

    paper->pieces = g_array_new(FALSE, FALSE, sizeof(Piece));
    g_array_set_clear_func(paper->pieces, clear_piece);
    paper->redactor = ks_redactor_new();
    paper->room = KS_PAPER_SECTION_BYTES;
    return paper;
}

void ks_paper_free(KsPaper *paper)
{
    if (!paper)
        return;
    g_array_unref(paper->pieces);
    ks_redactor_free(paper->redactor);
    g_free(paper);
}

/* Lines stay; all else that could steer a terminal does not. */
static char *printable(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (unsigned i = 0; lines[i]; i++) {
        char *told = ks_printable(g_strdelimit(lines[i], "\t", ' '), KS_PAPER_SECTION_BYTES);

        g_free(lines[i]);
        lines[i] = told;
    }
    return g_strjoinv("\n", lines);
}

/* Takes `text`. */
static void add(KsPaper *paper, PieceKind kind, KsIdentity identity, char *text)
{
    Piece piece = { kind, identity, text };
    gsize length = strlen(text);

    if (paper->cut) {
        g_free(text);
        return;
    }
    if (length > paper->room) {
        paper->cut = true;
        g_free(text);
        piece = (Piece){ PIECE_WORDS, KS_IDENTITY_TEXT, g_strdup("\n(The rest is left out.)\n") };
        length = paper->room;
    }
    paper->room -= length;
    g_array_append_val(paper->pieces, piece);
}

void ks_paper_section(KsPaper *paper, const char *title)
{
    paper->room = KS_PAPER_SECTION_BYTES;
    paper->cut = false;
    ks_paper_put(paper, "\n== %s ==\n", title);
}

void ks_paper_put(KsPaper *paper, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add(paper, PIECE_WORDS, KS_IDENTITY_TEXT, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

void ks_paper_put_text(KsPaper *paper, const char *text)
{
    add(paper, PIECE_TEXT, KS_IDENTITY_TEXT, printable(text));
}

void ks_paper_put_answer(KsPaper *paper, const char *text)
{
    add(paper, PIECE_ANSWER, KS_IDENTITY_TEXT, printable(text));
}

void ks_paper_learn(KsPaper *paper, KsIdentity kind, const char *value)
{
    g_autofree char *shown = NULL;
    g_autofree char *name = NULL;

    if (!value || !value[0])
        return;
    /* the form in which others tell it */
    shown = printable(value);
    name = ks_printable_name(value);
    ks_redactor_learn(paper->redactor, kind, value);
    ks_redactor_learn(paper->redactor, kind, shown);
    ks_redactor_learn(paper->redactor, kind, name);
}

void ks_paper_put_value(KsPaper *paper, KsIdentity kind, const char *value)
{
    ks_paper_learn(paper, kind, value);
    add(paper, PIECE_VALUE, kind, printable(value));
}

void ks_paper_lacks(KsPaper *paper, const char *format, ...)
{
    g_autofree char *why = NULL;
    va_list arguments;

    va_start(arguments, format);
    why = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_strdelimit(why, "\n", ' ');
    ks_paper_put(paper, "Not here: ");
    ks_paper_put_text(paper, why);
    ks_paper_put(paper, "\n");
}

/* ---- values of any type ---- */

static const KsPaperKey *find_key(const KsPaperKey *keys, const char *key)
{
    for (; key && keys && keys->key; keys++)
        if (strcmp(keys->key, key) == 0)
            return keys;
    return NULL;
}

static void put_string(KsPaper *paper, const char *text, const KsPaperKey *key)
{
    if (key && key->kind == KS_IDENTITY_TEXT)
        ks_paper_put_answer(paper, text);
    else if (key)
        ks_paper_put_value(paper, key->kind, text);
    else
        ks_paper_put_text(paper, text);
}

/* An address in bytes, else what is printed of any. */
static void put_bytes(KsPaper *paper, GVariant *value, const KsPaperKey *key)
{
    KsAddress address = { 0 };
    char text[KS_ADDRESS_TEXT_SIZE];
    gsize size;
    const uint8_t *bytes = g_variant_get_fixed_array(value, &size, 1);

    if (key) {
        g_autofree char *name = g_strndup((const char *) bytes, size);

        ks_paper_put_value(paper, key->kind, name);
        return;
    }
    address.family = size == 4 ? AF_INET : AF_INET6;
    if (size != ks_address_size(&address)) {
        ks_paper_put(paper, "%" G_GSIZE_FORMAT " bytes", size);
        return;
    }
    memcpy(address.bytes, bytes, size);
    ks_paper_put_text(paper, ks_address_text(&address, text));
}

static void put_children(KsPaper *paper, GVariant *value, const KsPaperKey *keys,
                         const KsPaperKey *key, unsigned indent);

static void put(KsPaper *paper, GVariant *value, const KsPaperKey *keys, const KsPaperKey *key,
                unsigned indent)
{
    g_autoptr(GVariant) inner = NULL;
    g_autofree char *text = NULL;

    if (g_variant_is_of_type(value, G_VARIANT_TYPE_VARIANT)) {
        inner = g_variant_get_variant(value);
        put(paper, inner, keys, key, indent);
    } else if (g_variant_is_of_type(value, G_VARIANT_TYPE_STRING) ||
               g_variant_is_of_type(value, G_VARIANT_TYPE_OBJECT_PATH)) {
        put_string(paper, g_variant_get_string(value, NULL), key);
        ks_paper_put(paper, "\n");
    } else if (g_variant_is_of_type(value, G_VARIANT_TYPE_BYTESTRING)) {
        put_bytes(paper, value, key);
        ks_paper_put(paper, "\n");
    } else if (g_variant_is_container(value)) {
        ks_paper_put(paper, g_variant_n_children(value) == 0 ? "nothing\n" : "\n");
        put_children(paper, value, keys, key, indent + INDENT);
    } else {
        text = g_variant_print(value, FALSE);
        ks_paper_put(paper, "%s\n", text);
    }
}

/* A program's word, unless it does not look like one. */
static void put_key(KsPaper *paper, const char *key)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

    if (strlen(key) <= KEY_LENGTH_MAX && strspn(key, letters) == strlen(key)) {
        ks_paper_put(paper, "%s: ", key);
    } else {
        ks_paper_put_answer(paper, key);
        ks_paper_put(paper, ": ");
    }
}

static void put_children(KsPaper *paper, GVariant *value, const KsPaperKey *keys,
                         const KsPaperKey *key, unsigned indent)
{
    for (gsize i = 0; i < g_variant_n_children(value) && !paper->cut; i++) {
        g_autoptr(GVariant) child = g_variant_get_child_value(value, i);
        g_autoptr(GVariant) name = NULL;
        g_autoptr(GVariant) content = NULL;
        const KsPaperKey *of = key;

        ks_paper_put(paper, "%*s", (int) indent, "");
        if (g_variant_is_of_type(child, G_VARIANT_TYPE("{s*}"))) {
            name = g_variant_get_child_value(child, 0);
            content = g_variant_get_child_value(child, 1);
            put_key(paper, g_variant_get_string(name, NULL));
            of = find_key(keys, g_variant_get_string(name, NULL));
            put(paper, content, keys, of ? of : key, indent);
        } else {
            ks_paper_put(paper, "- ");
            put(paper, child, keys, key, indent);
        }
    }
}

void ks_paper_put_variant(KsPaper *paper, GVariant *value, const KsPaperKey *keys, unsigned indent)
{
    put_children(paper, value, keys, NULL, indent);
}

/* ---- the end ---- */

/* Outside of what was replaced, which stands in brackets, it has no letters. */
static bool has_no_letters(const char *told)
{
    unsigned depth = 0;

    for (; *told; told++) {
        if (*told == '[')
            depth++;
        else if (*told == ']' && depth > 0)
            depth--;
        else if (depth == 0 && ks_identity_is_word(*told) && !g_ascii_isdigit(*told))
            return false;
    }
    return true;
}

/* Of a word only what it looks like is told, unless it is a number. */
static void append_word(GString *out, KsRedactor *redactor, const char *word)
{
    g_autofree char *told = ks_redactor_text(redactor, word);

    if (!has_no_letters(told) && !ks_identity_is_harmless(KS_IDENTITY_TEXT, word)) {
        g_free(told);
        told = ks_redactor_value(redactor, KS_IDENTITY_TEXT, word);
    }
    g_string_append(out, told);
}

static void append_answer(GString *out, KsRedactor *redactor, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);

    for (unsigned i = 0; words[i]; i++) {
        if (i > 0)
            g_string_append_c(out, ' ');
        append_word(out, redactor, words[i]);
    }
}

char *ks_paper_finish(const KsPaper *paper, bool full)
{
    GString *out = g_string_new(NULL);

    for (unsigned i = 0; i < paper->pieces->len; i++) {
        const Piece *piece = &g_array_index(paper->pieces, Piece, i);
        g_autofree char *told = NULL;

        if (full || piece->kind == PIECE_WORDS)
            told = g_strdup(piece->text);
        else if (piece->kind == PIECE_VALUE)
            told = ks_redactor_value(paper->redactor, piece->identity, piece->text);
        else if (piece->kind == PIECE_TEXT)
            told = ks_redactor_text(paper->redactor, piece->text);
        if (told)
            g_string_append(out, told);
        else
            append_answer(out, paper->redactor, piece->text);
    }
    return g_string_free(out, FALSE);
}
