# SPDX-License-Identifier: GPL-2.0-or-later
"""pytest in the sandbox of the world, with a desktop in it."""

import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import world.conftest as of_world  # noqa: E402
from world.network import log_of  # noqa: E402

# pytest finds hooks and fixtures by their names in here
pytest_configure = of_world.pytest_configure
pytest_collection_modifyitems = of_world.pytest_collection_modifyitems
globals()["world"] = of_world.world


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """A failure here is read in the logs of the desktop, which go with it."""
    report = (yield).get_result()
    if report.failed:
        for name in ("Xvfb", "dbus-daemon", "xfce4-panel", "gnome-shell", "nm-killswitch-applet", "nm-killswitchd"):
            if log_of(name).exists():
                tail = log_of(name).read_text(errors="replace").splitlines()[-20:]
                report.sections.append((f"the end of {name}'s log", "\n".join(tail)))


@contextmanager
def at_the_desk(world, kind, **options):
    """A desktop of alice's, with the guard running and unlocked."""
    from world.people import People

    world.product.install()
    world.product.start_guard()
    people = People(world.client)
    try:
        with kind(world, people.alice, **options) as started:
            yield started
    finally:
        world.manager.all_down()
        people.close()
        if world.product.guard_is_running:
            world.product.ctl("unlock", check=False)  # the lock would outlive the guard
            world.product.stop_guard()
        world.product.remove()


@pytest.fixture
def desktop(world):  # noqa: F811
    from ui.desktop import Desktop

    with at_the_desk(world, Desktop) as started:
        yield started


def _of_size(world, pixels: str):  # noqa: F811
    from ui.desktop import Desktop

    class Sized(Desktop):
        size = f"{pixels}x24"

    with at_the_desk(world, Sized) as started:
        yield started


@pytest.fixture
def small_desktop(world):  # noqa: F811
    yield from _of_size(world, "800x600")


@pytest.fixture
def high_desktop(world):  # noqa: F811
    yield from _of_size(world, "1024x2000")


@pytest.fixture
def gnome(world):  # noqa: F811
    from ui.gnome import GnomeDesktop
    from world.installed import require_shell_on_x11

    require_shell_on_x11()
    with at_the_desk(world, GnomeDesktop) as started:
        yield started
