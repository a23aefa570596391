# SPDX-License-Identifier: GPL-2.0-or-later
"""An exported script that is enabled again, in a flood: nothing gets out.

How many of the tunnel's packets were lost is told, and how many of them for want of room: refusing the
flood by iptables takes what openvpn would need of a busy processor. By nftables none may be lost.
KS_FULL=1 also tries iptables-legacy.
"""

import os

import pytest

from . import exported
from .by_hand import ByHand
from .exported import VARIANTS, Script
from .flooding import Flood, prepare, require_flood_is_seen
from .test_swaps import _dropped

_RELOADS = 8
_PLAIN_AT_LEAST = 3000  # a second: refusing by iptables takes time
_TRIED = VARIANTS if os.environ.get("KS_FULL") else ("nft", "iptables-nft")


@pytest.fixture(scope="module")
def ready(world):
    """Scripts, a VPN that was brought up by hand, and a way past it for the flood."""
    scripts = exported.export(world)
    prepare(world)
    vpn = ByHand(world)
    vpn.start()
    vpn.wait_up()
    yield world, scripts
    vpn.kill()


@pytest.mark.parametrize("variant", _TRIED)
def test_reloaded_in_a_flood(ready, variant):
    world, scripts = ready
    script = Script(world, variant, scripts[VARIANTS[variant][0]])
    require_flood_is_seen(world, _PLAIN_AT_LEAST)
    script.run("enable")
    before = _dropped(world)
    flood = Flood(world)
    for _ in range(_RELOADS):
        script.run("enable")
    verdict = flood.stop()
    full = {name: count - before[name] for name, count in _dropped(world).items()}
    enabled = script.is_enabled
    script.run("disable")
    verdict.require_valid(_PLAIN_AT_LEAST)
    assert enabled
    assert not verdict.plain and not verdict.lan, f"{len(verdict.plain)} + {len(verdict.lan)} canaries LEAKED"
    print(f"{_RELOADS} reloads; {verdict.counts}; lost in the tunnel: {verdict.lost}; full queues dropped {full}")
    assert variant != "nft" or verdict.lost == 0 or any(full.values())
    require_flood_is_seen(world, _PLAIN_AT_LEAST)
