/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/server-cache.h"

#include "model/server.h"

#include "config.h"
#include "model/address.h"

#include <string.h>
#include <sys/socket.h>

/* The first line: another version may mean other things by the same keys. What was written before
 * the number was, named private profiles' servers; before it was 2, those of one network alone. */
#define HEADER "nm-killswitch " KS_VERSION " servers 2"

static const struct {
    KsSetId set;
    const char *name;
    sa_family_t family; /* of the address that each key begins with */
} cached[] = {
    { KS_SET_SERVERS4, "servers4", AF_INET },
    { KS_SET_SERVERS6, "servers6", AF_INET6 },
    { KS_SET_PROTOCOLS4, "protocols4", AF_INET },
    { KS_SET_PROTOCOLS6, "protocols6", AF_INET6 },
};

static char *checksum(const char *body)
{
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, body, -1);
}

static void append_key(GString *body, const char *name, const KsKey *key, size_t size)
{
    g_string_append_printf(body, "%s ", name);
    for (size_t i = 0; i < size; i++)
        g_string_append_printf(body, "%02x", key->bytes[i]);
    g_string_append_printf(body, " %08x\n", key->value);
}

char *ks_server_cache_write(const KsLock *lock)
{
    g_autoptr(GString) body = g_string_new(NULL);
    g_autofree char *sum = NULL;
    unsigned left = KS_SERVER_CACHE_MAX;

    for (unsigned i = 0; i < G_N_ELEMENTS(cached); i++) {
        const GArray *keys = lock->sets[cached[i].set];

        for (unsigned j = 0; j < keys->len && left > 0; j++) {
            const KsKey *key = &g_array_index(keys, KsKey, j);

            if (ks_port_is_name_servers(ks_key_port(cached[i].set, key)))
                continue; /* open only while its VPN is used */
            append_key(body, cached[i].name, key, ks_key_size(cached[i].set));
            left--;
        }
    }
    sum = checksum(body->str);
    return g_strdup_printf("%s %s\n%s", HEADER, sum, body->str);
}

/* Two digits a byte and nothing else. */
static bool read_bytes(const char *digits, size_t size, uint8_t *ret_bytes)
{
    if (strlen(digits) != 2 * size)
        return false;
    for (size_t i = 0; i < size; i++) {
        int high = g_ascii_xdigit_value(digits[2 * i]);
        int low = g_ascii_xdigit_value(digits[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        ret_bytes[i] = (uint8_t) (high << 4 | low);
    }
    return true;
}

static bool read_key(char **words, KsSetId set, KsKey *ret_key)
{
    uint32_t value;

    if (!read_bytes(words[1], ks_key_size(set), ret_key->bytes) ||
        !read_bytes(words[2], sizeof(value), (uint8_t *) &value))
        return false;
    ret_key->value = GUINT32_FROM_BE(value);
    return true;
}

static bool take_line(KsLock *lock, const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", 4);

    for (unsigned i = 0; g_strv_length(words) == 3 && i < G_N_ELEMENTS(cached); i++) {
        KsAddress address = { .family = (uint8_t) cached[i].family };
        KsKey key = { 0 };

        if (strcmp(words[0], cached[i].name) != 0)
            continue;
        if (!read_key(words, cached[i].set, &key))
            return false;
        memcpy(address.bytes, key.bytes, ks_address_size(&address));
        return ks_address_is_unicast(&address) && ks_lock_add_key(lock, cached[i].set, &key);
    }
    return false;
}

/* The lines behind a header of ours whose sum is right; NULL: there are none. */
static const char *find_body(const char *text)
{
    const char *body = strchr(text, '\n');
    g_autofree char *header = NULL;
    g_autofree char *sum = NULL;

    if (!body)
        return NULL;
    body++;
    sum = checksum(body);
    header = g_strdup_printf("%s %s\n", HEADER, sum);
    return strlen(header) == (size_t) (body - text) && g_str_has_prefix(text, header) ? body : NULL;
}

unsigned ks_server_cache_read(const char *text, KsLock *lock)
{
    const char *body = text ? find_body(text) : NULL;
    g_auto(GStrv) lines = body ? g_strsplit(body, "\n", KS_SERVER_CACHE_MAX + 1) : NULL;
    unsigned count = 0;

    for (unsigned i = 0; lines && lines[i]; i++)
        count += take_line(lock, lines[i]);
    ks_lock_seal(lock);
    return count;
}
