# SPDX-License-Identifier: GPL-2.0-or-later
"""libvirt of the distribution on a booted machine: its default network, with its bridge, its rules and its
dnsmasq. The guest is a network namespace on a pair: to the bridge, what a virtual machine's tap is."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from world import addresses as a
from world import probes
from world.network import Namespace
from world.tiny_image import BUSYBOX
from world.waiting import wait_until

from . import guests, packages
from .machine import Disk, Machine

_BRIDGE = "virbr0"
_TAP = "vnet0"
_GATEWAY = "192.168.122.1"
_numbers = itertools.count(1)
_LEASE = Path("/run/world/guest-lease")
_LEASE_SCRIPT = f"""#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr flush dev eth0
ip addr add "$ip/24" dev eth0
ip route replace default via "$router" dev eth0
echo "$ip $dns" >{_LEASE}
"""
_KINDS = [kind for kind in probes.all_kinds() if kind.family == 4 and not kind.bound]


class Guest:
    def __init__(self, machine: Machine):
        self._machine = machine
        self.namespace = Namespace("vm")
        machine.client.ip(f"link add {_TAP} type veth peer name eth0 netns {self.namespace.name}")
        self.plug_in()

    def plug_in(self) -> None:
        """Into the bridge, as libvirt does it when a virtual machine starts."""
        self._machine.client.ip(f"link set {_TAP} master {_BRIDGE} up")
        self.namespace.ip("link set eth0 up")
        wait_until(self._is_forwarded, "the bridge to pass on what the guest sends (it speaks STP)")

    def _is_forwarded(self) -> bool:
        return "state forwarding" in self._machine.client.run(["bridge", "link", "show", "dev", _TAP]).stdout

    def get_address(self) -> str:
        """From libvirt's dnsmasq, by DHCP."""
        _LEASE.unlink(missing_ok=True)
        script = Path("/run/world/lease.sh")
        script.write_text(_LEASE_SCRIPT)
        script.chmod(0o755)
        self.namespace.run([BUSYBOX, "udhcpc", "-i", "eth0", "-t", "8", "-n", "-q", "-f", "-s", str(script)])
        address, dns = _LEASE.read_text().split()
        assert dns == _GATEWAY
        return address

    def address_seen(self) -> str:
        """As whom the web sees it."""
        return self.namespace.run(["sh", "-c", guests.ASK], check=False).stdout.strip()

    def is_answered(self) -> bool:
        """By libvirt's dnsmasq, which asks whom the machine asks and remembers: a new name each time."""
        ask = [BUSYBOX, "nslookup", f"www{next(_numbers)}.example", _GATEWAY]
        return a.WEB[4] in self.namespace.run(ask, check=False).stdout

    def close(self) -> None:
        self.namespace.close()


@pytest.fixture(scope="module")
def with_libvirt(outside, installed) -> Disk:
    disk = Disk("libvirt", installed.disk)
    packages.put(disk, "libvirt")
    with Machine(disk, outside, with_containers=True) as machine:
        machine.wait_uplink()
        packages.install(machine)
        machine.power_off()
    return disk


@pytest.fixture
def machine(outside, with_libvirt, copy_of) -> Iterator[Machine]:
    with Machine(copy_of(with_libvirt), outside, with_containers=True) as booted:
        booted.wait_uplink()
        yield booted


@pytest.fixture
def put_guest(machine) -> Iterator:
    made: list[Guest] = []

    def put() -> Guest:
        made.append(Guest(machine))
        return made[-1]

    yield put
    for guest in made:
        guest.close()


def _rules(machine: Machine) -> str:
    """libvirt's."""
    return re.sub(r"(?m)^#.*$|\[\d+:\d+\]", "", machine.client.run(["iptables-save"]).stdout)


@pytest.mark.parametrize("when", ["before the lock", "while locked"])
def test_default_network(machine, put_guest, when, report):
    if when == "while locked":
        machine.ctl("lock")
    machine.run("virsh", "net-start", "default")
    assert "LIBVIRT_FWO" in _rules(machine)
    guest = put_guest()
    address = guest.get_address()
    if when == "before the lock":
        assert guest.address_seen() in machine.client.addresses(a.UPLINK), "the control"
        assert guest.is_answered()
        machine.ctl("lock")
    machine.connect("full")
    assert machine.wait_state("protected")["verified"]
    mark = machine.capture.fence()
    assert guest.get_address() == address
    assert guest.is_answered()
    assert guest.address_seen() in machine.client.addresses(a.TUNNEL)

    machine.client.kill("openvpn")
    machine.wait_state("blocked")
    before = guests.blocked(machine)
    sent = probes.send(guest.namespace, _KINDS)
    wait_until(lambda: guests.blocked(machine) > before, "what the guest sends to be refused")
    assert guest.get_address() == address, "it is still served"
    assert guest.address_seen() == "" and not guest.is_answered()
    machine.capture.fence()
    assert probes.seen(sent, machine.capture.since(mark)) == [] and machine.capture.plain(mark) == []
    refused = guests.blocked(machine) - before

    rules = _rules(machine)
    machine.run("virsh", "net-destroy", "default")
    assert _rules(machine) != rules
    machine.run("virsh", "net-start", "default")  # its rules come and go, and ours stay
    assert _rules(machine) == rules
    assert machine.wait_state("blocked")["verified"]
    assert "changed the lock" not in machine.journal("--unit", "nm-killswitch.service")
    guest.plug_in()
    machine.connect("full")
    machine.wait_state("protected")
    assert guest.get_address()
    assert guest.address_seen() in machine.client.addresses(a.TUNNEL), "and it works again"
    machine.capture.fence()
    assert machine.capture.plain(mark) == []
    report.line(f"libvirt's default network, started {when}: {refused} packets of a guest blocked, 0 frames outside")

    machine.ctl("unlock")
    machine.run("nmcli", "connection", "down", "full")
    wait_until(lambda: guest.address_seen() in machine.client.addresses(a.UPLINK), "the guest to leave by the uplink")
    for probe in sent:
        probe.close()
