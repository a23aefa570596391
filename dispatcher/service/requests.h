/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "guard/guard.h"

/* Method calls that came over the bus, each from its beginning to its answer:
 *
 *   known and valid? -> so already? -> ruled out? -> could it be done? -> who is it -> ask polkit
 *                    -> all of that again -> do it -> tell everybody -> answer
 *
 * While polkit asks a person the world goes on: what was true before is looked at again after. A
 * caller that leaves the bus meanwhile takes its question with it. */

/* Questions to polkit that wait for an answer, of one user and of all. */
#define KS_QUESTIONS_PER_USER 8
#define KS_QUESTIONS_MAX      64

typedef struct KsRequests KsRequests;

/* `done`: something was done, and the caller is not answered yet. */
KsRequests *ks_requests_new(KsGuard *guard, void (*done)(void *data), void *data);

/* Callers that still wait for polkit are refused. Runs the main loop until polkit has been told. */
void ks_requests_free(KsRequests *requests);

/* Takes the invocation, and answers it now or later. */
void ks_requests_take(KsRequests *requests, GDBusMethodInvocation *invocation);
