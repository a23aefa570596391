/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/exceptions.h"

#include "model/printable.h"
#include "policy/error.h"

#include <string.h>
#include <sys/socket.h>

struct KsExceptions {
    GPtrArray *entries; /* element-type KsExceptionEntry, owned */
};

static void free_entry(void *data)
{
    KsExceptionEntry *entry = data;

    g_free(entry->name);
    g_free(entry->source);
    ks_exception_network_clear(&entry->on);
    g_free(entry);
}

KsExceptions *ks_exceptions_new(void)
{
    KsExceptions *exceptions = g_new0(KsExceptions, 1);

    exceptions->entries = g_ptr_array_new_with_free_func(free_entry);
    return exceptions;
}

static void add_entry(KsExceptions *exceptions, const KsExceptionEntry *entry)
{
    KsExceptionEntry *added = g_new0(KsExceptionEntry, 1);

    *added = *entry;
    added->name = g_strdup(entry->name);
    added->source = g_strdup(entry->source);
    ks_exception_network_copy(&entry->on, &added->on);
    g_ptr_array_add(exceptions->entries, added);
}

KsExceptions *ks_exceptions_copy(const KsExceptions *exceptions)
{
    KsExceptions *copy = ks_exceptions_new();

    for (unsigned i = 0; i < ks_exceptions_count(exceptions); i++)
        add_entry(copy, ks_exceptions_get(exceptions, i));
    return copy;
}

void ks_exceptions_free(KsExceptions *exceptions)
{
    if (!exceptions)
        return;
    g_ptr_array_unref(exceptions->entries);
    g_free(exceptions);
}

unsigned ks_exceptions_count(const KsExceptions *exceptions)
{
    return exceptions ? exceptions->entries->len : 0;
}

const KsExceptionEntry *ks_exceptions_get(const KsExceptions *exceptions, unsigned number)
{
    return g_ptr_array_index(exceptions->entries, number);
}

char **ks_exceptions_networks(const KsExceptions *exceptions)
{
    GPtrArray *uuids = g_ptr_array_new();

    for (unsigned i = 0; i < ks_exceptions_count(exceptions); i++) {
        const char *uuid = ks_exceptions_get(exceptions, i)->on.uuid;

        if (uuid)
            g_ptr_array_add(uuids, g_strdup(uuid));
    }
    g_ptr_array_add(uuids, NULL);
    return (char **) g_ptr_array_free(uuids, FALSE);
}

static bool fail(GError **error, KsError code, const char *sentence)
{
    g_set_error_literal(error, KS_ERROR, code, sentence);
    return false;
}

static bool name_is_valid(const char *name)
{
    size_t length = strlen(name);

    return length > 0 && length <= KS_EXCEPTION_NAME_MAX && ks_printable_is(name) &&
           name[0] != ' ' && name[length - 1] != ' ' && name[0] != '-';
}

/* Beside those that are there. */
static bool fits(const KsExceptions *exceptions, const char *name, const KsException *what,
                 const KsExceptionNetwork *on, GError **error)
{
    for (unsigned i = 0; i < exceptions->entries->len; i++) {
        const KsExceptionEntry *entry = ks_exceptions_get(exceptions, i);

        if (strcmp(entry->name, name) == 0)
            return fail(error, KS_ERROR_EXCEPTION_EXISTS,
                        "There is an exception of this name already. Remove it first: "
                        "nm-killswitch allow remove NAME");
        if (!ks_exceptions_overlap(&entry->what, what) ||
            !ks_exception_networks_meet(&entry->on, on))
            continue;
        g_set_error(error, KS_ERROR, KS_ERROR_EXCEPTION_EXISTS,
                    "The exception “%s” opens some of this already. Remove it first: nm-killswitch "
                    "allow remove NAME",
                    entry->name);
        return false;
    }
    if (exceptions->entries->len == KS_EXCEPTIONS_MAX)
        return fail(error, KS_ERROR_INVALID_ARGUMENTS,
                    "There are 64 exceptions already, and no more can be made.");
    return true;
}

