/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Why a VPN's last attempt ended, as NetworkManager tells it. */
typedef enum {
    KS_FAILURE_NONE,
    KS_FAILURE_LOGIN,
    KS_FAILURE_NO_SECRETS,
    KS_FAILURE_TIMEOUT, /* its server does not answer */
    KS_FAILURE_SERVICE, /* the VPN's own program failed */
} KsFailure;

/* `reason`: NMActiveConnectionStateReason (NetworkManager's D-Bus API, nm-dbus-interface.h), of
 * which later versions may know more. KS_FAILURE_NONE: a person, the network, or nothing that says
 * anything of the VPN. */
KsFailure ks_failure_of(unsigned reason);
