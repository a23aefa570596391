# SPDX-License-Identifier: GPL-2.0-or-later
"""NetworkManager's plugins whose VPNs pppd carries (PPTP, L2TP, SSTP, Fortinet), each by the walk of
tests/world/test_kinds.py, with records for data/doc/vpn-types.md. Only with KS_FULL=1: for its kernel."""

import json
import re
import signal

import pytest

from boot.outside import Outside
from world import addresses as a
from world import router
from world.kind import PROTOCOLS, TCP, Flow, keep_record
from world.waiting import wait_until

from . import by_ppp, setting
from .by_ppp import CLIENT_END, Kind
from .setting import PERSON
from .test_ipsec import Talkers

_PAUSE = 0.1  # some of the servers are a slow program
_EVENTS = "/run/kinds.events"
_LISTENER = "/etc/NetworkManager/dispatcher.d/10-events"
# Straight to the server by the uplink; says the port that it comes from.
_CALL = """
import socket, sys
address, port, kind, link = sys.argv[1:]
with socket.socket(socket.AF_INET, int(kind)) as caller:
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
    caller.bind(("", 0))
    print(caller.getsockname()[1])
    caller.settimeout(2)
    try:
        caller.connect((address, int(port)))
        caller.send(b"a person's")
    except OSError:
        pass  # judged outside
"""


class Walk:
    def __init__(self, machine, kind: Kind):
        self.machine = machine
        self.kind = kind
        self._interface = ""
        self._seen: set[Flow] = set()
        self.record: dict = {"type": kind.type, "program": kind.program, "keys": "never", "remains": kind.remains}

    def _is_own(self, frame) -> bool:
        packet = frame.packet
        if packet is None or packet.destination != a.KERNEL_SERVER:
            return setting.asks_for_server(frame)
        self._seen.add((packet.protocol, packet.destination_port))
        return (packet.protocol, packet.destination_port) in self.kind.wire

    def must_hold(self, since: int) -> None:
        """Nothing but upkeep, this VPN's own packets and the question for its server's name left since the mark."""
        setting.attempts(self.machine)
        frames = self.machine.capture.since(since, self.machine.capture.fence())
        assert {frame.purpose for frame in frames if not frame.purpose.startswith("upkeep") and not self._is_own(frame)} == set()

    def reached_by_people(self) -> set[Flow]:
        reached = set()
        for protocol, port in self.kind.wire | self.kind.people:
            if not port:
                continue
            since = self.machine.capture.fence()
            told = self.machine.python(_CALL, a.KERNEL_SERVER, str(port), "1" if protocol == TCP else "2", a.UPLINK, uid=PERSON)
            known = (protocol, int(told.stdout.split()[0]), port)
            packets = [frame.packet for frame in self.machine.capture.since(since, self.machine.capture.fence()) if frame.packet]
            if any((packet.protocol, packet.source_port, packet.destination_port) == known for packet in packets):
                reached.add((protocol, port))
        return reached

    def up(self, name: str) -> None:
        machine = self.machine
        said = machine.run("nmcli", "--wait", "90", "connection", "up", name, check=False, timeout=120)
        assert said.returncode == 0, said.stdout + machine.run("journalctl", "-b", "-n", "150").stdout[-12000:]
        status = machine.wait_state("protected", 60)
        assert status["verified"] and [tunnel["name"] for tunnel in status["tunnels"]] == [name], status
        self._interface = status["tunnels"][0]["interface"]
        setting.must_tunnel(machine, CLIENT_END)

    def down(self) -> None:
        for name in self.kind.hosts:
            self.machine.run("nmcli", "connection", "down", name, check=False)
        assert self.machine.wait_state("blocked", 60)["verified"]

    def note(self, step: str) -> None:
        """For the record: what `status` says now."""
        status = self.machine.status()
        said = f"{status['state']} ({status['reason']})" if status["reason"] else status["state"]
        if not status["tunnels"] and self.machine.has_link(self._interface):
            said += f", {self._interface} is still there"
        self.record.setdefault("shown", {})[step] = said

    def look(self) -> None:
        """While it is up."""
        machine = self.machine
        shown = json.loads(machine.run("ip", "-d", "-j", "link", "show", self._interface).stdout)[0]
        self.record["interface"] = f"{self._interface}: {shown.get('linkinfo', {}).get('info_kind') or shown['link_type']}"
        sockets = set()
        for line in machine.run("ss", "-tunwpeaOH").stdout.splitlines():
            if f'(("{self.kind.program}' in line:
                uid = re.search(r"\buid:(\d+)", line)
                kind = line.split()[0].replace("???", "raw")  # as ss calls those of a protocol that it has no name for
                sockets.add(f"{kind}, uid {uid[1] if uid else 0}")
        self.record["sockets"] = sorted(sockets)
        servers = [server for server in machine.status()["servers"] if server["name"].startswith(f"{self.kind.name}-")]
        self.record["let out"] = sorted({f"{server['protocol']} {server['port']}".removesuffix(" 0") for server in servers if not server["not_let_out"]})

    def listen(self) -> None:
        """What NetworkManager's dispatcher tells, in order."""
        self.machine.write(_LISTENER, f'#!/bin/sh\necho "$2 $1" >>{_EVENTS}\n', "755")
        for folder in ("pre-up.d", "pre-down.d"):
            self.machine.sh(f"ln -sf ../10-events /etc/NetworkManager/dispatcher.d/{folder}/10-events")

    def keep(self) -> None:
        machine = self.machine
        versions = {name: machine.run("dpkg-query", "-W", "-f=${Version}", name).stdout for name in self.kind.packages}
        more = {
            "packages": versions,
            "day": machine.run("date", "+%F").stdout.strip(),
            "kernel": machine.run("uname", "-r").stdout.strip().split("-")[0],
            "wire": _names(self._seen),
            "people": _names(self.kind.people),
        }
        keep_record(self.kind.name, self.record | more)