static bool read_wish(const KsExceptionWish *wish, KsException *ret_what, GError **error)
{
    if (!name_is_valid(wish->name))
        return fail(error, KS_ERROR_INVALID_ARGUMENTS,
                    "An exception's name has 1 to 128 bytes of printable text, and begins with no "
                    "\"-\".");
    ret_what->incoming = wish->from;
    if (!ks_exception_read_to(wish->from ? wish->from : wish->to, ret_what))
        return fail(error, KS_ERROR_INVALID_ARGUMENTS,
                    "An exception is for an address or a range: 192.0.2.5, 192.0.2.0/24 or "
                    "2001:db8::/64. Names have no place here.");
    if (!ks_exception_read_protocol(wish->protocol, ret_what))
        return fail(error, KS_ERROR_INVALID_ARGUMENTS, "The protocol is tcp, udp or icmp.");
    ret_what->first_port = wish->first_port;
    ret_what->last_port = wish->last_port;
    if (wish->last_port < wish->first_port || (wish->first_port == 0 && wish->last_port > 0))
        return fail(
            error, KS_ERROR_INVALID_ARGUMENTS,
            "A port is a number from 1 to 65535, a range two of them, the lower one first.");
    return true;
}

/* A range that holds one is as narrow as it was said. */
static bool is_broadcast(const KsException *what, const KsWorld *world)
{
    return what->prefix == ks_address_size(&what->address) * 8 &&
           ks_world_is_broadcast(world, &what->address);
}

/* This network has IPv4 in its addresses (NAT64), and more than 2^16 of it is meant. */
static bool is_translated_wide(const KsException *what, const KsWorld *world)
{
    for (unsigned i = 0; i < world->translations_count; i++) {
        const KsTranslation *translation = &world->translations[i];
        KsAddress first = { .family = AF_INET6 };

        memcpy(first.bytes, translation->bytes, sizeof(translation->bytes));
        if (what->prefix < translation->length + 16u &&
            ks_address_is_in(&what->address, &first, MIN(what->prefix, translation->length)))
            return true;
    }
    return false;
}

/* By what is known of the network now. */
static bool suits(const KsException *what, const KsWorld *world, GError **error)
{
    if (is_broadcast(what, world))
        return fail(error, KS_ERROR_INVALID_ARGUMENTS,
                    "This address is a broadcast of the local network: all machines on it. "
                    "Broadcasts are for LAN access.");
    if (!what->incoming && is_translated_wide(what, world))
        return fail(error, KS_ERROR_INVALID_ARGUMENTS,
                    "On this network addresses of this range stand for IPv4 ones, and an exception "
                    "this wide would be no lock.");
    return true;
}

bool ks_exceptions_add(KsExceptions *exceptions, const KsExceptionWish *wish, const KsWorld *world,
                       uint32_t until, GError **error)
{
    KsException what = { 0 };
    const char *refusal;
    const char *leak;

    if (!read_wish(wish, &what, error))
        return false;
    refusal = ks_exception_refusal(&what);
    leak = ks_exception_leak(&what);
    if (refusal)
        return fail(error, KS_ERROR_INVALID_ARGUMENTS, refusal);
    if ((world && !suits(&what, world, error)) ||
        !fits(exceptions, wish->name, &what, &wish->on, error))
        return false;
    if (leak && !wish->confirmed)
        return fail(error, KS_ERROR_NOT_CONFIRMED, leak);
    add_entry(exceptions, &(KsExceptionEntry){ .name = (char *) wish->name,
                                               .source = (char *) wish->source,
                                               .what = what,
                                               .on = wish->on,
                                               .until = until });
    return true;
}

bool ks_exceptions_add_entry(KsExceptions *exceptions, const KsExceptionEntry *entry)
{
    if (!fits(exceptions, entry->name, &entry->what, &entry->on, NULL))
        return false;
    add_entry(exceptions, entry);
    return true;
}

const KsExceptionEntry *ks_exceptions_find(const KsExceptions *exceptions, const char *name)
{
    for (unsigned i = 0; i < ks_exceptions_count(exceptions); i++)
        if (strcmp(ks_exceptions_get(exceptions, i)->name, name) == 0)
            return ks_exceptions_get(exceptions, i);
    return NULL;
}

bool ks_exceptions_remove(KsExceptions *exceptions, const char *name, GError **error)
{
    for (unsigned i = 0; i < exceptions->entries->len; i++) {
        if (strcmp(ks_exceptions_get(exceptions, i)->name, name) != 0)
            continue;
        g_ptr_array_remove_index(exceptions->entries, i);
        return true;
    }
    return fail(error, KS_ERROR_NO_SUCH_EXCEPTION,
                "There is no exception of this name. To see them: nm-killswitch allow list");
}

static uint32_t end_of(uint32_t until)
{
    return until > KS_EXCEPTION_EARLIER ? until - KS_EXCEPTION_EARLIER : 1;
}

