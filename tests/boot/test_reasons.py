# SPDX-License-Identifier: GPL-2.0-or-later
"""Why a VPN does not connect, as its own program says it in a real journal. NetworkManager calls all of
these a timeout."""

import pytest

from world import addresses as a
from world import keys, profiles
from world.network import log_of
from world.waiting import wait_until

from .machine import Machine

_FUTURE_PORT = 1201
_NOBODYS_PORT = 1202
_GIVES_UP_AFTER = 12  # seconds

# the remote, what is the reason, what status says, what it must not say
_ROWS = {
    "future": (f"{a.SERVER[4]}:{_FUTURE_PORT}:udp", "certificate-date", "clock", "nmcli device"),
    "refused": (f"{a.SERVER[4]}:{_NOBODYS_PORT}:tcp", "server-refused", "vpn list", "clock"),
    "nameless": (f"nowhere.known.test:{a.SERVER_PORT}:udp", "name-unresolved", "address of its server", "clock"),
    "silent": (f"{a.DEAD_SERVER}:{a.SERVER_PORT}:udp", "server-unreachable", "did not answer", "not installed"),
}


@pytest.fixture(scope="module")
def future_server(outside):
    keys.make_certificate_of_tomorrow("future")
    files = [f"{keys.FOLDER}/{name}" for name in ("ca.crt", "future.crt", "future.key")]
    outside.namespace.daemon(
        "openvpn-future",
        ["openvpn", "--mode", "server", "--tls-server", "--topology", "subnet", "--dev", "vpn9", "--dev-type", "tun"]
        + ["--disable-dco", "--local", a.SERVER[4], "--port", str(_FUTURE_PORT), "--proto", "udp"]
        + ["--server", "198.18.7.0", "255.255.255.0", "--dh", "none", "--duplicate-cn", "--verb", "3"]
        + ["--ca", files[0], "--cert", files[1], "--key", files[2]],
    )
    wait_until(lambda: b"Initialization Sequence Completed" in log_of("openvpn-future").read_bytes(), "the server")


@pytest.fixture
def machine(outside, future_server, locked_disk, copy_of):
    disk = copy_of(locked_disk)
    for name, (remote, *_) in _ROWS.items():
        text = profiles.vpn(name, profiles.tls(remote) | {"connect-timeout": "4"})
        text = text.replace("[vpn]\n", f"[vpn]\ntimeout={_GIVES_UP_AFTER}\n")
        disk.write(f"/etc/NetworkManager/system-connections/{name}.nmconnection", text, 0o600)
    with Machine(disk, outside) as booted:
        booted.wait_uplink()
        yield booted


def test_the_reason_is_the_programs(machine):
    for name, (_, reason, said, unsaid) in _ROWS.items():
        machine.run("nmcli", "--wait", "60", "connection", "up", name, check=False, timeout=90)
        machine_says = []

        def is_said(wanted: str = reason, vpn: str = name) -> bool:
            machine_says[:] = [machine.status()]
            return (machine_says[0]["reason"], machine_says[0]["reason_vpn"]) == (wanted, vpn)

        try:
            wait_until(is_said, f"{name} to be told as {reason}", 10)
        except AssertionError as error:
            lines = machine.journal("--unit=NetworkManager", "--lines=25")
            raise AssertionError(f"{error}: {machine_says[0]['reason']} of {machine_says[0]['reason_vpn']}\n{lines}") from None
        text = machine.ctl("status").stdout
        assert said in text and unsaid not in text, text
        assert machine.wait_state("blocked")["verified"]
