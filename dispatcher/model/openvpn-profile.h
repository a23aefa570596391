/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/profile-reader.h"

/* Reads a profile of NetworkManager-openvpn, whose server list is a grammar of its own
 * (model/openvpn-remote.h). */
void ks_openvpn_profile_read(KsProfileReader *reader);
