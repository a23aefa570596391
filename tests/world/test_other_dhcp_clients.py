# SPDX-License-Identifier: GPL-2.0-or-later
"""A network that NetworkManager does not run: dhclient, dhcpcd and udhcpc renew their lease with its server
while locked. The server is not the router, but for udhcpc, which writes down nothing of its lease."""

import shutil
import signal
import socket
import struct
from pathlib import Path

import pytest

from .capture import Capture
from .installed import require
from .network import Namespace, wire
from .tiny_image import BUSYBOX
from .waiting import wait_until

_CARD = "uplink1"
_END = "office0"
_SERVER = "203.0.113.129"
_ROUTER = "203.0.113.130"
_SOMEBODY = "203.0.113.131"
_RENEW_AFTER = 4  # seconds

_DHCLIENT_SCRIPT = f"""#!/bin/sh
case $reason in
BOUND | RENEW | REBIND | REBOOT)
    ip addr replace "$new_ip_address/$new_subnet_mask" valid_lft "$new_dhcp_lease_time" preferred_lft "$new_dhcp_lease_time" dev {_CARD}
    ip route replace default via "$new_routers" dev {_CARD} metric 900
    ;;
esac
"""

_UDHCPC_SCRIPT = f"""#!/bin/sh
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
ip addr replace "$ip/$mask" dev {_CARD}
ip route replace default via "$router" dev {_CARD} metric 900
"""


class Office:
    """A network with a DHCP server and a router, on a second card of the client's."""

    def __init__(self, world, router: str):
        self.client = world.client
        self.namespace = Namespace("office")
        wire(world.client, _CARD, self.namespace, _END)
        world.manager.nmcli("device", "set", _CARD, "managed", "no")
        world.client.ip(f"link set {_CARD} up")
        self.namespace.ip(
            *(f"addr add {address}/28 dev {_END}" for address in (_SERVER, _ROUTER, _SOMEBODY)), f"link set {_END} up"
        )
        config = Path("/run/world/office.conf")
        config.write_text(
            f"keep-in-foreground\nport=0\nbind-interfaces\ninterface={_END}\nexcept-interface=lo\nuser=root\n"
            "leasefile-ro\nno-ping\ndhcp-authoritative\ndhcp-range=203.0.113.135,203.0.113.140,255.255.255.240,2m\n"
            f"dhcp-option=option:router,{router}\ndhcp-option=option:T1,{_RENEW_AFTER}\n"
        )
        self.namespace.daemon("office", ["dnsmasq", f"--conf-file={config}"])
        self.capture = Capture(self.namespace, world.client, _END, _CARD, "203.0.113.")

    def close(self) -> None:
        self.capture.close()
        self.namespace.close()
        wait_until(lambda: not self.client.has_link(_CARD), "the card to be gone")


def _script(name: str, text: str) -> str:
    path = Path(f"/run/world/{name}")
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def _dhclient(client):
    Path("/var/lib/dhcp").mkdir(exist_ok=True)
    script = _script("dhclient-script", _DHCLIENT_SCRIPT)
    files = ["-cf", "/dev/null", "-lf", f"/var/lib/dhcp/dhclient.{_CARD}.leases", "-pf", "/run/world/dhclient.pid"]
    client.daemon("dhclient", ["dhclient", "-4", "-d", *files, "-sf", script, _CARD])


def _dhcpcd(client):
    Path("/var/lib/dhcpcd").mkdir(exist_ok=True)
    client.daemon("dhcpcd", ["dhcpcd", "-4", "-B", "-A", "-f", "/dev/null", "-c", "/bin/true", "-m", "900", _CARD])


def _udhcpc(client):
    script = _script("udhcpc-script", _UDHCPC_SCRIPT)
    client.daemon("udhcpc", [BUSYBOX, "udhcpc", "-f", "-i", _CARD, "-s", script])


# who its router is; whether it has to be told that it is time
_CLIENTS = {
    "dhclient": (_dhclient, _ROUTER, False),
    "dhcpcd": (_dhcpcd, _ROUTER, False),
    "udhcpc": (_udhcpc, _SERVER, True),
}


def _renew(office, asked: bool, name: str) -> None:
    """Seen outside. udhcpc loses an answer that comes before it has closed the socket it asked by, as here; told
    then that it is time, it begins from the beginning, and renews the next time."""
    since = office.capture.mark()

    def is_seen() -> bool:
        packets = [frame.packet for frame in office.capture.since(since) if frame.packet]
        return any((p.source_port, p.destination_port, p.destination) == (68, 67, _SERVER) for p in packets)

    def is_seen_when_told() -> bool:
        office.client.kill("busybox", signal.SIGUSR1)
        office.capture.fence()
        return is_seen()

    wait_until(is_seen_when_told if asked else is_seen, f"{name} to renew its lease with the server", 4 * _RENEW_AFTER)


def _tell_somebody(client, since: int, office) -> bool:
    """A DHCP packet for a machine that is nobody's server; whether it was seen."""
    canary = b"not your business"
    header = struct.pack("!HHHH", 68, 67, 8 + len(canary), 0)
    with client.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as raw:
        try:
            raw.sendto(header + canary, (_SOMEBODY, 0))
        except PermissionError:
            pass
    office.capture.fence()
    return any(canary in frame.data for frame in office.capture.since(since))


@pytest.fixture(scope="module")
def locked_out(world):
    world.product.install()
    world.product.start_guard()
    world.product.ctl("auto", "off")
    return world


@pytest.mark.parametrize("name", _CLIENTS)
def test_renews_while_locked(locked_out, name):
    world = locked_out
    if name == "dhclient" and not shutil.which(name):
        require(name, ["isc-dhcp-client"])
    start, router, asked = _CLIENTS[name]
    world.product.ctl("unlock")
    office = Office(world, router)
    try:
        start(world.client)
        wait_until(lambda: world.client.addresses(_CARD), f"{name} to get a lease", 30)
        _renew(office, asked, f"the control, unlocked: {name}")
        assert _tell_somebody(world.client, office.capture.mark(), office), "the control: unlocked, it is seen"
        world.product.ctl("lock")
        _renew(office, asked, name)
        _renew(office, asked, name)
        assert not _tell_somebody(world.client, office.capture.mark(), office)
    finally:
        program = {"udhcpc": "busybox"}.get(name, name)
        try:
            world.client.kill(program, signal.SIGTERM)
            wait_until(lambda: not world.client.processes(program), f"{name} to end")
        finally:
            office.close()
