/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "refused/program.h"

#include "files/bounded-file.h"

#include <netinet/in.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Sockets whose program is remembered, and for how long: an inode's number comes again at last. */
#define REMEMBERED_MAX 512u
#define REMEMBERED_US  (10 * G_USEC_PER_SEC)

/* A look at all processes takes some milliseconds; so many a second at most. */
#define LOOKS_PER_SECOND 10u

/* The processes that were found last, looked at before all others. */
#define RECENT 8u

#define PATH_MAX_KEPT 512u
#define FILE_MAX      4096u
#define TABLE_MAX     (256u * 1024u)

typedef struct {
    KsProgram program;
    gint64 found; /* monotonic */
} Remembered;

struct KsPrograms {
    GHashTable *by_inode; /* uint32_t -> Remembered */
    uint32_t recent[RECENT];
    gint64 second; /* in which `looks` were made */
    unsigned looks;
};

void ks_program_clear(KsProgram *program)
{
    g_free(program->name);
    g_free(program->path);
    g_free(program->unit);
    g_free(program->app);
    *program = (KsProgram){ 0 };
}

static void free_remembered(void *data)
{
    Remembered *remembered = data;

    ks_program_clear(&remembered->program);
    g_free(remembered);
}

KsPrograms *ks_programs_new(void)
{
    KsPrograms *programs = g_new0(KsPrograms, 1);

    programs->by_inode = g_hash_table_new_full(NULL, NULL, NULL, free_remembered);
    return programs;
}

void ks_programs_free(KsPrograms *programs)
{
    if (!programs)
        return;
    g_hash_table_unref(programs->by_inode);
    g_free(programs);
}

/* "" if it cannot be read. */
static char *read_start(const char *path, size_t max)
{
    size_t size;
    char *text = ks_file_read_start(path, max, &size);

    return text ? text : g_strdup("");
}

/* ---- of a process ---- */

static bool is_unit(const char *part)
{
    return g_str_has_suffix(part, ".service") || g_str_has_suffix(part, ".scope") ||
           g_str_has_suffix(part, ".socket");
}

/* systemd writes a dash of a name as \x2d. */
static char *unescape(const char *name)
{
    g_auto(GStrv) parts = g_strsplit(name, "\\x2d", -1);

    return g_strjoinv("-", parts);
}

/* app[-LAUNCHER]-APPLICATION-RANDOM.scope, app[-LAUNCHER]-APPLICATION[@RANDOM].service */
static char *app_of(const char *unit)
{
    g_autofree char *stem = g_strdup(unit);
    bool is_scope = g_str_has_suffix(unit, ".scope");
    char *end = strrchr(stem, '.');
    char *at;

    if (!g_str_has_prefix(unit, "app-") || !end)
        return g_strdup("");
    *end = '\0';
    end = is_scope ? strrchr(stem, '-') : strchr(stem, '@');
    if (end && end > stem + strlen("app"))
        *end = '\0';
    else if (is_scope)
        return g_strdup("");
    at = strrchr(stem, '-');
    return unescape(at ? at + 1 : stem);
}

void ks_program_read_cgroup(const char *text, char **ret_unit, char **ret_app)
{
    const char *line = g_str_has_prefix(text, "0::") ? text : strstr(text, "\n0::");
    g_autofree char *path = line ? g_strndup(line, strcspn(line + 1, "\n") + 1) : NULL;
    g_auto(GStrv) parts = g_strsplit(path ? path : "", "/", -1);

    *ret_unit = NULL;
    for (unsigned i = g_strv_length(parts); i > 0 && !*ret_unit; i--)
        if (is_unit(parts[i - 1]))
            *ret_unit = g_strdup(parts[i - 1]);
    if (!*ret_unit)
        *ret_unit = g_strdup("");
    *ret_app = app_of(*ret_unit);
}

