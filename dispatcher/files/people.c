/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "files/people.h"

#include "files/bounded-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define LOGIN_DEFS "/etc/login.defs"
#define SUBUID     "/etc/subuid"

#define FILE_SIZE_MAX (1024u * 1024)
#define RANGES_MAX    512u

/* shadow, lib/find_new_uid.c and lib/find_new_sub_uids.c */
static const struct {
    const char *min;
    const char *max;
    uint32_t first;
    uint32_t last;
} defaults[] = {
    { "UID_MIN", "UID_MAX", 1000, 60000 },
    { "SUB_UID_MIN", "SUB_UID_MAX", 100000, 600100000 },
};

/* systemd, UIDS-GIDS.md: homed's users; and above 16 bits directories, containers, subordinates. */
static const KsUidRange always[] = { { 60001, 60513 }, { 65536, UINT32_MAX - 1 } };

static bool parse_id(const char *text, uint32_t *ret_id)
{
    guint64 number;
    char *end;

    /* login.defs(5): decimal, octal and hexadecimal numbers */
    if (!g_ascii_isdigit(text[0]))
        return false;
    errno = 0;
    number = g_ascii_strtoull(text, &end, 0);
    if (errno || *end || number >= UINT32_MAX)
        return false;
    *ret_id = (uint32_t) number;
    return true;
}

/* The last line that names the item counts, as in shadow, lib/getdef.c. */
static void read_item(char **lines, const char *name, uint32_t *id)
{
    for (unsigned i = 0; lines && lines[i]; i++) {
        g_auto(GStrv) words = g_strsplit_set(g_strstrip(lines[i]), " \t", -1);
        unsigned value = 1;

        if (!words[0] || strcmp(words[0], name) != 0)
            continue;
        while (words[value] && words[value][0] == '\0')
            value++;
        if (!words[value] || !parse_id(words[value], id))
            g_message("%s: %s is not a number; what was said before holds", LOGIN_DEFS, name);
    }
}

static void add(GArray *people, uint32_t first, uint32_t last)
{
    KsUidRange range = { first, last };

    if (people->len < RANGES_MAX)
        g_array_append_val(people, range);
}

static void add_subordinate(GArray *people, const char *line)
{
    g_auto(GStrv) fields = g_strsplit(line, ":", -1);
    uint32_t first;
    uint32_t count;

    if (g_strv_length(fields) != 3 || !parse_id(g_strstrip(fields[1]), &first) ||
        !parse_id(g_strstrip(fields[2]), &count) || first == 0 || count == 0 ||
        count > UINT32_MAX - first)
        return;
    add(people, first, first + count - 1);
}

void ks_people_parse(GArray *people, const char *login_defs, const char *subuid)
{
    g_auto(GStrv) lines = login_defs ? g_strsplit(login_defs, "\n", -1) : NULL;
    g_auto(GStrv) given = subuid ? g_strsplit(subuid, "\n", -1) : NULL;

    for (unsigned i = 0; i < G_N_ELEMENTS(defaults); i++) {
        uint32_t first = defaults[i].first;
        uint32_t last = defaults[i].last;

        read_item(lines, defaults[i].min, &first);
        read_item(lines, defaults[i].max, &last);
        if (first == 0 || first > last) {
            g_warning("%s: %s and %s make no sense; %u to %u are taken instead", LOGIN_DEFS,
                      defaults[i].min, defaults[i].max, defaults[i].first, defaults[i].last);
            first = defaults[i].first;
            last = defaults[i].last;
        }
        add(people, first, last);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(always); i++)
        add(people, always[i].first, always[i].last);
    for (unsigned i = 0; given && given[i]; i++)
        add_subordinate(people, given[i]);
}

static char *read_file(const char *path)
{
    size_t size;
    char *text = ks_file_read_whole(AT_FDCWD, path, 0, FILE_SIZE_MAX, &size);

    if (!text && errno == EFBIG)
        g_warning("%s is no file of an ordinary size, and is not read", path);
    return text;
}

void ks_people_read(GArray *people)
{
    g_autofree char *login_defs = read_file(LOGIN_DEFS);
    g_autofree char *subuid = read_file(SUBUID);

    g_array_set_size(people, 0);
    ks_people_parse(people, login_defs, subuid);
}
