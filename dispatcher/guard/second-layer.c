/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "guard/second-layer.h"

#include "rules/egress-table.h"
#include "rules/plan.h"

#include <errno.h>

struct KsSecondLayer {
    bool locked;
    bool all; /* nothing was too much for it */
    bool unsupported;
    bool known;      /* `held` is the kernel's word on the table that should be */
    int error;       /* of the last change */
    GArray *uplinks; /* element-type KsUplink: what should be covered */
    GArray *covered; /* ... and what `table` is made for */
    KsLock *want;
    KsEgressTable *table;
    KsReadback *held;
    KsBatch batch;
    char *problem;
};

static GArray *uplinks_new(void)
{
    return g_array_new(FALSE, TRUE, sizeof(KsUplink));
}

/* The table for the uplinks of now. What is read back is compared with it. */
static void describe_table(KsSecondLayer *layer)
{
    if (layer->table && ks_uplinks_equal(layer->covered, layer->uplinks))
        return;
    ks_readback_free(layer->held);
    ks_egress_table_free(layer->table);
    layer->table = ks_egress_table_new(layer->uplinks);
    layer->held = ks_readback_new(ks_egress_table_skeleton(layer->table));
    layer->known = false;
    g_array_set_size(layer->covered, 0);
    g_array_append_vals(layer->covered, layer->uplinks->data, layer->uplinks->len);
}

KsSecondLayer *ks_second_layer_new(void)
{
    KsSecondLayer *layer = g_new0(KsSecondLayer, 1);

    layer->uplinks = uplinks_new();
    layer->covered = uplinks_new();
    layer->want = ks_lock_new();
    ks_lock_seal(layer->want);
    layer->all = true;
    describe_table(layer);
    return layer;
}

void ks_second_layer_free(KsSecondLayer *layer)
{
    if (!layer)
        return;
    g_array_unref(layer->uplinks);
    g_array_unref(layer->covered);
    ks_lock_free(layer->want);
    ks_readback_free(layer->held);
    ks_egress_table_free(layer->table);
    ks_batch_clear(&layer->batch);
    g_free(layer->problem);
    g_free(layer);
}

void ks_second_layer_draw(KsSecondLayer *layer, bool locked, const KsLock *lock,
                          const KsWorld *world)
{
    layer->locked = locked;
    layer->all = ks_uplinks_find(world, lock, layer->uplinks);
    layer->all &= ks_uplinks_draw(world, lock, layer->want);
    describe_table(layer);
}

static int read_held(KsSecondLayer *layer, KsNetfilter *netfilter)
{
    int result = ks_netfilter_read(netfilter, layer->held);

    layer->known = result == 0;
    return result;
}

static int commit(KsSecondLayer *layer, KsNetfilter *netfilter, int planned)
{
    return planned < 0 ? planned : ks_netfilter_commit(netfilter, &layer->batch);
}

static bool holds_keys(const KsSecondLayer *layer)
{
    const KsSkeleton *skeleton = layer->held->skeleton;

    for (unsigned i = 0; i < skeleton->sets_count; i++)
        if (skeleton->sets[i].holds == KS_SET_HOLDS_KEYS &&
            !ks_lock_set_is_equal(layer->held->lock, layer->want, skeleton->sets[i].keys))
            return false;
    return true;
}

bool ks_second_layer_is_right(const KsSecondLayer *layer)
{
    if (layer->unsupported)
        return true;
    if (!layer->known || layer->held->present != layer->locked)
        return false;
    return !layer->locked || (ks_readback_is_intact(layer->held) && holds_keys(layer));
}

bool ks_second_layer_stands(const KsSecondLayer *layer)
{
    return !layer->unsupported && layer->locked && layer->all && ks_second_layer_is_right(layer);
}

static void judge(KsSecondLayer *layer, bool tell)
{
    g_autofree char *problem = NULL;

    if (layer->unsupported && layer->locked)
        problem = g_strdup("This kernel has no hook for what leaves a network card (Linux 5.16 and "
                           "later have, CONFIG_NETFILTER_EGRESS): raw frames of root's programs "
                           "and of bridged guests are not stopped.");
    else if (layer->locked && !layer->all)
        problem = g_strdup("There are more network cards or servers than the second layer can "
                           "hold. Raw frames may leave by some of them.");
    else if (!ks_second_layer_is_right(layer))
        problem = g_strdup_printf("The second layer does not stand on every network card (%s): raw "
                                  "frames of root's programs and of bridged guests may get out.",
                                  layer->error ? g_strerror(-layer->error) : "it was changed");
    if (tell && problem && g_strcmp0(problem, layer->problem) != 0)
        g_message("%s", problem);
    g_free(layer->problem);
    layer->problem = g_steal_pointer(&problem);
}

