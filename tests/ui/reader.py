#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints what a screen reader finds of a PROGRAM: one JSON object a widget, over the AT-SPI bus.

Run as the person at the desktop (access.py copies it to where that person can read it). With arguments ROLE NAME behind
the program's name it gives that widget the focus instead.
"""

import json
import sys
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

READS_MAX = 20
STATES = ("FOCUSED", "FOCUSABLE", "SHOWING", "VISIBLE", "SENSITIVE", "CHECKED", "EDITABLE")


def tell(node: Atspi.Accessible, window: str, told: list[str]) -> None:
    box = node.get_component_iface() and node.get_extents(Atspi.CoordType.SCREEN)
    text = node.get_text_iface()
    length = text.get_character_count() if text else 0
    states = node.get_state_set()
    said = {
        "window": window,
        "role": node.get_role_name(),
        "name": node.get_name() or "",
        "description": node.get_description() or "",
        "text": text.get_text(0, length) if length else "",
        "states": [name for name in STATES if states.contains(getattr(Atspi.StateType, name))],
        "box": [box.x, box.y, box.width, box.height] if box else None,
    }
    if length:
        end = text.get_range_extents(0, length, Atspi.CoordType.SCREEN)
        said["text_box"] = [end.x, end.y, end.width, end.height]
    told.append(json.dumps(said))
    for number in range(node.get_child_count()):
        child = node.get_child_at_index(number)
        if child:
            tell(child, window, told)


def focus(node: Atspi.Accessible, role: str, name: str) -> bool:
    if role in node.get_role_name() and node.get_name() == name and node.get_component_iface():
        return node.grab_focus()
    children = (node.get_child_at_index(number) for number in range(node.get_child_count()))
    return any(child and focus(child, role, name) for child in children)


def read_all() -> list[str]:
    desktop = Atspi.get_desktop(0)
    told = []
    for number in range(desktop.get_child_count()):
        program = desktop.get_child_at_index(number)
        if program and program.get_name() == sys.argv[1] and len(sys.argv) > 2:
            focus(program, *sys.argv[2:4])
        elif program and program.get_name() == sys.argv[1]:
            for index in range(program.get_child_count()):
                window = program.get_child_at_index(index)
                tell(window, window.get_name() or "", told)
    return told


def main() -> None:
    # A widget that goes away while it is read is an error; what is left would be half a window.
    for left in reversed(range(READS_MAX)):
        try:
            print(*(line + "\n" for line in read_all()), sep="", end="")  # no line if there is no widget yet
            return
        except (GLib.Error, AttributeError):
            if left == 0:
                raise
            time.sleep(0.05)


main()
