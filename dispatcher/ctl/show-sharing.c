/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/show-sharing.h"

#include "config.h"
#include "ctl/field.h"
#include "model/printable.h"

#include <glib/gi18n.h>
#include <string.h>

/* What has become of a card (contract.md). */
static const struct {
    const char *word;
    const char *text;
} states[] = {
    { "served", N_("those behind it reach the VPN") },
    { "away", N_("closed, because it is not there or not up") },
    { "leads-out", N_("closed, because it leads out") },
    { "not-shared", N_("closed, because its connection in NetworkManager is not a shared one") },
    { "other-card", N_("closed, because another card has that name now; if you mean that one, name "
                       "it again: nm-killswitch share") },
};

static char *card_text(GVariant *card)
{
    const char *word = ks_field_text(card, "state");
    g_autofree char *interface = ks_printable_name(ks_field_text(card, "interface"));
    g_autofree char *other = ks_printable_name(word); /* a guard of another version */
    const char *text = other;

    for (unsigned i = 0; i < G_N_ELEMENTS(states); i++)
        if (strcmp(states[i].word, word) == 0)
            text = _(states[i].text);
    return g_strdup_printf(_("%s: %s"), interface, text);
}

char **ks_show_sharing(GVariant *status, bool even_none)
{
    g_autoptr(GVariant) cards = ks_field_list(status, "sharing");
    GPtrArray *lines = g_ptr_array_new();

    for (gsize i = 0; i < g_variant_n_children(cards); i++) {
        g_autoptr(GVariant) card = g_variant_get_child_value(cards, i);

        g_ptr_array_add(lines, card_text(card));
    }
    if (even_none && lines->len == 0)
        g_ptr_array_add(lines, g_strdup(_("off: who shares this machine’s connection by cable has "
                                          "none while locked")));
    g_ptr_array_add(lines, NULL);
    return (char **) g_ptr_array_free(lines, FALSE);
}
