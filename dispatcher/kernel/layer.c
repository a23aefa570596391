/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/layer.h"

#include "kernel/clock.h"
#include "rules/plan.h"

#include <errno.h>

void ks_layer_describe(KsLayer *layer, const KsSkeleton *skeleton)
{
    ks_readback_free(layer->held);
    layer->held = ks_readback_new(skeleton);
    layer->known = false;
}

void ks_layer_clear(KsLayer *layer)
{
    g_clear_pointer(&layer->held, ks_readback_free);
    ks_batch_clear(&layer->batch);
}

int ks_layer_read(KsLayer *layer, KsNetfilter *netfilter)
{
    int result = ks_netfilter_read(netfilter, layer->held);

    ks_batch_shrink(&layer->batch); /* every change is read back in the end */
    layer->known = result == 0;
    return result;
}

/* Sends what a plan wrote. */
static int commit(KsLayer *layer, KsNetfilter *netfilter, int planned)
{
    return planned < 0 ? planned : ks_netfilter_commit(netfilter, &layer->batch);
}

int ks_layer_adopt(KsLayer *layer, KsNetfilter *netfilter)
{
    int result = commit(layer, netfilter, ks_plan_adopt(&layer->batch, layer->held));

    return result == 0 && layer->batch.messages > 0 ? ks_layer_read(layer, netfilter) : result;
}

static int change(KsLayer *layer, KsNetfilter *netfilter, bool locked, const KsLock *want,
                  uint32_t table_flags)
{
    int result;

    layer->batch.now = ks_clock_now();
    result = commit(layer, netfilter,
                    locked ? ks_plan_lock(&layer->batch, layer->held, want, table_flags)
                           : ks_plan_unlock(&layer->batch, layer->held));

    return !locked && result == -ENOENT ? 0 : result; /* it has gone already */
}

static int change_again(KsLayer *layer, KsNetfilter *netfilter, bool locked, const KsLock *want,
                        uint32_t table_flags)
{
    int result = ks_layer_read(layer, netfilter);

    if (result == 0)
        result = change(layer, netfilter, locked, want, table_flags);
    if (result < 0 && result != -EPERM && locked && layer->held->present)
        result = commit(layer, netfilter,
                        ks_plan_replace(&layer->batch, layer->held, want, table_flags));
    return result;
}

int ks_layer_hold(KsLayer *layer, KsNetfilter *netfilter, bool locked, const KsLock *want,
                  uint32_t table_flags)
{
    bool keys_only = locked && ks_readback_is_intact(layer->held);
    int result;
    int read;

    if (!locked) /* if that fails, some packets are lost when the table goes */
        (void) commit(layer, netfilter, ks_plan_unhook(&layer->batch, layer->held));
    result = change(layer, netfilter, locked, want, table_flags);
    if (result == 0 && keys_only) {
        ks_lock_copy(want, layer->held->lock);
        return 0;
    }
    if (result < 0 && result != -EPERM)
        result = change_again(layer, netfilter, locked, want, table_flags);
    read = ks_layer_read(layer, netfilter);
    return result < 0 ? result : read;
}

int ks_layer_pause(KsLayer *layer, KsNetfilter *netfilter, uint64_t milliseconds)
{
    int result = -EAGAIN;

    /* twice: a pause may end by itself between our look and our change */
    for (unsigned attempt = 0; result != 0 && attempt < 2; attempt++) {
        result = ks_layer_read(layer, netfilter);
        if (result == 0)
            result =
                commit(layer, netfilter, ks_plan_pause(&layer->batch, layer->held, milliseconds));
    }
    return result == 0 ? ks_layer_read(layer, netfilter) : result;
}
