/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The one error domain that leaves the guard; service/bus-errors.c maps it to names on the bus. */

typedef enum {
    KS_ERROR_FAILED,            /* it was tried and did not work; the message says what now holds */
    KS_ERROR_INVALID_ARGUMENTS, /* the call makes no sense */
    KS_ERROR_UNKNOWN_METHOD,
    KS_ERROR_NOT_AUTHORISED, /* polkit said no, or could not be asked */
    KS_ERROR_FORBIDDEN,      /* the administrator has ruled it out */
    KS_ERROR_KERNEL,         /* the kernel refused the rules */
    KS_ERROR_STATE,          /* the state could not be written to disk */
    KS_ERROR_NO_SUCH_VPN,    /* or several of this name */
    KS_ERROR_VPN_EXISTS,
    KS_ERROR_NO_SUCH_EXCEPTION,
    KS_ERROR_EXCEPTION_EXISTS, /* of this name, or one that opens the same */
    KS_ERROR_NOT_CONFIRMED,    /* it leaks, as it says, and nobody said that they know */
} KsError;

#define KS_ERROR ks_error_quark()

GQuark ks_error_quark(void);
