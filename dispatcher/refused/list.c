/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "refused/list.h"

#include "model/printable.h"

#include <netinet/in.h>

#include <net/if.h>
#include <pwd.h>
#include <string.h>

#define TEXT_COLUMNS 256u

static char none[] = "";
static const KsProgram nobody = { .name = none, .path = none, .unit = none, .app = none };

typedef struct {
    KsRefusedPacket packet;
    KsProgram program;
    uint64_t count;
    int64_t first;
    int64_t last;
} Row;

struct KsRefusedList {
    GPtrArray *rows;    /* Row*, owned */
    GHashTable *counts; /* of user_key(): how many of the rows are theirs */
};

static void free_row(void *data)
{
    Row *row = data;

    ks_program_clear(&row->program);
    g_free(row);
}

KsRefusedList *ks_refused_list_new(void)
{
    KsRefusedList *list = g_new0(KsRefusedList, 1);

    list->rows = g_ptr_array_new_with_free_func(free_row);
    list->counts = g_hash_table_new(NULL, NULL);
    return list;
}

void ks_refused_list_free(KsRefusedList *list)
{
    if (!list)
        return;
    g_ptr_array_unref(list->rows);
    g_hash_table_unref(list->counts);
    g_free(list);
}

static bool is_same_packet(const KsRefusedPacket *a, const KsRefusedPacket *b)
{
    bool same_source = a->way == KS_REFUSED_SENT || /* its address is this machine's */
                       ks_address_compare(&a->source, &b->source) == 0;

    return a->way == b->way && a->has_uid == b->has_uid && a->uid == b->uid && a->in == b->in &&
           a->protocol == b->protocol && a->port == b->port && a->frame_type == b->frame_type &&
           same_source && ks_address_compare(&a->destination, &b->destination) == 0;
}

/* Several processes of one program are one. */
static bool is_same_program(const KsProgram *a, const KsProgram *b)
{
    return a->uid == b->uid && g_strcmp0(a->path, b->path) == 0 &&
           g_strcmp0(a->name, b->name) == 0 && g_strcmp0(a->unit, b->unit) == 0;
}

static Row *find(const KsRefusedList *list, const KsRefusedPacket *packet, const KsProgram *program)
{
    for (unsigned i = 0; i < list->rows->len; i++) {
        Row *row = g_ptr_array_index(list->rows, i);

        if (is_same_packet(&row->packet, packet) && is_same_program(&row->program, program))
            return row;
    }
    return NULL;
}

/* Those of no known sender are one user more. */
static void *user_key(const KsRefusedPacket *packet)
{
    return packet->has_uid ? GUINT_TO_POINTER(packet->uid + 1) : NULL;
}

static unsigned count_of(const KsRefusedList *list, const void *user)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(list->counts, user));
}

static void add_row(KsRefusedList *list, Row *row)
{
    void *user = user_key(&row->packet);

    g_ptr_array_add(list->rows, row);
    g_hash_table_insert(list->counts, user, GUINT_TO_POINTER(count_of(list, user) + 1));
}

/* Another row takes its place. */
static void remove_row(KsRefusedList *list, unsigned number)
{
    void *user = user_key(&((Row *) g_ptr_array_index(list->rows, number))->packet);
    unsigned left = count_of(list, user) - 1;

    if (left > 0)
        g_hash_table_insert(list->counts, user, GUINT_TO_POINTER(left));
    else
        g_hash_table_remove(list->counts, user);
    g_ptr_array_remove_index_fast(list->rows, number);
}

/* Whose rows are the most; the newcomer's, if no other's are more. */
static void *find_biggest(const KsRefusedList *list, const KsRefusedPacket *newcomer)
{
    void *biggest = user_key(newcomer);
    unsigned most = count_of(list, biggest);
    GHashTableIter users;
    void *user;
    void *count;

    g_hash_table_iter_init(&users, list->counts);
    while (g_hash_table_iter_next(&users, &user, &count)) {
        if (GPOINTER_TO_UINT(count) <= most)
            continue;
        most = GPOINTER_TO_UINT(count);
        biggest = user;
    }
    return biggest;
}

/* So that nobody's flood costs others what was theirs. False: there was room. */
static bool make_room(KsRefusedList *list, const KsRefusedPacket *newcomer)
{
    const void *user;
    unsigned oldest = 0;
    int64_t last = INT64_MAX;

    if (list->rows->len < KS_REFUSED_ROWS_MAX)
        return false;
    user = find_biggest(list, newcomer);
    for (unsigned i = 0; i < list->rows->len; i++) {
        const Row *row = g_ptr_array_index(list->rows, i);

        if (user_key(&row->packet) != user || row->last >= last)
            continue;
        oldest = i;
        last = row->last;
    }
    remove_row(list, oldest);
    return true;
}

static char *copy(const char *text)
{
    return g_strdup(text ? text : "");
}

