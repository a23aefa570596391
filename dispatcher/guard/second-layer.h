/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "kernel/layer.h"
#include "model/uplink.h"
#include "rules/readback.h"

/* Keeps the second layer in the kernel, behind the first: what fails here never holds the first one
 * up, and a device that is gone before its chain came is tried again with the next look. */

typedef struct KsSecondLayer KsSecondLayer;

KsSecondLayer *ks_second_layer_new(void);
void ks_second_layer_free(KsSecondLayer *second);

/* What should be, from now on. */
void ks_second_layer_draw(KsSecondLayer *second, bool locked, const KsLock *lock,
                          const KsWorld *world);

/* Makes the kernel hold it. `pause_ms`: what is left of a pause in the first layer. */
void ks_second_layer_hold(KsSecondLayer *second, KsNetfilter *netfilter, uint32_t table_flags,
                          uint64_t pause_ms);

/* Reads it back. */
void ks_second_layer_read(KsSecondLayer *second, KsNetfilter *netfilter);

void ks_second_layer_pause(KsSecondLayer *second, KsNetfilter *netfilter, uint64_t milliseconds);

/* The kernel holds exactly what should be; always so on a kernel that knows no second layer. */
bool ks_second_layer_is_right(const KsSecondLayer *second);

/* Every uplink is covered: the chain stands on it and its rules are ours. */
bool ks_second_layer_stands(const KsSecondLayer *second);

/* Why it does not stand, a whole sentence for people; NULL: it does, or nothing is locked. */
const char *ks_second_layer_problem(const KsSecondLayer *second);

const KsReadback *ks_second_layer_held(const KsSecondLayer *second);
