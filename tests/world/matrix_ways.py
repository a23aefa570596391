# SPDX-License-Identifier: GPL-2.0-or-later
"""The leak matrix's other senders: frames that a program on the client makes itself, a container that
the client forwards for, and a guest behind a bridge that has a network card of its own."""

from collections.abc import Callable
from dataclasses import dataclass

from . import addresses as a
from . import probes, raw_probes
from .capture import Capture
from .guests import LINK, Guest
from .network import Namespace, wire
from .raw_probes import RawProbe, Sender, mac_of
from .world import World

_GATE = {4: "10.98.0.1", 6: "fd98::1"}
_CONTAINER = {4: "10.98.0.2", 6: "fd98::2"}
_NETS = (("ip", "10.98.0.0/24"), ("ip6", "fd98::/64"))
_FORWARDED = [kind for kind in probes.all_kinds() if not kind.bound]


@dataclass
class Way:
    name: str
    rows: list[str]
    capture: Capture  # where it would come out
    send: Callable[[], list]

    def row_of(self, probe) -> str:
        return f"{self.name}: {probe.name if isinstance(probe, RawProbe) else probe.kind}"


class Ways:
    """Two bridges beside the client's own card; nothing of them is in the way of its probes."""

    def __init__(self, world: World):
        self._world = world
        self._forward()
        self._bridge()
        frames = list(raw_probes.ATTEMPTS)
        forwarded = [str(kind) for kind in _FORWARDED]
        self.all = [
            Way("frame of the client's", frames, world.capture, self._send_frames),
            Way("forwarded for a container", forwarded, world.capture, self._send_forwarded),
            Way("bridged for a guest", frames, self._bridged, self._send_bridged),
        ]

    def _forward(self) -> None:
        world = self._world
        self.container = Namespace("container")
        world.client.sysctl(ipv4__ip_forward=1, ipv6__conf__all__forwarding=1)
        world.client.ip(
            "link add pod0 type bridge",
            f"link add podport type veth peer name {LINK} netns {self.container.name}",
            "link set podport master pod0",
            "link set podport up",
            "link set pod0 up",
            f"addr add {_GATE[4]}/24 dev pod0",
            f"addr add {_GATE[6]}/64 dev pod0 nodad",
        )
        self.container.ip(
            f"link set {LINK} up",
            f"addr add {_CONTAINER[4]}/24 dev {LINK}",
            f"addr add {_CONTAINER[6]}/64 dev {LINK} nodad",
            *(f"route add default via {_GATE[family]} dev {LINK}" for family in a.FAMILIES),
        )
        rules = "\n".join(f'oifname != "pod0" {kind} saddr {net} masquerade' for kind, net in _NETS)
        chain = f"chain guests {{\ntype nat hook postrouting priority srcnat\n{rules}\n}}"
        world.client.run(["nft", "-f", "-"], input=f"table inet translation {{\n{chain}\n}}\n")

    def _bridge(self) -> None:
        world = self._world
        self._guest = Guest(world)
        wire(world.outside, "lan2", world.outside, "under2")
        world.outside.ip("link set lan2 up", "link set under2 up promisc on")
        world.outside.ip("link add link under2 name card2 type macvlan mode passthru")
        world.outside.ip(f"link set card2 netns {world.client.name}")
        world.client.sysctl(**{f"bridge__bridge-nf-call-{kind}": 0 for kind in ("iptables", "ip6tables")})
        world.client.ip(
            "link add virbr2 type bridge",
            "link set card2 up master virbr2",
            f"link add virport type veth peer name {LINK} netns {self._guest.namespace.name}",
            "link set virport up master virbr2",
            "link set virbr2 up",
        )
        self._guest.configure("lan2")
        self._bridged = Capture(world.outside, self._guest.namespace, "lan2", LINK)
        source = {4: "192.0.2.101", 6: "2001:db8:2::101"}
        self._from_guest = Sender(self._guest.namespace, LINK, source, mac_of(world.outside, "lan2"))

    def _send_frames(self) -> list:
        world = self._world
        source = {4: "192.0.2.99", 6: "2001:db8:2::99"}
        return raw_probes.send_all(Sender(world.client, a.UPLINK, source, mac_of(world.outside, a.ROUTER_END)))

    def _send_forwarded(self) -> list:
        return probes.send(self.container, _FORWARDED)

    def _send_bridged(self) -> list:
        return raw_probes.send_all(self._from_guest)

    def close(self) -> None:
        self._bridged.close()
        self._guest.close()
        self.container.close()
