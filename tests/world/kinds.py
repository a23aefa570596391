# SPDX-License-Identifier: GPL-2.0-or-later
"""The kinds of VPN that are connected for real, each by the same walk (test_kinds.py). To add one: a file with
its server and its rows, as openconnect.py, and its name here."""

import os
from datetime import date

from . import iodine, openconnect, openvpn_kinds, ssh, vpnc
from .kind import Kind

KINDS: tuple[Kind, ...] = (*openconnect.KINDS, *openvpn_kinds.KINDS, *ssh.KINDS, *iodine.KINDS, *vpnc.KINDS)
# pppd carries them, which needs the kernel's PPP: tests/vm/by_ppp.py.
IN_VM = ("sstp", "fortisslvpn", "l2tp", "pptp")
# What no row is for, and why.
NOT_RUN = {
    "WireGuard, strongSwan": "the kernel carries them: in virtual machines, tests/vm",
    "L2TP inside IPsec": "NetworkManager gives its plugin ten seconds to set strongSwan up, and an emulated machine on a busy one "
    "took fifteen: the key exchange passed, the call did not; tests/vm sends its packets without the plugin",
    "vpnc with ESP outside UDP, or in Cisco's own UDP": "strongSwan without the kernel speaks neither",
    "Libreswan": "Debian 12 has no plugin for it, and the kernel that the tests run on has no ESP",
    "OpenConnect's other protocols (GlobalProtect, Pulse, F5, Array)": "no server for them is packaged",
}
_A_DAY = 3  # in CI


def chosen() -> list[Kind]:
    """All with KS_FULL=1, those that KS_KINDS names, else three: other ones every day, until all had their turn."""
    asked = os.environ.get("KS_KINDS", "").split()
    unknown = set(asked) - {kind.name for kind in KINDS}
    if unknown:
        raise SystemExit(f"KS_KINDS: no such kind: {' '.join(sorted(unknown))}")
    if asked:
        return [kind for kind in KINDS if kind.name in asked]
    if os.environ.get("KS_FULL"):
        return list(KINDS)
    first = date.today().toordinal() * _A_DAY
    return [KINDS[number % len(KINDS)] for number in range(first, first + min(_A_DAY, len(KINDS)))]
