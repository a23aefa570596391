# SPDX-License-Identifier: GPL-2.0-or-later
"""The GNOME Shell of a release, on Wayland, without a screen: it draws in software, and on no X server. Its programs
run in the release's root; the guard on its system bus is the stage's, and says what a test wants."""

import os
import shutil
import time
from pathlib import Path
from typing import Any

from ui.desktop import WATCHER
from ui.gnome import EXTENSIONS, SHELL, GnomeDesktop
from ui.stage import Stage
from world import kernel
from world.sandbox import reports_dir
from world.waiting import wait_listens, wait_until

TILE = "nm-killswitch@nmkillswitch.github.io"
_GLANCE = 0.1  # between two looks at what may move
_WORLD = "/run/world"  # the folder of the desktop, by the same name inside
_SCREENSHOT = "org.gnome.Shell.Screenshot"
# of an extension that says for which shells it is, the shell believes it
_SETTINGS = GnomeDesktop.settings.replace(str(list(EXTENSIONS)), str([TILE, *EXTENSIONS])).replace(
    "disable-extension-version-validation=true\n", ""
)
_POINTER = """(() => {
    const backend = global.stage.context?.get_backend() ?? imports.gi.Clutter.get_default_backend(); // 46 knows no context
    globalThis.pointer ??= backend.get_default_seat().create_virtual_device(0);
    return globalThis.pointer.%s ?? 0;
})()"""
_NOW = "global.get_current_time() * 1000"
# texts in an actor, where they are, and whether all of them is shown
_TEXTS = """(actor => {
    const found = [];
    const walk = child => {
        if (child.get_layout && child.mapped && child.text) {
            const [x, y] = child.get_transformed_position();
            found.push({
                text: child.text, x: x + child.width / 2, y: y + child.height / 2,
                cut: child.get_layout().is_ellipsized(),
            });
        }
        child.get_children().forEach(walk);
    };
    if (actor)
        walk(actor);
    return found;
})(%s)"""
_WINDOWS = """global.get_window_actors().map(actor => actor.meta_window).map(
    window => ({title: window.title, focus: window.has_focus(), wayland: window.get_client_type() === 0}))"""
_QUICK_SETTINGS = "Main.panel.statusArea.quickSettings"
_THE_TILE = f"{_QUICK_SETTINGS}.menu._grid.get_children().find(child => child.title === 'VPN Kill Switch')"
def mount(root: Path) -> None:
    """What the shell and its programs expect to find in their root, which goes with it."""
    for name in ("proc", "dev"):
        kernel.mount(f"/{name}", str(root / name), "", kernel.MS_BIND | kernel.MS_REC)
    for name in ("run", "tmp"):
        kernel.mount("tmpfs", str(root / name), "tmpfs", options="mode=1777")
    inside = root / _WORLD.lstrip("/")
    inside.mkdir()
    kernel.mount(_WORLD, str(inside), "", kernel.MS_BIND | kernel.MS_REC)


class _Inside:
    """Somebody who has that root for the whole system."""

    uid = 0

    def __init__(self, root: Path):
        self._root = root

    def become(self) -> None:
        os.chroot(self._root)
        os.chdir("/")


