/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: a line that is learned, and a text in which it may stand. */
#include "ctl/report/redact.h"
#include "fuzz.h"

#include <glib.h>
#include <string.h>

#define PLANTED "q9canary"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *input = g_strndup((const char *) data, size);
    char *end = strchr(input, '\n');
    KsRedactor *redactor = ks_redactor_new();
    g_autofree char *told = NULL;
    g_autofree char *again = NULL;
    g_autofree char *planted = NULL;

    ks_redactor_learn(redactor, KS_IDENTITY_NAME, PLANTED);
    if (end) {
        *end = '\0';
        ks_redactor_learn(redactor, KS_IDENTITY_NAME, input);
        planted = g_strdup_printf("%s " PLANTED " %s", end + 1, end + 1);
    } else {
        planted = g_strdup_printf("%s " PLANTED " %s", input, input);
    }
    told = ks_redactor_text(redactor, planted);
    again = ks_redactor_text(redactor, planted);
    FUZZ_CHECK(strcmp(told, again) == 0);
    FUZZ_CHECK(strstr(told, " " PLANTED " ") == NULL);
    ks_redactor_free(redactor);
    return 0;
}
