/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include "model/duration.h"
#include "policy/configuration.h"
#include "policy/exceptions.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

#define PATH "/x.conf"

/* Longer than any warning can be, however foreign the words in it are. */
#define WARNING_MAX 512

static bool is_ruled_out(const KsConfiguration *configuration, KsConfigurationKey key)
{
    g_autofree char *refusal = ks_configuration_refusal(configuration, key);

    FUZZ_CHECK(!refusal || g_utf8_validate(refusal, -1, NULL));
    return refusal != NULL;
}

static void check_warnings(const KsConfiguration *configuration)
{
    const GPtrArray *warnings = ks_configuration_warnings(configuration);

    FUZZ_CHECK(warnings->len <= KS_CONFIGURATION_WARNINGS_MAX);
    for (unsigned i = 0; i < warnings->len; i++) {
        const char *warning = g_ptr_array_index(warnings, i);

        FUZZ_CHECK(strlen(warning) <= WARNING_MAX);
        for (; *warning; warning++)
            FUZZ_CHECK(g_ascii_isprint(*warning));
    }
}

static char *raw_value(GKeyFile *file, const char *group, const char *key)
{
    char *value = g_key_file_get_value(file, group, key, NULL);

    return value ? g_strstrip(value) : NULL;
}

/* GLib's reading of the same text, where it can read it at all. */
static void check_against_glib(const KsConfiguration *configuration, GKeyFile *file)
{
    static const struct {
        KsConfigurationKey key;
        const char *name;
    } bans[] = {
        { KS_CONFIGURATION_ALLOW_UNLOCK, "unlock" },
        { KS_CONFIGURATION_ALLOW_LAN_ACCESS, "lan-access" },
        { KS_CONFIGURATION_ALLOW_AUTO_LOCK_OFF, "auto-lock-off" },
    };
    bool is_clean = ks_configuration_warnings(configuration)->len == 0;
    g_autofree char *max = raw_value(file, "pause", "max");
    uint32_t seconds;

    for (unsigned i = 0; i < G_N_ELEMENTS(bans); i++) {
        g_autofree char *value = raw_value(file, "allow", bans[i].name);

        if (g_strcmp0(value, "false") == 0)
            FUZZ_CHECK(is_ruled_out(configuration, bans[i].key));
        if (is_clean && (!value || g_strcmp0(value, "true") == 0))
            FUZZ_CHECK(!is_ruled_out(configuration, bans[i].key));
    }
    if (max && ks_duration_parse(max, &seconds) == 0 && seconds <= KS_CONFIGURATION_PAUSE_LIMIT)
        FUZZ_CHECK(ks_configuration_pause_max(configuration) <= seconds);
}

static void check_exceptions(const KsExceptions *exceptions)
{
    for (unsigned i = 0; i < ks_exceptions_count(exceptions); i++) {
        const KsExceptionEntry *entry = ks_exceptions_get(exceptions, i);

        FUZZ_CHECK(entry->source && entry->until == 0);
        FUZZ_CHECK(!ks_exception_refusal(&entry->what));
        for (unsigned j = 0; j < i; j++)
            FUZZ_CHECK(
                !ks_exceptions_overlap(&ks_exceptions_get(exceptions, j)->what, &entry->what));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(KsConfiguration) configuration = ks_configuration_new();
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *text = g_strndup((const char *) data, size);
    char shown[KS_DURATION_TEXT_SIZE];
    uint32_t seconds;

    if (ks_duration_parse(text, &seconds) == 0) {
        uint32_t again = 0;

        FUZZ_CHECK(ks_duration_parse(ks_duration_text(seconds, shown), &again) == 0);
        FUZZ_CHECK(again == seconds);
    }

    ks_configuration_read(configuration, PATH, (const char *) data, size);
    check_warnings(configuration);
    check_exceptions(ks_configuration_exceptions(configuration));
    FUZZ_CHECK(ks_configuration_pause_max(configuration) <= KS_CONFIGURATION_PAUSE_LIMIT);
    FUZZ_CHECK(is_ruled_out(configuration, KS_CONFIGURATION_ALLOW_PAUSE) ==
               (ks_configuration_pause_max(configuration) == 0));
    if (size > 0 &&
        g_key_file_load_from_data(file, (const char *) data, size, G_KEY_FILE_NONE, NULL))
        check_against_glib(configuration, file);

    /* what cannot be used at all rules everything out, whatever was read before */
    ks_configuration_distrust(configuration, PATH, "is spoilt");
    FUZZ_CHECK(is_ruled_out(configuration, KS_CONFIGURATION_ALLOW_UNLOCK));
    FUZZ_CHECK(ks_configuration_pause_max(configuration) == 0);
    FUZZ_CHECK(ks_configuration_auto_lock(configuration));
    return 0;
}
