# SPDX-License-Identifier: GPL-2.0-or-later
"""A desktop of a person in the world: display, session bus, panel and the applet."""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

from world.people import Agent, Person  # noqa: E402
from world.sandbox import build_dir, reports_dir  # noqa: E402
from world.waiting import wait_end, wait_listens, wait_until  # noqa: E402

ID = "io.github.nmkillswitch"
WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
DISPLAY = ":77"

_FOLDER = Path("/run/world/desktop")
_BUS = f"""<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={_FOLDER}/bus</listen>
  <auth>EXTERNAL</auth>
  <standard_session_servicedirs/>
  <policy context="default">
    <allow user="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
_PANEL = """<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="icon-size" type="uint" value="16"/>
      <property name="size" type="uint" value="30"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
        <value type="int" value="2"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="separator">
      <property name="expand" type="bool" value="true"/>
      <property name="style" type="uint" value="0"/>
    </property>
    <property name="plugin-2" type="string" value="systray">
      <property name="square-icons" type="bool" value="true"/>
    </property>
  </property>
</channel>
"""


def _inhabitants() -> set[int]:
    """The programs whose environment names the desktop's bus, and their children."""
    bus = f"DBUS_SESSION_BUS_ADDRESS=unix:path={_FOLDER}/bus".encode()
    parents: dict[int, int] = {}
    found: set[int] = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
            names_it = bus in (folder / "environ").read_bytes()
        except OSError:
            continue  # it ended while we looked
        if state not in "ZX":
            parents[int(folder.name)] = int(parent)
        if names_it:
            found.add(int(folder.name))
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _end(programs: set[int]) -> set[int]:
    for pid in programs:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return programs


class Item(dict):
    """One of the menu: its properties, and `id` and `children`."""

    @property
    def label(self) -> str:
        return self.get("label", "---").replace("__", "\0").replace("_", "").replace("\0", "_")

    @property
    def is_checked(self) -> bool:
        return self.get("toggle-state", -1) == 1

    @property
    def is_sensitive(self) -> bool:
        return self.get("enabled", True)


