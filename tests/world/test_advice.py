# SPDX-License-Identifier: GPL-2.0-or-later
"""What the command line says to do is done, as it is written, where it is said (tests/advice.md)."""

import json
import os
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from . import addresses as a
from . import profiles
from .profiles import uuid_of
from .waiting import wait_product, wait_until

_VPNS = Path("/var/lib/nm-killswitch/vpns")
_SERVER = ("--server", f"{a.SERVER[4]}:{a.SERVER_PORT}/udp")


@pytest.fixture(scope="module")
def guarded(world):
    world.product.install()
    world.product.start_guard()
    world.manager.nmcli("connection", "delete", "static", "dead", "second", "split")
    wait_known(world, "full")
    return world


def wait_known(world, *names: str) -> None:
    """The guard hears of profiles after nmcli has its answer."""
    wait_product(lambda: [vpn["name"] for vpn in world.product.status()["vpns"]] == list(names), f"{names} to be known, and no other")


@pytest.fixture(autouse=True)
def open_again(guarded):
    yield
    guarded.manager.all_down()
    guarded.product.ctl("unlock")


def steps(world) -> list[str]:
    """The commands of the status; they stand apart."""
    return [line.strip() for line in world.product.ctl("status").stdout.splitlines() if line.startswith("      ") and line[6:7] != " "]


def _refused(world, *words: str, says: str) -> None:
    done = world.product.ctl(*words, check=False)
    assert done.returncode != 0 and says in " ".join(done.stdout.split()), done


def do(world, command: str):
    words = shlex.split(command.removeprefix("sudo "))
    if words[0] == "nm-killswitch":
        return world.product.ctl(*words[1:])
    assert words[0] == "nmcli", command
    return world.manager.nmcli("--wait", "40", *words[1:])


def test_connect_or_open(guarded):
    guarded.product.ctl("lock")
    assert guarded.product.wait_state("blocked")["reason"] == "no-vpn"
    connect, unlock = steps(guarded)
    do(guarded, connect)
    assert guarded.product.wait_state("protected")["tunnels"][0]["name"] == "full"
    guarded.manager.down("full")
    guarded.product.wait_state("blocked")
    do(guarded, unlock)
    lock = steps(guarded)[0]
    do(guarded, lock)
    assert guarded.product.status()["locked"]


def test_a_pause(guarded):
    guarded.product.ctl("lock")
    _refused(guarded, "pause", "9999999h", says="To open the lock: nm-killswitch unlock")
    guarded.product.ctl("pause", "1m")
    assert steps(guarded) == ["nm-killswitch resume"]
    do(guarded, steps(guarded)[0])
    assert guarded.product.status()["state"] == "blocked"
    do(guarded, "nm-killswitch unlock")
    assert not guarded.product.status()["locked"]


def test_networkmanager_is_away(guarded):
    guarded.product.ctl("lock")
    guarded.manager.stop()
    guarded.product.wait_reason("manager-away")
    assert steps(guarded)[0] == "systemctl start NetworkManager"
    shown = guarded.product.ctl("status").stdout
    assert shown.count("NetworkManager is not running") == 1, shown  # the reason, and no warning
    guarded.manager.start()  # which systemd does elsewhere
    guarded.manager.wait_ready()
    guarded.manager.wait_uplink()
    guarded.product.wait_reason("no-vpn", 20)
    guarded.manager.up("full")
    guarded.product.wait_state("protected")


def test_a_name_that_nobody_has(guarded):
    _refused(guarded, "vpn", "remove", "nobody", says="To see them: nm-killswitch vpn list")
    assert "full (openvpn)" in do(guarded, "nm-killswitch vpn list").stdout


