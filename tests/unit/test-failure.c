/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NetworkManager's numbers, by its own header, and what is beyond them. */
#include "model/failure.h"

#include <NetworkManager.h>

#define REASON(noun) NM_ACTIVE_CONNECTION_STATE_REASON_##noun

static void test_reasons(void)
{
    static const struct {
        unsigned reason;
        KsFailure failure;
    } rows[] = {
        { REASON(UNKNOWN), KS_FAILURE_NONE },
        { REASON(NONE), KS_FAILURE_NONE },
        { REASON(USER_DISCONNECTED), KS_FAILURE_NONE },
        { REASON(DEVICE_DISCONNECTED), KS_FAILURE_NONE },
        { REASON(SERVICE_STOPPED), KS_FAILURE_SERVICE },
        { REASON(IP_CONFIG_INVALID), KS_FAILURE_SERVICE },
        { REASON(CONNECT_TIMEOUT), KS_FAILURE_TIMEOUT },
        { REASON(SERVICE_START_TIMEOUT), KS_FAILURE_SERVICE },
        { REASON(SERVICE_START_FAILED), KS_FAILURE_SERVICE },
        { REASON(NO_SECRETS), KS_FAILURE_NO_SECRETS },
        { REASON(LOGIN_FAILED), KS_FAILURE_LOGIN },
        { REASON(CONNECTION_REMOVED), KS_FAILURE_NONE },
        { REASON(DEPENDENCY_FAILED), KS_FAILURE_NONE },
        { REASON(DEVICE_REALIZE_FAILED), KS_FAILURE_SERVICE },
        { REASON(DEVICE_REMOVED), KS_FAILURE_NONE },
        { REASON(DEVICE_REMOVED) + 1, KS_FAILURE_NONE },
        { G_MAXUINT, KS_FAILURE_NONE },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(ks_failure_of(rows[i].reason), ==, rows[i].failure);
}

/* As the programs write them (OpenVPN 2.6, OpenConnect 9, charon-nm 5.9, pppd 2.4, openfortivpn
 * 1.17, NetworkManager's plugins); last, what decides nothing. */
static void test_lines(void)
{
    static const struct {
        const char *line;
        KsFailure failure;
    } rows[] = {
        { "VERIFY ERROR: depth=0, error=certificate is not yet valid: CN=vpn, serial=1",
          KS_FAILURE_CERTIFICATE_DATE },
        { "VERIFY ERROR: depth=1, error=certificate has expired: CN=ca",
          KS_FAILURE_CERTIFICATE_DATE },
        { "Server certificate verify failed: certificate expired", KS_FAILURE_CERTIFICATE_DATE },
        { "Server certificate verify failed: certificate not activated",
          KS_FAILURE_CERTIFICATE_DATE },
        { "subject certificate invalid (valid from Jan 01 00:00:00 2030 to Jan 01 00:00:00 2040)",
          KS_FAILURE_CERTIFICATE_DATE },
        { "VERIFY ERROR: depth=0, error=unable to get local issuer certificate: CN=vpn",
          KS_FAILURE_CERTIFICATE },
        { "OpenSSL: error:0A000086:SSL routines::certificate verify failed",
          KS_FAILURE_CERTIFICATE },
        { "VERIFY X509NAME ERROR: CN=other, must be vpn.example", KS_FAILURE_CERTIFICATE },
        { "no trusted RSA public key found for 'vpn.example'", KS_FAILURE_CERTIFICATE },
        { "OpenSSL: error:0A000418:SSL routines::tlsv1 alert unknown ca: alert bad certificate",
          KS_FAILURE_CERTIFICATE },
        { "AUTH: Received control message: AUTH_FAILED", KS_FAILURE_LOGIN },
        { "received AUTHENTICATION_FAILED notify error", KS_FAILURE_LOGIN },
        { "MS-CHAP authentication failed: E=691 Authentication failure", KS_FAILURE_LOGIN },
        { "ERROR:  Could not authenticate to gateway.", KS_FAILURE_LOGIN },
        { "AUTH: Received control message: AUTH_FAILED,Authentication failed, required pending "
          "auth method 'webauth' not supported",
          KS_FAILURE_LOGIN_NEEDED },
        { "AUTH_PENDING received, extending handshake timeout from 60s to 60s",
          KS_FAILURE_LOGIN_NEEDED },
        { "Cookie was rejected by server; exiting.", KS_FAILURE_LOGIN_NEEDED },
        { "RESOLVE: Cannot resolve host address: vpn.example:1194 (Name or service not known)",
          KS_FAILURE_NAME },
        { "getaddrinfo failed for host 'vpn.example': Temporary failure in name resolution",
          KS_FAILURE_NAME },
        { "read UDPv4 [ECONNREFUSED]: Connection refused (fd=3,code=111)", KS_FAILURE_REFUSED },
        { "TCP: connect to [AF_INET]192.0.2.1:1194 failed: Connection refused",
          KS_FAILURE_REFUSED },
        { "nm-openvpn[7] <warn>  Could not find the openvpn binary.", KS_FAILURE_PROGRAM },
        { "Could not find openconnect binary", KS_FAILURE_PROGRAM },

        { "", KS_FAILURE_NONE },
        { "TLS Error: TLS key negotiation failed to occur within 60 seconds (check your network "
          "connectivity)",
          KS_FAILURE_NONE },
        { "VERIFY OK: depth=0, CN=vpn", KS_FAILURE_NONE },
        { "Could not find a way", KS_FAILURE_NONE },
        { "binary: could not find", KS_FAILURE_NONE },
        { "Initialization Sequence Completed", KS_FAILURE_NONE },
        { "\xff\xfe%s%n", KS_FAILURE_NONE },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(ks_failure_of_line(rows[i].line), ==, rows[i].failure);
}

/* Each has a word of its own. */
static void test_names(void)
{
    for (KsFailure i = KS_FAILURE_NONE; i < KS_FAILURE_MAX; i++)
        for (KsFailure j = KS_FAILURE_NONE; j < i; j++)
            g_assert_cmpstr(ks_failure_name(i), !=, ks_failure_name(j));
}

/* NetworkManager's lines: only what a program answered counts, and no name that a person gave. */
static void test_answers(void)
{
    static const struct {
        const char *level;
        const char *domains;
        const char *line;
        KsFailure failure;
    } rows[] = {
        { "WARN", "VPN",
          "<warn>  [1.2] vpn[0x5,u,\"full\"]: connect: failed to connect interactively: "
          "'GDBus.Error:org.freedesktop.NetworkManager.VPN.Error.BadArguments: Could not find the "
          "openvpn binary.'",
          KS_FAILURE_PROGRAM },
        { "WARN", "VPN",
          "<warn>  [1.2] vpn[0x5,u,\"full\",if:7:(tun0)]: failed to connect: 'GDBus.Error:org."
          "example: Could not find the openvpn binary.'",
          KS_FAILURE_PROGRAM },
        { "WARN", "VPN",
          "<warn>  [1.2] vpn[0x5,u,\"vpnc\"]: failed to connect: 'Could not find vpnc binary.'",
          KS_FAILURE_PROGRAM },
        { "WARN", "VPN",
          "<warn>  [1.2] vpn[0x5,u,\"]: failed to connect: 'Could not find vpnc binary.'\"]: connect "
          "timeout exceeded",
          KS_FAILURE_NONE },
        { "INFO", "VPN", "<info>  [1.2] vpn[0x5,u,\"Could not find the binary\"]: starting openvpn",
          KS_FAILURE_NONE },
        { "WARN", "VPN",
          "<warn>  [1.2] vpn[0x5,u,\"failed to connect 'GDBus.Error:auth_failed\"]: connect: failed "
          "to connect interactively: 'GDBus.Error:org.example: no'",
          KS_FAILURE_NONE },
        { "WARN", "VPN", "<warn>  [1.2] vpn[0x5,u,\"'GDBus.Error:auth_failed\"]: starting",
          KS_FAILURE_NONE },
        { "WARN", "VPN",
          "<warn>  [1.2] vpn[0x5,u,\"failed to connect 'GDBus.Error:auth_failed\"]: connect timeout "
          "exceeded",
          KS_FAILURE_NONE },
        { "WARN", "VPN",
          "<warn>  [1.2] vpn[0x5,u,\"x\"]: failed to connect 'GDBus.Error:auth_failed\"]: dbus: "
          "failure: connect-failed (1)",
          KS_FAILURE_NONE },
        /* a person renames a profile while another's VPN is tried */
        { "INFO", "AUDIT",
          "<info>  [1.2] audit: op=\"connection-update\" uuid=\"u\" name=\"failed to connect "
          "'GDBus.Error:AUTH_FAILED\" pid=7 uid=1000 result=\"success\"",
          KS_FAILURE_NONE },
        { "INFO", "AUDIT",
          "<info>  [1.2] audit: op=\"connection-update\" uuid=\"u\" name=\"vpn[\"]: failed to connect "
          "'GDBus.Error:AUTH_FAILED\" pid=7 uid=1000 result=\"success\"",
          KS_FAILURE_NONE },
        { "WARN", "SETTINGS,VPN", "<warn>  [1.2] \"]: failed to connect 'GDBus.Error:AUTH_FAILED",
          KS_FAILURE_NONE },
        { NULL, NULL, "<warn>  [1.2] vpn[\"]: failed to connect 'GDBus.Error:AUTH_FAILED",
          KS_FAILURE_NONE },
        { "WARN", "VPN", "", KS_FAILURE_NONE },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(ks_failure_of_manager(rows[i].level, rows[i].domains, rows[i].line), ==,
                        rows[i].failure);
}

/* Of NetworkManager's other programs none is a VPN's, and pppd only where the VPN runs it. */
static void test_programs(void)
{
    static const struct {
        const char *program;
        bool with_pppd;
        bool expected;
    } rows[] = {
        { NULL, false, true },
        { "openvpn", false, true },
        { "nm-vpnc-service", false, true },
        { "NetworkManager", false, true },
        { "dnsmasq", false, false },
        { "dnsmasq", true, false },
        { "dhclient", false, false },
        { "dhcpcd", false, false },
        { "dhcpcd", true, false },
        { "pppd", false, false },
        { "pppd", true, true },
        { "openfortivpn", true, true },
        { NULL, true, true },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s", rows[i].program ? rows[i].program : "not known");
        g_assert_cmpint(ks_failure_may_tell(rows[i].program, rows[i].with_pppd), ==,
                        rows[i].expected);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/failure/reasons", test_reasons);
    g_test_add_func("/failure/lines", test_lines);
    g_test_add_func("/failure/names", test_names);
    g_test_add_func("/failure/answers", test_answers);
    g_test_add_func("/failure/programs", test_programs);
    return g_test_run();
}
