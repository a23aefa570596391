/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: the bytes of an a{sv}, as what tells of refused packets, or somebody in its place,
 * answers. */
#include "fuzz.h"
#include "model/printable.h"
#include "model/refused-report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(GVariant) told =
        g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE_VARDICT, bytes, FALSE));
    /* as it comes from the bus */
    g_autoptr(GVariant) normal = g_variant_get_normal_form(told);
    g_autoptr(KsRefusedReport) report = ks_refused_report_read(normal);

    FUZZ_CHECK(report->entries->len <= KS_REFUSED_ENTRIES_MAX);
    for (unsigned i = 0; i < report->entries->len; i++) {
        const KsRefusedEntry *entry = g_ptr_array_index(report->entries, i);

        FUZZ_CHECK(g_utf8_validate(entry->program, -1, NULL));
        FUZZ_CHECK(g_utf8_validate(entry->destination, -1, NULL));
    }
    return 0;
}
