/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: a byte that chooses the format, and a file. */
#include "files/leases.h"
#include "fuzz.h"

#include <string.h>

#define LEASES_MAX 1024u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GArray) leases = g_array_new(FALSE, FALSE, sizeof(KsLease));
    g_autofree char *file = size > 0 ? g_strndup("", size - 1) : NULL;

    if (!file)
        return 0;
    memcpy(file, data + 1, size - 1);
    ks_leases_parse(data[0] % 3, file, size - 1, leases);
    FUZZ_CHECK(leases->len <= LEASES_MAX);
    for (unsigned i = 0; i < leases->len; i++) {
        const KsLease *lease = &g_array_index(leases, KsLease, i);

        FUZZ_CHECK(ks_address_is_unicast(&lease->server));
        for (unsigned j = 0; j < i; j++)
            FUZZ_CHECK(ks_address_compare(&lease->address,
                                          &g_array_index(leases, KsLease, j).address) != 0);
    }
    return 0;
}
