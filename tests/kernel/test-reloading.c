/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `nft list ruleset > /etc/nftables.conf` is how people save a firewall. A copy that was saved
 * while the lock stood loads again: nft(8) loads nothing of a file in which it does not understand
 * one line, and the person's own rules would be gone. And it means the same: a listing of the copy
 * is the same again, and so are the kernel's bytes. The tunnel is not there then. In each state,
 * with the nft of this machine and those that KS_NFTS names, one command a line (ADR 27). */
#include "lock-states.h"
#include "namespace.h"

#include "kernel/clock.h"
#include "kernel/netfilter.h"
#include "model/names.h"
#include "rules/egress-table.h"
#include "rules/lock-table.h"
#include "rules/plan.h"
#include "rules/trace-table.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    const char *nft;
    const KsLockState *state;
    bool json;
    bool by_name;     /* the second layer; so only where nft understands it */
    bool says_typeof; /* also in JSON: seen in 1.1.3 and later, not in 1.0.6 */
} Case;

typedef struct {
    const KsSkeleton *skeletons[2];
    KsReadback *held[2];
} Both;

static GArray *uplinks;
static KsEgressTable *egress[2]; /* the second one by name */
static int elsewhere;            /* a namespace with the same cards */

static void both_new(Both *both, bool by_name)
{
    *both = (Both){ { &ks_lock_table, ks_egress_table_skeleton(egress[by_name]) }, { NULL } };
    for (unsigned i = 0; i < G_N_ELEMENTS(both->held); i++)
        both->held[i] = ks_readback_new(both->skeletons[i]);
}

static void both_clear(Both *both)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(both->held); i++)
        ks_readback_free(both->held[i]);
}

static void both_read(Both *both, KsNetfilter *netfilter)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(both->held); i++)
        g_assert_cmpint(ks_netfilter_read(netfilter, both->held[i]), ==, 0);
}

static void commit(KsNetfilter *netfilter, KsBatch *batch)
{
    g_assert_cmpint(ks_netfilter_commit(netfilter, batch), ==, 0);
    ks_batch_clear(batch);
}

static void hold(Both *both, KsNetfilter *netfilter, const KsLockState *state)
{
    g_autoptr(KsLock) lock = ks_lock_new();
    uint32_t flags = ks_netfilter_table_flags(netfilter);
    KsBatch batch = { 0 };

    state->draw(lock);
    ks_lock_seal(lock);
    both_read(both, netfilter);
    for (unsigned i = 0; i < G_N_ELEMENTS(both->held); i++) {
        g_autoptr(KsLock) own = ks_lock_new();

        ks_lock_copy(lock, own);
        batch.now = ks_clock_now();
        g_assert_cmpint(ks_plan_lock(&batch, both->held[i], own, flags), ==, 0);
        commit(netfilter, &batch);
        g_assert_cmpint(ks_netfilter_read(netfilter, both->held[i]), ==, 0);
        g_assert_true(ks_lock_set_is_equal(both->held[i]->lock, own, KS_SET_EXCEPTIONS4));
        g_assert_true(ks_lock_set_is_equal(both->held[i]->lock, own, KS_SET_SERVICES4));
        if (state->pause_ms == 0)
            continue;
        g_assert_cmpint(ks_plan_pause(&batch, both->held[i], state->pause_ms), ==, 0);
        commit(netfilter, &batch);
    }
    both_read(both, netfilter);
    for (unsigned i = 0; i < G_N_ELEMENTS(both->held); i++)
        g_assert_true(ks_readback_is_intact(both->held[i]));
}

static void let_go(Both *both, KsNetfilter *netfilter)
{
    KsBatch batch = { 0 };

    for (unsigned i = 0; i < G_N_ELEMENTS(both->held); i++) {
        g_assert_cmpint(ks_plan_unlock(&batch, both->held[i]), ==, 0);
        commit(netfilter, &batch);
    }
}

typedef struct {
    const char *what;
    const char *instead;
} Replacement;

static char *replace(const char *text, const Replacement *replacements, unsigned count)
{
    char *result = g_strdup(text);

    for (unsigned i = 0; i < count; i++) {
        g_autoptr(GRegex) regex =
            g_regex_new(replacements[i].what, G_REGEX_MULTILINE | G_REGEX_RAW, 0, NULL);
        char *next = g_regex_replace(regex, result, -1, 0, replacements[i].instead, 0, NULL);

        g_free(result);
        result = next;
    }
    return result;
}

