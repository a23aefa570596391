/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/failure.h"

#include <stddef.h>
#include <string.h>

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

static const char *const names[KS_FAILURE_MAX] = {
    [KS_FAILURE_NONE] = "",
    [KS_FAILURE_LOGIN] = "login-failed",
    [KS_FAILURE_NO_SECRETS] = "no-secrets",
    [KS_FAILURE_TIMEOUT] = "server-unreachable",
    [KS_FAILURE_SERVICE] = "service-failed",
    [KS_FAILURE_REFUSED] = "server-refused",
    [KS_FAILURE_NAME] = "name-unresolved",
    [KS_FAILURE_CERTIFICATE] = "certificate",
    [KS_FAILURE_CERTIFICATE_DATE] = "certificate-date",
    [KS_FAILURE_LOGIN_NEEDED] = "login-needed",
    [KS_FAILURE_PROGRAM] = "program-missing",
};

/* The first that fits counts: a certificate that has no valid date cannot be verified either. */
static const struct {
    const char *words;
    const char *then; /* further on in the same line; NULL: nothing */
    KsFailure failure;
} of_line[] = {
    /* OpenSSL, GnuTLS (OpenConnect), openfortivpn, strongSwan */
    { "certificate is not yet valid", NULL, KS_FAILURE_CERTIFICATE_DATE },
    { "certificate has expired", NULL, KS_FAILURE_CERTIFICATE_DATE },
    { "certificate expired", NULL, KS_FAILURE_CERTIFICATE_DATE },
    { "certificate not activated", NULL, KS_FAILURE_CERTIFICATE_DATE },
    { "subject certificate invalid (valid from", NULL, KS_FAILURE_CERTIFICATE_DATE },
    { "certificate verify failed", NULL, KS_FAILURE_CERTIFICATE },
    { "gateway certificate validation failed", NULL, KS_FAILURE_CERTIFICATE },
    { "no trusted", "public key found", KS_FAILURE_CERTIFICATE },
    { "verify ", "error", KS_FAILURE_CERTIFICATE },
    { "alert", "certificate", KS_FAILURE_CERTIFICATE },
    /* a page or a token, and not a password alone: OpenVPN, OpenConnect */
    { "auth_pending", NULL, KS_FAILURE_LOGIN_NEEDED },
    { "pending auth method", "not supported", KS_FAILURE_LOGIN_NEEDED },
    { "web_auth", NULL, KS_FAILURE_LOGIN_NEEDED },
    { "open_url", NULL, KS_FAILURE_LOGIN_NEEDED },
    { "cookie", "rejected", KS_FAILURE_LOGIN_NEEDED },
    { "cookie is no longer valid", NULL, KS_FAILURE_LOGIN_NEEDED },
    { "session", "expired", KS_FAILURE_LOGIN_NEEDED },
    /* OpenVPN, strongSwan, pppd (its PAP, CHAP and EAP), openfortivpn, vpnc */
    { "auth_failed", NULL, KS_FAILURE_LOGIN },
    { "authentication_failed", NULL, KS_FAILURE_LOGIN },
    { "authentication failed", NULL, KS_FAILURE_LOGIN },
    { "could not authenticate to gateway", NULL, KS_FAILURE_LOGIN },
    { "private key password verification failed", NULL, KS_FAILURE_LOGIN },
    /* OpenVPN, getaddrinfo(3), vpnc */
    { "cannot resolve host address", NULL, KS_FAILURE_NAME },
    { "name or service not known", NULL, KS_FAILURE_NAME },
    { "temporary failure in name resolution", NULL, KS_FAILURE_NAME },
    { "unknown host", NULL, KS_FAILURE_NAME },
    { "connection refused", NULL, KS_FAILURE_REFUSED },
    /* NetworkManager's plugins, of the program that they start */
    { "could not find", "binary", KS_FAILURE_PROGRAM },
    { "was not installed", NULL, KS_FAILURE_PROGRAM },
};

KsFailure ks_failure_of(unsigned reason)
{
    return reason < sizeof(of_reason) / sizeof(*of_reason) ? of_reason[reason] : KS_FAILURE_NONE;
}

bool ks_failure_may_tell(const char *program, bool with_pppd)
{
    /* they say what the network tells them: names of machines, for example */
    static const char *const no_vpns[] = { "dnsmasq", "dhclient", "dhcpcd" };

    for (size_t i = 0; program && i < sizeof(no_vpns) / sizeof(*no_vpns); i++)
        if (strcmp(program, no_vpns[i]) == 0)
            return false;
    /* of mobile broadband and PPPoE it is NetworkManager's own, and refused logins are theirs */
    return with_pppd || !program || strcmp(program, "pppd") != 0;
}

KsFailure ks_failure_of_line(const char *line)
{
    for (size_t i = 0; i < sizeof(of_line) / sizeof(*of_line); i++) {
        const char *found = strcasestr(line, of_line[i].words);

        if (found &&
            (!of_line[i].then || strcasestr(found + strlen(of_line[i].words), of_line[i].then)))
            return of_line[i].failure;
    }
    return KS_FAILURE_NONE;
}

/* What the program answered that was told to connect, behind `vpn[...,"name"]: `: the name is a
 * person's words. Of errors that have a name in libnm it says the text alone. NULL: the line is
 * about something else. */
static const char *find_answer(const char *line)
{
    static const char prefix_end[] = "]: ";
    static const char *const begins[] = { "failed to connect: '",
                                          "connect: failed to connect interactively: '" };
    const char *said = NULL;

    for (const char *end = line; (end = strstr(end, prefix_end)); end += strlen(prefix_end))
        said = end + strlen(prefix_end);
    for (size_t i = 0; said && i < sizeof(begins) / sizeof(*begins); i++)
        if (strncmp(said, begins[i], strlen(begins[i])) == 0)
            return said + strlen(begins[i]);
    return NULL;
}

KsFailure ks_failure_of_manager(const char *level, const char *domains, const char *line)
{
    const char *answer;

    if (!level || strcmp(level, "WARN") != 0 || !domains || strcmp(domains, "VPN") != 0)
        return KS_FAILURE_NONE;
    answer = find_answer(line);
    return answer ? ks_failure_of_line(answer) : KS_FAILURE_NONE;
}

const char *ks_failure_name(KsFailure failure)
{
    return names[failure];
}

KsFailure ks_failure_of_name(const char *name)
{
    for (int failure = 0; failure < KS_FAILURE_MAX; failure++)
        if (strcmp(names[failure], name) == 0)
            return (KsFailure) failure;
    return KS_FAILURE_NONE;
}
