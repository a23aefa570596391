/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "kernel/netfilter.h"
#include "rules/lock-table.h"
#include "rules/messages.h"
#include "rules/plan.h"

/* What the two halves of the netfilter test share. */

typedef struct {
    KsNetfilter *guard;
    KsNetfilter *other; /* another program */
    KsMonitor *monitor;
    KsBatch batch;
    KsReadback *held;
    KsLock *want;
} Fixture;

void set_up(Fixture *f, const void *data);
void tear_down(Fixture *f, const void *data);

/* Whether another port than the guard's changed our table since the last call. */
bool drain(Fixture *f);

void read_held(Fixture *f);
void assert_as_wanted(const Fixture *f);

/* Makes the kernel hold what is wanted, and proves that it does and that once is enough. */
void apply(Fixture *f, uint32_t flags);

/* Ends the batch and sends it as another program. */
int commit_as_other(Fixture *f);

/* Messages of one kind in the batch; of NFT_MSG_DELCHAIN only those that name a base chain. */
unsigned count_messages(const KsBatch *batch, uint16_t type);

#define CASE(name, function, data) \
    g_test_add("/netfilter/" name, Fixture, data, set_up, function, tear_down)

/* test-netfilter-damage.c */
void add_damage_tests(void);
void damage_by_rule(KsBatch *batch);                         /* a first rule that accepts */
extern void (*const damages_of_each_kind[])(KsBatch *batch); /* NULL-terminated */
