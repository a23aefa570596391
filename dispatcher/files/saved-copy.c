/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/saved-copy.h"

#include "model/names.h"

#include <gio/gio.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

/* Beyond it no rules are looked for: a listing of a full lock has some ten million bytes. */
#define SIZE_MAX_LOOKED (16 * 1024 * 1024)

/* Debian's, Ubuntu's and Arch's; Fedora's; Gentoo's and Flatcar's, who write it when they are
 * switched off. Other programs save no tables but their own (ADR 27). */
static const char *const files[] = { "/etc/nftables.conf", "/etc/sysconfig/nftables.conf",
                                     "/var/lib/nftables/rules-save" };

struct KsSavedCopies {
    struct stat seen[G_N_ELEMENTS(files)];
    unsigned lines[G_N_ELEMENTS(files)];
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

unsigned ks_saved_copy_line(const char *text)
{
    for (unsigned line = 1; *text; line++) {
        const char *end = strchr(text, '\n');

        if (names_our_table(text))
            return line;
        if (!end)
            break;
        text = end + 1;
    }
    return 0;
}

KsSavedCopies *ks_saved_copies_new(void)
{
    return g_new0(KsSavedCopies, 1);
}

void ks_saved_copies_free(KsSavedCopies *copies)
{
    g_free(copies);
}

static bool is_as_before(const struct stat *before, const struct stat *now)
{
    return before->st_dev == now->st_dev && before->st_ino == now->st_ino &&
           before->st_size == now->st_size && before->st_mtim.tv_sec == now->st_mtim.tv_sec &&
           before->st_mtim.tv_nsec == now->st_mtim.tv_nsec;
}

/* The line, as ks_saved_copy_line() says it. */
static unsigned read_file(const char *path, const struct stat *about)
{
    g_autofree char *text = NULL;

    if (!S_ISREG(about->st_mode) || about->st_size > SIZE_MAX_LOOKED ||
        !g_file_get_contents(path, &text, NULL, NULL))
        return 0;
    return ks_saved_copy_line(text);
}

char *ks_saved_copies_look(KsSavedCopies *copies)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(files); i++) {
        struct stat now;

        if (stat(files[i], &now) < 0)
            continue;
        if (!is_as_before(&copies->seen[i], &now)) {
            copies->lines[i] = read_file(files[i], &now);
            copies->seen[i] = now;
        }
        if (copies->lines[i] > 0)
            return g_strdup_printf(
                "%s holds a copy of the lock, from line %u. While it is locked, "
                "or a network card of then is missing, the kernel may refuse "
                "the whole file, with your own rules in it. Delete the tables called " KS_TABLE
                " (and " KS_TRACE_TABLE ") from the file.",
                files[i], copies->lines[i]);
    }
    return NULL;
}
