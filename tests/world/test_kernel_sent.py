# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel sends, for a program or by itself: reports of multicast groups that any program
joins, sockets that belong to nobody, the end of a daemon's connections. Judged outside."""

import os
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from . import addresses as a
from . import profiles, sockets
from .frames import Frame
from .raw_probes import kernels_own
from .waiting import wait_product, wait_until

_PERSON = 1000
_TCP_PORT = 443
_FIN, _SYN, _RESET = 1, 2, 4
_TEXT_PIECES = 60
_TOLD = 2.1  # a change is told twice, a second apart at most (RFC 3810, 9.11): there is no event to wait for
_STRANGE_MAC = "02:00:00:00:00:99"
_OWN = "2001:db8:2::7:7777"  # an address that the client is given here

# joins ff0e::5ec and 239.1.2.3 from sources that are a text, and two groups from anybody; holds
# them until its standard input ends, and leaves them
_JOIN = r"""
import os, socket, struct, sys
index = socket.if_nametoindex(sys.argv[1])
text = sys.argv[2].encode()
def entry(family, data):
    return struct.pack("=HHI16sI", family, 0, 0, data, 0).ljust(128, b"\0") if family == 10 else struct.pack("=HH4s", family, 0, data).ljust(128, b"\0")
six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
four = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
joined = 0
for level, opened, family, group, size in ((41, six, 10, "ff0e::5ec", 16), (0, four, 2, "239.1.2.3", 4)):
    packed = entry(family, socket.inet_pton(opened.family, group))
    for at in range(0, min(len(text), 10 * size if family == 2 else len(text)), size):
        opened.setsockopt(level, 46, struct.pack("=I4x", index) + packed + entry(family, text[at:at + size].ljust(size, b".")))
        joined += 1
six.setsockopt(41, 20, socket.inet_pton(socket.AF_INET6, "ff02::5ec:1") + struct.pack("=I", index))
four.setsockopt(0, 35, socket.inet_aton("239.9.9.9") + socket.inet_aton("0.0.0.0") + struct.pack("=I", index))
print(os.getuid(), joined, flush=True)
sys.stdin.read()
"""


# sends to each address with a flow label of its choice (linux/in6.h), which needs no capability
_LABEL = r"""
import socket, struct, sys
port, label = int(sys.argv[1]), socket.htonl(int(sys.argv[2]))
for address in sys.argv[3:]:
    six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    six.setsockopt(41, 32, struct.pack("=16sIBBHHHI", socket.inet_pton(10, address), label, 0, 255, 1, 6, 6, 0))
    six.setsockopt(41, 33, 1)
    try:
        six.sendto(b"labelled", (address, port, socket.ntohl(label), 0))
        print("sent")
    except OSError as error:
        print(error.errno)
"""


@pytest.fixture(scope="module")
def locked(world):
    profiles.write("tcp", profiles.vpn("tcp", profiles.tls(f"{a.SERVER[4]}:{_TCP_PORT}:tcp4")))
    world.product.install()
    world.product.start_guard()
    world.manager.nmcli("connection", "reload")
    world.product.ctl("auto", "off")
    world.product.ctl("lock")
    wait_product(lambda: any(s["port"] == _TCP_PORT for s in world.product.status()["servers"]), "the servers")
    yield world
    world.product.ctl("unlock")


@contextmanager
def _unlocked(world) -> Iterator[None]:
    world.product.ctl("unlock")
    try:
        yield
    finally:
        world.product.ctl("lock")


def _person(world, program: str, *arguments: str):
    command = ["setpriv", f"--reuid={_PERSON}", f"--regid={_PERSON}", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"]
    return world.client.popen(command + ["/usr/bin/python3", "-c", program, *arguments], stdin=-1, stdout=-1, text=True)


def _frames(world, mark: int) -> list[Frame]:
    return world.capture.since(mark, world.capture.fence())


# -- reports


def _join_and_leave(world, text: str) -> list[Frame]:
    mark = world.capture.fence()
    program = _person(world, _JOIN, a.UPLINK, text)
    try:
        uid, joined = program.stdout.readline().split()
        assert (int(uid), int(joined)) == (_PERSON, _TEXT_PIECES + 10)
        time.sleep(_TOLD)
        world.outside.call(_ask_for_groups)  # and what is answered to a router's question
        time.sleep(_TOLD / 2)
    finally:
        program.communicate()
    time.sleep(_TOLD)
    return _frames(world, mark)


def _ask_for_groups(version: int = 2) -> None:
    """A general query (RFC 3810, 5.1; RFC 2710, 3): answer within a tenth of a second."""
    query = struct.pack("!BBHHH16s", 130, 0, 0, 100, 0, bytes(16))
    query += struct.pack("!BBH", 2, 125, 0) if version == 2 else b""
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as router:
        router.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 1)
        router.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_HOPOPTS, bytes([0, 0, 5, 2, 0, 0, 1, 0]))
        router.sendto(query, ("ff02::1", 0, 0, socket.if_nametoindex(a.ROUTER_END)))


