/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ks_rules_text() says what nft(8) says of the same table. Blanks and the order of elements and
 * statements are free; nft's words are not. Our words are those of nft 1.0.6. What later versions
 * say in others is told by a table, and for each version no more than its rows may differ. */
#include "lock-states.h"
#include "namespace.h"

#include "kernel/clock.h"
#include "kernel/netfilter.h"
#include "model/names.h"
#include "rules/egress-table.h"
#include "rules/lock-table.h"
#include "rules/plan.h"
#include "rules/rules-text.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION(major, minor, micro) ((major) *10000u + (minor) *100u + (micro))

/* After which version nft says something in other words (seen: 1.0.6, 1.0.9, 1.1.3, 1.1.6, 1.1.7),
 * and what it said before. */
static const struct {
    unsigned after;
    const char *now;
    const char *before;
} wordings[] = {
    { VERSION(1, 0, 6), "ip frag-off & 0x1fff != 0x0", "ip frag-off & 8191 != 0" },
    { VERSION(1, 0, 6), "ip frag-off & 0x3fff != 0x0", "ip frag-off & 16383 != 0" },
    { VERSION(1, 0, 9), "tcp flags & (syn | ack) == syn", "tcp flags syn / syn,ack" },
    { VERSION(1, 0, 9), "@nh,51,13 != 0x0", "@nh,48,16 & 0x1fff != 0x0" },
    { VERSION(1, 0, 9), "@nh,51,13 0x0", "@nh,48,16 & 0x1fff == 0x0" },
};

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* "10.0.0.0/8" -> "10.0.0.0-10.255.255.255": nft writes a range as a prefix where it is one. */
static char *as_range(const char *element)
{
    g_auto(GStrv) parts = g_strsplit(element, "/", 2);
    char text[KS_ADDRESS_TEXT_SIZE];
    KsAddress last;
    char *rest; /* of a range of several fields: the other ones */
    unsigned prefix;

    if (!parts[0] || !parts[1] || !ks_address_parse(parts[0], &last))
        return g_strdup(element);
    prefix = (unsigned) strtoul(parts[1], &rest, 10);
    for (unsigned bit = prefix; bit < ks_address_size(&last) * 8; bit++)
        last.bytes[bit / 8] |= (uint8_t) (0x80u >> bit % 8);
    return g_strdup_printf("%s-%s%s", parts[0], ks_address_text(&last, text), rest);
}

/* "elements = { b, a }" -> "a, b" */
static char *sort_elements(const char *elements)
{
    g_auto(GStrv) all = g_strsplit(elements, ",", -1);

    for (unsigned i = 0; all[i]; i++) {
        char *end = strstr(all[i], " expires ");

        if (end)
            *end = '\0'; /* it has gone on since */
        end = strstr(all[i], " timeout ");
        if (end) /* that there is one counts: without it, a saved copy would stay */
            end[strlen(" timeout")] = '\0';
        g_strstrip(all[i]);
        end = as_range(all[i]);
        g_free(all[i]);
        all[i] = end;
    }
    qsort(all, g_strv_length(all), sizeof(*all), compare_texts);
    return g_strjoinv(", ", all);
}

/* One statement a line, without comments, with single blanks. */
static char *normalise(const char *text)
{
    g_autoptr(GRegex) comments = g_regex_new(" *#.*$", G_REGEX_MULTILINE, 0, NULL);
    g_autoptr(GRegex) blanks = g_regex_new("[ \\t]+", 0, 0, NULL);
    g_autoptr(GRegex) breaks = g_regex_new(",\\s*\\n\\s*", 0, 0, NULL);
    g_autofree char *bare = g_regex_replace_literal(comments, text, -1, 0, "", 0, NULL);
    g_autofree char *joined = g_regex_replace_literal(breaks, bare, -1, 0, ", ", 0, NULL);
    g_autofree char *single = g_regex_replace_literal(blanks, joined, -1, 0, " ", 0, NULL);
    g_auto(GStrv) lines = g_strsplit(single, "\n", -1);
    GString *result = g_string_new(NULL);

    for (unsigned i = 0; lines[i]; i++) {
        char *line = g_strstrip(lines[i]);
        char *end = strrchr(line, '}');

        if (g_str_has_prefix(line, "flags owner") || line[0] == '\0')
            continue;
        if (g_str_has_prefix(line, "elements = {") && end) {
            g_autofree char *sorted = NULL;

            *end = '\0';
            sorted = sort_elements(line + strlen("elements = {"));
            g_string_append_printf(result, "elements = { %s }\n", sorted);
        } else {
            g_string_append_printf(result, "%s\n", line);
        }
    }
    return g_string_free(result, FALSE);
}

