# SPDX-License-Identifier: GPL-2.0-or-later
"""Exceptions: each opens exactly what it says, and closes at once."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from . import addresses as a
from . import kernel
from .probes import echo_request
from .raw_probes import ether, in_pieces, mac_of, send_from_router, tcp_segment, udp
from .sandbox import build_dir
from .waiting import wait_product, wait_until

_FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
_ICMP = {4: socket.IPPROTO_ICMP, 6: socket.IPPROTO_ICMPV6}
_SO_BINDTODEVICE = 25
_FILE = Path("/var/lib/nm-killswitch/exceptions")
_PEOPLE = {"root": 0, "person": 1000}
_OTHER = {4: "203.0.113.10", 6: "2001:db8:113::10"}  # beside the web server, and nobody has it

# what is tried: its word, where to (the exception's destination or the one beside it), port
_WAYS = (
    ("udp", "there", a.ECHO_PORT),
    ("udp", "there", 9),
    ("udp", "beside", a.ECHO_PORT),
    ("tcp", "there", a.ECHO_PORT),
    ("tcp", "there", a.HTTP_PORT),
    ("tcp", "beside", a.ECHO_PORT),
    ("icmp", "there", 0),
    ("icmp", "beside", 0),
    ("frame", "there", a.ECHO_PORT),
    ("frame", "there", 9),
    ("frame", "beside", a.ECHO_PORT),
)


class _Try:
    """One packet, past the VPN, that is recognised outside by its canary or its source port."""

    def __init__(self, world, family, way, person):
        self.family, self.person = family, person
        self.what, self.where, self.port = way
        self.canary = b"canary" + os.urandom(8).hex().encode()
        self.to = a.WEB[family] if self.where == "there" else _OTHER[family]
        self.source_port = 0
        self.error = 0
        self.socket = None
        world.client.call(self._send, world)

    def __str__(self):
        return f"IPv{self.family} {self.what} {self.where} {self.port} by {self.person}"

    def _open(self):
        kind = {"udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM, "icmp": socket.SOCK_RAW}[self.what]
        opened = socket.socket(_FAMILY[self.family], kind, _ICMP[self.family] if self.what == "icmp" else 0)
        opened.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, a.UPLINK.encode() + b"\0")
        opened.setblocking(False)
        return opened

    def _send(self, world):
        kernel.set_thread_fsuid(_PEOPLE[self.person])  # of this thread only, which ends with this call
        try:
            if self.what == "frame":
                self._send_frame(world)
                return
            self.socket = self._open()
            if self.what == "icmp":
                self.socket.sendto(echo_request(self.family, self.canary), (self.to, 0))
                return
            self.socket.bind(("", 0))
            self.source_port = self.socket.getsockname()[1]
            if self.what == "tcp":
                self.socket.connect((self.to, self.port))
            else:
                self.socket.sendto(self.canary, (self.to, self.port))
        except OSError as error:
            self.error = error.errno

    def _send_frame(self, world):
        source = world.addresses[self.family]
        kind = 0x0800 if self.family == 4 else 0x86DD
        packet = udp(source, self.to, self.canary, self.port)
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
            raw.bind((a.UPLINK, kind))
            raw.send(ether(world.router_mac, mac_of(world.client, a.UPLINK), kind, packet))

    def is_in(self, frame):
        if self.what != "tcp":
            return self.canary in frame.data
        packet = frame.packet
        return packet is not None and (packet.source_port, packet.destination_port) == (self.source_port, self.port)

    def is_answered(self):
        """The other end's answer has come in; what it was asked is sent again by TCP alone."""
        try:
            if self.what == "tcp":
                return self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0 and bool(self.socket.getpeername())
            return self.canary in self.socket.recv(2000)
        except OSError:
            return False

    def close(self):
        if self.socket:
            self.socket.close()


def _try_all(world, ways=_WAYS, families=a.FAMILIES):
    """What of all ways was seen outside, and the tries."""
    mark = world.capture.fence()
    tries = [
        _Try(world, family, way, person)
        for family in families
        for way in ways
        for person in (("root",) if way[0] in ("icmp", "frame") else _PEOPLE)
    ]
    frames = world.capture.since(mark, world.capture.fence())
    return {str(t) for t in tries if any(t.is_in(frame) for frame in frames)}, tries


def _texts(tries, chosen):
    return {str(t) for t in tries if chosen(t)}


def _close(tries):
    for t in tries:
        t.close()