def _said(frames: list[Frame], text: str) -> int:
    """Of the text's pieces of 16 bytes, or of 4 of its beginning, those that were seen."""
    six = {text[i : i + 16].encode() for i in range(0, len(text), 16)}
    seen = {piece for piece in six for frame in frames if piece in frame.data}
    return len(seen)


def test_joining_groups_says_nothing(locked):
    world = locked
    text = os.urandom(8 * _TEXT_PIECES).hex()
    with _unlocked(world):
        frames = _join_and_leave(world, text)
    assert _said(frames, text) == _TEXT_PIECES, "the control"
    assert any(f.packet and f.packet.protocol == 2 and text[:4].encode() in f.data for f in frames), "the control, IGMP"
    frames = _join_and_leave(world, text)
    assert _said(frames, text) == 0
    told = [f.purpose for f in frames if f.packet and (f.packet.protocol == 2 or f.packet.icmp_type in (131, 132, 143))]
    assert not [t for t in told if t.startswith("plain")], told


def _is_answered(world, version: int, group: bytes) -> bool:
    mark = world.capture.fence()
    world.outside.call(_ask_for_groups, version)
    time.sleep(0.3)
    return any(frame.purpose == "upkeep: MLD" and group in frame.data for frame in _frames(world, mark))


@pytest.mark.parametrize("version", [1, 2])
def test_neighbours_find_this_machine(locked, version):
    """Of its own groups it tells as before, by both versions, on its own and when it is asked."""
    world = locked
    world.client.run(["sysctl", "-qw", f"net.ipv6.conf.{a.UPLINK}.force_mld_version={version}"])
    group = b"\xff\x02" + bytes(9) + b"\x01\xff" + socket.inet_pton(socket.AF_INET6, _OWN)[-3:]
    try:
        mark = world.capture.fence()
        world.client.ip(f"addr add {_OWN}/64 dev {a.UPLINK}")
        told = world.capture.wait_for(lambda f: f.purpose == "upkeep: MLD" and group in f.data, "the new address' group", mark)
        assert told.packet.icmp_type == {1: 131, 2: 143}[version]
        wait_until(lambda: _is_answered(world, version, group), "an answer to a router that asks again, as routers do")
        world.capture.require_neighbours()
    finally:
        world.client.ip(f"addr del {_OWN}/64 dev {a.UPLINK}")
        world.client.run(["sysctl", "-qw", f"net.ipv6.conf.{a.UPLINK}.force_mld_version=0"])


def test_a_card_comes_up(locked):
    """Routers are looked for, doubles asked about, groups reported, as without a lock."""
    world = locked
    mark = world.capture.mark()
    world.manager.nmcli("device", "disconnect", a.UPLINK)
    world.manager.up("uplink")
    for purpose in ("upkeep: MLD", "upkeep: router solicitation", "upkeep: neighbour solicitation"):
        world.capture.wait_for(lambda f: f.purpose == purpose, purpose, mark)
    world.manager.wait_uplink()
    assert not world.capture.plain(mark), [f.purpose for f in world.capture.plain(mark)]


def _labelled(world) -> tuple[list[str], int]:
    mark = world.capture.fence()
    label = 0xC0FFE
    said, _ = _person(world, _LABEL, str(a.SERVER_PORT), str(label), a.SERVER[6], a.WEB[6]).communicate(timeout=20)
    frames = _frames(world, mark)
    return said.split(), len([f for f in frames if f.data[12:14] == b"\x86\xdd" and f.data[15:18].hex().endswith(f"{label:x}")])


def test_a_flow_label_says_nothing(locked):
    with _unlocked(locked):
        assert _labelled(locked) == (["sent", "sent"], 2), "the control"
    assert _labelled(locked) == (["1", "1"], 0), "refused, and the program is told"


