# SPDX-License-Identifier: GPL-2.0-or-later
"""What differs between versions of the programs that the world is made of: a table for each, from
which version on what is so, the newest first. A test asks for what is so here, and expects that."""

import functools
import re
import subprocess
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
Version = tuple[int, ...]


@dataclass(frozen=True)
class OpenVpn:
    static_key_option: tuple[str, ...]  # what openvpn wants to hear before it takes a static key
    static_key_by_plugin: bool  # NetworkManager's plugin, which does not say it, connects


_OPENVPN: dict[Version, OpenVpn] = {
    (2, 7): OpenVpn(("--allow-deprecated-insecure-static-crypto",), static_key_by_plugin=False),
    (2, 4): OpenVpn((), static_key_by_plugin=True),
}


@dataclass(frozen=True)
class Polkit:
    # what checks passwords, where systemd starts it for each connection (polkit-agent-helper.socket);
    # before, polkit's agent started it, and it was setuid
    helper: tuple[str, ...] = ()


POLKIT_HELPER_SOCKET = "/run/polkit/agent-helper.socket"
_POLKIT: dict[Version, Polkit] = {
    (127,): Polkit(("/usr/lib/polkit-1/polkit-agent-helper-1", "--socket-activated")),
    (0,): Polkit(),
}


@dataclass(frozen=True)
class NetworkManager:
    routed_dns: bool  # ipv4.routed-dns: routes to the name servers past everything else


_NETWORK_MANAGER: dict[Version, NetworkManager] = {
    (1, 52): NetworkManager(routed_dns=True),
    (1, 42): NetworkManager(routed_dns=False),
}


def _row(table: dict[Version, T], *command: str) -> T:
    # openvpn 2.6 ends with 1 when it has told its version
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout
    found = re.search(r"[0-9]+(\.[0-9]+)*", said)
    version = tuple(int(part) for part in found.group().split(".")) if found else ()
    for since, row in table.items():
        if version >= since:
            return row
    raise RuntimeError(f"{' '.join(command)}: {said!r}, which is older than the table in versions.py")


@functools.cache
def openvpn() -> OpenVpn:
    return _row(_OPENVPN, "openvpn", "--version")


@functools.cache
def polkit() -> Polkit:
    return _row(_POLKIT, "pkaction", "--version")


@functools.cache
def network_manager() -> NetworkManager:
    return _row(_NETWORK_MANAGER, "NetworkManager", "--version")
