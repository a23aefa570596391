# SPDX-License-Identifier: GPL-2.0-or-later
"""`nm-killswitch report`: names and addresses of every kind are planted everywhere, and none is in it."""

import contextlib
import json
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from . import addresses as a
from . import profiles
from .network import log_of
from .people import INTERFACE
from .router import say_names, say_options
from .waiting import wait_product

PERSON = 1234
AS_PERSON = ["setpriv", f"--reuid={PERSON}", f"--regid={PERSON}", "--clear-groups", "--"]
MACHINE = "canary-desk"
SERVER_NAME = "gate.canary-office.example"
FULL_NAME = "Carla Canaria"

# What tells somebody apart, by its kind, and what of it must not be there.
CANARIES = {
    "profile": "Canary Office",
    "profile that quotes": 'Canary "Inner" Ltd',
    "manual VPN": "CanaryByHand",
    "uuid": profiles.uuid_of("canary"),
    "ssid": "Canary Lounge 5G",
    "host name": MACHINE,
    "user": "canaryuser",
    "full name": FULL_NAME,
    "interface": "wg-canary",
    "interface of a profile": "canaryif",
    "server's name": SERVER_NAME,
    "server's IPv4": a.SERVER[4],
    "server's IPv6": a.SERVER[6],
    "router": a.ROUTER[4],
    "router's IPv6": a.ROUTER[6],
    "own private address": a.PRIVATE_CLIENT[4],
    "own private IPv6": a.PRIVATE_CLIENT[6],
    "search domain": "canary-search.example",
    "DHCP's domain": "canary-lan.example",
    "DHCP's word": "canary-wpad",
    "DHCP's NIS domain": "canarynis",
    "table": "canary_table",
    "name server of the VPN": a.PUBLIC_DNS[4],
    "key": "Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5Q2E=",
    "home": "canaryhome",
    "gone profile": "Canary Of Yesterday",
    "gone card": "enx02ca0a000001",
    "network of an exception, as it was called": "Canary Cafe",
    "removed VPN": "Canary's \"Removed\" Home",
    "interface of the removed VPN": "removed-canary",
    "server's name of the removed VPN": "canarygate",
}

C = CANARIES
LOG = "".join(
    f"2026-01-01T00:00:00+00:00 nm-killswitchd[7]: {line}\n"
    for line in (
        f'locked, because the VPN "{C["gone profile"]}" came up',
        f'a network "{C["ssid"]}" on {C["gone card"]}: 02:ca:0a:ca:0a:01',
        f'"{SERVER_NAME}": its addresses are known now',
        f"{C['profile']}: {a.SERVER[4]}, {a.SERVER[6]}, port 1194",
        f"the WireGuard tunnel \"{C['interface']}\" of {C['user']} ({FULL_NAME}) does not answer",
        f"/home/{C['home']}/vpn.conf of {MACHINE}: key {C['key']}",
        f"{C['interface of a profile']} {C['manual VPN']} {C['uuid']}",
    )
)

WIFI = f"""[connection]
id={CANARIES["ssid"]}
uuid={profiles.uuid_of("wifi")}
type=wifi
interface-name={CANARIES["interface of a profile"]}

[wifi]
ssid={CANARIES["ssid"]}
"""


def _vpn(name: str, key: str, remote: str) -> str:
    return profiles.vpn(name, profiles.tls(remote)).replace(profiles.uuid_of(name), profiles.uuid_of(key))


