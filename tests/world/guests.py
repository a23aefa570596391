# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests: what a container or a virtual machine is to the client, a network namespace with a link."""

from . import addresses as a
from .network import Namespace
from .raw_probes import mac_of
from .world import World

GUEST = {4: "192.0.2.101", 6: "2001:db8:2::101"}
LINK = "eth0"


class Guest:
    """A namespace whose `eth0` somebody made; `configure()` gives it the wire's addresses. The router is
    known to it without a question, so that its probes need no answer from anybody."""

    def __init__(self, world: World, name: str = "guest"):
        self._world = world
        self.namespace = Namespace(name)

    def configure(self, router_link: str = a.ROUTER_END) -> None:
        mac = mac_of(self._world.outside, router_link).hex(":")
        commands = [f"link set {LINK} up"]
        for family in a.FAMILIES:
            prefix, nodad = {4: (24, ""), 6: (64, "nodad")}[family]
            commands += [
                f"addr add {GUEST[family]}/{prefix} dev {LINK} {nodad}",
                f"neigh replace {a.ROUTER[family]} lladdr {mac} dev {LINK}",
                f"route replace default via {a.ROUTER[family]} dev {LINK}",
            ]
        self.namespace.ip(*commands)

    def close(self) -> None:
        self.namespace.close()

    def __enter__(self) -> "Guest":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
