# SPDX-License-Identifier: GPL-2.0-or-later
"""valgrind watches the applet through 10,000 changes of the guard's state, with its window open. KS_FULL=1 only:
it takes minutes. What has a function of ours above it, is ours, unless fontconfig asked for it: patterns that it keeps."""

import signal
import xml.etree.ElementTree
from pathlib import Path

from world.waiting import wait_until

from .desktop import ID
from .stage import STATES, Stage

_CHANGES = 10_000
_APPLET = "nm-killswitch-applet"
_GLIB = Path("/usr/share/glib-2.0/valgrind/glib.supp")
_OTHERS_LEAKS = {"Leak_StillReachable", "Leak_PossiblyLost"}  # GLib's types and caches
_STARTS_SLOWLY = 120


def _is_ours(error: xml.etree.ElementTree.Element) -> bool:
    """A function of the applet's other than main(), which is above everything, had to do with it."""
    frames = error.findall("stack/frame")
    if any("libfontconfig" in frame.findtext("obj", "") for frame in frames):
        return False
    return any(frame.findtext("obj", "").endswith(_APPLET) and frame.findtext("fn") != "main" for frame in frames)


def _describe(error: xml.etree.ElementTree.Element) -> str:
    frames = [f"{frame.findtext('fn')} ({frame.findtext('file')}:{frame.findtext('line')})" for frame in error.findall("stack/frame")]
    return f"{error.findtext('kind')} {error.findtext('xwhat/text') or error.findtext('what')}: {' < '.join(frames)}"


def test_10000_changes_leave_nothing_behind():
    with Stage() as stage:
        found = stage.home / "valgrind.xml"
        watched = [
            *("valgrind", "--leak-check=full", "--show-leak-kinds=definite,indirect", "--num-callers=40", "--xml=yes"),
            *(f"--xml-file={found}", f"--suppressions={_GLIB}", str(stage.program)),
        ]
        stage.applet = stage.start(watched, G_SLICE="always-malloc", G_DEBUG="")
        wait_until(lambda: stage.owner(ID), "the applet", _STARTS_SLOWLY)
        wait_until(lambda: stage.windows("VPN Kill Switch"), "the window", _STARTS_SLOWLY)
        states = list(STATES.values())
        for number in range(_CHANGES):
            stage.say(states[number % len(states)])
            if number % 5 == 4:  # not faster than it sees them
                stage.wait_for_main_loop()
        stage.act("preferences")
        wait_until(lambda: stage.windows("Preferences"), "the preferences", _STARTS_SLOWLY)
        stage.act("quit")
        stage.applet.wait(_STARTS_SLOWLY)
        assert stage.applet.returncode == 0, signal.Signals(-stage.applet.returncode).name if stage.applet.returncode < 0 else ""
        errors = xml.etree.ElementTree.parse(found).findall("error")
    assert any(error.findtext("kind", "").startswith("Leak") for error in errors), "GTK leaks: did valgrind look at all?"
    ours = [_describe(error) for error in errors if _is_ours(error) and error.findtext("kind") not in _OTHERS_LEAKS]
    assert not ours, "\n".join(ours)