def _asked_in_vain(world) -> int:
    """What the kernel answers to nobody's port quotes what somebody chose."""
    text = os.urandom(16).hex().encode()
    mark = world.capture.fence()
    addresses = world.client.addresses(a.UPLINK)
    for family, net in ((socket.AF_INET, a.FENCE_NET), (socket.AF_INET6, a.LAN_NET[6].split("::")[0])):
        with world.outside.socket(family, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(text, (next(one for one in addresses if one.startswith(net)), 9))
    return len([f for f in _frames(world, mark) if text in f.data])


def test_errors_quote_nobody(locked):
    with _unlocked(locked):
        assert _asked_in_vain(locked) == 2, "the control"
    assert _asked_in_vain(locked) == 0


# -- sockets of nobody


def test_a_socket_of_the_kernels_own(locked):
    """It has no uid, like the sockets that the kernel makes for a program (RxRPC, which this kernel need not have)."""
    with _unlocked(locked):
        assert kernels_own(locked) > 0, "the control"
    assert kernels_own(locked) == 0


def test_protocols_that_make_sockets_for_a_program(locked):
    """TCP in other clothes, by a person: not even its first packet."""
    world = locked
    program = r"""
import socket, sys
for kind, protocol in ((1, 262), (1, 132), (5, 132), (2, 136), (6, 33), (2, 115)):
    for family in (socket.AF_INET, socket.AF_SMC if hasattr(socket, "AF_SMC") else 43):
        try:
            opened = socket.socket(family, kind, protocol if family == socket.AF_INET else 0)
            opened.settimeout(0.3)
            opened.connect((sys.argv[1], int(sys.argv[2])))
            opened.send(b"canary")
        except OSError as error:
            pass
"""
    mark = world.capture.fence()
    _person(world, program, a.SERVER[4], str(_TCP_PORT)).communicate()
    to_server = [f for f in _frames(world, mark) if f.packet and f.packet.destination == a.SERVER[4]]
    assert not to_server, [str(f.packet) for f in to_server]


_SOCKETS = Path(sockets.__file__).read_text()


def _every_socket(world) -> tuple[set[str], set[str]]:
    """Which kinds a person could open, and by which something was seen outside."""
    canary = f"canary{os.urandom(8).hex()}"
    places = [(a.SERVER[4], a.SERVER_PORT), (a.SERVER[4], _TCP_PORT), (a.WEB[4], 4711), (a.WEB[6], 4711)]
    mark = world.capture.fence()
    arguments = [a.UPLINK, _STRANGE_MAC, canary, *(str(word) for place in places for word in place)]
    said, _ = _person(world, _SOCKETS, *arguments).communicate()
    assert "ended" not in said, said
    seen = sockets.heard(_frames(world, mark), canary, {address for address, _ in places})
    return set(said.splitlines()), seen


def test_every_kind_of_socket(locked):
    """All families, types and protocols that this kernel has for a person: nothing by none of them."""
    with _unlocked(locked):
        opened, seen = _every_socket(locked)
    assert {"2 1 0", "2 2 0", "10 2 0"} <= opened and {"2-2-0", "10-2-0", "protocol 6"} <= seen, f"the control: {seen} of {opened}"
    if "io_uring plain" in opened:
        assert {"ring0-2-2", "ring2-10-2"} <= seen, f"the control, io_uring: {seen}"
    opened_again, seen = _every_socket(locked)
    assert opened_again == opened
    assert seen == set()


# -- the end of a daemon's connection


def _flags(frames: list[Frame]) -> list[int]:
    return [
        f.packet.payload[13] for f in frames if f.packet and f.packet.protocol == 6 and f.packet.destination_port == _TCP_PORT
    ]


@pytest.mark.parametrize("ending", ["closed", "closed by the server first", "killed"])
def test_a_daemons_connection_ends_as_ever(locked, ending):
    """Its last packets belong to no socket any more: the server must hear of the end all the same."""
    world = locked
    with world.outside.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((a.SERVER[4], _TCP_PORT))
        listener.listen()
        program = "import socket, sys; s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 30); print('connected', flush=True)\n"
        program += "sys.stdin.read(1); s.close(); print('closed', flush=True); sys.stdin.read()"
        daemon = world.client.popen(["/usr/bin/python3", "-c", program, a.SERVER[4], str(_TCP_PORT)], stdin=-1, stdout=-1, text=True)
        try:
            assert daemon.stdout.readline() == "connected\n"
            server, _ = listener.accept()
            server.settimeout(30)
            mark = world.capture.fence()
            if ending == "closed by the server first":
                server.shutdown(socket.SHUT_WR)
            if ending == "killed":
                daemon.kill()
            else:
                daemon.stdin.write("x")
                daemon.stdin.flush()
                assert daemon.stdout.readline() == "closed\n"
            assert server.recv(100) == b"", "the server hears of the end"
            if ending != "closed by the server first":
                server.send(b"too late")  # answered by a reset, or by the ACK of a closed connection
                world.capture.wait_for(lambda f: _flags([f]) and _flags([f])[0] & _RESET, "a reset", mark)
            server.close()
            assert not any(flags & _SYN for flags in _flags(_frames(world, mark)))
        finally:
            daemon.kill()
            daemon.wait()
