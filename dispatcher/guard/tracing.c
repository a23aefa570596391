/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "guard/tracing.h"

#include "kernel/tracer.h"
#include "model/printable.h"
#include "policy/traced.h"

#include <errno.h>
#include <glib-unix.h>

/* A VPN's program tries two or three times in it, WireGuard twice. */
#define LENGTH_MS 12000

/* From the beginning of one to the next. A program that changes its tables all the time is not
 * followed all the time. */
#define AFTER_NEWS_US   (2 * G_USEC_PER_SEC)
#define AFTER_CHANGE_US (30 * G_USEC_PER_SEC)

struct KsTracing {
    void (*changed)(void *data);
    void *data;
    bool closed;
    bool unsupported;
    GArray *wanted; /* element-type KsTraced: what should be followed */
    GArray *known;  /* ... and what was, last */
    GArray *refusals;
    bool has_news;         /* of `wanted` */
    bool others_changed;   /* since it began last */
    bool outdated;         /* `refusals`: others have changed since they were found */
    gint64 began;          /* monotonic time of the last; 0: there was none */
    gint64 began_by_other; /* ... for others' change */
    KsTracer *tracer;
    KsTrace *trace;
    guint fd_source;
    guint end_source;
    guint begin_source;
};

static GArray *traced_new(void)
{
    return g_array_new(FALSE, TRUE, sizeof(KsTraced));
}

KsTracing *ks_tracing_new(void (*changed)(void *data), void *data)
{
    KsTracing *tracing = g_new0(KsTracing, 1);

    tracing->changed = changed;
    tracing->data = data;
    tracing->wanted = traced_new();
    tracing->known = traced_new();
    tracing->refusals = g_array_new(FALSE, TRUE, sizeof(KsRefusal));
    return tracing;
}

static void stop(KsTracing *tracing)
{
    g_clear_handle_id(&tracing->fd_source, g_source_remove);
    g_clear_handle_id(&tracing->end_source, g_source_remove);
    g_clear_pointer(&tracing->tracer, ks_tracer_close);
    g_clear_pointer(&tracing->trace, ks_trace_free);
}

void ks_tracing_free(KsTracing *tracing)
{
    if (!tracing)
        return;
    stop(tracing);
    g_clear_handle_id(&tracing->begin_source, g_source_remove);
    g_array_unref(tracing->wanted);
    g_array_unref(tracing->known);
    g_array_unref(tracing->refusals);
    g_free(tracing);
}

const GArray *ks_tracing_refusals(const KsTracing *tracing)
{
    return tracing->refusals;
}

/* ---- what was found ---- */

/* In files that the kernel has as soon as such a table was asked for. */
static bool has_legacy_tables(void)
{
    static const char *const files[] = { "/proc/net/ip_tables_names",
                                         "/proc/net/ip6_tables_names" };

    for (unsigned i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *names = NULL;

        if (g_file_get_contents(files[i], &names, NULL, NULL) && names[0])
            return true;
    }
    return false;
}

static bool refusals_equal(const GArray *a, const GArray *b)
{
    bool equal = a->len == b->len;

    for (unsigned i = 0; equal && i < a->len; i++)
        equal = ks_refusal_equal(&g_array_index(a, KsRefusal, i), &g_array_index(b, KsRefusal, i));
    return equal;
}

/* What was found before stands where nothing was seen now; if others have changed since, until the
 * end. */
static void keep_unseen(const KsTracing *tracing, bool ended, GArray *found)
{
    if (ended && tracing->outdated)
        return;
    for (unsigned i = 0; i < tracing->refusals->len; i++) {
        const KsRefusal *before = &g_array_index(tracing->refusals, KsRefusal, i);

        for (unsigned j = 0; j < tracing->known->len; j++)
            if (ks_traced_is_same(&g_array_index(tracing->known, KsTraced, j), &before->traced) &&
                !ks_trace_has_seen(tracing->trace, &before->traced)) {
                g_array_append_val(found, *before);
                break;
            }
    }
}

static void tell(const GArray *refusals)
{
    for (unsigned i = 0; i < refusals->len; i++) {
        const KsRefusal *refusal = &g_array_index(refusals, KsRefusal, i);
        g_autofree char *chain = ks_printable_quoted(refusal->chain);
        g_autofree char *table = ks_printable_quoted(refusal->table);

        if (refusal->how != KS_REFUSAL_UNSEEN)
            g_message("chain %s of table %s %s, which is not the lock's, refuses packets of a VPN",
                      chain, refusal->family, table);
    }
}

static void judge(KsTracing *tracing, bool ended)
{
    g_autoptr(GArray) found = g_array_new(FALSE, TRUE, sizeof(KsRefusal));

    ks_trace_judge(tracing->trace, ended, ended && has_legacy_tables(), found);
    keep_unseen(tracing, ended, found);
    if (refusals_equal(found, tracing->refusals))
        return;
    tell(found);
    g_array_set_size(tracing->refusals, 0);
    g_array_append_vals(tracing->refusals, found->data, found->len);
    tracing->changed(tracing->data);
}