/* A table that is owned goes when nft ends that has loaded it. */
static char *without_owner(const char *listing)
{
    static const Replacement owner[] = {
        /* "inet": so says 1.0.6 of an owner alone */
        { "^\t?flags owner[^\\n]*\\n(\tcomment [^\\n]*\\n)?\\n", "\\1" },
        { ", \"flags\": (\"owner\"|\"inet\"|\\[\"owner\"(, *\"persist\")?\\])", "" },
    };

    return replace(listing, owner, G_N_ELEMENTS(owner));
}

/* What differs from one moment to the next. */
static char *without_moments(const char *listing)
{
    static const Replacement moments[] = {
        { "packets [0-9]+ bytes [0-9]+", "" },
        { "( timeout [0-9dhms]+)? expires [0-9dhms]+", "" },
        { "^(table [a-z]+ [a-z_]+ \\{).*$", "\\1" },
        { "\\s+# count [0-9]+", "" },
        { "\"handle\": [0-9]+(, )?", "" },
        { "\"(timeout|expires|packets|bytes)\": [0-9]+(, )?", "" },
        /* in JSON, no version reads those of tables, chains and sets */
        { "\"comment\": \"[^\"]*\"(, )?", "" },
    };

    return replace(listing, moments, G_N_ELEMENTS(moments));
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static int compare_pointed(gconstpointer a, gconstpointer b)
{
    return compare_texts(a, b);
}

/* Elements of a hash table are told in any order. */
static char *sorted_lines(const char *text)
{
    g_autoptr(GRegex) commas =
        g_regex_new(",\\s*\\n\\s*|, |elements = \\{|\\{| \\}", G_REGEX_RAW, 0, NULL);
    g_auto(GStrv) lines = g_regex_split(commas, text, 0);

    for (unsigned i = 0; lines[i]; i++)
        g_strstrip(lines[i]);
    qsort(lines, g_strv_length(lines), sizeof(*lines), compare_texts);
    return g_strjoinv("\n", lines);
}

static char *list(const Case *is)
{
    g_autofree char *command = g_strdup_printf("%s %s list ruleset", is->nft, is->json ? "-j" : "");

    return namespace_command(command);
}

/* Loads a copy. NULL, or what nft says against it. */
static char *load(const Case *is, const char *copy)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("listing-XXXXXX", &path, NULL);
    g_auto(GStrv) words = g_strsplit(is->nft, " ", -1);
    g_autoptr(GPtrArray) arguments = g_ptr_array_new();
    char *errors = NULL;
    int status = 0;

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_assert_true(g_file_set_contents(path, copy, -1, NULL));
    for (unsigned i = 0; words[i]; i++)
        g_ptr_array_add(arguments, words[i]);
    if (is->json)
        g_ptr_array_add(arguments, (char *) "-j");
    g_ptr_array_add(arguments, (char *) "-f");
    g_ptr_array_add(arguments, path);
    g_ptr_array_add(arguments, NULL);
    g_assert_true(g_spawn_sync(NULL, (char **) arguments->pdata, NULL, G_SPAWN_SEARCH_PATH, NULL,
                               NULL, NULL, &errors, &status, NULL));
    g_unlink(path);
    if (status == 0)
        g_clear_pointer(&errors, g_free);
    return errors;
}

typedef struct {
    const Case *is;
    const char *listing;
    const char *bytes;
} Copy;

