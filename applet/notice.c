/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/notice.h"

#include "applet/presenter.h"
#include "applet/sentences.h"
#include "applet/window-text.h"
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

/* The title is the state alone: desktops cut a longer one off, and wrap what stands below it. */
static KsNotice *notice_new(const KsModel *model)
{
    KsNotice *notice = g_new0(KsNotice, 1);
    g_autofree char *headline = ks_sentence_headline(model);
    g_autofree char *why = ks_sentence_why(model);
    g_autofree char *rest = NULL;

    ks_text_split(headline, &notice->title, &rest);
    if (rest[0] && why[0])
        /* TRANSLATORS: two sentences; the first one has no full stop of its own */
        notice->body = g_strdup_printf(_("%s. %s"), rest, why);
    else
        notice->body = g_strdup(rest[0] ? rest : why);
    notice->icon = ks_view_icon(model->guard->state);
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
    const KsVpn *vpn = model->manager_ready ? ks_model_wanted_vpn(model) : NULL;
    KsNotice *notice = notice_new(model);

    notice->urgent = true;
    if (vpn) {
        notice->vpn = g_strdup(vpn->uuid);
        add_button(notice, model->dropped[0] ? C_("button", "Reconnect") : C_("button", "Connect"),
                   "app.connect", g_variant_new_string(vpn->uuid));
    }
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
    if (single[state].action &&
        (request == KS_REQUEST_MAX || model->permissions[request] != KS_PERMISSION_NO))
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
        model->guard->mode == KS_MODE_DROPS
            ? _("Only you open it again, from its icon. Disconnecting the VPN there opens it, too. "
                "Until then nothing leaves this computer except through a VPN, and nothing at all "
                "if the VPN drops.")
            : _("Only you open it again, from its icon. Until then nothing leaves this computer "
                "except through a VPN, and nothing at all if the VPN drops."));
    add_button(notice, C_("button", "Show"), "app.show", NULL);
    return notice;
}

static char *words_of(const KsNotice *notice)
{
    return g_strjoin("\n", notice->title, notice->body, notice->vpn, NULL);
}

/* A notification that was shown in this very state says what is so now, or goes. */
static KsNoticeVerdict keep_true(const KsModel *model, KsTold *told, KsNotice **ret_notice)
{
    KsState state = model->guard->state;
    bool is_first_lock = state == KS_STATE_PROTECTED && told->settled;
    KsNoticeVerdict verdict = KS_NOTICE_KEEP;
    g_autofree char *words = NULL;
    KsNotice *notice;

    if (!told->shown || is_first_lock)
        return KS_NOTICE_KEEP;
    notice = state == KS_STATE_BLOCKED ? blocked(model) : with_single_button(model);
    words = words_of(notice);
    if (strcmp(words, told->shown) != 0) {
        /* of what an open lock does other words are no news */
        verdict = state == KS_STATE_UNLOCKED ? KS_NOTICE_WITHDRAW : KS_NOTICE_SHOW;
        g_free(told->shown);
        told->shown = verdict == KS_NOTICE_SHOW ? g_steal_pointer(&words) : NULL;
    }
    if (verdict == KS_NOTICE_SHOW)
        *ret_notice = notice;
    else
        ks_notice_free(notice);
    return verdict;
}

/* What the change from `before` to the state of now is worth; NULL: nothing needs to be shown. */
static KsNotice *notice_of_change(const KsModel *model, bool explain, const KsTold *before,
                                  const KsTold *now)
{
    switch (now->state) {
    case KS_STATE_PROTECTED:
        if (!now->settled)
            return before->told ? with_single_button(model) : NULL;
        return explain && before->told && before->state == KS_STATE_UNLOCKED ? first_lock(model)
                                                                             : NULL;
    case KS_STATE_BLOCKED:
        /* else a moment on the way to "protected", or soon settled */
        return now->settled ? blocked(model) : NULL;
    case KS_STATE_UNLOCKED:
        return before->told && before->state != KS_STATE_AWAY ? with_single_button(model) : NULL;
    case KS_STATE_PAUSED:
    case KS_STATE_AWAY:
    case KS_STATE_BROKEN:
    case KS_STATE_UNKNOWN:
        return with_single_button(model);
    case KS_STATE_STARTING:
    case KS_STATE_MAX:
        break;
    }
    return NULL;
}

KsNoticeVerdict ks_notice_for(const KsModel *model, bool explain, KsTold *told,
                              KsNotice **ret_notice)
{
    KsState state = model->guard->state;
    KsReason reason = model->guard->reason;
    KsTold now = {
        .state = state,
        .settled = (state != KS_STATE_PROTECTED || reason != KS_REASON_SOME_NETWORKS) &&
                   (state != KS_STATE_BLOCKED || reason != KS_REASON_CONNECTING),
        /* the guard may say that the tunnel is away before NetworkManager says that its VPN
         * dropped */
        .dropped = state == KS_STATE_BLOCKED && model->dropped[0],
        .told = true,
    };
    KsNotice *notice;

    if (state == KS_STATE_STARTING)
        return KS_NOTICE_KEEP;
    if (told->told && told->state == state && told->settled == now.settled &&
        (told->dropped || !now.dropped))
        return keep_true(model, told, ret_notice);
    notice = notice_of_change(model, explain, told, &now);
    ks_told_clear(told);
    *told = now;
    if (!notice)
        return KS_NOTICE_WITHDRAW;
    told->shown = words_of(notice);
    *ret_notice = notice;
    return KS_NOTICE_SHOW;
}

void ks_told_clear(KsTold *told)
{
    g_free(told->shown);
    *told = (KsTold){ 0 };
}

