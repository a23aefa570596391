/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

/* A program that the system bus starts when somebody asks, and that ends when nobody has for half a
 * minute. */

/* Nobody wants anything any more, now or since it began. */
typedef void (*KsOnDemandIdle)(void *data);

typedef struct {
    const char *program;
    const char *command; /* of the command line, by which people use it */
    const char *bus_name;
    /* what answers; it calls `idle` */
    void *(*create)(GDBusConnection *connection, KsOnDemandIdle idle, void *data);
    bool (*is_busy)(const void *what); /* somebody waits for it */
    /* it has given its name back, so it is to begin nothing that lasts; may be NULL */
    void (*leave)(void *what);
    void (*destroy)(void *what);
} KsOnDemand;

/* Of main(): returns its exit status. */
int ks_on_demand_main(const KsOnDemand *what, int argc, char **argv);
