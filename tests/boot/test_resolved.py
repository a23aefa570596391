# SPDX-License-Identifier: GPL-2.0-or-later
"""A real systemd-resolved, and a VPN whose server has nothing but a name: the name is asked for and
no other, the tunnel's resolver is used, and neither per-link servers nor routing domains nor DNS over
TLS find a way by the uplink."""

import signal

import pytest

from world import addresses as a
from world import profiles
from world.router import say_names
from world.waiting import wait_until

from . import packages
from .machine import Disk, Machine

RESOLVED = "systemd-resolved.service"
NAME = "vpn.names.example"  # no name of .test: resolved takes those unsigned, also with DNSSEC=yes
_QUESTION = b"\x03vpn\x05names\x07example\x00"
_PROFILE = "/etc/NetworkManager/system-connections/named.nmconnection"
_ALGORITHMS = bytes.fromhex("0005 0007 0507080a0d0e0f 0006 0003 010204 0007 0001 01")  # DAU, DHU, N3U (RFC 6975)
_DNS_PORTS = (53, 853)
_NM = "[main]\ndns=systemd-resolved\n"
_STRICT = "/etc/systemd/resolved.conf.d/strict.conf"


def _profile(remote: str) -> str:
    return profiles.vpn("named", profiles.tls(f"{remote}:{a.SERVER_PORT}:udp4"))


@pytest.fixture(scope="module")
def with_resolved(outside, locked_disk):
    """Installed from its package while locked; NetworkManager hands it every link's servers."""
    disk = Disk("resolved", locked_disk)
    packages.put(disk, "resolver")
    for name in profiles.VPNS:
        disk.path(_PROFILE).with_stem(name).unlink()
    disk.write(_PROFILE, _profile(NAME), 0o600)
    disk.write("/etc/NetworkManager/conf.d/resolved.conf", _NM)
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        packages.install(machine)
        assert machine.run("systemctl", "is-enabled", RESOLVED).stdout.strip() == "enabled"
        machine.power_off()
    return disk


@pytest.fixture
def resolved(outside, with_resolved, copy_of):
    say_names(f"{a.SERVER[4]} {NAME}")
    outside.namespace.kill("dnsmasq", signal.SIGHUP)
    with Machine(copy_of(with_resolved), outside) as machine:
        machine.wait_uplink()
        assert machine.show(RESOLVED, "ActiveState") == "active"
        assert "nameserver 127.0.0.53" in machine.run("cat", "/etc/resolv.conf").stdout
        assert a.ROUTER[4] in machine.run("resolvectl", "dns", a.UPLINK).stdout
        assert machine.wait_state("blocked")["verified"]
        yield machine


_ANSWER_WITHIN, _GIVE_UP_AFTER = 10, 3  # seconds


def _ask(machine: Machine, name: str, seconds: int = _ANSWER_WITHIN) -> bool:
    """As a program does, by /etc/resolv.conf; whether there is an answer."""
    return machine.run("timeout", str(seconds), "getent", "ahostsv4", name, check=False).returncode == 0


def _to_resolvers(machine: Machine, since: int) -> list:
    """What went to anybody's DNS by the uplink, but for the questions of the lock's own names."""
    machine.capture.fence()
    frames = [frame for frame in machine.capture.since(since) if frame.packet]
    asked = [frame for frame in frames if frame.packet.destination_port in _DNS_PORTS]
    return [frame for frame in asked if _QUESTION not in frame.data.lower()]


def _is_from_a_label(frame, label: str) -> bool:
    return bytes([len(label)]) + label.encode() in frame.data.lower()


def _connect(machine: Machine) -> None:
    machine.connect("named")
    assert machine.wait_state("protected")["verified"]


def test_a_server_by_name(outside, resolved):
    """Locked from power-on: it connects, comes back after a drop, and nobody gets another name out."""
    machine = resolved
    assert not _ask(machine, "first.example", _GIVE_UP_AFTER)
    _connect(machine)
    asked = [frame for frame in machine.capture.since() if _QUESTION in frame.data.lower()]
    assert asked, "the server's name is asked for on the wire"
    assert a.PUBLIC_DNS[4] in machine.run("resolvectl", "dns", a.TUNNEL).stdout
    with outside.tunnel() as tunnel:
        assert _ask(machine, "inside.example")
        tunnel.wait_for(b"\x06inside")
    machine.client.kill("openvpn")
    machine.wait_state("blocked")
    machine.run("resolvectl", "flush-caches")
    assert not _ask(machine, "dropped.example", _GIVE_UP_AFTER)
    _connect(machine)
    # a question from the moment of the change is lost with the old link; a program asks again
    wait_until(lambda: _ask(machine, "again.example", _GIVE_UP_AFTER), "a name in the new tunnel", 10)
    assert _to_resolvers(machine, 0) == []
    assert machine.capture.plain(0) == [frame for frame in machine.capture.plain(0) if _QUESTION in frame.data.lower()]

    machine.run("nmcli", "connection", "down", "named")
    mark = machine.capture.mark()
    machine.ctl("unlock")
    assert _ask(machine, "open.example")
    machine.capture.wait_for(lambda frame: _is_from_a_label(frame, "open"), "the control's question", mark)


