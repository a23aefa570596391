/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/leak-call.h"

#include "config.h"
#include "ctl/helper.h"
#include "model/names.h"

#include <glib/gi18n.h>

static char *not_started(void)
{
    return g_strdup_printf(_("The leak test could not be started. Its log: %s"),
                           "journalctl -u nm-killswitch-leak-test.service");
}

static char *silent(void)
{
    return g_strdup(_("The leak test does not answer."));
}

static const KsHelper helper = {
    .bus_name = KS_TEST_BUS_NAME,
    .path = KS_TEST_BUS_PATH,
    .interface = KS_TEST_BUS_INTERFACE,
    .method = "Run",
    .timeout_ms = 60000, /* it takes some three seconds, and others' may come first */
    .too_many = N_("Too many leak tests wait already. Try it again in a moment."),
    .silent = silent,
    .not_started = not_started,
};

KsExitStatus ks_leak_call(GDBusConnection *connection, bool may_ask, GVariant **ret_told,
                          char **ret_message)
{
    return ks_helper_ask(&helper, connection, may_ask, ret_told, ret_message);
}

KsExitStatus ks_leak_call_status(KsLeakVerdict verdict)
{
    if (verdict == KS_LEAK_LEAKED)
        return KS_EXIT_LEAKED;
    return verdict == KS_LEAK_CLOSED ? KS_EXIT_DONE : KS_EXIT_UNJUDGED;
}

KsExitStatus ks_leak_call_explain(const GError *error, char **ret_message)
{
    return ks_helper_explain(&helper, error, ret_message);
}
