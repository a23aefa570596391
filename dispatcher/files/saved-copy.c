/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/saved-copy.h"

#include "files/bounded-file.h"
#include "files/own-disks.h"
#include "model/names.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <gio/gio.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

/* Beyond them nothing is looked for: a listing of a full lock has some ten million bytes. */
#define BYTES_MAX  (16 * 1024 * 1024)
#define PLACES_MAX 512 /* files, and folders of wildcards */

/* Debian's, Ubuntu's and Arch's; Fedora's; Gentoo's and Flatcar's, who write it when they are
 * switched off. Other programs save no tables but their own (ADR 27). */
static const char *const loaded[] = { "/etc/nftables.conf", "/etc/sysconfig/nftables.conf",
                                      "/var/lib/nftables/rules-save" };

typedef struct {
    char *path;
    struct stat seen; /* zeros: there was nothing that we may look at */
} Seen;

struct KsSavedCopies {
    char *root;
    KsOwnDisks *disks;
    GPtrArray *files; /* of paths: to be read, in order, each once */
    unsigned folders; /* how many were searched */
    GArray *seen;     /* of Seen: all that the answer came from */
    char *told;
};

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

/* Returns what stands behind the word and blanks, NULL where it does not stand. */
static const char *behind(const char *text, const char *word)
{
    size_t length = strlen(word);

    if (!text || strncmp(text, word, length) != 0 || (text[length] != ' ' && text[length] != '\t'))
        return NULL;
    return skip_blanks(text + length);
}

/* "table inet nm_killswitch {", also with "add" before it. */
static bool names_our_table(const char *line)
{
    const char *text = skip_blanks(line);
    const char *added = behind(text, "add");
    const char *family = behind(added ? added : text, "table");
    const char *name = behind(family, "inet");
    size_t length;

    if (!name)
        name = behind(family, "netdev");
    if (!name)
        return false;
    length = strcspn(name, " \t\r\n{;");
    return (length == strlen(KS_TABLE) && strncmp(name, KS_TABLE, length) == 0) ||
           (length == strlen(KS_TRACE_TABLE) && strncmp(name, KS_TRACE_TABLE, length) == 0);
}

/* NULL: this is the last. */
static const char *next_line(const char *text)
{
    const char *end = strchr(text, '\n');

    return end ? end + 1 : NULL;
}

unsigned ks_saved_copy_line(const char *text)
{
    unsigned number = 1;

    for (const char *line = text; line; line = next_line(line), number++)
        if (names_our_table(line))
            return number;
    return 0;
}

static void forget(void *seen)
{
    g_free(((Seen *) seen)->path);
}

KsSavedCopies *ks_saved_copies_new(const char *root)
{
    KsSavedCopies *copies = g_new0(KsSavedCopies, 1);

    copies->root = g_strdup(root);
    copies->disks = ks_own_disks_new(root);
    copies->files = g_ptr_array_new_with_free_func(g_free);
    copies->seen = g_array_new(FALSE, FALSE, sizeof(Seen));
    g_array_set_clear_func(copies->seen, forget);
    return copies;
}

void ks_saved_copies_free(KsSavedCopies *copies)
{
    g_free(copies->root);
    ks_own_disks_free(copies->disks);
    g_ptr_array_unref(copies->files);
    g_array_unref(copies->seen);
    g_free(copies->told);
    g_free(copies);
}

/* Where it lies, to be freed; NULL, as ks_own_disks_find(). */
static char *look_and_remember(KsSavedCopies *copies, const char *path, struct stat *ret_about)
{
    char *found = ks_own_disks_find(copies->disks, path, ret_about);
    Seen seen = { g_strdup(path), *ret_about };

    g_array_append_val(copies->seen, seen);
    return found;
}

static bool is_folder(const KsSavedCopies *copies, const char *path)
{
    struct stat about;
    g_autofree char *found = ks_own_disks_find(copies->disks, path, &about);

    return found && S_ISDIR(about.st_mode);
}

static bool is_as_before(const struct stat *before, const struct stat *now)
{
    return before->st_dev == now->st_dev && before->st_ino == now->st_ino &&
           before->st_size == now->st_size && before->st_mtim.tv_sec == now->st_mtim.tv_sec &&
           before->st_mtim.tv_nsec == now->st_mtim.tv_nsec;
}

static bool are_as_before(const KsSavedCopies *copies)
{
    for (unsigned i = 0; i < copies->seen->len; i++) {
        const Seen *seen = &g_array_index(copies->seen, Seen, i);
        struct stat now;

        g_free(ks_own_disks_find(copies->disks, seen->path, &now)); /* zeroed where it is not */
        if (!is_as_before(&seen->seen, &now))
            return false;
    }
    return copies->seen->len > 0;
}

static bool are_enough(const KsSavedCopies *copies)
{
    return copies->files->len + copies->folders >= PLACES_MAX;
}

static void add_file(KsSavedCopies *copies, const char *path)
{
    if (!are_enough(copies) &&
        !g_ptr_array_find_with_equal_func(copies->files, path, g_str_equal, NULL))
        g_ptr_array_add(copies->files, g_strdup(path));
}

/* A shell's pattern for paths. */
typedef struct {
    char *text;
    size_t from; /* before this every character is what it is */
} Pattern;