bool ks_exceptions_end(KsExceptions *exceptions, uint32_t now)
{
    unsigned before = exceptions->entries->len;

    for (unsigned i = before; i > 0; i--) {
        uint32_t until = ks_exceptions_get(exceptions, i - 1)->until;

        if (until > 0 && end_of(until) <= now)
            g_ptr_array_remove_index(exceptions->entries, i - 1);
    }
    return exceptions->entries->len < before;
}

uint32_t ks_exceptions_next_end(const KsExceptions *exceptions)
{
    uint32_t next = 0;

    for (unsigned i = 0; i < ks_exceptions_count(exceptions); i++) {
        uint32_t until = ks_exceptions_get(exceptions, i)->until;

        if (until > 0 && (next == 0 || end_of(until) < next))
            next = end_of(until);
    }
    return next;
}

bool ks_exceptions_forget(KsExceptions *exceptions,
                          bool (*is_there)(const char *uuid, const void *data), const void *data)
{
    unsigned before = exceptions->entries->len;

    for (unsigned i = before; i > 0; i--) {
        const KsExceptionEntry *entry = ks_exceptions_get(exceptions, i - 1);

        if (entry->on.uuid && !is_there(entry->on.uuid, data))
            g_ptr_array_remove_index(exceptions->entries, i - 1);
    }
    return exceptions->entries->len < before;
}

static bool draw_on_network(const KsWorld *world, const KsExceptionEntry *entry, KsLock *lock)
{
    bool all = true;

    for (unsigned i = 0; i < world->networks->len; i++) {
        uint32_t index =
            ks_exception_network_index(&entry->on, world, g_ptr_array_index(world->networks, i));

        if (index > 0)
            all &= ks_lock_add_exception(lock, &entry->what, entry->until, index);
    }
    return all;
}

bool ks_exceptions_draw(const KsWorld *world, KsLock *lock)
{
    const KsExceptions *exceptions = world->exceptions;
    bool all = true;

    for (unsigned i = 0; i < ks_exceptions_count(exceptions); i++) {
        const KsExceptionEntry *entry = ks_exceptions_get(exceptions, i);

        if (is_broadcast(&entry->what, world))
            continue;
        all &= entry->on.uuid ? draw_on_network(world, entry, lock)
                              : ks_lock_add_exception(lock, &entry->what, entry->until, 0);
    }
    return all;
}

/* ---- as a file's text ---- */

#define GROUP_FILE  "exceptions"
#define KEY_VERSION "version"
#define VERSION     2
#define VERSION_ALL \
    1 /* of one without networks: versions before know these, and would make one of
                        * all of what is for one alone */
#define GROUP_PREFIX "exception "
#define KEY_NAME     "name"
#define KEY_TO       "to"
#define KEY_FROM     "from"
#define KEY_PROTOCOL "protocol"
#define KEY_PORTS    "ports"
#define KEY_UNTIL    "until"
#define KEY_NETWORK  "network"
#define KEY_PLACE    "network-place"
#define KEY_CALLED   "network-name"

static void put_entry(GKeyFile *file, const char *group, const KsExceptionEntry *entry)
{
    char to[KS_EXCEPTION_TO_TEXT_SIZE];
    char ports[KS_EXCEPTION_PORT_TEXT_MAX];

    g_key_file_set_string(file, group, KEY_NAME, entry->name);
    g_key_file_set_string(file, group, entry->what.incoming ? KEY_FROM : KEY_TO,
                          ks_exception_to_text(&entry->what, to));
    g_key_file_set_string(file, group, KEY_PROTOCOL, ks_exception_protocol_name(&entry->what));
    g_key_file_set_string(file, group, KEY_PORTS, ks_exception_ports_text(&entry->what, ports));
    if (entry->until > 0)
        g_key_file_set_uint64(file, group, KEY_UNTIL, entry->until);
    if (!entry->on.uuid)
        return;
    g_key_file_set_string(file, group, KEY_NETWORK, entry->on.uuid);
    g_key_file_set_string(file, group, KEY_PLACE, entry->on.place);
    g_key_file_set_string(file, group, KEY_CALLED, entry->on.name);
}

