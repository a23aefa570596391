# SPDX-License-Identifier: GPL-2.0-or-later
"""Real firewalls on the same machine, at boot and at run time: they go about their business, and the
lock stays as it is."""

import pytest

from world.waiting import wait_until

from . import flood, image, packages
from .flood import Flood
from .machine import Disk, Machine

EARLY = "nm-killswitch-early.service"
CONF = """#!/usr/sbin/nft -f

flush ruleset

table inet filter {
    chain input {
        type filter hook input priority filter;
    }
    chain forward {
        type filter hook forward priority filter;
    }
    chain output {
        type filter hook output priority filter;
    }
}
"""  # as Debian's own

# chains of their own, jumps to them at the top, forwarding for their guests
_DOCKER = """
iptables -w -N DOCKER; iptables -w -t nat -N DOCKER; iptables -w -N DOCKER-USER
iptables -w -t nat -A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
iptables -w -t nat -A POSTROUTING -s 198.51.100.240/28 ! -o docker0 -j MASQUERADE
iptables -w -I FORWARD -o docker0 -j DOCKER; iptables -w -I FORWARD -i docker0 ! -o docker0 -j ACCEPT
iptables -w -P FORWARD DROP
"""
_LIBVIRT = """
for chain in LIBVIRT_INP LIBVIRT_OUT LIBVIRT_FWO; do iptables -w -N $chain; done
iptables -w -I OUTPUT -j LIBVIRT_OUT; iptables -w -A LIBVIRT_OUT -j ACCEPT
iptables -w -I FORWARD -j LIBVIRT_FWO; iptables -w -A LIBVIRT_FWO -s 192.168.122.0/24 -i virbr0 -j ACCEPT
iptables -w -t nat -A POSTROUTING -s 192.168.122.0/24 ! -d 192.168.122.0/24 -j MASQUERADE
"""

AT_RUN_TIME = (
    "systemctl start nftables",
    "systemctl restart nftables",
    "systemctl reload nftables",
    "systemctl stop nftables",
    "systemctl start firewalld",
    "firewall-cmd --reload",
    "firewall-cmd --complete-reload",
    "systemctl restart firewalld",
    "systemctl stop firewalld",
    "ufw --force enable",
    "ufw reload",
    "ufw --force disable",
    _DOCKER,
    _LIBVIRT,
    "iptables -w -P OUTPUT ACCEPT; iptables -w -F; iptables -w -X; iptables -w -t nat -F",
    "nft flush ruleset",
)


@pytest.fixture(scope="module")
def with_firewalls(outside, locked_disk):
    """Installed as people do, while locked; enabled by nobody."""
    disk = Disk("firewalls", locked_disk)
    packages.put(disk, "firewalls")
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        packages.install(machine)
        machine.run("systemctl", "disable", "--now", "firewalld.service", "ufw.service")
        machine.run("systemctl", "unmask", "nftables.service")
        disk.write("/etc/nftables.conf", CONF, 0o755)
        assert machine.wait_state("blocked")["verified"]
        machine.capture.fence()
        assert [frame.purpose for frame in machine.capture.plain(0)] == []
        machine.power_off()
    return disk


def _rules(machine: Machine) -> str:
    return machine.client.run(["nft", "list", "ruleset"]).stdout


