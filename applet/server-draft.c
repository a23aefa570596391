/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/server-draft.h"

#include "config.h"
#include "model/server.h"

#include <glib/gi18n.h>
#include <string.h>

const char *const ks_draft_protocols[] = { "udp", "tcp", "esp", "ah", "gre", NULL };

bool ks_draft_has_port(const char *protocol)
{
    uint8_t number;

    return ks_protocol_parse(protocol, &number) && ks_protocol_has_ports(number);
}

KsServerDraft *ks_server_draft_new(const char *host, const char *protocol, uint16_t port)
{
    KsServerDraft *draft = g_new0(KsServerDraft, 1);

    draft->host = g_strstrip(g_strdup(host));
    draft->protocol = protocol;
    draft->port = ks_draft_has_port(protocol) ? port : 0;
    return draft;
}

void ks_server_draft_free(KsServerDraft *draft)
{
    if (!draft)
        return;
    g_free(draft->host);
    g_free(draft);
}

static bool is_same(const KsServerDraft *a, const KsServerDraft *b)
{
    return g_ascii_strcasecmp(a->host, b->host) == 0 && strcmp(a->protocol, b->protocol) == 0 &&
           a->port == b->port;
}

char *ks_server_drafts_complaint(const GPtrArray *drafts, unsigned *ret_at)
{
    for (unsigned i = 0; i < drafts->len; i++) {
        const KsServerDraft *draft = g_ptr_array_index(drafts, i);

        *ret_at = i;
        if (!draft->host[0])
            return g_strdup(_("Write the name or the address of the server."));
        if (!ks_server_host_is_valid(draft->host))
            return g_strdup_printf(
                _("“%s” is neither an address nor the name of a server. Write it without the port: "
                  "vpn.example or 203.0.113.5."),
                draft->host);
        if (ks_draft_has_port(draft->protocol) && draft->port == 0)
            return g_strdup_printf(_("Write the port of “%s”: a number from 1 to 65535."),
                                   draft->host);
        for (unsigned before = 0; before < i; before++)
            if (is_same(draft, g_ptr_array_index(drafts, before)))
                return g_strdup_printf(_("“%s” stands here twice."), draft->host);
    }
    if (drafts->len == 0) {
        *ret_at = 0;
        return g_strdup(_("Add at least one server: without any, the VPN could not connect."));
    }
    return NULL;
}

GVariant *ks_server_drafts_pack(const GPtrArray *drafts)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("a(ssq)"));
    for (unsigned i = 0; i < drafts->len; i++) {
        const KsServerDraft *draft = g_ptr_array_index(drafts, i);

        g_variant_builder_add(&builder, "(ssq)", draft->host, draft->protocol, draft->port);
    }
    return g_variant_builder_end(&builder);
}
