/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/lock.h"

/* Keys of exceptions (ks_set_is_box()): a range each of address, protocol, port and interface; the
 * firsts, then the lasts. Interfaces are as nft(8) compares them: index ^ KS_BOX_FLIP, on the
 * wire's order. */

/* As KS_INDEX_FLIP, and the same from either end: nft 1.1 lists a number that it turns round after
 * this as if it were turned before. */
#define KS_BOX_FLIP 0x77777777u /* 2004318071 */

/* Where the interface stands in each half. */
size_t ks_box_interface_at(KsSetId set);

/* `index` 0: by any. */
void ks_box_set_interface(KsSetId set, KsKey *key, uint32_t index);
uint32_t ks_box_interface(KsSetId set, const KsKey *key); /* 0: it is for any */

/* The kernel refuses a whole change in which two of a set overlap: one that overlaps another is
 * left out. False: the set is full. */
bool ks_lock_add_box(KsLock *lock, KsSetId set, const KsKey *key);

/* As nft writes it. */
char *ks_box_text(KsSetId set, const KsKey *key);
