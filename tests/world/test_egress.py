# SPDX-License-Identifier: GPL-2.0-or-later
"""The second layer: frames that never pass the IP stack's hooks. What a program makes itself, what a
container sends through the network card, what a bridge passes on; on every card, as they come and
change their names. Each with its control: with the lock open the same is seen outside."""

import signal
import socket
import struct
from contextlib import suppress

import pytest

from . import addresses as a
from . import probes, raw_probes
from .capture import Capture
from .guests import GUEST, LINK, Guest
from .network import packet_socket, wire
from .raw_probes import ATTEMPTS, Sender, ether, mac_of, udp
from .waiting import wait_product

_TABLE = ("netdev", "nm_killswitch")


@pytest.fixture(scope="module")
def product(world):
    world.product.install()
    world.product.start_guard()
    world.product.ctl("auto", "off")
    return world.product


@pytest.fixture(autouse=True)
def open_again(product):
    yield
    if not product.guard_is_running:
        product.start_guard()
    product.ctl("lan", "off")
    product.ctl("unlock")


def _lock(product) -> None:
    product.ctl("lock")
    layers = wait_product(lambda: product.status()["layers"], "the status")
    assert layers["egress"], product.status()


def _tables(world) -> str:
    return world.client.run(["nft", "list", "tables"]).stdout


@pytest.fixture
def own(world):
    """The client's own programs, as root."""
    source = {
        family: next(x for x in world.client.addresses(a.UPLINK) if x.startswith(prefix))
        for family, prefix in ((4, "192.0.2."), (6, "2001:db8:2:"))
    }
    return Sender(world.client, a.UPLINK, source, mac_of(world.outside, a.ROUTER_END))


def _seen_outside(capture: Capture, sender: Sender) -> set[str]:
    mark = capture.fence()
    sent = raw_probes.send_all(sender)
    end = capture.fence()
    return {probe.name for probe in probes.seen(sent, capture.since(mark, end))}


def _is_told_of_macsec(product) -> bool:
    return any("type 0x88e5 (MACsec)" in warning for warning in product.status()["warnings"])


def test_frames_that_a_program_makes(world, product, own):
    macsec = own.frame(0x88E5, b"canary-macsec".ljust(46, b"\0"))
    seen = _seen_outside(world.capture, own)
    assert seen == set(ATTEMPTS), f"the control did not see {set(ATTEMPTS) - seen}"
    own.send_frame(macsec)
    _lock(product)
    assert not _is_told_of_macsec(product), "that one got out"
    assert not _seen_outside(world.capture, own)
    with suppress(OSError):  # the kernel says that it was dropped
        own.send_frame(macsec)
    wait_product(lambda: _is_told_of_macsec(product), "status to say what the lock drops")


def test_frames_while_a_vpn_is_up_and_after_it_fell(world, product, own):
    _lock(product)
    world.manager.up("full")
    product.wait_state("protected")
    assert not _seen_outside(world.capture, own)
    with suppress(OSError):
        own.send_frame(own.frame(0x88E5, b"canary-macsec".ljust(46, b"\0")))
    assert not _is_told_of_macsec(product), "the VPN got through"
    world.client.kill("openvpn")
    product.wait_state("blocked")
    assert not _seen_outside(world.capture, own)
    world.manager.wait_down("full")


def test_what_must_live(world, product, own):
    """EAPOL, ARP of a program's own making, a VPN's packet that was cut on its way."""
    _lock(product)
    fragments = udp(own.source[4], a.SERVER[4], b"canary-fragment", fragment=1480)
    live = {
        "EAPOL": own.frame(0x888E, b"canary-eapol".ljust(46, b"\0")),
        "ARP": own.frame(0x0806, struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + b"canary-arp".ljust(20, b"\0")),
        "PPPoE discovery": own.frame(0x8863, b"canary-discovery".ljust(46, b"\0")),
        "LACP": ether(bytes.fromhex("0180c2000002"), own.mac, 0x8809, b"canary-lacp".ljust(110, b"\0")),
        "a bridge's BPDU": ether(bytes.fromhex("0180c2000000"), own.mac, 38, b"\x42\x42\x03canary-bpdu".ljust(46, b"\0")),
        "a later fragment to the server": own.frame(0x0800, fragments),
    }
    mark = world.capture.fence()
    for frame in live.values():
        own.send_frame(frame)
    end = world.capture.fence()
    out = {frame.data for frame in world.capture.since(mark, end)}
    lost = {name for name, frame in live.items() if frame not in out}
    assert not lost, f"lost: {lost}"