def _remove_all(world):
    for exception in world.product.status()["exceptions"]:
        world.product.ctl("allow", "remove", exception["name"])


@pytest.fixture(scope="module")
def allowed(world):
    shown = world.outside.run(["ip", "-o", "link", "show", "dev", a.ROUTER_END]).stdout
    router_mac = shown.split("link/ether ")[1].split()[0]
    world.router_mac = bytes.fromhex(router_mac.replace(":", ""))
    world.client.ip(*(f"neigh replace {address} lladdr {router_mac} dev {a.UPLINK}" for address in a.ROUTER.values()))
    world.addresses = {
        family: json.loads(world.client.run(["ip", "-j", f"-{family}", "address", "show", "dev", a.UPLINK, "scope", "global"]).stdout)
        for family in a.FAMILIES
    }
    world.addresses = {
        family: next(entry["local"] for link in links for entry in link.get("addr_info", []) if "local" in entry)
        for family, links in world.addresses.items()
    }
    world.product.install()
    world.product.start_guard()
    return world


@pytest.fixture(autouse=True)
def locked(allowed):
    if not allowed.product.guard_is_running:
        allowed.product.start_guard()
    allowed.product.ctl("lock")
    yield
    _remove_all(allowed)


def _add(world, name, *words):
    world.product.ctl("allow", "add", name, *words)


def test_control(allowed):
    allowed.product.ctl("unlock")
    seen, tries = _try_all(allowed)
    assert seen == _texts(tries, lambda t: True), "the test itself does not see this"
    _close(tries)


def test_without_one_nothing_leaves(allowed):
    seen, tries = _try_all(allowed)
    assert not seen
    _close(tries)


@pytest.mark.parametrize("family", a.FAMILIES)
@pytest.mark.parametrize("protocol", ["udp", "tcp", "icmp"])
def test_opens_exactly_what_it_says(allowed, family, protocol):
    ports = () if protocol == "icmp" else ("--port", str(a.ECHO_PORT))
    _add(allowed, "one", "--to", a.WEB[family], "--protocol", protocol, *ports)
    seen, tries = _try_all(allowed)
    meant = {"udp": ("udp", "frame")}.get(protocol, (protocol,))
    assert seen == _texts(
        tries,
        lambda t: t.family == family and t.what in meant and t.where == "there" and t.port in (0, a.ECHO_PORT),
    )
    answered = [t for t in tries if str(t) in seen and t.what != "frame"]
    for t in answered:
        wait_until(t.is_answered, f"an answer to {t}")
    assert allowed.product.status()["state"] == "blocked"
    _close(tries)


def test_answers_and_no_more(allowed):
    """The other end begins nothing, whatever port it sends from."""
    _add(allowed, "range", "--to", f"{a.WEB[4]}/32", "--protocol", "udp", "--port", f"{a.ECHO_PORT}-9")
    with allowed.client.socket(socket.AF_INET, socket.SOCK_DGRAM) as service:
        service.bind((allowed.addresses[4], 4000))
        service.settimeout(0.3)
        # the echo sends from port 7 to another port than that it was asked from: nobody asked
        with allowed.outside.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            stranger.bind((a.WEB[4], 8))
            stranger.sendto(b"unasked", (allowed.addresses[4], 4000))
            with pytest.raises(TimeoutError):
                service.recv(100)
            service.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, a.UPLINK.encode() + b"\0")
            service.sendto(b"asked", (a.WEB[4], 8))
            assert stranger.recv(100) == b"asked"
            service.settimeout(_COMES)
            stranger.sendto(b"answered", (allowed.addresses[4], 4000))
            assert service.recv(100) == b"answered"


def test_removed_closes_old_and_new_flows(allowed):
    _add(allowed, "all of it", "--to", a.WEB[4], "--yes-it-leaks")
    seen, tries = _try_all(allowed, families=(4,))
    assert _texts(tries, lambda t: t.where == "there") == seen
    flow = next(t for t in tries if (t.what, t.port, t.where) == ("tcp", a.ECHO_PORT, "there"))
    wait_until(flow.is_answered, "a connection")
    spoken = next(t for t in tries if (t.what, t.port, t.where) == ("udp", a.ECHO_PORT, "there"))
    allowed.product.ctl("allow", "remove", "all of it")
    mark = allowed.capture.fence()
    for old in (flow.socket, spoken.socket):
        try:
            old.sendto(b"canary of old flows", (a.WEB[4], a.ECHO_PORT))
        except OSError:
            pass
    seen, others = _try_all(allowed, families=(4,))
    assert not seen
    frames = allowed.capture.since(mark, allowed.capture.fence())
    assert not [f for f in frames if b"canary of old flows" in f.data]
    _close([*tries, *others])


