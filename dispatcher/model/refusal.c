/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/refusal.h"

#include <string.h>

bool ks_traced_leaves(const KsTraced *traced)
{
    return traced->kind == KS_TRACED_TO_SERVER || traced->kind == KS_TRACED_TO_TUNNEL;
}

bool ks_traced_is_same(const KsTraced *a, const KsTraced *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == KS_TRACED_TO_TUNNEL || a->kind == KS_TRACED_FROM_TUNNEL)
        return a->index == b->index;
    return a->protocol == b->protocol && a->port == b->port &&
           ks_address_compare(&a->address, &b->address) == 0;
}

bool ks_refusal_equal(const KsRefusal *a, const KsRefusal *b)
{
    return ks_traced_is_same(&a->traced, &b->traced) && a->how == b->how &&
           strcmp(a->family, b->family) == 0 && strcmp(a->table, b->table) == 0 &&
           strcmp(a->chain, b->chain) == 0;
}
