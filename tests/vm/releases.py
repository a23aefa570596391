# SPDX-License-Identifier: GPL-2.0-or-later
"""Of which releases' kernels and programs a machine is made: this machine's own where that is Debian, for which what
is built here is enough, and Debian's next, for which the product is built among its own packages."""

import os
import subprocess
from dataclasses import dataclass


@dataclass(frozen=True)
class Release:
    name: str  # as its archive calls it
    tables_are_owned: bool  # Linux 6.9: they belong to a process and outlive it
    openvpn_in_kernel: bool  # Linux 6.16, OpenVPN 2.7: interfaces of the kind `ovpn`
    routed_dns: bool  # NetworkManager 1.52: ipv4.routed-dns
    clat: bool  # NetworkManager 1.58: ipv4.clat
    hsr: bool  # among the modules of Debian's kernel
    pppoe_relay: bool  # PPPOEIOCSFWD, which Debian's 7.2 answers with ENOTTY
    packages: tuple[str, ...]  # whose names differ
    by_ppp: tuple[str, ...] = ()  # VPNs that pppd carries: NetworkManager's plugins, their programs, servers


_BY_PPP = (
    *("network-manager-pptp", "pptp-linux", "pptpd", "network-manager-l2tp", "xl2tpd"),
    *("network-manager-sstp", "sstp-client", "network-manager-fortisslvpn", "openfortivpn"),
)
NEXT = Release("forky", True, True, True, True, True, False, ("libcares2", "polkitd"))
_ALL = (
    Release("bookworm", False, False, False, False, False, True, ("libc-ares2",), _BY_PPP),
    Release("trixie", True, False, True, False, True, True, ("libcares2",)),
    NEXT,
)


def own() -> Release | None:
    """This machine's, if it is Debian."""
    asked = ["sh", "-c", ". /etc/os-release && echo $ID $VERSION_CODENAME"]
    told = subprocess.run(asked, stdout=subprocess.PIPE, text=True).stdout.split()
    return next((release for release in _ALL if told == ["debian", release.name]), None)


def names() -> list[str]:
    """Both; or those that KS_VM names."""
    return os.environ.get("KS_VM", "").split() or list(dict.fromkeys(release.name for release in (own(), NEXT) if release))


def chosen() -> Release:
    """The one whose tests these are: KS_VM names it, or it is the first of names()."""
    asked = os.environ.get("KS_VM") or names()[0]
    found = [release for release in _ALL if release.name == asked]
    if not found:
        raise SystemExit(f"KS_VM: no such release: {asked}")
    return found[0]


if __name__ == "__main__":
    print("\n".join(names()))
