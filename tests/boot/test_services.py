# SPDX-License-Identifier: GPL-2.0-or-later
"""VPNs that systemd starts at boot, beside NetworkManager: nothing leaves before they are up, and they are up by
themselves once a person has said which they are."""

from contextlib import contextmanager

import pytest

from world import addresses as a
from world import keys, profiles, wireguard_go
from world.installed import require

from .conftest import some
from .machine import Machine

_INTERFACE = "home0"
_KEYS = keys.FOLDER
_OPENVPN = (
    f"client\ndev {_INTERFACE}\ndev-type tun\nproto udp\nremote {a.SERVER[4]} {a.SERVER_PORT}\nremote-cert-tls server\n"
    f"ca {_KEYS}/ca.crt\ncert {_KEYS}/client.crt\nkey {_KEYS}/client.key\nconnect-retry 1\nredirect-gateway def1 ipv6\n"
)


@contextmanager
def _openvpn(outside, disk):
    disk.write("/etc/openvpn/client/home.conf", _OPENVPN, 0o600)
    yield "openvpn-client@home.service", _INTERFACE, f"{a.SERVER[4]}:{a.SERVER_PORT}/udp", a.SERVER_TUNNEL


@contextmanager
def _wireguard(outside, disk):
    require("wireguard-go", wireguard_go.NEEDED)
    ours, theirs = wireguard_go.make_config()
    disk.write(f"/etc/wireguard/{wireguard_go.NAME}.conf", ours, 0o600)
    with wireguard_go.serving(outside.namespace, theirs):
        yield f"wg-quick@{wireguard_go.NAME}.service", wireguard_go.NAME, wireguard_go.SERVER, wireguard_go.SERVER_LINK


def _strays(frames, server: str) -> set[str]:
    def is_own(packet) -> bool:
        return packet is not None and f"{packet.destination}:{packet.destination_port}/udp" == server

    return {frame.purpose for frame in frames if not frame.purpose.startswith("upkeep") and not is_own(frame.packet)}


_SERVICES = [pytest.param(_openvpn, id="openvpn-client@"), pytest.param(_wireguard, id="wg-quick@")]


@pytest.mark.parametrize("service", some(_SERVICES, 1))
def test_up_at_boot(outside, locked_disk, copy_of, report, service):
    disk = copy_of(locked_disk)
    for name in profiles.VPNS:  # they know the same server
        disk.path(f"/etc/NetworkManager/system-connections/{name}.nmconnection").unlink()
    disk.path("/var/lib/nm-killswitch/servers").unlink(missing_ok=True)
    with service(outside, disk) as (unit, interface, server, end):
        with Machine(disk, outside) as machine:
            machine.wait_uplink()
            machine.run("systemctl", "start", "--no-block", unit)
            machine.must_hold()
            assert _strays(machine.capture.since(), "") == set(), "it was let out before anybody said what it is"
            machine.ctl("vpn", "add", "Home", "--interface", interface, "--server", server)
            assert machine.wait_state("protected", 30)["verified"]
            machine.run("systemctl", "enable", unit)
            assert _strays(machine.power_off(), server) == set()
        with Machine(disk, outside) as machine:
            status = machine.wait_state("protected", 60)
            assert status["verified"] and [tunnel["name"] for tunnel in status["tunnels"]] == ["Home"]
            with outside.tunnel(end) as tunnel:
                tunnel.wait_for(b"boot-canary")
            tried = machine.canaries_tried()
            frames = machine.power_off()
        assert tried > 100 and _strays(frames, server) == set()
        assert any(frame.packet and f"{frame.packet.destination}:{frame.packet.destination_port}/udp" == server for frame in frames)
        report.line(f"{unit}: protected by itself after power-on; canary: {tried} attempts, 0 frames in clear")
