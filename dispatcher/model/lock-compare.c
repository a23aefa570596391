/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/lock.h"

#include <string.h>

/* Seconds by which the kernel's count of a key's end may differ from ours: it is told in its own
 * ticks, and ours is a whole number. Machines that slept differ by more. */
#define END_SLACK 2u

static const KsKey *key_at(const KsLock *lock, KsSetId set, unsigned i)
{
    return &g_array_index(lock->sets[set], KsKey, i);
}

static int compare_bytes(const KsKey *a, const KsKey *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

/* Of keys with the same bytes. */
static bool say_the_same(const KsKey *a, const KsKey *b)
{
    return a->value == b->value && MAX(a->until, b->until) - MIN(a->until, b->until) <= END_SLACK;
}

bool ks_lock_set_is_equal(const KsLock *a, const KsLock *b, KsSetId set)
{
    const GArray *keys = a->sets[set];

    if (keys->len != b->sets[set]->len)
        return false;
    if (keys->len == 0 || memcmp(keys->data, b->sets[set]->data, keys->len * sizeof(KsKey)) == 0)
        return true;
    for (unsigned i = 0; ks_set_is_box(set) && i < keys->len; i++)
        if (compare_bytes(key_at(a, set, i), key_at(b, set, i)) != 0 ||
            !say_the_same(key_at(a, set, i), key_at(b, set, i)))
            return false;
    return ks_set_is_box(set);
}

bool ks_lock_equal(const KsLock *a, const KsLock *b)
{
    for (KsSetId set = 0; set < KS_SET_MAX; set++)
        if (!ks_lock_set_is_equal(a, b, set))
            return false;
    return true;
}

void ks_lock_compare_set(const KsLock *have, const KsLock *want, KsSetId set, KsKeyChange *change)
{
    unsigned have_length = have->sets[set]->len;
    unsigned want_length = want->sets[set]->len;
    unsigned i = 0;
    unsigned j = 0;

    g_array_set_size(change->come, 0);
    g_array_set_size(change->go, 0);
    while (i < have_length || j < want_length) {
        int order;

        if (i == have_length)
            order = 1;
        else if (j == want_length)
            order = -1;
        else
            order = compare_bytes(key_at(have, set, i), key_at(want, set, j));
        if (order == 0 && say_the_same(key_at(have, set, i), key_at(want, set, j))) {
            i++;
            j++;
            continue;
        }
        if (order <= 0)
            g_array_append_val(change->go, *key_at(have, set, i++));
        if (order >= 0)
            g_array_append_val(change->come, *key_at(want, set, j++));
    }
}
