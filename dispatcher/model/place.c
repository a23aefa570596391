/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/place.h"

#include <glib.h>

#define SSID_MAX 32 /* IEEE 802.11 */

/* Words of NetworkManager's; anything else counts as another. */
static char *word(const char *text)
{
    char *copy = g_strdup(text && text[0] ? text : "-");

    return g_strcanon(copy, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS ":.-_", '?');
}

char *ks_place_wifi(const uint8_t *ssid, size_t size, const char *key_management, bool demands_key)
{
    g_autofree char *keys = word(key_management);
    GString *text = g_string_new("wifi ");

    if (!ssid || size == 0 || size > SSID_MAX) {
        g_string_free(text, TRUE);
        return NULL;
    }
    for (size_t i = 0; i < size; i++)
        g_string_append_printf(text, "%02x", ssid[i]);
    g_string_append_printf(text, " %s %s", keys, demands_key ? "key" : "open");
    return g_string_free(text, FALSE);
}

char *ks_place_wired(const char *type, const char *interface, const char *hardware)
{
    g_autofree char *kind = word(type);
    g_autofree char *name = word(interface);
    g_autofree char *card = word(hardware);

    return g_strjoin(" ", "wired", kind, name, card, NULL);
}

bool ks_place_is_open(const char *place)
{
    g_auto(GStrv) words = g_strsplit(place, " ", -1);

    if (g_strv_length(words) != 4 || !g_str_equal(words[0], "wifi"))
        return false;
    return g_str_equal(words[2], "-") || g_str_equal(words[2], "owe") ||
           !g_str_equal(words[3], "key");
}
