/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "leaktest/surroundings.h"

/* What one network card sends and gets: a packet socket, which sees what leaves after nf_tables,
 * traffic control and queues have let it pass, as it is handed to the card's driver. */

typedef struct KsCapture KsCapture;

/* `bytes`: from the network layer's header on, at most KS_FRAME_SIZE; valid during the call. */
typedef void (*KsCaptureSaw)(void *data, const KsCard *card, bool leaves, const uint8_t *bytes,
                             size_t size);

/* Returns 0 or a negative errno. */
int ks_capture_open(const KsCard *card, KsCapture **ret_capture);
void ks_capture_close(KsCapture *capture);

/* Readable when there is something to read. */
int ks_capture_fd(const KsCapture *capture);

void ks_capture_read(KsCapture *capture, KsCaptureSaw saw, void *data);

/* How many frames came faster than they were read, since the last call; it was blind for these. */
unsigned ks_capture_lost(KsCapture *capture);

/* Sends an ARP question with the canary on an Ethernet card: 0 or a negative errno. */
int ks_capture_send_control(KsCapture *capture, const uint8_t *canary);