def test_a_large_datagram_reaches_the_server_in_all_its_pieces(world, product):
    _lock(product)
    mark = world.capture.fence()
    with world.client.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.sendto(b"x" * 4000, (a.SERVER[4], a.SERVER_PORT))
    end = world.capture.fence()
    pieces = [f for f in world.capture.since(mark, end) if f.packet and f.packet.destination == a.SERVER[4]]
    assert sum(len(f.data) - 34 for f in pieces) == 4008, [len(f.data) for f in pieces]


def test_a_lease_is_asked_for_by_frames_while_locked(world, product):
    _lock(product)
    mark = world.capture.mark()
    world.manager.nmcli("device", "disconnect", a.UPLINK)
    world.manager.up("uplink")
    world.capture.wait_for(lambda f: f.purpose == "upkeep: DHCPv4", "a DHCP request", mark)
    world.manager.wait_uplink()


def _guest_probes(world, guest: Guest, capture: Capture) -> tuple[set, set]:
    mark = capture.fence()
    sent = probes.send(guest.namespace, [k for k in probes.all_kinds() if not k.bound])
    end = capture.fence()
    seen = probes.seen(sent, capture.since(mark, end))
    for probe in sent:
        probe.close()
    return {(p.kind, p.sender) for p in seen}, {(p.kind, p.sender) for p in sent}


def _require_guest_is_shut(world, product, guest: Guest, capture: Capture, router_link: str) -> None:
    raw = Sender(guest.namespace, LINK, GUEST, mac_of(world.outside, router_link))
    seen, sent = _guest_probes(world, guest, capture)
    assert seen == sent, f"the control did not see {sent - seen}"
    frames = _seen_outside(capture, raw)
    assert frames == set(ATTEMPTS), f"the control did not see {set(ATTEMPTS) - frames}"
    _lock(product)
    seen, _ = _guest_probes(world, guest, capture)
    assert not seen, f"LEAKED: {sorted(str(x) for x in seen)}"
    assert not _seen_outside(capture, raw)


def test_a_container_on_a_macvlan(world, product):
    with Guest(world) as guest:
        world.client.ip(f"link add link {a.UPLINK} name mv0 type macvlan mode bridge")
        world.client.ip(f"link set mv0 netns {guest.namespace.name}")
        guest.namespace.ip(f"link set mv0 name {LINK}")
        guest.configure()
        _require_guest_is_shut(world, product, guest, world.capture, a.ROUTER_END)


@pytest.fixture
def card(world):
    """Another network card: what stands on an interface of another namespace leads out."""
    wire(world.outside, "lan1", world.outside, "under1")
    world.outside.ip("link set lan1 up", "link set under1 up", "link set under1 promisc on")
    world.outside.ip("link add link under1 name card1 type macvlan mode passthru")
    world.outside.ip(f"link set card1 netns {world.client.name}")
    world.client.ip("link set card1 up")
    yield "card1"
    world.outside.ip("link del lan1")


@pytest.fixture
def bridged(world, card):
    """A bridge with the card as port, and a container behind it; what the bridge passes on is shown to
    no hook of the IP stack."""
    guest = Guest(world)
    world.client.sysctl(**{f"bridge__bridge-nf-call-{kind}": 0 for kind in ("iptables", "ip6tables")})
    world.client.ip(
        "link add br0 type bridge",
        f"link set {card} master br0",
        f"link add port0 type veth peer name {LINK} netns {guest.namespace.name}",
        "link set port0 master br0",
        "link set port0 up",
        "link set br0 up",
    )
    guest.configure("lan1")
    capture = Capture(world.outside, guest.namespace, "lan1", LINK)
    yield guest, capture
    capture.close()
    guest.close()
    world.client.ip("link del br0")


def test_a_container_behind_a_bridge_with_the_card(world, product, bridged):
    guest, capture = bridged
    _require_guest_is_shut(world, product, guest, capture, "lan1")


def test_lan_access_reaches_through_the_bridge(world, product, bridged):
    """Who has LAN access on the bridge has it on the card below."""
    guest, capture = bridged
    _lock(product)
    product.ctl("lan", "on")
    raw = Sender(guest.namespace, LINK, GUEST, mac_of(world.outside, "lan1"))
    mark = capture.fence()
    raw.send_frame(raw.frame(0x0800, udp(GUEST[4], a.PRIVATE_ROUTER[4], b"canary-local")))
    raw.send_frame(raw.frame(0x0800, udp(GUEST[4], a.PRIVATE_ROUTER[4], b"canary-question", 53)))
    raw.send_frame(raw.frame(0x0800, udp(GUEST[4], a.WEB[4], b"canary-away")))
    out = b"".join(frame.data for frame in capture.since(mark, capture.fence()))
    assert b"canary-local" in out
    assert b"canary-question" not in out and b"canary-away" not in out


