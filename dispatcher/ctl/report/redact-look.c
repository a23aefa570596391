/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/report/redact-look.h"

#include "model/address.h"

#include <glib.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#define UUID_LENGTH    36u
#define KEY_LENGTH     44u /* of WireGuard, in base64 */
#define MAC_LENGTH     17u
#define MAC_PAIRS      6u
#define PLAIN_HEX_MIN  12u /* a hardware address without colons */
#define DECIMAL_MAX    15u /* counters are no identities */
#define HEX_NUMBER_MIN 5u  /* of an nftables number; shorter ones are ports and EtherTypes */
#define LABEL_END_MIN  2u
#define QUOTED_MAX     1024u
#define IP4_MULTICAST  0xe0u
#define MULTICAST_BIT  0x01u
#define LOCAL_BIT      0x02u
#define IP6_MULTICAST  0xffu
#define GROUP_ZEROS_TO 13u

bool ks_identity_is_word(char byte)
{
    return g_ascii_isalnum(byte) || (byte & 0x80);
}

static bool is_listed(const char *const *list, const char *value, size_t length)
{
    for (; *list; list++)
        if (strlen(*list) == length && g_ascii_strncasecmp(*list, value, length) == 0)
            return true;
    return false;
}

/* ---- what is harmless ---- */

/* Ranges of our rules and of everybody's tables, as they are written. */
static const char *const ranges[] = {
    "0.0.0.0/0",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/4",
    "224.0.0.0/24",
    "239.0.0.0/8",
    "239.255.0.0/16",
    "240.0.0.0/4",
    "fc00::/7",
    "fd00::/8",
    "fe80::/10",
    "fe80::/64",
    "fec0::/10",
    "ff00::/8",
    "2000::/3",
    "64:ff9b::/96",
    "::/0",
    "8000::/1",
    "0.0.0.0/1",
    "128.0.0.0/1",
    "ff02::1:ff00:0/104",
    NULL,
};

/* Groups of every network, and what means everybody or nobody. */
static const char *const addresses[] = {
    "0.0.0.0", "255.255.255.255", "239.255.255.250", "::", NULL,
};

static bool is_netmask(const KsAddress *address)
{
    uint32_t bits = (uint32_t) address->bytes[0] << 24 | (uint32_t) address->bytes[1] << 16 |
                    (uint32_t) address->bytes[2] << 8 | address->bytes[3];

    return address->bytes[0] == UINT8_MAX && (~bits & (~bits + 1)) == 0;
}

static bool is_harmless_address(const char *value)
{
    KsAddress address;

    if (!ks_address_parse(value, &address))
        return false;
    if (ks_address_is_loopback(&address) || is_listed(addresses, value, strlen(value)))
        return true;
    if (address.family == AF_INET && is_netmask(&address))
        return true;
    if (address.family == AF_INET)
        return address.bytes[0] == IP4_MULTICAST && !address.bytes[1] && !address.bytes[2];
    if (address.bytes[0] != IP6_MULTICAST)
        return false;
    for (unsigned i = 2; i < GROUP_ZEROS_TO; i++)
        if (address.bytes[i])
            return false;
    return true;
}

/* Names that kernel, udev and programs give: letters that stand here, then a number. */
static const char *const interface_stems[] = {
    "lo",     "eth",     "wlan",      "tun",    "tap",    "wg",  "ppp",    "docker",
    "virbr",  "vnet",    "lxcbr",     "lxdbr",  "wwan",   "usb", "bond",   "team",
    "dummy",  "ipsec",   "vti",       "gre",    "gretap", "sit", "ip6tnl", "ipip",
    "tunl",   "macvlan", "xfrm",      "bnep",   "br",     "ifb", "ip_vti", "ip6_vti",
    "erspan", "nlmon",   "tailscale", "proton", NULL,
};

/* enp3s0f1, wlp2s0, eno1, ens33: where the card sits. */
static bool is_place(const char *name, size_t length)
{
    static const char *const kinds[] = { "en", "wl", "ww", "sl", "ib" };

    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        size_t at = strlen(kinds[i]);

        if (length <= at + 1 || strncmp(name, kinds[i], at) != 0 || !strchr("ops", name[at]) ||
            !g_ascii_isdigit(name[at + 1]))
            continue;
        for (at++; at < length; at++)
            if (!g_ascii_isdigit(name[at]) &&
                (!strchr("pfsndu", name[at]) || !g_ascii_isdigit(name[at + 1])))
                return false;
        return true;
    }
    return false;
}

