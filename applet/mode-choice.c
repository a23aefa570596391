/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/mode-choice.h"

#include "config.h"

#include <glib/gi18n.h>

static const struct {
    KsMode mode;
    const char *title;
    const char *note;
} texts[KS_MODE_MAX] = {
    { KS_MODE_ALWAYS, NC_("mode", "Always"),
      N_("Closed from the first moment of each start, before any VPN; if you open it, nothing is "
         "protected until you close it or the computer starts again.") },
    { KS_MODE_VPN, NC_("mode", "When a VPN is on"),
      N_("Closes when a VPN connects that carries everything, and stays closed if it drops; while "
         "you have it open, nothing is protected.") },
    { KS_MODE_DROPS, NC_("mode", "Only against drops"),
      N_("Closes in the same way and stays closed if the VPN drops, but opens when you disconnect "
         "it with this program; then nothing is protected.") },
    { KS_MODE_OFF, NC_("mode", "Off"),
      N_("Closes only when you close it; while it is open, everything goes out without the VPN "
         "if that drops.") },
};

static KsRequest request_for(const KsGuardState *guard, KsMode mode)
{
    return ks_mode_only_raises(guard->mode, mode) ? KS_REQUEST_AUTO_ON : KS_REQUEST_SET_MODE;
}

KsModeChoice *ks_mode_choice_new(const KsModel *model)
{
    const KsGuardState *guard = model->guard;
    KsModeChoice *choice = g_new0(KsModeChoice, 1);

    choice->known = ks_state_is_heard(guard->state);
    choice->busy = model->busy[KS_REQUEST_SET_MODE] || model->busy[KS_REQUEST_AUTO_ON];
    if (!choice->known)
        choice->note = g_strdup(_("Not known while the guard is not running"));
    else if (guard->mode_source[0])
        /* TRANSLATORS: %s is a file and a line of it */
        choice->note =
            g_strdup_printf(_("The administrator has laid it down in %s"), guard->mode_source);
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        KsMode mode = texts[i].mode;

        choice->options[i] = (KsModeOption){
            .mode = mode,
            .title = g_dpgettext2(GETTEXT_PACKAGE, "mode", texts[i].title),
            .note = _(texts[i].note),
            .chosen = choice->known && guard->mode == mode,
            .sensitive = !choice->note && !choice->busy &&
                         model->permissions[request_for(guard, mode)] != KS_PERMISSION_NO,
        };
    }
    return choice;
}

void ks_mode_choice_free(KsModeChoice *choice)
{
    if (!choice)
        return;
    g_free(choice->note);
    g_free(choice);
}

KsRequest ks_mode_choice_request(const KsGuardState *guard, const char *mode,
                                 GVariant **ret_arguments)
{
    KsRequest request;
    KsMode wanted;

    if (!ks_mode_parse(mode, &wanted) || (ks_state_is_heard(guard->state) && guard->mode == wanted))
        return KS_REQUEST_MAX;
    request = request_for(guard, wanted);
    *ret_arguments =
        request == KS_REQUEST_AUTO_ON ? g_variant_new("(b)", TRUE) : g_variant_new("(s)", mode);
    return request;
}
