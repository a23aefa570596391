# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the README's pictures: pytest-3 tests/ui/pictures.py, then look at each one in data/applet/screenshots/.

No test: pytest takes it only by its name. The profiles have names that people give."""

import re
import subprocess

import pytest

from world.profiles import uuid_of
from world.sandbox import REPOSITORY, reports_dir
from world.waiting import wait_product, wait_until

_NAMES = {"full": "Work", "split": "Home", "dead": "Sweden", "static": "Iceland", "second": "Travel", "uplink": "Home network"}
_FOLDER = REPOSITORY / "data/applet/screenshots"


@pytest.fixture(autouse=True)
def named(world):
    """Renamed, and renamed back for who takes the VPNs down."""
    known = world.client.run(["nmcli", "-g", "NAME", "connection"]).stdout.splitlines()
    names = {old: new for old, new in _NAMES.items() if old in known}
    for old, new in names.items():
        world.client.run(["nmcli", "connection", "modify", old, "connection.id", new])
    yield
    world.client.run(["nmcli", "connection", "down", "Work"], check=False)
    for old, new in names.items():
        world.client.run(["nmcli", "connection", "modify", new, "connection.id", old])


def save(desktop, name, region):
    subprocess.run(["convert", str(desktop.screenshot(name)), "-crop", region, "+repage", str(_FOLDER / f"{name}.png")], check=True)


def use_header_bars(desktop):
    """As GNOME's own settings have it. They belong to the window, whose place X tells right then."""
    folder = desktop.home / ".config/gtk-3.0"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.ini").write_text("[Settings]\ngtk-dialogs-use-header=1\n")


def window_of(desktop, title):
    found = subprocess.run(
        ["xdotool", "getwindowgeometry", "--shell", desktop.windows(title)[0]],
        env=desktop.environment, preexec_fn=desktop.person.become, text=True, capture_output=True, check=True,
    ).stdout
    at = {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", found)}
    return f"{at['WIDTH']}x{at['HEIGHT']}+{at['X']}+{at['Y']}"


def protect(world, desktop):
    desktop.act("lock")
    wait_product(lambda: world.product.status()["locked"], "the lock to close")
    desktop.act("connect", f"[<'{uuid_of('full')}'>]")
    world.product.wait_state("protected", 30)


def test_window(world, desktop):
    use_header_bars(desktop)
    desktop.start_applet("--hidden")
    wait_until(lambda: desktop.windows("VPN Kill Switch"), "the window that stands in", 25)
    protect(world, desktop)
    desktop.x("search", "--sync", "--onlyvisible", "--name", "VPN Kill Switch")
    wait_until(lambda: desktop.screenshot("one").read_bytes() == desktop.screenshot("two").read_bytes(), "it to be still")
    save(desktop, "window-protected", window_of(desktop, "VPN Kill Switch"))


def test_preferences(world, desktop):
    use_header_bars(desktop)
    desktop.start_panel()
    desktop.start_applet("--preferences")
    wait_until(lambda: desktop.windows("Preferences"), "the preferences", 25)
    desktop.wait_icon("unlocked")
    desktop.x("windowfocus", "--sync", desktop.windows("Preferences")[0])  # or it is drawn as one in the background
    wait_until(lambda: desktop.screenshot("one").read_bytes() == desktop.screenshot("two").read_bytes(), "it to be still")
    save(desktop, "preferences", window_of(desktop, "Preferences"))


def test_gnome(world, gnome):
    gnome.start_panel()
    gnome.start(["gsettings", "set", "org.gnome.desktop.notifications", "show-banners", "false"]).wait()
    gnome.start_applet("--hidden", G_DEBUG="")
    gnome.wait_icon("unlocked", 30)
    protect(world, gnome)
    gnome.wait_icon("protected", 30)
    wait_until(lambda: any("Server: " in shown for shown in gnome.labels()), "its server in the menu", 20)
    # what is urgent is told with banners off, too, and would look out behind the menu
    gnome.evaluate("Main.messageTray.getSources().forEach(source => source.destroy())")
    wait_until(lambda: not gnome.banner(), "the banner to go", 20)
    gnome.look_at_menu("gnome-protected")
    picture = reports_dir() / "ui/gnome-protected.png"
    subprocess.run(["convert", str(picture), "-gravity", "NorthEast", "-crop", "600x745+0+0", "+repage", str(_FOLDER / picture.name)], check=True)