static bool is_deleted(const KsModel *model, const char *uuid)
{
    return model->manager_ready && !ks_model_vpn(model, uuid);
}

bool ks_notice_is_over(KsState then, const char *vpn, bool is_of_disconnecting,
                       const KsModel *model)
{
    const KsVpn *now = vpn ? ks_model_vpn(model, vpn) : NULL;
    KsVpnActivity wanted = is_of_disconnecting ? KS_VPN_DOWN : KS_VPN_UP;

    if (!vpn)
        return model->guard->state != then;
    return is_deleted(model, vpn) || (now && now->activity == wanted);
}

bool ks_notice_is_over_always_on(const char *vpn, const KsModel *model)
{
    return is_deleted(model, vpn) || (model->guard->always_on && model->guard->always_on[0]);
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
        _("When it drops, the guard connects it again. It does so for everybody on this computer, "
          "also before anybody logs in; this program no longer does."));
    notice->icon = "io.github.nmkillswitch-protected-symbolic";
    notice->vpn = g_strdup(vpn->uuid);
    add_button(notice, C_("button", "Always on"), "app.always-on",
               g_variant_new("(sb)", vpn->uuid, TRUE));
    *ret_notice = notice;
    return true;
}

KsNotice *ks_notice_for_answer(KsRequest request, KsAnswer answer, const char *message,
                               const char *vpn)
{
    static const char *const titles[KS_REQUEST_MAX] = {
        [KS_REQUEST_LOCK] = N_("The lock was not closed"),
        [KS_REQUEST_UNLOCK] = N_("The lock was not opened"),
        [KS_REQUEST_LAN_ON] = N_("LAN access was not allowed"),
        [KS_REQUEST_LAN_OFF] = N_("LAN access was not ended"),
        [KS_REQUEST_AUTO_ON] = N_("When the lock closes by itself was not changed"),
        [KS_REQUEST_SET_MODE] = N_("When the lock closes by itself was not changed"),
        [KS_REQUEST_PAUSE] = N_("The lock was not paused"),
        [KS_REQUEST_RESUME] = N_("The pause was not ended"),
        [KS_REQUEST_SET_SERVERS] = N_("The servers of the VPN were not changed"),
        [KS_REQUEST_SET_LOCKS] = N_("What the VPN does to the lock was not changed"),
        [KS_REQUEST_ADD_VPN] = N_("The VPN was not added"),
        [KS_REQUEST_ADD_OVERLAY] = N_("The overlay network was not added"),
        [KS_REQUEST_SET_ALWAYS_ON] = N_("Which VPN is always on was not changed"),
        [KS_REQUEST_REMOVE_VPN] = N_("The VPN was not removed"),
        [KS_REQUEST_ADD_EXCEPTION] = N_("The exception was not made"),
        [KS_REQUEST_ADD_SERVICE] = N_("The exception was not made"),
        [KS_REQUEST_ADD_EXCEPTION_ON] = N_("The exception was not made"),
        [KS_REQUEST_ADD_SERVICE_ON] = N_("The exception was not made"),
        [KS_REQUEST_REMOVE_EXCEPTION] = N_("The exception was not removed"),
        [KS_REQUEST_SET_ALWAYS_ON_HERE] = N_("Which VPN connects on this network was not changed"),
        [KS_REQUEST_DISCONNECT] = N_("The VPN could not be disconnected"),
    };
    KsNotice *notice;

    if (answer == KS_ANSWER_DONE || answer == KS_ANSWER_REFUSED)
        return NULL;
    notice = g_new0(KsNotice, 1);
    notice->title = g_strdup(_(titles[request]));
    notice->icon = "io.github.nmkillswitch-broken-symbolic";
    /* of a guard that is away the next state is the end, whatever the VPN does */
    notice->vpn = answer == KS_ANSWER_AWAY ? NULL : g_strdup(vpn);
    notice->is_of_disconnecting = request == KS_REQUEST_DISCONNECT;
    if (answer == KS_ANSWER_FORBIDDEN)
        notice->body = g_strdup(_("The administrator of this computer does not allow it."));
    else if (answer == KS_ANSWER_AWAY)
        notice->body = g_strdup(_("The guard is not running."));
    else
        notice->body = g_strdup(message);
    return notice;
}

KsNotice *ks_notice_for_vpn(const KsModel *model, const char *uuid, const char *message)
{
    const KsVpn *vpn = ks_model_vpn(model, uuid);
    bool was_up = vpn && vpn->activity == KS_VPN_UP;
    KsNotice *notice = g_new0(KsNotice, 1);

    notice->title = g_strdup(was_up ? _("The VPN could not be disconnected")
                                    : _("The VPN could not be connected"));
    notice->body = g_strdup(message);
    notice->icon = ks_view_icon(KS_STATE_BROKEN);
    notice->vpn = g_strdup(uuid);
    notice->is_of_disconnecting = was_up;
    return notice;
}

KsNotice *ks_notice_for_no_start(const char *message)
{
    KsNotice *notice = g_new0(KsNotice, 1);

    notice->title = g_strdup(_("The guard could not be started"));
    notice->body = g_strdup(message);
    notice->icon = ks_view_icon(KS_STATE_BROKEN);
    return notice;
}

KsNotice *ks_notice_for_quit(const KsModel *model)
{
    KsNotice *notice;

    if (!model->guard->locked)
        return NULL;
    notice = g_new0(KsNotice, 1);
    notice->title = g_strdup(_("The lock stays closed"));
    notice->body = g_strdup(_("To open it, start VPN Kill Switch again. Only its icon is gone."));
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
    g_free(notice->vpn);
    g_free(notice);
}