def test_at_run_time(outside, with_firewalls, copy_of, report):
    """Each under the flood, with a VPN up."""
    with Machine(copy_of(with_firewalls), outside) as machine:
        machine.wait_uplink()
        machine.connect("full")
        machine.wait_state("protected")
        owned = machine.status()["layers"]["owned"]
        flood.prepare(outside, machine)
        before = _rules(machine)
        seen = set()
        with Flood(outside, machine) as flooding:
            for command in AT_RUN_TIME:
                machine.run("sh", "-c", command)
                seen.add(_rules(machine))
                status = machine.wait_state("protected")
                assert status["verified"], command
                assert status["layers"]["owned"] == owned, command
                said = machine.journal("--unit", "nm-killswitch.service")
                assert not owned or "changed the lock" not in said, f"{command}\n{said}"
            verdict = flooding.stop()
        flood.require_seen_by_watch(verdict)
        assert len(seen | {before}) > 8, "the firewalls must have done something"
        if owned:
            assert not verdict.plain and not verdict.lan, "LEAKED"
        leaked = len(verdict.plain) + len(verdict.lan)
        report.line(
            f"{len(AT_RUN_TIME)} things that nftables.service, firewalld, ufw, docker and libvirt do, connected: "
            f"{verdict.counts['tried']} canaries, {leaked} leaked; the tunnel lost {verdict.lost} of {verdict.counts['asked']}"
        )
        machine.ctl("unlock")
        with Flood(outside, machine) as flooding:
            wait_until(lambda: machine.canaries_tried() > 0, "the control to run")
            verdict = flooding.stop()
        assert verdict.plain and verdict.lan, "the control: an open machine is seen"


def test_what_they_save(outside, with_firewalls, copy_of):
    """Nothing of the lock; the control is what nft(8) saves."""
    stores = ("/etc/firewalld", "/etc/ufw", "/var/lib/ufw", "/lib/ufw", "/etc/iptables")
    with Machine(copy_of(with_firewalls), outside) as machine:
        machine.wait_uplink()
        machine.run("systemctl", "start", "firewalld")
        machine.run("firewall-cmd", "--add-port", "8080/tcp")
        machine.run("firewall-cmd", "--runtime-to-permanent")
        machine.run("systemctl", "stop", "firewalld")
        machine.run("sh", "-c", "ufw --force enable && ufw allow 8080/tcp && ufw reload")
        machine.run("sh", "-c", "mkdir -p /etc/iptables; iptables-save >/etc/iptables/rules.v4; ip6tables-save >/etc/iptables/rules.v6")
        assert machine.run("grep", "-rls", "8080", *stores, check=False).stdout.count("\n") >= 3, "each has saved something"
        assert machine.run("grep", "-rls", "nm_killswitch", *stores, check=False).stdout == ""
        machine.run("sh", "-c", "nft list ruleset >/etc/iptables/control; grep -q nm_killswitch /etc/iptables/control")
        machine.run("sh", "-c", "iptables-restore </etc/iptables/rules.v4; ip6tables-restore </etc/iptables/rules.v6")
        status = machine.wait_state("blocked")
        assert status["verified"] and not any("copy of the lock" in warning for warning in status["warnings"])


@pytest.mark.parametrize("unit", ["firewalld.service", "ufw.service"])
def test_at_boot(outside, with_firewalls, copy_of, report, unit):
    """Enabled, they go first, and the lock is there before NetworkManager."""
    disk = copy_of(with_firewalls)
    with Machine(disk, outside) as machine:
        machine.run("sh", "-c", "sed -i s/ENABLED=no/ENABLED=yes/ /etc/ufw/ufw.conf")
        machine.run("systemctl", "enable", unit)
        machine.power_off()
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        assert machine.show(unit, "Result") == "success" and machine.moment(unit, "ActiveEnter") > 0
        assert machine.moment(unit, "ActiveEnter") <= machine.moment(EARLY, "InactiveExit")
        assert "table inet nm_killswitch {" in machine.run("cat", image.PRESENCE).stdout
        assert "ordering cycle" not in machine.journal("_PID=1").lower()
        assert machine.wait_state("blocked")["verified"]
        machine.connect("full")
        assert machine.wait_state("protected")["verified"]
        machine.capture.fence()
        frames = machine.capture.since()
        assert [frame.purpose for frame in frames if frame.purpose.startswith("plain")] == []
        report.boot(f"locked, with {unit}", frames, f"canary: {machine.canaries_tried()} attempts")
