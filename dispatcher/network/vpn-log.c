/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "network/vpn-log.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>
#include <systemd/sd-journal.h>

/* The plugins and what they start are in its control group, which nobody but systemd can say. */
#define UNIT "_SYSTEMD_UNIT=NetworkManager.service"

#define MESSAGE       "MESSAGE"
#define LINES_MAX     4096u
#define LINE_SIZE_MAX 4096u

/* NetworkManager's own lines have it; they name profiles, and a person named these. A plugin that
 * does not find its program says so to NetworkManager alone. */
#define OF_MANAGER "NM_LOG_LEVEL"

static KsFailure judge_entry(sd_journal *journal)
{
    g_autofree char *line = NULL;
    const void *data;
    size_t size;

    bool of_manager = sd_journal_get_data(journal, OF_MANAGER, &data, &size) >= 0;
    const char *said;

    if (sd_journal_get_data(journal, MESSAGE, &data, &size) < 0 || size <= strlen(MESSAGE "="))
        return KS_FAILURE_NONE;
    /* the threshold is a hint: what is not compressed comes whole */
    line = g_strndup((const char *) data + strlen(MESSAGE "="),
                     MIN(size - strlen(MESSAGE "="), LINE_SIZE_MAX));
    said = of_manager ? ks_failure_answer(line) : line;
    return said ? ks_failure_of_line(said) : KS_FAILURE_NONE;
}

/* OpenSSL says twice that a certificate is no good, and why only the first time. */
static bool is_decided(KsFailure failure)
{
    return failure != KS_FAILURE_NONE && failure != KS_FAILURE_CERTIFICATE;
}

KsFailure ks_vpn_log_read(uint64_t from, uint64_t to)
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
            said = judge_entry(journal);
            if (failure == KS_FAILURE_NONE || said == KS_FAILURE_CERTIFICATE_DATE)
                failure = said;
            else if (is_decided(said))
                break; /* of an earlier try */
        }
    sd_journal_close(journal);
    return failure;
}
