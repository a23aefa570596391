/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/name-text.h"

#include "model/dns-name.h"
#include "model/name-policy.h"

/* These are said whether or not a name was found: it may have been before the lock. */
static const char *const insisting[KS_STRICT_MAX] = {
    [KS_STRICT_OVER_TLS] =
        "systemd-resolved insists on DNS over TLS (DNSOverTLS=yes, or a connection's "
        "dns-over-tls). Such questions do not leave while blocked, so VPN servers cannot be found "
        "by name. Make it opportunistic, or write the servers' addresses into the VPNs.",
    [KS_STRICT_DNSSEC] =
        "systemd-resolved insists on DNSSEC (DNSSEC=yes) and asks for more than the VPN servers' "
        "names. Those questions do not leave while blocked, so VPN servers cannot be found by "
        "name. Set DNSSEC=no, or write the servers' addresses into the VPNs.",
};

void ks_name_text_in_the_way(GPtrArray *warnings, const KsResolvConf *conf,
                             const KsStrictDns *strict)
{
    for (KsStrict on = 0; on < KS_STRICT_MAX; on++)
        if (insisting[on] && ks_strict_dns_insists(strict, on))
            g_ptr_array_add(warnings, g_strdup(insisting[on]));
    if (conf->by_tcp)
        g_ptr_array_add(
            warnings,
            g_strdup(
                "“options use-vc” in /etc/resolv.conf makes programs ask for names by TCP. TCP "
                "questions do not leave while blocked, so VPN servers cannot be found by name. "
                "Remove that option, or write the servers' addresses into the VPNs."));
}

static const char *why_not_found(const KsResolvConf *conf, const KsStrictDns *strict)
{
    if (ks_strict_dns_insists(strict, KS_STRICT_DOWNGRADE))
        return "systemd-resolved checks DNSSEC where the name server knows it "
               "(DNSSEC=allow-downgrade), and then asks for more than this name. That does not "
               "leave while blocked. Set DNSSEC=no, or write the server's address into the VPN.";
    if (conf->is_local && !ks_strict_dns_is_there(strict))
        return "The resolver on this machine did not find it. While blocked, only plain questions "
               "for this name leave. A resolver that starts at the root of the DNS (unbound does "
               "by default) or checks DNSSEC asks for other names, too. One that sends cookies "
               "(BIND does by default) or the asker's subnet says more than the name. Have the "
               "resolver forward this name to your network's name server, unchecked and with "
               "nothing added, or write the server's address into the VPN.";
    return "Check that this machine is connected to a network, or write the server's address into "
           "the VPN.";
}

char *ks_name_text_not_found(const char *host, const KsResolvConf *conf, const KsStrictDns *strict)
{
    return g_strdup_printf("The address of the VPN server %s was not found. %s", host,
                           why_not_found(conf, strict));
}

char *ks_name_text_cut(const char *host, const KsNameRecord *record)
{
    char text[KS_ADDRESS_TEXT_SIZE];
    g_autofree char *such_as =
        record && record->addresses->len > 0
            ? g_strdup_printf(
                  ", such as %s,",
                  ks_address_text(&g_array_index(record->addresses, KsNameAddress, 0).address,
                                  text))
            : g_strdup("");

    return g_strdup_printf(
        "The VPN server name %s has more addresses than fit into an answer by UDP. Programs then "
        "ask by TCP, which does not leave while blocked, and find no address. Write one of its "
        "addresses%s into the VPN in place of the name.",
        host, such_as);
}

char *ks_name_text_full(const char *host)
{
    return g_strdup_printf(
        "The VPN server name %s has very many addresses. The lock lets out at most %u of them, and "
        "a VPN that uses another one does not connect. Write one of its addresses into the VPN in "
        "place of the name.",
        host, KS_NAME_ADDRESSES_MAX);
}

char *ks_name_text_refused(const char *host, const KsAddress *address)
{
    char text[KS_ADDRESS_TEXT_SIZE];

    return g_strdup_printf(
        "The VPN server name %s leads to %s, which is %s, so the lock does not let it out. If that "
        "is really the server's address, name it: nm-killswitch vpn set.",
        host, ks_address_text(address, text), ks_name_refusal(address));
}

char *ks_name_text_replaced(const char *host)
{
    return g_strdup_printf("The VPN server name %s suddenly answers with other addresses than "
                           "before. Both are let out. If you did not expect that, somebody may be "
                           "misleading your DNS.",
                           host);
}

/* A dot at the end says that there is nothing to search for. */
static bool is_searched_for(const char *host, unsigned search_dots)
{
    unsigned dots = 0;

    for (const char *at = host; *at; at++)
        dots += *at == '.';
    return dots < search_dots && !g_str_has_suffix(host, ".");
}

char *ks_name_text_searched(const char *host, const KsResolvConf *conf)
{
    if (!is_searched_for(host, conf->search_dots))
        return NULL;
    return g_strdup_printf("The VPN server name %s has so few dots that programs look for it in "
                           "the search list of /etc/resolv.conf first. Those questions do not "
                           "leave while locked, and then they give up. Write the name with a dot "
                           "at its end, or the address, into the VPN.",
                           host);
}

char *ks_name_text_too_long(const char *host)
{
    KsDnsName name;
    KsDnsKeys keys;

    if (!ks_dns_name_encode(host, &name) || ks_dns_name_keys(&name, &keys))
        return NULL;
    return g_strdup_printf("The VPN server name %s is too long to be looked up while blocked. "
                           "Write its address into the VPN.",
                           host);
}