@contextlib.contextmanager
def _instead_of(name: str, script: str):
    """The system's program of this name is this script meanwhile."""
    stand_in = Path("/run/world", name)
    stand_in.write_text(f"#!/bin/sh\n{script}\n")
    stand_in.chmod(0o755)
    subprocess.run(["mount", "--bind", stand_in, f"/usr/bin/{name}"], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", f"/usr/bin/{name}"], check=True)


@pytest.fixture(scope="module")
def planted(world):
    say_names(f"{a.SERVER[4]} {SERVER_NAME}")
    say_options(
        "option:domain-name," + CANARIES["DHCP's domain"],
        "252,http://" + CANARIES["DHCP's word"] + "/" + CANARIES["DHCP's word"] + ".dat",
        "option:nis-domain," + CANARIES["DHCP's NIS domain"],
    )
    world.outside.kill("dnsmasq", signal.SIGHUP)
    Path("/etc/passwd").open("a").write(f"{CANARIES['user']}:x:{PERSON}:{PERSON}:{FULL_NAME},,,:/home/x:/bin/sh\n")
    profiles.write("canary", _vpn(CANARIES["profile"], "canary", f"{SERVER_NAME}:{a.SERVER_PORT}:udp4"))
    profiles.write("quotes", _vpn(CANARIES["profile that quotes"], "quotes", f"[{a.SERVER[6]}]:{a.SERVER_PORT}:udp6"))
    profiles.write("wifi", WIFI)
    subprocess.run(["hostname", MACHINE], check=True)
    world.manager.nmcli("connection", "reload")
    world.product.install()
    world.product.start_guard()
    world.product.start_leak_test()
    world.product.ctl("vpn", "add", CANARIES["manual VPN"], "--interface", CANARIES["interface"], "--server", f"{a.SERVER[4]}:51820/udp")
    # by the bus, whose requests the guard logs with all that they ask for
    bus = ["gdbus", "call", "--system", "--dest", "io.github.nmkillswitch", "--object-path", "/io/github/nmkillswitch", "--method"]
    name, interface, host = (json.dumps(C[what]) for what in ("removed VPN", "interface of the removed VPN", "server's name of the removed VPN"))
    world.client.run([*bus, f"{INTERFACE}.AddVpn", name, interface, "wireguard", f"[({host}, 'udp', uint16 51820)]"])
    world.client.run([*bus, f"{INTERFACE}.RemoveVpn", name])
    world.manager.nmcli("connection", "modify", "uplink", "ipv4.dns-search", CANARIES["search domain"])
    world.manager.nmcli("connection", "up", "uplink")
    world.product.ctl("lock")
    # called otherwise later, so that nothing else says this name
    world.manager.nmcli("connection", "modify", "uplink", "connection.id", C["network of an exception, as it was called"])
    wait_product(lambda: world.product.status()["networks"][0]["name"] != "uplink", "the name to be known")
    world.product.ctl("allow", "add", "office", "--to", "192.0.2.77", "--protocol", "udp", "--port", "9", "--on", "here")
    world.manager.nmcli("connection", "modify", C["network of an exception, as it was called"], "connection.id", "uplink")
    world.manager.up(CANARIES["profile"])
    world.product.wait_state("protected")
    world.client.run(["nft", "add", "table", "ip", CANARIES["table"]])
    log = Path("/run/world/planted.log")
    with _instead_of("journalctl", f"cat {log} {log_of('nm-killswitchd')}"):
        log.write_text(LOG)
        yield world
    world.client.run(["nft", "delete", "table", "ip", CANARIES["table"]])
    world.manager.all_down()


def _report(world, *arguments: str, who: tuple = ()) -> str:
    done = world.client.run([*who, str(world.product.command), "report", *arguments], stderr=subprocess.PIPE)
    assert not done.stderr
    return done.stdout


def _found(text: str) -> set[str]:
    """Whatever the letters' case, with quotation marks of its own, and as bytes of the rules."""
    low = text.lower().replace("\\", "")
    return {kind for kind, value in CANARIES.items() if value.lower() in low or value.encode().hex() in low}


def test_nothing_planted_is_in_it(planted):
    everything = _report(planted, "--full")
    assert _found(everything) == set(CANARIES), "the control: they stand everywhere"
    told = _report(planted)
    assert not _found(told)
    assert "canar" not in told.lower()
    assert not re.search(r"\b(?!127\.|0\.|224\.|239\.|255\.|10\.0\.0\.0|172\.16\.0\.0|192\.168\.0\.0|169\.254\.0\.0)(\d+\.){3}\d+\b", told.partition("== system ==")[2])
    # the same thing has the same word: the server in its profile, the rules and the log
    server = re.search(r'"(\[host-\d+\])": its addresses are known now', told).group(1)
    assert f"host: {server}\n" in told
    for section in ("system", "state, layers and warnings", "links", "NetworkManager", "leak test", "units", "firewalls' tables", "rules"):
        assert f"== {section} ==" in told
    assert "state: protected" in told and "table inet nm_killswitch" in told
    assert "verdict: closed" in told


def test_as_an_ordinary_user(planted):
    told = _report(planted, who=AS_PERSON)
    assert not _found(told)
    assert "Made by an ordinary user" in told and "Not here: only root may list them" in told
    assert "Not here: it was not run: " in told, "nobody is asked for a password"
    assert "state: protected" in told
    assert "its addresses are known now" in told
    # a name that is not told cannot be found in the log
    profiles.write("private", WIFI.replace("[connection]", "[connection]\npermissions=user:root:;").replace(profiles.uuid_of("wifi"), profiles.uuid_of("private")))
    planted.manager.nmcli("connection", "reload")
    told = _report(planted, who=AS_PERSON)
    planted.manager.nmcli("connection", "delete", profiles.uuid_of("private"))
    assert "Not here: NetworkManager did not tell the names of all profiles" in told and "its addresses are known" not in told


def test_into_a_file(planted):
    path = Path("/tmp/report.txt")
    assert not _report(planted, "--output", str(path), who=AS_PERSON)
    assert path.read_text().startswith("Report of nm-killswitch ")
    again = planted.client.run([str(planted.product.command), "report", "--output", str(path)], check=False)
    assert again.returncode == 1 and "is there already" in " ".join(again.stdout.split())
    nowhere = planted.client.run([str(planted.product.command), "report", "--output", str(path / "x")], check=False)
    assert nowhere.returncode == 1 and "could not be written" in " ".join(nowhere.stdout.split())


def test_programs_that_hang_or_flood(planted):
    began = time.monotonic()
    with _instead_of("systemctl", "exec sleep 600"), _instead_of("journalctl", "exec yes canary"):
        told = _report(planted, "--full", who=AS_PERSON)
    assert time.monotonic() - began < 15
    assert "Not here: systemctl took more than 5 seconds" in told
    assert 1000 < told.count("canary\n") < 20000
    assert not planted.client.processes("yes") and not planted.client.processes("sleep")


def test_without_guard_and_bus(planted):
    """The last: what there is of it, and why the rest is not there."""
    planted.product.stop_guard()
    wait_product(lambda: not planted.product.guard_is_running, "the guard to end")
    told = _report(planted, who=["env", "DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere"])
    assert "What the kernel holds:\n" in told and "table inet nm_killswitch" in told
    assert told.count("Not here: The system bus cannot be reached") == 1
    assert not _found(told)
