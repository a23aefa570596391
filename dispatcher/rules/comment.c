/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/comment.h"

#include "rules/skeleton.h"

#include <glib.h>
#include <libmnl/libmnl.h>
#include <libnftnl/udata.h>
#include <string.h>

/* libnftnl keeps a type, a length and the text (libnftnl, src/udata.c), in memory of its own for
 * each; this takes none. */
G_STATIC_ASSERT((int) NFTNL_UDATA_RULE_COMMENT == (int) NFTNL_UDATA_CHAIN_COMMENT);
G_STATIC_ASSERT((int) NFTNL_UDATA_RULE_COMMENT == (int) NFTNL_UDATA_TABLE_COMMENT);

void ks_comment_put(struct nlmsghdr *message, uint16_t attribute, const char *comment)
{
    uint8_t bytes[2 + KS_COMMENT_MAX + 1];
    size_t size = comment ? strlen(comment) + 1 : 0;

    if (size == 0 || size > KS_COMMENT_MAX + 1)
        return;
    bytes[0] = NFTNL_UDATA_RULE_COMMENT;
    bytes[1] = (uint8_t) size;
    memcpy(bytes + 2, comment, size);
    mnl_attr_put(message, attribute, 2 + size, bytes);
}