/* A pause that runs in the first layer runs in a table that is new, too. */
static int go_on_pausing(KsSecondLayer *layer, KsNetfilter *netfilter, uint64_t pause_ms)
{
    if (!layer->locked || pause_ms == 0 || layer->held->pause_ms > 0)
        return 0;
    return commit(layer, netfilter, ks_plan_pause(&layer->batch, layer->held, pause_ms));
}

static int plan(KsSecondLayer *layer, uint32_t table_flags)
{
    return layer->locked ? ks_plan_lock(&layer->batch, layer->held, layer->want, table_flags)
                         : ks_plan_unlock(&layer->batch, layer->held);
}

static void agree(KsSecondLayer *layer)
{
    for (KsSetId set = 0; set < KS_SET_MAX; set++) {
        GArray *keys = layer->held->lock->sets[set];

        g_array_set_size(keys, 0);
        g_array_append_vals(keys, layer->want->sets[set]->data, layer->want->sets[set]->len);
    }
}

/* An orphan of the guard before us. */
static int adopt(KsSecondLayer *layer, KsNetfilter *netfilter)
{
    int result = commit(layer, netfilter, ks_plan_adopt(&layer->batch, layer->held));

    if (result == 0 && layer->batch.messages > 0)
        result = read_held(layer, netfilter);
    return result;
}

static int hold(KsSecondLayer *layer, KsNetfilter *netfilter, uint32_t table_flags,
                uint64_t pause_ms)
{
    int result = layer->known ? 0 : read_held(layer, netfilter);
    bool keys_only;

    if (result == 0)
        result = adopt(layer, netfilter);
    keys_only = layer->locked && ks_readback_is_intact(layer->held);
    if (result == 0)
        result = commit(layer, netfilter, plan(layer, table_flags));
    if (result == 0 && keys_only) {
        agree(layer);
        return 0;
    }
    /* somebody changed it between our look and our change */
    if (result < 0 && result != -EPERM && read_held(layer, netfilter) == 0)
        result = commit(layer, netfilter, plan(layer, table_flags));
    if (result < 0 && result != -EPERM && layer->locked && layer->held->present)
        result = commit(layer, netfilter,
                        ks_plan_replace(&layer->batch, layer->held, layer->want, table_flags));
    if (read_held(layer, netfilter) == 0 && result == 0 &&
        go_on_pausing(layer, netfilter, pause_ms) == 0 && pause_ms > 0)
        (void) read_held(layer, netfilter);
    return result;
}

void ks_second_layer_hold(KsSecondLayer *layer, KsNetfilter *netfilter, uint32_t table_flags,
                          uint64_t pause_ms)
{
    if (layer->unsupported)
        return;
    layer->error = hold(layer, netfilter, table_flags, pause_ms);
    /* neither the family nor the hook: the first thing that such a kernel is asked for */
    if (layer->error == -EOPNOTSUPP || layer->error == -EAFNOSUPPORT)
        layer->unsupported = !layer->held->present;
    judge(layer, true);
}

void ks_second_layer_read(KsSecondLayer *layer, KsNetfilter *netfilter)
{
    if (layer->unsupported)
        return;
    (void) read_held(layer, netfilter);
    judge(layer, false); /* it may be mended next, and that comes before any word */
}

void ks_second_layer_pause(KsSecondLayer *layer, KsNetfilter *netfilter, uint64_t milliseconds)
{
    for (unsigned attempt = 0; attempt < 2 && !layer->unsupported; attempt++)
        if (read_held(layer, netfilter) < 0 || !layer->held->present ||
            commit(layer, netfilter, ks_plan_pause(&layer->batch, layer->held, milliseconds)) == 0)
            break;
    if (!layer->unsupported)
        (void) read_held(layer, netfilter);
}

const char *ks_second_layer_problem(const KsSecondLayer *layer)
{
    return layer->problem;
}

const KsReadback *ks_second_layer_held(const KsSecondLayer *layer)
{
    return layer->held;
}