bool ks_refused_list_add(KsRefusedList *list, const KsRefusedPacket *packet,
                         const KsProgram *program, int64_t when)
{
    const KsProgram *who = program ? program : &nobody;
    Row *row = find(list, packet, who);
    bool is_full = false;

    if (!row) {
        is_full = make_room(list, packet);
        row = g_new0(Row, 1);
        row->packet = *packet;
        row->program.uid = who->uid;
        row->program.name = copy(who->name);
        row->program.path = copy(who->path);
        row->program.unit = copy(who->unit);
        row->program.app = copy(who->app);
        row->first = when;
        add_row(list, row);
    }
    row->program.pid = who->pid;
    row->count++;
    row->last = when;
    return is_full;
}

void ks_refused_list_keep(KsRefusedList *list,
                          bool (*wants)(void *data, bool has_uid, uint32_t uid), void *data)
{
    for (unsigned i = list->rows->len; i > 0; i--) {
        const Row *row = g_ptr_array_index(list->rows, i - 1);

        if (!wants(data, row->packet.has_uid, row->packet.uid))
            remove_row(list, i - 1);
    }
}

static int compare_rows(const void *a, const void *b)
{
    const Row *x = *(Row *const *) a;
    const Row *y = *(Row *const *) b;

    return x->last > y->last ? -1 : x->last < y->last ? 1 : 0;
}

/* The bus takes UTF-8 alone; what cannot be shown is replaced, as everywhere. */
static void put_text(GVariantDict *entry, const char *name, const char *text)
{
    g_autofree char *printable = ks_printable(text, TEXT_COLUMNS);

    g_variant_dict_insert(entry, name, "s", printable);
}

static void put_address(GVariantDict *entry, const char *name, const KsAddress *address)
{
    char text[KS_ADDRESS_TEXT_SIZE];

    g_variant_dict_insert(entry, name, "s", ks_address_text(address, text));
}

static void put_interface(GVariantDict *entry, const char *name, uint32_t index)
{
    char interface[IF_NAMESIZE];

    put_text(entry, name, index && if_indextoname(index, interface) ? interface : "");
}

static const char *protocol_word(const KsRefusedPacket *packet, char ret_text[16])
{
    switch (packet->protocol) {
    case IPPROTO_TCP:
        return "tcp";
    case IPPROTO_UDP:
        return "udp";
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
        return "icmp";
    default:
        if (packet->destination.family == AF_UNSPEC)
            g_snprintf(ret_text, 16, "0x%04x", packet->frame_type);
        else
            g_snprintf(ret_text, 16, "%u", packet->protocol);
        return ret_text;
    }
}

/* A program of another user's that has the sender's socket, by being handed it, is not told. */
static const KsProgram *program_for(const Row *row, bool everything)
{
    return everything || row->program.uid == row->packet.uid ? &row->program : &nobody;
}

static GVariant *tell_row(const Row *row, const KsProgram *program)
{
    static const char *const ways[KS_REFUSED_WAYS] = {
        [KS_REFUSED_SENT] = "sent",
        [KS_REFUSED_FORWARDED] = "forwarded",
        [KS_REFUSED_FRAME] = "frame",
    };
    struct passwd *user = row->packet.has_uid ? getpwuid(row->packet.uid) : NULL;
    GVariantDict entry;
    char protocol[16];

    g_variant_dict_init(&entry, NULL);
    put_text(&entry, "program", program->name);
    put_text(&entry, "path", program->path);
    put_text(&entry, "unit", program->unit);
    put_text(&entry, "app", program->app);
    g_variant_dict_insert(&entry, "pid", "u", program->pid);
    g_variant_dict_insert(&entry, "uid", "x", row->packet.has_uid ? (gint64) row->packet.uid : -1);
    put_text(&entry, "user", user ? user->pw_name : "");
    g_variant_dict_insert(&entry, "way", "s", ways[row->packet.way]);
    put_interface(&entry, "from", row->packet.in);
    put_interface(&entry, "interface", row->packet.out);
    put_address(&entry, "source", &row->packet.source);
    put_address(&entry, "destination", &row->packet.destination);
    g_variant_dict_insert(&entry, "protocol", "s", protocol_word(&row->packet, protocol));
    g_variant_dict_insert(&entry, "port", "u", (guint32) row->packet.port);
    g_variant_dict_insert(&entry, "rule", "s", ks_refused_packet_rule(&row->packet));
    g_variant_dict_insert(&entry, "count", "t", row->count);
    g_variant_dict_insert(&entry, "first", "x", row->first);
    g_variant_dict_insert(&entry, "last", "x", row->last);
    return g_variant_dict_end(&entry);
}

/* What has no sender here, a guest's, may be another user's. */
static bool is_seen_by(const Row *row, uint32_t uid)
{
    return row->packet.has_uid && row->packet.uid == uid;
}

GVariant *ks_refused_list_tell(const KsRefusedList *list, uint32_t uid, bool everything,
                               unsigned *ret_hidden)
{
    GVariantBuilder entries;

    *ret_hidden = 0;
    g_ptr_array_sort(list->rows, compare_rows);
    g_variant_builder_init(&entries, G_VARIANT_TYPE("aa{sv}"));
    for (unsigned i = 0; i < list->rows->len; i++) {
        const Row *row = g_ptr_array_index(list->rows, i);

        if (everything || is_seen_by(row, uid))
            g_variant_builder_add_value(&entries, tell_row(row, program_for(row, everything)));
        else
            (*ret_hidden)++;
    }
    return g_variant_builder_end(&entries);
}
