/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "leaktest/probe.h"

/* What a captured frame is. Pure; the bytes are anybody's, and nothing of them is believed but that
 * a canary stands in them. */

/* By which byte the marks begin, so that most bytes of a frame are passed by. Filled once all marks
 * are known. */
typedef struct {
    bool begins[256];
} KsMarks;

void ks_marks_fill(KsMarks *marks, const GArray *probes);

/* The probe whose mark stands anywhere in these bytes, or NULL. */
KsProbe *ks_marks_find(const KsMarks *marks, GArray *probes, const uint8_t *bytes, size_t size);

/* Whether the canary stands in them. */
bool ks_canary_is_in(const uint8_t canary[KS_CANARY_SIZE], const uint8_t *bytes, size_t size);

/* Whether an IP packet (it begins with its own header) is to one of the servers or, with `coming`,
 * from one. */
bool ks_packet_is_servers(const GArray *servers, const uint8_t *bytes, size_t size, bool coming);