static unsigned nft_version(const char *nft)
{
    g_autofree char *command = g_strdup_printf("%s --version", nft);
    g_autofree char *text = namespace_command(command);
    unsigned major;
    unsigned minor;
    unsigned micro;

    /* NOLINTNEXTLINE(cert-err34-c): how many numbers there were is looked at, and they are small */
    if (sscanf(text, "nftables v%u.%u.%u", &major, &minor, &micro) != 3)
        g_error("nft does not say its version: %s", text);
    return VERSION(major, minor, micro);
}

static char *in_words_of_before(const char *text, unsigned version)
{
    char *result = g_strdup(text);

    for (unsigned i = 0; i < G_N_ELEMENTS(wordings); i++) {
        g_auto(GStrv) parts = g_strsplit(result, wordings[i].now, -1);

        if (version <= wordings[i].after)
            continue;
        g_free(result);
        result = g_strjoinv(wordings[i].before, parts);
    }
    return result;
}

static bool says_the_same(const char *ours, const char *nft, unsigned version)
{
    g_autofree char *before = NULL;

    if (strcmp(ours, nft) == 0)
        return true;
    if (g_str_has_prefix(nft, "elements"))
        return false;
    before = in_words_of_before(nft, version);
    return strcmp(ours, before) == 0;
}

/* Sets, counters and chains in the order of their names: nft has its own. */
static char *sort_blocks(const KsSkeleton *skeleton, const char *normal)
{
    g_autofree char *head =
        g_strdup_printf("table %s " KS_TABLE " {\n", ks_skeleton_family_name(skeleton));
    g_autoptr(GRegex) ends = g_regex_new("(?<=^\\}\\n)", G_REGEX_MULTILINE, 0, NULL);
    g_auto(GStrv) blocks = g_regex_split(ends, strchr(normal, '\n') + 1, 0);

    g_assert_true(g_str_has_prefix(normal, head));
    qsort(blocks, g_strv_length(blocks), sizeof(*blocks), compare_texts);
    return g_strjoinv("", blocks);
}

static void assert_same_text(const KsSkeleton *skeleton, const char *ours, const char *nft,
                             unsigned version)
{
    g_autofree char *our_normal = normalise(ours);
    g_autofree char *nft_normal = normalise(nft);
    g_autofree char *our_blocks = sort_blocks(skeleton, our_normal);
    g_autofree char *nft_blocks = sort_blocks(skeleton, nft_normal);
    g_auto(GStrv) our_lines = g_strsplit(our_blocks, "\n", -1);
    g_auto(GStrv) nft_lines = g_strsplit(nft_blocks, "\n", -1);

    for (unsigned i = 0; our_lines[i] && nft_lines[i]; i++) {
        if (says_the_same(our_lines[i], nft_lines[i], version))
            continue;
        g_test_message("ours: %s", our_lines[i]);
        g_test_message("nft:  %s", nft_lines[i]);
        g_test_fail();
    }
    g_assert_cmpuint(g_strv_length(our_lines), ==, g_strv_length(nft_lines));
}

static const char *name_interface(uint32_t index, const void *data)
{
    static char name[IF_NAMESIZE];

    (void) data;
    return if_indextoname(index, name);
}

typedef struct {
    const char *nft; /* the command */
    const KsSkeleton *skeleton;
    const KsLockState *state;
} Case;