static void clear_pattern(void *pattern)
{
    g_free(((Pattern *) pattern)->text);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Its names in order. The folder itself tells when there are others. */
static GPtrArray *list_folder(KsSavedCopies *copies, const char *folder)
{
    g_autoptr(GDir) opened = NULL;
    g_autofree char *found = NULL;
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    const char *name;
    struct stat about;

    copies->folders++;
    found = look_and_remember(copies, folder, &about);
    if (found && S_ISDIR(about.st_mode))
        opened = g_dir_open(found, 0, NULL);
    while (opened && (name = g_dir_read_name(opened)))
        g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, compare_names);
    return names;
}

/* With its first wildcards it means as many files, or folders with the rest of the pattern in them,
 * as there are. */
static void expand(KsSavedCopies *copies, const Pattern *pattern, GArray *patterns)
{
    const char *text = pattern->text;
    size_t plain = pattern->from + strcspn(text + pattern->from, "*?[");
    g_autofree char *folder = NULL;
    g_autofree char *wanted = NULL;
    g_autoptr(GPtrArray) names = NULL;
    const char *rest;

    if (text[plain] == '\0') {
        add_file(copies, text);
        return;
    }
    if (are_enough(copies))
        return;
    while (text[plain] != '/')
        plain--;
    folder = g_strndup(text, plain + 1);
    rest = text + plain + 1 + strcspn(text + plain + 1, "/");
    wanted = g_strndup(text + plain + 1, (size_t) (rest - text) - plain - 1);
    names = list_folder(copies, folder);
    for (unsigned i = 0; i < names->len && patterns->len < PLACES_MAX; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *path = g_strconcat(folder, name, NULL);
        Pattern next = { NULL, strlen(path) };

        if (fnmatch(wanted, name, FNM_PERIOD) != 0)
            continue;
        if (rest[0] == '\0') {
            add_file(copies, path);
        } else if (is_folder(copies, path)) {
            next.text = g_strconcat(path, rest, NULL);
            g_array_append_val(patterns, next);
        }
    }
}

static void add_matching(KsSavedCopies *copies, const char *path)
{
    g_autoptr(GArray) patterns = g_array_new(FALSE, FALSE, sizeof(Pattern));
    Pattern first = { g_strdup(path), strlen(copies->root) };

    g_array_set_clear_func(patterns, clear_pattern);
    g_array_append_val(patterns, first);
    for (unsigned i = 0; i < patterns->len; i++) {
        const Pattern pattern = g_array_index(patterns, Pattern, i); /* which may be moved */

        expand(copies, &pattern, patterns);
    }
}

/* nft(8), "Include files": ./ is where nft was started, for a unit the root; else below /etc. */
static void add_included(KsSavedCopies *copies, const char *text)
{
    for (const char *line = text; line; line = next_line(line)) {
        const char *name = behind(skip_blanks(line), "include");
        size_t length = name && *name == '"' ? strcspn(++name, "\"\n") : 0;
        g_autofree char *written = NULL;
        g_autofree char *absolute = NULL;
        g_autofree char *path = NULL;

        if (length == 0 || length > PATH_MAX || name[length] != '"')
            continue;
        written = g_strndup(name, length);
        absolute = g_canonicalize_filename(written, g_str_has_prefix(written, "./") ? "/" : "/etc");
        path = g_strconcat(copies->root, absolute, NULL);
        add_matching(copies, path);
    }
}

/* The line of a copy, as ks_saved_copy_line() says it. */
static unsigned read_file(KsSavedCopies *copies, const char *path, size_t *left)
{
    struct stat about;
    g_autofree char *found = look_and_remember(copies, path, &about);
    g_autofree char *text = NULL;
    size_t size = 0;

    if (found)
        text = ks_file_read_whole(AT_FDCWD, found, O_NOFOLLOW, *left, &size);
    if (!text)
        return 0;
    *left -= MIN(size, *left);
    add_included(copies, text);
    return ks_saved_copy_line(text);
}

static void look_again(KsSavedCopies *copies)
{
    size_t left = BYTES_MAX;

    g_array_set_size(copies->seen, 0);
    g_ptr_array_set_size(copies->files, 0);
    copies->folders = 0;
    g_clear_pointer(&copies->told, g_free);
    for (unsigned i = 0; i < G_N_ELEMENTS(loaded); i++) {
        g_autofree char *path = g_strconcat(copies->root, loaded[i], NULL);

        add_file(copies, path);
    }
    for (unsigned i = 0; i < copies->files->len && !copies->told; i++) {
        const char *path = g_ptr_array_index(copies->files, i);
        unsigned line = read_file(copies, path, &left);
        g_autofree char *shown = g_filename_display_name(path);

        if (line > 0)
            copies->told = g_strdup_printf(
                "%s holds a copy of the lock, from line %u. While it is locked, "
                "or a network card of then is missing, the kernel may refuse "
                "the whole file, with your own rules in it. Delete the tables called " KS_TABLE
                " (and " KS_TRACE_TABLE ") from the file.",
                shown, line);
    }
}

char *ks_saved_copies_look(KsSavedCopies *copies)
{
    if (ks_own_disks_follow(copies->disks) || !are_as_before(copies))
        look_again(copies);
    return g_strdup(copies->told);
}
