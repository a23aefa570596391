# SPDX-License-Identifier: GPL-2.0-or-later
"""An overlay network (Tailscale and the like) beside the VPN: let out by somebody who may, inside the VPN's
tunnel or to servers of its own, and never taken for a VPN."""

import json
import socket

import pytest

from . import addresses as a
from . import overlay, questions
from .kernel import set_thread_fsuid
from .matrix import Matrix
from .network import log_of
from .waiting import wait_product

_ADD = ("vpn", "add", "Tailscale", "--interface", overlay.NAME)
_PERSON = 1000
_SERVER = ("--server", f"{a.WEB[4]}:{a.ECHO_PORT}/udp")


@pytest.fixture(autouse=True)
def open_again(guarded):
    yield
    guarded.manager.all_down()
    guarded.product.ctl("vpn", "remove", "Tailscale", check=False)
    guarded.product.ctl("unlock")
    guarded.product.ctl("auto", "on")


@pytest.fixture
def matrix(guarded):
    found = Matrix(guarded)
    yield found
    found.close_probes()


def _seen(world, mark, text) -> bool:
    return any(text in frame.data for frame in world.capture.since(mark, world.capture.fence()))


def _up(world) -> None:
    world.manager.up("full")
    world.product.wait_state("protected")


def test_inside_the_tunnel(guarded, matrix):
    """Its packets take the VPN; without one it does not work, and it is no protection."""
    product = guarded.product
    with overlay.running(guarded, log_of) as program:
        mark = guarded.capture.fence()
        text = program.send()
        assert program.answer(text) in guarded.client.addresses(a.UPLINK)
        assert _seen(guarded, mark, text), "the control, unlocked: its packets were not seen outside"
        matrix.require_unlocked(matrix.measure("unlocked (control)", locked=False))

        _up(guarded)
        with pytest.raises(PermissionError):  # the control: it is not let out by itself
            program.send()
        product.ctl(*_ADD, "--overlay")
        wait_product(lambda: product.status()["overlays"], "it to be let out")
        mark = guarded.capture.fence()
        text = program.send()
        assert program.answer(text) in guarded.client.addresses(a.TUNNEL)
        assert not _seen(guarded, mark, text)
        matrix.require_closed(matrix.measure("beside the VPN", locked=True, connected=True))
        matrix.require_tunnel()
        status = product.status()
        assert (status["state"], status["reason"]) == ("protected", "")
        assert [tunnel["interface"] for tunnel in status["tunnels"]] == [a.TUNNEL]
        assert [(it["name"], it["interface"]) for it in status["overlays"]] == [("Tailscale", overlay.NAME)]
        assert "except through the VPN and 1 overlay network." in " ".join(product.ctl("status").stdout.split())

        guarded.manager.down("full")
        product.wait_reason("overlay-only")
        status = product.status()
        assert (status["state"], status["reason_vpn"], status["tunnels"]) == ("blocked", "Tailscale", [])
        assert "“Tailscale”" in product.ctl("status").stdout and "nmcli connection up" in product.ctl("status").stdout
        mark = guarded.capture.fence()
        text = program.send()
        assert program.answer(text) == "Operation not permitted"
        assert not _seen(guarded, mark, text)
        matrix.require_closed(matrix.measure("the overlay alone", locked=True))
        with pytest.raises(questions.NoAnswer):
            questions.my_address(guarded.client, 4, 1)
        _up(guarded)  # as it says
        text = program.send()
        assert program.answer(text) in guarded.client.addresses(a.TUNNEL)


