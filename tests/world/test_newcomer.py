# SPDX-License-Identifier: GPL-2.0-or-later
"""A VPN of a type that nobody knows, by a plugin on libnm: listed, it asks for its server, it works once that is
named, and nothing else gets out by that."""

import json
import shutil
import signal
import socket
from pathlib import Path

import pytest

from . import addresses as a
from . import newcomer, probes, profiles, questions
from .kernel import set_thread_fsuid
from .network import log_of
from .plugins import offer
from .router import say_names
from .waiting import wait_until

_PROGRAM = Path("/run/world/bin/newcomer.py")
_PORT = 4242
_NAME = f"new.{a.ONLY_KNOWN_NAMES}"
_HOSTS = {"address": a.SERVER[4], "name": _NAME}
_PERSON = 1000
_DNS_NAME = 20  # behind the headers of UDP and DNS
_NAME_ASKED = b"".join(bytes([len(part)]) + part.encode() for part in (*_NAME.split("."), ""))


@pytest.fixture(scope="module")
def guarded(world):
    _PROGRAM.parent.mkdir(exist_ok=True)
    shutil.copy(newcomer.__file__, _PROGRAM)
    _PROGRAM.chmod(0o755)
    offer("newcomer", str(_PROGRAM))
    say_names(f"{a.SERVER[4]} {_NAME}")
    world.outside.kill("dnsmasq", signal.SIGHUP)
    _start_server(world)
    for kind, host in _HOSTS.items():
        text = profiles.vpn(kind, {"host": host, "port": str(_PORT)})
        profiles.write(kind, text.replace("NetworkManager.openvpn", "NetworkManager.newcomer"))
    world.manager.nmcli("connection", "reload")
    world.product.install()
    world.product.start_guard()
    world.product.ctl("lock")
    world.product.wait_state("blocked")
    return world


def _start_server(world) -> None:
    link = newcomer.SERVER_LINK
    known = log_of("newcomer-server").stat().st_size if log_of("newcomer-server").exists() else 0
    world.outside.daemon("newcomer-server", ["/usr/bin/python3", newcomer.__file__, "server", link, a.SERVER[4], str(_PORT)])
    wait_until(lambda: b"ready" in log_of("newcomer-server").read_bytes()[known:], "the server to hear")
    routes = (f"route add {newcomer.OWN[4]}/32 dev {link}", f"route add {newcomer.OWN[6]}/128 dev {link}")
    world.outside.ip(f"link set {link} up", *routes)


def _plain(world, mark: int) -> list:
    """What left since in clear, but for datagrams to the server's own port and questions for its name."""

    def is_its_own(packet) -> bool:
        if packet.destination_port == a.DNS_PORT:
            return packet.payload[_DNS_NAME:].startswith(_NAME_ASKED)
        return (packet.destination, packet.destination_port) == (a.SERVER[4], _PORT)

    frames = world.capture.plain(mark, world.capture.fence())
    return [frame for frame in frames if not (frame.packet and is_its_own(frame.packet))]


def _nothing_leaves(world, mark: int) -> None:
    sent = probes.send(world.client, [kind for kind in probes.all_kinds() if kind.bound])
    left = _plain(world, mark)
    for probe in sent:
        probe.close()
    assert left == [], [frame.purpose for frame in left]


def _listed(world, name: str) -> dict:
    vpns = json.loads(world.product.ctl("vpn", "list", "--json").stdout)["vpns"]
    return next(vpn for vpn in vpns if vpn["name"] == name)


def _calls_the_server(world) -> bool:
    """Whether a person's program gets a datagram to the VPN's server, at its port."""

    def send() -> None:
        set_thread_fsuid(_PERSON)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, a.UPLINK.encode())
            caller.sendto(b"a person's", (a.SERVER[4], _PORT))

    mark = world.capture.fence()
    try:
        world.client.call(send)
    except PermissionError:
        pass  # judged outside
    return any(b"a person's" in frame.data for frame in world.capture.since(mark, world.capture.fence()))


