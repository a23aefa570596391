/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: the text of one profile's `remote`. */
#include "fuzz.h"
#include "model/openvpn-remote.h"

#include <netinet/in.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *) data, size);
    unsigned rejected;
    g_autoptr(GPtrArray) remotes = ks_openvpn_remotes_parse(text, &rejected);

    FUZZ_CHECK(remotes->len <= KS_OPENVPN_REMOTES_MAX);
    FUZZ_CHECK(remotes->len + rejected <= size);
    for (unsigned i = 0; i < remotes->len; i++) {
        const KsOpenvpnRemote *remote = g_ptr_array_index(remotes, i);

        FUZZ_CHECK(remote->host[0] != '\0');
        FUZZ_CHECK(strpbrk(remote->host, " \t,") == NULL);
        FUZZ_CHECK(strstr(text, remote->host) != NULL);
        FUZZ_CHECK(g_utf8_validate(remote->host, -1, NULL));
        FUZZ_CHECK(remote->protocol == 0 || remote->protocol == IPPROTO_UDP ||
                   remote->protocol == IPPROTO_TCP);
    }
    return 0;
}