class ShellDesktop(Stage, GnomeDesktop):
    settings = _SETTINGS

    def __init__(self, root: Path, version: str):
        """`root`: mount() has seen it."""
        super().__init__()
        self.version = version
        self.person = _Inside(root)

    def _install_product(self) -> None:
        """It is installed in there. What an earlier desktop has logged is not ours."""
        self.share = Path("/usr/share")
        self.program = Path("/usr/bin/nm-killswitch-applet")
        for log in Path(_WORLD, "log").glob("*.log"):
            log.unlink()

    def _start_display(self) -> None:
        """The shell brings one."""

    @property
    def environment(self) -> dict[str, str]:
        inherited = super().environment
        del inherited["DISPLAY"]
        return inherited | {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8",
            "XDG_DATA_DIRS": "/usr/local/share:/usr/share", "XDG_SESSION_TYPE": "wayland",
            "GDK_BACKEND": "wayland", "WAYLAND_DISPLAY": "wayland-0",
        }

    def start_panel(self) -> None:
        self.shell = self.start(
            ["gnome-shell", "--headless", "--virtual-monitor", "1024x768", "--wayland", "--no-x11", "--unsafe-mode"],
            G_DEBUG="", LIBGL_ALWAYS_SOFTWARE="1",
        )
        wait_listens(self.home / "run/wayland-0", "the shell's display", 60)
        wait_until(lambda: self.owner(WATCHER), "GNOME Shell's tray", 60)
        # until then a pane that takes every click lies above all
        wait_until(lambda: not self.evaluate("Main.layoutManager._startingUp"), "the shell to have started", 60)
        self.leave_overview()

    def leave_overview(self) -> None:
        self.evaluate("Main.overview.hide() ?? 0")
        wait_until(lambda: not self.evaluate("Main.overview.visible"), "the overview to be left", 20)

    def log(self, program: str) -> str:
        return Path(_WORLD, "log", f"{program}.log").read_text(errors="replace")

    # -- what is seen, and what a person does

    def screenshot(self, name: str) -> Path:
        folder = reports_dir() / "shell"
        folder.mkdir(parents=True, exist_ok=True)
        inside = f"{_WORLD}/screenshot.png"
        self.call(_SCREENSHOT, "/org/gnome/Shell/Screenshot", _SCREENSHOT, "Screenshot", f"(false, false, '{inside}')")
        return Path(shutil.copyfile(inside, folder / f"{name}.png"))

    def windows(self, title: str = "") -> list[dict[str, Any]]:
        return [window for window in self.evaluate(_WINDOWS) if not title or window["title"] == title]

    def front(self) -> str:
        """The title of the window that has the keyboard."""
        return next((window["title"] for window in self.windows() if window["focus"]), "")

    def extension(self) -> dict[str, Any]:
        """What the shell says of ours."""
        [answer] = self.call(SHELL, "/org/gnome/Shell", "org.gnome.Shell.Extensions", "GetExtensionInfo", f"('{TILE}',)")
        return answer

    def tile(self) -> dict[str, Any]:
        return self.evaluate(
            "(tile => ({texts: %s, checked: tile.checked, reactive: tile.reactive, icon: tile.iconName}))(%s)"
            % (_TEXTS % "tile", _THE_TILE)
        )

    def quick_settings(self, opened: bool) -> None:
        if opened:
            self._click_actor(_QUICK_SETTINGS)
        else:
            self.evaluate(f"{_QUICK_SETTINGS}.menu.close(0) ?? 0")
        wait_until(lambda: self.evaluate(f"{_QUICK_SETTINGS}.menu.isOpen") == opened, "the quick settings", 30)

    def click_tile(self, part: str = "VPN Kill Switch") -> None:
        """Itself, or "menu": the arrow at its end."""
        if part == "menu":
            self._click_actor(f"{_THE_TILE}._menuButton")
        else:
            self._click_text(_THE_TILE, part)

    def click_tile_menu(self, text: str) -> None:
        self._click_text(f"{_THE_TILE}.menu.actor", text)

    def _click_actor(self, actor: str) -> None:
        place = f"(actor => [...actor.get_transformed_position(), actor.width, actor.height])({actor})"
        wait_until(lambda: None not in self.evaluate(place), "a place on the screen", 20)
        x, y, wide, high = self.evaluate(place)
        self._click(x + wide / 2, y + high / 2)

    def _click_text(self, actor: str, text: str) -> None:
        seen: list[Any] = []

        def is_still() -> dict[str, Any] | None:
            """Twice at the same place: a menu that opens is laid out more than once."""
            time.sleep(_GLANCE)
            seen.append(next((each for each in self.evaluate(_TEXTS % actor) if each["text"] == text), None))
            return seen[-1] if seen[-2:-1] == seen[-1:] else None

        at = wait_until(is_still, f"{text!r}", 20)
        self._click(at["x"], at["y"])

    def _move(self, x: float, y: float) -> None:
        def is_there() -> bool:
            """From below: the barriers of the hot corner and of the panel stop it on some ways."""
            for from_y in (y + 300, y):
                self.evaluate(_POINTER % f"notify_absolute_motion({_NOW}, {x}, {from_y})")
            seen = self.evaluate("global.get_pointer()")
            return max(abs(seen[0] - x), abs(seen[1] - y)) < 2

        wait_until(is_there, "the pointer", 30)

    def _click(self, x: float, y: float) -> None:
        self._move(x, y)
        for pressed in (1, 0):
            self.evaluate(_POINTER % f"notify_button({_NOW}, 1, {pressed})")
