/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/readback-seen.h"

#include <linux/netfilter/nf_tables.h>

void ks_readback_problem(KsReadback *readback, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_ptr_array_add(readback->problems, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

bool ks_readback_is_intact(const KsReadback *readback)
{
    return readback->present && readback->problems->len == 0;
}

bool ks_readback_is_owned(const KsReadback *readback)
{
    return readback->present && readback->owner != 0 &&
           (readback->flags & KS_TABLE_F_OWNED) == KS_TABLE_F_OWNED;
}