def test_it_is_listed_and_outlasts_the_guard(guarded):
    product = guarded.product
    product.ctl(*_ADD, "--overlay")
    product.ctl("lock")
    with overlay.running(guarded, log_of) as program:
        wait_product(lambda: product.status()["overlays"], "it to be let out")
        product.stop_guard()
        alone = product.status()  # of the rescue
        assert (alone["state"], alone["verified"], alone["tunnels"]) == ("blocked", True, [])
        product.start_guard()
        assert product.wait_state("blocked")["overlays"]
        program.send()
        vpns = json.loads(product.ctl("vpn", "list", "--json").stdout)["vpns"]
        assert [(vpn["overlay"], vpn["interface"], vpn["servers"]) for vpn in vpns if vpn["name"] == "Tailscale"] == [
            (True, overlay.NAME, [])
        ]
        assert f"Tailscale (overlay network), let out on {overlay.NAME}" in product.ctl("vpn", "list").stdout
        product.ctl("vpn", "remove", "Tailscale")
        with pytest.raises(PermissionError):
            program.send()


def _to_its_server(uid: int) -> None:
    set_thread_fsuid(uid)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.sendto(b"x", (a.WEB[4], a.ECHO_PORT))


def test_servers_of_its_own(guarded):
    """Its program reaches these without the VPN; people's programs do not."""
    product = guarded.product
    product.ctl("lock")
    with overlay.running(guarded, log_of) as program:
        product.ctl(*_ADD, "--overlay")
        wait_product(lambda: product.status()["overlays"], "it to be let out")
        text = program.send()
        assert program.answer(text) == "Operation not permitted"  # the control
        product.ctl("vpn", "remove", "Tailscale")
        product.ctl(*_ADD, "--overlay", *_SERVER)
        wait_product(lambda: product.status()["overlays"], "it to be let out again")
        text = program.send()
        assert program.answer(text) in guarded.client.addresses(a.UPLINK)
        assert [(s["name"], s["address"], s["not_let_out"]) for s in product.status()["servers"] if s["source"] == "manual"] == [
            ("Tailscale", a.WEB[4], "")
        ]
        assert product.status()["state"] == "blocked"
        guarded.client.call(_to_its_server, 0)  # the control
        with pytest.raises(PermissionError):
            guarded.client.call(_to_its_server, _PERSON)
        product.ctl("vpn", "set", "Tailscale", "--clear")
        text = program.send()
        assert program.answer(text) == "Operation not permitted"


def test_it_never_locks(guarded):
    """Not even where it carries all traffic; the control is a VPN on the same interface."""
    product = guarded.product
    product.ctl(*_ADD, "--overlay")
    with overlay.running(guarded, log_of, full=True):
        wait_product(lambda: product.status()["overlays"], "it to be let out")
        guarded.manager.nmcli("general", "reload")
        assert (product.status()["state"], product.status()["tunnels"]) == ("unlocked", [])
        product.ctl("lock")
        assert product.wait_state("blocked")["carries"] == {"ipv4": "none", "ipv6": "none"}
    refused = product.ctl("vpn", "set", "Tailscale", "--locks", "yes", check=False)
    assert refused.returncode == 1 and "never closes the lock" in refused.stdout
    product.ctl("vpn", "remove", "Tailscale")
    product.ctl("unlock")
    product.ctl(*_ADD, *_SERVER)
    with overlay.running(guarded, log_of, full=True):
        product.wait_state("protected")


@pytest.mark.parametrize(
    ("first", "second"), [(("--overlay",), _SERVER), (_SERVER, ("--overlay",))], ids=("a VPN after it", "it after a VPN")
)
def test_no_interface_is_both(guarded, first, second):
    product = guarded.product
    product.ctl(*_ADD, *first)
    other = product.ctl("vpn", "add", "Other", "--interface", overlay.NAME, *second, check=False)
    assert other.returncode == 1 and "cannot be both" in " ".join(other.stdout.split())
    product.ctl("vpn", "remove", "Tailscale")  # as it says
    product.ctl("vpn", "add", "Tailscale", "--interface", overlay.NAME, *second)


def test_an_uplink_is_no_overlay(guarded, matrix):
    product = guarded.product
    product.ctl("vpn", "add", "Tailscale", "--interface", a.UPLINK, "--overlay")
    product.ctl("lock")
    product.wait_state("blocked")
    matrix.require_closed(matrix.measure("an uplink set up as an overlay", locked=True))
    assert product.status()["overlays"] == []
