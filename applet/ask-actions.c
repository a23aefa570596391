/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/ask-actions.h"

typedef struct {
    KsAsk *ask;
    void *data;
    KsRequest request;
} Row;

static void on_activate(GSimpleAction *action, GVariant *target, gpointer data)
{
    const Row *row = data;

    (void) action;
    row->ask(row->request, target, row->data);
}

static void free_row(gpointer data, GClosure *closure)
{
    (void) closure;
    g_free(data);
}

void ks_ask_actions_add(GActionMap *map, KsAsk *ask, void *data)
{
    static const struct {
        const char *name;
        const char *type;
        KsRequest request;
    } rows[] = {
        { "set-servers", "(sa(ssq))", KS_REQUEST_SET_SERVERS },
        { "set-locks", "(ss)", KS_REQUEST_SET_LOCKS },
        { "add-vpn", "(sssa(ssq))", KS_REQUEST_ADD_VPN },
        { "add-overlay", "(sssa(ssq))", KS_REQUEST_ADD_OVERLAY },
        { "remove-vpn", "(s)", KS_REQUEST_REMOVE_VPN },
        { "add-exception", "(sssqqub)", KS_REQUEST_ADD_EXCEPTION },
        { "add-service", "(sssqqub)", KS_REQUEST_ADD_SERVICE },
        { "add-exception-on", "(sssqqubs)", KS_REQUEST_ADD_EXCEPTION_ON },
        { "add-service-on", "(sssqqubs)", KS_REQUEST_ADD_SERVICE_ON },
        { "remove-exception", "(s)", KS_REQUEST_REMOVE_EXCEPTION },
        { "always-on-here", "(sas)", KS_REQUEST_SET_ALWAYS_ON_HERE },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GSimpleAction) action =
            g_simple_action_new(rows[i].name, G_VARIANT_TYPE(rows[i].type));
        Row *row = g_new(Row, 1);

        *row = (Row){ ask, data, rows[i].request };
        g_signal_connect_data(action, "activate", G_CALLBACK(on_activate), row, free_row, 0);
        g_action_map_add_action(map, G_ACTION(action));
    }
}
