# SPDX-License-Identifier: GPL-2.0-or-later
"""Real resolvers on the machine itself, and a VPN whose server has nothing but a name: as they are delivered, or with
what adds to a question, the name is not found while locked, and status says why; told to forward it, as nm-killswitch(7)
says, they find it. Nothing else is asked outside. KS_FULL=1: dnsmasq, BIND and Knot Resolver, too."""

import signal
from dataclasses import dataclass

import pytest

from world import addresses as a
from world import profiles
from world.router import say_names
from world.waiting import wait_until

from . import packages
from .conftest import some
from .machine import Disk, Machine

_UNIT = "resolver.service"
_CONF = "/etc/resolver.conf"
_FOLDER = "/run/resolver"
_PROFILES = "/etc/NetworkManager/system-connections"
_ROUTER = a.ROUTER[4]


@dataclass(frozen=True)
class Resolver:
    program: tuple[str, ...]
    package_group: str | None
    before: str  # with NAME for the server's
    told: str


_UNBOUND = f"""server:
    username: ""
    chroot: ""
    pidfile: ""
    directory: "{_FOLDER}"
    interface: 127.0.0.1
    trust-anchor-file: /usr/share/dns/root.key
"""
_BIND = """options {{ directory "%s"; listen-on {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; pid-file none; session-keyfile none;
    dnssec-validation no; forward only; forwarders {{ %s; }}; {} }};
""" % (_FOLDER, _ROUTER)
_DNSMASQ = f"keep-in-foreground\nno-resolv\nserver={_ROUTER}\nlisten-address=127.0.0.1\nbind-interfaces\nuser=root\npid-file=\n"
_KNOT = "net.listen('127.0.0.1', 53)\n"
_RESOLVERS = {
    "unbound": Resolver(
        ("/usr/sbin/unbound", "-d", "-c", _CONF), "resolvers", _UNBOUND,
        _UNBOUND + f'    domain-insecure: "NAME."\nforward-zone:\n    name: "NAME."\n    forward-addr: {_ROUTER}\n',
    ),
    "dnsmasq": Resolver(("/usr/sbin/dnsmasq", "-C", _CONF), None, _DNSMASQ + "add-subnet=32\n", _DNSMASQ),
    "bind": Resolver(
        ("/usr/sbin/named", "-g", "-c", _CONF), "more-resolvers", _BIND.format(""), _BIND.format("send-cookie no;")
    ),
    "knot": Resolver(
        ("/usr/sbin/kresd", "-n", "-c", _CONF, _FOLDER), "more-resolvers", _KNOT,
        _KNOT + f"policy.add(policy.suffix(policy.STUB('{_ROUTER}'), {{todname('NAME')}}))\n",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def with_resolvers(outside, locked_disk):
    disk = Disk("resolvers", locked_disk)
    for group in {_RESOLVERS[name].package_group for name in some(_RESOLVERS, 1)} - {None}:
        packages.unpack(disk, group)
    for name in profiles.VPNS:
        disk.path(f"{_PROFILES}/{name}.nmconnection").unlink()
    disk.write("/etc/NetworkManager/conf.d/resolver.conf", "[main]\ndns=none\n")
    disk.write("/etc/resolv.conf", "nameserver 127.0.0.1\n")
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        yield machine


def _start(machine: Machine, resolver: Resolver, conf: str, name: str) -> None:
    machine.run("systemctl", "stop", _UNIT, check=False)
    machine.disk.write(_CONF, conf.replace("NAME", name))
    machine.run("systemd-run", f"--unit={_UNIT}", "--collect", f"--property=RuntimeDirectory={_FOLDER.split('/')[-1]}", *resolver.program)
    wait_until(lambda: ":53 " in machine.run("ss", "-Hlun").stdout, "it to listen")


def _told(machine: Machine, name: str) -> list[str]:
    return [text for text in machine.status()["warnings"] if name in text]


def _asked(machine: Machine, since: int, label: bytes) -> tuple[list, list]:
    """The questions that left by the uplink: for this name, and others."""
    machine.capture.fence()
    frames = [frame for frame in machine.capture.since(since) if frame.packet and frame.packet.destination_port == 53]
    ours = [frame for frame in frames if label in frame.data.lower()]
    return ours, [frame for frame in frames if frame not in ours]


@pytest.mark.parametrize("kind", some(_RESOLVERS, 1))
def test_on_this_machine(outside, with_resolvers, kind):
    machine, resolver = with_resolvers, _RESOLVERS[kind]
    name = f"vpn.{kind}.example"
    label = b"\x03vpn" + bytes([len(kind)]) + kind.encode() + b"\x07example"
    say_names(f"{a.SERVER[4]} {name}")
    outside.namespace.kill("dnsmasq", signal.SIGHUP)
    _start(machine, resolver, resolver.before, name)
    mark = machine.capture.fence()
    text = profiles.vpn(kind, profiles.tls(f"{name}:{a.SERVER_PORT}:udp4"))
    machine.disk.write(f"{_PROFILES}/{kind}.nmconnection", text, 0o600)
    machine.run("nmcli", "connection", "reload")
    told = wait_until(lambda: _told(machine, name), "what it says of the name", 30)
    assert "resolver on this machine" in told[0] and "forward this name" in told[0]
    tried = machine.run("nmcli", "--wait", "3", "connection", "up", kind, check=False)
    assert tried.returncode != 0, "it says that this cannot work"
    machine.run("nmcli", "connection", "down", kind, check=False)
    assert _asked(machine, mark, label) == ([], [])

    _start(machine, resolver, resolver.told, name)
    machine.connect(kind)
    assert machine.wait_state("protected")["verified"]
    wait_until(lambda: not _told(machine, name), "it to be forgotten", 30)
    ours, others = _asked(machine, mark, label)
    assert ours and not others
    machine.run("nmcli", "connection", "down", kind)

    machine.ctl("unlock")
    _start(machine, resolver, resolver.before, name)
    mark = machine.capture.fence()
    machine.run("timeout", "3", "getent", "ahostsv4", "control.example", check=False)
    assert _asked(machine, mark, label)[1], "the control: unlocked, its questions are seen"
    machine.ctl("lock")