static void test_listing(const void *data)
{
    const Case *is = data;
    g_autofree char *command = g_strdup_printf("%s list table %s " KS_TABLE, is->nft,
                                               ks_skeleton_family_name(is->skeleton));
    KsNetfilter *netfilter;
    KsReadback *held = ks_readback_new(is->skeleton);
    KsLock *lock = ks_lock_new();
    KsBatch batch = { .now = ks_clock_now() };
    g_autofree char *ours = NULL;
    g_autofree char *nft = NULL;

    g_assert_cmpint(ks_netfilter_open(&netfilter), ==, 0);
    is->state->draw(lock);
    ks_lock_seal(lock);
    g_assert_cmpint(ks_netfilter_read(netfilter, held), ==, 0);
    g_assert_cmpint(ks_plan_lock(&batch, held, lock, 0), ==, 0);
    g_assert_cmpint(ks_netfilter_commit(netfilter, &batch), ==, 0);
    g_assert_cmpint(ks_netfilter_read(netfilter, held), ==, 0);
    if (is->state->pause_ms > 0) {
        g_assert_cmpint(ks_plan_pause(&batch, held, is->state->pause_ms), ==, 0);
        g_assert_cmpint(ks_netfilter_commit(netfilter, &batch), ==, 0);
        g_assert_cmpint(ks_netfilter_read(netfilter, held), ==, 0);
    }
    g_assert_true(ks_readback_is_intact(held));
    g_assert_true(ks_lock_set_is_equal(held->lock, lock, KS_SET_EXCEPTIONS4));
    g_assert_true(ks_lock_set_is_equal(held->lock, lock, KS_SET_SERVICES4));
    ours = ks_rules_text(held, name_interface, NULL);
    nft = namespace_command(command);
    assert_same_text(is->skeleton, ours, nft, nft_version(is->nft));

    g_assert_cmpint(ks_plan_unlock(&batch, held), ==, 0);
    g_assert_cmpint(ks_netfilter_commit(netfilter, &batch), ==, 0);
    ks_netfilter_close(netfilter);
    ks_readback_free(held);
    ks_lock_free(lock);
    ks_batch_clear(&batch);
}

static void add_cases(const char *nft, const KsSkeleton *skeleton, const char *name)
{
    for (unsigned i = 0; i < ks_lock_states_count; i++) {
        Case *is = g_new(Case, 1);
        g_autofree char *path = g_strdup_printf("/listing/%s/%s", name, ks_lock_states[i].name);

        *is = (Case){ nft, skeleton, &ks_lock_states[i] };
        g_test_add_data_func_full(path, is, test_listing, g_free);
    }
}

/* By this machine's nft, or the first of KS_NFTS that understands it. */
static void add_cases_by_name(const KsSkeleton *skeleton)
{
    g_autofree char *all = g_strconcat("nft\n", g_getenv("KS_NFTS"), NULL);
    g_auto(GStrv) nfts = g_strsplit(all, "\n", -1);

    for (unsigned i = 0; ks_lock_states_kernel_takes_names() && nfts[i]; i++) {
        if (!nfts[i][0] || !ks_lock_states_nft_takes_names(nfts[i]))
            continue;
        add_cases(g_intern_string(nfts[i]), skeleton, "by-name");
        return;
    }
}

int main(int argc, char **argv)
{
    g_autoptr(GArray) uplinks = NULL;
    g_autoptr(KsEgressTable) egress = NULL;
    g_autoptr(KsEgressTable) by_name = NULL;

    namespace_enter();
    g_test_init(&argc, &argv, NULL);
    uplinks = ks_lock_states_make_uplinks();
    egress = ks_egress_table_new(uplinks, false);
    by_name = ks_egress_table_new(uplinks, true);
    add_cases("nft", &ks_lock_table, "inet");
    add_cases("nft", ks_egress_table_skeleton(egress), "netdev");
    add_cases_by_name(ks_egress_table_skeleton(by_name));
    return g_test_run();
}
