/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/client.h"

#include "ctl/agent.h"
#include "ctl/bus-client.h"
#include "ctl/local.h"
#include "files/guard-socket.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct KsClient {
    bool may_ask_password;
    GDBusConnection *connection; /* NULL until it is needed */
};

KsClient *ks_client_new(bool may_ask_password)
{
    KsClient *client = g_new0(KsClient, 1);

    client->may_ask_password = may_ask_password;
    return client;
}

void ks_client_free(KsClient *client)
{
    g_clear_object(&client->connection);
    g_free(client);
}

bool ks_client_is_root(void)
{
    return geteuid() == 0;
}

/* What only reads is for anybody; all else is authorised by polkit. */
static bool needs_authorisation(const char *method)
{
    return !g_str_has_prefix(method, "Get");
}

static KsExitStatus call_with_a_person(KsClient *client, const char *method, GVariant *arguments,
                                       GVariant **ret_result, char **ret_message)
{
    g_autoptr(GVariant) held = g_variant_ref_sink(arguments);
    g_autoptr(GVariant) ignored = NULL;
    KsExitStatus status;
    KsAgent *agent;

    /* while a person is asked, waiting is no sign that the guard hangs: see first that it lives */
    status = ks_bus_call(client->connection, "GetStatus", NULL, false, &ignored, ret_message);
    if (status != KS_EXIT_DONE)
        return status;
    agent = ks_agent_start();
    status = ks_bus_call(client->connection, method, held, true, ret_result, ret_message);
    ks_agent_end(agent);
    return status;
}

static KsExitStatus call_over_bus(KsClient *client, const char *method, GVariant *arguments,
                                  GVariant **ret_result, char **ret_message)
{
    g_autoptr(GVariant) held = g_variant_ref_sink(arguments);
    g_autoptr(GError) error = NULL;

    if (!client->connection)
        client->connection = ks_bus_open(&error);
    if (!client->connection)
        return ks_bus_explain(error, ret_message);
    if (client->may_ask_password && needs_authorisation(method))
        return call_with_a_person(client, method, held, ret_result, ret_message);
    return ks_bus_call(client->connection, method, held, false, ret_result, ret_message);
}

KsExitStatus ks_client_call(KsClient *client, const char *method, GVariant *arguments,
                            GVariant **ret_result, char **ret_message)
{
    GVariant *call = arguments ? arguments : g_variant_new_tuple(NULL, 0);
    int fd = ks_client_is_root() ? ks_guard_socket_open() : -EACCES;

    *ret_result = NULL;
    *ret_message = NULL;
    if (fd >= 0)
        return ks_local_call(fd, method, call, ret_result, ret_message);
    /* root of a container is not root to the guard */
    if (fd == -EACCES || fd == -EPERM)
        return call_over_bus(client, method, call, ret_result, ret_message);
    g_variant_unref(g_variant_ref_sink(call));
    return ks_local_explain(fd, ret_message);
}

KsExitStatus ks_client_get_status(KsClient *client, GVariant **ret_status, char **ret_message)
{
    g_autoptr(GVariant) result = NULL;
    KsExitStatus status = ks_client_call(client, "GetStatus", NULL, &result, ret_message);

    *ret_status = NULL;
    if (status != KS_EXIT_DONE)
        return status;
    if (g_variant_is_of_type(result, G_VARIANT_TYPE("(a{sv})")))
        *ret_status = g_variant_get_child_value(result, 0);
    else
        *ret_status = g_variant_ref_sink(g_variant_new_array(G_VARIANT_TYPE("{sv}"), NULL, 0));
    return KS_EXIT_DONE;
}
