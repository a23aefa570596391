/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* polkit's own agent for terminals: asks for the password of what this program asks of the guard.
 * A desktop that has an agent of its own keeps asking by that one. */

typedef struct KsAgent KsAgent;

/* Starts it and waits until it is ready. NULL where there is no terminal or no pkttyagent(1): then
 * nobody is asked, and the guard refuses what needs a password. */
KsAgent *ks_agent_start(void);

/* Ends it; it restores the terminal. NULL is allowed. */
void ks_agent_end(KsAgent *agent);