@pytest.mark.parametrize("fate", ["alive", "killed"])
def test_a_timed_one_ends(allowed, fate):
    way = (("udp", "there", a.ECHO_PORT),)

    def is_closed():
        """What a look that begins later than it may finds, is too late; how long the look takes is the machine's."""
        nonlocal last
        begun = time.monotonic()
        now, again = _try_all(allowed, way, (4,))
        _close(again)
        if now:
            last = begun
        return not now

    for seconds in (2, 20, 60):  # a busy machine may need longer than the first
        added = time.monotonic()
        _add(allowed, "a while", "--to", a.WEB[4], "--protocol", "udp", "--port", "7", "--for", f"{seconds}s")
        began = last = time.monotonic()
        ends = [exception["until"] for exception in allowed.product.status()["exceptions"]]
        if ends and all(ends) and not is_closed():
            break
        assert time.monotonic() - added > seconds, f"it was never open, or has no end: {ends}"
        wait_product(lambda: not allowed.product.status()["exceptions"], "the end of it", 30)
    else:
        raise AssertionError("this machine is too slow to tell")
    if fate == "killed":
        allowed.product.stop_guard(signal.SIGKILL)
    wait_until(is_closed, "the end of the exception", seconds + 10)
    assert time.monotonic() - began > seconds - 1 and last - began < seconds + 6
    if fate == "killed":
        allowed.product.start_guard()
    assert not allowed.product.status()["exceptions"]
    assert allowed.product.status()["verified"]


def test_the_guard_killed_and_back_keeps_them(allowed):
    _add(allowed, "lasting", "--to", a.WEB[4], "--protocol", "tcp", "--port", "7")
    _add(allowed, "a while", "--to", a.WEB[6], "--protocol", "icmp", "--for", "720h")  # no longer
    before = allowed.product.status()["exceptions"]
    allowed.product.stop_guard(signal.SIGKILL)
    allowed.product.start_guard()
    after = allowed.product.status()
    assert [e["name"] for e in after["exceptions"]] == [e["name"] for e in before] == ["lasting", "a while"]
    assert after["verified"] and after["exceptions"][1]["until"] and not after["exceptions"][0]["until"]
    assert "lasting: 203.0.113.9, tcp 7" in allowed.product.ctl("allow", "list").stdout
    assert "2 exceptions let more out." in " ".join(allowed.product.ctl("status").stdout.split())


# ---- services of this machine ----

_MANUAL = Path(__file__).resolve().parents[2] / "data/man/nm-killswitch.1"
_SERVICE = 2222
_SYN = 2
_COMES, _NEVER_COMES = 20, 0.3  # how long what comes is waited for, and what does not


def _speaks(one, other, seconds=_COMES):
    """What one end sends reaches the other by a connection that is there."""
    canary = b"canary" + os.urandom(8).hex().encode()
    other.settimeout(seconds)
    try:
        one.sendall(canary)
        return other.recv(100) == canary
    except OSError:  # times out
        return False


def _begin(world, family, source, seconds=_COMES):
    """A client outside begins a connection; None: it is not reached."""
    opened = world.outside.socket(_FAMILY[family], socket.SOCK_STREAM)
    opened.settimeout(seconds)
    opened.bind((source, 0))
    try:
        opened.connect((world.addresses[family], _SERVICE))
    except OSError:
        opened.close()
        return None
    return opened


def _accept(listener, seconds=3 * _COMES):
    """The service's end of what a client has begun; None: it does not come."""
    listener.settimeout(seconds)
    try:
        return listener.accept()[0]
    except TimeoutError:
        return None


def _ask(world, family, source, service, seconds=_COMES):
    """The same by UDP: the service is asked, answers, and the answer is heard."""
    with world.outside.socket(_FAMILY[family], socket.SOCK_DGRAM) as client:
        client.settimeout(seconds)
        client.bind((source, 0))
        service.settimeout(seconds)
        try:
            client.sendto(b"question", (world.addresses[family], _SERVICE))
            _, asker = service.recvfrom(100)
            service.sendto(b"answer", asker)
            return client.recv(100) == b"answer"
        except OSError:
            return False


