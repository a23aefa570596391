/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libmnl/libmnl.h>
#include <stdint.h>

/* Questions by generic netlink, for the files of this folder. */

typedef struct {
    struct mnl_socket *socket;
    uint32_t sequence;
    uint8_t receive[65536];
} KsGeneric;

#define KS_GENERIC_REQUEST_SIZE MNL_ALIGN(256)

/* Returns 0 or a negative errno; either way there is something to close. */
int ks_generic_open(KsGeneric *generic);
void ks_generic_close(KsGeneric *generic);

/* Begins a question in `request`, which has KS_GENERIC_REQUEST_SIZE bytes. */
struct nlmsghdr *ks_generic_begin(KsGeneric *generic, uint8_t *request, uint16_t family,
                                  uint16_t flags, uint8_t command);

/* Returns 0 or a negative errno: -ENOENT if the kernel has no family of this name. It may load a
 * module to find out. */
int ks_generic_find_family(KsGeneric *generic, const char *name, uint16_t *ret_family);

/* Asks, and takes each message of the answer. Returns 0 or a negative errno: -EINTR if a dump has
 * to be asked for again. */
int ks_generic_ask(KsGeneric *generic, const struct nlmsghdr *request, mnl_cb_t take, void *data);
