# SPDX-License-Identifier: GPL-2.0-or-later
"""An OpenConnect login that leads to another host, which no profile names: locked, it goes no further than the
profile's, and `vpn set` with both lets it and the VPN through."""

from dataclasses import replace

import pytest

from . import addresses as a
from . import openconnect
from .kind import require
from .walk import Walk


@pytest.fixture
def cluster(guarded):
    kind = replace(openconnect.KINDS[0], name="openconnect-cluster", address=openconnect.CLUSTER)
    require(kind)
    walk = Walk(guarded, kind)
    walk.begin()
    openconnect.start_cluster(guarded)
    try:
        yield walk
    finally:
        walk.end()


def _called(world, since: int) -> set[tuple[str, int]]:
    frames = world.capture.since(since, world.capture.fence())
    packets = [frame.packet for frame in frames if frame.packet and frame.purpose.startswith("plain")]
    return {(packet.destination, packet.destination_port) for packet in packets}


def test_a_login_that_leads_to_another_host(guarded, cluster):
    first, server = (openconnect.CLUSTER, 443), (a.SERVER[4], 443)
    start = guarded.capture.fence()
    cluster.kind.secrets(guarded, openconnect.CLUSTER)  # unlocked
    assert {first, server} <= _called(guarded, start)
    guarded.product.ctl("lock")
    start = guarded.capture.fence()
    with pytest.raises(RuntimeError):
        cluster.kind.secrets(guarded, openconnect.CLUSTER)
    assert _called(guarded, start) == {first}
    servers = [f"--server={first[0]}:443/tcp", f"--server={server[0]}:443/tcp", f"--server={server[0]}:443/udp"]
    guarded.product.ctl("vpn", "set", "openconnect-cluster-address", *servers)
    start = guarded.capture.fence()
    cluster.up(openconnect.CLUSTER)
    assert _called(guarded, start) == {first, server}
