# SPDX-License-Identifier: GPL-2.0-or-later
"""Docker of the distribution on a booted machine: dockerd, containerd and runc as their units start them,
with the rules, the bridges, the proxies and the name servers that they bring."""

import json
import re
from collections.abc import Iterator

import pytest

from world import addresses as a
from world import tiny_image
from world.waiting import wait_until

from . import guests, packages
from .guests import Chatter
from .machine import Disk, Machine

_TALKER = Chatter("docker")
_PORT = 8080
_GREETING = "served-by-a-container"
_SERVE = ("/bin/nc", "-ll", "-p", str(_PORT), "-e", "/bin/busybox", "echo", _GREETING)
_NETWORK = "inner"  # one that a person made: there, containers know each other by name
_EMBEDDED_DNS = "127.0.0.11"


def _docker(machine: Machine, *arguments: str, check: bool = True) -> str:
    return machine.run("/usr/bin/docker", *arguments, check=check).stdout


@pytest.fixture(scope="module")
def with_docker(outside, installed) -> Disk:
    """Installed as people do, with containers that start whenever docker does."""
    disk = Disk("docker", installed.disk)
    packages.put(disk, "docker")
    tiny_image.fill(disk.path("/root/image"))
    disk.write("/etc/docker/daemon.json", '{"storage-driver": "vfs"}\n')  # this disk is an overlay already
    with Machine(disk, outside, with_containers=True) as machine:
        machine.wait_uplink()
        packages.install(machine)
        machine.run("systemctl", "is-active", "docker.service", "containerd.service")
        machine.run("sh", "-ec", "tar -C /root/image -c . | docker import - tiny")
        _docker(machine, "network", "create", _NETWORK)
        always = ("run", "--detach", "--restart=always")
        _docker(machine, *always, "--name=talker", "tiny", "/bin/sh", "-c", _TALKER.command)
        _docker(machine, *always, "--name=served", f"--publish={_PORT}:{_PORT}", "tiny", *_SERVE)
        _docker(machine, *always, "--name=neighbour", f"--network={_NETWORK}", "tiny", *_SERVE)
        machine.power_off()
    return disk


class Host:
    """A machine whose containers run."""

    def __init__(self, machine: Machine):
        self.machine = machine
        wait_until(lambda: len(_docker(machine, "ps", "--quiet", check=False).split()) == 3, "the containers to run", 30)

    def run(self, command: str, *options: str) -> str:
        """What a new container says. It may fail."""
        return _docker(self.machine, "run", "--rm", *options, "tiny", "/bin/sh", "-c", command, check=False).strip()

    def address_of(self, name: str) -> str:
        shown = "--format={{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        return _docker(self.machine, "inspect", shown, name).strip()

    def require_way(self, link: str) -> None:
        """Containers of both networks have the internet by this link, and no other."""
        for network in ("bridge", _NETWORK):
            found = self.run(guests.ASK, f"--network={network}")
            assert found in self.machine.client.addresses(link), f"{network}: {found}"

    def require_cut_off(self) -> None:
        for network in ("bridge", _NETWORK):
            assert self.run(guests.ASK, f"--network={network}") == ""

    def require_names(self) -> None:
        """By docker's own server, which asks those of the machine."""
        answer = self.run("nslookup www.example", f"--network={_NETWORK}")
        assert _EMBEDDED_DNS in answer and a.WEB[4] in answer, answer

    def require_inside(self) -> None:
        """What never leaves the machine: published ports, container to container, by address and by name."""
        machine = self.machine
        ask = f"busybox timeout 5 busybox nc %s {_PORT} </dev/null"
        for where in ("127.0.0.1", machine.client.addresses("docker0")[0], self.address_of("served")):
            assert machine.run("sh", "-c", ask % where).stdout.strip() == _GREETING, f"this machine to {where}"
        assert self.run(ask % self.address_of("served")) == _GREETING
        assert self.run(ask % machine.client.addresses("docker0")[0]) == _GREETING
        assert self.run(ask % "neighbour", f"--network={_NETWORK}") == _GREETING

    def served_to_others(self) -> bool:
        """The published port, to somebody on the uplink's network."""
        address = self.machine.client.addresses(a.UPLINK)
        address = next(found for found in address if found.startswith(a.FENCE_NET))
        ask = ["sh", "-c", f"busybox timeout 3 busybox nc {address} {_PORT} </dev/null"]
        return self.machine.outside.namespace.run(ask, check=False).stdout.strip() == _GREETING

    def rules(self) -> str:
        """Docker's."""
        shown = [self.machine.client.run([f"{program}-save"]).stdout for program in ("iptables", "ip6tables")]
        return re.sub(r"(?m)^#.*$|\[\d+:\d+\]|(?<=172\.17\.0\.)\d+", "", "\n".join(shown))

    def lock_held(self) -> tuple[str, ...]:
        """Ours, in the kernel: without counters and what a link's coming and going changes."""
        listed = self.machine.client.run(["nft", "--stateless", "list", "table", "inet", "nm_killswitch"]).stdout
        return tuple(line for line in listed.splitlines() if not line.strip().startswith("elements"))


