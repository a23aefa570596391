/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/notice.h"

#include "applet/sentences.h"
#include "applet/text.h"
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

/* Takes the target if it is floating. */
static void add_button(KsNotice *notice, const char *label, const char *action, GVariant *target)
{
    KsNoticeButton *button = &notice->buttons[notice->buttons_length++];

    button->label = g_strdup(label);
    button->action = action;
    button->target = target ? g_variant_ref_sink(target) : NULL;
}

static KsNotice *notice_new(const KsModel *model)
{
    g_autoptr(KsView) view = ks_view_new(model);
    KsNotice *notice = g_new0(KsNotice, 1);

    notice->title = g_steal_pointer(&view->headline);
    notice->body = g_steal_pointer(&view->why);
    notice->icon = view->icon;
    return notice;
}

static void add_unlock(KsNotice *notice, const KsModel *model)
{
    if (model->permissions[KS_REQUEST_UNLOCK] == KS_PERMISSION_YES)
        add_button(notice, C_("button", "Unlock"), "app.unlock", NULL);
    else if (model->permissions[KS_REQUEST_UNLOCK] != KS_PERMISSION_NO)
        /* TRANSLATORS: the dots mean that a password is asked for */
        add_button(notice, C_("button", "Unlock…"), "app.unlock", NULL);
}

static KsNotice *blocked(const KsModel *model)
{
    const KsVpn *vpn = ks_model_wanted_vpn(model);
    KsNotice *notice = notice_new(model);

    notice->urgent = true;
    if (vpn && model->manager_ready)
        add_button(notice,
                   vpn->uuid && model->dropped[0] ? C_("button", "Reconnect")
                                                  : C_("button", "Connect"),
                   "app.connect", g_variant_new_string(vpn->uuid));
    add_unlock(notice, model);
    return notice;
}

/* The states whose notification has one button, if polkit may agree to it. */
static const struct {
    const char *label;
    const char *action; /* NULL: not such a state */
    KsRequest request;  /* KS_REQUEST_MAX: nobody has to agree */
    bool urgent;
} single[KS_STATE_MAX] = {
    [KS_STATE_BROKEN] = { NC_("button", "Close the lock again"), "app.lock", KS_REQUEST_LOCK,
                          true },
    [KS_STATE_UNKNOWN] = { NC_("button", "Close the lock again"), "app.lock", KS_REQUEST_LOCK,
                           true },
    [KS_STATE_PAUSED] = { NC_("button", "End the pause now"), "app.resume", KS_REQUEST_RESUME,
                          false },
    [KS_STATE_UNLOCKED] = { NC_("button", "Lock"), "app.lock", KS_REQUEST_LOCK, false },
    [KS_STATE_AWAY] = { NC_("button", "Start the guard"), "app.start-guard", KS_REQUEST_MAX,
                        false },
};

static KsNotice *with_single_button(const KsModel *model)
{
    KsState state = model->guard->state;
    KsRequest request = single[state].request;
    KsNotice *notice = notice_new(model);

    notice->urgent = single[state].urgent;
    if (request == KS_REQUEST_MAX || model->permissions[request] != KS_PERMISSION_NO)
        add_button(notice, g_dpgettext2(GETTEXT_PACKAGE, "button", single[state].label),
                   single[state].action, NULL);
    return notice;
}

static KsNotice *first_lock(const KsModel *model)
{
    KsNotice *notice = notice_new(model);

    g_free(notice->title);
    g_free(notice->body);
    notice->title = g_strdup(_("Your VPN is now a lock"));
    notice->body = g_strdup(
        _("Only you open it again, from its icon. Until then nothing leaves this computer except "
          "through a VPN, and nothing at all if the VPN drops."));
    add_button(notice, C_("button", "Show"), "app.show", NULL);
    return notice;
}

KsNoticeVerdict ks_notice_for(const KsModel *model, bool explain, KsTold *told,
                              KsNotice **ret_notice)
{
    KsState state = model->guard->state;
    bool lacks = state == KS_STATE_PROTECTED && model->guard->reason == KS_REASON_SOME_NETWORKS;
    bool settled =
        !lacks && (state != KS_STATE_BLOCKED || model->guard->reason != KS_REASON_CONNECTING);
    /* the guard may say that the tunnel is away before NetworkManager says that its VPN dropped */
    bool dropped = state == KS_STATE_BLOCKED && model->dropped[0];
    bool offers = state == KS_STATE_BLOCKED && ks_model_wanted_vpn(model);
    KsTold before = *told;

    if (state == KS_STATE_STARTING)
        return KS_NOTICE_KEEP;
    if (before.told && before.state == state && before.settled == settled &&
        (before.dropped || !dropped) && (offers || !before.offers))
        return KS_NOTICE_KEEP;
    *told = (KsTold){
        .state = state, .settled = settled, .dropped = dropped, .offers = offers, .told = true
    };
    switch (state) {
    case KS_STATE_PROTECTED:
        if (lacks && before.told) {
            *ret_notice = with_single_button(model);
            return KS_NOTICE_SHOW;
        }
        if (!explain || !before.told || before.state != KS_STATE_UNLOCKED)
            return KS_NOTICE_WITHDRAW;
        *ret_notice = first_lock(model);
        return KS_NOTICE_SHOW;
    case KS_STATE_BLOCKED:
        if (!settled)
            /* a moment on the way to "protected", or soon settled */
            return KS_NOTICE_WITHDRAW;
        *ret_notice = blocked(model);
        return KS_NOTICE_SHOW;
    case KS_STATE_UNLOCKED:
        if (!before.told || before.state == KS_STATE_AWAY)
            return KS_NOTICE_WITHDRAW;
        *ret_notice = with_single_button(model);
        return KS_NOTICE_SHOW;
    case KS_STATE_PAUSED:
    case KS_STATE_AWAY:
    case KS_STATE_BROKEN:
    case KS_STATE_UNKNOWN:
        *ret_notice = with_single_button(model);
        return KS_NOTICE_SHOW;
    case KS_STATE_STARTING:
    case KS_STATE_MAX:
        break;
    }
    return KS_NOTICE_KEEP;
}

