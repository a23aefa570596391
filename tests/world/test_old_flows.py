# SPDX-License-Identifier: GPL-2.0-or-later
"""What was connected before the lock closed, while the far end pushes all the time, and somebody's
firewall and NAT have the kernel track it: nothing of it gets out or in any more, and the kernel
forgets it, but for what is the tunnel's and the VPN server's."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from . import addresses as a
from .network import Namespace
from .waiting import wait_until
from .world import World

_PUSH_SECONDS = 0.01
_SHUT_SECONDS = 1.0  # of pushing from both sides at a closed lock
_OLD = 0x77  # the mark of connections from before

_SOMEBODY = f"""
table inet somebody {{
    chain in {{ type filter hook input priority -10; ct state established,related accept; }}
    chain out {{ type filter hook output priority -10; ct state established,related accept; jump first; }}
    chain first {{ ct mark set {_OLD}; }}
    chain nat {{ type nat hook postrouting priority 100; oifname "{a.UPLINK}" udp dport != {a.SERVER_PORT} masquerade; }}
}}
"""


class Flow:
    """Two programs that say something to each other all the time. `heard`: what the client's got."""

    def __init__(self, world: World, family: int, kind: int, link: str):
        self.name = f"IPv{family} {'TCP' if kind == socket.SOCK_STREAM else 'UDP'} by {link}"
        self.canary = b"canary" + os.urandom(8).hex().encode()
        self.heard = 0
        self._kind = kind
        self._stop = threading.Event()
        domain = socket.AF_INET if family == 4 else socket.AF_INET6
        listener = world.outside.socket(domain, kind)
        listener.bind((a.WEB[family], 0))
        self.near = world.client.socket(domain, kind)
        self.near.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode() + b"\0")
        if kind == socket.SOCK_STREAM:
            listener.listen()
        self.near.connect(listener.getsockname()[:2])
        self.port = listener.getsockname()[1]
        if kind == socket.SOCK_STREAM:
            self.far, self._to = listener.accept()[0], None
            listener.close()
        else:
            self.near.send(self.canary)
            self.far = listener
            self._to = listener.recvfrom(100)[1]
        for end in (self.near, self.far):
            end.setblocking(False)
        self._thread = threading.Thread(target=self._talk, daemon=True)
        self._thread.start()

    def _talk(self) -> None:
        while not self._stop.wait(_PUSH_SECONDS):
            with suppress(OSError):
                self.near.send(self.canary)
            with suppress(OSError):
                self.far.sendto(self.canary, self._to) if self._to else self.far.send(self.canary)
            with suppress(OSError):
                self.heard += len(self.near.recv(65536))
            with suppress(OSError):
                self.far.recv(65536)

    def lives(self) -> bool:
        """Whether anything comes in, of what is sent from now on."""
        before = self.heard
        wait_until(lambda: self.heard > before, f"{self.name} to be heard")
        return True

    def __enter__(self) -> "Flow":
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.near.close()
        self.far.close()


@contextmanager
def _flows(world: World, link: str) -> Iterator[list[Flow]]:
    with ExitStack() as all_of_them:
        flows = []
        for family in a.FAMILIES:
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                flows.append(all_of_them.enter_context(Flow(world, family, kind, link)))
        yield flows


def _tracked(client: Namespace, port: int) -> list[str]:
    listed = client.run(["cat", "/proc/net/nf_conntrack"]).stdout.splitlines()
    return [line for line in listed if f"dport={port} " in line]


def _is_old(client: Namespace, port: int) -> bool:
    return any(f"mark={_OLD} " in f"{line} " for line in _tracked(client, port))


@pytest.fixture(scope="module")
def tracking(world):
    world.product.install()
    world.product.start_guard()
    world.product.ctl("auto", "off")
    world.client.run(["nft", "-f", "-"], input=_SOMEBODY)
    world.manager.up("full")
    return world


@pytest.fixture(autouse=True)
def open_again(tracking):
    yield
    tracking.product.ctl("unlock")


def _sees(world: World, flows: list[Flow], mark: int) -> set[str]:
    frames = world.capture.since(mark, world.capture.fence())
    return {flow.name for flow in flows if any(flow.canary in frame.data for frame in frames)}


def test_nothing_of_it_gets_through_and_it_is_forgotten(tracking):
    world, client = tracking, tracking.client
    openvpn = client.processes("openvpn")
    with _flows(world, a.UPLINK) as flows, _flows(world, a.TUNNEL) as inside:
        mark = world.capture.fence()
        assert all(flow.lives() for flow in [*flows, *inside])
        assert _sees(world, flows, mark) == {flow.name for flow in flows}, "the control was not seen outside"
        assert all(_is_old(client, flow.port) for flow in [*flows, *inside]), "somebody's rules track nothing"
        assert _is_old(client, a.SERVER_PORT)
        client.run(["nft", "flush", "chain", "inet", "somebody", "first"])

        world.product.ctl("lock")
        mark = world.capture.fence()
        heard = [flow.heard for flow in flows]
        wait_until(lambda: not any(_tracked(client, flow.port) for flow in flows), "the kernel to forget what was")
        time.sleep(_SHUT_SECONDS)
        assert not world.capture.plain(mark, world.capture.fence()), "LEAKED"
        assert [flow.heard for flow in flows] == heard, "something came in"
        assert not any(_tracked(client, flow.port) for flow in flows), "the kernel has learned it again"

        assert all(flow.lives() for flow in inside)
        assert all(_is_old(client, flow.port) for flow in inside), "the tunnel's were forgotten"
        assert _is_old(client, a.SERVER_PORT), "the VPN server's was forgotten"
        assert client.processes("openvpn") == openvpn
        assert world.product.status()["state"] == "protected"


def test_what_a_pause_let_through_is_forgotten_with_its_end(tracking):
    world, client = tracking, tracking.client
    world.product.ctl("lock")
    world.product.ctl("pause", "2s")
    with Flow(world, 4, socket.SOCK_DGRAM, a.UPLINK) as flow:
        assert flow.lives() and _tracked(client, flow.port)
        world.product.wait_state("protected")
        wait_until(lambda: not _tracked(client, flow.port), "the kernel to forget it")
        mark = world.capture.fence()
        time.sleep(_SHUT_SECONDS / 2)
        assert not world.capture.plain(mark, world.capture.fence()), "LEAKED"