class Desktop:
    desktop_name = "XFCE"
    window_manager = ["xfwm4", "--compositor=off"]
    size = "1024x768x24"
    settings = "[io/github/nmkillswitch]\nfirst-steps-are-shown=true\n"  # of the person, from before

    def __init__(self, world: Any, person: Person):
        self.world = world
        self.person = person
        self._programs: list[subprocess.Popen] = []
        self._agents: list[Agent] = []
        self.applet: subprocess.Popen | None = None
        self.panel: subprocess.Popen | None = None
        self.bus: Gio.DBusConnection | None = None
        self.root = _FOLDER / "root"
        self.home = _FOLDER / "home"

    def __enter__(self) -> "Desktop":
        try:
            self._install()
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- its life

    def _install(self) -> None:
        if _FOLDER.exists():
            shutil.rmtree(_FOLDER)
        _FOLDER.mkdir(parents=True)
        self._install_product()
        panel = self.home / ".config/xfce4/xfconf/xfce-perchannel-xml"
        panel.mkdir(parents=True)
        (panel / "xfce4-panel.xml").write_text(_PANEL)
        settings = self.home / ".config/glib-2.0/settings"
        settings.mkdir(parents=True)
        (settings / "keyfile").write_text(self.settings)
        (self.home / "run").mkdir(mode=0o700)
        for path in (_FOLDER, self.home, *self.home.rglob("*")):
            os.chown(path, self.person.uid, self.person.uid)

    def _install_product(self) -> None:
        subprocess.run(
            ["meson", "install", "-C", str(build_dir()), "--no-rebuild", "--quiet", "--destdir", str(self.root)],
            check=True, stdout=subprocess.DEVNULL,
        )
        self.share = next(self.root.glob("**/share/applications")).parent
        self.program = next(self.root.glob("**/bin/nm-killswitch-applet"))
        subprocess.run(["glib-compile-schemas", str(self.share / "glib-2.0/schemas")], check=True)
        shutil.rmtree(self.share / "dbus-1/services", ignore_errors=True)  # it leads to where it is not

    def _start_display(self) -> None:
        sockets = Path("/tmp/.X11-unix")
        sockets.mkdir(exist_ok=True)
        sockets.chmod(0o1777)
        self.start(["Xvfb", DISPLAY, "-screen", "0", self.size, "-nolisten", "tcp"])
        wait_listens(Path(f"/tmp/.X11-unix/X{DISPLAY[1:]}"), "the display")

    def _start(self) -> None:
        self._start_display()
        (_FOLDER / "bus.conf").write_text(_BUS)
        self.start(["dbus-daemon", f"--config-file={_FOLDER}/bus.conf", "--nofork"])
        wait_listens(_FOLDER / "bus", "the session bus")
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        self.bus = Gio.DBusConnection.new_for_address_sync(f"unix:path={_FOLDER}/bus", flags, None, None)
        if self.window_manager:
            self.start(self.window_manager)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "LANGUAGE") if name in os.environ}
        return kept | {
            # a desktop knows launchers only whose program it finds
            "PATH": f"{self.program.parent}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "DISPLAY": DISPLAY,
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={_FOLDER}/bus",
            "XDG_RUNTIME_DIR": str(self.home / "run"),
            "XDG_DATA_DIRS": f"{self.share}:/usr/local/share:/usr/share",
            "XDG_CONFIG_DIRS": f"{self.root}/etc/xdg:/etc/xdg",
            "XDG_CURRENT_DESKTOP": self.desktop_name,
            "GSETTINGS_BACKEND": "keyfile",
            "NO_AT_BRIDGE": "1",
            "G_DEBUG": "fatal-criticals",
        }

    def start(self, arguments: list[str], **environment: str) -> subprocess.Popen:
        with open(f"/run/world/log/{Path(arguments[0]).name}.log", "ab") as log:
            program = subprocess.Popen(
                arguments, env=self.environment | environment, cwd="/", preexec_fn=self.person.become,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        self._programs.append(program)
        return program

    def start_panel(self) -> None:
        # the panel itself may grumble as it likes
        self.panel = self.start(["xfce4-panel", "--disable-wm-check"], G_DEBUG="")
        wait_until(lambda: self.owner(WATCHER), "the panel's tray", 20)

    def stop_panel(self) -> None:
        self.panel.send_signal(signal.SIGKILL)
        self.panel.wait()
        # its plugins are processes of their own
        self.world.client.end("wrapper-2.0", "xfce4-panel")
        wait_until(lambda: not self.owner(WATCHER), "the tray to be gone")

    def start_applet(self, *arguments: str, **environment: str) -> None:
        self.applet = self.start([str(self.program), *arguments], **environment)
        wait_until(lambda: self.owner(ID), "the applet", 20)

    def stop_applet(self) -> int:
        self.act("quit")
        return wait_end(self.applet, "the applet to end")

    def agent(self) -> Agent:
        """polkit's agent for what the applet asks."""
        agent = Agent(self.person, type("Caller", (), {"program": self.applet}))
        self._agents.append(agent)
        return agent

    def close(self) -> None:
        try:
            for agent in self._agents:
                agent.close()
            if self.bus:
                self.bus.close_sync()
        finally:
            self._end_programs()

    def _end_programs(self) -> None:
        def own() -> set[int]:
            return {program.pid for program in self._programs if program.poll() is None}

        try:
            # also what its bus started, which would write into the folder of the next desktop
            wait_until(lambda: not _end(_inhabitants() | own()), "the desktop's programs to end")
        finally:
            Path(f"/tmp/.X11-unix/X{DISPLAY[1:]}").unlink(missing_ok=True)
            Path(f"/tmp/.X{DISPLAY[1:]}-lock").unlink(missing_ok=True)

    # -- the session bus

    def call(self, name: str, path: str, interface: str, method: str, arguments: str = "()") -> Any:
        answer = self.bus.call_sync(
            name, path, interface, method, GLib.Variant.parse(None, arguments, None, None), None,
            Gio.DBusCallFlags.NO_AUTO_START, 60000, None,
        )
        return answer.unpack()

    def get(self, name: str, path: str, interface: str, member: str) -> Any:
        return self.call(name, path, "org.freedesktop.DBus.Properties", "Get", f"('{interface}', '{member}')")[0]

    def bus_set(self, name: str, path: str, interface: str, member: str, value: str) -> None:
        self.call(name, path, "org.freedesktop.DBus.Properties", "Set", f"('{interface}', '{member}', {value})")

    def owner(self, name: str) -> bool:
        return self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner", f"('{name}',)")[0]

    def act(self, action: str, target: str = "@av []") -> None:
        """As the launcher's menu does."""
        path = "/" + ID.replace(".", "/")
        self.call(ID, path, "org.freedesktop.Application", "ActivateAction", f"('{action}', {target}, @a{{sv}} {{}})")

    # -- the tray

    def _item(self) -> tuple[str, str] | None:
        for entry in self.get(WATCHER, "/StatusNotifierWatcher", WATCHER, "RegisteredStatusNotifierItems"):
            name, slash, path = entry.partition("/")
            if "killswitch" in path:
                return name.rstrip("@"), slash + path  # GNOME's extension writes ":1.4@/path"
        return None

    def icon(self) -> tuple[str, str]:
        """Its bus name and path, once the tray has it."""
        return wait_until(self._item, "the applet's icon in the tray")

    def tray(self, member: str) -> Any:
        """A property of the applet's icon: IconName, Status, IconAccessibleDesc, ..."""
        return self.get(*self.icon(), ITEM, member)

    def wait_icon(self, state: str, timeout: float = 30) -> None:
        wait_until(lambda: self.tray("IconName") == f"{ID}-{state}-symbolic", f"the icon of {state}", timeout)

    def menu(self) -> list[Item]:
        """All items, those of submenus behind the one they belong to."""
        name = self.icon()[0]
        _, layout = self.call(name, self.tray("Menu"), MENU, "GetLayout", "(0, -1, @as [])")
        found: list[Item] = []

        def walk(node: tuple) -> None:
            number, properties, children = node
            found.append(Item(properties, id=number))
            for child in children:
                walk(child)

        walk(layout)
        return [item for item in found[1:] if item.get("visible", True)]

    def item(self, label: str) -> Item:
        """The one that begins so, once the menu has it: it is made again a moment after what it tells."""
        return wait_until(
            lambda: next((item for item in self.menu() if item.label.strip().startswith(label)), None), f"{label!r} in the menu"
        )

    def wait_checked(self, label: str, is_checked: bool = True) -> None:
        wait_until(lambda: self.item(label).is_checked == is_checked, f"{label!r} to be {'checked' if is_checked else 'unchecked'}")

    def labels(self) -> list[str]:
        return [item.label for item in self.menu()]

    def click(self, label: str) -> None:
        name = self.icon()[0]
        number = self.item(label)["id"]
        self.call(name, self.tray("Menu"), MENU, "Event", f"({number}, 'clicked', <0>, uint32 0)")

    # -- the display

    def windows(self, title: str) -> list[str]:
        found = subprocess.run(
            ["xdotool", "search", "--onlyvisible", "--name", title],
            env=self.environment, preexec_fn=self.person.become, text=True, capture_output=True, check=False,
        )
        return found.stdout.split()

    def x(self, *arguments: str) -> None:
        # with --sync it waits for what may never come
        subprocess.run(["xdotool", *arguments], env=self.environment, preexec_fn=self.person.become, check=True, timeout=60)

    def screenshot(self, name: str) -> Path:
        folder = reports_dir() / "ui"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.png"
        raw = subprocess.run(
            ["import", "-window", "root", "png:-"],
            env=self.environment, preexec_fn=self.person.become, stdout=subprocess.PIPE, check=True,
        )
        path.write_bytes(raw.stdout)
        return path
