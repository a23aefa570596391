/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "network/vpn-log.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>
#include <systemd/sd-journal.h>

/* The plugins and what they start are in its control group, which nobody but systemd can say. */
#define UNIT "_SYSTEMD_UNIT=NetworkManager.service"

#define LINES_MAX     4096u
#define LINE_SIZE_MAX 4096u

/* NetworkManager's own lines, which name profiles, and a person named these. A plugin that does not
 * find its program says so to NetworkManager alone. */
#define OF_MANAGER "NetworkManager"

/* Owned by the caller; NULL: the entry has no such field. */
static char *field_of(sd_journal *journal, const char *name)
{
    size_t before = strlen(name) + strlen("=");
    const void *data;
    size_t size;

    if (sd_journal_get_data(journal, name, &data, &size) < 0 || size < before)
        return NULL;
    /* the threshold is a hint: what is not compressed comes whole */
    return g_strndup((const char *) data + before, MIN(size - before, LINE_SIZE_MAX));
}

static KsFailure judge_entry(sd_journal *journal, bool with_pppd)
{
    g_autofree char *line = field_of(journal, "MESSAGE");
    g_autofree char *level = field_of(journal, "NM_LOG_LEVEL");
    g_autofree char *domains = field_of(journal, "NM_LOG_DOMAINS");
    /* by syslog(3) it writes no fields of its own; this is journald's */
    g_autofree char *program = field_of(journal, "_COMM");

    if (!line || !ks_failure_may_tell(program, with_pppd))
        return KS_FAILURE_NONE;
    if (level || g_strcmp0(program, OF_MANAGER) == 0)
        return ks_failure_of_manager(level, domains, line);
    return ks_failure_of_line(line);
}

/* OpenSSL says twice that a certificate is no good, and why only the first time. */
static bool is_decided(KsFailure failure)
{
    return failure != KS_FAILURE_NONE && failure != KS_FAILURE_CERTIFICATE;
}

KsFailure ks_vpn_log_read(uint64_t from, uint64_t to, bool with_pppd)
{
    KsFailure failure = KS_FAILURE_NONE;
    sd_journal *journal;
    uint64_t when;

    if (sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM) < 0)
        return KS_FAILURE_NONE;
    (void) sd_journal_set_data_threshold(journal, LINE_SIZE_MAX);
    if (sd_journal_add_match(journal, UNIT, 0) >= 0 &&
        sd_journal_seek_realtime_usec(journal, to) >= 0)
        for (unsigned i = 0; i < LINES_MAX && !is_decided(failure); i++) {
            KsFailure said;

            if (sd_journal_previous(journal) <= 0 ||
                sd_journal_get_realtime_usec(journal, &when) < 0 || when < from)
                break;
            said = judge_entry(journal, with_pppd);
            if (failure == KS_FAILURE_NONE || said == KS_FAILURE_CERTIFICATE_DATE)
                failure = said;
            else if (is_decided(said))
                break; /* of an earlier try */
        }
    sd_journal_close(journal);
    return failure;
}