def _uplink(machine: Machine, *settings: str) -> None:
    machine.run("nmcli", "connection", "modify", "uplink", *settings)
    machine.run("nmcli", "device", "reapply", a.UPLINK)


def test_servers_and_domains_of_the_uplink(resolved):
    """As a network says it by DHCP, or a person by hand: resolved then asks the uplink's servers."""
    machine = resolved
    _connect(machine)
    # more exact than what the tunnel has, which is everything
    _uplink(machine, "ipv4.dns-search", "~corp.example,fritz.example")
    wait_until(lambda: "corp.example" in machine.run("resolvectl", "domain", a.UPLINK).stdout, "its routing domain")
    mark = machine.capture.fence()
    for name in ("host.corp.example", "nas.fritz.example"):
        assert not _ask(machine, name, _GIVE_UP_AFTER), "there is nobody else to ask for this"
    assert _ask(machine, "everything.example"), "the tunnel's resolver has the rest"
    _uplink(machine, "connection.dns-over-tls", "1")
    wait_until(lambda: "opportunistic" in machine.run("resolvectl", "dnsovertls", a.UPLINK).stdout, "DNS over TLS")
    machine.run("resolvectl", "reset-server-features")
    assert not _ask(machine, "tls.corp.example", _GIVE_UP_AFTER)
    _uplink(machine, "ipv4.dns", a.PUBLIC_DNS[4])
    wait_until(lambda: a.PUBLIC_DNS[4] in machine.run("resolvectl", "dns", a.UPLINK).stdout, "its servers")
    _ask(machine, "public.corp.example", _GIVE_UP_AFTER)  # an answer may come by the tunnel: the route decides
    assert machine.status()["state"] == "protected"
    assert _to_resolvers(machine, mark) == []

    machine.ctl("unlock")
    machine.run("nmcli", "connection", "down", "named")
    mark = machine.capture.mark()
    machine.run("resolvectl", "reset-server-features")
    assert _ask(machine, "seen.corp.example")
    machine.capture.wait_for(lambda frame: _is_from_a_label(frame, "seen"), "the control's question", mark)
    assert any(frame.packet.destination_port == 853 for frame in _to_resolvers(machine, mark)), "and over TLS it is tried"


def _warnings(machine: Machine, word: str) -> list[str]:
    return [text for text in machine.status()["warnings"] if word in text]


def _configure(machine: Machine, text: str) -> None:
    machine.disk.write(_STRICT, f"[Resolve]\n{text}\n")
    machine.run("systemctl", "restart", RESOLVED)


def test_dnssec_where_the_name_server_knows_none(resolved):
    """resolved's own default then says in each question which algorithms it knows; the name server here knows none."""
    machine = resolved
    _configure(machine, "DNSSEC=allow-downgrade")
    mark = machine.capture.fence()
    _connect(machine)
    asked = [frame.data for frame in machine.capture.since(mark, machine.capture.fence()) if _QUESTION in frame.data.lower()]
    assert any(_ALGORITHMS in data for data in asked), "the control: it is asked so"
    assert not _warnings(machine, "DNSSEC")
    assert _to_resolvers(machine, mark) == []


def test_what_insists_is_told_with_a_way_out(resolved):
    """Neither works while locked; each way out that is told does."""
    machine = resolved
    mark = machine.capture.fence()
    for setting, way_out in (("DNSOverTLS=yes", "DNSOverTLS=opportunistic"), ("DNSSEC=yes", "DNSSEC=no")):
        assert not _warnings(machine, "insists")
        _configure(machine, setting)
        told = wait_until(lambda: _warnings(machine, setting), f"what it says of {setting}")
        assert "address" in told[0], "the other way out, below"
        tried = machine.run("nmcli", "--wait", "5", "connection", "up", "named", check=False)
        assert tried.returncode != 0, "it says that this cannot work"
        machine.run("nmcli", "connection", "down", "named", check=False)
        _configure(machine, way_out)
        wait_until(lambda: not _warnings(machine, "insists"), "the warning to go")
        _connect(machine)
        machine.run("nmcli", "connection", "down", "named")
        machine.wait_state("blocked")
    _configure(machine, "DNSOverTLS=yes")
    machine.run("nmcli", "connection", "modify", "named", "+vpn.data", f"remote={a.SERVER[4]}:{a.SERVER_PORT}:udp4")
    _connect(machine)
    assert _to_resolvers(machine, mark) == []