def test_a_name_that_two_have(guarded):
    guarded.manager.nmcli("connection", "clone", "full", "twin")
    guarded.manager.nmcli("connection", "modify", "twin", "connection.id", "full")
    try:
        wait_known(guarded, "full", "full")
        _refused(guarded, "vpn", "set", "full", "--locks", "no", says="nm-killswitch vpn list --json")
        _refused(guarded, "export", "--format", "nft", "--vpn", "full", says="nm-killswitch vpn list --json")
        twins = json.loads(do(guarded, "nm-killswitch vpn list --json").stdout)["vpns"]
        exported = guarded.product.ctl("export", "--format", "nft", "--vpn", twins[0]["uuid"], "--interface", "tun0").stdout
        assert a.SERVER[4] in exported
        guarded.product.ctl("vpn", "set", twins[0]["uuid"], "--locks", "no")
        assert [vpn["locks"] for vpn in guarded.product.status()["vpns"] if vpn["uuid"] == twins[0]["uuid"]] == ["no"]
        guarded.product.ctl("vpn", "set", twins[0]["uuid"], "--locks", "auto")
    finally:
        newer = [line.split(":")[0] for line in guarded.manager.nmcli("-g", "UUID,NAME", "connection").stdout.splitlines()
                 if line.endswith(":full") and not line.startswith(uuid_of("full"))]  # fmt: skip
        guarded.manager.nmcli("connection", "delete", *newer)
        wait_known(guarded, "full")


def test_the_name_of_a_profile(guarded):
    _refused(guarded, "vpn", "add", "full", "--interface", "wg9", *_SERVER, says="nm-killswitch vpn set")
    guarded.product.ctl("vpn", "set", "full", *_SERVER)
    assert {server["source"] for server in guarded.product.status()["servers"]} == {"override"}
    _refused(guarded, "vpn", "remove", "full", says="nm-killswitch vpn set NAME --clear")
    guarded.product.ctl("vpn", "set", "full", "--clear")
    assert {server["source"] for server in guarded.product.status()["servers"]} == {"profile"}


def test_what_was_set_up_by_hand_cannot_be_read(guarded):
    guarded.product.stop_guard()
    _VPNS.write_text("[vpns]\nversion=99\n")
    guarded.product.start_guard()
    said = [text for text in guarded.product.status()["warnings"] if "cannot be read" in text]
    assert len(said) == 1 and said[0].endswith("Set it up again: nm-killswitch vpn add --help"), said
    assert "--interface" in do(guarded, said[0].rpartition(": ")[2]).stdout
    guarded.product.ctl("vpn", "add", "Again", "--interface", "wg9", *_SERVER)
    assert not [text for text in guarded.product.status()["warnings"] if "cannot be read" in text]
    guarded.product.ctl("vpn", "remove", "Again")


def test_a_profile_is_removed_by_networkmanager(guarded):
    guarded.manager.nmcli("connection", "clone", "full", "old")
    wait_product(lambda: "old" in str(guarded.product.status()["vpns"]), "the profile")
    _refused(guarded, "vpn", "remove", "old", says="nmcli connection delete")
    do(guarded, "nmcli connection delete old")
    wait_product(lambda: "old" not in str(guarded.product.status()["vpns"]), "it to be gone")


def test_more_servers_than_status_lists(guarded):
    servers = [f"203.0.113.{number}:{a.SERVER_PORT}/udp" for number in range(1, 21)]
    guarded.product.ctl("vpn", "set", "full", *(word for server in servers for word in ("--server", server)))
    try:
        shown = guarded.product.ctl("status").stdout
        assert "and 8 more: nm-killswitch vpn list" in shown and "203.0.113.20" not in shown
        assert "203.0.113.20" in do(guarded, "nm-killswitch vpn list").stdout
    finally:
        guarded.product.ctl("vpn", "set", "full", "--clear")


def test_more_servers_than_the_list_holds(guarded):
    """Four megabytes of it: profiles as large as they may be, with names as long as they may be."""
    names = [f"{number:0250}" for number in range(12)]
    for number, name in enumerate(names):
        remotes = ", ".join(f"5.{number}.{host // 250}.{host % 250 + 1}:{a.SERVER_PORT}:udp" for host in range(1024))
        profiles.write(f"large{number}", profiles.vpn(name, {"connection-type": "tls", "remote": remotes}))
    guarded.manager.nmcli("connection", "reload")
    try:
        warned = wait_product(lambda: [text for text in guarded.product.status()["warnings"] if "list can hold" in text], "it to be said", 20)
        assert warned[0].endswith("too: nm-killswitch rules."), warned
        guarded.product.ctl("lock")
        listed = {server["address"] for server in guarded.product.status()["servers"]}
        last = {f"5.{number}.4.24" for number in range(12)}
        assert last - listed, "the control: the list does not have all of them"
        held = do(guarded, warned[0].rpartition(": ")[2].rstrip(".")).stdout
        assert not [address for address in last if f"{address} . udp . {a.SERVER_PORT}" not in held]
    finally:
        guarded.manager.nmcli("connection", "delete", *(uuid_of(name) for name in names))
        wait_known(guarded, "full")


