# SPDX-License-Identifier: GPL-2.0-or-later
"""Containers and virtual machines behind a bridge of this machine, as docker, libvirt, podman and lxc
make it: another table translates their addresses, the machine forwards. While locked they reach the
VPN, each other and the machine, never the uplink. So do computers behind a card that a person shares, until it is an
uplink itself. Judged outside; each check with its control."""

import contextlib
import errno
import socket
import struct
from pathlib import Path

import pytest

from . import addresses as a
from . import probes
from .capture import Capture
from .guests import LINK
from .network import Namespace, wire
from .questions import NoAnswer, my_address
from .waiting import wait_product, wait_until

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
        program.settimeout(20)
        return program.connect_ex((address, port)) == 0


def _probe(world, container: Container) -> tuple[set, set]:
    mark = world.capture.fence()
    sent = probes.send(container.namespace, [k for k in probes.all_kinds() if not k.bound])
    end = world.capture.fence()
    seen = probes.seen(sent, world.capture.since(mark, end))
    for probe in sent:
        probe.close()
    return {(p.kind, p.sender) for p in seen}, {(p.kind, p.sender) for p in sent}


def _nothing_past_the_vpn(world, guest: "Container | Desk", timeout: float = 3.0) -> None:
    """Nor anything at all once the VPN has died."""
    assert not _probe(world, guest)[0]
    world.client.kill("openvpn")
    world.product.wait_state("blocked")
    seen, _ = _probe(world, guest)
    assert not seen, f"LEAKED: {sorted(map(str, seen))}"
    for family in a.FAMILIES:
        with pytest.raises(NoAnswer):
            my_address(guest.namespace, family, timeout)


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
    _nothing_past_the_vpn(host, one)
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


# ---- a computer behind a card that is shared

_CARD = "cable0"
_DESK = {4: "10.42.0.2", 6: "fd42::2"}
_STATE = Path("/var/lib/nm-killswitch/state")
_SHARING = {4: "10.42.0.1", 6: "fd42::1"}


class Desk:
    """A computer at the other end of a cable. Where the card leads out, it is the router there."""

    def __init__(self, world):
        self._world = world
        self.namespace = Namespace("desk")
        wire(world.client, _CARD, self.namespace, LINK)
        world.client.ip(f"link set {_CARD} up")
        self.namespace.ip(
            f"link set {LINK} up",
            *(f"addr add {_DESK[f]}/{_PREFIX[f]} dev {LINK} {'nodad' if f == 6 else ''}" for f in a.FAMILIES),
            *(f"route add default via {_SHARING[f]} dev {LINK}" for f in a.FAMILIES),
        )
        self._add("cable", "ipv4.method", "shared", "ipv4.addresses", f"{_SHARING[4]}/24")
        self._add("cable-out", "ipv4.method", "auto", "ipv4.route-metric", "30000")
        world.manager.up("cable")
        self.capture = Capture(self.namespace, world.client, LINK, _CARD, "10.42.0.")

    def _add(self, name: str, *settings: str) -> None:
        more = ["ipv6.method", "manual", "ipv6.addresses", f"{_SHARING[6]}/64", "autoconnect", "no", *settings]
        self._world.manager.nmcli("connection", "add", "type", "ethernet", "con-name", name, "ifname", _CARD, *more)

    def serve(self) -> None:
        config = Path("/run/world/desk.conf")
        config.write_text(
            f"keep-in-foreground\nport=0\nbind-interfaces\ninterface={LINK}\nexcept-interface=lo\nuser=root\nleasefile-ro\n"
            "no-ping\ndhcp-authoritative\ndhcp-range=10.42.0.100,10.42.0.110,255.255.255.0,2m\n"
        )
        self.namespace.daemon("desk", ["dnsmasq", f"--conf-file={config}"])

    def wait(self, state: str) -> None:
        """In status, and in both layers."""

        def look() -> bool:
            rules = self._world.product.ctl("rules").stdout
            held = "elements" in rules.partition("set hotspot_interfaces")[2].partition("}")[0]
            told = [card["state"] for card in self._world.product.status()["sharing"]]
            served = state == "served"
            return told == [state] * bool(state) and served == held == ("jump to_hotspot" in rules.partition("table netdev")[2])

        wait_product(look, f"the card to be {state or 'nobody’s'}")

    def hears(self) -> tuple[set[str], list]:
        """What programs here send to it, answers to nobody's question among them; and all else that is in clear."""
        mark = self.capture.fence()
        canaries = {}
        with self._world.client.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as raw:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, _CARD.encode())
            for what, port, body in (("plain", 40000, b""), ("question", 53, _dns(0x0100)), ("answer", 53, _dns(0x8180))):
                canaries[what] = probes.Probe(probes.Kind(4, what, True), "root").canary
                packet = struct.pack("!4H", port, 9, 8 + len(body) + len(canaries[what]), 0) + body + canaries[what]
                with contextlib.suppress(PermissionError):
                    raw.sendto(packet, (_DESK[4], 0))
        frames = self.capture.since(mark, self.capture.fence())
        heard = {what for what, canary in canaries.items() if any(canary in frame.data for frame in frames)}
        neighbours = (135, 136)  # solicitations and advertisements, in the cable's own network
        plain = [frame for frame in frames if frame.purpose.startswith("plain")]
        return heard, [frame for frame in plain if not (frame.packet and frame.packet.icmp_type in neighbours)]

    def close(self) -> None:
        self.capture.close()
        for name in ("cable", "cable-out"):
            self._world.manager.nmcli("connection", "delete", name)
        self.namespace.close()
        wait_until(lambda: not self._world.client.has_link(_CARD), "the card to be gone")


