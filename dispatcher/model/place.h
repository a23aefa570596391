/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a network is, whatever a profile calls itself: a UUID belongs to anyone who writes the
 * profile, and can be given to another network. Two places are the same if their text is. */

/* A Wi-Fi network: its name, how its key is agreed on as the profile says ("wpa-psk"; NULL: not at
 * all), and whether its access point demands one. NULL: the card is at none. Owned by the
 * caller. */
char *ks_place_wifi(const uint8_t *ssid, size_t size, const char *key_management, bool demands_key);

/* Any other: the connection's type, the interface, and the card's own hardware address (NULL: it
 * has none). Owned by the caller. */
char *ks_place_wired(const char *type, const char *interface, const char *hardware);

/* A Wi-Fi network that anybody can set up under its name: it asks for no key, or agrees on one with
 * anybody who comes (RFC 8110). */
bool ks_place_is_open(const char *place);