def test_servers_without_a_guard(guarded):
    guarded.product.ctl("lock")
    guarded.product.stop_guard(signal.SIGKILL)
    try:
        shown = guarded.product.ctl("status").stdout
        assert "as the kernel holds them: nm-killswitch rules" in shown and a.SERVER[4] not in shown
        assert f"{a.SERVER[4]} . udp . {a.SERVER_PORT}" in do(guarded, "nm-killswitch rules").stdout
    finally:
        guarded.product.start_guard()


def test_a_type_that_is_not_known(guarded):
    """Its servers are not guessed: they are told, and then let out."""
    text = profiles.vpn("odd", {"somewhere": a.SERVER[4]}).replace("NetworkManager.openvpn", "NetworkManager.odd")
    profiles.write("odd", text)
    guarded.manager.nmcli("connection", "reload")
    try:
        told = wait_product(lambda: [text for text in guarded.product.status()["warnings"] if "odd" in text], "what it says of the type")
        assert '"nm-killswitch vpn set"' in told[0]
        _refused(guarded, "export", "--format", "nft", "--vpn", "odd", "--interface", "odd0", says="nm-killswitch vpn set NAME --server")
        guarded.product.ctl("vpn", "set", "odd", *_SERVER)
        assert [server["not_let_out"] for server in guarded.product.status()["servers"] if server["name"] == "odd"] == [""]
        assert a.SERVER[4] in guarded.product.ctl("export", "--format", "nft", "--vpn", "odd", "--interface", "odd0").stdout
        guarded.product.ctl("vpn", "set", "odd", "--clear")
    finally:
        guarded.manager.nmcli("connection", "delete", "odd")
        wait_known(guarded, "full")


def test_opening_is_forbidden(guarded):
    """By the administrator, for all but root on a terminal."""
    file = Path("/etc/nm-killswitch/conf.d/allow.conf")
    file.parent.mkdir(parents=True, exist_ok=True)
    call = ["busctl", "call", "io.github.nmkillswitch", "/io/github/nmkillswitch", "io.github.nmkillswitch.Guard1", "Unlock"]
    file.write_text("[allow]\nunlock=no\n")
    os.kill(guarded.product.guard_pid, signal.SIGHUP)

    def is_forbidden() -> str:
        guarded.product.ctl("lock")
        done = guarded.client.run(call, check=False, stderr=subprocess.STDOUT)
        return "allow.conf" in done.stdout and done.stdout

    try:
        said = wait_until(is_forbidden, "it to be forbidden")
        assert "sudo nm-killswitch unlock" in said and guarded.product.status()["locked"]
        do(guarded, "sudo nm-killswitch unlock")
        assert not guarded.product.status()["locked"]
    finally:
        file.unlink()
        os.kill(guarded.product.guard_pid, signal.SIGHUP)


def test_no_vpn_to_export(guarded):
    guarded.manager.nmcli("connection", "delete", "full")
    wait_product(lambda: not guarded.product.status()["vpns"], "none to be known")
    _refused(guarded, "export", "--format", "nft", says="To set one up: nm-killswitch vpn add --help")
    assert "--interface" in do(guarded, "nm-killswitch vpn add --help").stdout
    guarded.product.ctl("vpn", "add", "Mine", "--interface", "wg9", *_SERVER)
    assert a.SERVER[4] in guarded.product.ctl("export", "--format", "nft").stdout
    guarded.product.ctl("vpn", "remove", "Mine")