/* Everything as the kernel has it, in libnftnl's words: rules as they stand, elements sorted. */
static char *bytecode(const Case *is)
{
    static const Replacement same[] = {
        /* numbers that the kernel gives */
        { "^(inet|netdev) " KS_TABLE "(_trace)? ([a-z_0-9]+)( [0-9]+)+$", "\\1 \\3" },
        { "^(table|family) .*$", "" },
        { "^.*(counter|packets) .*$", "" },
        { "expiration [0-9]+ms|timeout [0-9]+ms", "" },
        /* how nft marks the ends of intervals that have none */
        { "^[ \t]*element [0 ]+: 1 \\[end\\]$", "" },
        { " +userdata = \\{[^}]*\\}", "" },
        /* nft 1.1.3 has a checksum that is replaced updated first, to no effect */
        { "csum_type 0 csum_off 0 csum_flags 0x1", "csum_type 1 csum_off 6 csum_flags 0x0" },
        /* nft 1.1.7 has a word of the kernel's for two */
        { "cmp gte reg 1 (0x[0-9a-f]+) \\]\\s*\\[ cmp lte reg 1 ", "range eq reg 1 \\1 " },
    };
    g_autofree char *command = g_strdup_printf("%s --debug=netlink list ruleset", is->nft);
    g_autofree char *all = namespace_command(command);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    GString *elements = g_string_new(NULL);
    GString *rules = g_string_new(NULL);
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();
    char *listed = strstr(all, "\ntable ");

    if (listed) /* what follows is the listing */
        *listed = '\0';
    text = replace(all, same, G_N_ELEMENTS(same));
    lines = g_strsplit(text, "\n", -1);
    for (unsigned i = 0; lines[i]; i++) {
        g_strstrip(lines[i]);
        if (g_str_has_prefix(lines[i], "element"))
            g_ptr_array_add(sorted, lines[i]);
        else if (lines[i][0])
            g_string_append_printf(rules, "%s\n", lines[i]);
    }
    g_ptr_array_sort(sorted, compare_pointed);
    for (unsigned i = 0; i < sorted->len; i++)
        g_string_append_printf(elements, "%s\n", (char *) g_ptr_array_index(sorted, i));
    g_string_append(rules, elements->str);
    g_string_free(elements, TRUE);
    return g_string_free(rules, FALSE);
}

/* The lines in which two texts differ first. */
static void tell_difference(const char *expected, const char *seen)
{
    g_auto(GStrv) wanted = g_strsplit(expected, "\n", -1);
    g_auto(GStrv) got = g_strsplit(seen, "\n", -1);

    for (unsigned i = 0; wanted[i] && got[i]; i++) {
        if (strcmp(wanted[i], got[i]) == 0)
            continue;
        for (unsigned j = i > 5 ? i - 5 : 0; j < i; j++)
            g_test_message("          %s", wanted[j]);
        g_test_message("expected: %s", wanted[i]);
        g_test_message("seen:     %s", got[i]);
        return;
    }
    g_test_message("one of them goes on where the other ends");
}

static void assert_same(const char *what, const char *expected, const char *seen)
{
    if (strcmp(expected, seen) == 0)
        return;
    g_test_message("%s", what);
    tell_difference(expected, seen);
    g_test_fail();
}

static void load_elsewhere(void *data)
{
    const Copy *copy = data;
    g_autofree char *file = without_owner(copy->listing);
    g_autofree char *expected = without_moments(file);
    g_autofree char *expected_sorted = sorted_lines(expected);
    g_autofree char *errors = NULL;
    g_autofree char *again = NULL;
    g_autofree char *seen = NULL;
    g_autofree char *seen_sorted = NULL;
    g_autofree char *bytes = NULL;

    g_free(namespace_command("nft flush ruleset"));
    errors = load(copy->is, file);
    if (errors) {
        g_autofree char *left = list(copy->is);

        g_test_message("%s", errors);
        if (copy->is->json && !copy->is->says_typeof)
            g_assert_null(strstr(left, KS_TABLE)); /* it took none of it */
        else
            g_test_fail();
        return;
    }
    again = list(copy->is);
    seen = without_moments(again);
    seen_sorted = sorted_lines(seen);
    assert_same("a listing of the copy", expected_sorted, seen_sorted);
    bytes = bytecode(copy->is);
    assert_same("the kernel's bytes", copy->bytes, bytes);
}

static void test_reloading(const void *data)
{
    const Case *is = data;
    g_autofree char *listing = NULL;
    g_autofree char *bytes = NULL;
    KsNetfilter *netfilter;
    Both both;
    Copy copy;

    g_assert_cmpint(ks_netfilter_open(&netfilter), ==, 0);
    both_new(&both, is->by_name);
    hold(&both, netfilter, is->state);
    listing = list(is);
    bytes = bytecode(is);
    copy = (Copy){ is, listing, bytes };
    namespace_run(elsewhere, load_elsewhere, &copy);
    let_go(&both, netfilter);
    both_clear(&both);
    ks_netfilter_close(netfilter);
}

