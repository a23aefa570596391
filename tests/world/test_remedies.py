# SPDX-License-Identifier: GPL-2.0-or-later
"""What is recommended works: each sentence is followed in the situation in which it is said."""

import os
import re
import signal
import socket
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from . import addresses as a
from . import keys, profiles
from .kernel import set_thread_fsuid
from .network import log_of
from .probes import SENDERS
from .router import say_names
from .waiting import wait_product, wait_until

NAME = "vpn.remedy.known.test"
PRIVATE_SERVER = "192.168.77.9"


@pytest.fixture(scope="module")
def locked(world):
    world.manager.nmcli("connection", "delete", "full", "split")  # they would open the server for the others
    world.product.install()
    world.product.start_guard()
    world.product.ctl("auto", "off")
    world.product.ctl("lock")
    yield world
    world.product.ctl("unlock")


def _say(world, *lines: str) -> None:
    say_names(*lines)
    world.outside.kill("dnsmasq", signal.SIGHUP)


def _write(world, name: str, remote: str, **more: str) -> None:
    profiles.write(name, profiles.vpn(name, profiles.tls(remote) | {key.replace("_", "-"): value for key, value in more.items()}))
    world.manager.nmcli("connection", "reload")
    # the guard hears of it after nmcli has its answer
    wait_product(lambda: name in {vpn["name"] for vpn in world.product.status()["vpns"]}, f"{name} to be known")


def _comes_up(world, name: str, wait: int = 60) -> bool:
    done = world.manager.nmcli("--wait", str(wait), "connection", "up", name, check=False, timeout=wait + 30)
    world.manager.nmcli("--wait", "20", "connection", "down", name, check=False)
    return done.returncode == 0


def _told(world, word: str) -> list[str]:
    return [text for text in world.product.status()["warnings"] if word in text]


def _frames_to(world, since, address: str) -> list:
    frames = world.capture.since(since, world.capture.fence())
    return [frame for frame in frames if frame.packet and frame.packet.destination == address]


def _frames_with(world, since, label: bytes) -> list:
    return [frame for frame in world.capture.since(since, world.capture.fence()) if label in frame.data.lower()]


def test_another_address_for_a_profile_by_name(locked):
    """The VPN's own program still asks for the name of its profile."""
    _say(locked, f"{a.SERVER[4]} {NAME}")
    _write(locked, "named", f"{NAME}:{a.SERVER_PORT}:udp4")
    locked.product.ctl("vpn", "set", "named", "--server", f"{a.DEAD_SERVER}:{a.SERVER_PORT}/udp")
    assert not _comes_up(locked, "named", wait=4)  # the control: the profile's own servers are not open now
    locked.product.ctl("vpn", "set", "named", "--server", f"{a.SERVER[4]}:{a.SERVER_PORT}/udp")
    mark = locked.capture.mark()
    assert _comes_up(locked, "named")
    assert _frames_with(locked, mark, b"\x03vpn\x06remedy")
    mark = locked.capture.mark()
    locked.client.run(["getent", "hosts", f"evil.{NAME}"], check=False)
    assert not _frames_with(locked, mark, b"\x04evil\x03vpn")
    locked.product.ctl("vpn", "set", "named", "--clear")
    assert _comes_up(locked, "named")


def test_private_server_by_name(locked):
    """An answer that is not believed, and really is the server."""
    locked.outside.ip(f"addr add {PRIVATE_SERVER}/32 dev lo")
    _say(locked, f"{PRIVATE_SERVER} {NAME}")
    locked.outside.daemon(
        "private-server",
        ["openvpn", "--mode", "server", "--tls-server", "--topology", "subnet", "--dev", "vpn7", "--dev-type", "tun", "--disable-dco"]
        + ["--local", PRIVATE_SERVER, "--port", str(a.SERVER_PORT), "--proto", "udp", "--server", "203.0.113.96", "255.255.255.224"]
        + ["--ca", f"{keys.FOLDER}/ca.crt", "--cert", f"{keys.FOLDER}/server.crt", "--key", f"{keys.FOLDER}/server.key"]
        + ["--dh", "none", "--duplicate-cn", "--verb", "3"],
    )
    wait_until(lambda: b"UDPv4 link remote" in log_of("private-server").read_bytes(), "the server to listen")
    _write(locked, "private", f"{NAME}:{a.SERVER_PORT}:udp4")
    locked.product.stop_guard()
    locked.product.start_guard()  # asks again
    told = wait_until(lambda: _told(locked, PRIVATE_SERVER), "what it says of the answer")
    assert "nm-killswitch vpn set" in told[0]
    assert not _comes_up(locked, "private", wait=4)
    locked.product.ctl("vpn", "set", "private", "--server", f"{PRIVATE_SERVER}:{a.SERVER_PORT}/udp")
    assert _comes_up(locked, "private")
    locked.product.ctl("vpn", "set", "private", "--clear")