def _is_reached(world, family, source, service, seconds=_NEVER_COMES):
    """By TCP or by UDP."""
    client = _begin(world, family, source, seconds)
    if client:
        client.close()
    return bool(client) or _ask(world, family, source, service, seconds)


def _seen(world, canary, send):
    mark = world.capture.fence()
    for one in send:
        try:
            one()
        except OSError:
            pass
    return any(canary in frame.data for frame in world.capture.since(mark, world.capture.fence()))


def _bound(world, family, kind):
    opened = world.client.socket(_FAMILY[family], kind)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.bind((world.addresses[family], _SERVICE))
    return opened


@pytest.mark.parametrize("family", a.FAMILIES)
def test_a_service_is_reached_and_answers(allowed, family):
    """By whom it says, at that port; who begins is answered, and nothing begins here. Removed, all of it ends."""
    there, beside = a.WEB[family], a.PUBLIC_DNS[family]
    with _bound(allowed, family, socket.SOCK_STREAM) as listener, _bound(allowed, family, socket.SOCK_DGRAM) as answerer:
        listener.listen()

        allowed.product.ctl("unlock")  # the control
        for source in (there, beside):
            control = _begin(allowed, family, source)
            assert control and _ask(allowed, family, source, answerer), "the test itself does not reach it"
            accepted = _accept(listener)
            assert accepted, "the test itself does not reach it"
            accepted.close()
            control.close()
        allowed.product.ctl("lock")
        assert not _is_reached(allowed, family, there, answerer)

        for protocol in ("tcp", "udp"):
            _add(allowed, protocol, "--from", there, "--protocol", protocol, "--port", str(_SERVICE))
        assert allowed.product.status()["exceptions"][0]["from"] == there
        assert f"udp: from {there}, udp {_SERVICE}" in " ".join(allowed.product.ctl("allow", "list").stdout.split())
        allowed.product.ctl("unlock")  # who closes it again still has them
        allowed.product.ctl("lock")
        client = _begin(allowed, family, there)
        held = client and _accept(listener)
        assert held, "not reached"
        assert _speaks(client, held) and _speaks(held, client)
        assert _ask(allowed, family, there, answerer)
        assert not _is_reached(allowed, family, beside, answerer)

        # a connection that a program holds may be silent for long, and no note ends later than it says
        listed = allowed.client.run(["nft", "list", "set", "inet", "nm_killswitch", f"clients{family}"]).stdout
        assert re.search(rf"{client.getsockname()[1]} \. {_SERVICE} timeout 5d expires 4d23h", listed), listed
        assert "timeout 2m expires 4d" not in listed and re.search(r"expires [12]m", listed), listed
        # the guard reads the lock back at each change, and finds it as it made it
        for state in ("on", "off"):
            allowed.product.ctl("lan", state)
        if family == 4:
            allowed.product.stop_guard(signal.SIGKILL)
            allowed.product.start_guard()
        again = allowed.client.run(["nft", "list", "set", "inet", "nm_killswitch", f"clients{family}"]).stdout
        assert f"{client.getsockname()[1]} . {_SERVICE} timeout 5d" in again, "somebody took it away"
        assert _speaks(client, held) and allowed.product.status()["verified"]
        # what it sends is seen, and nothing else is
        canary = b"canary of a service"
        assert _seen(allowed, canary, [lambda: held.sendall(canary)]), "the test itself does not see it"
        unasked = (there, a.ECHO_PORT)
        listener.close()  # or its port is taken
        with _bound(allowed, family, socket.SOCK_STREAM) as own:
            own.settimeout(_COMES)
            assert not _seen(allowed, canary, [lambda: answerer.sendto(canary, unasked)])
            with pytest.raises(ConnectionRefusedError):  # the lock's own reset
                own.connect(unasked)

        allowed.product.ctl("allow", "remove", "tcp")
        assert _ask(allowed, family, there, answerer)
        allowed.product.ctl("allow", "remove", "udp")
        assert not _seen(allowed, canary, [lambda: held.sendall(canary)])
        assert not _speaks(client, held, _NEVER_COMES) and not _ask(allowed, family, there, answerer, _NEVER_COMES)
        assert allowed.product.status()["verified"]
        for one in (client, held):
            one.close()


