# SPDX-License-Identifier: GPL-2.0-or-later
"""Containers of the distribution's podman on a machine that is locked, root's and a person's: they work
through the tunnel, and when that drops nothing of them leaves. (tests/world/test_containers.py has the
kinds of packets.)"""

from collections.abc import Callable, Iterator

import pytest

from world import addresses as a
from world import tiny_image
from world.waiting import wait_until

from . import guests, image
from .guests import Chatter
from .machine import Machine

# this world's systemd-nspawn has no control groups to give away
_CONTAINERS = '[engine]\nruntime = "crun"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
_NO_GROUPS = "--cgroups=disabled"
_HOME = f"/home/{image.PERSON}"
_RUNTIME = "/run/person"
_AS_ROOT = ("podman", "--storage-driver=vfs")
_BECOME = ("setpriv", f"--reuid={image.PERSON}", f"--regid={image.PERSON}", "--init-groups")
_AS_PERSON = (*_BECOME, "env", f"HOME={_HOME}", f"XDG_RUNTIME_DIR={_RUNTIME}", "--chdir=/", *_AS_ROOT)
_PORT = 8080


class Podman:
    def __init__(self, machine: Machine, command: tuple[str, ...], *options: str):
        self.machine = machine
        self._command = command
        self._options = ("run", _NO_GROUPS, *options)
        self._ask("import", f"{_HOME}/image.tar", "tiny")
        self.talker = Chatter("podman")
        self._ask(*self._options, "--detach", "--name=talker", "tiny", "/bin/sh", "-c", self.talker.command)

    def _ask(self, *arguments: str, check: bool = True) -> str:
        return self.machine.run(*self._command, *arguments, check=check, stderr=None).stdout.strip()

    def run(self, *command: str) -> str:
        """What a new container says. It may fail."""
        return self._ask(*self._options, "--rm", "tiny", *command, check=False)

    def tries(self) -> int:
        return int(self._ask("exec", "talker", "/bin/busybox", "cat", "/tries") or 0)

    def address(self) -> str:
        """As whom the web sees it."""
        return self.run("/bin/sh", "-c", guests.ASK)

    def serve(self, greeting: str) -> None:
        service = ("/bin/nc", "-ll", "-p", str(_PORT), "-e", "/bin/busybox", "echo", greeting)
        self._ask(*self._options, "--detach", "--name=served", f"--publish={_PORT}:{_PORT}", "tiny", *service)

    def close(self) -> None:
        self._ask("rm", "--force", "--all", "--time=0", check=False)


@pytest.fixture
def host(outside, installed, copy_of) -> Iterator[Machine]:
    disk = copy_of(installed.disk)
    disk.write("/etc/containers/containers.conf", _CONTAINERS)
    for name in ("/etc/subuid", "/etc/subgid"):
        disk.write(name, f"{image.PERSON}:200000:65536\n")
    tiny_image.fill(disk.path("/root/image"))
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        machine.run("install", "--directory", f"--owner={image.PERSON}", _HOME, _RUNTIME)
        machine.run("tar", "-C", "/root/image", "-cf", f"{_HOME}/image.tar", ".")
        # /proc of a person's container is only mounted where one is whole; systemd-nspawn hides some of it
        machine.run("sh", "-ec", "mkdir /run/whole; mount -t proc proc /run/whole")
        yield machine


def _wait_tries(tries: Callable[[], int]) -> None:
    before = tries()
    wait_until(lambda: tries() > before + 3, "the container to try")


def _live_through_a_drop(outside, podman: Podman) -> None:
    machine, talker = podman.machine, podman.talker
    mark = machine.capture.mark()
    assert podman.address() in machine.client.addresses(a.UPLINK), "the control: as the uplink's address"
    talker.wait_seen(machine, mark)
    machine.ctl("lock")
    machine.connect("full")
    machine.wait_state("protected")
    locked = machine.capture.fence()
    assert podman.address() in machine.client.addresses(a.TUNNEL)
    assert a.WEB[4] in podman.run("/bin/nslookup", "www.example"), "a name, by the machine's own servers"
    talker.wait_in_tunnel(outside)
    podman.serve("served")
    ask = f"busybox timeout 5 busybox nc 127.0.0.1 {_PORT} </dev/null"
    wait_until(lambda: machine.run("sh", "-c", ask, check=False).stdout.strip() == "served", "its published port")

    machine.client.kill("openvpn")
    machine.wait_state("blocked")
    assert podman.address() == ""
    assert machine.run("sh", "-c", ask).stdout.strip() == "served"
    _wait_tries(podman.tries)
    machine.capture.fence()
    assert talker.seen(machine, locked) == 0 and machine.capture.plain(locked) == []
    machine.connect("full")
    machine.wait_state("protected")
    assert podman.address() in machine.client.addresses(a.TUNNEL), "and it works again"
    talker.wait_in_tunnel(outside)
    machine.capture.fence()
    assert machine.capture.plain(locked) == []


def _leave_openly(podman: Podman) -> None:
    machine = podman.machine
    machine.ctl("unlock")
    machine.run("nmcli", "connection", "down", "full")
    mark = machine.capture.mark()
    wait_until(lambda: podman.address() in machine.client.addresses(a.UPLINK), "a container to leave by the uplink")
    podman.talker.wait_seen(machine, mark)
    podman.close()


def test_podman(outside, host, report):
    podman = Podman(host, _AS_ROOT)
    _live_through_a_drop(outside, podman)
    report.line(f"podman: works through the tunnel; {guests.blocked(host)} packets of containers blocked, 0 frames outside")
    _leave_openly(podman)


def test_rootless_podman(outside, host, report):
    """By slirp4netns, a program of the person's."""
    podman = Podman(host, _AS_PERSON)
    assert host.client.processes("slirp4netns")
    _live_through_a_drop(outside, podman)
    assert guests.blocked(host) == 0, "nothing of it is forwarded"
    report.line("rootless podman (slirp4netns): works through the tunnel, 0 frames outside when that drops")
    _leave_openly(podman)


def test_pasta(outside, host, report):
    """The other program for a person's containers: its namespace looks like the machine's own network."""
    tries = f"{_HOME}/tries"
    talker = Chatter("pasta", tries)
    mark = host.capture.mark()
    talking = host.popen(*_BECOME, "env", "--chdir=/", "pasta", "--config-net", "--", "sh", "-c", talker.command)
    try:
        talker.wait_seen(host, mark)
        host.ctl("lock")
        host.connect("full")
        host.wait_state("protected")
        locked = host.capture.fence()
        talker.wait_in_tunnel(outside)
        host.client.kill("openvpn")
        host.wait_state("blocked")
        _wait_tries(lambda: int(host.disk.path(tries).read_text() or 0))
        host.capture.fence()
        assert talker.seen(host, locked) == 0 and host.capture.plain(locked) == []
        host.connect("full")
        host.wait_state("protected")
        talker.wait_in_tunnel(outside)
        host.ctl("unlock")
        host.run("nmcli", "connection", "down", "full")
        talker.wait_seen(host, host.capture.mark())
        report.line("pasta: a person's network works through the tunnel, 0 frames outside when that drops")
    finally:
        talking.kill()
        talking.wait()
