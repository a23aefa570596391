/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "network/activation.h"

struct KsActivation {
    KsActivationAnswered answered; /* NULL: nobody waits any more */
    void *data;
    char *uuid;
};

static void finish(KsActivation *activation, const GError *error)
{
    if (activation->answered)
        activation->answered(activation->uuid, error, activation->data);
    g_free(activation->uuid);
    g_free(activation);
}

static void on_activated(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NMActiveConnection) active =
        nm_client_activate_connection_finish(NM_CLIENT(source), result, &error);

    finish(data, active ? NULL : error);
}

static void on_deactivated(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;

    (void) nm_client_deactivate_connection_finish(NM_CLIENT(source), result, &error);
    finish(data, error);
}

static NMActiveConnection *find_active(NMClient *client, NMRemoteConnection *profile)
{
    const GPtrArray *actives = nm_client_get_active_connections(client);

    for (unsigned i = 0; i < actives->len; i++) {
        NMActiveConnection *active = g_ptr_array_index(actives, i);

        if (nm_active_connection_get_connection(active) == profile &&
            nm_active_connection_get_state(active) <= NM_ACTIVE_CONNECTION_STATE_ACTIVATED)
            return active;
    }
    return NULL;
}

KsActivation *ks_activation_begin(NMClient *client, const char *uuid, bool connect,
                                  GCancellable *cancellable, KsActivationAnswered answered,
                                  void *data)
{
    NMRemoteConnection *profile = nm_client_get_connection_by_uuid(client, uuid);
    NMActiveConnection *active = profile && !connect ? find_active(client, profile) : NULL;
    KsActivation *activation;

    if (!profile || (!connect && !active))
        return NULL;
    activation = g_new(KsActivation, 1);
    *activation = (KsActivation){ answered, data, g_strdup(uuid) };
    /* without a device or a network NetworkManager takes the one that leads to the internet now,
     * and not a VPN that is up */
    if (connect)
        nm_client_activate_connection_async(client, NM_CONNECTION(profile), NULL, NULL, cancellable,
                                            on_activated, activation);
    else
        nm_client_deactivate_connection_async(client, active, cancellable, on_deactivated,
                                              activation);
    return activation;
}

void ks_activation_forget(KsActivation *activation)
{
    activation->answered = NULL;
}
