# SPDX-License-Identifier: GPL-2.0-or-later
"""Profiles of people without rights: what they may not do, whatever they write into them. ivan is in no group,
and his session is not the active one."""

import shutil
from pathlib import Path

import pytest

from . import addresses as a
from . import profiles
from .people import People
from .strangers import Stranger, plugin, profile
from .waiting import wait_until

UUID = "aaaaaaaa-0000-0000-0000-000000000001"
_PLUGIN = Path("/run/world/bin/ipsec_plugin.py")
_PLUGIN_NAME = Path("/etc/NetworkManager/VPN/nm-libreswan-service.name")
_PLUGIN_POLICY = Path("/etc/dbus-1/system.d/world-libreswan.conf")
_HEARD = Path("/run/world/heard")
_LAST_HOOK = Path("/etc/NetworkManager/dispatcher.d/99-heard")  # runs when ours has
_POLICY = ["src", "192.0.2.1/32", "dst", "0.0.0.0/0", "dir", "out"]


@pytest.fixture(scope="module")
def guarded(world):
    _PLUGIN_NAME.parent.mkdir(exist_ok=True)
    _PLUGIN_NAME.write_text("[VPN Connection]\nname=libreswan\nservice=org.freedesktop.NetworkManager.libreswan\nprogram=/bin/false\n")
    _PLUGIN_POLICY.write_text(
        '<busconfig><policy user="root"><allow own="org.freedesktop.NetworkManager.libreswan"/>'
        '<allow send_destination="org.freedesktop.NetworkManager.libreswan"/></policy></busconfig>'
    )
    _HEARD.touch()
    _LAST_HOOK.write_text(f'#!/bin/sh\necho "$1 $2" >> {_HEARD}\n')
    _LAST_HOOK.chmod(0o755)
    world.manager.restart()
    world.product.install()
    world.product.start_guard()
    world.manager.wait_uplink()
    return world


@pytest.fixture(scope="module")
def people(guarded):
    people = People(guarded.client)
    try:
        yield people
    finally:
        people.close()


@pytest.fixture(autouse=True)
def closed(guarded):
    guarded.product.ctl("lock")
    guarded.product.wait_state("blocked")
    yield
    guarded.manager.all_down()


def _open_servers(world) -> str:
    listed = ""
    for name in ("servers4", "protocols4"):
        listed += world.client.run(["nft", "list", "map", "inet", "nm_killswitch", name]).stdout
    return listed


def _is_active(world, name: str) -> bool:
    return world.manager.state_of(name) == "activated"


_VPN_SETTINGS = {
    "libreswan": plugin("libreswan", right=a.WEB[4]),
    "openconnect": plugin("openconnect", gateway=f"{a.WEB[4]}:80", protocol="anyconnect"),
}
_LINKS = {
    "bridge": {"bridge": {"stp": False}},
    "802-3-ethernet": {"802-3-ethernet": {}},
}


@pytest.mark.parametrize("service", _VPN_SETTINGS)
@pytest.mark.parametrize("kind", _LINKS)
def test_a_profile_that_is_no_vpn_opens_nothing(guarded, people, kind, service):
    """Any profile may have a "vpn" setting in it."""
    ivan = Stranger(people.ivan)
    by_hand = [{"address": "192.0.2.177", "prefix": 32}]  # a bridge without ports gets no others
    addresses = {"ipv4": {"method": "manual", "address-data": by_hand}, "ipv6": {"method": "disabled"}}
    if kind != "bridge":  # which NetworkManager makes itself
        guarded.client.ip("link add stray0 type veth peer name stray1", "link set stray1 up", "link set stray0 up")
    wrong = profile("ivan", UUID, "My VPN", kind, connection={"interface-name": "stray0"}, vpn=_VPN_SETTINGS[service], **_LINKS[kind], **addresses)
    path = ivan.add(wrong)
    try:
        wait_until(lambda: ivan.activate(path).ok, "NetworkManager to know the link")
        wait_until(lambda: _is_active(guarded, "My VPN"), "NetworkManager to call it activated", 20)
        guarded.product.ctl("lock")  # an answer of the guard's after what it heard
        status = guarded.product.wait_state("blocked")
        assert status["verified"] and not status["tunnels"]
        assert UUID not in {vpn["uuid"] for vpn in status["vpns"]}
        assert a.WEB[4] not in _open_servers(guarded)
    finally:
        ivan.delete(path)
        guarded.client.run(["ip", "link", "del", "stray0"], check=False)
    # a real one is shown, and its server is open
    guarded.manager.up("full")
    assert {t["name"] for t in guarded.product.wait_state("protected")["tunnels"]} == {"full"}
    assert a.SERVER[4] in _open_servers(guarded)


