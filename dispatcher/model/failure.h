/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/* Why a VPN's last attempt ended, as its program said, or NetworkManager. */
typedef enum {
    KS_FAILURE_NONE,
    KS_FAILURE_LOGIN,
    KS_FAILURE_NO_SECRETS,
    KS_FAILURE_TIMEOUT, /* its server does not answer */
    KS_FAILURE_SERVICE, /* the VPN's own program failed */
    KS_FAILURE_REFUSED, /* nothing listens there */
    KS_FAILURE_NAME,    /* its server's name was not found */
    KS_FAILURE_CERTIFICATE,
    KS_FAILURE_CERTIFICATE_DATE, /* not valid by this machine's clock */
    KS_FAILURE_LOGIN_NEEDED,     /* once more, by a web page perhaps */
    KS_FAILURE_PROGRAM,          /* a program is not installed */
    KS_FAILURE_MAX,
} KsFailure;

/* `reason`: NMActiveConnectionStateReason (NetworkManager's D-Bus API, nm-dbus-interface.h), of
 * which later versions may know more. KS_FAILURE_NONE: a person, the network, or nothing that says
 * anything of the VPN. */
KsFailure ks_failure_of(unsigned reason);

/* Whether lines of this program, which NetworkManager or a plugin has started, are a VPN's.
 * `program`: its _COMM in the journal, NULL: not known. `with_pppd`: the VPN runs pppd. */
bool ks_failure_may_tell(const char *program, bool with_pppd);

/* What one line says that a VPN's program wrote into its log. KS_FAILURE_NONE: nothing that decides
 * it. Anything may stand there: some of it is the server's word. */
KsFailure ks_failure_of_line(const char *line);

/* What an entry of NetworkManager's own log says that a VPN's program answered. `level`, `domains`:
 * its NM_LOG_LEVEL and NM_LOG_DOMAINS, NULL: it has none; only a warning of a VPN counts. In `line`
 * stand names that anybody may have given to a profile. */
KsFailure ks_failure_of_manager(const char *level, const char *domains, const char *line);

/* As `status --json` has it; "" for KS_FAILURE_NONE. */
const char *ks_failure_name(KsFailure failure);

/* The other way round; KS_FAILURE_NONE for what is no name. */
KsFailure ks_failure_of_name(const char *name);
