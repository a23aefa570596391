/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/failure.h"

/* By NetworkManager's numbers; what is not here is KS_FAILURE_NONE. */
static const KsFailure of_reason[] = {
    [4] = KS_FAILURE_SERVICE, /* SERVICE_STOPPED */
    [5] = KS_FAILURE_SERVICE, /* IP_CONFIG_INVALID: what the program told makes no sense */
    [6] = KS_FAILURE_TIMEOUT, /* CONNECT_TIMEOUT */
    [7] = KS_FAILURE_SERVICE, /* SERVICE_START_TIMEOUT: the program, not the server */
    [8] = KS_FAILURE_SERVICE, /* SERVICE_START_FAILED */
    [9] = KS_FAILURE_NO_SECRETS, [10] = KS_FAILURE_LOGIN,
    [13] = KS_FAILURE_SERVICE, /* DEVICE_REALIZE_FAILED: WireGuard's module is missing, say */
};

KsFailure ks_failure_of(unsigned reason)
{
    return reason < sizeof(of_reason) / sizeof(*of_reason) ? of_reason[reason] : KS_FAILURE_NONE;
}
