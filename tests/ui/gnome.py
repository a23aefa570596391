# SPDX-License-Identifier: GPL-2.0-or-later
"""GNOME Shell on the desktop's X server: its window manager, panel and notifications in one."""

import json
import signal
import subprocess
from typing import Any

from gi.repository import GLib

from world.waiting import wait_until

from .desktop import WATCHER, Desktop
from .picture import Picture

# the same extension, as its author and as Debian and Ubuntu call it
EXTENSIONS = ("appindicatorsupport@rgcjonas.gmail.com", "ubuntu-appindicators@ubuntu.com")
SHELL = "org.gnome.Shell"

_PANEL_END = "330x28+625+2"
_ICON_WIDEST = 15  # columns; of the shell's own, the network's has 16
_BELOW_ICON = "220x300+790+40"  # where the menu opens
_WALLPAPER = (0x34, 0x65, 0xA4)

_SETTINGS = f"""[org/gnome/shell]
enabled-extensions={list(EXTENSIONS)}
disable-user-extensions=false
disable-extension-version-validation=true
welcome-dialog-last-shown-version='999'
[org/gnome/desktop/interface]
enable-animations=false
[org/gnome/desktop/background]
picture-options='none'
primary-color='#3465a4'
color-shading-type='solid'
[org/gnome/desktop/screensaver]
lock-enabled=false
[org/gnome/desktop/session]
idle-delay=uint32 0
"""

_TOLD = """Main.messageTray.getSources().filter(source => source.title === 'VPN Kill Switch').map(
    source => source.notifications.map(
        note => ({title: note.title, body: note.bannerBodyText, urgent: note.urgency === 3}))).flat()"""
# each line of text on the banner, and where it is; then which of other texts would not fit where two of them are
_BANNER = """(() => {
    const found = [];
    const walk = actor => {
        if (actor.get_layout && actor.mapped && actor.text)
            found.push(actor);
        actor.get_children().forEach(walk);
    };
    walk(Main.messageTray._bannerBin);
    return found;
})()"""
_LINES = f"""{_BANNER}.map(label => {{
    const [x, y] = label.get_transformed_position();
    return {{text: label.text, x: x + label.width / 2, y: y + label.height / 2}};
}})"""
_CUT = f"""(() => {{
    const labels = {_BANNER};
    const [title, body] = %s.map(text => labels.find(label => label.text === text));
    if (!title || !body)
        return null;
    const cut = (label, text) => {{
        const layout = label.get_layout().copy();
        layout.set_width(body.get_layout().get_width()); // a body that is cut takes all
        layout.set_text(text, -1);
        return layout.is_ellipsized() || layout.get_line_count() > 1;
    }};
    return [%s.filter(text => cut(title, text)), %s.filter(text => cut(body, text))];
}})()"""


class GnomeDesktop(Desktop):
    """No window manager of ours: the shell is one."""

    desktop_name = "GNOME"
    window_manager: list[str] = []
    settings = Desktop.settings + _SETTINGS
    shell: subprocess.Popen | None = None

    def start_panel(self) -> None:
        self.shell = self.start(
            ["gnome-shell", "--x11", "--sm-disable", "--unsafe-mode"],  # it lets itself be asked
            G_DEBUG="", LIBGL_ALWAYS_SOFTWARE="1", XDG_SESSION_TYPE="x11",
        )
        wait_until(lambda: self.owner(WATCHER), "GNOME Shell's tray", 60)
        self.leave_overview()

    def leave_overview(self) -> None:
        """The shell starts in it."""

        def left() -> bool:
            try:
                if self.get(SHELL, "/org/gnome/Shell", SHELL, "OverviewActive"):
                    self.bus_set(SHELL, "/org/gnome/Shell", SHELL, "OverviewActive", "<false>")
            except GLib.Error:
                return False  # its objects come after its name
            return Picture(self.screenshot("gnome-panel"), "1000x1+12+600").colours.keys() == {_WALLPAPER}

        wait_until(lambda: self.owner(SHELL), "the shell on the bus", 30)
        wait_until(left, "the overview to be left", 30)

    def evaluate(self, script: str) -> Any:
        """What a piece of JavaScript in the shell comes to."""
        done, said = self.call(SHELL, "/org/gnome/Shell", SHELL, "Eval", GLib.Variant("(s)", (f"JSON.stringify({script})",)).print_(True))
        if not done:
            raise RuntimeError(said)
        return json.loads(json.loads(said)) if said else None

    def told(self) -> list[dict[str, Any]]:
        """The notifications that the shell has of ours."""
        return self.evaluate(_TOLD)

    def banner(self) -> list[dict[str, Any]]:
        """The lines of text on it: the title, the body, the buttons; empty: none is shown."""
        return self.evaluate(_LINES)

    def click_banner(self, text: str) -> None:
        def found() -> dict[str, Any] | None:
            return next((line for line in self.banner() if line["text"] == text), None)

        line = wait_until(found, f"{text!r} on the banner", 20)
        self.x("mousemove", str(int(line["x"])), str(int(line["y"])), "click", "1")

    def cut(self, titles: list[str], bodies: list[str]) -> list[list[str]]:
        """Those that the banner that is shown, with a body that is cut, has no room for in one line each."""
        note = self.told()[0]
        script = _CUT % tuple(json.dumps(texts) for texts in ([note["title"], note["body"]], titles, bodies))
        # the shell has news of its own, one after the other
        return wait_until(lambda: self.evaluate(script), f"a banner that shows {note}", 20)

    def stop_panel(self) -> None:
        self.shell.send_signal(signal.SIGKILL)
        self.shell.wait()
        wait_until(lambda: not self.owner(WATCHER), "the tray to be gone")


    def _icon_at(self) -> int | None:
        """The column of our icon: the first right of the clock."""
        columns = Picture(self.screenshot("gnome-panel"), _PANEL_END).drawn_columns()
        return 625 + columns[0] + 8 if columns else None

    def picture_of_icon(self, name: str) -> Picture | None:
        """Where it is drawn now: it moves when the shell's own icons beside it come and go. None: nowhere,
        and the first that is drawn is one of those, which are wider."""
        shot = self.screenshot(name)
        columns = Picture(shot, _PANEL_END).drawn_columns()
        picture = Picture(shot, f"24x28+{625 + columns[0] - 4}+2") if columns else None
        drawn = picture.drawn_columns() if picture else []
        return picture if drawn and drawn[-1] - drawn[0] < _ICON_WIDEST else None

    def look_at_menu(self, name: str) -> str:
        """Opens the icon's menu by mouse, and closes it. Returns where the icon is drawn."""
        self.leave_overview()
        column = wait_until(self._icon_at, "the icon to be drawn", 20)
        self.x("mousemove", str(column), "16", "click", "1")
        wait_until(lambda: not Picture(self.screenshot(name), _BELOW_ICON).is_empty, "the menu to open", 20)
        wait_until(lambda: self.screenshot(name).read_bytes() == self.screenshot(name).read_bytes(), "the menu to be still")
        self.x("key", "Escape")
        wait_until(lambda: Picture(self.screenshot("gnome-panel"), _BELOW_ICON).is_empty, "the menu to close", 20)
        return f"24x28+{column - 12}+2"
