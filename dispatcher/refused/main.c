/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/names.h"
#include "polkit/on-demand.h"
#include "refused/refused-bus.h"

static void *create(GDBusConnection *connection, KsOnDemandIdle idle, void *data)
{
    return ks_refused_new(connection, idle, data);
}

static bool is_busy(const void *made)
{
    return ks_refused_is_busy(made);
}

static void leave(void *made)
{
    ks_refused_leave(made);
}

static void destroy(void *made)
{
    ks_refused_free(made);
}

int main(int argc, char **argv)
{
    static const KsOnDemand what = {
        .program = KS_REFUSED_PROGRAM,
        .command = "refused",
        .bus_name = KS_REFUSED_BUS_NAME,
        .create = create,
        .is_busy = is_busy,
        .leave = leave,
        .destroy = destroy,
    };

    return ks_on_demand_main(&what, argc, argv);
}
