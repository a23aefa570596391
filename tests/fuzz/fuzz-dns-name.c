/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: a host name. */
#include "fuzz.h"
#include "model/dns-name.h"
#include "model/server.h"

#include <glib.h>
#include <string.h>

#define LABEL_MAX 63u /* RFC 1035, 2.3.4 */

/* The labels back as text, without the final dot. */
static char *text_of(const KsDnsName *name)
{
    GString *text = g_string_new(NULL);
    size_t at = 0;

    FUZZ_CHECK(name->length >= 3 && name->length <= KS_DNS_WIRE_MAX);
    while (at < name->length && name->bytes[at] > 0) {
        uint8_t length = name->bytes[at];

        FUZZ_CHECK(length <= LABEL_MAX && at + 1 + length < name->length);
        if (at > 0)
            g_string_append_c(text, '.');
        g_string_append_len(text, (const char *) name->bytes + at + 1, length);
        at += 1 + (size_t) length;
    }
    FUZZ_CHECK(at + 1 == name->length);
    return g_string_free(text, FALSE);
}

/* Letters in the other case are compared with the same keys. */
static void check_keys(const KsDnsName *name, const char *text)
{
    g_autofree char *lower = g_ascii_strdown(text, -1);
    g_autofree char *upper = g_ascii_strup(text, -1);
    KsDnsName names[2];
    KsDnsKeys keys[2];

    memset(keys, 0, sizeof(keys)); /* with what lies between the members */
    FUZZ_CHECK(ks_dns_name_encode(lower, &names[0]) && ks_dns_name_encode(upper, &names[1]));
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        FUZZ_CHECK(names[i].length == name->length);
        FUZZ_CHECK(ks_dns_name_keys(&names[i], &keys[i]) == (name->length <= KS_DNS_COMPARED_MAX));
    }
    if (name->length > KS_DNS_COMPARED_MAX)
        return;
    FUZZ_CHECK(memcmp(keys[0].head, keys[1].head, sizeof(keys[0].head)) == 0);
    FUZZ_CHECK(memcmp(keys[0].tail, keys[1].tail, sizeof(keys[0].tail)) == 0);
    FUZZ_CHECK(keys[0].is_long == keys[1].is_long);
    FUZZ_CHECK(keys[0].is_long == (name->length > KS_DNS_PIECE));
    FUZZ_CHECK(ks_host_equal(lower, upper) && ks_host_hash(lower) == ks_host_hash(upper));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *host = g_strndup((const char *) data, size);
    g_autofree char *text = NULL;
    KsDnsName name;

    if (!ks_dns_name_encode(host, &name))
        return 0;
    FUZZ_CHECK(ks_server_host_is_valid(host));
    text = text_of(&name);
    FUZZ_CHECK(ks_host_equal(host, text) && ks_host_hash(host) == ks_host_hash(text));
    check_keys(&name, text);
    return 0;
}
