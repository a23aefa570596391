# SPDX-License-Identifier: GPL-2.0-or-later
"""Every family, type and protocol of sockets that Debian's kernel has for a person, or loads a module for: what
each sends, in every way that world/sockets.py knows, is heard outside while unlocked and not while locked. Only
with KS_FULL=1: for its kernel."""

import os
from pathlib import Path

import pytest

from world import addresses as a
from world import sockets
from world.profiles import uuid_of
from world.waiting import wait_until

from . import setting
from .setting import PERSON

_UDP_PORT, _TCP_PORT = 1194, 443
_STRANGE_MAC = "02:00:00:00:00:99"
_PLACES = ((a.KERNEL_SERVER, _UDP_PORT), (a.KERNEL_SERVER, _TCP_PORT), (a.WEB[4], 4711), (a.WEB[6], 4711))
# an idle profile's servers are open to daemons
_PROFILE = f"""[connection]
id=idle
uuid={uuid_of("idle")}
type=vpn
autoconnect=false
[vpn]
service-type=org.freedesktop.NetworkManager.openvpn
connection-type=tls
remote={a.KERNEL_SERVER}:{_UDP_PORT}:udp, {a.KERNEL_SERVER}:{_TCP_PORT}:tcp
"""


def _try(machine) -> tuple[set[str], set[str]]:
    """Which kinds could be opened, and by which something was heard."""
    canary = f"canary{os.urandom(8).hex()}"
    mark = machine.capture.mark()
    machine.capture.fence()
    words = [str(word) for place in _PLACES for word in place]
    command = ["python3", "/opt/sockets.py", a.UPLINK, _STRANGE_MAC, canary, *words]
    said = machine.run(*command, uid=PERSON, timeout=900).stdout
    assert "ended" not in said, said
    heard = sockets.heard(machine.capture.since(mark, machine.capture.fence()), canary, {address for address, _ in _PLACES})
    return set(said.splitlines()), heard


@pytest.fixture
def with_servers(unlocked):
    setting.add_profile(unlocked, "idle", _PROFILE)
    unlocked.write("/opt/sockets.py", Path(sockets.__file__).read_text())
    yield unlocked
    unlocked.run("nmcli", "connection", "delete", "idle", check=False)


def test_nothing_by_any_kind_of_socket(with_servers, report):
    machine = with_servers
    opened, heard = _try(machine)
    assert {"2-2-0", "10-2-0", "24-1-0", "33-2-2", "33-2-10", "protocol 6"} <= heard, f"the control: {heard} of {opened}"
    machine.ctl("lock")
    wait_until(lambda: any(s["port"] == _TCP_PORT and not s["not_let_out"] for s in machine.status()["servers"]), "its servers", 60)
    again, leaked = _try(machine)
    report.line(f"kinds of sockets that a person can open: {len(opened)}, heard while unlocked: {sorted(heard)}")
    assert again >= opened, "no kind was spared"
    assert leaked == set()
