/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "online/service.h"

#include <glib.h>

/* What one way of asking led to. */
typedef struct {
    char interface[IF_NAMESIZE]; /* that the socket is tied to; "": the usual way */
    KsAddress address;           /* of the service */
    bool reached;                /* a connection to the service came about */
    uint32_t status;             /* of HTTP; 0: no answer */
    char *answer;                /* printable, "" if there is none */
    char *problem;               /* in the library's words; "": none */
    int bind_error;              /* errno of tying it to the interface; 0: it is tied */
} KsServiceAnswer;

/* A service that says an address needs less. */
#define KS_ANSWER_BYTES_MAX 4096u

#define KS_ANSWER_SECONDS 8

/* Asks by the usual way and by each of the interfaces (NULL-terminated), in each family in which
 * the service has an address, all at the same time. element-type KsServiceAnswer, owned by the
 * caller; NULL: libcurl cannot be used. */
GArray *ks_ask(const KsService *service, const char *const *interfaces);
