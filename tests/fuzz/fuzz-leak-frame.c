/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: a captured frame, from its network header on; the first byte says which way it went. */
#include "fuzz.h"
#include "leaktest/match.h"

#include <netinet/in.h>
#include <string.h>

static void add_probe(GArray *probes, const char *mark)
{
    KsProbe probe = { .mark_size = strlen(mark) };

    memcpy(probe.mark, mark, probe.mark_size);
    g_array_append_val(probes, probe);
}

static void add_server(GArray *servers, const char *address, uint8_t protocol, uint16_t port)
{
    KsTestedServer server = { .protocol = protocol, .port = port };

    FUZZ_CHECK(ks_address_parse(address, &server.address));
    g_array_append_val(servers, server);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GArray) probes = g_array_new(FALSE, TRUE, sizeof(KsProbe));
    g_autoptr(GArray) servers = g_array_new(FALSE, TRUE, sizeof(KsTestedServer));
    const KsProbe *found;
    KsMarks marks;
    uint8_t *frame;

    if (size == 0)
        return 0;
    /* a copy of just this size: what is read behind it is found */
    frame = malloc(size - 1 ? size - 1 : 1);
    FUZZ_CHECK(frame != NULL);
    memcpy(frame, data + 1, size - 1);
    add_probe(probes, "mark");
    add_probe(probes, "another-mark");
    add_probe(probes, ""); /* not known yet: it matches nothing */
    add_server(servers, "203.0.113.9", IPPROTO_UDP, 1194);
    add_server(servers, "2001:db8::9", IPPROTO_ESP, 0);
    ks_marks_fill(&marks, probes);
    found = ks_marks_find(&marks, probes, frame, size - 1);
    FUZZ_CHECK(!found == !memmem(frame, size - 1, "mark", 4));
    FUZZ_CHECK(!found || found->mark_size > 0);
    if (ks_packet_is_servers(servers, frame, size - 1, data[0] & 1))
        FUZZ_CHECK(size - 1 >= 20);
    free(frame);
    return 0;
}
