# SPDX-License-Identifier: GPL-2.0-or-later
"""Each kind of VPN for real: NetworkManager's own plugin against a real server, by the same walk. The tests of a
kind are in order, and each goes on where the one before it stopped. data/doc/vpn-types.md is what they saw."""

import pytest

from . import kinds
from .installed import require
from .walk import Walk


@pytest.fixture(scope="module", params=kinds.chosen(), ids=lambda kind: kind.name)
def walk(request, guarded):
    require(request.param.name, request.param.packages)
    walk = Walk(guarded, request.param)
    walk.begin()
    try:
        yield walk
    finally:
        walk.end()


def test_unlocked(walk):
    """The control: the same programs are seen, and so is a person's program at the server."""
    walk.says("unlocked")
    walk.require_control()
    assert walk.reached_by_people() == {flow for flow in walk.kind.wire if flow[1]}


def test_locks_by_itself(walk):
    """By address; it carries everything, so it locks."""
    walk.up(walk.kind.address)
    walk.note("connected")
    walk.look()
    with walk.nothing_in_clear():
        walk.require_tunnel()


def test_disconnected(walk):
    with walk.nothing_in_clear():
        walk.down()
        walk.says("blocked")
    walk.note("disconnected")
    walk.record["events"] = walk.events()


def test_a_person_at_the_server(walk):
    assert walk.reached_by_people() == walk.kind.people


def test_by_name_while_locked(walk):
    """It stays up over new keys."""
    with walk.nothing_in_clear():
        walk.up(walk.kind.host)
    with walk.nothing_in_clear():
        walk.rekey()
    assert walk.reached_by_people() == walk.kind.people


def test_lan_access(walk):
    assert not walk.neighbour_is_reached()
    walk.world.product.ctl("lan", "on")
    assert walk.neighbour_is_reached()
    walk.require_tunnel()
    walk.world.product.ctl("lan", "off")
    assert not walk.neighbour_is_reached()
    with walk.nothing_in_clear():
        walk.require_tunnel()


def test_its_program_dies(walk):
    with walk.nothing_in_clear():
        walk.world.client.kill(walk.kind.program)
        walk.wait_down()
        walk.says("blocked")
    assert walk.world.product.wait_reason("service-failed")["reason_vpn"].startswith(walk.kind.name)
    walk.note("its program killed")
    with walk.nothing_in_clear():
        walk.up(walk.kind.address)
    walk.note("connected again")


def test_the_server_dies(walk):
    with walk.nothing_in_clear():
        walk.kind.stop(walk.world)
    walk.note("the server gone")
    with walk.nothing_in_clear():
        walk.down()
        walk.says("blocked")
    walk.kind.start(walk.world)
    with walk.nothing_in_clear():
        walk.up(walk.kind.host)
        walk.down()
    walk.save()