def _names(flows) -> list[str]:
    return sorted(PROTOCOLS.get(protocol, str(protocol)) + (f" {port}" if port else "") for protocol, port in flows)


@pytest.fixture(scope="module", params=by_ppp.KINDS, ids=lambda kind: kind.name)
def walk(request, machine, outside: Outside):
    kind = request.param
    setting.open_up(machine)
    router.say_names(f"{a.KERNEL_SERVER} {setting.NAME}")
    outside.namespace.kill("dnsmasq", signal.SIGHUP)
    by_ppp.write_files(machine)
    by_ppp.add_profiles(machine, kind)
    by_ppp.start(machine, kind)
    walk = Walk(machine, kind)
    walk.listen()
    yield walk
    setting.open_up(machine)
    by_ppp.end(machine, kind)
    machine.sh(f"rm -f {_EVENTS} {_LISTENER}")


def test_unlocked(walk):
    """The control."""
    setting.must_leak(walk.machine)
    assert walk.reached_by_people() == {flow for flow in walk.kind.wire | walk.kind.people if flow[1]}


def test_locks_by_itself(walk):
    by_address, _ = walk.kind.hosts
    walk.machine.sh(f": >{_EVENTS}")
    walk.up(by_address)
    since = walk.machine.capture.fence()
    walk.note("connected")
    walk.look()
    with Talkers(walk.machine, pause=_PAUSE):
        setting.must_tunnel(walk.machine, CLIENT_END)
        walk.must_hold(since)


def test_disconnected(walk):
    since = walk.machine.capture.fence()
    with Talkers(walk.machine, pause=_PAUSE):
        walk.down()
        walk.must_hold(since)
    walk.note("disconnected")
    walk.record["events"] = walk.machine.run("cat", _EVENTS).stdout.splitlines()
    assert walk.reached_by_people() == walk.kind.people


def test_by_name_while_locked(walk):
    machine = walk.machine
    _, by_name = walk.kind.hosts
    since = machine.capture.fence()
    walk.up(by_name)
    machine.ctl("lan", "on")
    setting.must_tunnel(machine, CLIENT_END)
    machine.ctl("lan", "off")
    walk.must_hold(since)


def test_its_program_dies(walk):
    machine = walk.machine
    since = machine.capture.fence()
    with Talkers(machine, pause=_PAUSE):
        by_ppp.kill_program(machine, walk.kind)
        machine.wait_state("blocked", 120)
        walk.must_hold(since)
    wait_until(lambda: machine.status()["reason_vpn"].startswith(walk.kind.name), "the reason", 60)
    walk.note("its program killed")
    by_ppp.start(machine, walk.kind)  # it has one address, and the client said no goodbye
    walk.up(next(iter(walk.kind.hosts)))
    walk.note("connected again")
    walk.must_hold(since)


def test_the_server_dies(walk, report):
    machine = walk.machine
    since = machine.capture.fence()
    with Talkers(machine, pause=_PAUSE):
        by_ppp.kill(machine)
        assert setting.my_address(machine, PERSON) not in machine.addresses(a.UPLINK)
        walk.must_hold(since)
    walk.note("the server gone")
    walk.down()
    by_ppp.start(machine, walk.kind)
    walk.up(list(walk.kind.hosts)[1])
    walk.down()
    walk.must_hold(since)
    walk.keep()
    report.line(f"{walk.kind.name}: {walk.record['shown']}")