def test_an_exception_reaches_through_the_bridge(world, product, bridged):
    """As SECURITY.md says: the second layer asks no sender. Nothing else gets through by it."""
    guest, capture = bridged
    _lock(product)
    product.ctl("allow", "add", "a port", "--to", a.WEB[4], "--protocol", "udp", "--port", "9")
    try:
        raw = Sender(guest.namespace, LINK, GUEST, mac_of(world.outside, "lan1"))
        mark = capture.fence()
        for to, port, canary in ((a.WEB[4], 9, b"canary-excepted"), (a.WEB[4], 10, b"canary-port"), ("203.0.113.10", 9, b"canary-beside")):
            raw.send_frame(raw.frame(0x0800, udp(GUEST[4], to, canary, port)))
        out = b"".join(frame.data for frame in capture.since(mark, capture.fence()))
        assert b"canary-excepted" in out
        assert b"canary-port" not in out and b"canary-beside" not in out
    finally:
        product.ctl("allow", "remove", "a port")


def _covered(product, name: str) -> bool:
    return f'egress device "{name}"' in product.ctl("rules").stdout and product.status()["layers"]["egress"]


def _frame_gets_out(world, link: str) -> bool:
    """Whether a frame that root makes reaches the other end of a card's wire."""
    sender = Sender(world.client, link, GUEST, mac_of(world.outside, "lan1"))
    probe = raw_probes.RawProbe("")
    with world.outside.call(lambda: packet_socket("lan1")) as listener:
        listener.settimeout(20)
        with suppress(OSError):  # ENOBUFS is how the kernel says that it was dropped
            sender.send_frame(sender.frame(0x0800, udp(GUEST[4], a.WEB[4], probe.canary)))
        # what may leave comes behind it on the same wire
        sender.send_frame(sender.frame(0x888E, b"the end".ljust(46)))
        seen = False
        while True:
            data = listener.recv(2000)
            seen |= probe.canary in data
            if b"the end" in data:
                return seen


def test_cards_that_come_change_their_names_and_go(world, product, card):
    assert _frame_gets_out(world, card), "the control did not see it"
    _lock(product)
    assert _covered(product, card)
    assert not _frame_gets_out(world, card)

    world.client.ip(f"link set {card} down", f"link set {card} name card2", "link set card2 up")
    wait_product(lambda: _covered(product, "card2"), "the renamed card to be covered")
    assert not _frame_gets_out(world, "card2")

    world.client.ip("link del card2")
    wait_product(lambda: card not in (rules := product.ctl("rules").stdout) and "card2" not in rules, "the card to be forgotten")
    assert product.status()["layers"]["egress"]

    world.outside.ip("link add link under1 name card1 type macvlan mode passthru")
    world.outside.ip(f"link set card1 netns {world.client.name}")
    wait_product(lambda: _covered(product, "card1"), "the card that came back to be covered")
    world.client.ip("link set card1 up")
    assert not _frame_gets_out(world, "card1")


def test_it_stands_while_the_guard_is_dead_and_the_next_one_takes_it_over(world, product, own):
    _lock(product)
    product.stop_guard(signal.SIGKILL)
    assert not _seen_outside(world.capture, own)
    product.start_guard()
    status = wait_product(lambda: (s := product.status())["layers"]["egress"] and s, "the second layer to be taken over")
    assert status["layers"]["owned"] and status["verified"], status
    assert not _seen_outside(world.capture, own)
    gone = world.client.run(["nft", "delete", "table", *_TABLE], check=False)
    assert gone.returncode != 0, "anybody can delete it: it is not owned"


def test_a_pause_opens_it_and_ends_in_it(world, product, own):
    _lock(product)
    product.ctl("pause", "60")
    seen = _seen_outside(world.capture, own)
    assert {"IPv4 frame", "IPv6 frame"} <= seen, seen
    product.ctl("resume")
    assert not _seen_outside(world.capture, own)
    product.ctl("pause", "5")  # a busy machine needs time to look at it
    product.wait_state("paused")
    product.wait_state("blocked")
    assert not _seen_outside(world.capture, own)


def test_unlock_and_the_rescue_take_both_tables_away(world, product):
    _lock(product)
    assert "netdev" in _tables(world)
    product.ctl("unlock")
    assert "nm_killswitch" not in _tables(world)
    _lock(product)
    product.stop_guard(signal.SIGKILL)
    rules = product.ctl("rules").stdout
    assert "table inet" in rules and "table netdev" in rules
    product.ctl("unlock")
    assert "nm_killswitch" not in _tables(world)
