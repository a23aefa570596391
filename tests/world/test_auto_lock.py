# SPDX-License-Identifier: GPL-2.0-or-later
"""Which VPNs close the lock by themselves, and that no event opens it again."""

import os
import signal
from pathlib import Path

import pytest

from . import addresses as a
from . import questions
from .matrix import Matrix
from .waiting import wait_product, wait_until


@pytest.fixture
def fresh(guarded):
    """Unlocked, auto-lock on, LAN access off, no VPN: as after installation."""
    product = guarded.product
    product.ctl("unlock")
    product.ctl("mode", "vpn")
    product.ctl("lan", "off")
    assert not product.status()["locked"]
    yield guarded
    guarded.manager.all_down()


@pytest.fixture
def matrix(fresh):
    found = Matrix(fresh)
    yield found
    found.close_probes()


def _closed(world, matrix, name):
    status = world.product.wait_state("blocked")
    assert status["locked"], status
    matrix.require_closed(matrix.measure(name, locked=True))
    matrix.require_unreachable()


def _answers_in_tunnel(world):
    """The VPN server's own address inside the tunnel: on the way of a split tunnel, too."""
    inside = a.TUNNEL_NET[4].replace("128/25", "129")
    return world.client.run(["ping", "-n", "-c3", "-W2", inside], check=False).returncode == 0


def test_a_full_tunnel_locks(fresh, matrix):
    assert fresh.product.status()["auto_lock"]
    fresh.manager.up("full")
    assert fresh.product.wait_state("protected")["locked"]
    matrix.require_closed(matrix.measure("locked by the VPN", locked=True, connected=True))
    matrix.require_tunnel()


ENDS = ("nmcli connection down", "openvpn killed", "tunnel deleted")


def _end_vpn(fresh, end):
    if end == "nmcli connection down":
        fresh.manager.down("full")
    elif end == "openvpn killed":
        fresh.client.kill("openvpn")
    else:
        fresh.client.ip(f"link del {a.TUNNEL}")
    wait_until(lambda: not fresh.client.has_link(a.TUNNEL), "the tunnel to be gone")


@pytest.mark.parametrize("end", ENDS)
def test_the_lock_stays_however_the_vpn_ends(fresh, matrix, end):
    fresh.manager.up("full")
    fresh.product.wait_state("protected")
    _end_vpn(fresh, end)
    _closed(fresh, matrix, end)


def _disconnect(fresh, *arguments):
    """Ours. Returns once NetworkManager has done it."""
    fresh.product.ctl("disconnect", *arguments)
    wait_until(lambda: not fresh.client.has_link(a.TUNNEL), "the tunnel to be gone")


def test_only_against_drops(fresh, matrix):
    """Only a person who disconnects it with this program opens the lock."""
    fresh.product.ctl("mode", "drops")
    for end in ENDS:
        fresh.manager.up("full")
        assert fresh.product.wait_state("protected")["locked"]
        _end_vpn(fresh, end)
        _closed(fresh, matrix, f"{end}, only against drops")
        fresh.manager.nmcli("connection", "down", "full", check=False)  # it may not know yet
    assert "unlock" in fresh.product.ctl("status").stdout
    fresh.manager.up("full")
    fresh.product.wait_state("protected")
    assert fresh.product.ctl("disconnect", "split", check=False).returncode == 1, "it is not connected"
    _disconnect(fresh)
    assert fresh.product.wait_state("unlocked")["mode"] == "drops"
    matrix.require_unlocked(matrix.measure("disconnected by a person, only against drops", locked=False))
    fresh.manager.up("full")
    assert fresh.product.wait_state("protected")["locked"], "the next one closes it again"
    fresh.manager.down("full")
    fresh.manager.up("split")
    _disconnect(fresh, "split")
    _closed(fresh, matrix, "what never closed it is disconnected, only against drops")
    fresh.product.ctl("disconnect")
    assert not fresh.product.status()["locked"], "what dropped is not wanted any more"
    assert fresh.product.ctl("disconnect", check=False).returncode == 1, "nothing is left to be done"


@pytest.fixture
def any_counts(fresh):
    """The administrator says that any disconnect unlocks; read once status has the longest pause beside it."""
    file = Path("/etc/nm-killswitch/conf.d/any.conf")

    def write(text: str, pause_max: int) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        os.kill(fresh.product.guard_pid, signal.SIGHUP)
        wait_product(lambda: fresh.product.status()["pause_max"] == pause_max, "the configuration to be read")

    write("[lock]\nany-disconnect-unlocks=true\n[pause]\nmax=61\n", 61)
    fresh.product.ctl("mode", "drops")
    yield fresh
    write("", 3600)
    file.unlink()