uint32_t ks_program_read_uid(const char *text)
{
    const char *line = strstr(text, "\nUid:");
    g_autofree char *rest = line ? g_strndup(line + 5, strcspn(line + 5, "\n")) : g_strdup("");
    g_auto(GStrv) ids = g_strsplit(g_strstrip(rest), "\t", -1);
    guint64 uid;

    if (g_strv_length(ids) != 4 ||
        !g_ascii_string_to_unsigned(ids[0], 10, 0, UINT32_MAX, &uid, NULL))
        return KS_PROGRAM_MIXED;
    for (unsigned i = 1; i < 4; i++)
        if (strcmp(ids[i], ids[0]) != 0)
            return KS_PROGRAM_MIXED;
    return (uint32_t) uid;
}

static void describe(uint32_t pid, KsProgram *ret_program)
{
    char target[PATH_MAX_KEPT + 1];
    char path[64];
    g_autofree char *cgroup = NULL;
    g_autofree char *status = NULL;
    ssize_t size;

    ks_program_clear(ret_program);
    ret_program->pid = pid;
    (void) snprintf(path, sizeof(path), "/proc/%u/comm", pid);
    ret_program->name = g_strchomp(read_start(path, 64));
    (void) snprintf(path, sizeof(path), "/proc/%u/exe", pid);
    size = readlink(path, target, sizeof(target) - 1);
    ret_program->path = g_strndup(target, size > 0 ? (size_t) size : 0);
    (void) snprintf(path, sizeof(path), "/proc/%u/cgroup", pid);
    cgroup = read_start(path, FILE_MAX);
    ks_program_read_cgroup(cgroup, &ret_program->unit, &ret_program->app);
    (void) snprintf(path, sizeof(path), "/proc/%u/status", pid);
    status = read_start(path, FILE_MAX);
    ret_program->uid = ks_program_read_uid(status);
}

static bool has_socket(uint32_t pid, uint32_t inode)
{
    char wanted[32];
    char path[64];
    GDir *folder;
    const char *name;
    bool found = false;

    (void) snprintf(wanted, sizeof(wanted), "socket:[%u]", inode);
    (void) snprintf(path, sizeof(path), "/proc/%u/fd", pid);
    folder = g_dir_open(path, 0, NULL);
    while (folder && !found && (name = g_dir_read_name(folder))) {
        char file[96];
        char target[64];
        ssize_t size;

        (void) snprintf(file, sizeof(file), "%s/%.20s", path, name);
        size = readlink(file, target, sizeof(target) - 1);
        if (size <= 0)
            continue;
        target[size] = '\0';
        found = strcmp(target, wanted) == 0;
    }
    if (folder)
        g_dir_close(folder);
    return found;
}

static int compare_numbers(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *) a;
    uint32_t y = *(const uint32_t *) b;

    return x < y ? 1 : x > y ? -1 : 0;
}

/* Of this user's processes, or of all others; the newest first: those end the soonest. */
static uint32_t look_through(uint32_t inode, uint32_t uid, bool others)
{
    g_autoptr(GArray) pids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    GDir *folder = g_dir_open("/proc", 0, NULL);
    const char *name;

    while (folder && (name = g_dir_read_name(folder))) {
        guint64 number;
        uint32_t pid;
        struct stat entry;
        char path[64];

        if (!g_ascii_string_to_unsigned(name, 10, 1, G_MAXUINT32, &number, NULL))
            continue;
        pid = (uint32_t) number;
        (void) snprintf(path, sizeof(path), "/proc/%u", pid);
        if (stat(path, &entry) == 0 && (entry.st_uid == uid) != others)
            g_array_append_val(pids, pid);
    }
    if (folder)
        g_dir_close(folder);
    g_array_sort(pids, compare_numbers);
    for (unsigned i = 0; i < pids->len; i++)
        if (has_socket(g_array_index(pids, uint32_t, i), inode))
            return g_array_index(pids, uint32_t, i);
    return 0;
}

static bool may_look(KsPrograms *programs)
{
    gint64 second = g_get_monotonic_time() / G_USEC_PER_SEC;

    if (second != programs->second)
        programs->looks = 0;
    programs->second = second;
    return programs->looks++ < LOOKS_PER_SECOND;
}

