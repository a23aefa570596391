# SPDX-License-Identifier: GPL-2.0-or-later
"""A container of the distribution's podman on a machine that is locked: it works through the tunnel,
and when that drops nothing of it leaves. (tests/world/test_containers.py has the kinds of packets.)"""

import pytest

from world import addresses as a
from world import tiny_image
from world.waiting import wait_until

from .machine import Machine

_CANARY = b"podman-canary"
_ASK = f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 5 {a.WEB[4]} {a.HTTP_PORT} | busybox tail -n 1"
_CHATTER = f"while :; do echo {_CANARY.decode()} | busybox timeout 2 busybox nc {a.WEB[4]} {a.ECHO_PORT}; done"
# this world's systemd-nspawn has no control groups to give away
_WHERE = ("--cgroups=disabled", f"--dns={a.PUBLIC_DNS[4]}")
_CONTAINERS = '[engine]\nruntime = "crun"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
_STORAGE = '[storage]\ndriver = "vfs"\nrunroot = "/run/containers/storage"\ngraphroot = "/var/lib/containers/storage"\n'


def _podman(machine: Machine, *arguments: str, check: bool = True) -> str:
    return machine.run("podman", *arguments, check=check).stdout


@pytest.fixture
def host(outside, installed, copy_of):
    disk = copy_of(installed.disk)
    tiny_image.fill(disk.path("/root/image"))
    disk.write("/etc/containers/containers.conf", _CONTAINERS)
    disk.write("/etc/containers/storage.conf", _STORAGE)
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        machine.run("sh", "-ec", "tar -C /root/image -cf /root/image.tar . && podman import /root/image.tar tiny")
        _podman(machine, "run", "--detach", "--name=talker", *_WHERE, "tiny", "/bin/sh", "-c", _CHATTER)
        yield machine
        _podman(machine, "rm", "--force", "--time=0", "talker", check=False)


def _address(machine: Machine) -> str:
    """As whom the web sees a container that is started for that."""
    return _podman(machine, "run", "--rm", *_WHERE, "tiny", "/bin/sh", "-c", _ASK, check=False).strip()


def _canaries(machine: Machine, since: int) -> int:
    return sum(_CANARY in frame.data for frame in machine.capture.since(since))


def _blocked(machine: Machine) -> int:
    """How many forwarded packets were refused."""
    said = machine.client.run(["nft", "list", "counter", "inet", "nm_killswitch", "blocked_forward"]).stdout
    return int(said.split("packets ")[1].split()[0])


def test_podman(outside, host, report):
    machine = host
    mark = machine.capture.mark()
    assert _address(machine) in machine.client.addresses(a.UPLINK), "the control: translated to the uplink's address"
    wait_until(lambda: _canaries(machine, mark), "the control: the one that talks is seen outside")
    machine.ctl("lock")
    machine.connect("full")
    machine.wait_state("protected")
    locked = machine.capture.fence()
    assert _address(machine) in machine.client.addresses(a.TUNNEL)
    answer = _podman(machine, "run", "--rm", *_WHERE, "tiny", "/bin/nslookup", "www.example", a.PUBLIC_DNS[4])
    assert a.WEB[4] in answer
    with outside.tunnel() as tunnel:
        tunnel.wait_for(_CANARY)
    machine.client.kill("openvpn")
    machine.wait_state("blocked")
    tried = _blocked(machine)
    assert _address(machine) not in machine.client.addresses(a.UPLINK)
    wait_until(lambda: _blocked(machine) > tried + 3, "the container to try")
    machine.capture.fence()
    assert _canaries(machine, locked) == 0 and machine.capture.plain(locked) == []
    machine.connect("full")
    machine.wait_state("protected")
    assert _address(machine) in machine.client.addresses(a.TUNNEL), "and it works again"
    machine.capture.fence()
    assert machine.capture.plain(locked) == []
    report.line(f"podman: a container works through the tunnel; {_blocked(machine)} of its packets were blocked, 0 frames outside")

    machine.ctl("unlock")
    machine.run("nmcli", "connection", "down", "full")
    wait_until(lambda: _address(machine) in machine.client.addresses(a.UPLINK), "a container to leave by the uplink")
