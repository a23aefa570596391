/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "guard/second-layer.h"

#include "rules/egress-table.h"

#include <errno.h>

struct KsSecondLayer {
    bool locked;
    bool all; /* nothing was too much for it */
    bool unsupported;
    bool asked;      /* what the kernel can do: */
    bool by_name;    /* a chain on devices by their names */
    int error;       /* of the last change */
    GArray *uplinks; /* element-type KsUplink: what should be covered */
    GArray *covered; /* ... and what `table` is made for */
    KsLock *want;
    KsEgressTable *table;
    KsLayer layer;
    char *problem;
};

static GArray *uplinks_new(void)
{
    return g_array_new(FALSE, TRUE, sizeof(KsUplink));
}

/* The table for the uplinks of now. What is read back is compared with it. */
static void describe_anew(KsSecondLayer *second)
{
    KsEgressTable *table;

    table = ks_egress_table_new(second->uplinks, second->by_name);
    ks_layer_describe(&second->layer, ks_egress_table_skeleton(table));
    ks_egress_table_free(second->table);
    second->table = table;
    g_array_set_size(second->covered, 0);
    g_array_append_vals(second->covered, second->uplinks->data, second->uplinks->len);
}

static void describe_table(KsSecondLayer *second)
{
    if (!ks_uplinks_equal(second->covered, second->uplinks))
        describe_anew(second);
}

static void ask_kernel(KsSecondLayer *second, KsNetfilter *netfilter)
{
    if (second->asked)
        return;
    second->asked = true;
    second->by_name = ks_netfilter_takes_names(netfilter);
    if (second->by_name)
        describe_anew(second);
}

KsSecondLayer *ks_second_layer_new(void)
{
    KsSecondLayer *second = g_new0(KsSecondLayer, 1);

    second->uplinks = uplinks_new();
    second->covered = uplinks_new();
    second->want = ks_lock_new();
    ks_lock_seal(second->want);
    second->all = true;
    describe_anew(second);
    return second;
}

void ks_second_layer_free(KsSecondLayer *second)
{
    if (!second)
        return;
    g_array_unref(second->uplinks);
    g_array_unref(second->covered);
    ks_lock_free(second->want);
    ks_layer_clear(&second->layer);
    ks_egress_table_free(second->table);
    g_free(second->problem);
    g_free(second);
}

void ks_second_layer_draw(KsSecondLayer *second, bool locked, const KsLock *lock,
                          const KsWorld *world)
{
    second->locked = locked;
    second->all = ks_uplinks_find(world, lock, second->uplinks);
    second->all &= ks_uplinks_draw(world, lock, second->want);
    describe_table(second);
}

static bool holds_keys(const KsSecondLayer *second)
{
    const KsSkeleton *skeleton = second->layer.held->skeleton;

    for (unsigned i = 0; i < skeleton->sets_count; i++)
        if (skeleton->sets[i].holds == KS_SET_HOLDS_KEYS &&
            !ks_lock_set_is_equal(second->layer.held->lock, second->want, skeleton->sets[i].keys))
            return false;
    return true;
}

bool ks_second_layer_is_right(const KsSecondLayer *second)
{
    if (second->unsupported)
        return true;
    if (!second->layer.known || second->layer.held->present != second->locked)
        return false;
    return !second->locked || (ks_readback_is_intact(second->layer.held) && holds_keys(second));
}

bool ks_second_layer_stands(const KsSecondLayer *second)
{
    return !second->unsupported && second->locked && second->all &&
           ks_second_layer_is_right(second);
}

static void judge(KsSecondLayer *second, bool tell)
{
    g_autofree char *problem = NULL;

    if (second->unsupported && second->locked)
        problem = g_strdup("This kernel has no hook for what leaves a network card (Linux 5.16 and "
                           "later have, CONFIG_NETFILTER_EGRESS): raw frames of root's programs "
                           "and of bridged guests are not stopped.");
    else if (second->locked && !second->all)
        problem = g_strdup("There are more network cards or servers than the second layer can "
                           "hold. Raw frames may leave by some of them.");
    else if (!ks_second_layer_is_right(second))
        problem = g_strdup_printf("The second layer does not stand on every network card (%s): raw "
                                  "frames of root's programs and of bridged guests may get out.",
                                  second->error ? g_strerror(-second->error) : "it was changed");
    else if (second->locked && !ks_uplinks_hold_exceptions(second->want))
        problem = g_strdup("There are more exceptions on bridges, bonds and VLANs than the second "
                           "layer can hold. Some of them let nothing out.");
    if (tell && problem && g_strcmp0(problem, second->problem) != 0)
        g_message("%s", problem);
    g_free(second->problem);
    second->problem = g_steal_pointer(&problem);
}

static int hold(KsSecondLayer *second, KsNetfilter *netfilter, uint32_t table_flags,
                uint64_t pause_ms)
{
    KsLayer *layer = &second->layer;
    int result = layer->known ? 0 : ks_layer_read(layer, netfilter);

    if (result == 0)
        result = ks_layer_adopt(layer, netfilter);
    if (result == 0)
        result = ks_layer_hold(layer, netfilter, second->locked, second->want, table_flags);
    /* a pause that runs in the first layer runs in a table that is new, too */
    if (result == 0 && second->locked && pause_ms > 0 && layer->held->pause_ms == 0)
        (void) ks_layer_pause(layer, netfilter, pause_ms);
    return result;
}

void ks_second_layer_hold(KsSecondLayer *second, KsNetfilter *netfilter, uint32_t table_flags,
                          uint64_t pause_ms)
{
    if (second->unsupported)
        return;
    ask_kernel(second, netfilter);
    second->error = hold(second, netfilter, table_flags, pause_ms);
    /* neither the family nor the hook: the first thing that such a kernel is asked for */
    if (second->error == -EOPNOTSUPP || second->error == -EAFNOSUPPORT)
        second->unsupported = !second->layer.held->present;
    judge(second, true);
}

void ks_second_layer_read(KsSecondLayer *second, KsNetfilter *netfilter)
{
    if (second->unsupported)
        return;
    ask_kernel(second, netfilter);
    (void) ks_layer_read(&second->layer, netfilter);
    judge(second, false); /* it may be mended next, and that comes before any word */
}

void ks_second_layer_pause(KsSecondLayer *second, KsNetfilter *netfilter, uint64_t milliseconds)
{
    if (!second->unsupported)
        (void) ks_layer_pause(&second->layer, netfilter, milliseconds);
}

const char *ks_second_layer_problem(const KsSecondLayer *second)
{
    return second->problem;
}

const KsReadback *ks_second_layer_held(const KsSecondLayer *second)
{
    return second->layer.held;
}