static bool is_harmless_interface(const char *name)
{
    size_t length = strlen(name);
    size_t stem = length;

    while (stem > 0 && g_ascii_isdigit(name[stem - 1]))
        stem--;
    return is_listed(interface_stems, name, stem) || is_place(name, length);
}

/* Nobody is told apart by them, and they stand in every report. */
static const char *const words[] = {
    "on",
    "off",
    "yes",
    "no",
    "true",
    "false",
    "up",
    "down",
    "none",
    "root",
    "lan",
    "vpn",
    "wifi",
    "udp",
    "tcp",
    "esp",
    "inet",
    "inet6",
    "netdev",
    "bridge",
    "arp",
    "ip",
    "ip6",
    "drop",
    "accept",
    "reject",
    "lo",
    "wireguard",
    "openvpn",
    "ipsec",
    "localhost",
    "unlocked",
    "blocked",
    "protected",
    "paused",
    "broken",
    "float",
    "remote",
    "nameserver",
    "linux",
    "debian",
    "ubuntu",
    "fedora",
    "arch",
    "type",
    "name",
    "state",
    "auto",
    "udp4",
    "udp6",
    "tcp4",
    "tcp6",
    "tcp-client",
    "remote-random-hostname",
    "localhost.localdomain",
    /* tables and chains that every machine with the program has */
    "filter",
    "nat",
    "mangle",
    "raw",
    "security",
    "input",
    "output",
    "forward",
    "prerouting",
    "postrouting",
    "fw4",
    "ufw",
    "firewalld",
    "docker-bridges",
    "libvirt_network",
    "nm_killswitch",
    "nm_killswitch_trace",
    /* how systemd says that a unit failed */
    "exit-code",
    "signal",
    "core-dump",
    "timeout",
    "watchdog",
    "oom-kill",
    "protocol",
    "resources",
    "start-limit-hit",
    NULL,
};

KsIdentity ks_identity_kind(KsIdentity kind, const char *value)
{
    KsAddress address;

    if (!ks_address_parse(value, &address))
        return kind;
    return address.family == AF_INET ? KS_IDENTITY_IP4 : KS_IDENTITY_IP6;
}

bool ks_identity_is_harmless(KsIdentity kind, const char *value)
{
    if (kind == KS_IDENTITY_MAC)
        return strspn(value, "0:-") == strlen(value) || strspn(value, "fF:-") == strlen(value);
    if ((kind == KS_IDENTITY_INTERFACE || kind == KS_IDENTITY_TEXT || kind == KS_IDENTITY_NAME) &&
        is_harmless_interface(value))
        return true;
    return is_listed(words, value, strlen(value)) || is_harmless_address(value);
}

/* ---- what may be said of it ---- */

