# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the lock ends, tried: what root can send below it (SECURITY.md says so), and what it holds of
that. A test fails when an edge moves: then SECURITY.md has to say something else."""

import ctypes
import os
import socket
import struct
from contextlib import suppress

import pytest

from . import addresses as a
from . import raw_probes
from .network import Namespace, packet_socket
from .raw_probes import RawProbe, mac_of, udp
from .waiting import wait_until


@pytest.fixture(scope="module")
def locked(world):
    world.product.install()
    world.product.start_guard()
    world.product.ctl("lock")
    layers = world.product.status()["layers"]
    assert layers["inet"] and layers["egress"]
    return world


def _frame(world, canary: bytes) -> bytes:
    packet = udp("192.0.2.99", a.WEB[4], canary)
    return raw_probes.ether(mac_of(world.outside, a.ROUTER_END), mac_of(world.client, a.UPLINK), 0x0800, packet)


def _is_seen(world, mark: int, canary: bytes) -> bool:
    return any(canary in frame.data for frame in world.capture.since(mark, world.capture.fence()))


def test_a_macvtap_of_a_virtual_machine_is_held(locked):
    """It sends through the card, as a macvlan does."""
    canary = RawProbe("").canary
    client = locked.client
    client.ip(f"link add link {a.UPLINK} name tap9 type macvtap mode bridge", "link set tap9 up")
    try:
        client.run(["ip", "link", "set", "tap9", "address", "02:00:00:00:00:09"])
        mark = locked.capture.fence()

        def send() -> None:
            with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as opened:
                opened.sendto(_frame(locked, canary), ("tap9", 0x0800))

        client.call(send)
        assert not _is_seen(locked, mark, canary)
        locked.product.ctl("unlock")
        mark = locked.capture.fence()
        client.call(send)
        assert _is_seen(locked, mark, canary), "the control"
    finally:
        client.ip("link del tap9")
        locked.product.ctl("lock")


def test_a_card_moved_into_a_namespace_is_out_of_reach(locked):
    """Root takes a network card into another network namespace: there is no lock in there."""
    canary = RawProbe("").canary
    other = Namespace("taken")
    try:
        locked.outside.ip(f"link add taken0 type veth peer name taken1 netns {locked.client.name}")
        locked.outside.ip("link set taken0 up")
        locked.client.ip("link set taken1 up", f"link set taken1 netns {other.name}")
        other.ip("addr add 198.18.7.2/24 dev taken1", "link set taken1 up", "route add default dev taken1")

        def listen() -> socket.socket:
            opened = packet_socket("taken0")
            opened.settimeout(20)
            return opened

        with locked.outside.call(listen) as outside, other.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
            sender.sendto(_frame(locked, canary), ("taken1", 0x0800))
            while canary not in outside.recv(2000):
                pass
    finally:
        other.close()


def _load_xdp(verdict: int) -> int:
    """A program of two instructions: the verdict, exit. By hand: the tests need no compiler for that."""
    libc = ctypes.CDLL(None, use_errno=True)
    code = struct.pack("<BBhi", 0xB7, 0, 0, verdict) + struct.pack("<BBhi", 0x95, 0, 0, 0)
    program = ctypes.create_string_buffer(code)
    licence = ctypes.create_string_buffer(b"GPL")
    attributes = struct.pack("<IIQQIIQII16sI", 6, 2, ctypes.addressof(program), ctypes.addressof(licence), 0, 0, 0, 0, 0, b"", 0)
    buffer = ctypes.create_string_buffer(attributes, 128)
    found = libc.syscall(321, 5, buffer, 128)
    if found < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return found


def _attach_xdp(client: Namespace, device: str, program: int, flags: int) -> None:
    """RTM_SETLINK with IFLA_XDP { IFLA_XDP_FD, IFLA_XDP_FLAGS }."""

    def attach() -> None:
        nested = struct.pack("<HHi", 8, 1, program) + struct.pack("<HHI", 8, 3, flags)
        nested = struct.pack("<HH", 4 + len(nested), 43 | 0x8000) + nested
        body = struct.pack("<BxHiII", 0, 0, socket.if_nametoindex(device), 0, 0) + nested
        message = struct.pack("<IHHII", 16 + len(body), 19, 5, 1, 0) + body
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
            netlink.send(message)
            answer = netlink.recv(4096)
            error = struct.unpack_from("<i", answer, 16)[0]
            if error:
                raise OSError(-error, "XDP was not attached")

    client.call(attach)


def test_xdp_sends_back_past_the_lock(locked):
    """XDP_TX: a root program on the card itself answers frames before any rule; here what came in, as
    it is. It is outside of what nf_tables can see."""
    canary = RawProbe("").canary
    program = _load_xdp(3)
    mark = locked.capture.fence()
    _attach_xdp(locked.client, a.UPLINK, program, 2)  # generic mode: any card
    try:
        frame = raw_probes.ether(mac_of(locked.client, a.UPLINK), b"\x02\0\0\0\0\x07", 0x88B5, canary)

        def send() -> None:
            with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as opened:
                opened.sendto(frame, (a.ROUTER_END, 0x88B5))

        locked.outside.call(send)
        wait_until(lambda: any(canary in f.data for f in locked.capture.since(mark)), "what XDP sent back")
    finally:
        _attach_xdp(locked.client, a.UPLINK, -1, 2)


def test_tc_redirect_to_the_card(locked):
    """A root's tc rule (mirred) that takes what came in by one interface and sends it by the card: it
    passes the card's egress hook."""
    client, canary = locked.client, RawProbe("").canary
    client.ip("link add from0 type veth peer name from1", "link set from0 up", "link set from1 up")
    client.run(["tc", "qdisc", "add", "dev", "from0", "clsact"])
    redirect = ["action", "mirred", "egress", "redirect", "dev", a.UPLINK]
    client.run(["tc", "filter", "add", "dev", "from0", "ingress", "bpf", "bytecode", "1,6 0 0 4294967295", *redirect])
    try:

        def send() -> None:
            with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as opened, suppress(OSError):
                opened.sendto(_frame(locked, canary), ("from1", 0x0800))  # told that it was dropped

        mark = locked.capture.fence()
        client.call(send)
        held = not _is_seen(locked, mark, canary)
        locked.product.ctl("unlock")
        mark = locked.capture.fence()
        client.call(send)
        assert _is_seen(locked, mark, canary), "the control"
        assert held, "tc's redirect got past the second layer: SECURITY.md must say so"
    finally:
        client.ip("link del from0")
        locked.product.ctl("lock")


def test_a_persons_own_rules_can_be_saved_while_locked(locked):
    """As nm-killswitch(7) says: table by table. A listing of everything holds the lock's tables, too."""
    client = locked.client

    def load(listing: str) -> bool:
        return client.run(["nft", "-f", "-"], check=False, input=f"flush ruleset\n{listing}").returncode == 0

    client.run(["nft", "add table inet mine; add chain inet mine printers; add rule inet mine printers accept"])
    try:
        everything = client.run(["nft", "list", "ruleset"]).stdout
        mine = client.run(["nft", "list", "table", "inet", "mine"]).stdout
        assert not load(everything), "the control: what the page warns of has gone; it may say something else"
        assert load(mine)
        assert client.run(["nft", "list", "table", "inet", "mine"]).stdout == mine
        assert locked.product.status()["verified"]
    finally:
        client.run(["nft", "delete table inet mine"], check=False)
