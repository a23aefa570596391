# SPDX-License-Identifier: GPL-2.0-or-later
"""One kind of VPN: NetworkManager's plugin for it, a server, and what may be seen of it on the wire."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import addresses as a
from .sandbox import reports_dir

if TYPE_CHECKING:
    from .world import World

TCP, UDP, GRE, ESP = 6, 17, 47, 50
PROTOCOLS = {TCP: "tcp", UDP: "udp", GRE: "gre", ESP: "esp"}
Server = Callable[["World"], None]
Flow = tuple[int, int]  # protocol, port at the server (0 where there are none)


@dataclass(frozen=True)
class Kind:
    name: str  # of its row: type and variant; also the first label of its server's name
    type: str  # as `status` calls it, and the end of the plugin's service name
    packages: tuple[str, ...]  # NetworkManager's plugin first, then what is below it, then the server
    program: str  # the client's, that carries the VPN: killed in the walk
    start: Server  # the server, outside; also again after `stop`
    stop: Server  # it dies without a word
    data: Callable[[str], dict[str, str]]  # the profile's vpn.data for this host
    wire: frozenset[Flow]  # all that a locked client sends to the server
    secrets: Callable[["World", str], dict[str, str]] = lambda _world, _host: {}  # a person's login to this host
    rekey: Callable[["World"], None] | None = None  # client and server agree on new keys; None: they never do
    outlives_new_keys: bool = True  # else its tunnel is dead with them, and nobody is told
    people: frozenset[Flow] = frozenset()  # of `wire`: a person's program reaches the server there, too
    remains: str = "Nobody but the system's daemons."  # who else can use the opening, and what for
    address: str = a.SERVER[4]  # the server's, or its proxy's
    families: tuple[int, ...] = a.FAMILIES  # that the tunnel carries
    is_free: Callable[["World"], bool] = lambda _world: True  # the server has let go of the client before

    @property
    def host(self) -> str:
        return f"{self.name}.{a.ONLY_KNOWN_NAMES}"


def keep_record(name: str, record: dict) -> None:
    """For kinds_page.py."""
    folder = reports_dir() / "vpn-types"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(record, indent=1))
