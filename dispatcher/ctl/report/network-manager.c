/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"
#include "ctl/report/sections.h"

#include <string.h>

#define SERVICE    "org.freedesktop.NetworkManager"
#define TIMEOUT_MS 5000

/* Profiles whose names, networks and interfaces are known for sure. */
#define PROFILES_MAX 512u

/* What is told of an object, by its interface; the rest is nobody's business, or long. */
static const struct {
    const char *interface;
    const char *properties[16];
} told[] = {
    { SERVICE,
      { "Version", "State", "Connectivity", "ConnectivityCheckEnabled", "NetworkingEnabled",
        "WirelessEnabled", "PrimaryConnectionType", "Metered" } },
    { SERVICE ".Device",
      { "Interface", "IpInterface", "DeviceType", "Driver", "State", "StateReason", "Managed",
        "Mtu", "InterfaceFlags", "Ip4Connectivity", "Ip6Connectivity", "HwAddress" } },
    { SERVICE ".Connection.Active",
      { "Id", "Uuid", "Type", "State", "StateFlags", "Default", "Default6", "Vpn" } },
    { SERVICE ".VPN.Connection", { "VpnState" } },
    { SERVICE ".IP4Config",
      { "AddressData", "RouteData", "Gateway", "NameserverData", "Domains", "Searches",
        "DnsOptions", "DnsPriority" } },
    { SERVICE ".IP6Config",
      { "AddressData", "RouteData", "Gateway", "Nameservers", "Domains", "Searches", "DnsOptions",
        "DnsPriority" } },
    { SERVICE ".DHCP4Config", { "Options" } },
    { SERVICE ".DHCP6Config", { "Options" } },
    { SERVICE ".DnsManager", { "Mode", "RcManager", "Configuration" } },
};

static const KsPaperKey keys[] = {
    { "Id", KS_IDENTITY_NAME },
    { "Uuid", KS_IDENTITY_UUID },
    { "Interface", KS_IDENTITY_INTERFACE },
    { "IpInterface", KS_IDENTITY_INTERFACE },
    { "interface", KS_IDENTITY_INTERFACE },
    { "HwAddress", KS_IDENTITY_MAC },
    { "Domains", KS_IDENTITY_HOST },
    { "Searches", KS_IDENTITY_HOST },
    { "domains", KS_IDENTITY_HOST },
    { "Options", KS_IDENTITY_TEXT },
    { "domain_name", KS_IDENTITY_HOST },
    { "host_name", KS_IDENTITY_HOST },
    { NULL, 0 },
};

/* What of a profile tells whose it is; by setting and key. */
static const struct {
    const char *setting;
    const char *key;
    KsIdentity kind;
} identities[] = {
    { "connection", "id", KS_IDENTITY_NAME },
    { "connection", "interface-name", KS_IDENTITY_INTERFACE },
    { "802-11-wireless", "ssid", KS_IDENTITY_NAME },
    { "802-11-wireless", "bssid", KS_IDENTITY_MAC },
    { "802-1x", "identity", KS_IDENTITY_USER },
    { "gsm", "apn", KS_IDENTITY_NAME },
    { "pppoe", "username", KS_IDENTITY_USER },
    { "vpn", "user-name", KS_IDENTITY_USER },
    { "ipv4", "dhcp-hostname", KS_IDENTITY_HOST },
    { "ipv6", "dhcp-hostname", KS_IDENTITY_HOST },
    { "ipv4", "dns-search", KS_IDENTITY_HOST },
    { "ipv6", "dns-search", KS_IDENTITY_HOST },
};

static GVariant *call(KsReport *report, const char *path, const char *interface, const char *method,
                      const GVariantType *type, GError **error)
{
    return g_dbus_connection_call_sync(report->bus, SERVICE, path, interface, method, NULL, type,
                                       G_DBUS_CALL_FLAGS_NONE, TIMEOUT_MS, NULL, error);
}

static void learn_variant(KsReport *report, KsIdentity kind, GVariant *value)
{
    if (g_variant_is_of_type(value, G_VARIANT_TYPE_STRING)) {
        ks_paper_learn(report->paper, kind, g_variant_get_string(value, NULL));
    } else if (g_variant_is_of_type(value, G_VARIANT_TYPE_BYTESTRING)) {
        gsize size;
        const char *bytes = g_variant_get_fixed_array(value, &size, 1);
        g_autofree char *text = g_strndup(bytes, size);

        ks_paper_learn(report->paper, kind, text);
    } else if (g_variant_is_of_type(value, G_VARIANT_TYPE_STRING_ARRAY)) {
        g_autofree const char **texts = g_variant_get_strv(value, NULL);

        for (unsigned i = 0; texts[i]; i++)
            ks_paper_learn(report->paper, kind, texts[i]);
    }
}

