# SPDX-License-Identifier: GPL-2.0-or-later
"""From power-on: what leaves a machine that was locked when it was switched off."""

import signal
import time

import pytest

from world import addresses as a
from world import profiles
from world.router import say_names
from world.waiting import wait_until

from . import image
from .conftest import full_run
from .machine import Disk, Machine
from .people import log_in

BOOTS = 20 if full_run() else 3
# What is always on, by the number of the boot modulo 4: without it, a person connects the VPN.
ALWAYS_ON = {0: ("first", "full"), 2: ("full",), 3: ("asked",)}
AFTER_MANAGER = 10.0  # seconds
OURS = ("nm-killswitch-early.service", "nm-killswitch.service")
YARDSTICK = "nftables.service"
_CONNECTIONS = "/etc/NetworkManager/system-connections"
UNITS = (*OURS, YARDSTICK, "NetworkManager.service", "dbus.service")


def _wait_after_manager(machine: Machine, seconds: float) -> None:
    up = machine.moment("NetworkManager.service", "ActiveEnter")
    assert up > 0
    time.sleep(max(0.0, up + seconds - time.monotonic()))


def _said_before_manager(machine: Machine) -> str:
    return machine.run("cat", image.PRESENCE).stdout


def _is_canary(frame) -> bool:
    return b"boot-canary" in frame.data


def test_an_unlocked_boot_is_seen(machine, report):
    """The control: the same machine, the same canary, the same judge."""
    _wait_after_manager(machine, 3)
    machine.capture.fence()
    frames = machine.capture.since()
    report.boot("unlocked (control)", frames, f"canary: {machine.canaries_tried()} attempts")
    assert "table inet nm_killswitch {" not in _said_before_manager(machine)
    plain = [frame for frame in frames if frame.purpose.startswith("plain")]
    assert len([frame for frame in plain if _is_canary(frame)]) > 100
    destinations = {frame.packet.destination for frame in plain}
    assert len(destinations) >= 6, "to the internet, to the router, to everybody, over both families"


def _name_always_on(disk: Disk, names: tuple[str, ...]) -> None:
    """The first server of two is dead; the secrets of "asked" are a person's."""
    live = profiles.tls(f"{a.SERVER[4]}:{a.SERVER_PORT}:udp")
    dead = profiles.vpn("first", profiles.tls(f"{a.DEAD_SERVER}:{a.SERVER_PORT}:udp")).replace("[vpn]\n", "[vpn]\ntimeout=4\n")
    for name, text in (("asked", profiles.vpn("asked", live | {"cert-pass-flags": "1"})), ("first", dead)):
        if name in names:
            disk.write(f"{_CONNECTIONS}/{name}.nmconnection", text, 0o600)
    uuids = " ".join(map(profiles.uuid_of, names))
    disk.write("/etc/nm-killswitch/conf.d/vpn.conf", f"[vpn]\nalways-on={uuids}\n")


def _wait_always_on(machine: Machine, names: tuple[str, ...]) -> None:
    """Nobody connects it, and nobody is logged in unless its secrets are a person's."""
    assert not machine.run("loginctl", "--no-legend", "list-sessions").stdout.strip()
    if names == ("asked",):
        told = machine.status()
        assert (told["state"], told["always_on"]["reason"]) == ("blocked", "nobody-logged-in"), told
        log_in(machine)
    told = []

    def is_up() -> bool:
        told[:] = [machine.status()]
        return told[0]["state"] == "protected" and told[0]["always_on"]["state"] == "up"

    try:
        wait_until(is_up, "what is always on to be up", 60)
    except AssertionError as error:
        raise AssertionError(f"{error}; it is {told[0]['always_on']}; {machine.journal('-u', 'nm-killswitch.service')}") from None
    assert [tunnel["name"] for tunnel in told[0]["tunnels"]] == [names[-1]], told
    assert bool(told[0]["always_on"]["next_try"]) == (len(names) > 1), told


