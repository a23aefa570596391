/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "refused/keepers.h"

#include "model/refused-report.h"

#include <glib.h>

/* More than people have. */
#define KEEPERS_MAX 32u

/* Timers stand still while the machine sleeps: after it an end is seen no later than this. */
#define LOOK_AGAIN_SECONDS 30

typedef struct {
    uint32_t uid;
    bool everything;
    int64_t since;
    int64_t until;
} Keeper;

struct KsKeepers {
    GArray *all; /* Keeper */
};

KsKeepers *ks_keepers_new(void)
{
    KsKeepers *keepers = g_new0(KsKeepers, 1);

    keepers->all = g_array_new(FALSE, FALSE, sizeof(Keeper));
    return keepers;
}

void ks_keepers_free(KsKeepers *keepers)
{
    g_array_unref(keepers->all);
    g_free(keepers);
}

static Keeper *at(const KsKeepers *keepers, unsigned number)
{
    return &g_array_index(keepers->all, Keeper, number);
}

bool ks_keepers_set(KsKeepers *keepers, uint32_t uid, bool everything, int64_t now,
                    uint32_t seconds)
{
    Keeper keeper = { uid, everything, now, now + seconds };

    if (seconds > KS_REFUSED_KEEP_SECONDS_MAX)
        return false;
    for (unsigned i = 0; i < keepers->all->len; i++) {
        if (at(keepers, i)->uid != uid)
            continue;
        /* what was kept until now stays */
        if (at(keepers, i)->everything == everything)
            keeper.since = at(keepers, i)->since;
        g_array_remove_index_fast(keepers->all, i);
        break;
    }
    if (seconds == 0)
        return true;
    if (keepers->all->len >= KEEPERS_MAX)
        return false;
    g_array_append_val(keepers->all, keeper);
    return true;
}

bool ks_keepers_expire(KsKeepers *keepers, int64_t now)
{
    unsigned before = keepers->all->len;

    for (unsigned i = keepers->all->len; i > 0; i--)
        if (at(keepers, i - 1)->until <= now)
            g_array_remove_index_fast(keepers->all, i - 1);
    return keepers->all->len < before;
}

bool ks_keepers_are_there(const KsKeepers *keepers)
{
    return keepers->all->len > 0;
}

unsigned ks_keepers_timer(const KsKeepers *keepers, int64_t now)
{
    int64_t next = 0;

    for (unsigned i = 0; i < keepers->all->len; i++)
        if (next == 0 || at(keepers, i)->until < next)
            next = at(keepers, i)->until;
    return next == 0 ? 0 : (unsigned) CLAMP(next - now, 1, LOOK_AGAIN_SECONDS);
}

bool ks_keepers_want(const KsKeepers *keepers, bool has_uid, uint32_t uid)
{
    for (unsigned i = 0; i < keepers->all->len; i++)
        if (at(keepers, i)->everything || (has_uid && at(keepers, i)->uid == uid))
            return true;
    return false;
}

bool ks_keepers_find(const KsKeepers *keepers, uint32_t uid, int64_t *ret_since, int64_t *ret_until)
{
    for (unsigned i = 0; i < keepers->all->len; i++) {
        if (at(keepers, i)->uid != uid)
            continue;
        *ret_since = at(keepers, i)->since;
        *ret_until = at(keepers, i)->until;
        return true;
    }
    return false;
}
