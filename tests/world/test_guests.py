# SPDX-License-Identifier: GPL-2.0-or-later
"""Containers and virtual machines behind a bridge of this machine, as docker, libvirt, podman and lxc
make it: another table translates their addresses, the machine forwards. While locked they reach the
VPN, each other and the machine, never the uplink. Judged outside; each check with its control."""

import contextlib
import errno
import socket

import pytest

from . import addresses as a
from . import probes
from .guests import LINK
from .network import Namespace
from .questions import NoAnswer, my_address
from .waiting import wait_until

_BRIDGE = "guests0"
_GATE = {4: "10.99.0.1", 6: "fd99::1"}
_PREFIX = {4: 24, 6: 64}
_NET = {4: "10.99.0.0/24", 6: "fd99::/64"}
_FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}


class Container:
    """A namespace behind the bridge."""

    def __init__(self, world, name: str, number: int):
        self.namespace = Namespace(name)
        self.address = {4: f"10.99.0.{number}", 6: f"fd99::{number}"}
        world.client.ip(
            f"link add port{number} type veth peer name {LINK} netns {name}",
            f"link set port{number} master {_BRIDGE}",
            f"link set port{number} up",
        )
        commands = [f"link set {LINK} up"]
        for family in a.FAMILIES:
            nodad = "nodad" if family == 6 else ""
            commands += [
                f"addr add {self.address[family]}/{_PREFIX[family]} dev {LINK} {nodad}",
                f"route add default via {_GATE[family]} dev {LINK}",
            ]
        self.namespace.ip(*commands)


@pytest.fixture(scope="module")
def host(world):
    world.product.install()
    world.product.start_guard()
    world.product.ctl("auto", "off")
    world.client.sysctl(ipv4__ip_forward=1, ipv6__conf__all__forwarding=1)
    world.client.ip(
        f"link add {_BRIDGE} type bridge",
        f"addr add {_GATE[4]}/24 dev {_BRIDGE}",
        f"addr add {_GATE[6]}/64 dev {_BRIDGE} nodad",
        f"link set {_BRIDGE} up",
    )
    world.client.run(
        ["nft", "-f", "-"],
        input=f"""table inet translation {{
            chain postrouting {{
                type nat hook postrouting priority srcnat
                oifname != "{_BRIDGE}" ip saddr {_NET[4]} masquerade
                oifname != "{_BRIDGE}" ip6 saddr {_NET[6]} masquerade
            }}
        }}
        """,
    )
    yield world
    world.client.run(["nft", "delete", "table", "inet", "translation"])


@pytest.fixture(scope="module")
def containers(host):
    made = [Container(host, "one", 2), Container(host, "two", 3)]
    yield made
    for container in made:
        container.namespace.close()


@pytest.fixture(autouse=True)
def open_again(host):
    yield
    host.manager.all_down()
    host.product.ctl("unlock")


def _listen(namespace: Namespace, family: int, address: str, port: int = 8080) -> socket.socket:
    listener = namespace.socket(_FAMILY[family], socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen()
    return listener


def _connects(namespace: Namespace, family: int, address: str, port: int = 8080) -> bool:
    with namespace.socket(_FAMILY[family], socket.SOCK_STREAM) as program:
        program.settimeout(3)
        return program.connect_ex((address, port)) == 0


def _probe(world, container: Container) -> tuple[set, set]:
    mark = world.capture.fence()
    sent = probes.send(container.namespace, [k for k in probes.all_kinds() if not k.bound])
    end = world.capture.fence()
    seen = probes.seen(sent, world.capture.since(mark, end))
    for probe in sent:
        probe.close()
    return {(p.kind, p.sender) for p in seen}, {(p.kind, p.sender) for p in sent}


def test_they_reach_the_vpn_and_never_the_uplink(host, containers):
    one = containers[0]
    seen, sent = _probe(host, one)
    assert seen == sent, f"the control did not see {sent - seen}"
    host.manager.up("full")
    host.product.ctl("lock")
    host.product.wait_state("protected")
    mark = host.capture.fence()
    for family in a.FAMILIES:
        assert my_address(one.namespace, family) in host.client.addresses(a.TUNNEL)
    assert not _probe(host, one)[0]
    host.client.kill("openvpn")
    host.product.wait_state("blocked")
    seen, _ = _probe(host, one)
    assert not seen, f"LEAKED: {sorted(map(str, seen))}"
    for family in a.FAMILIES:
        with pytest.raises(NoAnswer):
            my_address(one.namespace, family)
    assert not host.capture.plain(mark, host.capture.fence())


def test_they_reach_each_other_and_the_machine(host, containers):
    one, two = containers
    host.product.ctl("lock")
    host.product.wait_state("blocked")
    ends = [(one.namespace, two.namespace, two.address), (one.namespace, host.client, _GATE)]
    ends += [(host.client, one.namespace, one.address)]
    for caller, answerer, address in ends:
        for family in a.FAMILIES:
            with _listen(answerer, family, address[family]):
                assert _connects(caller, family, address[family]), (caller.name, address[family])


def test_a_flow_from_before_the_lock_ends(host, containers):
    """It is translated to the uplink's address, and the other end keeps pushing."""
    one = containers[0]
    with contextlib.closing(one.namespace.socket(socket.AF_INET, socket.SOCK_STREAM)) as program:
        program.settimeout(5)
        program.connect((a.WEB[4], a.ECHO_PORT))
        program.sendall(b"before")
        assert program.recv(100) == b"before"
        host.product.ctl("lock")
        host.product.wait_state("blocked")
        mark = host.capture.fence()
        with contextlib.suppress(OSError):
            program.sendall(b"after")
        with pytest.raises(OSError):
            program.recv(100)
        assert not host.capture.plain(mark, host.capture.fence())


def test_a_bridge_is_theirs_no_more_when_a_card_joins(host, containers):
    """A card is what leads out: here, a pair that hangs on nothing yet."""

    def send() -> int:
        with host.client.socket(socket.AF_INET, socket.SOCK_DGRAM) as program:
            try:
                program.sendto(b"x", (containers[0].address[4], 9))
            except OSError as error:
                return error.errno
            return 0

    host.product.ctl("lock")
    host.product.wait_state("blocked")
    assert send() == 0
    host.outside.ip("link add under9 type veth peer name over9", "link set under9 up")
    host.outside.ip("link add link under9 name card9 type macvlan mode passthru")
    host.outside.ip(f"link set card9 netns {host.client.name}")
    host.client.ip(f"link set card9 master {_BRIDGE}")
    try:
        wait_until(lambda: send() == errno.EPERM, "the bridge to be the guests' no more")
        assert not _connects(host.client, 4, containers[0].address[4])
    finally:
        host.outside.ip("link del under9")
    wait_until(lambda: send() == 0, "the bridge to be theirs again")
