/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NetworkManager's numbers, by its own header, and what is beyond them. */
#include "model/failure.h"

#include <NetworkManager.h>

#define REASON(noun) NM_ACTIVE_CONNECTION_STATE_REASON_##noun

static void test_reasons(void)
{
    static const struct {
        unsigned reason;
        KsFailure failure;
    } rows[] = {
        { REASON(UNKNOWN), KS_FAILURE_NONE },
        { REASON(NONE), KS_FAILURE_NONE },
        { REASON(USER_DISCONNECTED), KS_FAILURE_NONE },
        { REASON(DEVICE_DISCONNECTED), KS_FAILURE_NONE },
        { REASON(SERVICE_STOPPED), KS_FAILURE_SERVICE },
        { REASON(IP_CONFIG_INVALID), KS_FAILURE_SERVICE },
        { REASON(CONNECT_TIMEOUT), KS_FAILURE_TIMEOUT },
        { REASON(SERVICE_START_TIMEOUT), KS_FAILURE_SERVICE },
        { REASON(SERVICE_START_FAILED), KS_FAILURE_SERVICE },
        { REASON(NO_SECRETS), KS_FAILURE_NO_SECRETS },
        { REASON(LOGIN_FAILED), KS_FAILURE_LOGIN },
        { REASON(CONNECTION_REMOVED), KS_FAILURE_NONE },
        { REASON(DEPENDENCY_FAILED), KS_FAILURE_NONE },
        { REASON(DEVICE_REALIZE_FAILED), KS_FAILURE_SERVICE },
        { REASON(DEVICE_REMOVED), KS_FAILURE_NONE },
        { REASON(DEVICE_REMOVED) + 1, KS_FAILURE_NONE },
        { G_MAXUINT, KS_FAILURE_NONE },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(ks_failure_of(rows[i].reason), ==, rows[i].failure);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/failure/reasons", test_reasons);
    return g_test_run();
}