static uint32_t find_process(KsPrograms *programs, uint32_t inode, uint32_t uid)
{
    uint32_t pid = 0;

    for (unsigned i = 0; i < RECENT; i++)
        if (programs->recent[i] != 0 && has_socket(programs->recent[i], inode))
            return programs->recent[i];
    if (!may_look(programs))
        return 0;
    pid = look_through(inode, uid, false);
    if (pid == 0)
        pid = look_through(inode, uid, true);
    if (pid != 0) {
        memmove(programs->recent + 1, programs->recent, sizeof(uint32_t) * (RECENT - 1));
        programs->recent[0] = pid;
    }
    return pid;
}

const KsProgram *ks_programs_find(KsPrograms *programs, uint32_t inode, uint32_t uid)
{
    Remembered *remembered = g_hash_table_lookup(programs->by_inode, GUINT_TO_POINTER(inode));
    gint64 now = g_get_monotonic_time();
    uint32_t pid;

    if (inode == 0)
        return NULL;
    if (remembered && now - remembered->found < REMEMBERED_US)
        return &remembered->program;
    pid = find_process(programs, inode, uid);
    if (pid == 0)
        return NULL;
    if (g_hash_table_size(programs->by_inode) >= REMEMBERED_MAX)
        g_hash_table_remove_all(programs->by_inode);
    remembered = g_new0(Remembered, 1);
    remembered->found = now;
    describe(pid, &remembered->program);
    g_hash_table_insert(programs->by_inode, GUINT_TO_POINTER(inode), remembered);
    return &remembered->program;
}

/* ---- sockets without ports, as /proc lists them (net/ipv4/ping.c, ping_v4_format_sock();
 * net/ipv4/raw.c): "SL: LOCAL:PORT REMOTE:PORT ST TX:RX TR:TIMER RETRANS UID TIMEOUT INODE" ---- */

enum { FIELD_LOCAL = 1, FIELD_UID = 7, FIELD_INODE = 9, FIELDS };

/* The inode, if it is this user's socket with this number; else 0. */
static uint32_t inode_of(char *line, uint32_t uid, uint16_t number)
{
    const char *fields[FIELDS] = { NULL };
    char *rest = NULL;
    char *field = strtok_r(line, " ", &rest);
    guint64 port = 0;
    guint64 owner = 0;
    guint64 inode = 0;
    const char *colon;

    for (unsigned i = 0; i < FIELDS && field; i++, field = strtok_r(NULL, " ", &rest))
        fields[i] = field;
    colon = fields[FIELD_LOCAL] ? strchr(fields[FIELD_LOCAL], ':') : NULL;
    if (!colon || !fields[FIELD_INODE] ||
        !g_ascii_string_to_unsigned(colon + 1, 16, 0, UINT16_MAX, &port, NULL) ||
        !g_ascii_string_to_unsigned(fields[FIELD_UID], 10, 0, UINT32_MAX, &owner, NULL) ||
        !g_ascii_string_to_unsigned(fields[FIELD_INODE], 10, 0, UINT32_MAX, &inode, NULL))
        return 0;
    return port == number && owner == uid ? (uint32_t) inode : 0;
}

static uint32_t inode_in(const char *file, uint32_t uid, uint16_t number)
{
    char *text = read_start(file, TABLE_MAX);
    char *rest = NULL;
    uint32_t found = 0;
    unsigned count = 0;

    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        uint32_t inode = inode_of(line, uid, number);

        count += inode != 0;
        found = inode ? inode : found;
    }
    g_free(text);
    return count == 1 ? found : 0;
}

uint32_t ks_programs_find_raw(const KsRefusedPacket *packet)
{
    bool is_ipv4 = packet->source.family == AF_INET;
    uint32_t inode = 0;

    if (!packet->has_uid || packet->source.family == AF_UNSPEC)
        return 0;
    if (packet->source_port != 0) /* an echo request's identifier is its socket's port */
        inode = inode_in(is_ipv4 ? "/proc/self/net/icmp" : "/proc/self/net/icmp6", packet->uid,
                         packet->source_port);
    return inode ? inode
                 : inode_in(is_ipv4 ? "/proc/self/net/raw" : "/proc/self/net/raw6", packet->uid,
                            packet->protocol);
}
