/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "guard/guard-private.h"

/* By which cards a person shares this machine's connection (ADR 43). What is kept is what each of
 * them was when it was named: a name is given to the card that comes first. */

static char *place_before(const KsSettings *settings, const char *card)
{
    for (unsigned i = 0; settings->shared_cards && settings->shared_places &&
                         settings->shared_cards[i] && settings->shared_places[i];
         i++)
        if (g_str_equal(settings->shared_cards[i], card))
            return g_strdup(settings->shared_places[i]);
    return NULL;
}

/* What each of these is; NULL with an error. */
static char **places_of(KsGuard *guard, const char *const *cards, GError **error)
{
    g_autoptr(GPtrArray) places = g_ptr_array_new_with_free_func(g_free);

    for (unsigned i = 0; cards[i]; i++) {
        char *place = ks_look_card_place(guard->look, cards[i]);

        if (!place)
            place = place_before(ks_engine_settings(guard->engine), cards[i]);
        if (!place) {
            g_set_error(error, KS_ERROR, KS_ERROR_INVALID_ARGUMENTS,
                        "NetworkManager knows no network card with a cable called %s. They are "
                        "listed by: nmcli device",
                        cards[i]);
            return NULL;
        }
        g_ptr_array_add(places, place);
    }
    g_ptr_array_add(places, NULL);
    return (char **) g_ptr_array_free(g_steal_pointer(&places), FALSE);
}

bool ks_guard_set_sharing(KsGuard *guard, KsGuardDoing doing, const char *const *cards,
                          GError **error)
{
    g_auto(GStrv) places = places_of(guard, cards, error);

    if (!places || doing == KS_GUARD_TRY)
        return places != NULL;
    if (ks_engine_set_shared_cards(guard->engine, cards, (const char *const *) places)) {
        g_autofree char *all = g_strjoinv(" ", (char **) cards);

        g_message("by which cards this machine's connection is shared was set on request: %s",
                  cards[0] ? all : "none");
    }
    return cards[0] ? ks_guard_save_and_follow(guard, error)
                    : ks_guard_follow_and_save(guard, error);
}
