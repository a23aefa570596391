/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/status-frames.h"

#include <linux/if_ether.h>
#include <string.h>

/* Types that Debian's headers do not all name. */
#define HSR      0x892f
#define PROFINET 0x8892

static const struct {
    uint16_t type;
    const char *name;
} names[] = {
    { ETH_P_8021Q, "a VLAN in a VLAN" },
    { ETH_P_8021AD, "VLAN, IEEE 802.1ad" },
    { ETH_P_BATMAN, "batman-adv" },
    { ETH_P_PRP, "HSR or PRP" },
    { HSR, "HSR" },
    { ETH_P_MACSEC, "MACsec" },
    { ETH_P_MPLS_UC, "MPLS" },
    { ETH_P_PPP_DISC, "PPPoE" },
    { ETH_P_PPP_SES, "PPPoE" },
    { ETH_P_FCOE, "Fibre Channel" },
    { PROFINET, "PROFINET" },
};

static const char *name_of(uint16_t type)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
        if (names[i].type == type)
            return names[i].name;
    return "unknown to us";
}

void ks_status_warn_of_frames(GVariantBuilder *builder, const KsStatusFacts *facts)
{
    if (facts->frame_types_count == 0 || strcmp(ks_status_state(facts), "blocked") != 0)
        return;
    for (unsigned i = 0; i < facts->frame_types_count; i++) {
        uint16_t type = facts->frame_types[i];
        g_autofree char *text = g_strdup_printf(
            "In the last minute the lock dropped frames of type 0x%04x (%s) on a network card. If "
            "your network needs them, no VPN connects while locked.",
            type, name_of(type));

        g_variant_builder_add(builder, "s", text);
    }
}