@pytest.fixture
def boot(outside, copy_of) -> Iterator:
    machines = []

    def power_on(disk: Disk) -> Host:
        copy = copy_of(disk)
        copy.own("/var/lib/docker")
        machines.append(Machine(copy, outside, with_containers=True))
        machines[-1].__enter__()
        machines[-1].wait_uplink()
        return Host(machines[-1])

    yield power_on
    for machine in machines:
        machine.unplug()


def test_docker(outside, with_docker, boot, report):
    host = boot(with_docker)
    machine = host.machine
    mark = machine.capture.mark()
    host.require_way(a.UPLINK)
    _TALKER.wait_seen(machine, mark)
    host.require_names()
    host.require_inside()
    assert host.served_to_others(), "the control: a published port is open to the network"
    rules = host.rules()
    assert "DOCKER-USER" in rules
    _docker(machine, "run", "--detach", "--name=old", "tiny", "/bin/sleep", "100000")

    machine.ctl("lock")
    machine.connect("full")
    machine.wait_state("protected")
    locked = machine.capture.fence()
    assert host.rules() == rules
    host.require_way(a.TUNNEL)
    _TALKER.wait_in_tunnel(outside)
    host.require_names()
    host.require_inside()
    assert not host.served_to_others()
    # docker copies the name servers when a container starts, so this one asks the router until it starts again
    ask = ("exec", "old", "/bin/busybox", "timeout", "6", "busybox", "nslookup", "www.example")
    assert a.WEB[4] not in _docker(machine, *ask, check=False)
    _docker(machine, "restart", "--time=0", "old")
    assert a.WEB[4] in _docker(machine, *ask)

    machine.client.kill("openvpn")
    machine.wait_state("blocked")
    refused = _TALKER.wait_blocked(machine)
    said = json.loads(machine.run("nm-killswitch", "refused", "--json", check=False).stdout)
    assert any(entry["way"] == "forwarded" and entry["destination"] == a.WEB[4] for entry in said["entries"]), said
    host.require_cut_off()
    host.require_inside()
    machine.capture.fence()
    assert _TALKER.seen(machine, locked) == 0 and machine.capture.plain(locked) == []

    machine.connect("full")
    machine.wait_state("protected")
    host.require_way(a.TUNNEL)
    machine.capture.fence()
    assert _TALKER.seen(machine, locked) == 0 and machine.capture.plain(locked) == []
    assert host.rules() == rules
    report.line(f"docker, started before the lock: {refused} packets of containers blocked, 0 frames outside")

    machine.ctl("unlock")
    machine.run("nmcli", "connection", "down", "full")
    mark = machine.capture.mark()
    host.require_way(a.UPLINK)
    _TALKER.wait_seen(machine, mark)
    assert host.served_to_others() and host.rules() == rules


def test_docker_starts_on_a_locked_machine(outside, with_docker, boot, copy_of, report):
    """At power-on, and again while locked: its rules and its bridges come when the lock is there."""
    disk = copy_of(with_docker)
    disk.own("/var/lib/docker")
    with Machine(disk, outside, with_containers=True) as machine:
        machine.wait_uplink()
        machine.ctl("lock")
        machine.power_off()
    host = boot(disk)
    machine = host.machine
    assert machine.wait_state("blocked")["verified"]
    _TALKER.wait_blocked(machine)
    host.require_cut_off()
    host.require_inside()
    held, rules = host.lock_held(), host.rules()
    assert "DOCKER-USER" in rules

    machine.connect("full")
    machine.wait_state("protected")
    host.require_way(a.TUNNEL)
    host.require_names()
    for command in ("restart", "stop", "start"):
        machine.run("systemctl", command, "docker.service")
    host = Host(machine)
    assert host.lock_held() == held and host.rules() == rules
    assert machine.wait_state("protected")["verified"]
    assert "changed the lock" not in machine.journal("--unit", "nm-killswitch.service")
    host.require_way(a.TUNNEL)
    host.require_inside()
    _docker(machine, "network", "create", "another")
    assert host.run(guests.ASK, "--network=another") in machine.client.addresses(a.TUNNEL)
    machine.client.kill("openvpn")
    machine.wait_state("blocked")
    refused = _TALKER.wait_blocked(machine)
    machine.capture.fence()
    assert _TALKER.seen(machine, 0) == 0 and machine.capture.plain(0) == []
    report.line(f"docker, started on a locked machine: {refused} packets of containers blocked, 0 frames outside")

    machine.ctl("unlock")
    mark = machine.capture.mark()
    _TALKER.wait_seen(machine, mark)
    host.require_way(a.UPLINK)