char *ks_exceptions_to_text(const KsExceptions *exceptions, bool ending)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    unsigned put = 0;
    int version = VERSION_ALL;

    g_key_file_set_integer(file, GROUP_FILE, KEY_VERSION, version); /* its place is before them */
    for (unsigned i = 0; i < ks_exceptions_count(exceptions); i++) {
        const KsExceptionEntry *entry = ks_exceptions_get(exceptions, i);
        g_autofree char *group = NULL;

        if ((entry->until > 0) != ending)
            continue;
        group = g_strdup_printf(GROUP_PREFIX "%u", ++put);
        put_entry(file, group, entry);
        if (entry->on.uuid)
            version = VERSION;
    }
    g_key_file_set_integer(file, GROUP_FILE, KEY_VERSION, version);
    return g_key_file_to_data(file, NULL, NULL);
}

/* All of it or nothing, and nothing in a file that versions before understand. */
static bool take_network(GKeyFile *file, const char *group, KsExceptionNetwork *ret_network)
{
    static const char *const keys[] = { KEY_NETWORK, KEY_PLACE, KEY_CALLED };
    unsigned there = 0;

    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++)
        there += g_key_file_has_key(file, group, keys[i], NULL);
    if (there == 0)
        return true;
    ret_network->uuid = g_key_file_get_string(file, group, KEY_NETWORK, NULL);
    ret_network->place = g_key_file_get_string(file, group, KEY_PLACE, NULL);
    ret_network->name = g_key_file_get_string(file, group, KEY_CALLED, NULL);
    return ret_network->uuid && ret_network->place && ret_network->name &&
           g_key_file_get_integer(file, GROUP_FILE, KEY_VERSION, NULL) == VERSION &&
           ks_exception_network_is_valid(ret_network);
}

static bool take_group(KsExceptions *exceptions, GKeyFile *file, const char *group, bool ending,
                       GError **error)
{
    g_autofree char *name = g_key_file_get_string(file, group, KEY_NAME, NULL);
    g_autofree char *to = g_key_file_get_string(file, group, KEY_TO, NULL);
    g_autofree char *from = g_key_file_get_string(file, group, KEY_FROM, NULL);
    g_autofree char *protocol = g_key_file_get_string(file, group, KEY_PROTOCOL, NULL);
    g_autofree char *ports = g_key_file_get_string(file, group, KEY_PORTS, NULL);
    uint64_t until = g_key_file_get_uint64(file, group, KEY_UNTIL, NULL);
    KsExceptionWish wish = {
        .name = name, .to = to, .from = from, .protocol = protocol, .confirmed = true
    };
    KsException read = { 0 };
    g_auto(KsExceptionNetwork) on = { 0 };

    if (!take_network(file, group, &on) || !name || !to == !from || !protocol || !ports ||
        !ks_exception_read_ports(ports, &read) ||
        g_key_file_has_key(file, group, KEY_UNTIL, NULL) != ending || (ending && until == 0) ||
        until > UINT32_MAX)
        return fail(error, KS_ERROR_STATE, "a key is missing or has no meaning");
    wish.first_port = read.first_port;
    wish.last_port = read.last_port;
    wish.on = on;
    return ks_exceptions_add(exceptions, &wish, NULL, (uint32_t) until, error);
}

static bool take_groups(KsExceptions *exceptions, GKeyFile *file, bool ending, GError **error)
{
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);

    int version = g_key_file_get_integer(file, GROUP_FILE, KEY_VERSION, NULL);

    if (version != VERSION && version != VERSION_ALL)
        return fail(error, KS_ERROR_STATE, "it is of another version");
    for (unsigned i = 0; groups[i]; i++) {
        if (strcmp(groups[i], GROUP_FILE) == 0)
            continue;
        if (!g_str_has_prefix(groups[i], GROUP_PREFIX))
            return fail(error, KS_ERROR_STATE, "a group in it is no exception");
        if (!take_group(exceptions, file, groups[i], ending, error))
            return false;
    }
    return true;
}

bool ks_exceptions_text_is_newer(const char *text, gsize length)
{
    g_autoptr(GKeyFile) file = g_key_file_new();

    return g_key_file_load_from_data(file, text, length, G_KEY_FILE_NONE, NULL) &&
           g_key_file_get_integer(file, GROUP_FILE, KEY_VERSION, NULL) > VERSION;
}

bool ks_exceptions_take_text(KsExceptions *exceptions, const char *text, gsize length, bool ending,
                             GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    unsigned before = exceptions->entries->len;

    if (g_key_file_load_from_data(file, text, length, G_KEY_FILE_NONE, error) &&
        take_groups(exceptions, file, ending, error))
        return true;
    g_ptr_array_set_size(exceptions->entries, (int) before);
    return false;
}
