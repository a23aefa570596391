/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: the bytes of an a{sv}, as the leak test, or somebody in its place, answers on the bus. */
#include "fuzz.h"
#include "model/leak-result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(GVariant) told =
        g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE_VARDICT, bytes, FALSE));
    /* as it comes from the bus */
    g_autoptr(GVariant) normal = g_variant_get_normal_form(told);
    g_autoptr(KsLeakResult) result = ks_leak_result_read(normal);

    FUZZ_CHECK(result->leaks <= result->tried && result->tried <= KS_LEAK_PROBES_MAX);
    FUZZ_CHECK(result->rows->len <= KS_LEAK_PROBES_MAX);
    FUZZ_CHECK(result->leaks == 0 || result->verdict == KS_LEAK_LEAKED);
    /* nobody says "closed" of nothing */
    FUZZ_CHECK(result->verdict != KS_LEAK_CLOSED || result->tried > 0);
    return 0;
}
