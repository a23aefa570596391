# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenConnect's logins, which are a person's: by nmcli's own agent, which starts openconnect on her terminal; and one
that leads to another host, which no profile names: locked, it goes no further than the profile's, and `vpn set`
with both lets it and the VPN through."""

import os
import pty
import select
import subprocess
from contextlib import contextmanager
from dataclasses import replace

import pytest

from . import addresses as a
from . import openconnect
from .installed import require
from .walk import Walk


@contextmanager
def _walk(guarded, kind):
    require(kind.name, kind.packages)
    walk = Walk(guarded, kind)
    walk.begin()
    try:
        yield walk
    finally:
        walk.end()


@pytest.fixture
def cluster(guarded):
    kind = replace(openconnect.KINDS[0], name="openconnect-cluster", address=openconnect.CLUSTER)
    with _walk(guarded, kind) as walk:
        openconnect.start_cluster(guarded)
        yield walk


@pytest.fixture
def login(guarded):
    with _walk(guarded, openconnect.KINDS[0]) as walk:
        yield walk


def _called(world, since: int) -> set[tuple[str, int]]:
    frames = world.capture.since(since, world.capture.fence())
    packets = [frame.packet for frame in frames if frame.packet and frame.purpose.startswith("plain")]
    return {(packet.destination, packet.destination_port) for packet in packets}


def test_a_login_that_leads_to_another_host(guarded, cluster):
    first, server = (openconnect.CLUSTER, 443), (a.SERVER[4], 443)
    start = guarded.capture.fence()
    cluster.kind.secrets(guarded, openconnect.CLUSTER)  # unlocked
    assert {first, server} <= _called(guarded, start)
    guarded.product.ctl("lock")
    start = guarded.capture.fence()
    with pytest.raises(RuntimeError):
        cluster.kind.secrets(guarded, openconnect.CLUSTER)
    assert _called(guarded, start) == {first}
    servers = [f"--server={first[0]}:443/tcp", f"--server={server[0]}:443/tcp", f"--server={server[0]}:443/udp"]
    guarded.product.ctl("vpn", "set", "openconnect-cluster-address", *servers)
    start = guarded.capture.fence()
    cluster.up(openconnect.CLUSTER)
    assert _called(guarded, start) == {first, server}


def _on_a_terminal(person, command: list[str], answers: dict[bytes, str]) -> None:
    """Of this person, who answers whichever of the questions comes."""
    mine, its = pty.openpty()
    shown, read = b"", 0

    def become() -> None:
        os.setsid()
        person.become()

    with subprocess.Popen(command, stdin=its, stdout=its, stderr=its, preexec_fn=become, env=os.environ | {"HOME": "/tmp"}) as program:
        os.close(its)
        try:
            while select.select([mine], [], [], 20)[0]:
                shown += os.read(mine, 1024)
                for question, answer in answers.items():
                    if question in shown[read:]:
                        read = len(shown)
                        os.write(mine, f"{answer}\n".encode())
            program.kill()  # it waits for what is not known here
        except OSError:
            pass  # it has ended
        finally:
            os.close(mine)
    assert program.returncode == 0, shown.decode()


def test_a_person_logs_in_by_nmcli(guarded, people, login):
    guarded.product.ctl("lock")
    with login.nothing_in_clear():
        command = ["nmcli", "--ask", "--wait", "40", "connection", "up", f"{login.kind.name}-address"]
        _on_a_terminal(people.alice, command, openconnect.ANSWERS)
        assert guarded.product.wait_state("protected")["tunnels"][0]["type"] == "openconnect"