bool ks_notice_offer_always_on(const KsModel *model, KsNotice **ret_notice)
{
    const KsGuardState *guard = model->guard;
    const KsVpn *vpn = ks_model_wanted_vpn(model);
    KsNotice *notice;

    if (!ks_state_is_heard(guard->state) || !guard->always_on)
        return false;
    if (guard->always_on[0] || guard->always_on_laid_down ||
        model->permissions[KS_REQUEST_SET_ALWAYS_ON] == KS_PERMISSION_NO)
        return true; /* that is settled */
    if (!vpn || vpn->activity != KS_VPN_UP || !ks_guard_state_vpn(guard, vpn->uuid))
        return false;
    notice = g_new0(KsNotice, 1);
    /* TRANSLATORS: %s is the name of a VPN */
    notice->title = g_strdup_printf(_("Keep “%s” connected?"), vpn->name);
    notice->body = g_strdup(
        _("A VPN that drops is no longer connected again by this program, but by the guard: for "
          "everybody on this computer, and before anybody logs in."));
    notice->icon = "io.github.nmkillswitch-protected-symbolic";
    add_button(notice, C_("button", "Always on"), "app.always-on",
               g_variant_new("(sb)", vpn->uuid, TRUE));
    *ret_notice = notice;
    return true;
}

KsNotice *ks_notice_for_answer(KsRequest request, KsAnswer answer, const char *message)
{
    static const char *const titles[KS_REQUEST_MAX] = {
        [KS_REQUEST_LOCK] = N_("The lock was not closed"),
        [KS_REQUEST_UNLOCK] = N_("The lock was not opened"),
        [KS_REQUEST_LAN_ON] = N_("LAN access was not allowed"),
        [KS_REQUEST_LAN_OFF] = N_("LAN access was not ended"),
        [KS_REQUEST_AUTO_ON] = N_("Auto-lock was not turned on"),
        [KS_REQUEST_AUTO_OFF] = N_("Auto-lock was not turned off"),
        [KS_REQUEST_PAUSE] = N_("The lock was not paused"),
        [KS_REQUEST_RESUME] = N_("The pause was not ended"),
        [KS_REQUEST_SET_SERVERS] = N_("The servers of the VPN were not changed"),
        [KS_REQUEST_SET_LOCKS] = N_("What the VPN does to the lock was not changed"),
        [KS_REQUEST_ADD_VPN] = N_("The VPN was not added"),
        [KS_REQUEST_ADD_OVERLAY] = N_("The overlay network was not added"),
        [KS_REQUEST_SET_ALWAYS_ON] = N_("Which VPN is always on was not changed"),
        [KS_REQUEST_REMOVE_VPN] = N_("The VPN was not removed"),
    };
    KsNotice *notice;

    if (answer == KS_ANSWER_DONE || answer == KS_ANSWER_REFUSED)
        return NULL;
    notice = g_new0(KsNotice, 1);
    notice->title = g_strdup(_(titles[request]));
    notice->icon = "io.github.nmkillswitch-broken-symbolic";
    if (answer == KS_ANSWER_FORBIDDEN)
        notice->body = g_strdup(_("The administrator of this computer does not allow it."));
    else if (answer == KS_ANSWER_AWAY)
        notice->body = g_strdup(_("The guard is not running."));
    else
        notice->body = g_strdup(message);
    return notice;
}

KsNotice *ks_notice_for_quit(const KsModel *model)
{
    KsNotice *notice;

    if (!model->guard->locked)
        return NULL;
    notice = g_new0(KsNotice, 1);
    notice->title = g_strdup(_("The lock stays closed"));
    notice->body = g_strdup(_("Only its icon is gone. To open the lock, start VPN Kill Switch "
                              "again."));
    notice->icon = ks_view_icon(model->guard->state);
    return notice;
}

void ks_notice_free(KsNotice *notice)
{
    if (!notice)
        return;
    for (unsigned i = 0; i < notice->buttons_length; i++) {
        g_free(notice->buttons[i].label);
        g_clear_pointer(&notice->buttons[i].target, g_variant_unref);
    }
    g_free(notice->title);
    g_free(notice->body);
    g_free(notice);
}