/* The table that follows packets for some seconds: each kind of packets that it can choose. */
static void test_trace(const void *data)
{
    static const struct {
        KsTracedKind kind;
        const char *address;
        uint8_t protocol;
        uint16_t port;
    } rows[] = {
        { KS_TRACED_TO_SERVER, "198.51.100.1", 17, 1194 },
        { KS_TRACED_FROM_SERVER, "2001:db8::1", 6, 443 },
        { KS_TRACED_TO_SERVER, "2001:db8::1", 50, 0 },
        { KS_TRACED_FROM_SERVER, "198.51.100.1", 47, 0 },
        { KS_TRACED_TO_TUNNEL, NULL, 0, 0 },
        { KS_TRACED_FROM_TUNNEL, NULL, 0, 0 },
    };
    const Case *is = data;
    g_autoptr(GArray) traced = g_array_new(FALSE, TRUE, sizeof(KsTraced));
    g_autoptr(KsTraceTable) table = NULL;
    g_autofree char *listing = NULL;
    g_autofree char *bytes = NULL;
    KsBatch batch = { 0 };
    KsNetfilter *netfilter;
    Copy copy;

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        KsTraced one = {
            .kind = rows[i].kind, .protocol = rows[i].protocol, .port = rows[i].port, .index = 20
        };

        if (rows[i].address)
            g_assert_true(ks_address_parse(rows[i].address, &one.address));
        g_array_append_val(traced, one);
    }
    table = ks_trace_table_new(traced);
    g_assert_cmpint(ks_netfilter_open(&netfilter), ==, 0);
    ks_trace_table_plan(table, &batch);
    commit(netfilter, &batch);
    listing = list(is);
    g_assert_nonnull(strstr(listing, KS_TRACE_TABLE));
    bytes = bytecode(is);
    copy = (Copy){ is, listing, bytes };
    namespace_run(elsewhere, load_elsewhere, &copy);
    ks_netfilter_close(netfilter); /* and it goes */
}

static void make_uplinks(void *data)
{
    (void) data;
    g_array_unref(ks_lock_states_make_uplinks());
}

static void add_cases(const char *nft, bool by_name)
{
    g_autofree char *command = g_strdup_printf("%s --version", nft);
    g_autofree char *version = namespace_command(command);
    g_auto(GStrv) words = g_strsplit(version, " ", 3);

    for (int json = 0; json <= 1 && !by_name; json++) {
        Case *is = g_new(Case, 1);
        g_autofree char *path =
            g_strdup_printf("/reloading/%s/following/%s", words[1], json ? "json" : "text");

        *is = (Case){ nft, NULL, json, by_name, !g_str_has_prefix(words[1], "v1.0.") };
        g_test_add_data_func_full(path, is, test_trace, g_free);
    }
    for (unsigned i = 0; i < ks_lock_states_count; i++) {
        for (int json = 0; json <= 1; json++) {
            Case *is = g_new(Case, 1);
            g_autofree char *path = NULL;

            *is = (Case){ nft, &ks_lock_states[i], json, by_name,
                          !g_str_has_prefix(words[1], "v1.0.") };
            path = g_strdup_printf("/reloading/%s/%s%s/%s", words[1], by_name ? "by-name/" : "",
                                   is->state->name, json ? "json" : "text");
            g_test_add_data_func_full(path, is, test_reloading, g_free);
        }
    }
}

static void add_cases_of(const char *nft, bool kernel_takes_names)
{
    add_cases(nft, false);
    if (kernel_takes_names && ks_lock_states_nft_takes_names(nft))
        add_cases(nft, true);
}

int main(int argc, char **argv)
{
    g_auto(GStrv) nfts = g_strsplit(g_getenv("KS_NFTS") ? g_getenv("KS_NFTS") : "", "\n", -1);
    bool by_name;
    int result;

    namespace_enter();
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    uplinks = ks_lock_states_make_uplinks();
    for (unsigned i = 0; i < G_N_ELEMENTS(egress); i++)
        egress[i] = ks_egress_table_new(uplinks, i);
    by_name = ks_lock_states_kernel_takes_names();
    g_free(namespace_command("ip link add tunnel0 index 20 type veth peer name inside0"));
    elsewhere = namespace_new();
    namespace_run(elsewhere, make_uplinks, NULL);
    add_cases_of("nft", by_name);
    for (unsigned i = 0; nfts[i]; i++)
        if (nfts[i][0])
            add_cases_of(nfts[i], by_name);
    result = g_test_run();
    for (unsigned i = 0; i < G_N_ELEMENTS(egress); i++)
        ks_egress_table_free(egress[i]);
    g_array_unref(uplinks);
    return result;
}
