# SPDX-License-Identifier: GPL-2.0-or-later
"""VPN servers known by name only, while every other question is blocked."""

import signal
import socket
import subprocess
import time

import pytest

from . import addresses as a
from . import profiles
from .probes import dns_question
from .router import say_names
from .waiting import wait_product

NAME = "vpn.names.test"
OTHER = "198.51.100.77"  # nobody answers there


def _ask_again(world):
    world.outside.kill("dnsmasq", signal.SIGHUP)


def _addresses(world):
    return {server["address"] for server in world.product.status()["servers"] if server["host"] == NAME}


def _frames_with(world, since, label):
    end = world.capture.fence()
    return [frame for frame in world.capture.since(since, end) if label.lower() in frame.data.lower()]


@pytest.fixture(scope="module")
def named(world):
    say_names(f"{a.SERVER[4]} {NAME}", f"{OTHER} {NAME}")
    _ask_again(world)
    profiles.write("named", profiles.vpn("named", profiles.tls(f"{NAME}:{a.SERVER_PORT}:udp4")))
    world.manager.nmcli("connection", "reload")
    world.product.install()
    world.product.start_guard()
    world.product.ctl("lock")
    yield world
    world.manager.all_down()
    world.product.ctl("unlock")


def test_addresses_are_learned_while_blocked(named):
    wait_product(lambda: {a.SERVER[4], OTHER} <= _addresses(named), "the name's addresses")


def test_connects_by_name_while_locked(named):
    say_names(f"{a.SERVER[4]} {NAME}")  # openvpn gives an address that is silent a whole minute
    _ask_again(named)
    named.manager.up("named")
    named.product.wait_state("protected")
    named.manager.down("named")
    named.product.wait_state("blocked")
    named.manager.up("named")  # again, with nothing but the name's question to go by
    named.manager.down("named")


def test_other_names_are_not_asked_for(named):
    named.product.wait_state("blocked")
    mark = named.capture.mark()
    result = named.client.run(["getent", "hosts", "evil.test"], check=False)
    assert result.returncode != 0
    assert not _frames_with(named, mark, b"\x04evil\x04test")
    named.product.ctl("unlock")  # the control: the same question is seen
    mark = named.capture.mark()
    named.client.run(["getent", "hosts", "evil.test"], check=False)
    named.product.ctl("lock")
    assert _frames_with(named, mark, b"\x04evil\x04test")


def test_attempts_count_as_one(named):
    """systemd-resolved asks for a refused name again by UDP and TCP, hundreds of times within a second."""
    named.product.wait_state("blocked")

    def refused() -> int:
        listed = named.client.run(["nft", "list", "counter", "inet", "nm_killswitch", "blocked_out"], stdout=subprocess.PIPE, text=True)
        return int(listed.stdout.split("packets")[1].split()[0])

    def count(port: int) -> tuple[int, float]:
        """And the seconds that it took."""
        before, begun = refused(), time.monotonic()
        for _ in range(24):
            with named.client.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
                with pytest.raises(PermissionError):
                    asker.sendto(dns_question(b"evil", 4), (a.ROUTER[4], port))
            with named.client.socket(socket.AF_INET, socket.SOCK_STREAM) as asker:
                with pytest.raises(ConnectionRefusedError):
                    asker.connect((a.ROUTER[4], port))
        return refused() - before, time.monotonic() - begun

    assert count(a.DNS_PORT + 1)[0] >= 48  # the control
    counted, seconds = count(a.DNS_PORT)
    assert 1 <= counted <= 7 + seconds  # one a second, and what else the machine asks meanwhile


def test_private_answer_is_not_believed(named):
    say_names(f"192.168.77.9 {NAME}")
    _ask_again(named)
    named.product.stop_guard()
    named.product.start_guard()

    def told():
        return [text for text in named.product.status()["warnings"] if "192.168.77.9" in text]

    wait_product(told, "the warning", 15)
    assert "192.168.77.9" not in _addresses(named)
    assert a.SERVER[4] in _addresses(named)  # from the disk


def test_private_answer_is_told_beside_the_server(named):
    """What is listed says so itself, for people and programs, where it is not let out."""
    say_names("192.168.77.9 new.known.test")
    _ask_again(named)
    profiles.write("new", profiles.vpn("new", profiles.tls(f"new.known.test:{a.SERVER_PORT}:udp4")))
    own = profiles.vpn("own", profiles.tls(f"{OTHER}:53:udp")).replace("autoconnect=false", "autoconnect=false\npermissions=user:root:;")
    profiles.write("own", own)
    named.manager.nmcli("connection", "reload")

    def told():
        return {server["name"]: server["not_let_out"] for server in named.product.status()["servers"]}

    wanted = {"new": "refused-address", "own": "name-server-port", "full": ""}
    wait_product(lambda: {name: told().get(name) for name in wanted} == wanted, f"it to be told: {wanted}", 15)
    listed = named.product.ctl("vpn", "list").stdout
    assert "not on the internet" in listed and "the port of a name server" in " ".join(listed.split())
