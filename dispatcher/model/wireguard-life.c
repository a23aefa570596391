/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/wireguard-life.h"

#define SECOND INT64_C(1000000)

/* drivers/net/wireguard/messages.h and timers.c: what was received and not answered by data is
 * answered by a keepalive after 10 s, and by one more if there was more of it meanwhile */
#define ANSWERS            2u
#define ANSWERS_END        (25 * SECOND)
#define INITIATION_BYTES   148u
#define INITIATIONS_IN_15S 4u /* one at once, then every 5 s: REKEY_TIMEOUT */

/* A link whose counters went back has other peers than before. */
static bool is_another(const KsWireguardLife *life, const KsWireguardTraffic *traffic)
{
    return !life->begun || traffic->sent < life->last.sent ||
           traffic->received < life->last.received || traffic->peers != life->last.peers;
}

/* Since the last look something was sent that must be answered. */
static bool asks(const KsWireguardLife *life, int64_t now, const KsWireguardTraffic *traffic)
{
    uint64_t seconds = (uint64_t) ((now - life->looked) / SECOND) + 1;
    uint64_t sent = traffic->sent - life->last.sent;
    uint64_t keepalives =
        (uint64_t) traffic->keepers * KS_WIREGUARD_KEEPALIVE + traffic->keepalives * seconds / 1000;

    if (life->looked - life->heard < ANSWERS_END)
        keepalives += (uint64_t) traffic->peers * ANSWERS * KS_WIREGUARD_KEEPALIVE;
    return sent > keepalives;
}

/* Without a session only initiations are sent, and peers that are not used get none. */
static bool never_answered(const KsWireguardTraffic *traffic)
{
    return traffic->received == 0 && traffic->peers > 0 &&
           traffic->sent >= (uint64_t) traffic->peers * INITIATIONS_IN_15S * INITIATION_BYTES;
}

int64_t ks_wireguard_life_observe(KsWireguardLife *life, int64_t now,
                                  const KsWireguardTraffic *traffic)
{
    if (is_another(life, traffic)) {
        *life = (KsWireguardLife){ .begun = true, .heard = now };
    } else if (traffic->received != life->last.received) {
        life->unanswered = 0;
        life->silent = 0;
        life->heard = now;
    } else if (!life->unanswered && asks(life, now, traffic)) {
        life->unanswered = now;
    }
    if (!life->silent &&
        ((life->unanswered && now - life->unanswered >= KS_WIREGUARD_SILENCE * SECOND) ||
         never_answered(traffic)))
        life->silent = life->unanswered ? life->unanswered : life->heard;
    life->last = *traffic;
    life->looked = now;
    return life->silent;
}
