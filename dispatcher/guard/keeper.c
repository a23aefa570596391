/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "guard/keeper.h"

#include "guard/second-layer.h"
#include "kernel/clock.h"
#include "kernel/layer.h"
#include "rules/lock-table.h"

#include <errno.h>

struct KsKeeper {
    KsNetfilter *netfilter;
    KsLayer first;
    KsSecondLayer *second;
    uint32_t table_flags;
    char *troubles[2]; /* by Attempt */
    int hold_error;    /* negative errno, of the first layer's rules; 0: the kernel took them */
    int64_t read_at;   /* monotonic time in microseconds; 0: something was tried since */
    int64_t pause_end; /* by ks_clock_now(): of the pause that was asked for last, or found */
};

/* The kernel counts a pause in its own ticks. */
#define PAUSE_SLACK G_TIME_SPAN_SECOND

/* Someone who asks ten thousand times a second is not worth ten thousand readings. */
#define LATELY (50 * G_TIME_SPAN_MILLISECOND)

/* A kernel that can be read does not take the rules for that. */
typedef enum {
    READING,
    WRITING,
} Attempt;

static char *explain(const char *attempt, int error)
{
    switch (-error) {
    case EPROTONOSUPPORT:
    case EAFNOSUPPORT:
    case EOPNOTSUPP:
    case EINVAL:
        return g_strdup_printf(
            "This kernel's nf_tables is missing or too old (%s: %s): nothing can "
            "be locked here. Load the module nf_tables or use a kernel that has "
            "it (CONFIG_NF_TABLES_INET).",
            attempt, g_strerror(-error));
    case EPERM:
        return g_strdup_printf("The kernel does not let this guard %s: another one may be running. "
                               "What the kernel holds stays as it is.",
                               attempt);
    default:
        return g_strdup_printf("The kernel could not %s (%s). What it holds stays as it is.",
                               attempt, g_strerror(-error));
    }
}

static bool judge(KsKeeper *keeper, Attempt kind, const char *attempt, int error)
{
    char **trouble = &keeper->troubles[kind];
    g_autofree char *text = error ? explain(attempt, error) : NULL;

    if (!text && *trouble)
        g_message("the kernel %s the rules again", kind == READING ? "tells" : "takes");
    if (text && g_strcmp0(text, *trouble) != 0)
        g_warning("%s", text);
    g_free(*trouble);
    *trouble = g_steal_pointer(&text);
    return error == 0;
}

static int open_netfilter(KsKeeper *keeper)
{
    int result;

    if (keeper->netfilter)
        return 0;
    result = ks_netfilter_open(&keeper->netfilter);
    if (result == 0)
        keeper->table_flags = ks_netfilter_table_flags(keeper->netfilter);
    return result;
}

static int read_first(KsKeeper *keeper)
{
    int result = open_netfilter(keeper);

    return result == 0 ? ks_layer_read(&keeper->first, keeper->netfilter) : result;
}

KsKeeper *ks_keeper_new(void)
{
    KsKeeper *keeper = g_new0(KsKeeper, 1);

    ks_layer_describe(&keeper->first, &ks_lock_table);
    keeper->second = ks_second_layer_new();
    return keeper;
}

void ks_keeper_free(KsKeeper *keeper)
{
    if (!keeper)
        return;
    ks_netfilter_close(keeper->netfilter);
    ks_layer_clear(&keeper->first);
    ks_second_layer_free(keeper->second);
    for (unsigned i = 0; i < G_N_ELEMENTS(keeper->troubles); i++)
        g_free(keeper->troubles[i]);
    g_free(keeper);
}

bool ks_keeper_read(KsKeeper *keeper)
{
    int result = read_first(keeper);

    if (result == 0)
        ks_second_layer_read(keeper->second, keeper->netfilter);
    keeper->read_at = result == 0 ? g_get_monotonic_time() : 0;
    return judge(keeper, READING, "read the rules back", result);
}

bool ks_keeper_read_lately(KsKeeper *keeper)
{
    if (keeper->read_at != 0 && g_get_monotonic_time() - keeper->read_at < LATELY)
        return true;
    return ks_keeper_read(keeper);
}

static int64_t end_of_pause(const KsReadback *held)
{
    return held->read_at + (int64_t) held->pause_ms * G_TIME_SPAN_MILLISECOND;
}

bool ks_keeper_is_paused_too_long(const KsKeeper *keeper)
{
    const KsReadback *layers[] = { keeper->first.held, ks_second_layer_held(keeper->second) };

    for (unsigned i = 0; i < G_N_ELEMENTS(layers); i++)
        if (layers[i]->pause_ms > 0 && end_of_pause(layers[i]) > keeper->pause_end + PAUSE_SLACK)
            return true;
    return false;
}

bool ks_keeper_adopt(KsKeeper *keeper, int64_t pause_end)
{
    int result = ks_layer_adopt(&keeper->first, keeper->netfilter);

    keeper->read_at = 0;
    if (result == 0)
        keeper->pause_end = end_of_pause(keeper->first.held);
    if (pause_end > 0)
        keeper->pause_end = MIN(keeper->pause_end, pause_end);
    return judge(keeper, WRITING, "adopt the rules", result);
}

bool ks_keeper_pause(KsKeeper *keeper, uint64_t milliseconds)
{
    int result = open_netfilter(keeper);

    keeper->read_at = 0;
    if (result == 0)
        result = ks_layer_pause(&keeper->first, keeper->netfilter, milliseconds);
    if (result == 0) {
        keeper->pause_end = end_of_pause(keeper->first.held);
        ks_second_layer_pause(keeper->second, keeper->netfilter, milliseconds);
    }
    return judge(keeper, WRITING, "take the pause", result);
}

int64_t ks_keeper_pause_end(const KsKeeper *keeper)
{
    return keeper->pause_end;
}

/* The first layer never waits for the second. */
bool ks_keeper_hold(KsKeeper *keeper, bool locked, const KsLock *want, const KsWorld *world)
{
    int result = open_netfilter(keeper);

    keeper->read_at = 0;
    if (!locked && (result == -EPROTONOSUPPORT || result == -EAFNOSUPPORT))
        return true; /* no nf_tables: there is nothing to open */
    if (result == 0)
        result =
            ks_layer_hold(&keeper->first, keeper->netfilter, locked, want, keeper->table_flags);
    keeper->hold_error = result;
    ks_second_layer_draw(keeper->second, locked, want, world);
    if (result == 0)
        ks_second_layer_hold(keeper->second, keeper->netfilter, keeper->table_flags,
                             keeper->first.held->pause_ms);
    if (result == 0 && ks_keeper_is_paused_too_long(keeper))
        return ks_keeper_pause(keeper, 0);
    return judge(keeper, WRITING, "take the rules", result);
}

const KsSecondLayer *ks_keeper_second_layer(const KsKeeper *keeper)
{
    return keeper->second;
}

const KsReadback *ks_keeper_held(const KsKeeper *keeper)
{
    return keeper->first.held;
}

const char *ks_keeper_trouble(const KsKeeper *keeper)
{
    return keeper->troubles[WRITING] ? keeper->troubles[WRITING] : keeper->troubles[READING];
}

int ks_keeper_hold_error(const KsKeeper *keeper)
{
    return keeper->hold_error;
}

uint32_t ks_keeper_port(const KsKeeper *keeper)
{
    return keeper->netfilter ? ks_netfilter_port(keeper->netfilter) : 0;
}
