/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Never load a rule or change a link in the network that the machine lives in: kernel tests call
 * this before anything else, while the process has one thread. It moves the process into a network
 * namespace of its own (an ordinary user also gets a user namespace), makes sure that this is so,
 * and brings the loopback up there. It ends the process as a skipped test where the system does not
 * allow it, and as a failed one if anything at all is odd. */
void namespace_enter(void);

/* An ordinary user started us: large socket buffers, for one, are not to be had. */
bool namespace_is_of_user(void);

/* Goes on as process 1 of a PID namespace, as in a container: in a child, which the caller only
 * waits for. After namespace_enter(). */
void namespace_enter_pid(void);

/* The number of this process in the machine's first PID namespace; 0 where it cannot be known,
 * because we were started in another one. */
uint32_t namespace_first_pid(void);

/* A second one: for the other end of a wire. Returns a file descriptor that holds it. */
int namespace_new(void);

/* Runs `function` in the namespace behind `fd` and comes back. */
void namespace_run(int fd, void (*function)(void *data), void *data);

/* A socket for whole frames of this link: `protocol` (ETH_P_*) is what it hears of, 0: nothing. */
int namespace_packet_socket(const char *link, uint16_t protocol);

/* Runs a command where this process is. Returns what it wrote, to be freed; the test ends if it
 * fails. */
char *namespace_command(const char *command);
