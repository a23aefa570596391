# SPDX-License-Identifier: GPL-2.0-or-later
"""pytest in the sandbox of tests/world, and what a bare system becomes there, step by step."""

import os
import sys
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
_APT = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-q", "-y", "--no-install-recommends")


def pytest_configure(config: pytest.Config) -> None:
    world.conftest.pytest_configure(config)


def full_run() -> bool:
    return bool(os.environ.get("KS_FULL"))


@pytest.fixture(scope="session")
def release() -> roots.Release:
    [only] = roots.chosen()
    return only


@pytest.fixture(scope="session")
def record(release):
    """What was seen; written down for data/doc/tried.md at the end."""
    written = tried.Record(release)
    yield written
    written.save()


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

    def __init__(self, copy: roots.Copy, outside: Outside):
        done = copy.run(*_APT, *_DESKTOP, timeout=900)
        assert done.returncode == 0, done.stdout[-4000:]
        self._outside = outside
        self.raw = Disk("raw", base=copy.layers)
        image.make_ours(self.raw)
        # Ubuntu's package leaves cables to netplan, which on a desktop writes this to leave them to NetworkManager
        self.raw.write("/etc/NetworkManager/conf.d/10-globally-managed-devices.conf", "")
        self._with_packages()
        self.disk = Disk("used", self.raw)
        self.machine = self.power_on()
        self.before = tree.system(self.machine)

    def _with_packages(self) -> None:
        """What data/install.sh would install first: not ours, so it may stay. What the demonstration left
        disabled is as its packages would have it, since data/install.sh --remove leaves it so."""
        with Machine(self.raw, self._outside, with_containers=True) as machine:
            machine.wait_uplink()
            command = f". {CLONE}/tests/lib/dependencies.sh && install_dependencies build && enable_units_again"
            machine.run("bash", "-c", command, timeout=900)
            machine.power_off()

    def power_on(self) -> Machine:
        machine = Machine(self.disk, self._outside, with_containers=True)
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

    def close(self) -> None:
        self.machine.unplug()


@pytest.fixture(scope="session")
def life(desktop):
    outside = Outside()
    try:
        outside.start()
        lived = Life(desktop, outside)
        yield lived
        lived.close()
    finally:
        outside.close()