def _dns(flags: int) -> bytes:
    return struct.pack("!6H", 1, flags, 1, 0, 0, 0)


@pytest.fixture(scope="module")
def desk(host):
    made = Desk(host)
    host.client.run(
        ["nft", "-f", "-"],
        input=f"""table inet desk {{
            chain postrouting {{
                type nat hook postrouting priority srcnat
                oifname != "{_CARD}" ip6 saddr fd42::/64 masquerade
            }}
        }}
        """,
    )
    yield made
    host.client.run(["nft", "delete", "table", "inet", "desk"])
    made.close()
    host.product.ctl("share", "off")


def test_a_card_that_is_shared_and_named(host, desk):
    seen, sent = _probe(host, desk)
    assert seen == sent, f"the control did not see {sent - seen}"
    host.manager.up("full")
    host.product.ctl("lock")
    host.product.wait_state("protected")
    mark = host.capture.fence()
    desk.wait("")
    with pytest.raises(NoAnswer):  # nobody has named it
        my_address(desk.namespace, 4, 1)
    said = host.product.ctl("share", _CARD).stdout
    assert f"{_CARD}: those behind it reach the VPN" in said
    desk.wait("served")
    for family in a.FAMILIES:
        assert my_address(desk.namespace, family) in host.client.addresses(a.TUNNEL)
    desk.namespace.run(["busybox", "udhcpc", "-i", LINK, "-n", "-q", "-t", "20", "-T", "1", "-s", "/bin/true"])
    desk.namespace.run(["ping", "-c", "1", "-W", "20", _SHARING[4]])
    assert desk.hears()[0] == {"answer"}, "as of a hotspot, and no more"
    _nothing_past_the_vpn(host, desk, 1)
    host.product.stop_guard()
    host.product.start_guard()
    desk.wait("served")
    host.product.stop_guard()
    place = f"{_CARD} -"  # a card of that name, and of no hardware address
    assert place in _STATE.read_text()
    _STATE.write_text(_STATE.read_text().replace(place, f"{_CARD} 02:00:00:00:00:09"))
    host.product.start_guard()
    desk.wait("other-card")
    assert "another card has that name" in host.product.ctl("status").stdout
    host.product.ctl("share", _CARD)
    desk.wait("served")
    refused = host.product.ctl("share", "nobody0", check=False)
    assert refused.returncode == 1 and "nobody0" in refused.stdout and "nmcli device" in refused.stdout, refused
    assert _CARD in host.manager.nmcli("device").stdout
    assert not host.capture.plain(mark, host.capture.fence())


def test_a_named_card_that_becomes_an_uplink(host, desk):
    host.product.ctl("share", _CARD)
    desk.serve()
    host.product.ctl("lock")
    host.product.wait_state("blocked")
    nmcli = host.manager.nmcli
    by_hand = f"route {{}} default via {_DESK[4]} dev {_CARD} metric 30000"
    ways = {
        "leads-out": [
            (lambda: host.client.ip(by_hand.format("add")), lambda: host.client.ip(by_hand.format("del"))),
            (lambda: host.manager.up("cable-out"), lambda: host.manager.up("cable")),
        ],
        "not-shared": [
            (lambda: nmcli("connection", "modify", "cable", "ipv4.method", "manual"),
             lambda: nmcli("connection", "modify", "cable", "ipv4.method", "shared")),
        ],
        "": [(lambda: host.product.ctl("share", "off"), lambda: host.product.ctl("share", _CARD))],
    }
    for state, changes in ways.items():
        for change, change_back in changes:
            desk.wait("served")
            assert desk.hears()[0] == {"answer"}, "the control"
            change()
            desk.wait(state)
            heard, plain = desk.hears()
            assert not heard and not plain, f"LEAKED: {heard}, {plain}"
            change_back()
    host.product.ctl("unlock")
    assert desk.hears()[0] == {"plain", "question", "answer"}, "the control"