OTHER = "203.0.113.77"
TUNNEL_SERVER = "198.51.100.129"
FARM = "198.51.100.3"  # another machine of the server's, which answers in its place


@contextmanager
def _answers_from_elsewhere(world):
    outside = world.outside
    outside.ip(f"addr add {FARM}/32 dev lo")
    rules = f"""table ip farm {{
        chain out {{ type filter hook postrouting priority 0; ip saddr {a.SERVER[4]} udp sport {a.SERVER_PORT} ip saddr set {FARM}; }}
        chain in {{ type filter hook prerouting priority -300; ip daddr {FARM} udp dport {a.SERVER_PORT} ip daddr set {a.SERVER[4]}; }}
    }}"""
    outside.run(["nft", "-f", "-"], input=rules)
    try:
        yield
    finally:
        outside.run(["nft", "delete", "table", "ip", "farm"])
        outside.ip(f"addr del {FARM}/32 dev lo")


def _is_let_out(world, address: str) -> bool:
    return address in {server["address"] for server in world.product.status()["servers"] if not server["not_let_out"]}


def _tunnel_carries(world) -> bool:
    return world.client.run(["ping", "-c1", "-W2", TUNNEL_SERVER], check=False).returncode == 0


def _sends(world, sender: str, port: int) -> bool:
    """To the other machine, by a socket of its own."""

    def send() -> bool:
        set_thread_fsuid(SENDERS[sender])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
            try:
                return opened.sendto(b"\x38 canary", (FARM, port)) > 0
            except PermissionError:
                return False

    return world.client.call(send)


def _route(world, do: str, maker: str) -> None:
    world.client.ip(f"route {do} {OTHER} via {a.ROUTER[4]} dev {a.UPLINK} proto {maker}")


def test_a_server_that_answers_from_elsewhere(locked):
    """OpenVPN's float, in front of a farm: where it was connected to is a server from then on."""
    _write(locked, "farm", f"{a.SERVER[4]}:{a.SERVER_PORT}:udp4", float="yes")
    with _answers_from_elsewhere(locked):
        mark = locked.capture.mark()
        locked.manager.begin("farm")
        told = wait_until(lambda: _told(locked, "float"), "what it says of the answers")
        assert "nm-killswitch pause" in told[0]
        locked.manager.nmcli("--wait", "20", "connection", "down", "farm")
        assert not _comes_up(locked, "farm", wait=4)  # nobody knows the address yet
        assert not _frames_to(locked, mark, FARM)
        # as told
        locked.product.ctl("pause", "1m")
        locked.manager.up("farm")  # the control
        wait_until(lambda: _is_let_out(locked, FARM), "its other address to be a server")
        locked.product.ctl("resume")
        locked.product.wait_state("protected")
        wait_until(lambda: _tunnel_carries(locked), "the tunnel to carry")
        assert _sends(locked, "root", a.SERVER_PORT)
        assert not _sends(locked, "user", a.SERVER_PORT)
        assert not _sends(locked, "root", a.SERVER_PORT + 1)
        _a_network_names_none(locked)
        locked.manager.nmcli("--wait", "20", "connection", "down", "farm")
        locked.product.wait_state("blocked")
        mark = locked.capture.mark()
        assert _comes_up(locked, "farm")
        assert _frames_to(locked, mark, FARM)
    locked.manager.nmcli("connection", "delete", "farm")
    wait_until(lambda: not _is_let_out(locked, FARM), "it to be forgotten")
    assert not _sends(locked, "root", a.SERVER_PORT)


