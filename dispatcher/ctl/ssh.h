/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* A person at the other end of an SSH connection that comes by an uplink is cut off by the lock. */

/* It runs in an SSH session, whatever the lock does to that. Asks nobody. */
bool ks_ssh_is_there(void);

/* From where this program's SSH session comes, if the lock would cut it: it reaches this machine by
 * none of the tunnels of this status (a{sv}). To be freed; NULL: there is none, or it would live.
 * sudo takes the session's variable away, so parents are asked for theirs. */
char *ks_ssh_session_to_cut(GVariant *status);

/* The status, with a warning more if the session would be cut; a new reference. */
GVariant *ks_ssh_warn(GVariant *status);

/* Standard input and error are a terminal, and the person there does not want this session to be
 * cut. */
bool ks_ssh_is_refused(const char *session);
