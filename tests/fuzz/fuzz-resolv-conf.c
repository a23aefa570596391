/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: the text of /etc/resolv.conf. */
#include "fuzz.h"
#include "model/resolv-conf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* a copy of just this size: what is read behind it is found */
    char *text = malloc(size + 1);
    unsigned dots;

    FUZZ_CHECK(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text = realloc(text, size ? size : 1);
    FUZZ_CHECK(text != NULL);
    dots = ks_resolv_conf_read(text, size, "client").search_dots;
    FUZZ_CHECK(dots <= KS_RESOLV_CONF_DOTS_MAX);
    /* a domain of the machine's own can only add a list */
    FUZZ_CHECK(dots == 0 || ks_resolv_conf_read(text, size, "client.lan.test").search_dots == dots);
    free(text);
    return 0;
}