def _a_network_names_none(world) -> None:
    """A route by DHCP is the network's word. One of this machine's is believed."""
    _route(world, "add", "dhcp")
    world.product.ctl("lan", "on")
    world.product.ctl("lan", "off")  # so that it has looked
    assert not _is_let_out(world, OTHER)
    _route(world, "del", "dhcp")
    _route(world, "add", "static")
    wait_until(lambda: _is_let_out(world, OTHER), "the control: a route of this machine's")
    _route(world, "del", "static")


def test_answers_from_elsewhere_while_it_locks(locked):
    """The VPN that closes the lock goes on. Without float nothing else is a server."""
    _write(locked, "farm", f"{a.SERVER[4]}:{a.SERVER_PORT}:udp4", float="yes")
    locked.product.ctl("unlock")
    locked.product.ctl("auto", "on")
    try:
        with _answers_from_elsewhere(locked):
            locked.manager.up("farm")
            locked.product.wait_state("protected")
            wait_until(lambda: _tunnel_carries(locked), "the tunnel to carry")
            _write(locked, "farm", f"{a.SERVER[4]}:{a.SERVER_PORT}:udp4")
            wait_until(lambda: not _is_let_out(locked, FARM), "the profile to float no more")
            assert not _tunnel_carries(locked)
    finally:
        locked.product.ctl("auto", "off")
    locked.manager.nmcli("--wait", "20", "connection", "down", "farm")
    locked.manager.nmcli("connection", "delete", "farm")


def test_all_addresses_of_a_farm_are_named(locked):
    servers = [f"{address}:{a.SERVER_PORT}/udp" for address in (a.SERVER[4], FARM)]
    _write(locked, "named-farm", f"{a.SERVER[4]}:{a.SERVER_PORT}:udp4", float="yes")
    with _answers_from_elsewhere(locked):
        assert not _comes_up(locked, "named-farm", wait=4)
        locked.product.ctl("vpn", "set", "named-farm", "--server", servers[0], "--server", servers[1])
        wait_product(lambda: not _told(locked, "float"), "it to be told no more")
        assert _comes_up(locked, "named-farm")
    locked.product.ctl("vpn", "set", "named-farm", "--clear")
    locked.manager.nmcli("connection", "delete", "named-farm")


def test_random_names(locked):
    """A provider whose every name is an answer but the bare one."""
    _say(locked)
    _write(locked, "random", f"random.remedy.test:{a.SERVER_PORT}:udp4", remote_random_hostname="yes")
    told = wait_until(lambda: _told(locked, "remote-random-hostname"), "what it says of random names")
    assert "address" in told[0]
    assert not _comes_up(locked, "random", wait=4)
    # as told: an address in place of the name, and the option off
    _write(locked, "random", f"{a.SERVER[4]}:{a.SERVER_PORT}:udp4")
    wait_until(lambda: not _told(locked, "remote-random-hostname"), "it to be forgotten")
    assert _comes_up(locked, "random")


@contextmanager
def _resolver_here(world):
    """resolv.conf names one on this machine, and NetworkManager writes nothing else there."""
    settings = Path("/etc/NetworkManager/NetworkManager.conf")
    resolv_conf = Path("/etc/resolv.conf")
    before = resolv_conf.read_text()
    settings.write_text(settings.read_text().replace("dns=default", "dns=none"))
    world.manager.nmcli("general", "reload")
    resolv_conf.write_text("nameserver 127.0.0.1\n")
    try:
        yield
    finally:
        settings.write_text(settings.read_text().replace("dns=none", "dns=default"))
        world.manager.nmcli("general", "reload")
        resolv_conf.write_text(before)


