/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"
#include "ctl/bus-client.h"
#include "ctl/output.h"
#include "ctl/report/sections.h"
#include "ctl/run-command.h"
#include "model/names.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void put_head(KsReport *report, bool full)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *when = g_date_time_format(now, "%Y-%m-%dT%H:%M:%SZ");

    ks_paper_put(report->paper, "Report of %s %s, %s\n", KS_PROGRAM, KS_VERSION, when);
    ks_paper_put(report->paper,
                 full ? "With all names and addresses as they are (--full).\n"
                      : "Names, addresses, UUIDs and keys are replaced by words in brackets: the "
                        "same thing has the same word.\nWhat is left was judged by its looks, so "
                        "read it before you pass it on.\n");
    if (!ks_client_is_root())
        ks_paper_put(report->paper,
                     "Made by an ordinary user. Root's has all private profiles, the "
                     "other firewalls' tables and the log, too.\n");
}

/* In English and of no locale: others read it. Owned by the caller. */
static char *make(const KsCommandLine *line, bool full)
{
    g_autoptr(GError) error = NULL;
    KsReport report = { .paper = ks_paper_new(), .client = line->client, .full = full };
    char *text;

    (void) setlocale(LC_MESSAGES, "C");
    report.bus = ks_bus_open(&error);
    if (!report.bus)
        (void) ks_bus_explain(error, &report.no_bus);
    put_head(&report, full);
    ks_report_write(&report);
    (void) setlocale(LC_MESSAGES, "");
    text = ks_paper_finish(report.paper, full);
    g_clear_object(&report.bus);
    g_free(report.no_bus);
    ks_paper_free(report.paper);
    return text;
}

/* A new file only: as root, one that somebody else laid there would be theirs to choose. */
static int create(const char *path, bool full)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                  full ? S_IRUSR | S_IWUSR : S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);

    if (fd < 0 && errno == EEXIST)
        ks_output_complain_f(_("“%s” is there already. Name a new file."), path);
    else if (fd < 0)
        ks_output_complain_f(_("“%s” could not be written: %s."), path, g_strerror(errno));
    return fd;
}

/* 0 or a negative errno; closes `fd`. */
static int save(int fd, const char *text)
{
    size_t length = strlen(text);

    while (length > 0) {
        ssize_t written = write(fd, text, length);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            int error = errno;

            (void) close(fd);
            return -error;
        }
        text += written;
        length -= (size_t) written;
    }
    return close(fd) == 0 ? 0 : -errno;
}

KsExitStatus ks_run_report(const KsCommandLine *line)
{
    bool full = ks_command_line_has(line, KS_OPTION_FULL);
    int fd = line->output ? create(line->output, full) : -1;
    g_autofree char *text = NULL;
    int error;

    if (line->output && fd < 0)
        return KS_EXIT_FAILED;
    text = make(line, full);
    if (!line->output) {
        ks_output_data(text);
        return KS_EXIT_DONE;
    }
    error = save(fd, text);
    if (error) {
        (void) unlink(line->output);
        ks_output_complain_f(_("“%s” could not be written: %s."), line->output, g_strerror(-error));
        return KS_EXIT_FAILED;
    }
    return KS_EXIT_DONE;
}
