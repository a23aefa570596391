# SPDX-License-Identifier: GPL-2.0-or-later
"""A resolver that insists on what does not leave while locked is named in the status, with the way out."""

import socket
from contextlib import contextmanager
from pathlib import Path

import pytest

from . import addresses as a
from . import profiles
from .network import log_of
from .waiting import wait_product, wait_until

_POLICY = Path("/etc/dbus-1/system.d/fake-resolved.conf")
_BUS = ["org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus"]
_MANAGER = ("/org/freedesktop/resolve1", "org.freedesktop.resolve1.Manager")
_LINK = "org.freedesktop.resolve1.Link"


@pytest.fixture(scope="module")
def product(world):
    _POLICY.write_text(
        "<busconfig><policy user='root'><allow own='org.freedesktop.resolve1'/></policy>"
        "<policy context='default'><allow send_destination='org.freedesktop.resolve1'/></policy></busconfig>"
    )
    world.client.run(["busctl", "call", *_BUS, "ReloadConfig"])
    world.product.install()
    world.product.start_guard()
    world.manager.wait_uplink()
    yield world.product
    _POLICY.unlink()


@contextmanager
def _resolved(world, path: str, interface: str, *properties: str):
    program = str(Path(__file__).with_name("fake_resolved.py"))
    log_of("resolved").unlink(missing_ok=True)
    process = world.client.daemon("resolved", ["/usr/bin/python3", program, path, interface, *properties])
    try:
        wait_until(lambda: b"ready" in log_of("resolved").read_bytes(), "it to be on the bus")
        yield
    finally:
        process.terminate()
        process.wait(10)


def _told(product, word: str) -> list[str]:
    return [text for text in product.status()["warnings"] if word in text]


def _index(world) -> str:
    return str(world.client.call(socket.if_nametoindex, a.UPLINK))


def test_nothing_is_said_without_names(world, product):
    """All servers are known by their addresses: it does not matter. The control for all below."""
    with _resolved(world, *_MANAGER, "DNSOverTLS=yes", "DNSSEC=yes"):
        assert not _told(product, "insists")
        profiles.write("strict", profiles.vpn("strict", profiles.tls("strict.names.test:1194:udp4")))
        world.manager.nmcli("connection", "reload")
        wait_product(lambda: _told(product, "DNSOverTLS"), "what it says of DNS over TLS")
        assert _told(product, "DNSSEC") and "addresses into the VPNs" in _told(product, "DNSSEC")[0]
    wait_product(lambda: not _told(product, "insists"), "it to be forgotten")


def test_opportunistic_is_fine(world, product):
    with _resolved(world, *_MANAGER, "DNSOverTLS=yes", "DNSSEC=no"):
        wait_product(lambda: _told(product, "DNSOverTLS"), "what it says of DNS over TLS")
        assert not _told(product, "DNSSEC")
    with _resolved(world, *_MANAGER, "DNSOverTLS=opportunistic", "DNSSEC=yes"):
        wait_product(lambda: _told(product, "DNSSEC"), "what it says of DNSSEC")
        assert not _told(product, "DNSOverTLS")


def test_downgrading_dnssec(world, product):
    """Its question leaves; only where the name server knows DNSSEC it asks for more, and then nothing is found."""
    with _resolved(world, *_MANAGER, "DNSOverTLS=yes", "DNSSEC=allow-downgrade"):
        wait_product(lambda: _told(product, "DNSOverTLS"), "what it says of DNS over TLS")
        assert not _told(product, "DNSSEC")  # the name was found
        profiles.write("lost", profiles.vpn("lost", profiles.tls("lost.known.test:1194:udp4")))
        world.manager.nmcli("connection", "reload")
        told = wait_product(lambda: _told(product, "lost.known.test"), "what it says of a name that is not found", timeout=20)
        assert "allow-downgrade" in told[0] and "DNSSEC=no" in told[0]
    wait_product(lambda: not _told(product, "allow-downgrade"), "it to be forgotten")
    assert _told(product, "lost.known.test")
    world.manager.nmcli("connection", "delete", "lost")


def test_questions_by_tcp(world, product):
    resolv_conf = Path("/etc/resolv.conf")
    before = resolv_conf.read_text()
    assert not _told(product, "use-vc")
    resolv_conf.write_text(before + "options use-vc\n")
    wait_product(lambda: _told(product, "use-vc"), "what it says of questions by TCP")
    resolv_conf.write_text(before)
    wait_product(lambda: not _told(product, "use-vc"), "it to be forgotten")


def test_for_one_link(world, product):
    """As NetworkManager sets it for a connection (connection.dns-over-tls)."""
    index = _index(world)
    path = f"/org/freedesktop/resolve1/link/_{ord(index[0]):02x}{index[1:]}"
    with _resolved(world, path, _LINK, "DNSOverTLS=yes", "DNSSEC=no"):
        wait_product(lambda: _told(product, "DNSOverTLS"), "what the link's resolver insists on")
        assert not _told(product, "DNSSEC")
    other = "/org/freedesktop/resolve1/link/_399"
    with _resolved(world, other, _LINK, "DNSOverTLS=yes", "DNSSEC=no"):
        with pytest.raises(Exception, match="in vain"):
            wait_until(lambda: _told(product, "DNSOverTLS"), "a link that is not there", timeout=1)