@pytest.mark.parametrize("boot", range(1, BOOTS + 1))
def test_a_locked_boot_leaks_nothing(outside, locked_disk, copy_of, report, boot):
    """Even boots follow a power cut, odd ones an orderly power-off; the VPN connects afterwards, by a person or because
    it is always on. nftables.service flushes all rules at the power-off; where /var and /tmp are mounts of their own,
    they go at the same time."""
    disk = copy_of(locked_disk)
    image.enable_nftables(disk)
    names = ALWAYS_ON.get(boot % 4, ())
    if names:
        _name_always_on(disk, names)
    if boot % 4 == 3:
        image.mount_var(disk)
    if boot % 2 == 0:
        with Machine(disk, outside):
            pass  # pulls the plug
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        _wait_after_manager(machine, AFTER_MANAGER)
        machine.capture.fence()
        frames = machine.capture.since()
        locked_at = machine.moment("nm-killswitch.service", "ActiveEnter")
        manager_at = machine.moment("NetworkManager.service", "ExecMainStart")
        tried = machine.canaries_tried()
        lead = f"locked {(manager_at - locked_at) * 1000:.0f} ms before NetworkManager; canary: {tried} attempts"
        report.boot(f"locked {boot}", frames, lead)
        took = {unit: machine.moment(unit, "ActiveEnter") - machine.moment(unit, "InactiveExit") for unit in UNITS}
        for unit, seconds in took.items():
            report.took(unit, seconds)
        report.ratio(f"early unit and guard, of {YARDSTICK}", sum(took[unit] for unit in OURS) / took[YARDSTICK])

        assert "table inet nm_killswitch {" in _said_before_manager(machine)
        assert 0 < locked_at < manager_at
        assert tried > 500, "the canary must have tried"
        assert [frame.purpose for frame in frames if frame.purpose.startswith("plain")] == []
        purposes = {frame.purpose for frame in frames}
        assert {"upkeep: ARP", "upkeep: DHCPv4"} <= purposes, "the network must have come up"
        if names:
            _wait_always_on(machine, names)
        else:
            assert machine.status()["state"] == "blocked"
            machine.connect("full")
        assert machine.wait_state("protected")["verified"]
        with outside.tunnel() as tunnel:
            tunnel.wait_for(b"boot-canary")
        if boot % 2:
            frames = machine.power_off()
        else:
            machine.capture.fence()
            frames = machine.capture.since()
        assert [frame.purpose for frame in frames if frame.purpose.startswith("plain")] == []
        assert any(frame.purpose == "server" for frame in frames)


NAME = "vpn.names.test"
_QUESTION = b"\x03vpn\x05names\x04test\x00"


def _is_server_name(frame) -> bool:
    packet = frame.packet
    asked = packet and packet.destination in a.ROUTER.values() and packet.destination_port == a.DNS_PORT
    return bool(asked) and _QUESTION in packet.payload.lower()


def test_a_locked_boot_whose_server_has_a_name(outside, locked_disk, copy_of, report):
    """Its address of the boot before is open before NetworkManager is; then only its name is asked for."""
    disk = copy_of(locked_disk)
    for profile in disk.path(_CONNECTIONS).glob("*.nmconnection"):
        if profile.stem in profiles.VPNS:
            profile.unlink()
    text = profiles.vpn("named", profiles.tls(f"{NAME}:{a.SERVER_PORT}:udp4"))
    disk.write(f"{_CONNECTIONS}/named.nmconnection", text, 0o600)
    disk.path("/var/lib/nm-killswitch/servers").unlink(missing_ok=True)
    say_names(f"{a.SERVER[4]} {NAME}")
    outside.namespace.kill("dnsmasq", signal.SIGHUP)
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        assert a.SERVER[4] not in _said_before_manager(machine), "nobody knows it yet"
        wait_until(lambda: [s for s in machine.status()["servers"] if s["address"] == a.SERVER[4]], "the name's address")
        wait_until(lambda: machine.run("grep", "-c", "servers4 ", "/var/lib/nm-killswitch/servers", check=False).returncode == 0,
                   "it to be saved")
        machine.power_off()
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        assert a.SERVER[4] in _said_before_manager(machine)
        _wait_after_manager(machine, AFTER_MANAGER if full_run() else 3)
        machine.connect("named")
        assert machine.wait_state("protected")["verified"]
        with outside.tunnel() as tunnel:
            tunnel.wait_for(b"boot-canary")
        machine.capture.fence()
        frames = machine.capture.since()
        questions = [frame for frame in frames if _is_server_name(frame)]
        report.boot("locked, server by name", [f for f in frames if f not in questions], f"{len(questions)} questions for the server's name")
        assert questions, "NetworkManager's VPN asks for it"
        assert [f.purpose for f in frames if f.purpose.startswith("plain") and f not in questions] == []