/* ---- when ---- */

static gboolean on_trace(gint fd, GIOCondition condition, gpointer data)
{
    KsTracing *tracing = data;

    (void) fd;
    (void) condition;
    ks_tracer_drain(tracing->tracer, tracing->trace);
    judge(tracing, false);
    return G_SOURCE_CONTINUE;
}

static gboolean on_end(gpointer data)
{
    KsTracing *tracing = data;

    tracing->end_source = 0;
    ks_tracer_drain(tracing->tracer, tracing->trace);
    judge(tracing, true);
    stop(tracing);
    return G_SOURCE_REMOVE;
}

static void remember(GArray *to, const GArray *from)
{
    g_array_set_size(to, 0);
    g_array_append_vals(to, from->data, from->len);
}

/* Someone who has a tunnel has come through to its server, or tries again. */
static bool has_new_tunnel(const KsTracing *tracing)
{
    g_autoptr(GArray) tunnels = traced_new();

    for (unsigned i = 0; i < tracing->wanted->len; i++)
        if (g_array_index(tracing->wanted, KsTraced, i).kind == KS_TRACED_TO_TUNNEL)
            g_array_append_val(tunnels, g_array_index(tracing->wanted, KsTraced, i));
    return ks_traced_has_news(tracing->known, tunnels);
}

static void forget(KsTracing *tracing)
{
    if (tracing->refusals->len == 0)
        return;
    g_array_set_size(tracing->refusals, 0);
    tracing->changed(tracing->data);
}

static void begin(KsTracing *tracing)
{
    int result;

    stop(tracing);
    tracing->began = g_get_monotonic_time();
    if (tracing->others_changed)
        tracing->began_by_other = tracing->began;
    if (has_new_tunnel(tracing))
        forget(tracing);
    tracing->outdated = tracing->others_changed;
    tracing->has_news = tracing->others_changed = false;
    remember(tracing->known, tracing->wanted);
    result = ks_tracer_open(tracing->known, &tracing->tracer);
    if (result < 0) {
        tracing->unsupported = result == -EOPNOTSUPP || result == -EINVAL;
        g_info("packets cannot be followed: %s", g_strerror(-result));
        return;
    }
    tracing->trace = ks_trace_new(tracing->known);
    tracing->fd_source = g_unix_fd_add_full(G_PRIORITY_LOW, ks_tracer_fd(tracing->tracer), G_IO_IN,
                                            on_trace, tracing, NULL);
    tracing->end_source = g_timeout_add_full(G_PRIORITY_LOW, LENGTH_MS, on_end, tracing, NULL);
}

static gboolean on_begin(gpointer data)
{
    KsTracing *tracing = data;

    tracing->begin_source = 0;
    if (tracing->closed && tracing->wanted->len > 0)
        begin(tracing);
    return G_SOURCE_REMOVE;
}

/* The first of several changes at once does not wait for the last. */
static void begin_soon(KsTracing *tracing)
{
    gint64 now = g_get_monotonic_time();
    gint64 at = now;

    if (!tracing->closed || tracing->unsupported || tracing->wanted->len == 0 ||
        (!tracing->has_news && !tracing->others_changed))
        return;
    if (tracing->began)
        at = tracing->began + AFTER_NEWS_US;
    if (!tracing->has_news && tracing->began_by_other)
        at = MAX(at, tracing->began_by_other + AFTER_CHANGE_US);
    g_clear_handle_id(&tracing->begin_source, g_source_remove);
    tracing->begin_source =
        g_timeout_add_full(G_PRIORITY_LOW, (guint) (MAX(at - now, 0) / G_TIME_SPAN_MILLISECOND),
                           on_begin, tracing, NULL);
}

static void open_up(KsTracing *tracing)
{
    stop(tracing);
    g_clear_handle_id(&tracing->begin_source, g_source_remove);
    g_array_set_size(tracing->known, 0);
    g_array_set_size(tracing->refusals, 0);
}

void ks_tracing_follow(KsTracing *tracing, bool closed, const KsEngine *engine,
                       const KsWorld *world)
{
    if (tracing->closed && !closed)
        open_up(tracing);
    tracing->closed = closed;
    if (!closed)
        return;
    ks_traced_draw(engine, world, tracing->wanted);
    if (!ks_traced_has_news(tracing->known, tracing->wanted))
        return;
    tracing->has_news = true;
    begin_soon(tracing);
}

void ks_tracing_forget(KsTracing *tracing)
{
    if (!tracing->closed)
        return;
    tracing->others_changed = true;
    if (tracing->wanted->len == 0)
        forget(tracing); /* nothing comes that could show it */
    begin_soon(tracing);
}
