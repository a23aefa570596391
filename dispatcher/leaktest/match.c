/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leaktest/match.h"

#include <netinet/in.h>
#include <string.h>

#define IPV4_HEADER_MIN  20u
#define IPV6_HEADER_SIZE 40u
#define FRAGMENT_MASK    0x1fffu
#define PORTS_SIZE       4u

void ks_marks_fill(KsMarks *marks, const GArray *probes)
{
    *marks = (KsMarks){ 0 };
    for (unsigned i = 0; i < probes->len; i++) {
        const KsProbe *probe = &g_array_index(probes, KsProbe, i);

        if (probe->mark_size)
            marks->begins[probe->mark[0]] = true;
    }
}

KsProbe *ks_marks_find(const KsMarks *marks, GArray *probes, const uint8_t *bytes, size_t size)
{
    for (size_t at = 0; at < size; at++) {
        if (!marks->begins[bytes[at]])
            continue;
        for (unsigned i = 0; i < probes->len; i++) {
            KsProbe *probe = &g_array_index(probes, KsProbe, i);

            if (probe->mark_size && probe->mark_size <= size - at &&
                memcmp(probe->mark, bytes + at, probe->mark_size) == 0)
                return probe;
        }
    }
    return NULL;
}

bool ks_canary_is_in(const uint8_t canary[KS_CANARY_SIZE], const uint8_t *bytes, size_t size)
{
    return memmem(bytes, size, canary, KS_CANARY_SIZE) != NULL;
}

static unsigned get16(const uint8_t *bytes, size_t at)
{
    return (unsigned) bytes[at] << 8 | bytes[at + 1];
}

/* One end of a packet. */
typedef struct {
    KsTestedServer endpoint;
    bool has_port;
} End;

static bool read_end(const uint8_t *bytes, size_t size, bool coming, End *ret_end)
{
    uint8_t version = size ? bytes[0] >> 4 : 0;
    End end = { 0 };
    size_t header;
    bool first = true;

    if (version == 4 && size >= IPV4_HEADER_MIN) {
        header = (bytes[0] & 15u) * 4;
        first = (get16(bytes, 6) & FRAGMENT_MASK) == 0;
        end.endpoint.protocol = bytes[9];
        end.endpoint.address.family = AF_INET;
        memcpy(end.endpoint.address.bytes, bytes + (coming ? 12 : 16), 4);
    } else if (version == 6 && size >= IPV6_HEADER_SIZE) {
        header = IPV6_HEADER_SIZE;
        end.endpoint.protocol = bytes[6];
        end.endpoint.address.family = AF_INET6;
        memcpy(end.endpoint.address.bytes, bytes + (coming ? 8 : 24), 16);
    } else {
        return false;
    }
    end.has_port = first && header >= IPV4_HEADER_MIN && size >= PORTS_SIZE &&
                   header <= size - PORTS_SIZE &&
                   (end.endpoint.protocol == IPPROTO_UDP || end.endpoint.protocol == IPPROTO_TCP);
    if (end.has_port)
        end.endpoint.port = (uint16_t) get16(bytes, header + (coming ? 0 : 2));
    *ret_end = end;
    return true;
}

bool ks_packet_is_servers(const GArray *servers, const uint8_t *bytes, size_t size, bool coming)
{
    End end;

    if (!read_end(bytes, size, coming, &end))
        return false;
    for (unsigned i = 0; i < servers->len; i++) {
        const KsTestedServer *server = &g_array_index(servers, KsTestedServer, i);

        if (server->protocol == end.endpoint.protocol &&
            (!server->port || (end.has_port && server->port == end.endpoint.port)) &&
            ks_address_compare(&server->address, &end.endpoint.address) == 0)
            return true;
    }
    return false;
}