def _advice(world) -> list[str]:
    """What the manual page says to do so that answers leave by the network, for this machine's address and router."""
    for line in _MANUAL.read_text().splitlines():
        if line.startswith(".Ql nmcli connection modify NETWORK "):
            words = shlex.split(line.removeprefix(".Ql ").removesuffix(" .").replace(r"\(dq", '"'))
            assert a.LAN_NET[4] in words[5] and a.ROUTER[4] in words[5] and "192.0.2.10 " in words[7], words
            return [word.replace("NETWORK", "uplink").replace("192.0.2.10 ", f"{world.addresses[4]} ") for word in words]
    raise AssertionError("the manual page advises nothing")


def _answers_by_the_network(world, answerer) -> bool:
    """The service is asked from outside, and its answer is seen on the wire."""
    canary = b"canary" + os.urandom(8).hex().encode()
    answerer.settimeout(_COMES)
    with world.outside.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind((a.WEB[4], 0))
        client.sendto(b"question", (world.addresses[4], _SERVICE))
        _, asker = answerer.recvfrom(100)
        return _seen(world, canary, [lambda: answerer.sendto(canary, asker)])


def test_answers_beside_a_full_tunnel(allowed):
    """They go into the tunnel; as the manual page advises, they go by the network, and nothing else does."""
    unasked = lambda: _seen(allowed, b"canary unasked", [lambda: answerer.sendto(b"canary unasked", (a.WEB[4], a.ECHO_PORT))])  # noqa: E731
    advice = _advice(allowed)
    allowed.manager.up("full")
    try:
        allowed.product.wait_state("protected")
        said = allowed.product.ctl("allow", "add", "service", "--from", a.WEB[4], "--protocol", "udp", "--port", str(_SERVICE)).stdout
        assert "how to lead them back" in " ".join(said.split()), said
        with _bound(allowed, 4, socket.SOCK_DGRAM) as answerer:
            assert not _answers_by_the_network(allowed, answerer)
            assert not unasked()
            allowed.client.run(advice)
            allowed.manager.nmcli("device", "reapply", a.UPLINK)
            assert _answers_by_the_network(allowed, answerer)
            assert not unasked()
            allowed.product.ctl("unlock")
            assert unasked(), "the control: it would leave by the network"
            allowed.product.ctl("lock")
            allowed.product.ctl("allow", "remove", "service")
            assert allowed.product.status()["verified"]
    finally:
        allowed.manager.nmcli("connection", "modify", "uplink", "ipv4.routing-rules", "", "ipv4.routes", "")
        allowed.manager.nmcli("device", "reapply", a.UPLINK)
        allowed.manager.down("full")


@pytest.mark.parametrize("way", ["whole", "pieces", "udp"])
def test_no_connection_of_ours_becomes_a_clients(allowed, way):
    """It began before the lock closed, and its far end sends what begins one; or the same ports are a client's by UDP."""
    here, there = allowed.addresses[4], a.WEB[4]

    def begin_from(port):
        begin = tcp_segment(there, here, port, _SERVICE, _SYN)
        packets = {"whole": [begin], "pieces": in_pieces(begin, 16), "udp": [udp(there, here, b"x", _SERVICE, source_port=port)]}
        send_from_router(allowed, 0x0800, packets[way])

    def is_answered():
        mark = allowed.capture.fence()
        begin_from(5001)  # nobody listens, so the kernel answers it
        packets = [frame.packet for frame in allowed.capture.since(mark, allowed.capture.fence()) if frame.packet]
        return (_SERVICE, 5001) in [(packet.source_port, packet.destination_port) for packet in packets]

    allowed.product.ctl("unlock")
    assert way == "udp" or is_answered(), "the test itself begins nothing"
    with _bound(allowed, 4, socket.SOCK_STREAM) as own, _bound(allowed, 4, socket.SOCK_DGRAM) as service:
        own.settimeout(_COMES)
        service.settimeout(_COMES)
        own.connect((there, a.ECHO_PORT))
        assert _speaks(own, own), "no connection"  # the echo
        allowed.product.ctl("lock")
        for protocol in ("tcp", "udp"):
            _add(allowed, protocol, "--from", there, "--protocol", protocol, "--port", str(_SERVICE))
        assert way != "whole" or is_answered()
        begin_from(a.ECHO_PORT)
        allowed.capture.fence()
        assert way != "udp" or service.recv(9) == b"x", "it is a client"
        canary = b"canary of ours"
        assert not _seen(allowed, canary, [allowed.capture.fence, lambda: own.sendall(canary)])


