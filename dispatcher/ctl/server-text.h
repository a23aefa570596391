/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A server as a person writes it: HOST:PORT/udp, HOST:PORT/tcp, [IPV6]:PORT/udp, or without a port
 * HOST/esp, HOST/ah, HOST/gre (an IPv6 address may then stand without brackets). Whether the host
 * is one is the guard's to say; here it only must not be empty. False, and nothing is filled in,
 * for everything else. `ret_host` is owned by the caller, `ret_protocol` is static. */
bool ks_server_text_parse(const char *text, char **ret_host, const char **ret_protocol,
                          uint16_t *ret_port);