def test_ipsec_that_the_kernel_does_not_know_protects_nothing(guarded):
    """NetworkManager says that it is up: so it does when its daemon has died, or has lied."""
    shutil.copy(Path(__file__).with_name(_PLUGIN.name), _PLUGIN)
    guarded.client.run(["busctl", "call", "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "ReloadConfig"])
    program = guarded.client.daemon("ipsec_plugin", ["/usr/bin/python3", str(_PLUGIN)])
    template = ["tmpl", "src", "192.0.2.1", "dst", a.DEAD_SERVER, "proto", "esp", "mode", "tunnel"]
    text = profiles.vpn("office", {"right": a.DEAD_SERVER}, never_default=True).replace("openvpn", "libreswan")
    profiles.write("office", text)
    guarded.manager.nmcli("connection", "reload")
    try:
        guarded.manager.nmcli("--wait", "20", "connection", "up", "office")
        assert _is_active(guarded, "office")
        status = guarded.product.status()
        assert (status["state"], status["tunnels"]) == ("blocked", [])
        elsewhere = [word if word != a.DEAD_SERVER else a.WEB[4] for word in template]
        guarded.client.run(["ip", "xfrm", "policy", "add", *_POLICY, *elsewhere])
        assert guarded.product.status()["state"] == "blocked"
        guarded.client.run(["ip", "xfrm", "policy", "update", *_POLICY, *template])
        assert [t["name"] for t in guarded.product.wait_state("protected", 3)["tunnels"]] == ["office"]
        guarded.client.run(["ip", "xfrm", "policy", "flush"])
        guarded.product.wait_state("blocked", 3)
        assert _is_active(guarded, "office")
    finally:
        guarded.client.run(["ip", "xfrm", "policy", "flush"])
        guarded.manager.nmcli("connection", "delete", "office", check=False)
        program.kill()


@pytest.fixture()
def by_hand(guarded):
    """A VPN that NetworkManager does not run; its UUID, which anybody can read."""
    guarded.product.ctl("vpn", "add", "Home", "--interface", "home0", "--server", f"{a.DEAD_SERVER}:5000/udp")
    try:
        with guarded.client.tun("home0"):
            guarded.client.ip("link set home0 up")
            guarded.product.wait_state("protected")
            yield next(vpn["uuid"] for vpn in guarded.product.status()["vpns"] if vpn["name"] == "Home")
    finally:
        guarded.product.ctl("vpn", "remove", "Home")


def test_a_vpn_set_up_by_hand_is_not_closed_by_a_profile_with_its_uuid(guarded, people, by_hand):
    ivan = Stranger(people.ivan)
    path = ivan.add(profile("ivan", by_hand, "plain", "bridge", connection={"interface-name": "br8"}, ipv4={"method": "link-local"}))
    assert ivan.activate(path).ok
    wait_until(lambda: guarded.client.has_link("br8"), "its bridge")
    assert ivan.delete(path).ok
    wait_until(lambda: not guarded.client.has_link("br8"), "its bridge to go")
    wait_until(lambda: "br8 down" in _HEARD.read_text(), "the hook to have told the guard")
    assert guarded.product.status()["state"] == "protected"
    guarded.product.ctl("lock")  # it looks again
    assert [t["name"] for t in guarded.product.status()["tunnels"]] == ["Home"]
    guarded.client.ip("link set home0 down")  # the test can see it close
    guarded.product.wait_state("blocked")
    guarded.client.ip("link set home0 up")
    guarded.product.wait_state("protected")


def test_a_vpn_set_up_by_hand_stands_beside_a_vpn_with_its_uuid(guarded, by_hand):
    text = profiles.vpn("clash", profiles.tls(f"{a.SERVER[4]}:{a.SERVER_PORT}:udp"), never_default=True)
    profiles.write("clash", text.replace(profiles.uuid_of("clash"), by_hand))
    guarded.manager.nmcli("connection", "reload")
    try:
        guarded.manager.up("clash")
        both = wait_until(lambda: len(guarded.product.status()["tunnels"]) == 2 and guarded.product.status(), "both tunnels")
        assert {t["name"] for t in both["tunnels"]} == {"Home", "clash"}
        guarded.manager.down("clash")
        wait_until(lambda: [t["name"] for t in guarded.product.status()["tunnels"]] == ["Home"], "the one by hand to stay")
    finally:
        guarded.manager.nmcli("connection", "delete", "clash", check=False)
