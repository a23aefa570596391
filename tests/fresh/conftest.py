# SPDX-License-Identifier: GPL-2.0-or-later
"""pytest in the sandbox of tests/world, and what a bare system becomes there, step by step."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import world.conftest  # noqa: E402
from boot import image, tree  # noqa: E402
from boot.machine import Disk, Machine  # noqa: E402
from boot.outside import Outside  # noqa: E402
from world import sandbox  # noqa: E402

from . import roots, tried  # noqa: E402

CLONE = "/root/clone"
# A person's machine has these before anybody thinks of a kill switch; python3 is for the tests' canary.
_DESKTOP = ("network-manager", "network-manager-openvpn", "nftables", "python3", *roots.TO_BOOT)
APT = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y", "--no-install-recommends")
_PACKAGES = "/root/packages"
_SETUP = ("--prefix=/usr", "-Dtests=false", "-Dgnome_shell_extension=true")
_NO_TILE = "bookworm"  # its GNOME Shell 43 takes other extensions, and runs in tests/ui


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "tried(what): a line of data/doc/tried.md")
    world.conftest.pytest_configure(config)


def full_run() -> bool:
    return bool(os.environ.get("KS_FULL"))


# minutes for each release: with KS_FULL=1, or where it is named
collect_ignore = ["test_shell.py"] if not full_run() or [_NO_TILE] == [each.name for each in roots.chosen()] else []


@pytest.fixture(scope="session")
def release() -> roots.Release:
    [only] = roots.chosen()
    return only


def _line(item: pytest.Item) -> str:
    marker = item.get_closest_marker("tried")
    return marker.args[0] if marker else ""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before anything is made for it: what cannot be made has not passed either."""
    if _line(item):
        [only] = roots.chosen()
        tried.Record(only, _line(item)).trying()


@pytest.fixture
def record(release, request):
    """What was seen; for data/doc/tried.md."""
    return tried.Record(release, _line(request.node))


def _copy(release: roots.Release, name: str):
    sandbox.require_sandbox()
    below = roots.stocked(release).layers
    with roots.Copy(f"{name}-{release.name}", *below) as copy:
        roots.clone(copy.root / CLONE.lstrip("/"))
        yield copy


@pytest.fixture(scope="session")
def system(release):
    """A bare system with a clean clone: what the README's first commands are typed into."""
    yield from _copy(release, "system")


@pytest.fixture(scope="session")
def desktop(release, request):
    """Where data/install.sh is run: a bare system, too; in a short run the one that is there already."""
    if full_run():
        yield from _copy(release, "desktop")
    else:
        yield request.getfixturevalue("system")


class Life:
    """A machine with this release on its disk, between the world's router and judge."""

    def __init__(self, copy: roots.Copy, outside: Outside, name: str, prepare: Callable[["Life"], None]):
        done = copy.run(*APT, "install", *_DESKTOP, timeout=900)
        assert done.returncode == 0, done.stdout[-4000:]
        self.outside = outside
        self.packages: list[str] = []  # their files on its disk
        self.raw = Disk(f"{name}-raw", base=copy.layers)
        image.make_ours(self.raw)
        # Ubuntu's package leaves cables to netplan, which on a desktop writes this to leave them to NetworkManager
        self.raw.write("/etc/NetworkManager/conf.d/10-globally-managed-devices.conf", "")
        prepare(self)
        self.disk = Disk(f"{name}-used", self.raw)
        self.machine = self.power_on()
        self.before = tree.system(self.machine)

    def power_on(self) -> Machine:
        machine = Machine(self.disk, self.outside, with_containers=True)
        machine.__enter__()
        machine.wait_uplink()
        return machine

    def reboot(self) -> list:
        """What left the machine from its last power-on until it was off."""
        left = self.machine.power_off()
        self.machine = self.power_on()
        return left

    def install(self, *arguments: str) -> str:
        return self.machine.run(f"{CLONE}/data/install.sh", *arguments, timeout=1800).stdout

    def apt(self, *arguments: str) -> str:
        """With what was fetched before: this world has no archive."""
        return self.machine.run(*APT, "-o", "APT::Sandbox::User=root", *arguments, timeout=900).stdout

    def close(self) -> None:
        self.machine.unplug()


@pytest.fixture(scope="session")
def outside():
    around = Outside()
    try:
        around.start()
        yield around
    finally:
        around.close()


def _with_dependencies(life: Life) -> None:
    """What data/install.sh would install first: not ours, so it may stay. What the demonstration left
    disabled is as its packages would have it, since data/install.sh --remove leaves it so."""
    with Machine(life.raw, life.outside, with_containers=True) as machine:
        machine.wait_uplink()
        command = f". {CLONE}/tests/lib/dependencies.sh && install_dependencies build && enable_units_again"
        machine.run("bash", "-c", command, timeout=900)
        machine.power_off()


@pytest.fixture(scope="module")
def life(desktop, outside):
    """On which data/install.sh is run."""
    lived = Life(desktop, outside, "installed", _with_dependencies)
    yield lived
    lived.close()


@pytest.fixture(scope="session")
def packages(system):
    """The Debian packages, built on the bare system as data/packaging/build-deb.sh says; its unit tests run in
    test_fresh.py."""
    build = ("env", "DEB_BUILD_OPTIONS=nocheck", f"{CLONE}/data/packaging/build-deb.sh", _PACKAGES)
    for command in ((*APT, "build-dep", f"{CLONE}/data/packaging"), build):
        done = system.run(*command, timeout=1800)
        assert done.returncode == 0, done.stdout[-8000:]
    made = sorted((system.root / _PACKAGES.lstrip("/")).glob("*.deb"))
    return [path for path in made if "-dbgsym_" not in path.name]


@pytest.fixture(scope="module")
def packaged_life(release, packages, outside):
    """On which apt installs the packages, with nothing there that they do not ask for themselves."""
    sandbox.require_sandbox()

    def prepare(life: Life) -> None:
        for path in packages:
            target = life.raw.path(f"{_PACKAGES}/{path.name}")
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(path.read_bytes())
        # what a first boot writes is not the packages'
        with Machine(life.raw, life.outside, with_containers=True) as machine:
            machine.wait_uplink()
            machine.power_off()

    with roots.Copy(f"packaged-{release.name}", *roots.stocked(release).layers) as copy:
        lived = Life(copy, outside, "packaged", prepare)
        lived.packages = [f"{_PACKAGES}/{path.name}" for path in packages]
        yield lived
        lived.close()


def _shell_is_built(copy: roots.Copy) -> str:
    """Installs the shell and the product, as somebody would who builds it. Returns the shell's version."""
    commands = f"""set -e
        . {CLONE}/tests/lib/dependencies.sh
        {' '.join(APT)} install $(choose_packages $(dependency_packages build) {' '.join(roots.SHELL)})
        meson setup {' '.join(_SETUP)} /root/build {CLONE}
        meson install -C /root/build"""
    done = copy.run("bash", "-c", commands, timeout=1800)
    assert done.returncode == 0, done.stdout[-8000:]
    return copy.run("gnome-shell", "--version", timeout=60).stdout.split()[-1]


@pytest.fixture(scope="session")
def shell_root(release):
    """A bare system with the release's GNOME Shell and the product, and that shell's version."""
    from . import shell

    for copy in _copy(release, "shell"):
        version = _shell_is_built(copy)
        shell.mount(copy.root)
        yield copy.root, version


@pytest.fixture
def shell(shell_root):
    from .shell import ShellDesktop

    with ShellDesktop(*shell_root) as started:
        started.start_panel()
        yield started