def test_a_service_for_anybody_is_confirmed(allowed):
    """And it ends by itself."""
    words = ("--from", "0.0.0.0/0", "--protocol", "tcp", "--port", str(_SERVICE))
    status, said = _error_of(allowed, *words)
    assert status == 1 and "--yes-it-leaks" in said and not allowed.product.status()["exceptions"]
    for wrong in (("--from", a.WEB[4]), ("--from", a.WEB[4], "--protocol", "icmp"), ("--from", a.WEB[4], "--port", "22")):
        assert _error_of(allowed, *wrong)[0] == 1, wrong
    assert _error_of(allowed, "--from", a.WEB[4], "--to", a.WEB[4])[0] == 2
    with _bound(allowed, 4, socket.SOCK_STREAM) as listener:
        listener.listen()
        for seconds in (2, 20, 60):  # a busy machine may need longer than the first
            began = time.monotonic()
            _add(allowed, "anybody", *words, "--for", f"{seconds}s", "--yes-it-leaks")
            client = _begin(allowed, 4, a.PUBLIC_DNS[4], seconds)
            held = client and _accept(listener, seconds)
            if held and _speaks(client, held, seconds):
                break
            assert time.monotonic() - began > seconds, "it is not reached"
            wait_product(lambda: not allowed.product.status()["exceptions"], "the end of it", 30)
        else:
            raise AssertionError("this machine is too slow to tell")
        wait_product(lambda: not allowed.product.status()["exceptions"], "the end of it", seconds + 30)
        assert not _begin(allowed, 4, a.WEB[4], _NEVER_COMES)
        assert not _speaks(client, held, _NEVER_COMES) and not _speaks(held, client, _NEVER_COMES)
        client.close()
        held.close()


def test_what_the_administrator_rules_out(allowed):
    """None is in force, none is forgotten, and status says so and where that is laid down."""
    file = Path("/etc/nm-killswitch/conf.d/exceptions.conf")
    file.parent.mkdir(parents=True, exist_ok=True)
    way = (("udp", "there", a.ECHO_PORT),)

    def is_open():
        seen, tries = _try_all(allowed, way, (4,))
        _close(tries)
        return bool(seen)

    def told():
        return [w for w in allowed.product.status()["warnings"] if f"ruled out exceptions from the lock ({file}:2)" in w]

    for name, port in (("lasting", "7"), ("forgotten", "9")):
        _add(allowed, name, "--to", a.WEB[4], "--protocol", "udp", "--port", port)
    assert is_open()
    file.write_text(f"[allow]\nexceptions=no\n[exceptions]\nours=to {_OTHER[4]} udp 9\n")
    try:
        os.kill(allowed.product.guard_pid, signal.SIGHUP)
        wait_product(told, "the administrator's word")
        status = allowed.product.status()
        assert status["verified"] and not is_open()
        assert [(e["name"], e["source"]) for e in status["exceptions"]] == [("ours", f"{file}:4")]
        assert _OTHER[4] in _held(allowed) and a.WEB[4] + " " not in _held(allowed)
        stays = allowed.product.ctl("allow", "remove", "ours", check=False)
        assert stays.returncode == 3 and f"{file}:4" in stays.stdout, stays
        assert '"lasting"' in told()[0] and "nm-killswitch allow remove NAME" in told()[0]
        refused = allowed.product.ctl("allow", "add", "more", "--to", _OTHER[4], "--protocol", "udp", "--port", "7", check=False)
        assert refused.returncode == 3 and f"{file}:2" in refused.stdout, refused
        allowed.product.ctl("allow", "remove", "forgotten")
        allowed.product.stop_guard(signal.SIGKILL)
        allowed.product.start_guard()
        assert told() and "forgotten" not in told()[0] and not is_open()
    finally:
        file.unlink()
        os.kill(allowed.product.guard_pid, signal.SIGHUP)
    wait_product(lambda: not told(), "no word of the administrator's")
    assert [e["name"] for e in allowed.product.status()["exceptions"]] == ["lasting"] and is_open()


def _held(world):
    """The set as nft lists it, without how much of the time is left."""
    listed = world.client.run(["nft", "list", "set", "inet", "nm_killswitch", "allowed_to4"]).stdout
    return re.sub(r"(timeout|expires) [0-9a-z]+", r"\1", listed)


