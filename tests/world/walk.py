# SPDX-License-Identifier: GPL-2.0-or-later
"""A walk with one kind of VPN: what is done to it, what was seen outside meanwhile, and the record of it."""

import json
import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from . import addresses as a
from . import profiles, questions
from .chatter import Chatter
from .frames import Frame
from .installed import version_of
from .kernel import set_thread_fsuid
from .kind import PROTOCOLS, TCP, Flow, Kind, keep_record
from .probes import SENDERS
from .router import say_names
from .waiting import wait_until
from .world import World

_SO_BINDTODEVICE = 25
_EVENTS = Path("/run/world/events")
_LISTENER = Path("/etc/NetworkManager/dispatcher.d/10-events")
_NEIGHBOUR_PORT = 9


class Walk:
    def __init__(self, world: World, kind: Kind):
        self.world = world
        self.kind = kind
        self.interface = ""
        self.record: dict = {"type": kind.type, "program": kind.program, "packages": {name: version_of(name) for name in kind.packages}}
        self._seen: set[Flow] = set()

    # -- begin and end

    def begin(self) -> None:
        say_names(f"{self.kind.address} {self.kind.host}")
        self.world.outside.kill("dnsmasq", signal.SIGHUP)
        for host in (self.kind.address, self.kind.host):
            text = profiles.vpn(self._profile(host), self.kind.data(host), service=self.kind.type)
            profiles.write(self._profile(host), text)
        self.kind.start(self.world)
        self._listen()
        self.world.manager.nmcli("connection", "reload")

    def end(self) -> None:
        for host in (self.kind.address, self.kind.host):
            self.world.manager.nmcli("connection", "delete", self._profile(host), check=False)
        self.world.product.ctl("unlock")
        self.kind.stop(self.world)
        _LISTENER.unlink()

    def save(self) -> None:
        """Only of a walk that was gone to its end."""
        kernel = Path("/proc/sys/kernel/osrelease").read_text().split("-")[0]
        self.record |= {"day": date.today().isoformat(), "kernel": kernel, "wire": self._names(self._seen), "remains": self.kind.remains}
        keep_record(self.kind.name, self.record)

    @staticmethod
    def _listen() -> None:
        """What NetworkManager's dispatcher tells, in order."""
        _EVENTS.write_text("")
        _LISTENER.write_text(f'#!/bin/sh\necho "$2 $1" >>{_EVENTS}\n')
        _LISTENER.chmod(0o755)
        for folder in ("pre-up.d", "pre-down.d"):
            link = _LISTENER.parent / folder / _LISTENER.name
            link.unlink(missing_ok=True)
            link.symlink_to(f"../{_LISTENER.name}")

    def _profile(self, host: str) -> str:
        return f"{self.kind.name}-{'address' if host == self.kind.address else 'name'}"

    @staticmethod
    def _names(flows: set[Flow] | frozenset[Flow]) -> list[str]:
        return sorted(PROTOCOLS.get(protocol, str(protocol)) + (f" {port}" if port else "") for protocol, port in flows)

    # -- what NetworkManager does

    def up(self, host: str) -> None:
        """Login as the person, and then the tunnel; all that its kind promises goes through it."""
        secrets = self.kind.secrets(self.world, host)
        given = Path("/run/world/secrets")
        given.write_text("".join(f"vpn.secrets.{name}:{value}\n" for name, value in secrets.items()))
        self.world.manager.nmcli("--wait", "60", "connection", "up", self._profile(host), "passwd-file", str(given), timeout=90)
        status = self.says("protected")
        assert [(tunnel["name"], tunnel["type"]) for tunnel in status["tunnels"]] == [(self._profile(host), self.kind.type)]
        self.interface = status["tunnels"][0]["interface"]
        self.require_tunnel()

    def require_tunnel(self, patience: float = 20) -> None:
        for family in self.kind.families:
            assert questions.my_address(self.world.client, family, patience) in self.world.client.addresses(self.interface)

    def rekey(self) -> None:
        """The server tells that it was done, the tunnel that it still carries; or it has to be connected again."""
        if not self.kind.rekey:
            self.record["keys"] = "never"
            return
        self.kind.rekey(self.world)
        if self.kind.outlives_new_keys:
            self.require_tunnel()
            self.record["keys"] = "it goes on"
            return
        with pytest.raises(questions.NoAnswer):
            self.require_tunnel(3)
        self.note("dead by new keys")
        self.down()
        self.up(self.kind.host)
        self.record["keys"] = "its tunnel is dead with them; connected again, it goes on"

    def down(self) -> None:
        for host in (self.kind.address, self.kind.host):
            if self.world.manager.state_of(self._profile(host)):
                self.world.manager.nmcli("--wait", "30", "connection", "down", self._profile(host), check=False)
        self.wait_down()

    def wait_down(self) -> None:
        for host in (self.kind.address, self.kind.host):
            wait_until(lambda: self.world.manager.state_of(self._profile(host)) == "", f"{self._profile(host)} to be down", 30)
        wait_until(lambda: self.kind.is_free(self.world), "the server to let go of the client", 30)

    # -- what is shown

    def says(self, state: str, timeout: float = 20) -> dict:
        """This state, and it is so."""
        status = self.world.product.wait_state(state, timeout)
        assert status["verified"] and status["locked"] == (state != "unlocked"), status
        assert bool(status["tunnels"]) == (state == "protected"), status
        for tunnel in status["tunnels"]:
            assert self.world.client.link_is_up(tunnel["interface"]), status
        return status

    def note(self, step: str) -> None:
        """For the record: what `status` says now."""
        status = self.world.product.status()
        said = f"{status['state']} ({status['reason']})" if status["reason"] else status["state"]
        # NetworkManager is done with it, and its plugin may be not
        if not status["tunnels"] and self.world.client.has_link(self.interface):
            said += f", {self.interface} is still there"
        self.record.setdefault("shown", {})[step] = said

    # -- what is on the wire

    def _is_own(self, frame: Frame) -> bool:
        packet = frame.packet
        if packet is None:
            return False
        if packet.destination == self.kind.address:
            self._seen.add((packet.protocol, packet.destination_port))
            return (packet.protocol, packet.destination_port) in self.kind.wire
        label = self.kind.name.encode()
        return packet.destination_port == a.DNS_PORT and bytes([len(label)]) + label in packet.payload

    @contextmanager
    def nothing_in_clear(self) -> Iterator[None]:
        """While programs talk all the time, the client sends link upkeep, to its server, and the question for it."""
        begin = self.world.capture.fence()
        with Chatter(self.world.client) as chatter:
            yield
            wait_until(lambda: chatter.tried > 40, "the chatter to have tried")
        frames = self.world.capture.since(begin, self.world.capture.fence())
        strays = {frame.purpose for frame in frames if frame.purpose.startswith("plain") and not self._is_own(frame)}
        assert not strays, f"{self.kind.name}: left in clear: {strays}"

    def require_control(self) -> None:
        """Unlocked, the same programs are seen by the same capture."""
        begin = self.world.capture.fence()
        with Chatter(self.world.client) as chatter:
            wait_until(lambda: chatter.tried > 40, "the chatter to have tried")
        frames = self.world.capture.since(begin, self.world.capture.fence())
        heard = {frame.packet.family for frame in frames if frame.packet and frame.packet.destination in a.WEB.values()}
        assert heard == set(a.FAMILIES), "the capture does not see what leaves an unlocked machine"

    def _call(self, uid: int, flow: Flow) -> tuple[int, bytes]:
        """A packet straight to the server by the uplink. Returns its port and its canary: how to know it again."""
        protocol, port = flow
        set_thread_fsuid(uid)
        canary = b"canary" + os.urandom(8).hex().encode()
        kind = socket.SOCK_STREAM if protocol == TCP else socket.SOCK_DGRAM
        with socket.socket(socket.AF_INET6 if ":" in self.kind.address else socket.AF_INET, kind) as caller:
            caller.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, a.UPLINK.encode() + b"\0")
            caller.bind(("", 0))
            caller.settimeout(0.3)
            try:
                caller.connect((self.kind.address, port))
                caller.send(canary)
            except OSError:
                pass  # judged outside
            return caller.getsockname()[1], canary

    def reached_by_people(self) -> set[Flow]:
        """Where at the server a person's program is heard; only TCP and UDP, for others it has no sockets."""
        reached = set()
        for flow in self.kind.wire:
            if not flow[1]:
                continue
            begin = self.world.capture.fence()
            port, _ = self.world.client.call(self._call, SENDERS["user"], flow)
            frames = self.world.capture.since(begin, self.world.capture.fence())
            packets = [frame.packet for frame in frames if frame.packet]
            if any((packet.protocol, packet.source_port) == (flow[0], port) and packet.destination_port == flow[1] for packet in packets):
                reached.add(flow)
        return reached

    def neighbour_is_reached(self) -> bool:
        begin = self.world.capture.fence()
        canary = os.urandom(16)
        with self.world.client.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
            try:
                caller.sendto(canary, (a.PRIVATE_ROUTER[4], _NEIGHBOUR_PORT))
            except OSError:
                pass  # judged outside
        return any(canary in frame.data for frame in self.world.capture.since(begin, self.world.capture.fence()))

    # -- for the record

    def look(self) -> None:
        """While it is up."""
        client = self.world.client
        shown = json.loads(client.run(["ip", "-d", "-j", "link", "show", self.interface]).stdout)[0]
        self.record["interface"] = f"{self.interface}: {shown.get('linkinfo', {}).get('info_kind') or shown['link_type']}"
        self.record["sockets"] = sorted(set(self._sockets()))
        servers = [server for server in self.world.product.status()["servers"] if server["name"].startswith(self.kind.name)]
        self.record["let out"] = sorted({f"{server['protocol']} {server['port']}".removesuffix(" 0") for server in servers if not server["not_let_out"]})
        self.record["people"] = self._names(self.kind.people)

    def _sockets(self) -> Iterator[str]:
        """Of the program that carries it, to the network: whose they are, and their mark."""
        for line in self.world.client.run(["ss", "-tunwpeaOH"], stderr=None).stdout.splitlines():
            if f'(("{self.kind.program}"' not in line:
                continue
            uid = re.search(r"\buid:(\d+)", line)
            mark = re.search(r"\bfwmark:(\S+)", line)
            yield f"{line.split()[0]}, uid {uid[1] if uid else 0}" + (f", mark {mark[1]}" if mark else "")

    def events(self) -> list[str]:
        return [line.strip() for line in _EVENTS.read_text().splitlines()]
