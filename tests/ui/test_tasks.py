# SPDX-License-Identifier: GPL-2.0-or-later
"""Five tasks as somebody does them who has only just installed it: each in at most three clicks from the icon.

A click is one on the icon, on what its open menu shows, or on a button. Passwords and servers are typed. The seconds
are from the first click until it is as it was wanted, at the pace of a script. Report: tasks.md."""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from world import addresses as a
from world.sandbox import reports_dir
from world.waiting import wait_until

from .access import find, press
from .desktop import MENU, Desktop

MOST = 3  # clicks


class Hand:
    """Clicks, and counts."""

    def __init__(self, world, desktop: Desktop, agent):
        self.world = world
        self.desktop = desktop
        self.agent = agent
        self.clicks = 0
        self.passwords = 0
        self._open = -1  # the menu or submenu that is open; -1: none

    def icon(self) -> None:
        self._click(0, "opened")
        self._open = 0

    def shown(self) -> dict[str, int]:
        """What the open menu shows that can be read or chosen: labels, and their numbers."""
        assert self._open >= 0, "no menu is open"
        name = self.desktop._item()[0]
        _, layout = self.desktop.call(name, self.desktop.tray("Menu"), MENU, "GetLayout", f"({self._open}, 1, @as [])")
        return {entry.get("label", "").strip(): number for number, entry, _ in layout[2] if entry.get("visible", True)}

    def choose(self, label: str, below: bool = False) -> None:
        """An item of the open menu; with `below` one that only opens a menu."""
        number = self.shown()[label]
        self._click(number, "opened" if below else "clicked")
        self._open = number if below else -1

    def _click(self, number: int, event: str) -> None:
        self.clicks += 1
        name = self.desktop._item()[0]
        self.desktop.call(name, self.desktop.tray("Menu"), MENU, "Event", f"({number}, '{event}', <0>, uint32 0)")

    def button(self, window: str, name: str) -> None:
        self.clicks += 1
        press(self.desktop, window, name)

    def keys(self, *keys: str) -> None:
        self.desktop.x("key", "--clearmodifiers", *keys)

    def text(self, text: str) -> None:
        self.desktop.x("type", "--clearmodifiers", text)

    def password(self) -> None:
        self.passwords += 1
        self.agent.give_password()


@dataclass(frozen=True)
class Task:
    name: str
    before: Callable[[Hand], None]
    do: Callable[[Hand], None]
    is_done: Callable[[Hand], bool]


def status(hand: Hand) -> dict:
    return hand.world.product.status()


def reaches(hand: Hand, address: str, port: int) -> bool:
    with hand.world.client.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((address, port)) == 0


def connect(hand: Hand) -> None:
    hand.icon()
    hand.choose("full")


def drop(hand: Hand) -> None:
    hand.world.client.kill("openvpn")
    hand.desktop.wait_icon("blocked", 30)


def is_explained(hand: Hand) -> bool:
    headline, why, *_ = hand.shown()
    return headline.startswith("Blocked: ") and why.endswith(".")


def printer(hand: Hand) -> bool:
    return reaches(hand, a.PRIVATE_ROUTER[4], 631)


def no_printer(hand: Hand) -> None:
    assert not printer(hand), "the control: it is blocked"


def allow_printer(hand: Hand) -> None:
    hand.icon()
    hand.choose("Allow LAN access")
    hand.password()


def pause(hand: Hand) -> None:
    hand.icon()
    hand.choose("Pause", below=True)
    hand.choose("For 10 minutes")
    hand.password()


def is_paused(hand: Hand) -> bool:
    left = hand.desktop.person.get("PausedUntil") - time.time()
    return 500 < left <= 600 and reaches(hand, a.WEB[4], a.HTTP_PORT)


def corrected(hand: Hand) -> list[tuple]:
    return [(one["host"], one["protocol"], one["port"]) for one in status(hand)["servers"] if one["name"] == "broken"]


def needs_correction(hand: Hand) -> None:
    hand.world.product.ctl("resume")
    hand.desktop.wait_icon("blocked")
    assert not corrected(hand)
    wait_until(lambda: any(label.startswith("broken (") for label in hand.desktop.labels()), "the doubtful VPN in the menu")


def correct(hand: Hand) -> None:
    window = "Servers of “broken”"
    hand.icon()
    hand.choose("broken (server not known)…")
    # the keyboard is where the server's name belongs
    wait_until(lambda: "FOCUSED" in find(hand.desktop, window, "Name or address of the server").states, "the keyboard")
    hand.text("203.0.113.30")
    hand.keys("Tab", "Tab")
    hand.text("1195")
    hand.button(window, "Save")
    hand.password()


TASKS = (
    Task("connect a VPN and be protected", lambda hand: None, connect, lambda hand: status(hand)["state"] == "protected"),
    Task("see why everything is blocked", drop, Hand.icon, is_explained),
    Task("allow the printer", no_printer, allow_printer, printer),
    Task("pause for ten minutes", lambda hand: None, pause, is_paused),
    Task("correct a VPN's server", needs_correction, correct, lambda hand: corrected(hand) == [("203.0.113.30", "udp", 1195)]),
)


def test_five_tasks(world, desktop):
    world.manager.nmcli(
        "connection", "add", "type", "vpn", "con-name", "broken", "ifname", "*", "vpn-type", "openvpn", "vpn.data",
        "connection-type=password,remote=not_a_port:99999,username=x,ca=/run/world/keys/ca.crt",
    )
    rows = []
    try:
        desktop.person.people.restart_polkitd()  # forgets what the test before was allowed
        desktop.start_panel()
        desktop.start_applet("--hidden", NO_AT_BRIDGE="0", G_DEBUG="")
        desktop.wait_icon("unlocked")
        wait_until(lambda: {"full", "broken"} <= set(desktop.labels()), "the VPNs in the menu")
        with world.outside.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((a.PRIVATE_ROUTER[4], 631))
            listener.listen()
            agent = desktop.agent()
            for task in TASKS:
                hand = Hand(world, desktop, agent)
                task.before(hand)
                start = time.monotonic()
                task.do(hand)
                wait_until(lambda task=task, hand=hand: task.is_done(hand), task.name, 30)
                rows.append((task.name, hand.clicks, hand.passwords, round(time.monotonic() - start, 1)))
                desktop.screenshot(f"task-{len(rows)}")
    finally:
        world.manager.nmcli("connection", "delete", "broken", check=False)
    report = ["| task | clicks | passwords | seconds |", "|---|---|---|---|", *("| {} | {} | {} | {} |".format(*row) for row in rows)]
    (reports_dir() / "ui/tasks.md").write_text("\n".join(report) + "\n")
    assert [row[0] for row in rows if row[1] > MOST] == [], rows