def test_what_others_change_is_put_right(allowed):
    """Where the tables have no owner: an element is deleted, or stays without an end."""
    key = f"{a.WEB[4]} . udp . 9 . 0-2147483647"
    element = f"element inet nm_killswitch allowed_to4 {{ {key}"
    tampers = (
        f"delete {element} }}",
        f"delete {element} }}\nadd {element} }}",
        f"delete {element} }}\nadd {element} timeout 1d }}",
        "flush set inet nm_killswitch allowed_to4",
        f"add element inet nm_killswitch allowed_to4 {{ {_OTHER[4]} . udp . 9 . 0-2147483647 }}",
    )
    allowed.product.ctl("unlock")
    allowed.product.stop_guard()
    allowed.product.start_guard(environment={"LD_PRELOAD": str(build_dir() / "tests/world/libold-kernel.so")})
    try:
        allowed.product.ctl("lock")
        assert not allowed.product.status()["layers"]["owned"]
        _add(allowed, "a while", "--to", a.WEB[4], "--protocol", "udp", "--port", "9", "--for", "1h")
        before = _held(allowed)
        assert "timeout" in before
        for tamper in tampers:
            allowed.client.run(["nft", "-f", "-"], input=tamper)
            wait_product(lambda: allowed.product.status()["verified"] and _held(allowed) == before, tamper)
            listed = allowed.client.run(["nft", "list", "set", "inet", "nm_killswitch", "allowed_to4"]).stdout
            assert "timeout 1d" not in listed, listed
    finally:
        allowed.product.ctl("unlock")
        allowed.product.stop_guard()
        allowed.product.start_guard()


def test_a_file_that_cannot_be_read_opens_nothing(allowed):
    """It says so, until one is made again as the help says it."""
    _add(allowed, "lasting", "--to", a.WEB[4], "--protocol", "tcp", "--port", "7")
    allowed.product.stop_guard()
    _FILE.write_text(_FILE.read_text().replace(a.WEB[4], "0.0.0.0/0"))
    allowed.product.start_guard()
    status = allowed.product.status()
    assert not status["exceptions"] and any("Make them again: nm-killswitch allow add --help" in w for w in status["warnings"])
    assert a.WEB[4] not in allowed.product.ctl("rules").stdout
    assert "--to" in allowed.product.ctl("allow", "add", "--help").stdout
    _add(allowed, "lasting", "--to", a.WEB[4], "--protocol", "tcp", "--port", "7")
    assert not any("allow add --help" in w for w in allowed.product.status()["warnings"])
    _FILE.with_name("exceptions.corrupt").unlink()


def _is_unsaved(world):
    return any("would be back after a reboot" in warning for warning in world.product.status()["warnings"])


