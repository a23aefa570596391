/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leaktest/leak-bus.h"
#include "model/names.h"
#include "polkit/on-demand.h"

static void *create(GDBusConnection *connection, KsOnDemandIdle idle, void *data)
{
    return ks_tester_new(connection, idle, data);
}

static bool is_busy(const void *made)
{
    return ks_tester_is_busy(made);
}

static void destroy(void *made)
{
    ks_tester_free(made);
}

int main(int argc, char **argv)
{
    static const KsOnDemand what = {
        .program = KS_TEST_PROGRAM,
        .command = "test",
        .bus_name = KS_TEST_BUS_NAME,
        .create = create,
        .is_busy = is_busy,
        .destroy = destroy,
    };

    return ks_on_demand_main(&what, argc, argv);
}