# A resolver that has to ask for more than the name, unless it is told to forward it, plainly or with an EDNS record
# (glibc's own questions have none).
_RESOLVER = """
import socket, sys
forward, edns = sys.argv[1:2], sys.argv[2:]
def with_edns(question):
    return question[:11] + bytes([len(edns)]) + question[12:] + bytes.fromhex("".join(edns))
def ask(question, server):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.settimeout(1)
        try:
            out.sendto(question, (server, 53))
            return out.recv(4096)
        except OSError:
            return question[:2] + b"\\x81\\x82" + question[4:]
root = b"\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\0\\0\\2\\0\\1"
own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
own.bind(("127.0.0.1", 53))
print("ready", flush=True)
while True:
    question, who = own.recvfrom(4096)
    if not forward and ask(root, "{router}")[3] & 15:
        own.sendto(question[:2] + b"\\x81\\x82" + question[4:], who)
    else:
        own.sendto(ask(with_edns(question), "{router}"), who)
"""


# OPT records (RFC 6891): of systemd-resolved with DNSSEC=allow-downgrade, with DAU, DHU and N3U; of BIND, with a cookie
_RESOLVED_EDNS = "00 0029 05c0 0000 8000 0017 0005 0007 0507080a0d0e0f 0006 0003 010204 0007 0001 01"
_COOKIE_EDNS = "00 0029 04d0 0000 8000 000c 000a 0008 3132333435363738"


@contextmanager
def _running(world, name: str, *arguments: str):
    program = ["/usr/bin/python3", "-c", _RESOLVER.format(router=a.ROUTER[4]), *arguments]
    process = world.client.daemon(name, program)
    wait_until(lambda: b"ready" in log_of(name).read_bytes(), "the resolver")
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def test_resolver_that_adds_options(locked):
    """Those of resolved are always the same bytes and leave. A cookie is any eight, and any program's: it is named."""
    _say(locked, f"{a.SERVER[4]} options.remedy.known.test", f"{a.SERVER[4]} cookie.remedy.known.test")
    _write(locked, "options", f"options.remedy.known.test:{a.SERVER_PORT}:udp4")
    with _resolver_here(locked):
        with _running(locked, "like-resolved", "forward", _RESOLVED_EDNS):
            mark = locked.capture.mark()
            assert _comes_up(locked, "options")
            assert _frames_with(locked, mark, bytes.fromhex(_RESOLVED_EDNS))
        with _running(locked, "like-bind", "forward", _COOKIE_EDNS):
            mark = locked.capture.mark()
            _write(locked, "cookie", f"cookie.remedy.known.test:{a.SERVER_PORT}:udp4")
            told = wait_until(lambda: _told(locked, "cookie.remedy"), "what it says of the resolver", timeout=15)
            assert "cookies" in told[0]
            assert not _frames_with(locked, mark, b"12345678")
        with _running(locked, "like-bind-told", "forward"):
            assert _comes_up(locked, "cookie")


def test_resolver_of_this_machine(locked):
    """One that begins at the root finds nothing while locked: it is named, and forwards when told so."""
    _say(locked, f"{a.SERVER[4]} own.remedy.known.test")
    with _resolver_here(locked):
        with _running(locked, "own-resolver"):
            _write(locked, "own", f"own.remedy.known.test:{a.SERVER_PORT}:udp4")
            told = wait_until(lambda: _told(locked, "own.remedy"), "what it says of the resolver", timeout=15)
            assert "resolver on this machine" in told[0] and "TLS" not in told[0]
            assert not _comes_up(locked, "own", wait=4)
        with _running(locked, "forwarding-resolver", "forward"):
            assert _comes_up(locked, "own")
            wait_until(lambda: not _told(locked, "own.remedy"), "it to be forgotten", timeout=15)


def test_questions_by_tcp(locked):
    """glibc's own option: nothing is found while locked, until it is taken out."""
    name = "tcp.remedy.known.test"
    resolv_conf = Path("/etc/resolv.conf")
    _say(locked, f"{a.SERVER[4]} {name}")
    _write(locked, "tcp", f"{name}:{a.SERVER_PORT}:udp4")
    with _resolver_here(locked):
        resolv_conf.write_text(f"nameserver {a.ROUTER[4]}\noptions use-vc\n")
        told = wait_until(lambda: _told(locked, "use-vc"), "what it says of questions by TCP")
        assert "Remove that option" in told[0]
        assert not _comes_up(locked, "tcp", wait=4)
        resolv_conf.write_text(f"nameserver {a.ROUTER[4]}\n")
        assert _comes_up(locked, "tcp")
        wait_product(lambda: not _told(locked, "use-vc"), "it to be told no more")