def _lock_by_vpn(fresh):
    fresh.manager.up("full")
    assert fresh.product.wait_state("protected")["locked"]


def test_the_administrator_lets_any_disconnect_count(any_counts, matrix):
    """Without that: test_only_against_drops. What is no person's wish leaves it closed, and so does a refusal."""
    fresh = any_counts
    for end in ENDS[1:]:
        _lock_by_vpn(fresh)
        _end_vpn(fresh, end)
        _closed(fresh, matrix, f"{end}, any disconnect counts")
        fresh.manager.all_down()
        fresh.product.ctl("lock")  # openvpn outlives its tunnel for a while, and then that was a disconnect
    _lock_by_vpn(fresh)
    fresh.manager.up("second")
    fresh.manager.nmcli("connection", "down", "second")
    assert fresh.product.status()["locked"], "the other is up"
    fresh.manager.down("full")
    assert fresh.product.wait_state("unlocked")["mode"] == "drops"
    matrix.require_unlocked(matrix.measure("nmcli connection down, any disconnect counts", locked=False))


def test_the_end_of_a_profile_or_of_networkmanager_is_no_disconnect(any_counts, matrix):
    fresh = any_counts
    fresh.manager.nmcli("connection", "clone", "full", "short")
    fresh.manager.up("short")
    assert fresh.product.wait_state("protected")["locked"]
    fresh.manager.nmcli("connection", "delete", "short")
    wait_until(lambda: not fresh.client.has_link(a.TUNNEL), "the tunnel to be gone")
    _closed(fresh, matrix, "profile deleted, any disconnect counts")
    _lock_by_vpn(fresh)
    fresh.manager.restart()
    assert fresh.product.status()["locked"]


def test_networkmanager_does_not_disconnect(fresh, matrix):
    """The lock opens with the request, and closes again when it is not taken: here NetworkManager ends before it."""
    fresh.product.ctl("mode", "drops")
    _lock_by_vpn(fresh)
    [manager] = fresh.client.processes("NetworkManager")
    os.kill(manager, signal.SIGSTOP)
    fresh.product.ctl("disconnect")
    assert not fresh.product.status()["locked"]
    fresh.manager.restart(signal.SIGKILL)
    assert wait_product(lambda: fresh.product.status()["locked"], "the lock to close again")
    matrix.require_closed(matrix.measure("a disconnect that was not taken", locked=True))


def test_disconnecting_opens_in_no_other_mode_and_beside_no_other_vpn(fresh, matrix):
    fresh.manager.up("full")
    fresh.product.wait_state("protected")
    _disconnect(fresh, "full")
    _closed(fresh, matrix, "disconnected by a person, when a VPN is on")
    fresh.product.ctl("mode", "drops")
    fresh.manager.up("full")
    fresh.manager.up("second")
    fresh.product.wait_state("protected")
    fresh.product.ctl("disconnect", "second")
    wait_until(lambda: fresh.manager.state_of("second") != "activated", "the second to be gone")
    assert fresh.product.status()["locked"], "the other is up"
    fresh.product.ctl("always-on", "second")
    _disconnect(fresh)
    assert not fresh.product.status()["locked"]
    wait_product(lambda: fresh.product.status()["always_on"]["reason"] == "disconnected", "it to be told as disconnected")
    fresh.product.ctl("always-on", "off")


def test_always(fresh, matrix):
    """It closes at once; an unlock holds over the guard's end and the next VPN. The next boot is in boot/test_state.py."""
    fresh.product.ctl("mode", "always")
    assert fresh.product.status()["locked"]
    _closed(fresh, matrix, "always")
    assert fresh.product.ctl("auto", "on", check=False).returncode == 1
    fresh.product.ctl("unlock")
    fresh.product.stop_guard(signal.SIGKILL)
    fresh.product.start_guard()
    status = fresh.product.status()
    assert status["mode"] == "always" and not status["locked"] and not status["auto_lock"], status
    fresh.manager.up("full")
    assert not fresh.product.status()["locked"]
    fresh.product.ctl("mode", "always")
    assert fresh.product.wait_state("protected")["locked"], "said again, it closes"
    fresh.product.ctl("pause", "5m")
    fresh.product.ctl("mode", "always")
    assert fresh.product.wait_state("protected")["locked"], "it ends a pause"
    fresh.product.ctl("mode", "off")
    assert fresh.product.status()["locked"], "no mode opens"
    fresh.product.ctl("pause", "5m")
    fresh.product.ctl("mode", "always")
    assert fresh.product.status()["state"] == "protected", "chosen during one, too"
    fresh.product.ctl("mode", "vpn")


