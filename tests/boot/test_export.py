# SPDX-License-Identifier: GPL-2.0-or-later
"""An exported script on a machine without nm-killswitch: closed at boot before there is a network, and
put back when nftables.service flushes all rules."""

import pytest

from world.sandbox import REPOSITORY
from world.waiting import wait_until

from .machine import Machine

_SCRIPT = "/root/vpn-killswitch.sh"
_PROGRAM = "/usr/local/sbin/vpn-killswitch"
_UNIT = "vpn-killswitch.service"


def _is_enabled(machine: Machine) -> bool:
    return machine.run("sh", _SCRIPT, "status", check=False).returncode == 0


@pytest.mark.parametrize("name", ["nft", "iptables"])
def test_persistent(outside, raw_disk, copy_of, name):
    disk = copy_of(raw_disk)
    disk.write(_SCRIPT, (REPOSITORY / f"tests/unit/export/openvpn-{name}.sh").read_text())
    with Machine(disk, outside) as machine:
        machine.wait_booted()
        machine.run("systemctl", "enable", "--now", "NetworkManager.service")
        machine.wait_uplink()
        assert "at every boot" in machine.run("sh", _SCRIPT, "persist").stdout
        assert not _is_enabled(machine)
        machine.capture.wait_for(lambda frame: b"boot-canary" in frame.data, "the canary of the control")
        machine.power_off()
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        tried = machine.canaries_tried()
        closed, manager = (machine.moment(unit, "ActiveEnter") for unit in (_UNIT, "NetworkManager.service"))
        assert 0 < closed < manager
        assert _is_enabled(machine), "the kernel holds it"
        flushed = machine.capture.fence()  # from then on single packets may pass, until it is put back
        assert machine.capture.plain(0, flushed) == []
        machine.run("systemctl", "unmask", "nftables.service")
        for verb in ("start", "reload", "restart", "stop"):
            machine.run("systemctl", verb, "nftables.service")
            assert _is_enabled(machine), f"put back after {verb}"
        mark = machine.capture.fence()
        wait_until(lambda: machine.canaries_tried() > tried + 50, "the canary to try")
        machine.capture.fence()
        assert machine.capture.plain(mark) == []
        machine.run(_PROGRAM, "unpersist")
        assert machine.run("systemctl", "is-enabled", _UNIT, check=False).returncode != 0
        assert not disk.path(_PROGRAM).exists() and _is_enabled(machine)
        machine.run("sh", _SCRIPT, "disable")
        machine.capture.wait_for(lambda frame: b"boot-canary" in frame.data, "the canary once it is disabled", mark)