def test_silent_name_server(locked):
    """Nobody answers: no word of resolvers that nobody uses."""
    resolv_conf = Path("/etc/resolv.conf")
    before = resolv_conf.read_text()
    resolv_conf.write_text(f"nameserver {a.DEAD_SERVER}\n")
    _write(locked, "silent", f"silent.remedy.known.test:{a.SERVER_PORT}:udp4")
    told = wait_until(lambda: _told(locked, "silent.remedy"), "what it says of the name", timeout=40)
    assert not any(word in told[0] for word in ("TLS", "DNSSEC", "resolver"))
    # as told
    _write(locked, "silent", f"{a.SERVER[4]}:{a.SERVER_PORT}:udp4")
    assert _comes_up(locked, "silent")
    resolv_conf.write_text(before)


_MANY = [f"203.0.113.{n}" for n in range(64, 64 + 173)]  # three answers by UDP hold 28 each


def _start_farm(world) -> None:
    """One server at all these addresses."""
    world.outside.ip("route add local 203.0.113.64/26 dev lo", "route add local 203.0.113.128/25 dev lo")
    world.outside.daemon(
        "farm",
        ["openvpn", "--mode", "server", "--tls-server", "--topology", "subnet", "--dev", "vpn8", "--dev-type", "tun", "--disable-dco"]
        + ["--multihome", "--port", "1199", "--proto", "udp", "--server", "203.0.113.0", "255.255.255.192"]
        + ["--ca", f"{keys.FOLDER}/ca.crt", "--cert", f"{keys.FOLDER}/server.crt", "--key", f"{keys.FOLDER}/server.key"]
        + ["--dh", "none", "--duplicate-cn", "--verb", "3"],
    )
    wait_until(lambda: b"UDPv4 link remote" in log_of("farm").read_bytes(), "the server to listen")


def _let_out(world, host: str) -> set[str]:
    servers = world.product.status()["servers"]
    return {server["address"] for server in servers if server["host"] == host and not server["not_let_out"]}


def test_many_addresses(locked):
    """More than an answer by UDP holds: the guard asks by TCP, programs are told a part as if it were all."""
    name = "many.remedy.known.test"
    _start_farm(locked)
    _say(locked, *(f"{address} {name}" for address in _MANY))
    mark = locked.capture.mark()
    _write(locked, "many", f"{name}:1199:udp4")
    wait_until(lambda: _let_out(locked, name) == set(_MANY), "all addresses", timeout=20)
    assert [frame for frame in _frames_with(locked, mark, b"\x04many\x06remedy") if frame.data[23] == socket.IPPROTO_TCP]
    assert _comes_up(locked, "many")
    wait_product(lambda: not _told(locked, name), "nothing to be told of it")
    # nobody else asks by TCP: neither for the name nor for another one
    mark = locked.capture.mark()
    for name in (name, "evil.known.test"):
        asked = locked.client.run(["env", "RES_OPTIONS=use-vc", "timeout", "5", "getent", "ahostsv4", name], check=False)
        assert asked.returncode != 0
    assert not [frame for frame in locked.capture.since(mark, locked.capture.fence()) if frame.data[23] == socket.IPPROTO_TCP]


def test_many_addresses_while_it_locks(locked):
    """Whichever of them the VPN was connected to before, it stays so when it locks."""
    name = "many.remedy.known.test"
    locked.product.ctl("unlock")
    locked.product.ctl("auto", "on")
    try:
        locked.manager.up("many")
        locked.product.wait_state("protected")
        wait_product(lambda: _let_out(locked, name) == set(_MANY), "all addresses to be let out")
        locked.client.run(["ping", "-c5", "-W5", "203.0.113.1"])  # the tunnel's other end; one answer is enough
    finally:
        locked.manager.nmcli("--wait", "20", "connection", "down", "many", check=False)
        locked.product.ctl("auto", "off")
    locked.product.wait_state("blocked")


