/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For LD_PRELOAD: while the file KS_NO_PACKET_LOG is there, rules that log have the kernel asked
 * for an expression that no kernel knows: refused with ENOENT, as without nfnetlink_log. */
#include "changed-messages.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_SIZE (MNL_ATTR_HDRLEN + sizeof("log"))

static void refuse_logs(uint8_t *data, size_t size)
{
    const struct nlattr name = { .nla_len = NAME_SIZE, .nla_type = NFTA_EXPR_NAME };
    uint8_t wanted[NAME_SIZE];

    memcpy(wanted, &name, sizeof(name));
    memcpy(wanted + sizeof(name), "log", sizeof("log"));
    for (size_t at = 0; at + sizeof(wanted) <= size; at += MNL_ALIGNTO)
        if (memcmp(data + at, wanted, sizeof(wanted)) == 0)
            data[at + sizeof(name)] = 'x';
}

void change_messages(void *data, size_t size)
{
    const char *file = getenv("KS_NO_PACKET_LOG");

    if (file && access(file, F_OK) == 0)
        refuse_logs(data, size);
}
