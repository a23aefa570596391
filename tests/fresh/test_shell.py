# SPDX-License-Identifier: GPL-2.0-or-later
"""The tile in the quick settings of the GNOME Shell that a release has, on Wayland. Runs only where it is named, or with
KS_FULL=1: see conftest.py. The guard is the stage's."""

import re

import pytest
from ui.stage import STATES
from world.waiting import wait_until

from .shell import TILE

_SAYS = {
    "unlocked": "Unlocked: traffic leaves freely", "protected": "Protected: everything goes through the VPN",
    "blocked": "Blocked: the VPN’s server does not answer", "paused": "Paused until 12:30: traffic leaves freely",
    "broken": "Broken: the lock is not as it should be",
}
_UNTIL = "uint64 1893501000"  # half past twelve, UTC
# that the file of the tile stands in a trace, or in a message
_OF_THE_TILE = re.compile(rf"^.*{re.escape(TILE)}.*$", re.MULTILINE)


def _shown(shell) -> str:
    """The tile's sentence; all of it is there."""
    title, sentence = shell.tile()["texts"]
    assert title["text"] == "VPN Kill Switch" and not title["cut"] and not sentence["cut"], (title, sentence)
    return sentence["text"]


@pytest.mark.tried("GNOME Shell on Wayland: the tile")
def test_the_tile(shell, record):
    """Each state, whole and as its mark says; a click asks the guard; its menu opens the window; without a guard it
    asks nobody. The shell's log has not a word about it."""
    said = shell.extension()
    assert said["state"] == 1 and not said["error"], said  # enabled; it was not told to load what is for other shells
    shell.quick_settings(True)
    for state, changes in STATES.items():
        shell.say(changes | ({"PausedUntil": _UNTIL} if state == "paused" else {}))
        wait_until(lambda text=_SAYS[state]: _shown(shell) == text, f"the tile to say {state}", 30)
        tile = shell.tile()
        assert tile["icon"] == f"io.github.nmkillswitch-{state}-symbolic" and tile["reactive"]
        assert tile["checked"] == (changes.get("Locked") == "true")
        shell.screenshot(f"{shell.version}-tile-{state}")
    shell.say(STATES["unlocked"])
    wait_until(lambda: not shell.tile()["checked"], "unlocked", 30)
    for state, asked in (("unlocked", "Lock()"), ("protected", "Unlock()")):
        shell.say(STATES[state])
        wait_until(lambda: shell.tile()["checked"] == (state == "protected"), state, 30)
        shell.click_tile()
        wait_until(lambda: shell.asked[-1:] == [asked], asked, 30)
    assert shell.asked == ["Lock()", "Unlock()"]
    shell.click_tile("menu")
    shell.click_tile_menu("Show")
    wait_until(lambda: shell.front() == "VPN Kill Switch", "the window in front", 30)
    shell.go_away()
    wait_until(lambda: not shell.tile()["reactive"], "nothing to click on", 30)
    assert not shell.tile()["checked"]
    assert _OF_THE_TILE.findall(shell.log("gnome-shell")) == []
    record.note(f"{shell.version}: five states, asked by a click")