def test_it_is_listed_and_asks_for_its_server(guarded):
    """Nothing is guessed: it cannot connect, and what is shown says why and what to do."""
    mark = guarded.capture.fence()
    assert _listed(guarded, "address")["servers"] == []
    shown = guarded.product.ctl("vpn", "list").stdout
    assert "address (newcomer), not connected\n  no server is known" in shown, shown
    (warning,) = (text for text in guarded.product.status()["warnings"] if text.startswith("address: "))
    assert "does not know" in warning and "nm-killswitch vpn set" in warning
    up = guarded.manager.nmcli("--wait", "20", "connection", "up", "address", check=False)
    assert up.returncode != 0
    status = guarded.product.status()
    assert (status["state"], status["tunnels"]) == ("blocked", []), status
    assert "newcomer: [Errno 1]" in log_of("NetworkManager").read_text(), "the lock did not refuse it"
    assert guarded.capture.plain(mark, guarded.capture.fence()) == []


@pytest.mark.parametrize("kind", _HOSTS)
def test_it_works_once_its_server_is_named(guarded, kind):
    product, manager = guarded.product, guarded.manager
    mark = guarded.capture.fence()
    product.ctl("vpn", "set", kind, "--server", f"{_HOSTS[kind]}:{_PORT}/udp")
    assert [(s["port"], s["source"]) for s in _listed(guarded, kind)["servers"]] == [(_PORT, "override")]
    assert not [text for text in product.status()["warnings"] if text.startswith(f"{kind}: ")]
    manager.up(kind)
    status = product.wait_state("protected")
    assert [(t["name"], t["type"], t["interface"]) for t in status["tunnels"]] == [(kind, "newcomer", newcomer.LINK)]
    assert status["carries"] == {"ipv4": "all", "ipv6": "all"}
    for family in a.FAMILIES:
        assert questions.my_address(guarded.client, family) == newcomer.OWN[family]
    assert _calls_the_server(guarded)  # nobody knows whose packets such a VPN's are: ADR 11
    for access in ("on", "off"):
        product.ctl("lan", access)
        product.wait_state("protected")
    _nothing_leaves(guarded, mark)

    (plugin,) = [pid for pid in guarded.client.processes("newcomer.py")]
    guarded.client.kill("newcomer.py")
    product.wait_state("blocked")
    _nothing_leaves(guarded, mark)
    manager.up(kind)
    product.wait_state("protected")
    assert guarded.client.processes("newcomer.py") != [plugin]

    for process in guarded.outside.processes("python3"):
        if newcomer.SERVER_LINK in Path(f"/proc/{process}/cmdline").read_text().split("\0"):
            guarded.outside.run(["kill", "-9", str(process)])
    product.wait_state("blocked", 15)
    wait_until(lambda: manager.state_of(kind) == "", "NetworkManager to have heard that the server is gone")
    _nothing_leaves(guarded, mark)
    wait_until(lambda: not guarded.outside.has_link(newcomer.SERVER_LINK), "the server's tun to be gone")
    _start_server(guarded)
    manager.up(kind)
    product.wait_state("protected")
    manager.down(kind)
    product.wait_state("blocked")
    _nothing_leaves(guarded, mark)
    product.ctl("vpn", "set", kind, "--clear")
    assert _listed(guarded, kind)["servers"] == []


def test_the_control(guarded):
    """Unlocked, everything that was sent above is seen."""
    guarded.product.ctl("auto", "off")
    guarded.product.ctl("unlock")
    mark = guarded.capture.fence()
    sent = probes.send(guarded.client, [kind for kind in probes.all_kinds() if kind.bound])
    guarded.capture.fence()
    assert len(probes.seen(sent, guarded.capture.since(mark))) == len(sent)
    for probe in sent:
        probe.close()
    assert _calls_the_server(guarded)
    guarded.manager.up("address")  # whose server nobody named
    assert questions.my_address(guarded.client, 4) == newcomer.OWN[4]
    assert guarded.product.status()["state"] == "unlocked"
    guarded.manager.down("address")