def test_what_the_disk_refuses_is_not_in_force(allowed):
    """Nor again, once it was closed: that is said, and saved when the disk takes it."""
    _add(allowed, "closed", "--to", a.WEB[4], "--protocol", "tcp", "--port", "9")
    subprocess.run(["mount", "--bind", _FILE.parent, _FILE.parent], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", _FILE.parent], check=True)
    try:
        status, said = _error_of(allowed, "--to", a.WEB[4], "--protocol", "tcp", "--port", "7")
        assert status == 1 and "Nothing was changed" in said
        assert not _is_unsaved(allowed)
        for _ in range(2):
            done = allowed.product.ctl("allow", "remove", "closed", check=False)
            assert done.returncode == 1 and "would be back after a reboot" in " ".join(done.stdout.split())
            assert a.WEB[4] not in _held(allowed) and _is_unsaved(allowed)
        _add(allowed, "a while", "--to", a.WEB[4], "--protocol", "udp", "--port", "7", "--for", "1h")
        status, said = _error_of(allowed, "--to", a.WEB[4], "--protocol", "tcp", "--port", "7")
        assert status == 1 and "Nothing was changed" in said
        allowed.product.stop_guard(signal.SIGKILL)
        allowed.product.start_guard()
        assert [e["name"] for e in allowed.product.status()["exceptions"]] == ["a while"]
        assert _is_unsaved(allowed)
    finally:
        subprocess.run(["umount", _FILE.parent], check=True)
    allowed.product.ctl("allow", "remove", "closed")
    assert not _is_unsaved(allowed) and "closed" not in _FILE.read_text()
    allowed.product.stop_guard(signal.SIGKILL)
    allowed.product.start_guard()
    assert [e["name"] for e in allowed.product.status()["exceptions"]] == ["a while"]


# For LD_PRELOAD: while a file is there, the kernel takes no new element of the exceptions.
_REFUSE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <unistd.h>
ssize_t mnl_socket_sendto(const struct mnl_socket *to, const void *data, size_t size)
{
    ssize_t (*real)(const struct mnl_socket *, const void *, size_t) = dlsym(RTLD_NEXT, "mnl_socket_sendto");
    int left = size;
    for (const struct nlmsghdr *m = data; mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left))
        if (m->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM) &&
            memmem(m, m->nlmsg_len, "allowed_to4", 11) && access("/run/world/refuse", F_OK) == 0) {
            errno = ENOBUFS;
            return -1;
        }
    return real(to, data, size);
}
"""


def test_what_the_kernel_refuses_is_not_wanted(allowed):
    """It does not open later either, and the next change is not in its way."""
    library, refuse = Path("/run/world/refuse.so"), Path("/run/world/refuse")
    compiler = ["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(library), "-ldl"]
    subprocess.run(compiler, input=_REFUSE, text=True, check=True)
    allowed.product.stop_guard()
    allowed.product.start_guard(environment={"LD_PRELOAD": str(library)})
    try:
        refuse.touch()
        assert _error_of(allowed, "--to", a.WEB[4], "--protocol", "tcp", "--port", "7")[0] == 1
        status = allowed.product.status()
        assert not status["exceptions"] and status["verified"] and status["state"] == "blocked", status
        assert a.WEB[4] not in (_FILE.read_text() if _FILE.exists() else "")
        refuse.unlink()
        _add(allowed, "other", "--to", _OTHER[4], "--protocol", "tcp", "--port", "7")
        assert a.WEB[4] + " " not in _held(allowed) and _OTHER[4] in _held(allowed)
    finally:
        refuse.unlink(missing_ok=True)
        allowed.product.stop_guard()
        allowed.product.start_guard()


def test_without_the_guard_it_is_as_the_kernel_holds_it(allowed):
    """A lock that the early unit closed has no exceptions, and status names none; the guard puts them in."""
    _add(allowed, "lasting", "--to", a.WEB[4], "--protocol", "tcp", "--port", "7")
    allowed.product.stop_guard(signal.SIGKILL)
    held = allowed.product.status()
    assert held["state"] == "blocked" and [e["name"] for e in held["exceptions"]] == ["lasting"]
    for family in ("inet", "netdev"):
        allowed.client.run(["nft", "delete", "table", family, "nm_killswitch"])
    allowed.client.run([str(allowed.product.early)])
    closed = allowed.product.status()  # "broken": the early unit knows no card for the second layer
    assert closed["locked"] and not closed["exceptions"], closed
    allowed.product.start_guard()
    after = allowed.product.status()
    assert (after["state"], after["verified"], len(after["exceptions"])) == ("blocked", True, 1), after


def _error_of(world, *words):
    done = world.product.ctl("allow", "add", "no", *words, check=False)
    return done.returncode, done.stdout


def test_too_wide_ones(allowed):
    shown = allowed.client.run(["ip", "-4", "-o", "address", "show", "dev", a.UPLINK]).stdout
    broadcast = shown.split(" brd ")[1].split()[0]
    assert "broadcast" in _error_of(allowed, "--to", broadcast, "--protocol", "udp", "--port", "9")[1]
    for to in ("0.0.0.0/0", "::/0", "11.0.0.0/8", "203.0.0.0/15", "2001:db8::/31", "224.0.0.251", "ff02::fb", "127.0.0.1"):
        assert _error_of(allowed, "--to", to, "--yes-it-leaks")[0] == 1, to
    for words in (("--port", "53", "--protocol", "udp"), ("--port", "800-900", "--protocol", "tcp"), ()):
        status, said = _error_of(allowed, "--to", a.WEB[4], *words)
        assert status == 1 and "--yes-it-leaks" in said, words
    wide = ("--to", "198.51.0.0/16", "--protocol", "icmp")
    status, said = _error_of(allowed, *wide)
    assert status == 1 and "--yes-it-leaks" in said
    _add(allowed, "wide enough", *wide, "--yes-it-leaks")
    assert "wide enough" in _error_of(allowed, "--to", "198.51.100.9", "--yes-it-leaks")[1]
    assert [e["name"] for e in allowed.product.status()["exceptions"]] == ["wide enough"]


def test_all_ports_are_without_those_of_name_servers(allowed):
    _add(allowed, "router", "--to", a.PRIVATE_ROUTER[4])
    held = allowed.product.ctl("rules").stdout
    assert "udp . 0-52" in held and "udp . 54-852" in held and "udp . 854-65535" in held
    assert allowed.product.status()["verified"]
