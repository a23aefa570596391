/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* nm-killswitch-early, and nm-killswitchd --restore: puts the saved lock into the kernel when the
 * machine starts, before there is a network, a bus or NetworkManager, and leaves it there for the
 * guard to take over. With the servers that were open last and no tunnel. Returns the exit status:
 * 0 if the lock is in the kernel or was not closed; 1 if it is closed and the kernel does not hold
 * it. Then NetworkManager must not start (RequiredBy= in the unit), and what is printed says why
 * and how to get out. */
int ks_restore(void);