static const char *class_of_address(const KsAddress *address)
{
    static const struct {
        const char *network;
        unsigned prefix;
        const char *class;
    } classes[] = {
        { "169.254.0.0", 16, "link-local" }, { "fe80::", 10, "link-local" },
        { "10.0.0.0", 8, "private" },        { "172.16.0.0", 12, "private" },
        { "192.168.0.0", 16, "private" },    { "fc00::", 7, "private" },
        { "100.64.0.0", 10, "shared" },      { "224.0.0.0", 4, "multicast" },
        { "ff00::", 8, "multicast" },        { "64:ff9b::", 96, "nat64" },
        { "240.0.0.0", 4, "reserved" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(classes); i++) {
        KsAddress network;

        if (ks_address_parse(classes[i].network, &network) && network.family == address->family &&
            ks_address_is_in(address, &network, classes[i].prefix))
            return classes[i].class;
    }
    return "public";
}

const char *ks_identity_class(KsIdentity kind, const char *value)
{
    KsAddress address;

    if ((kind == KS_IDENTITY_IP4 || kind == KS_IDENTITY_IP6) && ks_address_parse(value, &address))
        return class_of_address(&address);
    if (kind == KS_IDENTITY_MAC && strlen(value) == MAC_LENGTH && g_ascii_isxdigit(value[0]) &&
        g_ascii_isxdigit(value[1])) {
        int first = g_ascii_xdigit_value(value[0]) << 4 | g_ascii_xdigit_value(value[1]);

        return first & MULTICAST_BIT ? "multicast" : first & LOCAL_BIT ? "local" : "";
    }
    return "";
}

/* ---- how things look ---- */

static size_t span(const char *text, const char *also, bool (*takes)(char))
{
    size_t length = 0;

    while (text[length] && (takes(text[length]) || strchr(also, text[length])))
        length++;
    return length;
}

static bool is_hex(char byte)
{
    return g_ascii_isxdigit(byte);
}

static bool is_digit(char byte)
{
    return g_ascii_isdigit(byte);
}

static bool is_base64(char byte)
{
    return g_ascii_isalnum(byte) || byte == '+' || byte == '/';
}

static size_t look_for_uuid(const char *text)
{
    return span(text, "-", is_hex) == UUID_LENGTH && text[8] == '-' && text[13] == '-' &&
                   text[18] == '-' && text[23] == '-'
               ? UUID_LENGTH
               : 0;
}

/* Pairs with one kind of mark between them: 6 of a card, 20 of InfiniBand, 16 bytes of DHCPv6. */
static size_t look_for_mac(const char *text)
{
    char mark = text[0] && text[1] ? text[2] : '\0';
    size_t pairs = 0;
    size_t at = 0;

    if (mark != ':' && mark != '-')
        return 0;
    while (g_ascii_isxdigit(text[at]) && g_ascii_isxdigit(text[at + 1])) {
        at += 2;
        pairs++;
        if (text[at] != mark)
            break;
        at++;
    }
    if (at > 0 && text[at - 1] == mark)
        at--;
    return pairs >= MAC_PAIRS && !ks_identity_is_word(text[at]) ? at : 0;
}

/* The longest beginning of `length` bytes that is an address of this family. */
static size_t longest_address(const char *text, size_t length, int family)
{
    char copy[KS_ADDRESS_TEXT_SIZE];
    KsAddress address;

    for (length = MIN(length, sizeof(copy) - 1); length > 1; length--) {
        memcpy(copy, text, length);
        copy[length] = '\0';
        if (!ks_identity_is_word(text[length]) && ks_address_parse(copy, &address) &&
            address.family == family)
            return length;
    }
    return 0;
}

static size_t look_for_ip4(const char *text)
{
    size_t length = longest_address(text, span(text, ".", is_digit), AF_INET);

    /* "1.0.0.10.in-addr.arpa" is a name */
    return length > 0 && text[length] == '.' && ks_identity_is_word(text[length + 1]) ? 0 : length;
}

static size_t look_for_ip6(const char *text)
{
    return longest_address(text, span(text, ":.", is_hex), AF_INET6);
}

/* A range that stands as it is in everybody's rules. */
static size_t look_for_range(const char *text)
{
    size_t length = span(text, ":./", is_hex);

    while (length > 0 && strchr(":./", text[length - 1]))
        length--;
    return is_listed(ranges, text, length) ? length : 0;
}

/* nft's number of bytes that it knows no name for: names of servers stand in the rules so. The
 * digits of masks and counts make no letter. */
static bool is_plain_number(const char *digits, size_t length)
{
    static const char *const marks[] = { "6b73646e", "6b737070", NULL };

    return length < HEX_NUMBER_MIN || strspn(digits, "01dfDF") >= length ||
           is_listed(marks, digits, length);
}

static size_t look_for_bytes(const char *text)
{
    bool number = text[0] == '0' && text[1] == 'x';
    const char *digits = number ? text + 2 : text;
    size_t length = span(digits, "", is_hex);

    if (ks_identity_is_word(digits[length]))
        length = 0;
    if (number)
        return length == 0 || is_plain_number(digits, length) ? 0 : length + 2;
    if (length >= PLAIN_HEX_MIN && (length > DECIMAL_MAX || strspn(digits, "0123456789") < length))
        return length;
    length = span(text, "", is_base64);
    return length == KEY_LENGTH - 1 && text[length] == '=' ? KEY_LENGTH : 0;
}

/* udev's name of a card by its hardware address: enx001122334455. */
static size_t look_for_card(const char *text)
{
    static const char *const kinds[] = { "enx", "wlx", "wwx" };

    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (strncmp(text, kinds[i], 3) == 0 && span(text + 3, "", is_hex) == PLAIN_HEX_MIN &&
            !ks_identity_is_word(text[3 + PLAIN_HEX_MIN]))
            return 3 + PLAIN_HEX_MIN;
    return 0;
}

/* Endings of files, units and chains of words that are no names of the DNS. */
static const char *const endings[] = {
    "service", "socket",  "target", "timer",  "mount", "slice", "scope",        "device", "conf",
    "d",       "c",       "h",      "so",     "sock",  "sh",    "py",           "ko",     "lock",
    "path",    "desktop", "xml",    "policy", "rules", "log",   "nmconnection", NULL,
};

/* Names on the bus look like names of the DNS, and are everybody's. */
static size_t look_for_bus_name(const char *text)
{
    static const char *const prefixes[] = { "io.github.nmkillswitch", "org.freedesktop." };

    for (unsigned i = 0; i < G_N_ELEMENTS(prefixes); i++)
        if (strncmp(text, prefixes[i], strlen(prefixes[i])) == 0)
            return span(text, "._", ks_identity_is_word);
    return 0;
}

static size_t look_for_host(const char *text)
{
    size_t length = span(text, ".-_@+", ks_identity_is_word);
    const char *last;
    const char *dot;

    while (length > 0 && strchr(".-_@+", text[length - 1]))
        length--;
    dot = length > 0 ? g_strrstr_len(text, (gssize) length, ".") : NULL;
    if (!dot)
        return 0;
    last = dot + 1;
    length = (size_t) (last - text) + span(last, "-", ks_identity_is_word);
    while (text[length - 1] == '-')
        length--;
    for (const char *c = last; c < text + length; c++)
        if (g_ascii_isdigit(*c) && g_ascii_strncasecmp(last, "xn--", 4) != 0)
            return 0;
    if ((size_t) (text + length - last) < LABEL_END_MIN ||
        is_listed(endings, last, (size_t) (text + length - last)))
        return 0;
    return length;
}

/* /home/NAME: the name. */
static KsIdentityPlace look_for_home(const char *text)
{
    static const char *const folders[] = { "/home/", "/media/" };

    for (unsigned i = 0; i < G_N_ELEMENTS(folders); i++) {
        size_t before = strlen(folders[i]);
        size_t length =
            strncmp(text, folders[i], before) == 0 ? strcspn(text + before, "/ \t\r\n\"',;:)") : 0;

        if (length > 0)
            return (KsIdentityPlace){ KS_IDENTITY_USER, before, length, 0 };
    }
    return (KsIdentityPlace){ 0 };
}

/* What others wrote stands in quotation marks, with a backslash before one of its own. GLib and
 * other programs have single ones. */
static KsIdentityPlace look_for_quotes(const char *text)
{
    static const struct {
        const char *opening;
        const char *closing;
        bool is_apostrophe;
    } marks[] = { { "\"", "\"", false }, { "“", "”", false }, { "'", "'", true } };

    for (unsigned i = 0; i < G_N_ELEMENTS(marks); i++) {
        size_t before = strlen(marks[i].opening);
        size_t behind = strlen(marks[i].closing);

        if (strncmp(text, marks[i].opening, before) != 0)
            continue;
        for (size_t at = before; text[at] && text[at] != '\n' && at < QUOTED_MAX; at++)
            if (text[at] == '\\' && text[at + 1])
                at++;
            else if (strncmp(text + at, marks[i].closing, behind) == 0 &&
                     !(marks[i].is_apostrophe && ks_identity_is_word(text[at + behind])))
                return at == before
                           ? (KsIdentityPlace){ 0 }
                           : (KsIdentityPlace){ KS_IDENTITY_TEXT, before, at - before, behind };
    }
    return (KsIdentityPlace){ 0 };
}

/* A single one within a word, or behind it, is an apostrophe. */
static bool opens_quotes(const char *text, size_t at)
{
    static const char before[] = " \t\n([{<,:=";

    return text[at] == '"' || strncmp(text + at, "“", strlen("“")) == 0 ||
           (text[at] == '\'' && (at == 0 || strchr(before, text[at - 1])));
}

KsIdentityPlace ks_identity_at(const char *text, size_t at)
{
    static const struct {
        KsIdentity kind;
        size_t (*look)(const char *text);
    } looks[] = {
        { KS_IDENTITY_UUID, look_for_uuid },   { KS_IDENTITY_MAC, look_for_mac },
        { KS_IDENTITY_IP4, look_for_ip4 },     { KS_IDENTITY_IP6, look_for_ip6 },
        { KS_IDENTITY_BYTES, look_for_bytes }, { KS_IDENTITY_INTERFACE, look_for_card },
        { KS_IDENTITY_HOST, look_for_host },
    };
    const char *here = text + at;
    KsIdentityPlace found;
    size_t stays;

    if (*here == '/')
        return look_for_home(here);
    if (opens_quotes(text, at))
        return look_for_quotes(here);
    if (at > 0 && ks_identity_is_word(text[at - 1]))
        return (KsIdentityPlace){ 0 };
    stays = MAX(look_for_range(here), look_for_bus_name(here));
    if (stays > 0)
        return (KsIdentityPlace){ KS_IDENTITY_TEXT, stays, 0, 0 };
    found = (KsIdentityPlace){ 0 };
    for (unsigned i = 0; i < G_N_ELEMENTS(looks); i++) {
        size_t length = looks[i].look(here);

        if (length > found.length)
            found = (KsIdentityPlace){ looks[i].kind, 0, length, 0 };
    }
    return found;
}