def test_unlocked_without_a_guard_that_knows_of_always(fresh):
    """Laid down by a file that no guard has read: root's unlock holds over the next guard's start."""
    file = Path("/etc/nm-killswitch/conf.d/always.conf")
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh.product.stop_guard()
    try:
        file.write_text("[lock]\nmode=always\n")
        fresh.product.ctl("unlock")
        fresh.product.start_guard()
        status = fresh.product.status()
        assert status["mode"] == "always" and not status["locked"], status
    finally:
        file.unlink()
        fresh.product.stop_guard()
        fresh.product.start_guard()
    fresh.product.ctl("mode", "vpn")


def test_a_tunnel_is_gone_and_networkmanager_does_not_know(fresh, matrix):
    """As when the kernel's own tunnel of an OpenVPN 2.7 is deleted: openvpn lives on and says nothing. Here
    it is stopped meanwhile. What is said to do helps."""
    fresh.manager.up("full")
    fresh.product.wait_state("protected")
    [openvpn] = fresh.client.processes("openvpn")
    os.kill(openvpn, signal.SIGSTOP)
    fresh.client.ip(f"link del {a.TUNNEL}")
    fresh.product.wait_reason("tunnel-gone")
    assert fresh.manager.state_of("full") == "activated"
    said = fresh.product.ctl("status").stdout
    assert "“full” is connected, but it has no tunnel" in said and "nmcli connection down full" in said, said
    _closed(fresh, matrix, "a tunnel that is gone")
    fresh.manager.nmcli("connection", "down", "full")
    fresh.manager.up("full")
    assert fresh.product.wait_state("protected")["reason"] == ""


def test_a_vpn_without_ipv6_locks_ipv6_too(fresh, matrix):
    fresh.manager.up("second")
    fresh.product.wait_state("protected")
    assert questions.my_address(fresh.client, 4) == a.SECOND_CLIENT
    with pytest.raises(questions.NoAnswer):
        questions.my_address(fresh.client, 6, 1)
    matrix.require_closed(matrix.measure("IPv4-only VPN", locked=True))


def test_a_split_tunnel_does_not_lock(fresh, matrix):
    fresh.manager.up("split")
    # the hook has been run when nmcli returns, but an answer from the guard proves it is idle
    assert not fresh.product.status()["locked"]
    matrix.require_unlocked(matrix.measure("split tunnel", locked=False))
    assert _answers_in_tunnel(fresh)


def test_a_split_tunnel_is_let_through_while_locked(fresh, matrix):
    fresh.product.ctl("lock")
    assert not _answers_in_tunnel(fresh), "there must be no way there without the VPN"
    fresh.manager.up("split")
    fresh.product.wait_state("protected")
    assert _answers_in_tunnel(fresh)
    matrix.require_closed(matrix.measure("split tunnel, locked", locked=True))


def test_a_vpn_that_never_connects_does_not_lock(fresh, matrix):
    mark = fresh.capture.mark()
    fresh.manager.begin("dead")
    fresh.capture.wait_for(lambda f: f.purpose == "server", "an attempt", mark)
    fresh.manager.down("dead")
    assert not fresh.product.status()["locked"]
    matrix.require_unlocked(matrix.measure("dead VPN", locked=False))


def test_auto_lock_can_be_switched_off(fresh, matrix):
    fresh.product.ctl("auto", "off")
    fresh.manager.up("full")
    assert not fresh.product.status()["locked"]
    fresh.manager.down("full")
    matrix.require_unlocked(matrix.measure("auto-lock off", locked=False))


def test_an_unlock_holds_until_a_vpn_comes_up_anew(fresh, matrix):
    fresh.manager.up("full")
    fresh.product.wait_state("protected")
    fresh.product.ctl("unlock")
    assert not fresh.product.status()["locked"]
    fresh.manager.down("full")
    matrix.require_unlocked(matrix.measure("unlocked by a person", locked=False))
    fresh.manager.up("full")
    assert fresh.product.wait_state("protected")["locked"]


def test_the_guard_started_late_finds_the_vpn(fresh, matrix):
    fresh.product.ctl("lock")
    fresh.product.stop_guard()
    fresh.manager.up("full")  # the lock lets the server through with nobody there
    fresh.product.start_guard()
    fresh.product.wait_state("protected")
    matrix.require_tunnel()
    matrix.require_closed(matrix.measure("guard started late", locked=True, connected=True))
