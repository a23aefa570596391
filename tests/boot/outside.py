# SPDX-License-Identifier: GPL-2.0-or-later
"""What is around the machine: the world's router, VPN servers and internet, and a socket for a
network card. The router stays up while the machine's own namespace is made again for every boot:
power-on finds a kernel without any rule and a card that was never up."""

import shutil
import socket
import threading
from pathlib import Path

from world import addresses as a
from world import keys, router
from world.capture import Capture
from world.network import Namespace, packet_socket, wire

WIRE_END = "wire0"  # where the capture listens: the router's end of the wire


class Outside:
    def __init__(self) -> None:
        shutil.rmtree("/run/world/log", ignore_errors=True)
        Path("/run/world/log").mkdir(parents=True)
        self.namespace = Namespace("outside")

    def start(self) -> None:
        making_keys = threading.Thread(target=keys.make_keys)
        making_keys.start()
        internet = router.start_internet(self.namespace)
        bridge = "type bridge stp_state 0 forward_delay 0 mcast_snooping 0"
        self.namespace.ip(f"link add {a.ROUTER_END} address 02:00:00:00:00:01 {bridge}")
        router.configure_links(self.namespace)
        router.start_dnsmasq(self.namespace)
        making_keys.join()
        router.start_vpn_servers(self.namespace)
        router.wait_for_outside(self.namespace, internet)

    def plug_in(self) -> tuple[Namespace, Capture]:
        """A new network namespace whose only card is on the router's wire, and who watches it."""
        client = Namespace("client")
        try:
            client.sysctl(ipv6__conf__default__accept_dad=0, ipv6__conf__default__dad_transmits=0)
            wire(client, a.UPLINK, self.namespace, WIRE_END)
            self.namespace.sysctl(**{f"ipv6__conf__{WIRE_END}__disable_ipv6": 1})
            self.namespace.ip(f"link set {WIRE_END} master {a.ROUTER_END} up")
            return client, Capture(self.namespace, client, WIRE_END)
        except BaseException:
            self.unplug(client)
            raise

    def unplug(self, client: Namespace) -> None:
        """The wire first: the kernel takes its time to take a namespace down."""
        self.namespace.run(["ip", "link", "del", WIRE_END], check=False)
        client.close()

    def tunnel(self, link: str = a.SERVER_TUNNEL) -> "Tunnel":
        """What comes out of the tunnel at the VPN server."""
        return Tunnel(self.namespace, link)

    def close(self) -> None:
        self.namespace.close()


class Tunnel:
    def __init__(self, outside: Namespace, link: str):
        self._socket = outside.call(self._open, link)

    @staticmethod
    def _open(link: str) -> socket.socket:
        opened = packet_socket(link, socket.SOCK_DGRAM)
        opened.settimeout(10)
        return opened

    def wait_for(self, text: bytes) -> None:
        """Raises if no packet with this text comes."""
        while text not in self._socket.recv(65535):
            pass

    def __enter__(self) -> "Tunnel":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