def test_more_addresses_than_are_let_out(locked):
    name = "most.remedy.known.test"
    _say(locked, *(f"5.5.{n // 256}.{n % 256} {name}" for n in range(300)), *(f"{address} {name}" for address in _MANY[:1]))
    _write(locked, "most", f"{name}:1199:udp4")
    told = wait_until(lambda: _told(locked, name), "what it says of so many", timeout=20)
    assert "256" in told[0]
    wait_product(lambda: len(_let_out(locked, name)) == 256, "256 of them to be let out")
    # as told
    _write(locked, "most", f"{_MANY[0]}:1199:udp4")
    wait_until(lambda: not _told(locked, name), "it to be forgotten")
    assert _comes_up(locked, "most")


# A name server whose cut answers hold nothing; by TCP it tells forty addresses.
_EMPTY = """
import socket, sys, threading
def tell_all():
    while True:
        asker, _ = by_tcp.accept()
        while size := asker.recv(2):
            question = asker.recv(int.from_bytes(size, "big"))
            is_a = question[-3] == 1
            records = b"".join(b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\x3c\\0\\4" + bytes((203, 0, 113, 64 + n)) for n in range(40))
            answer = question[:2] + b"\\x81\\x80\\0\\1" + (b"\\0\\x28" if is_a else b"\\0\\0") + question[8:] + (records if is_a else b"")
            asker.sendall(len(answer).to_bytes(2, "big") + answer)
own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
own.bind((sys.argv[1], 53))
by_tcp = socket.create_server((sys.argv[1], 53))
threading.Thread(target=tell_all, daemon=True).start()
print("ready", flush=True)
while True:
    question, who = own.recvfrom(512)
    own.sendto(question[:2] + b"\\x83\\x80" + question[4:], who)
"""


def test_many_addresses_and_none_told(locked):
    """Programs know none of them, so the address is said that can be written down."""
    name = "none.remedy.known.test"
    resolv_conf = Path("/etc/resolv.conf")
    before = resolv_conf.read_text()
    locked.outside.ip("addr add 203.0.113.62/32 dev lo")
    locked.outside.daemon("empty", ["/usr/bin/python3", "-c", _EMPTY, "203.0.113.62"])
    wait_until(lambda: b"ready" in log_of("empty").read_bytes(), "the name server")
    resolv_conf.write_text("nameserver 203.0.113.62\n")
    _write(locked, "none", f"{name}:1199:udp4")
    told = wait_until(lambda: _told(locked, name), "what it says of many addresses", timeout=20)
    assert "more addresses" in told[0]
    wait_product(lambda: len(_let_out(locked, name)) == 40, "all forty to be let out")
    assert not _comes_up(locked, "none", wait=4)
    # as told
    address = re.search(r"such as (\S+),", told[0])[1]
    _write(locked, "none", f"{address}:1199:udp4")
    wait_until(lambda: not _told(locked, name), "it to be forgotten")
    assert _comes_up(locked, "none")
    resolv_conf.write_text(before)


def test_a_clock_that_is_wrong(locked):
    """By more than a day: what the guard wrote is newer. In a pause a time server can be asked."""
    state = Path("/var/lib/nm-killswitch/state")
    now = time.time()

    def told_after_a_start(hours: int) -> list[str]:
        locked.product.stop_guard()
        os.utime(state, (now + hours * 3600, now + hours * 3600))
        locked.product.start_guard()
        return _told(locked, "clock")

    try:
        assert not told_after_a_start(20)  # the control: less than a day is a time zone, or a file from elsewhere
        said = told_after_a_start(30)
        assert len(said) == 1 and "nm-killswitch pause 2m" in said[0] and "date --set" in said[0]
    finally:
        os.utime(state, (now, now))
    assert not _told(locked, "clock")  # a doubt is looked at again, without a start
    locked.product.ctl("pause", "2m")
    mark = locked.capture.mark()
    with locked.client.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.sendto(b"time please", (a.WEB[4], 123))
    locked.capture.wait_for(lambda frame: b"time please" in frame.data, "the question to a time server", mark)
    locked.product.ctl("resume")