/* HOST:PORT:PROTOCOL, several of them; a host without a dot is known by this alone. */
static void learn_parts(KsReport *report, KsIdentity kind, const char *value)
{
    g_auto(GStrv) parts = g_strsplit_set(value, ", :", -1);

    ks_paper_learn(report->paper, kind, value);
    for (unsigned i = 0; kind == KS_IDENTITY_HOST && parts[i]; i++)
        if (strspn(parts[i], "0123456789") < strlen(parts[i]))
            ks_paper_learn(report->paper, kind, parts[i]);
}

/* A VPN's own words for who logs in, and to which machine. */
static void learn_vpn_data(KsReport *report, GVariant *settings)
{
    static const struct {
        const char *key;
        KsIdentity kind;
    } items[] = {
        { "username", KS_IDENTITY_USER },       { "user", KS_IDENTITY_USER },
        { "Xauth username", KS_IDENTITY_USER }, { "remote", KS_IDENTITY_HOST },
        { "gateway", KS_IDENTITY_HOST },        { "address", KS_IDENTITY_HOST },
        { "IPSec gateway", KS_IDENTITY_HOST },  { "domain", KS_IDENTITY_HOST },
    };
    g_autoptr(GVariant) vpn = g_variant_lookup_value(settings, "vpn", G_VARIANT_TYPE_VARDICT);
    g_autoptr(GVariant) data =
        vpn ? g_variant_lookup_value(vpn, "data", G_VARIANT_TYPE("a{ss}")) : NULL;

    for (unsigned i = 0; data && i < G_N_ELEMENTS(items); i++) {
        const char *value = NULL;

        if (g_variant_lookup(data, items[i].key, "&s", &value))
            learn_parts(report, items[i].kind, value);
    }
}

/* False: NetworkManager did not tell. */
static bool learn_profile(KsReport *report, const char *path)
{
    g_autoptr(GVariant) answer = call(report, path, SERVICE ".Settings.Connection", "GetSettings",
                                      G_VARIANT_TYPE("(a{sa{sv}})"), NULL);
    g_autoptr(GVariant) settings = answer ? g_variant_get_child_value(answer, 0) : NULL;

    for (unsigned i = 0; settings && i < G_N_ELEMENTS(identities); i++) {
        g_autoptr(GVariant) setting =
            g_variant_lookup_value(settings, identities[i].setting, G_VARIANT_TYPE_VARDICT);
        g_autoptr(GVariant) value =
            setting ? g_variant_lookup_value(setting, identities[i].key, NULL) : NULL;

        if (value)
            learn_variant(report, identities[i].kind, value);
    }
    if (settings)
        learn_vpn_data(report, settings);
    return settings != NULL;
}

static void put_interface(KsReport *report, unsigned row, GVariant *properties)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(told[row].properties) && told[row].properties[i]; i++) {
        const char *name = told[row].properties[i];
        g_autoptr(GVariant) value = g_variant_lookup_value(properties, name, NULL);
        GVariantBuilder one;
        g_autoptr(GVariant) pair = NULL;

        if (!value)
            continue;
        g_variant_builder_init(&one, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(&one, "{sv}", name, value);
        pair = g_variant_ref_sink(g_variant_builder_end(&one));
        ks_paper_put_variant(report->paper, pair, keys, 2);
    }
}

static void put_object(KsReport *report, const char *path, GVariant *interfaces)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(told); i++) {
        g_autoptr(GVariant) properties =
            g_variant_lookup_value(interfaces, told[i].interface, G_VARIANT_TYPE_VARDICT);

        if (!properties)
            continue;
        ks_paper_put(report->paper, "%s %s\n", path, told[i].interface);
        put_interface(report, i, properties);
    }
}

void ks_report_network_manager(KsReport *report)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) answer = NULL;
    g_autoptr(GVariant) objects = NULL;
    GVariantIter iter;
    const char *path;
    GVariant *interfaces;
    unsigned profiles = 0;
    bool all_told = true;

    if (!report->bus) {
        ks_paper_lacks(report->paper, "%s", report->no_bus);
        return;
    }
    answer = call(report, "/org/freedesktop", "org.freedesktop.DBus.ObjectManager",
                  "GetManagedObjects", G_VARIANT_TYPE("(a{oa{sa{sv}}})"), &error);
    if (!answer) {
        (void) g_dbus_error_strip_remote_error(error);
        ks_paper_lacks(report->paper, "NetworkManager does not answer: %s", error->message);
        return;
    }
    objects = g_variant_get_child_value(answer, 0);
    g_variant_iter_init(&iter, objects);
    while (g_variant_iter_loop(&iter, "{&o@a{sa{sv}}}", &path, &interfaces)) {
        g_autoptr(GVariant) profile = g_variant_lookup_value(
            interfaces, SERVICE ".Settings.Connection", G_VARIANT_TYPE_VARDICT);

        put_object(report, path, interfaces);
        if (profile && profiles++ < PROFILES_MAX)
            all_told &= learn_profile(report, path);
    }
    ks_paper_put(report->paper, "profiles: %u\n", profiles);
    report->names_known = all_told && profiles <= PROFILES_MAX;
}
